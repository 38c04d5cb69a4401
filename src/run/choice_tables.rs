//! The tables that a question for tables can be answered with.

use super::action::table_line;
use super::database::open;
use super::{Context, Halt};

/// The user's tables, those that need vacuum most first: the value as it is typed, what it is called on a screen, and
/// what there is to know of it. Only reads.
pub async fn tables_choices(context: &Context, database: &str) -> Result<Vec<(String, String, String)>, Halt> {
    let (_, session) = open(context, database).await?;
    let now = context.clock.now();
    let tables = session.tables().await?;
    Ok(tables
        .iter()
        .map(|table| {
            let name = &table.name;
            (format!("{}.{}", name.schema, name.name), name.to_string(), table_line(table, now))
        })
        .collect())
}
