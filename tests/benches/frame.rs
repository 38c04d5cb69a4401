//! A frame: built and compared with the one before, nothing written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use plantao::platform::file::sample;
use plantao::platform::{Fact, Observation, Picture, Platform};
use plantao::tui::app::App;
use plantao::tui::keymap::press;
use plantao::tui::message::Message;
use plantao::tui::screen::paint;
use plantao::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::calls::{crowded, once, seed};
use super::{Figure, spread};

const SIZE: (u16, u16) = (120, 40);
const FRAMES: usize = 400;

/// The seed platform.
pub fn small() -> Vec<Figure> {
    let platform = sample();
    let (picture, now) = once(&platform, &seed());
    figures("frame built and compared", "2 ms", platform, &picture, now)
}

/// A thousand services.
pub fn crowd() -> Vec<Figure> {
    let (platform, host) = crowded();
    let (picture, now) = once(&platform, &host);
    figures("… with 1,000 services, 10,000 tasks, 2,000 alarms", "4 ms", platform, &picture, now)
}

fn figures(
    what: &'static str,
    goal: &'static str,
    platform: Platform,
    picture: &Picture,
    now: Timestamp,
) -> Vec<Figure> {
    let mut app = App::new(Arc::new(platform), Theme::default(), now, SIZE);
    app.update(Message::Observed(Box::new(observation(picture, now))));
    app.settle();
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let (mut last, mut next) = (Buffer::empty(area), Buffer::empty(area));
    let mut times: Vec<Duration> = Vec::new();
    for i in 0..FRAMES {
        let key = press(["j", "1", "j", "2", "j", "4", "k", "3"][i % 8]).expect("it is a key");
        let began = Instant::now();
        app.update(Message::Key(key));
        app.settle();
        next.reset();
        paint(&app, area, &mut next);
        std::hint::black_box(last.diff(&next));
        times.push(began.elapsed());
        std::mem::swap(&mut last, &mut next);
    }
    let how = "120×40, a key's update and settle included, all four screens in turn";
    vec![Figure { what, goal, measured: spread(times), how }]
}

/// All that a picture holds, as one observation.
fn observation(picture: &Picture, at: Timestamp) -> Observation {
    let mut facts = Vec::new();
    facts.extend(picture.identity.value().map(|v| Fact::Identity(Ok(v.clone()))));
    facts.extend(picture.alarms.value().map(|v| Fact::Alarms(Ok(v.clone()))));
    for (i, service) in picture.services.iter().enumerate() {
        facts.extend(service.state.value().map(|v| Fact::Service(i, Ok(Box::new(v.clone())))));
        facts.extend(service.tasks.value().map(|v| Fact::Tasks(i, Ok(v.clone()))));
        facts.extend(service.scaling.value().map(|v| Fact::Scaling(i, Ok(*v))));
    }
    for (i, database) in picture.databases.iter().enumerate() {
        facts.extend(database.value().map(|v| Fact::Database(i, Ok(Box::new(v.clone())))));
    }
    for (i, series) in picture.series.iter().enumerate() {
        facts.extend(series.value().map(|v| Fact::Points(i, Ok(v.points().collect()))));
    }
    Observation { at, next: SignedDuration::from_secs(60), facts, spent: picture.spent, clock_skew: picture.clock_skew }
}
