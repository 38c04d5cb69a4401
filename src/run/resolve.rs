//! A runbook and answers to its questions become a plan: everything resolved, looked at, and checked. Only reads.

mod blocks;
mod subject;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::action::{
    Action, BuildImage, CheckAlarms, CheckConnections, CheckHealth, Context, FindImage, Moved, Place, PushImage,
    RegisterImage, Rollback, SetBounds, ShowBlockers, ShowTables, UpdateService, VacuumTables, WaitSteady,
};
use super::answer::{self, literal};
use super::facts::{Facts, mentions};
use super::{Halt, Plan, PlannedStep, Seen, Target, history};
use crate::aws::sts::get_caller_identity;
use crate::platform::text::{duration, printable};
use crate::platform::{CacheSpec, DatabaseSpec, Identity, Revision, ServiceSpec};
use crate::runbook::{Block, Call, Danger, Name, Piece, Runbook, Setting, When};
use crate::watch;
use subject::{On, check_account};
pub(super) use subject::{find_database, find_service};
use values::{Values, holds, values};

/// What a rollback goes back to where nobody says.
const PREVIOUS: &str = "service.previous";

/// Which runbook, on what, with which answers.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// Answers by the parameter's name, as they were typed.
    pub answers: &'a BTreeMap<String, String>,
    /// The service; the platform's only one if none is named.
    pub service: Option<&'a str>,
    /// The database; the platform's first one if none is named.
    pub database: Option<&'a str>,
}

impl Plan {
    /// Makes the plan of a wish, as things are now. Everything that is wrong with the answers is said at once.
    pub async fn make(context: &Context, wish: Wish<'_>) -> Result<(Plan, Identity), Halt> {
        let database = find_database(context, wish.database)?;
        let nothing = ServiceSpec::default();
        let cache = context.platform.caches.first();
        let on = On::of(wish.runbook);
        // What is all done on the database or the cache needs no service, and so asks for none.
        let service =
            if on != On::Service && wish.service.is_none() { &nothing } else { find_service(context, wish.service)? };
        let (identity, picture) = tokio::join!(
            get_caller_identity(&context.clients),
            watch::once(&context.platform, &context.clients, &context.clock)
        );
        let identity = identity?;
        check_account(context, &identity)?;
        let seen = Seen::from(picture);
        let mut facts = Facts::of(context, &seen.picture, service, database);
        if mentions(wish.runbook, PREVIOUS)
            && let Some(index) = context.platform.services.iter().position(|spec| spec == service)
            && let Some(now) = seen.picture.services.get(index).and_then(|service| service.state.value())
        {
            let ran = seen.ran(context, &Place::from(service), now).await;
            facts.learn(PREVIOUS, history::previous(context, now, ran).await.map(|number| json!(number)));
        }
        let of = match context.platform.services.as_slice() {
            [_, _, ..] if !service.name.is_empty() => format!(" (service {})", context.platform.service_name(service)),
            _ => String::new(),
        };
        let values = values(wish, &facts, &of)?;
        let resolver = Resolver {
            runbook: wish.runbook,
            values: &values,
            facts: &facts,
            service,
            database,
            cache,
            now: context.clock.now(),
        };
        let mut steps: Vec<PlannedStep> = Vec::new();
        let mut danger = wish.runbook.danger;
        let mut moved = Moved::default();
        let mut bounds_call = None;
        // What the steps change, wherever that is.
        let mut changed = BTreeSet::new();
        for step in &wish.runbook.steps {
            if step.when.as_ref().is_some_and(|when| !resolver.holds(when)) {
                continue;
            }
            danger = danger.max(step.danger.unwrap_or(danger));
            let in_step = |halt: Halt| Halt { words: format!("{}: {}", step.title, halt.words), ..halt };
            let mut action = resolver.block(&step.block).map_err(in_step)?;
            match (&mut action, &step.block) {
                (Action::SetBounds(bounds), Block::Action(call)) => {
                    moved = Moved { min: bounds.min, max: bounds.max };
                    bounds_call = Some(call);
                }
                (Action::UpdateService(update), Block::Action(call)) => {
                    update.moved = moved;
                    let contradiction = resolver.contradiction(update, call, bounds_call);
                    contradiction.map_or(Ok(()), |words| Err(Halt::refused(words)))?;
                }
                _ => {}
            }
            let mut view = action.plan(context, &seen).await.map_err(in_step)?;
            if matches!(action, Action::WaitSteady(_)) && !steps.iter().any(|step| step.view.changes_something()) {
                // What is so already is not waited for.
                view.expected_seconds = 0;
            }
            let least = action.least_danger(&view);
            if least > Danger::Safe {
                changed.insert(On::block(&step.block));
            }
            danger = danger.max(least);
            steps.push(PlannedStep { title: step.title.clone(), action, view });
        }
        let mut warnings = wish.runbook.warn.clone();
        warnings.extend(credentials_end(context, lasts(&steps, context.clock.now())).await);
        let target = |on: On| Target {
            kind: on.word().to_owned(),
            account: identity.account.clone(),
            region: context.clients.region().unwrap_or_default().to_owned(),
            name: match (on, database, cache) {
                (On::Database, Some(database), _) => database.id.clone(),
                (On::Cache, _, Some(cache)) => cache.name.clone(),
                _ => service.path(),
            },
            simulated: context.simulated(),
        };
        let plan = Plan {
            runbook: wish.runbook.name.clone(),
            title: wish.runbook.title.clone(),
            danger: danger.word().to_owned(),
            target: target(on),
            also: changed.into_iter().filter(|other| *other != on).map(target).collect(),
            namesake: on == On::Service
                && context.platform.services.iter().filter(|s| s.name == service.name).count() > 1,
            parameters: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            undoes: None,
            made_at: context.clock.now(),
            warnings,
            steps,
        };
        Ok((plan, identity))
    }
}

