//! A value of an answer.

use std::sync::Arc;

use futures::stream;
use pgwire::api::Type;
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo, QueryResponse};
use pgwire::error::PgWireResult;

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int4(i32),
    Int8(i64),
    Oid(u32),
    Float8(f64),
    Text(String),
    Int4s(Vec<i32>),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// As `(extract(epoch FROM …) * 1000000)::int8` gives seconds.
    pub fn micros(seconds: Option<i64>) -> Cell {
        seconds.into_cell(|s| Cell::Int8(s * 1_000_000))
    }
}

/// Nothing is `NULL`.
pub trait IntoCell<T> {
    fn into_cell(self, of: impl FnOnce(T) -> Cell) -> Cell;
}

impl<T> IntoCell<T> for Option<T> {
    fn into_cell(self, of: impl FnOnce(T) -> Cell) -> Cell {
        self.map_or(Cell::Null, of)
    }
}

/// The columns of an answer. plantao reads them by their place.
pub fn fields(columns: &[Type], format: Option<&Format>) -> Vec<FieldInfo> {
    let format = |i: usize| format.map_or(FieldFormat::Text, |f| f.format_for(i));
    let field = |(i, kind): (usize, &Type)| FieldInfo::new("?column?".to_owned(), None, None, kind.clone(), format(i));
    columns.iter().enumerate().map(field).collect()
}

/// An answer with these rows.
pub fn answer(columns: Vec<FieldInfo>, rows: Vec<Vec<Cell>>) -> QueryResponse {
    let columns = Arc::new(columns);
    let mut encoder = DataRowEncoder::new(Arc::clone(&columns));
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| {
            row.iter().try_for_each(|cell| encode(&mut encoder, cell))?;
            Ok(encoder.take_row())
        })
        .collect();
    QueryResponse::new(columns, stream::iter(rows))
}

fn encode(encoder: &mut DataRowEncoder, cell: &Cell) -> PgWireResult<()> {
    match cell {
        Cell::Null => encoder.encode_field(&None::<String>),
        Cell::Bool(value) => encoder.encode_field(value),
        Cell::Int4(value) => encoder.encode_field(value),
        Cell::Int8(value) => encoder.encode_field(value),
        Cell::Oid(value) => encoder.encode_field(value),
        Cell::Float8(value) => encoder.encode_field(value),
        Cell::Text(value) => encoder.encode_field(value),
        Cell::Int4s(value) => encoder.encode_field(value),
    }
}
