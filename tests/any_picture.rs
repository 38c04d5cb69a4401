//! Whatever AWS answers and whatever is typed, the screen draws: no panic, nothing outside the screen,
//! no control character in any cell.

mod runs;

use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use plantao::platform::{
    Alarm, AlarmCondition, AlarmState, CircuitBreaker, Comparison, Container, Controller, Database, DatabaseSpec,
    Deployment, DeploymentStatus, Fact, Gauge, Health, Identity, Image, MetricQuery, Observation, Platform, Point,
    Revision, Role, Rollout, Scaling, Service, ServiceEvent, ServiceSpec, ServiceStatus, Spent, Stability, Statistic,
    Subject, Suspended, Target, Task, TaskSet, TaskSetStatus, Trouble, TroubleKind, Unit,
};
use plantao::runbook::Library;
use plantao::tui::app::{App, Due};
use plantao::tui::effect::Effect;
use plantao::tui::keymap::{BINDINGS, press};
use plantao::tui::message::Message;
use plantao::tui::screen::{paint, paint_header};
use plantao::tui::theme::{Depth, Theme};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const NOW: i64 = 1_795_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// Names as nobody should choose them.
fn name(rng: &mut Rng) -> String {
    const PIECES: &[&str] = &[
        "analytics-api",
        "日本語",
        "e\u{301}\u{301}\u{301}",
        "\u{1b}[2J",
        "\u{9b}31m",
        "👩\u{200d}👩\u{200d}👧",
        "\u{202e}evil",
        "\n\r\t",
        "a",
        "",
        " ",
        "ﷺ",
        "\u{0}",
        "🇧🇷",
        "…",
        "\u{ad}",
        "\u{fe0f}",
        "ｆｕｌｌ",
    ];
    let length = if rng.u8(..) < 20 { 255 } else { rng.usize(0..4) };
    (0..length).map(|_| PIECES[rng.usize(..PIECES.len())]).collect()
}

fn maybe<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    rng.bool().then(|| make(rng))
}

fn when(rng: &mut Rng) -> Timestamp {
    match rng.u8(..10) {
        0 => Timestamp::MIN,
        1 => Timestamp::MAX,
        2 => now() + SignedDuration::from_secs(rng.i64(0..100_000)),
        _ => now() - SignedDuration::from_secs(rng.i64(0..20_000)),
    }
}

fn number(rng: &mut Rng) -> f64 {
    match rng.u8(..12) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => -1.0,
        3 => f64::MAX,
        4 => 0.0,
        _ => rng.f64() * 1_000.0,
    }
}

fn trouble(rng: &mut Rng) -> Trouble {
    let kinds = [TroubleKind::Denied, TroubleKind::ExpiredCredentials, TroubleKind::BadAnswer, TroubleKind::NotFound];
    Trouble {
        kind: kinds[rng.usize(..kinds.len())],
        operation: name(rng),
        why: name(rng),
        remedy: maybe(rng, name),
        since: when(rng),
    }
}

fn suspended(rng: &mut Rng) -> Suspended {
    Suspended { scale_in: rng.bool(), scale_out: rng.bool(), scheduled: rng.bool() }
}

fn answer<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Result<T, Trouble> {
    if rng.u8(..4) == 0 { Err(trouble(rng)) } else { Ok(make(rng)) }
}

fn many<T>(rng: &mut Rng, most: usize, mut make: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.usize(..=most)).map(|_| make(rng)).collect()
}

fn revision(rng: &mut Rng) -> Revision {
    Revision { family: name(rng), number: maybe(rng, |r| r.u32(..)) }
}

fn query(rng: &mut Rng) -> MetricQuery {
    MetricQuery {
        namespace: name(rng),
        metric: name(rng),
        dimensions: many(rng, 3, |r| (name(r), name(r))),
        statistic: Statistic::Percentile(99.9),
    }
}

fn service(rng: &mut Rng) -> Service {
    Service {
        name: name(rng),
        cluster: name(rng),
        arn: name(rng),
        status: [
            ServiceStatus::Active,
            ServiceStatus::Draining,
            ServiceStatus::Inactive,
            ServiceStatus::Other(name(rng)),
        ][rng.usize(..4)]
        .clone(),
        desired: rng.u32(..),
        running: rng.u32(..10),
        pending: rng.u32(..10),
        revision: revision(rng),
        deployments: many(rng, 4, |r| Deployment {
            id: name(r),
            status: [DeploymentStatus::Primary, DeploymentStatus::Active, DeploymentStatus::Inactive][r.usize(..3)],
            rollout: [Rollout::Completed, Rollout::Failed, Rollout::InProgress, Rollout::Unknown][r.usize(..4)],
            rollout_reason: maybe(r, name),
            revision: revision(r),
            desired: r.u32(..9),
            running: r.u32(..9),
            pending: r.u32(..9),
            failed: r.u32(..9),
            created_at: maybe(r, when),
            updated_at: maybe(r, when),
        }),
        task_sets: many(rng, 3, |r| TaskSet {
            id: name(r),
            status: [TaskSetStatus::Primary, TaskSetStatus::Active, TaskSetStatus::Draining][r.usize(..3)],
            stability: [Stability::Steady, Stability::Stabilizing, Stability::Unknown][r.usize(..3)],
            revision: revision(r),
            created_at: maybe(r, when),
        }),
        events: many(rng, 30, |r| ServiceEvent { id: name(r), at: when(r), message: name(r) }),
        minimum_healthy_percent: maybe(rng, |r| r.u32(..)),
        maximum_percent: maybe(rng, |r| r.u32(..)),
        circuit_breaker: maybe(rng, |r| CircuitBreaker { enabled: r.bool(), rollback: r.bool() }),
        controller: [Controller::Ecs, Controller::CodeDeploy, Controller::External][rng.usize(..3)],
        bake_minutes: rng.u32(..),
    }
}