fn cannot(what: &str) -> String {
    format!("this version can show {what}, not carry it out; do it by hand as the runbook says")
}

/// How long its process goes on: until all is done, and as long as something is held.
pub(super) fn lasts(steps: &[PlannedStep], now: Timestamp) -> SignedDuration {
    let expected: u64 = steps.iter().map(|step| step.view.expected_seconds).sum();
    let held = steps.iter().filter_map(|step| step.action.until()).map(|until| until.duration_since(now)).max();
    SignedDuration::from_secs(expected as i64).max(held.unwrap_or_default())
}

/// Credentials that end before the run does: whoever gave them may renew them, and may not.
async fn credentials_end(context: &Context, expected: SignedDuration) -> Option<String> {
    let (left, renewal) = context.clients.credentials_left().await?;
    (left < expected).then(|| {
        format!(
            "credentials expire in {}, the run takes about {}: unless they renew themselves, {renewal}",
            duration(left),
            duration(expected)
        )
    })
}

/// A path as it was typed, whole: who carries the run out may stand elsewhere.
fn located(path: &str) -> Result<PathBuf, Halt> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let path = match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    let whole = std::path::absolute(&path);
    whole.map_err(|error| Halt::refused(format!("{}: {error}", printable(&path.to_string_lossy()))))
}

impl Resolver<'_> {
    /// A number of tasks outside the bounds that the same plan sets would not stay.
    fn contradiction(&self, update: &UpdateService, call: &Call, bounds: Option<&Call>) -> Option<String> {
        let (count, bounds) = (update.desired_count?, bounds?);
        let name = |call: &Call, field: &str| match call.field(field) {
            Some(Setting::Value(Name::Param(index))) => {
                self.runbook.params.get(*index).map_or_else(|| field.to_owned(), |param| format!("--{}", param.name))
            }
            _ => field.to_owned(),
        };
        let (bound, field, is) = match update.moved {
            Moved { min: Some(min), .. } if count < min => (min, "min", "less"),
            Moved { max: Some(max), .. } if count > max => (max, "max", "more"),
            _ => return None,
        };
        let (desired, bound_name) = (name(call, "desired-count"), name(bounds, field));
        Some(format!(
            "{desired} {count} is {is} than the {bound_name} of {bound} that auto scaling is to keep: give {desired} {bound} too, or another {bound_name}"
        ))
    }
}

