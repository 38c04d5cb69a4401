use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::run::{Answer, Ending, Follower, StepOutcome, verify};

fn id() -> RunId {
    "20261124-031245-scale-x7f2".parse().unwrap()
}

fn events() -> Vec<Event> {
    vec![
        Event::StepBegan {
            step: 0,
            title: "Set the desired count".to_owned(),
            action: "ecs.update-service".to_owned(),
        },
        Event::Request {
            step: 0,
            operation: "ecs:UpdateService".to_owned(),
            parameters: json!({"desiredCount": 3}),
            previous: json!({"desiredCount": 2}),
        },
        Event::Answer {
            step: 0,
            operation: "ecs:UpdateService".to_owned(),
            answer: Answer::Accepted { details: json!({"deployment": "ecs-svc/1"}) },
        },
        Event::StepEnded {
            step: 0,
            outcome: StepOutcome::Done,
            words: "\u{1f6d1} é \"\n".to_owned(),
            outputs: serde_json::Map::new(),
        },
        Event::Ended { ending: Ending::Succeeded, words: "done".to_owned(), by: None },
    ]
}

/// In memory where that can be had: thousands of syncs take half a minute on a disk.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A store in a folder that is not there yet, with a journal of all events.
fn written() -> (tempfile::TempDir, Store, Vec<u8>) {
    let folder = folder();
    let store = Store::at(&folder.path().join("plantao/runs"));
    let mut journal = Journal::create(&store, &id()).unwrap();
    for event in events() {
        journal.record(Timestamp::UNIX_EPOCH, &event).unwrap();
    }
    let bytes = fs::read(store.journal(&id())).unwrap();
    (folder, store, bytes)
}

