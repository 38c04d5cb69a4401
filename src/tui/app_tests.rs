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

#[test]
fn a_clock_that_is_put_right_does_not_stop_the_screen_until_that_time_has_come_again() {
    let mut app = watching();
    let (ahead, right) = (fixture::now() + SignedDuration::from_mins(10), fixture::now());
    app.update(Message::Tick(ahead));
    app.update(Message::Notice("said".to_owned()));
    due(&mut app, Message::Tick(right));
    assert_eq!(app.now, right);
    due(&mut app, Message::Tick(right + SignedDuration::from_secs(7)));
    assert_eq!(app.notice(), None, "it is over when its seconds are");
}

#[test]
fn the_keys_of_runbooks_mean_the_service_that_the_finding_or_the_alarm_is_about() {
    let mut app = watching();
    app.picture = fixture::picture();
    let platform = Arc::make_mut(&mut app.platform);
    platform.services.push(crate::platform::ServiceSpec { name: "billing".into(), ..platform.services[0].clone() });
    let mut alarm = fixture::alarm("Billing-CPU", "CPUUtilization", crate::platform::Comparison::Greater, 80.0);
    alarm.condition.as_mut().unwrap().query.dimensions[1].1 = "billing".into();
    fixture::edit(&mut app.picture.alarms, |alarms| *alarms = vec![alarm]);
    app.screen = Screen::Alarms;
    assert_eq!(app.subjects().0, 1, "the selected alarm's");
    (app.screen, app.places[0].pane) = (Screen::Overview, 1);
    assert_eq!(app.subjects().0, 1, "also on the overview");
    app.overlay = Some(Overlay::Alarm(AlarmDetail { name: "Billing-CPU".to_owned(), history: None, points: None }));
    assert_eq!(app.subjects().0, 1, "and that of the alarm that is read");

    let mut down = fixture::picture();
    fixture::edit(&mut down.services[0].state, |service| service.running = 0);
    let mut finding = findings(&app.platform, &down, app.now).remove(0);
    (finding.subject, finding.suspect) = (Subject::Platform, Some(1));
    app.overlay = Some(Overlay::Finding(finding.id.clone()));
    app.findings = vec![finding];
    assert_eq!(app.subjects().0, 1, "a load balancer's alarm is about whose deployment is suspected");
}

#[test]
fn an_answer_for_a_plan_that_was_left_does_not_open_the_next_plans_confirmation_again() {
    let mut app = watching();
    app.library = crate::runbook::Library::of(Vec::new());
    app.open_plan("scale");
    let Some(Overlay::Plan(page)) = &mut app.overlay else { panic!("no plan") };
    page.confirm = Some(crate::tui::plan_page::Confirm { starting: true, ..Default::default() });
    let opened = page.opened;
    app.update(Message::Started { opened: opened - 1, started: Err("the first was refused".to_owned()) });
    let Some(Overlay::Plan(page)) = &app.overlay else { panic!("no plan") };
    assert!(page.confirm.as_ref().unwrap().starting && page.refused.is_none());
    assert_eq!(app.notice(), Some("the first was refused"));
}
