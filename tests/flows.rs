//! What a user sees and can do, on the world: each scenario, each screen, each bad day.

/// How many calls were made by some instant hangs on jitter, and ids of runs on how many random numbers were drawn before.
macro_rules! assert_snapshot {
    ($($argument:expr),*) => {
        insta::with_settings!({ filters => vec![
            (r"\d+ calls \$[\d.]+", "[spent]"),
            // The port of a served world is another one each time.
            (r"127\.0\.0\.1:\d{5}", "127.0.0.1:[prt]"),
            (r"port=\d{5}", "port=[prt]"),
            (r"(\d{8}-\d{6}-[a-z-]+)-[2-9a-hj-km-np-z]{4}\b", "$1-[id]"),
        ] }, {
            insta::assert_snapshot!($($argument),*);
        });
    };
}

/// The screen at both sizes.
macro_rules! assert_both {
    ($flow:expr, $name:literal) => {
        assert_snapshot!(concat!($name, "_80x24"), $flow.screen());
        $flow.resize(crate::flows::LARGE.0, crate::flows::LARGE.1);
        assert_snapshot!(concat!($name, "_120x40"), $flow.screen());
        $flow.resize(crate::flows::SMALL.0, crate::flows::SMALL.1);
    };
}

mod back;
mod clock;
mod endings;
mod flow;
mod mouse;
mod narrow;
mod refused;
mod runs;
mod several;
mod treated;
mod vacuum;

use std::time::Duration;

use flow::Flow;

use plantao::platform::{DatabaseSpec, ServiceSpec, file};
use plantao::tui::app::Overlay;
use plantao::tui::effect::Effect;
use plantao::world::{Failure, Fault};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// A scenario some seconds after the start: what the user sees first.
async fn opened(scenario: &str, size: (u16, u16)) -> Flow {
    let mut flow = Flow::of(scenario, size);
    flow.connect();
    flow.pass(Duration::from_secs(3)).await;
    flow
}

macro_rules! seen_first {
    ($($name:ident: $scenario:literal after $seconds:literal;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let mut flow = opened($scenario, SMALL).await;
            flow.pass(Duration::from_secs($seconds)).await;
            assert_snapshot!(concat!(stringify!($name), "_80x24"), flow.screen());
            flow.resize(LARGE.0, LARGE.1);
            assert_snapshot!(concat!(stringify!($name), "_120x40"), flow.screen());
        }
    )*};
}

