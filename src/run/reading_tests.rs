//! What is read back from the disk or from standard input: orders and journals, whole, damaged and hostile.

use std::sync::OnceLock;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::past::Past;
use super::tests::{carry_out, office, plan, world};
use super::*;

/// The journal of a real run, and its id.
fn written() -> &'static (RunId, Vec<u8>) {
    static WRITTEN: OnceLock<(RunId, Vec<u8>)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (_host, context) = world();
            let (_folder, office) = office();
            let plan = plan(&context, "scale", &[("desired", "4"), ("minimum", "2")]).await;
            let finished = carry_out(&office, &context, plan).await;
            let bytes = std::fs::read(office.store.journal(&finished.id)).unwrap();
            (finished.id, bytes)
        })
    })
}

fn events() -> Vec<Event> {
    let (id, bytes) = written();
    verify::read(id, bytes).unwrap().0.into_iter().map(|record| record.event).collect()
}

/// The place of every value in a document.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{at}/{i}"), all)),
        _ => {}
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{1b}[2J\u{0}"),
        json!("api:99999999999999999999"),
        json!("+999999-12-31T23:59:60Z"),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!(true),
        json!("succeeded"),
        json!("ecs.update-service"),
    ])
}

/// One value of a document is another.
fn slip(mut document: Value, at: prop::sample::Index, odd: Value) -> Value {
    let mut all = Vec::new();
    places(&document, "", &mut all);
    *document.pointer_mut(at.get(all.as_slice()).as_str()).unwrap() = odd;
    document
}

proptest! {
    #[test]
    fn a_damaged_journal_is_told_by_the_number_of_a_line_that_is_there(
        slips in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..60, prop::collection::vec(any::<u8>(), 0..8)), 1..4),
    ) {
        let (id, good) = written();
        let mut bytes = good.clone();
        for (at, length, paste) in slips {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, paste);
        }
        prop_assume!(bytes != *good);
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        match verify(id, &bytes) {
            Err(broken) => {
                prop_assert!((1..=lines).contains(&broken.record), "record {} of {lines} lines", broken.record);
                let told = broken.to_string();
                prop_assert!(told.starts_with(&format!("record {}: ", broken.record)), "{told}");
                prop_assert!(!told.contains(char::is_control), "{told:?}");
            }
            // Whole records were cut off its end.
            Ok(verified) => prop_assert!(good.starts_with(&bytes) && !verified.ended),
        }
    }

    #[test]
    fn an_odd_value_in_a_journal_whose_chain_is_whole_makes_no_reader_panic(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), odd in odd(),
    ) {
        let mut events = events();
        let which = which.index(events.len());
        let Ok(event) = serde_json::from_value(slip(json!(events[which]), at, odd)) else { return Ok(()) };
        events[which] = event;
        let id = &written().0;
        let mut prev = Record::genesis(id);
        let mut bytes = Vec::new();
        for (seq, event) in (1..).zip(&events) {
            let (line, hash) = Record::line(seq, Timestamp::UNIX_EPOCH, event, &prev).unwrap();
            prop_assert!(!line[..line.len() - 1].iter().any(u8::is_ascii_control), "a terminal must not obey it");
            bytes.extend(line);
            prev = hash;
        }
        prop_assert!(verify(id, &bytes).is_ok());
        let _ = Past::of(&events);
        let (_folder, office) = office();
        office.store.prepare().unwrap();
        std::fs::write(office.store.journal(id), &bytes).unwrap();
        prop_assert_eq!(Follower::open(&office.store, id).unwrap().poll().unwrap().len(), events.len());
        let _ = Plan::taking_back(&office.store, id, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn no_bytes_on_standard_input_crash_the_reader_of_orders(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(serde_json::from_slice::<Order>(&bytes).is_err());
    }

    #[test]
    fn an_order_with_a_slip_is_read_or_refused_and_what_was_read_is_what_is_written_again(
        at in any::<prop::sample::Index>(), odd in odd(),
    ) {
        let Some(Event::Began { plan, .. }) = events().into_iter().next() else { panic!("a journal begins") };
        let order = json!({"order": "carry-out", "id": written().0, "plan": plan, "reason": "queue"});
        prop_assert!(serde_json::from_value::<Order>(order.clone()).is_ok());
        if let Ok(order) = serde_json::from_value::<Order>(slip(order, at, odd)) {
            let again: Order = serde_json::from_slice(&serde_json::to_vec(&order).unwrap()).unwrap();
            prop_assert_eq!(again, order);
        }
    }
}
