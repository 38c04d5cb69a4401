//! What the plan of a scale says, and what becomes of one that holds bounds, on the world.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::action::{Place, SetBounds};
use super::tests::{SERVICE, carry_out, make, office, plan, start, state, who, world, world_that_scales};
use super::{Action, Change, Command, Commands, Ending, Finished, Plan, RunId, Said, Seen, Wish};
use crate::runbook::Danger;
use crate::world::{Change as Happening, Failure, Fault, Host};

#[tokio::test(start_paused = true)]
async fn past_its_maximum_a_service_is_scaled_together_with_its_bounds_and_not_warned_of_them() {
    let (_host, context) = world_that_scales();
    let outside = plan(&context, "scale", &[("desired", "8")]).await;
    assert!(outside.all_warnings().any(|warning| warning.contains("move the bounds first")));
    let with_bounds = plan(&context, "scale", &[("desired", "8"), ("maximum", "10")]).await;
    let warnings: Vec<&str> = with_bounds.all_warnings().filter(|w| w.contains("bounds")).collect();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(with_bounds.steps[1].view.changes, [Change::of("auto scaling's maximum", 6, 10)]);
}

#[tokio::test(start_paused = true)]
async fn no_tasks_at_all_is_an_outage_and_never_confirmed_with_one_key() {
    let (_host, context) = world();
    assert_eq!(plan(&context, "scale", &[("desired", "0")]).await.danger, "danger");
    assert_eq!(plan(&context, "scale", &[("desired", "4")]).await.danger, "caution");
}

#[tokio::test(start_paused = true)]
async fn a_maximum_of_no_tasks_is_an_outage_and_never_confirmed_with_one_key() {
    let (_host, context) = world_that_scales();
    let none = Action::SetBounds(SetBounds { min: Some(0), max: Some(0), ..bounds() });
    let view = none.plan(&context, &Seen::default()).await.unwrap();
    assert!(view.warnings.iter().any(|warning| warning.contains("this is an outage")), "{view:?}");
    assert_eq!(none.least_danger(&view), Danger::Danger);
    let some = Action::SetBounds(SetBounds { max: Some(9), ..bounds() });
    let view = some.plan(&context, &Seen::default()).await.unwrap();
    assert_eq!((some.least_danger(&view), view.warnings.len()), (Danger::Caution, 0));
}

/// Runs a scale that holds its bounds for half an hour; after so many seconds its user says this, all at once.
async fn told_after(seconds: u64, desired: &str, commands: &[Command]) -> (Host, Finished, Duration) {
    let (host, context) = world();
    let (_folder, office) = office();
    let plan = plan(&context, "scale", &[("desired", desired), ("minimum", "2"), ("until", "30m")]).await;
    let (id, began) = (RunId::new("scale", context.clock.now()), Instant::now());
    let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        for command in commands {
            let said = Said { at: start(), by: "ana".to_owned(), command: *command, reason: None };
            Commands::say(&office.store, &id, &said).unwrap();
        }
    });
    (host, finished, began.elapsed())
}