fn task(rng: &mut Rng) -> Task {
    let health = [Health::Healthy, Health::Unhealthy, Health::Unknown];
    Task {
        id: name(rng),
        revision: revision(rng),
        started_by: maybe(rng, name),
        last_status: name(rng),
        desired_status: if rng.bool() { "STOPPED".into() } else { "RUNNING".into() },
        health: health[rng.usize(..3)],
        disconnected: rng.bool(),
        created_at: maybe(rng, when),
        started_at: maybe(rng, when),
        stopped_at: maybe(rng, when),
        stop_code: maybe(rng, name),
        stopped_reason: maybe(rng, name),
        zone: maybe(rng, name),
        cpu: maybe(rng, name),
        memory: maybe(rng, name),
        containers: many(rng, 3, |r| Container {
            name: name(r),
            image: Image::parse(&name(r)),
            status: name(r),
            health: health[r.usize(..3)],
            exit_code: maybe(r, |r| r.i32(..)),
            reason: maybe(r, name),
        }),
    }
}

fn alarm(rng: &mut Rng) -> Alarm {
    Alarm {
        name: name(rng),
        state: [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData][rng.usize(..3)],
        reason: maybe(rng, name),
        since: maybe(rng, when),
        description: maybe(rng, name),
        condition: maybe(rng, |r| AlarmCondition {
            query: query(r),
            comparison: [Comparison::Greater, Comparison::LessOrEqual][r.usize(..2)],
            threshold: number(r),
            period_seconds: r.u32(..),
            evaluation_periods: r.u32(..),
            datapoints_to_alarm: r.u32(..),
        }),
        actions: many(rng, 2, name),
        actions_enabled: rng.bool(),
    }
}

fn platform(rng: &mut Rng) -> Platform {
    let services = many(rng, 3, |r| ServiceSpec {
        name: name(r),
        cluster: name(r),
        container: maybe(r, name),
        ..ServiceSpec::default()
    });
    let databases = many(rng, 3, |r| DatabaseSpec { id: name(r), ..DatabaseSpec::default() });
    let units = [Unit::Percent, Unit::Count, Unit::Bytes, Unit::Milliseconds, Unit::Seconds, Unit::PerSecond];
    let roles = [Role::Cpu, Role::Memory, Role::Connections, Role::FreeStorage, Role::Other];
    let subjects =
        [Subject::Service(0), Subject::Service(1), Subject::Database(0), Subject::Database(1), Subject::Platform];
    let gauges = many(rng, 9, |r| Gauge {
        title: name(r),
        subject: subjects[r.usize(..subjects.len())],
        role: roles[r.usize(..roles.len())],
        query: query(r),
        unit: units[r.usize(..units.len())],
        target: maybe(r, |r| if r.bool() { Target::Below(number(r)) } else { Target::Above(number(r)) }),
    });
    Platform { name: name(rng), services, databases, gauges, ..Platform::default() }
}

fn observation(rng: &mut Rng, platform: &Platform) -> Observation {
    let mut facts = vec![
        Fact::Identity(answer(rng, |r| Identity { account: name(r), arn: name(r) })),
        Fact::Alarms(answer(rng, |r| many(r, 30, alarm))),
    ];
    // One index too many: a late answer about something that is no more.
    for i in 0..=platform.services.len() {
        facts.push(Fact::Service(i, answer(rng, |r| Box::new(service(r)))));
        facts.push(Fact::Tasks(i, answer(rng, |r| many(r, 20, task))));
        facts.push(Fact::Scaling(
            i,
            answer(rng, |r| maybe(r, |r| Scaling { min: r.u32(..), max: r.u32(..), suspended: suspended(r) })),
        ));
    }
    for i in 0..=platform.databases.len() {
        let database = |r: &mut Rng| Database {
            id: name(r),
            status: name(r),
            engine: name(r),
            version: name(r),
            class: name(r),
            multi_az: r.bool(),
            zone: maybe(r, name),
            storage_bytes: maybe(r, |r| r.u64(..)),
            storage_type: maybe(r, name),
            endpoint: None,
            latest_restorable: maybe(r, when),
            backup_days: maybe(r, |r| r.u32(..)),
        };
        facts.push(Fact::Database(i, answer(rng, |r| Box::new(database(r)))));
    }
    for i in 0..=platform.gauges.len() {
        facts.push(Fact::Points(i, answer(rng, |r| many(r, 200, |r| Point { at: when(r), value: number(r) }))));
    }
    Observation {
        at: now(),
        next: SignedDuration::from_secs(5),
        facts,
        spent: Spent { calls: rng.u64(..), metrics: rng.u64(..) },
        clock_skew: maybe(rng, |r| SignedDuration::from_secs(r.i64(-100_000..100_000))),
    }
}