/// A field is given what an earlier step of the run makes.
fn is_made(call: &Call, field: &str) -> bool {
    matches!(call.field(field), Some(Setting::Value(Name::Known(known))) if known.made)
}

/// A number; a revision stands in a runbook as text. What is none is never taken for a field that was left out.
fn whole(name: &str, value: &Value) -> Result<u32, Halt> {
    let number = match value {
        Value::String(text) => text.parse().ok().or_else(|| Revision::parse(text).number),
        _ => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    let wrong = || format!("{name} can't be {}: expected a whole number", printable(&value.to_string()));
    number.ok_or_else(|| Halt::refused(wrong()))
}

/// A list of names.
fn names(value: Option<&Value>) -> Vec<String> {
    let names = value.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Turns the block of a step into an action.
struct Resolver<'a> {
    runbook: &'a Runbook,
    values: &'a Values<'a>,
    facts: &'a Facts,
    service: &'a ServiceSpec,
    database: Option<&'a DatabaseSpec>,
    cache: Option<&'a CacheSpec>,
    now: Timestamp,
}

impl Resolver<'_> {
    fn holds(&self, when: &When) -> bool {
        holds(self.runbook, self.values, when)
    }

    fn named(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Param(index) => self.values.get(self.runbook.params.get(*index)?.name.as_str()).cloned(),
            Name::Known(known) => self.facts.value(known.name),
        }
    }

    /// All that an action is given; a field whose value is absent is left out.
    fn fields(&self, call: &Call) -> Map<String, Value> {
        let mut fields = Map::new();
        for (name, setting) in &call.fields {
            let value = match setting {
                Setting::Literal(value) => Some(literal(value)),
                Setting::Value(name) => self.named(name),
                Setting::Text(pieces) => Some(Value::String(pieces.iter().map(|piece| self.piece(piece)).collect())),
            };
            if let Some(value) = value {
                fields.insert((*name).to_owned(), value);
            }
        }
        fields
    }

    fn piece(&self, piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(name) => match self.named(name) {
                Some(Value::String(text)) => text,
                Some(value) => value.to_string(),
                None => String::new(),
            },
        }
    }

    fn block(&self, block: &Block) -> Result<Action, Halt> {
        match block {
            Block::Action(call) => self.action(call),
            Block::Sql(sql) => self.sql(sql),
            Block::Redis(redis) => self.redis(redis),
            Block::Sh(script) => Ok(self.sh(script)),
        }
    }

    /// The database that the run is for.
    fn database_id(&self, fields: &Map<String, Value>) -> Result<String, Halt> {
        let Some(database) = self.database else { return Err(Halt::refused("the platform file names no database")) };
        match fields.get("database").and_then(Value::as_str).filter(|id| *id != database.id) {
            None => Ok(database.id.clone()),
            Some(other) => Err(Halt::refused(format!(
                "a step is for the database {}, and the run for {}: one run is on one database",
                printable(other),
                database.id
            ))),
        }
    }

    fn action(&self, call: &Call) -> Result<Action, Halt> {
        let fields = self.fields(call);
        let number = |name: &str| fields.get(name).map(|value| whole(name, value)).transpose();
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let container = text("container").or_else(|| self.service.container.clone());
        let is = |name: &str, word: &str| fields.get(name).and_then(Value::as_str) == Some(word);
        if let Some(other) = fields.get("service").and_then(Value::as_str).filter(|name| *name != self.service.name) {
            let words = format!(
                "a step is for the service {}, and the run for {}: one run is on one service",
                printable(other),
                self.service.name
            );
            return Err(Halt::refused(words));
        }
        let seconds = |name: &str| fields.get(name).and_then(Value::as_u64);
        let place = Place::from(self.service);
        Ok(match call.action.name {
            "check.alarms" => {
                Action::CheckAlarms(CheckAlarms { stop_when_firing: is("when-firing", "stop"), place: Some(place) })
            }
            "check.connections" => Action::CheckConnections(CheckConnections {
                service: self.service.name.clone(),
                database: self.database.map(|database| database.id.clone()),
                tasks: number("tasks")?.unwrap_or_default(),
                stop_when_short: is("when-short", "stop"),
            }),
            "database.blockers" => Action::ShowBlockers(ShowBlockers {
                database: self.database_id(&fields)?,
                older_than_seconds: number("older-than")?.unwrap_or(5 * 60),
            }),
            "database.tables" => Action::ShowTables(ShowTables {
                database: self.database_id(&fields)?,
                show: number("show")?.unwrap_or(10),
            }),
            "ecs.register-image" if is_made(call, "image") => Action::RegisterImage(RegisterImage { place, container }),
            "ecs.rollback" => Action::Rollback(Rollback {
                place,
                to: number("to")?.unwrap_or_default(),
                migrations: text("migrations"),
            }),
            "http.check-health" => Action::CheckHealth(CheckHealth {
                url: text("url").or_else(|| self.service.health_url.clone()),
                status: number("status")?.and_then(|n| u16::try_from(n).ok()).unwrap_or(200),
                successes: number("successes")?.unwrap_or(3),
                timeout_seconds: seconds("timeout").unwrap_or(2 * 60),
            }),
            "image.build" => Action::BuildImage(BuildImage {
                place,
                container,
                context: located(&text("context").unwrap_or_default())?,
                dockerfile: text("dockerfile").map(|path| located(&path)).transpose()?,
                tool: text("tool"),
            }),
            "image.push" if is_made(call, "image") => {
                Action::PushImage(PushImage { place, container, tool: text("tool") })
            }
            "image.find" => Action::FindImage(FindImage { place, container, image: text("image").unwrap_or_default() }),
            "ecs.update-service" => Action::UpdateService(UpdateService {
                place,
                registered: is_made(call, "task-definition"),
                desired_count: number("desired-count")?,
                task_definition: number("task-definition")?,
                force_new_deployment: fields.get("force-new-deployment") == Some(&json!(true)),
                ..UpdateService::default()
            }),
            "ecs.wait-steady" => {
                Action::WaitSteady(WaitSteady { place, timeout_seconds: seconds("timeout").unwrap_or(15 * 60) })
            }
            "scaling.set-bounds" => {
                let until =
                    text("until").map(|until| answer::moment(&until, self.now)).transpose().map_err(Halt::refused)?;
                Action::SetBounds(SetBounds { place, min: number("min")?, max: number("max")?, until })
            }
            "vacuum" => Action::Vacuum(VacuumTables {
                database: self.database_id(&fields)?,
                tables: names(fields.get("tables")),
                analyze: fields.get("analyze") != Some(&json!(false)),
                full: fields.get("full") == Some(&json!(true)),
                lock_timeout_seconds: seconds("lock-timeout").unwrap_or(5),
            }),
            other => return Err(Halt::refused(cannot(other))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_is_never_taken_for_a_field_that_was_left_out() {
        assert_eq!((whole("to", &json!("41")), whole("to", &json!("api:41"))), (Ok(41), Ok(41)));
        for wrong in [json!(-3), json!(5_000_000_000_u64), json!("latest"), json!(true)] {
            let halt = whole("desired-count", &wrong).unwrap_err();
            assert!(halt.words.starts_with("desired-count can't be "), "{}", halt.words);
        }
    }
}
