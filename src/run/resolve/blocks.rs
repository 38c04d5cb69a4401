//! Blocks that are no action's: what of a parameter goes where, so that none becomes part of a statement.

use serde_json::{Map, Value};

use super::Resolver;
use crate::database::Bound;
use crate::run::Halt;
use crate::run::action::{Action, Part, RunRedis, RunScript, RunSql, Statement};
use crate::runbook::{Kind, Name, Piece, Redis, Shell, Sql};

impl Resolver<'_> {
    pub(super) fn sql(&self, sql: &Sql) -> Result<Action, Halt> {
        let database = self.database_id(&Map::new())?;
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text.clone())),
            Piece::Value(name) => self.part(name),
        };
        let statement = |pieces: &Vec<Piece>| pieces.iter().map(part).collect::<Result<_, Halt>>().map(Statement);
        let statements = sql.statements.iter().map(statement).collect::<Result<_, Halt>>()?;
        Ok(Action::Sql(RunSql { database, statements }))
    }

    pub(super) fn redis(&self, redis: &Redis) -> Result<Action, Halt> {
        let Some(cache) = self.cache else { return Err(Halt::refused("the platform file names no cache")) };
        let word = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Value(name) => self.present(name).map(|value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            }),
        };
        let command = |pieces: &Vec<Piece>| pieces.iter().map(word).collect::<Result<Vec<String>, Halt>>();
        let commands = redis.commands.iter().map(command).collect::<Result<_, Halt>>()?;
        Ok(Action::Redis(RunRedis { cache: cache.name.clone(), commands }))
    }

    /// Every parameter is in its environment; one without a value is empty.
    pub(super) fn sh(&self, script: &Shell) -> Action {
        let value = |name: &str| match self.values.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Some(other) => other.to_string(),
        };
        let variables = self.runbook.params.iter().map(|param| (param.variable(), value(&param.name))).collect();
        Action::Sh(RunScript { script: script.script.clone(), variables })
    }

    fn part(&self, name: &Name) -> Result<Part, Halt> {
        Ok(match (self.present(name)?, self.kind(name)) {
            (Value::Array(names), _) => Part::Tables(super::names(Some(&Value::Array(names)))),
            (Value::Number(seconds), Kind::Duration) => {
                Part::Value(Bound::Interval(seconds.as_i64().unwrap_or_default()))
            }
            (Value::String(text), _) => Part::Value(Bound::Text(text)),
            (other, _) => Part::Value(Bound::Text(other.to_string())),
        })
    }

    fn kind(&self, name: &Name) -> Kind {
        match name {
            Name::Param(index) => self.runbook.params.get(*index).map_or(Kind::Text, |param| param.kind),
            Name::Known(known) => known.kind,
        }
    }

    /// A value that has to be there: nothing may take the place of an argument.
    fn present(&self, name: &Name) -> Result<Value, Halt> {
        let named = match name {
            Name::Param(index) => self.runbook.params.get(*index).map(|param| param.name.as_str()),
            Name::Known(known) => Some(known.name),
        };
        let missing = || Halt::refused(format!("{} has no value now", named.unwrap_or("a parameter")));
        self.named(name).filter(|value| !value.is_null()).ok_or_else(missing)
    }
}
