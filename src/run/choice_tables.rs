//! The tables that a question for tables can be answered with.

use super::action::table_line;
use super::database::open;
use super::{Choice, Context, Halt};

/// The user's tables, those that need vacuum most first. Only reads.
pub(super) async fn tables_choices(context: &Context, database: &str) -> Result<Vec<Choice>, Halt> {
    let (_, session) = open(context, database).await?;
    let now = context.clock.now();
    let tables = session.tables().await?;
    Ok(tables
        .iter()
        .map(|table| {
            let name = &table.name;
            Choice {
                value: format!("{}.{}", name.schema, name.name),
                label: name.to_string(),
                detail: table_line(table, now),
            }
        })
        .collect())
}