seen_first! {
    a_calm_platform_says_that_nothing_is_wrong: "calm" after 0;
    a_bad_deploy_is_seen_at_once: "bad-deploy" after 0;
    a_bad_deploy_raises_its_alarm_and_names_the_rollback: "bad-deploy" after 90;
    a_cpu_surge_is_seen_at_once: "cpu-surge" after 60;
    a_connection_leak_is_seen_at_once: "connection-leak" after 60;
    low_storage_is_seen_at_once: "low-storage" after 60;
    a_bloated_table_is_seen_at_once: "bloat" after 60;
    a_lost_zone_is_seen_at_once: "az-down" after 60;
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_is_there_before_anything_is_known() {
    let flow = Flow::of("calm", SMALL);
    assert_snapshot!(flow.screen());
}

#[tokio::test(start_paused = true)]
async fn the_last_numbers_of_a_dead_database_show_their_age_and_no_target() {
    let mut flow = opened("az-down", SMALL).await;
    flow.pass(Duration::from_mins(1)).await;
    let text = flow.text();
    let line = text.lines().find(|line| line.contains("connections")).unwrap_or_default();
    assert!(line.contains("m old"), "{text}");
    let line = text.lines().find(|line| line.contains("free space")).unwrap_or_default();
    assert!(line.contains("m old") && !line.contains("> 2 GB"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn dead_tasks_are_never_shown_as_3_of_3_running_without_a_word() {
    let mut flow = opened("az-down", SMALL).await;
    assert!(flow.text().contains("3 of 3 running, 1 cut off"), "{}", flow.text());
    flow.keys("2").await;
    let text = flow.text();
    assert!(text.contains("▲ cut off") && text.contains("1a"), "{text}");
    flow.keys("3").await;
    assert!(flow.text().contains("single-AZ us-east-1a"), "{}", flow.text());
    flow.keys("1").await;
    let mut told = false;
    for _ in 0..30 {
        flow.passes(10).await;
        let line = flow.text().lines().find(|line| line.contains("3 of 3")).unwrap_or_default().to_owned();
        assert!(line.is_empty() || !line.contains("3 of 3 running  "), "{}", flow.text());
        told |= line.contains("0 healthy");
    }
    assert!(told, "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn a_new_critical_finding_rings_the_bell_once() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.pass(Duration::from_mins(5)).await;
    let bells = flow.terminal.iter().filter(|e| **e == Effect::Bell).count();
    let critical = flow.app.findings.iter().filter(|f| f.severity == plantao::platform::Severity::Critical).count();
    assert!(critical >= 1, "{}", flow.text());
    assert!((1..=critical).contains(&bells), "{bells} bells for {critical} critical findings");
}

#[tokio::test(start_paused = true)]
async fn every_screen_shows_the_incident_from_its_side() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.pass(Duration::from_secs(90)).await;
    for (key, name) in [("2", "service"), ("3", "database"), ("4", "alarms"), ("?", "help")] {
        flow.resize(SMALL.0, SMALL.1);
        flow.keys(key).await;
        assert_snapshot!(format!("screen_{name}_80x24"), flow.screen());
        flow.resize(LARGE.0, LARGE.1);
        assert_snapshot!(format!("screen_{name}_120x40"), flow.screen());
    }
}

#[tokio::test(start_paused = true)]
async fn a_finding_opens_to_its_evidence_and_leads_to_its_alarm_with_chart_and_history() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.pass(Duration::from_secs(90)).await;
    flow.keys("enter").await;
    assert_snapshot!("finding_80x24", flow.screen());
    flow.keys("enter").await;
    assert_snapshot!("alarm_80x24", flow.screen());
    flow.resize(LARGE.0, LARGE.1);
    flow.pass(Duration::from_secs(1)).await;
    assert_snapshot!("alarm_120x40", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn a_task_opens_to_its_containers_and_why_it_stopped() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.keys("2 enter").await;
    assert_snapshot!(flow.screen());
}

#[tokio::test(start_paused = true)]
async fn the_palette_finds_an_alarm_by_a_few_letters() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.keys(":").await;
    flow.types("rdslow").await;
    assert_snapshot!("palette_80x24", flow.screen());
    flow.keys("enter").await;
    assert!(flow.text().contains("RDS-LowStorage"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn a_filter_narrows_the_alarms_and_esc_brings_them_back() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("4 /").await;
    flow.types("rds").await;
    flow.keys("enter").await;
    let narrowed = flow.text();
    assert!(narrowed.contains("RDS-Down") && !narrowed.contains("ECS-HighCPU"), "{narrowed}");
    flow.keys("esc").await;
    assert!(flow.text().contains("ECS-HighCPU"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn small_terminals_stack_the_panels_and_scroll() {
    let mut flow = opened("bad-deploy", (40, 10)).await;
    assert_snapshot!("stacked_40x10", flow.screen());
    flow.keys("pgdn pgdn").await;
    assert_snapshot!("stacked_40x10_scrolled", flow.screen());
    flow.keys("tab j j").await;
    assert_snapshot!("stacked_40x10_selected", flow.screen());
    flow.keys("enter").await;
    assert!(flow.text().contains("BullMQ-Backlog"), "any line can be opened: {}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn help_and_palette_can_be_read_on_forty_columns() {
    let mut flow = opened("calm", (40, 10)).await;
    flow.keys("?").await;
    assert_snapshot!("help_40x10", flow.screen());
    flow.keys("esc :").await;
    flow.types("rdslow").await;
    assert!(flow.text().contains("RDS-LowStorage"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_goes_on_says_so() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("?").await;
    assert!(flow.text().contains("more below") && !flow.text().contains("above"), "{}", flow.text());
    flow.keys("j j").await;
    assert!(flow.text().contains("2 above"), "{}", flow.text());
    flow.keys("G").await;
    assert!(flow.text().contains("more above") && !flow.text().contains("below"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn a_filter_never_hides_what_is_critical_and_owns_up_to_the_rest() {
    let mut flow = opened("az-down", SMALL).await;
    flow.pass(Duration::from_mins(1)).await;
    flow.keys("/").await;
    flow.types("zzz").await;
    flow.keys("enter").await;
    let text = flow.text();
    assert!(text.contains("RDS-Down"), "{text}");
    assert!(!text.contains("nothing happened yet") && text.contains("matches the filter"), "{text}");
    let mut flow = opened("cpu-surge", SMALL).await;
    flow.keys("/").await;
    flow.types("queue").await;
    flow.keys("enter").await;
    assert!(flow.text().contains("filter hides"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_on_quarters_of_an_hour_is_shown_by_the_quarter() {
    let mut flow = opened("calm", SMALL).await;
    let mut alarms = flow.app.picture.alarms.value().unwrap().clone();
    let first = alarms.iter_mut().find(|alarm| alarm.name == "API-HighErrorRate").unwrap();
    first.condition.as_mut().unwrap().period_seconds = 900;
    flow.app.picture.alarms = plantao::platform::Part::known(alarms, flow.app.now);
    flow.keys("4 enter").await;
    let Some(Overlay::Alarm(detail)) = &flow.app.overlay else { panic!("{}", flow.text()) };
    let points = detail.points.clone().unwrap().unwrap();
    assert!(points.len() >= 20, "{} points", points.len());
    assert!(points.windows(2).all(|pair| pair[1].at.duration_since(pair[0].at).as_secs() % 900 == 0), "{points:?}");
    assert!(points.iter().all(|point| point.at.as_second() % 900 == 0), "{points:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wide_terminal_is_used() {
    let flow = opened("bad-deploy", (200, 50)).await;
    assert_snapshot!(flow.screen());
}

#[tokio::test(start_paused = true)]
async fn copying_says_what_was_sent_and_claims_no_more() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("4 y").await;
    assert!(matches!(flow.terminal.last(), Some(Effect::Copy(_))), "{:?}", flow.terminal);
    assert!(flow.text().contains("sent to the terminal's clipboard"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn pause_asks_aws_nothing_and_says_so() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys("p").await;
    let asked = flow.host.requests().len();
    flow.pass(Duration::from_mins(10)).await;
    assert_eq!(flow.host.requests().len(), asked);
    assert!(flow.text().contains("PAUSED"), "{}", flow.text());
    flow.keys("p").await;
    flow.pass(Duration::from_secs(10)).await;
    assert!(flow.host.requests().len() > asked);
}

#[tokio::test(start_paused = true)]
async fn nobody_at_the_keys_for_a_quarter_of_an_hour_makes_it_slower_and_a_key_wakes_it() {
    let mut flow = opened("calm", SMALL).await;
    flow.pass(Duration::from_mins(16)).await;
    let before = flow.host.requests().len();
    flow.pass(Duration::from_mins(4)).await;
    let idle = flow.host.requests().len() - before;
    assert!(flow.text().contains("slower"), "{}", flow.text());
    flow.keys("j").await;
    let before = flow.host.requests().len();
    flow.pass(Duration::from_mins(4)).await;
    let awake = flow.host.requests().len() - before;
    assert!(awake > idle * 2, "{awake} calls awake, {idle} idle");
    assert!(!flow.text().contains("slower"), "{}", flow.text());
}

/// A bad day that begins after a good picture was seen: what was known stays, dimmed, with why.
async fn bad_day(operation: &str, failure: Failure) -> Flow {
    let mut flow = opened("calm", SMALL).await;
    flow.host.inject(Fault::on(operation, failure));
    flow.pass(Duration::from_secs(150)).await;
    flow
}

macro_rules! bad_days {
    ($($name:ident: $operation:literal $failure:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let mut flow = bad_day($operation, $failure).await;
            assert!(flow.text().contains("3 of 3 running"), "the last good value is gone:\n{}", flow.text());
            assert_snapshot!(concat!(stringify!($name), "_80x24"), flow.screen());
            flow.host.heal();
            flow.pass(Duration::from_mins(5)).await;
            assert!(flow.text().contains("● live"), "it does not recover:\n{}", flow.text());
        }
    )*};
}

bad_days! {
    expired_credentials_are_explained_and_picked_up_again: "*" Failure::ExpiredToken;
    a_hanging_endpoint_leaves_the_last_picture: "*" Failure::Hang;
    throttling_is_said_and_survived: "*" Failure::Throttled;
    a_proxy_that_answers_html_is_named: "*" Failure::Unavailable;
    a_lost_connection_is_named: "*" Failure::Reset;
    garbage_is_not_taken_for_an_answer: "*" Failure::Garbage;
    one_denied_call_leaves_the_rest: "cloudwatch:DescribeAlarms" Failure::AccessDenied;
    one_hanging_service_leaves_the_rest_fresh: "rds:*" Failure::Hang;
    fields_that_are_missing_break_nothing: "*" Failure::FieldsMissing;
}

macro_rules! bad_from_the_start {
    ($($name:ident: $operation:literal $failure:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let mut flow = Flow::of("calm", SMALL);
            flow.host.inject(Fault::on($operation, $failure));
            flow.connect();
            flow.pass(Duration::from_mins(1)).await;
            assert_snapshot!(concat!(stringify!($name), "_80x24"), flow.screen());
        }
    )*};
}

bad_from_the_start! {
    credentials_expired_before_the_start_are_the_first_thing_seen: "*" Failure::ExpiredToken;
    an_endpoint_that_never_answers_is_named: "*" Failure::Hang;
    a_missing_cluster_is_named: "ecs:*" Failure::Error { code: "ClusterNotFoundException".into(), message: "Cluster not found.".into(), status: 400 };
}

#[tokio::test(start_paused = true)]
async fn the_wrong_region_is_named() {
    let mut flow = Flow::of("calm", SMALL);
    flow.connect_to("eu-west-1");
    flow.pass(Duration::from_secs(20)).await;
    assert_snapshot!("wrong_region_80x24", flow.screen());
    assert!(flow.text().contains("eu-west-1"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn while_nothing_answers_the_screen_says_whom_it_waits_for_and_for_how_long() {
    let mut flow = Flow::of("calm", SMALL);
    flow.host.inject(Fault::on("*", Failure::Hang));
    flow.connect();
    flow.passes(2).await;
    assert!(flow.text().contains("… asking AWS  "), "{}", flow.text());
    flow.passes(3).await;
    assert!(flow.text().contains("waiting 5 s for ecs.us-east-1.amazonaws.com"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn what_matches_nothing_says_how_to_get_back() {
    let mut flow = opened("calm", SMALL).await;
    flow.keys(":").await;
    flow.types("zzzz").await;
    assert!(flow.text().contains("nothing has these letters"), "{}", flow.text());
    flow.keys("esc 2 /").await;
    flow.types("zzzz").await;
    flow.keys("enter").await;
    let text = flow.text();
    assert!(text.contains("no task matches the filter: esc") && text.contains("no event matches"), "{text}");
    assert!(text.contains("Tasks: 0 of "), "what is filtered away is not gone: {text}");
}

#[tokio::test(start_paused = true)]
async fn no_key_waits_for_a_network_that_hangs() {
    let mut flow = Flow::of("calm", SMALL);
    flow.host.inject(Fault::on("*", Failure::Hang));
    flow.connect();
    // No time passes between a key and its screen: nothing is awaited.
    for (key, title) in [("2", "Tasks"), ("3", "RDS analytics"), ("4", "Alarms"), ("?", "Keys")] {
        flow.app.update(plantao::tui::message::Message::Key(plantao::tui::keymap::press(key).unwrap()));
        assert!(flow.text().contains(title), "{key}:\n{}", flow.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_there_is_named_beside_what_works() {
    let mut platform = file::sample();
    platform.services[0].name = "analytics-apo".into();
    platform.databases[0].id = "analytic".into();
    let mut flow = Flow::with("calm", SMALL, platform);
    flow.connect();
    flow.pass(Duration::from_secs(20)).await;
    assert_snapshot!(flow.screen());
}

/// A platform with three services and two databases, of which one each is there.
async fn several() -> Flow {
    let mut platform = file::sample();
    for name in ["billing", "search"] {
        platform.services.push(ServiceSpec {
            name: name.into(),
            cluster: "analytics-production".into(),
            ..ServiceSpec::default()
        });
    }
    platform.databases.push(DatabaseSpec { id: "reporting".into(), ..DatabaseSpec::default() });
    let mut flow = Flow::with("bad-deploy", SMALL, platform);
    flow.connect();
    flow.pass(Duration::from_secs(20)).await;
    flow
}

#[tokio::test(start_paused = true)]
async fn several_services_and_databases_are_listed_worst_first() {
    let mut flow = several().await;
    assert_snapshot!("several_80x24", flow.screen());
    flow.resize(LARGE.0, LARGE.1);
    assert_snapshot!("several_120x40", flow.screen());
}

#[tokio::test(start_paused = true)]
async fn what_has_no_room_on_a_panel_is_counted_there() {
    let mut flow = opened("calm", SMALL).await;
    let last =
        |flow: &Flow| flow.text().lines().find(|line| line.contains("webhook p95")).unwrap_or_default().to_owned();
    assert!(last(&flow).contains("+1│"), "the queue is not there, and nothing tells: {}", flow.text());
    flow.resize(LARGE.0, LARGE.1);
    assert!(flow.text().contains("queue") && !last(&flow).contains("+1"), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn while_all_is_throttled_every_screen_says_so() {
    let mut flow = bad_day("*", Failure::Throttled).await;
    for screen in ["1", "2", "3", "4"] {
        flow.keys(screen).await;
        assert!(flow.text().lines().next().unwrap().contains("● throttled 2m"), "{}", flow.text());
    }
}
