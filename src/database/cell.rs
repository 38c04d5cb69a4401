//! A value of a row as text, for a screen.

use std::error::Error as StdError;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

/// PostgreSQL counts microseconds from the year 2000 on.
const EPOCH: i64 = 946_684_800_000_000;

/// A value as text: exact where the type is a common one, or its type's name.
struct Text(String);

pub(super) fn cell(row: &Row, column: usize) -> String {
    match row.try_get::<_, Option<Text>>(column) {
        Ok(Some(Text(text))) => text,
        Ok(None) => "null".to_owned(),
        Err(_) => "?".to_owned(),
    }
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Text, Box<dyn StdError + Sync + Send>> {
        let text = match *of {
            Type::BOOL => bool::from_sql(of, raw)?.to_string(),
            Type::INT2 => i16::from_sql(of, raw)?.to_string(),
            Type::INT4 => i32::from_sql(of, raw)?.to_string(),
            Type::INT8 => i64::from_sql(of, raw)?.to_string(),
            Type::OID => u32::from_sql(of, raw)?.to_string(),
            Type::FLOAT4 => f32::from_sql(of, raw)?.to_string(),
            Type::FLOAT8 => f64::from_sql(of, raw)?.to_string(),
            Type::TIMESTAMPTZ => {
                let at = i64::from_be_bytes(raw.try_into()?).checked_add(EPOCH);
                let at = at.and_then(|at| Timestamp::from_microsecond(at).ok());
                at.map_or_else(|| "infinity".to_owned(), |at| at.to_string())
            }
            Type::UUID => raw.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::XML | Type::UNKNOWN => {
                String::from_utf8_lossy(raw).into_owned()
            }
            // A byte says which version of the form follows.
            Type::JSONB => String::from_utf8_lossy(raw.get(1..).unwrap_or_default()).into_owned(),
            Type::VOID => String::new(),
            _ => match of.kind() {
                Kind::Enum(_) => String::from_utf8_lossy(raw).into_owned(),
                Kind::Domain(base) => Text::from_sql(base, raw)?.0,
                _ => format!("({}: cast it to text to see it)", of.name()),
            },
        };
        Ok(Text(text))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
