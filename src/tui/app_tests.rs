use super::*;
use crate::platform::{Fact, Observation, Spent, fixture};

fn watching() -> App {
    let mut app = App::new(Arc::new(fixture::platform()), Theme::default(), fixture::now(), (80, 24));
    app.take_due();
    app
}

fn seen(app: &App, desired: u32) -> Message {
    let mut service = fixture::picture().services[0].state.value().unwrap().clone();
    service.desired = desired;
    let facts = vec![Fact::Service(0, Ok(Box::new(service)))];
    let (next, spent) = (SignedDuration::from_secs(5), Spent { calls: 7, metrics: 11 });
    Message::Observed(Box::new(Observation { at: app.now, next, facts, spent, clock_skew: None }))
}

fn due(app: &mut App, message: Message) -> Due {
    app.update(message);
    app.settle();
    app.take_due()
}

#[test]
fn a_dashboard_that_is_left_open_draws_its_clock_and_no_whole_frame_without_news() {
    let mut app = watching();
    let mut drawn = Vec::new();
    for second in 1..=10 {
        let now = fixture::now() + SignedDuration::from_secs(second);
        drawn.push(due(&mut app, Message::Tick(now)));
    }
    let (header, frame) = (Due::Header, Due::Frame);
    assert_eq!(drawn, [[header; 4].as_slice(), &[frame], &[header; 4], &[frame]].concat(), "ages are made anew");
    let (first, again, changed) = (seen(&app, 3), seen(&app, 3), seen(&app, 4));
    assert_eq!([first, again, changed].map(|message| due(&mut app, message)), [frame, header, frame]);
}

#[test]
fn an_answer_after_a_silence_is_news_although_it_says_the_same() {
    let mut app = watching();
    let first = seen(&app, 3);
    due(&mut app, first);
    app.now += SignedDuration::from_secs(60);
    let late = seen(&app, 3);
    assert_eq!(due(&mut app, late), Due::Frame, "its age was on the screen");
}

#[test]
fn what_lies_over_the_screen_tells_its_seconds_and_a_notice_goes_when_its_time_is_over() {
    let mut app = watching();
    app.overlay = Some(Overlay::Help);
    assert_eq!(due(&mut app, Message::Tick(fixture::now() + SignedDuration::from_secs(1))), Due::Frame);
    app.overlay = None;
    assert_eq!(due(&mut app, Message::Notice("said".to_owned())), Due::Frame);
    let late = fixture::now() + SignedDuration::from_secs(9);
    app.framed = late;
    assert_eq!((due(&mut app, Message::Tick(late)), app.notice()), (Due::Frame, None));
}