#[test]
fn nobody_else_can_read_a_journal() {
    let (_folder, store, _) = written();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(store.folder()), mode(&store.journal(&id()))), (0o700, 0o600));
    fs::set_permissions(store.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    Journal::create(&store, &RunId::new("scale", Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(mode(store.folder()), 0o700, "a folder that was opened to others is closed again");
}

#[test]
fn a_journal_cut_at_any_byte_is_taken_up_from_its_last_whole_record() {
    let (_folder, store, bytes) = written();
    let path = store.journal(&id());
    for cut in 0..bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let _ = fs::remove_file(store.torn(&id()));
        let whole = bytes[..cut].split(|byte| *byte == b'\n').count() - 1;
        let line_start = bytes[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A disk that lost what it had synced lost what stood beside it too.
        let _ = fs::remove_file(store.head(&id()));
        let mut resumed = Journal::resume(&store, &id()).unwrap();
        assert_eq!((resumed.records.len(), resumed.torn), (whole, (cut - line_start) as u64), "cut at {cut}");
        if resumed.torn > 0 {
            assert_eq!(&fs::read(store.torn(&id())).unwrap()[..cut - line_start], &bytes[line_start..cut]);
        }
        for event in &events()[whole..] {
            resumed.journal.record(Timestamp::UNIX_EPOCH, event).unwrap();
        }
        assert!(fs::read(&path).unwrap() == bytes, "cut at {cut}: the whole journal is as if it had never been cut");
    }
}

#[test]
fn every_bit_that_flips_is_found_at_its_record_or_the_next() {
    let (_folder, _store, bytes) = written();
    let good = verify(&id(), &bytes).unwrap();
    assert_eq!((good.records, good.ended), (5, true));
    for at in 0..bytes.len() {
        let record = bytes[..at].split(|byte| *byte == b'\n').count() as u64;
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            let broken = verify(&id(), &bad).expect_err(&format!("bit {bit} of byte {at}"));
            assert_eq!(broken.record, record, "bit {bit} of byte {at}: {broken}");
        }
    }
}

#[test]
fn records_that_were_removed_reordered_or_taken_from_another_run_are_found() {
    let (_folder, store, bytes) = written();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let broken = |lines: &[&[u8]]| verify(&id(), &lines.concat()).unwrap_err().record;
    assert_eq!(broken(&[lines[0], lines[2], lines[3]]), 2);
    assert_eq!(broken(&[lines[1], lines[0]]), 1);
    assert_eq!(broken(&[lines[0], lines[0]]), 2);
    let other = "20261124-031245-scale-abcd".parse().unwrap();
    assert_eq!(verify(&other, &bytes).unwrap_err().record, 1);
    fs::write(store.journal(&id()), [lines[0], lines[2]].concat()).unwrap();
    let told = Journal::resume(&store, &id()).unwrap_err().to_string();
    assert!(told.contains("damaged: record 2: it does not follow"), "{told}");
}

#[test]
fn two_processes_cannot_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let journal = Journal::create(&store, &id()).unwrap();
    assert!(Follower::open(&store, &id()).unwrap().is_alive());
    assert!(matches!(Journal::resume(&store, &id()), Err(JournalError::Held(_))));
    assert!(matches!(Journal::create(&store, &id()), Err(JournalError::Io { .. })));
    drop(journal);
    assert!(!Follower::open(&store, &id()).unwrap().is_alive());
    assert!(Journal::resume(&store, &id()).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_stops_the_run_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let told = Journal::create(&Store::at(&folder.path().join("file/runs")), &id()).unwrap_err().to_string();
    assert!(told.contains("can't be made") && told.contains("file/runs"), "{told}");
}

#[test]
fn a_full_disk_is_an_error_before_the_call() {
    // /dev/full takes every write and has no room for it.
    let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let path = PathBuf::from("/dev/full");
    let mut journal =
        Journal { file, path, length: 0, seq: 0, prev: Record::genesis(&id()), head: None, spoilt: false };
    let told = journal.record(Timestamp::UNIX_EPOCH, &events()[0]).unwrap_err().to_string();
    assert!(told.contains("/dev/full can't be written") && told.contains("Nothing was sent"), "{told}");
    assert_eq!(journal.seq, 0, "what is not on the disk is not counted");
}

#[test]
fn a_follower_sees_each_record_once_whole_and_goes_on_past_a_torn_line() {
    let (_folder, store, bytes) = written();
    let path = store.journal(&id());
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&path, &bytes[..first + 10]).unwrap();
    let mut follower = Follower::open(&store, &id()).unwrap();
    assert_eq!((follower.poll().unwrap().len(), follower.poll().unwrap().len()), (1, 0));
    fs::remove_file(store.head(&id())).unwrap();
    let mut resumed = Journal::resume(&store, &id()).unwrap();
    assert_eq!(follower.poll().unwrap().len(), 0);
    for event in &events()[1..] {
        resumed.journal.record(Timestamp::UNIX_EPOCH, event).unwrap();
        let seen: Vec<Event> = follower.poll().unwrap().into_iter().map(|record| record.event).collect();
        assert_eq!(seen, std::slice::from_ref(event));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_back_as_it_was_written(texts in proptest::collection::vec(any::<String>(), 1..6)) {
        let folder = folder();
        let store = Store::at(folder.path());
        let mut journal = Journal::create(&store, &id()).unwrap();
        let wrote: Vec<Event> =
            texts.into_iter().map(|text| Event::Progress { step: 0, text, fraction: None }).collect();
        for event in &wrote {
            journal.record(Timestamp::UNIX_EPOCH, event).unwrap();
        }
        let read = Follower::open(&store, &id()).unwrap().poll().unwrap();
        prop_assert_eq!(read.into_iter().map(|record| record.event).collect::<Vec<_>>(), wrote);
    }

    #[test]
    fn no_bytes_at_all_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(bytes.is_empty() || verify(&id(), &bytes).is_err());
    }
}

#[test]
fn a_journal_that_was_cut_at_a_records_end_is_told_from_one_that_goes_on_and_one_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let mut journal = Journal::create(&store, &id()).unwrap();
    let began = Event::Began {
        runbook: "scale".to_owned(),
        plan: serde_json::Value::Null,
        who: crate::run::Who::default(),
        reason: None,
        pid: 7,
    };
    journal.record(Timestamp::UNIX_EPOCH, &began).unwrap();
    for text in ["one", "two"] {
        let event = Event::Progress { step: 0, text: text.to_owned(), fraction: None };
        journal.record(Timestamp::UNIX_EPOCH, &event).unwrap();
    }
    let reached = || crate::run::examine(&store, &id()).map(|(_, reached)| reached).map_err(|error| error.to_string());
    assert_eq!(reached(), Ok(crate::run::Reached::GoesOn(Some(7))));
    drop(journal);
    assert_eq!(reached(), Ok(crate::run::Reached::Killed));
    let whole = fs::read_to_string(store.journal(&id())).unwrap();
    let cut: String = whole.split_inclusive('\n').take(2).collect();
    fs::write(store.journal(&id()), cut).unwrap();
    assert_eq!(reached(), Err("record 2: it was cut: 3 records were written, 2 are there".to_owned()));
    assert!(
        matches!(Journal::resume(&store, &id()), Err(JournalError::Damaged { .. })),
        "what was cut is not done again"
    );
    fs::remove_file(store.head(&id())).unwrap();
    assert_eq!(reached(), Ok(crate::run::Reached::KilledOrCut));
    assert!(Journal::resume(&store, &id()).is_ok());
}
