//! A `sql` block: statements on the run's database, their values bound, the names of tables quoted.

mod apply;
mod shown;
mod text;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::tables::place;
use super::{Context, Done};
use crate::database::{Bound, Database, Table, TableName, Target, table_named};
use crate::platform::text::{printable, shell_word};
use crate::run::database::open;
use crate::run::{Halt, View, Work};
pub use text::{Part, Statement};

/// There is no taking back.
pub(super) const STAYS: &str = "what a statement changed stays: write one that changes it back";
/// Lines of a statement that a plan shows.
const SHOWN: usize = 30;
/// For a plan.
const EXPECTED_SECONDS: u64 = 2;

/// Which statements, on which database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunSql {
    /// As the platform file names it.
    pub database: String,
    /// In their order.
    pub statements: Vec<Statement>,
}

/// What a plan was made on: the server, and each statement exactly as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Made {
    server: String,
    statements: Vec<Ready>,
}

/// A statement as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ready {
    sql: String,
    values: Vec<Bound>,
    /// It may be sent again: nothing changes by it.
    reads: bool,
}

impl RunSql {
    pub(super) async fn plan(&self, context: &Context) -> Result<View, Halt> {
        let (target, database) = open(context, &self.database).await?;
        let mut view = View { expected_seconds: EXPECTED_SECONDS, ..View::default() };
        view.facts.push(place(&target, &database));
        let names = self.names(&database).await?;
        let count = self.statements.len();
        let mut made = Made { server: target.to_string(), statements: Vec::new() };
        for (index, statement) in self.statements.iter().enumerate() {
            let (sql, values) = statement.ready(&names);
            // A server that can't tell is one that does not know plantao's questions.
            let reads = database.only_reads(&sql).await.unwrap_or(false);
            // What an earlier statement or step makes is not there yet.
            let is_first = made.statements.iter().all(|before: &Ready| before.reads);
            if let Some(warning) = doubt(&database, &sql, &values).await?.filter(|_| is_first) {
                view.warnings.push(warning);
            }
            let does = if reads { "only reads" } else { "may change something" };
            let number = if count == 1 { String::new() } else { format!(" {} of {count}", index + 1) };
            view.facts.push(format!("statement{number} {does}:"));
            let lines: Vec<&str> = sql.lines().filter(|line| !line.trim().is_empty()).collect();
            view.facts.extend(lines.iter().take(SHOWN).map(|line| format!("  {}", printable(line))));
            if lines.len() > SHOWN {
                view.facts.push(format!("  … and {} more lines", lines.len() - SHOWN));
            }
            view.facts.extend(
                values.iter().enumerate().map(|(at, value)| format!("  ${} = {}", at + 1, printable(&value.literal()))),
            );
            made.statements.push(Ready { sql, values, reads });
        }
        if made.statements.iter().any(|statement| !statement.reads) {
            view.undo = Some(STAYS.to_owned());
        }
        view.command = Some(self.command(&target, &names));
        view.basis = json!(made);
        Ok(view)
    }

    /// What every name of a table means. It is only ever compared with what is there.
    async fn names(&self, database: &Database) -> Result<Vec<(String, TableName)>, Halt> {
        let words: Vec<&String> = self.statements.iter().flat_map(Statement::tables).collect();
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let tables: Vec<Table> = database.tables().await?;
        words.into_iter().map(|word| Ok((word.clone(), table_named(&tables, word)?.name.clone()))).collect()
    }

    fn command(&self, target: &Target, names: &[(String, TableName)]) -> String {
        let statements =
            self.statements.iter().map(|statement| format!(" -c {}", shell_word(&statement.literal(names))));
        printable(&format!("{}{}", target.psql(), statements.collect::<String>())).into_owned()
    }

    pub(super) async fn apply(&self, work: &mut Work<'_>) -> Result<Done, Halt> {
        apply::apply(self, work).await
    }
}

/// What the server says of a statement before anything is sent: a slip of the pen is refused, what is not there is a
/// warning, as an earlier step may make it.
async fn doubt(database: &Database, sql: &str, values: &[Bound]) -> Result<Option<String>, Halt> {
    match database.understands("read the statement", sql, values).await {
        Ok(()) => Ok(None),
        // It is no SQL, or none that this server has.
        Err(trouble) if matches!(trouble.sqlstate.as_deref(), Some("42601" | "0A000")) => {
            Err(Halt::refused(trouble.to_string()))
        }
        Err(trouble) if trouble.is_in_doubt() => Err(trouble.into()),
        Err(trouble) => Ok(Some(format!("as things are now the server would refuse it: {}", trouble.why))),
    }
}
