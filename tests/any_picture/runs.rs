//! Plans and runs as nobody should write them.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::SignedDuration;
use plantao::run::action::{CheckAlarms, Place, UpdateService};
use plantao::run::{
    Action, Change, Choice, Ending, Event, Plan, PlannedStep, Record, RunId, StepOutcome, Target, View, Who,
};
use plantao::tui::message::{Message, RunRow};
use serde_json::Map;

use super::{many, maybe, name, now, when};

fn plan(rng: &mut Rng) -> Plan {
    let place = Place { cluster: name(rng), name: name(rng) };
    let action = |rng: &mut Rng| {
        if rng.bool() {
            Action::CheckAlarms(CheckAlarms { stop_when_firing: rng.bool(), place: None })
        } else {
            let desired_count = maybe(rng, |r| r.u32(..));
            Action::UpdateService(UpdateService { place: place.clone(), desired_count, ..UpdateService::default() })
        }
    };
    let view = |rng: &mut Rng| View {
        changes: many(rng, 4, |r| Change::of(&name(r), name(r), name(r))),
        facts: many(rng, 4, name),
        warnings: many(rng, 4, name),
        expected_seconds: rng.u64(..),
        undo: maybe(rng, name),
        command: maybe(rng, name),
        ..View::default()
    };
    let kind = ["service", "database"][rng.usize(..2)].to_owned();
    Plan {
        runbook: name(rng),
        title: name(rng),
        danger: ["safe", "caution", "danger", "of a later version"][rng.usize(..4)].to_owned(),
        target: Target { kind, account: name(rng), region: name(rng), name: name(rng), simulated: maybe(rng, name) },
        parameters: BTreeMap::from([("desired".to_owned(), name(rng).into())]),
        namesake: rng.bool(),
        also: Vec::new(),
        undoes: None,
        made_at: when(rng),
        warnings: many(rng, 3, name),
        steps: many(rng, 5, |r| PlannedStep { title: name(r), action: action(r), view: view(r) }),
    }
}

fn event(rng: &mut Rng) -> Event {
    let step = rng.usize(..6);
    match rng.u8(..7) {
        0 => Event::Began {
            runbook: name(rng),
            plan: serde_json::to_value(plan(rng)).unwrap(),
            who: Who { arn: name(rng), user: name(rng), ssh: maybe(rng, name), ..Who::default() },
            reason: maybe(rng, name),
            pid: rng.u32(..),
        },
        1 => Event::StepBegan { step, title: name(rng), action: name(rng) },
        2 => Event::Progress { step, text: name(rng), fraction: maybe(rng, |r| r.f64() * 3.0 - 1.0) },
        3 => {
            let outcomes = [StepOutcome::Done, StepOutcome::Failed, StepOutcome::Unneeded, StepOutcome::Undone];
            Event::StepEnded { step, outcome: outcomes[rng.usize(..4)], words: name(rng), outputs: Map::new() }
        }
        4 => Event::UndoBegan { by: name(rng) },
        5 => Event::Ended { ending: Ending::ALL[rng.usize(..Ending::ALL.len())], words: name(rng), by: None },
        _ => Event::StopAsked { by: name(rng), undo: rng.bool() },
    }
}

fn record(rng: &mut Rng) -> Record {
    Record { seq: rng.u64(..), at: when(rng), event: event(rng), prev: String::new(), hash: String::new() }
}

/// Something that a plan or a run could say.
pub fn something(rng: &mut Rng) -> Message {
    // Always the same: it is the run that is followed, most of the time.
    let id: RunId = "20261124-031245-scale-x7f2".parse().unwrap();
    let choice = |r: &mut Rng| Choice { value: name(r), label: name(r), detail: name(r) };
    match rng.u8(..7) {
        0 => Message::Started { opened: rng.u64(..6), started: Ok(id) },
        1 => Message::Started { opened: rng.u64(..6), started: Err(name(rng)) },
        2 => Message::Told { id, records: many(rng, 8, record), alive: rng.bool() },
        3 => Message::Untold { id, why: name(rng) },
        4 => Message::Runs(Ok(many(rng, 60, |r| RunRow {
            id: RunId::new(&name(r), now() + SignedDuration::from_secs(r.i64(0..1_000))),
            who: name(r),
            state: name(r),
            goes_on: r.bool(),
        }))),
        5 => {
            let param = ["desired", "to", "tables"][rng.usize(..3)];
            let choices = if rng.bool() { Ok(many(rng, 30, choice)) } else { Err(name(rng)) };
            Message::Offered { opened: rng.u64(..6), param: param.to_owned(), choices }
        }
        // Tickets count from 1: some of these answer the question that is asked.
        _ => {
            let plan = if rng.u8(..4) > 0 { Ok(Box::new(plan(rng))) } else { Err(name(rng)) };
            Message::Planned { ticket: rng.u64(..6), plan }
        }
    }
}