async fn told(commands: &[Command]) -> (Host, Finished, Duration) {
    told_after(10, "4", commands).await
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_a_wish_to_stop_cut_short_is_no_success_and_says_what_was_put_back() {
    let back = "Move auto scaling's bounds: they are 1–6 again";
    for (desired, rest) in [("4", "what else was changed stays"), ("3", "nothing else was changed")] {
        let (host, finished, took) = told_after(600, desired, &[Command::Stop]).await;
        assert_eq!((finished.ending, state(&host).1), (Ending::Stopped, (1, 6)), "{}", finished.words);
        assert!(took < Duration::from_mins(11), "it waited for its time: {took:?}");
        assert_eq!(finished.words, format!("ana asked to stop; {back}; {rest}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_while_it_holds_bounds_puts_them_back_at_once() {
    let (host, finished, took) = told(&[Command::Stop]).await;
    assert_eq!(finished.ending, Ending::Stopped, "{}", finished.words);
    assert!(took < Duration::from_mins(2), "it waited for its time: {took:?}");
    assert_eq!((state(&host).0, state(&host).1), (4, (1, 6)), "{}", finished.words);
}

#[tokio::test(start_paused = true)]
async fn a_minimum_held_for_a_time_does_not_stay_up_over_a_trouble_that_passes_at_that_very_moment() {
    let held = [("desired", "4"), ("minimum", "2"), ("until", "10m")];
    for failure in [Failure::ExpiredToken, Failure::Throttled, Failure::Reset, Failure::Unavailable] {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &held).await;
        let (finished, ()) = tokio::join!(carry_out(&office, &context, plan), async {
            tokio::time::sleep(Duration::from_mins(9)).await;
            host.inject(Fault::on("application-autoscaling:*", failure.clone()));
            tokio::time::sleep(Duration::from_mins(30)).await;
            host.heal();
        });
        assert_eq!(finished.ending, Ending::Succeeded, "{failure:?}: {}", finished.words);
        assert_eq!(state(&host).1, (1, 6), "{failure:?}: {}", finished.words);
        let journal = std::fs::read_to_string(office.store.journal(&finished.id)).unwrap();
        let said = journal.matches("not put back yet, and tried again: ").count();
        assert!((1..4).contains(&said), "{failure:?}, said {said} times: {journal}");
        assert!(journal.contains("until then bounds 2–6 stay, where 1–6 was before"), "{journal}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minimum_that_must_not_be_put_back_is_named_with_the_command_that_does_it_later() {
    for said in [None, Some(Command::Stop)] {
        let (host, context) = world();
        let (_folder, office) = office();
        let plan = plan(&context, "scale", &[("desired", "4"), ("minimum", "2"), ("until", "10m")]).await;
        let id = RunId::new("scale", context.clock.now());
        let began = Instant::now();
        let (finished, ()) = tokio::join!(office.carry_out(&context, &id, plan, who(), None), async {
            tokio::time::sleep(Duration::from_mins(9)).await;
            let failure = said.map_or(Failure::AccessDenied, |_| Failure::Throttled);
            host.inject(Fault::on("application-autoscaling:*", failure));
            if let Some(command) = said {
                tokio::time::sleep(Duration::from_mins(5)).await;
                Commands::say(&office.store, &id, &Said { at: start(), by: "ana".to_owned(), command, reason: None })
                    .unwrap();
            }
        });
        assert_eq!(finished.ending, Ending::FailedAfter, "{}", finished.words);
        assert!(began.elapsed() < Duration::from_mins(16), "a wish to stop is heard while it tries again");
        let named = "bounds 2–6 stay, where 1–6 was before: plantao runs undo puts it back";
        assert!(finished.words.contains(named), "{}", finished.words);
        host.heal();
        let plan = Plan::taking_back(&office.store, &id, context.clock.now()).unwrap();
        let back = carry_out(&office, &context, plan).await;
        assert_eq!((back.ending, state(&host).1), (Ending::Succeeded, (1, 6)), "{}", back.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_undo_is_not_lost_over_the_wish_to_stop_that_came_with_it() {
    for commands in [[Command::Stop, Command::Undo], [Command::Undo, Command::Stop]] {
        let (host, finished, _) = told(&commands).await;
        assert_eq!(finished.ending, Ending::Undone, "{commands:?}: {}", finished.words);
        assert_eq!((state(&host).0, state(&host).1), (3, (1, 6)), "{commands:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_outside_the_bounds_that_the_same_plan_sets_is_refused_by_the_names_of_both_answers() {
    let (_host, context) = world_that_scales();
    for (answers, said) in [
        ([("desired", "3"), ("minimum", "5")], "--desired 3 is less than the --minimum of 5"),
        ([("desired", "4"), ("maximum", "3")], "--desired 4 is more than the --maximum of 3"),
    ] {
        let halt = make(&context, "scale", &answers).await.unwrap_err();
        assert_eq!(halt.ending, Ending::Refused);
        assert!(halt.words.contains(said), "{}", halt.words);
    }
    plan(&context, "scale", &[("desired", "5"), ("minimum", "5")]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_takes_no_time_and_is_said_to_be_nothing_to_do() {
    let (_host, context) = world_that_scales();
    let same = plan(&context, "scale", &[("desired", "3")]).await;
    assert_eq!((same.expected_seconds(), same.is_so_already()), (0, true));
    let more = plan(&context, "scale", &[("desired", "4")]).await;
    assert!(more.expected_seconds() > 60 && !more.is_so_already());
    let held = plan(&context, "scale", &[("desired", "3"), ("minimum", "3")]).await;
    assert!(held.expected_seconds() > 0 && !held.is_so_already());
}

#[tokio::test(start_paused = true)]
async fn tasks_that_take_more_connections_than_there_are_are_a_danger_and_the_way_back_is_not() {
    let (_host, context) = world_that_scales();
    let short = plan(&context, "scale", &[("desired", "9")]).await;
    assert_eq!(short.danger, "danger");
    assert!(short.all_warnings().any(|w| w.contains("short of up to 10 connections for 9 tasks: new tasks fail")));
    assert_eq!(short.danger_of_undo(), (Danger::Caution, None));
    assert_eq!(plan(&context, "scale", &[("desired", "8")]).await.danger, "caution", "80 of 80 are enough");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_have_just_started_count_with_their_pools_before_they_are_measured() {
    let (host, context) = world_that_scales();
    host.with(|world| world.apply(Happening::SetDesired { service: SERVICE.to_owned(), count: 6 }));
    while host.with(|world| world.tasks(SERVICE)) != Some((6, 6)) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let more = plan(&context, "scale", &[("desired", "9"), ("maximum", "9")]).await;
    let facts: Vec<&String> = more.steps.iter().flat_map(|step| &step.view.facts).collect();
    let held = |fact: &&&String| fact.contains("measured, and the 6 tasks that run may use 60; 9 tasks");
    let fact = facts.iter().find(held).unwrap_or_else(|| panic!("{facts:#?}"));
    assert!(fact.ends_with("make that up to 90"), "{fact}");
    assert!(more.all_warnings().any(|w| w.contains("short of up to 10 connections")), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn connections_that_were_there_for_the_plan_and_are_gone_when_it_is_carried_out_end_the_run() {
    let text = "# Room\n```toml runbook\ndanger = \"caution\"\n```\n## Look\n```toml check.connections\ntasks = 8\nwhen-short = \"stop\"\n```\n\
        ## Set it\n```toml ecs.update-service\ndesired-count = 8\n```\n";
    let runbook = crate::runbook::read(text, "room.md").unwrap();
    for (leaks, ending) in [(false, Ending::Succeeded), (true, Ending::PlanStale)] {
        let (host, context) = world();
        let (_folder, office) = office();
        let answers = BTreeMap::new();
        let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
        let (plan, _) = Plan::make(&context, wish).await.unwrap();
        if leaks {
            host.with(|world| world.apply(Happening::LeakConnections { service: SERVICE.to_owned(), per_minute: 2.0 }));
            tokio::time::sleep(Duration::from_mins(10)).await;
        }
        let finished = carry_out(&office, &context, plan).await;
        assert_eq!(finished.ending, ending, "{}", finished.words);
        assert_eq!(state(&host).0, if leaks { 3 } else { 8 }, "{}", finished.words);
        assert_eq!(finished.words.contains("short of up to"), leaks, "{}", finished.words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_tomorrow_is_told_by_how_far_away_it_is() {
    let (_host, context) = world_that_scales();
    let until = |until: &'static str| [("desired", "3"), ("minimum", "2"), ("until", until)];
    let held = plan(&context, "scale", &until("14:30")).await;
    let facts = &held.steps[1].view.facts;
    assert!(facts[0].contains("back to 1–6 in 23h17m, at 2026-11-25 14:30Z"), "{facts:?}");
    let halt = make(&context, "scale", &until("500h")).await.unwrap_err();
    assert!(
        halt.words.starts_with("--until 500h: expected") && halt.words.contains("at most 7 days"),
        "{}",
        halt.words
    );
}

#[tokio::test(start_paused = true)]
async fn credentials_are_reckoned_to_last_as_long_as_bounds_are_held() {
    let (_host, context) = world_that_scales();
    let lasts = async |answers: &[(&str, &str)]| {
        super::resolve::lasts(&plan(&context, "scale", answers).await.steps, context.clock.now())
    };
    let held = [("desired", "3"), ("minimum", "2"), ("until", "2h")];
    assert_eq!(lasts(&held).await.as_hours(), 2);
    assert!(lasts(&[("desired", "4"), ("minimum", "2")]).await.as_mins() < 10);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_its_field_does_not_take_is_refused_also_where_the_question_names_no_bounds() {
    let (_host, context) = world();
    let text = |rest: &str| {
        format!(
            "# Mine\n```toml runbook\ndanger = \"caution\"\n[param.n]\nask = \"How many?\"\ntype = \"integer\"\n{rest}\n```\n\
            ## Set it\n```toml ecs.update-service\ndesired-count = \"{{{{ n }}}}\"\n```\n"
        )
    };
    for (n, rest, expected) in [
        ("-3", "", "a whole number from 0 to 5000"),
        ("9000", "", "a whole number from 0 to 5000"),
        ("1", "min = 2", "a whole number from 2 to 5000"),
    ] {
        let runbook = crate::runbook::read(&text(rest), "mine.md").unwrap();
        let answers = BTreeMap::from([("n".to_owned(), n.to_owned())]);
        let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
        let halt = Plan::make(&context, wish).await.unwrap_err();
        assert_eq!(halt.words, format!("--n {n}: expected {expected}"));
    }
    let errors = crate::runbook::read(&text("default = 9000"), "mine.md").unwrap_err().to_string();
    assert!(errors.contains("a default from 0 to 5000"), "{errors}");
}

fn bounds() -> SetBounds {
    let place = Place { cluster: "analytics-production".to_owned(), name: SERVICE.to_owned() };
    SetBounds { place, ..SetBounds::default() }
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_tasks_away_from_a_service_that_lacks_them_without_being_told() {
    let (host, context) = world();
    let fewer = async || {
        let plan = plan(&context, "scale", &[("desired", "2")]).await;
        plan.all_warnings().find(|warning| warning.contains("fewer tasks")).map(str::to_owned)
    };
    assert_eq!(fewer().await, None, "a calm day");
    host.with(|world| world.apply(Happening::Surge { service: SERVICE.to_owned(), factor: 2.0 }));
    tokio::time::advance(Duration::from_mins(10)).await;
    let told = fewer().await.expect("a warning");
    assert!(told.contains("CPU is ") && told.ends_with("target < 65 %: fewer tasks make it worse"), "{told}");
}