fn something(rng: &mut Rng, app: &App) -> Message {
    match rng.u8(..16) {
        12..=14 => runs::something(rng),
        15 => press(["s", "r", "e", "v", "enter", "y"][rng.usize(..6)]).map_or(Message::Resumed, Message::Key),
        0 => Message::Resize(rng.u16(..250), rng.u16(..70)),
        1 => Message::Resize(rng.u16(..5), rng.u16(..5)),
        2 => Message::Paste(name(rng)),
        3 => Message::Tick(now() + SignedDuration::from_secs(rng.i64(0..5_000))),
        4 => Message::Observed(Box::new(observation(rng, &app.platform))),
        5 => Message::Alarm {
            name: name(rng),
            history: Ok(Vec::new()),
            points: Some(Ok(many(rng, 50, |r| Point { at: when(r), value: number(r) }))),
        },
        6 if rng.bool() => Message::Mouse(MouseEvent {
            kind: [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown][rng.usize(..2)],
            column: rng.u16(..200),
            row: rng.u16(..60),
            modifiers: KeyModifiers::NONE,
        }),
        6 => press(&rng.char('!'..='~').to_string()).map_or(Message::Resumed, Message::Key),
        _ => {
            let binding = &BINDINGS[rng.usize(..BINDINGS.len())];
            press(binding.keys[rng.usize(..binding.keys.len())]).map_or(Message::Resumed, Message::Key)
        }
    }
}

/// Draws what is due on what was drawn before, as the terminal does, and says whether that is what all of it would be.
fn draw_due(app: &mut App, shown: &mut Buffer, has_aged: bool) -> Result<(), String> {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let first = Rect { height: area.height.min(1), ..area };
    let mut whole = Buffer::empty(area);
    paint(app, area, &mut whole);
    match app.take_due() {
        Due::Frame => *shown = whole.clone(),
        Due::Header => {
            let mut header = Buffer::empty(first);
            paint_header(app, first, &mut header);
            shown.content[..header.content.len()].clone_from_slice(&header.content);
        }
        Due::Nothing => {}
    }
    // Ages may wait for the next frame, and nothing else.
    let told = if has_aged { first.area() as usize } else { whole.content.len() };
    if shown.content[..told] != whole.content[..told] {
        return Err(format!("news that is not drawn; drawn:\n{shown:?}\ntrue:\n{whole:?}"));
    }
    Ok(())
}

/// Draws and says what must not be on a screen.
fn draw(app: &App) -> Result<(), String> {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buffer = Buffer::empty(area);
    let caret = paint(app, area, &mut buffer);
    if let Some(caret) = caret
        && !area.contains(caret)
    {
        return Err(format!("the cursor stands outside the screen: {caret} in {area}"));
    }
    for cell in &buffer.content {
        if cell.symbol().chars().any(char::is_control) {
            return Err(format!("a control character in a cell: {:?}", cell.symbol()));
        }
        if app.theme.ascii && !cell.symbol().is_ascii() {
            return Err(format!("not ASCII: {:?}", cell.symbol()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_and_no_key_ever_breaks_the_screen(seed in any::<u64>()) {
        let mut rng = Rng::with_seed(seed);
        let theme = Theme { depth: [Depth::Monochrome, Depth::Sixteen, Depth::Many][rng.usize(..3)], ascii: rng.bool() };
        let platform = Arc::new(platform(&mut rng));
        let mut app = App::new(platform, theme, now(), (rng.u16(..200), rng.u16(..60)));
        app.library = Library::of(Vec::new());
        prop_assert_eq!(draw(&app), Ok(()));
        let mut shown = Buffer::empty(Rect::default());
        prop_assert_eq!(draw_due(&mut app, &mut shown, false), Ok(()));
        for _ in 0..40 {
            let message = something(&mut rng, &app);
            let before = app.now;
            let clicked = matches!(message, Message::Mouse(_));
            let effects = app.update(message);
            let begins = effects.iter().any(|effect| {
                matches!(effect, Effect::StartRun { .. } | Effect::Tell(..) | Effect::TakeUp(_))
            });
            prop_assert!(!clicked || !begins, "a click did {effects:?}");
            app.settle();
            prop_assert_eq!(draw(&app), Ok(()));
            let has_aged = app.now != before;
            prop_assert_eq!(draw_due(&mut app, &mut shown, has_aged), Ok(()));
        }
    }
}
