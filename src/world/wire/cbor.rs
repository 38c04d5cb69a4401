//! Smithy RPC v2 CBOR: the protocol of the newest `CloudWatch` clients.

use ciborium::Value as Cbor;

use super::value::Value;

/// RFC 8949: seconds since 1970.
const EPOCH_TAG: u64 = 1;

/// A request's body; an empty one is an empty map. `None` if it is no CBOR.
pub fn read(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Map(Vec::new()));
    }
    ciborium::from_reader::<Cbor, _>(body).ok().map(from)
}

pub fn write(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to memory cannot fail.
    let _ = ciborium::into_writer(&to(value), &mut body);
    body
}

fn from(cbor: Cbor) -> Value {
    match cbor {
        Cbor::Bool(b) => Value::Bool(b),
        Cbor::Integer(n) => Value::Int(i128::from(n) as i64),
        Cbor::Float(f) => Value::Float(f),
        Cbor::Text(text) => Value::Text(text),
        Cbor::Tag(EPOCH_TAG, inner) => match *inner {
            Cbor::Integer(n) => Value::Time(i128::from(n) as i64),
            Cbor::Float(f) => Value::Time(f as i64),
            other => from(other),
        },
        Cbor::Tag(_, inner) => from(*inner),
        Cbor::Array(list) => Value::List(list.into_iter().map(from).collect()),
        Cbor::Map(fields) => Value::Map(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .filter_map(|(name, value)| Some((name.into_text().ok()?, from(value))))
                .collect(),
        ),
        _ => Value::Map(Vec::new()),
    }
}

fn to(value: &Value) -> Cbor {
    match value {
        Value::Bool(b) => Cbor::Bool(*b),
        Value::Int(n) => Cbor::Integer((*n).into()),
        Value::Float(f) => Cbor::Float(*f),
        Value::Text(text) => Cbor::Text(text.clone()),
        Value::Time(t) => Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(*t as f64))),
        Value::List(list) => Cbor::Array(list.iter().map(to).collect()),
        Value::Map(fields) => Cbor::Map(fields.iter().map(|(n, v)| (Cbor::Text(n.clone()), to(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::{list, map, text};
    use super::*;

    #[test]
    fn a_tree_survives_the_way_there_and_back() {
        let tree = map([
            ("Name", text("plantão")),
            ("Count", Value::Int(-3)),
            ("Value", Value::Float(12.5)),
            ("At", Value::Time(1_790_000_000)),
            ("Flags", list([true, false])),
        ]);
        assert_eq!(read(&write(&tree)), Some(tree));
        assert_eq!(read(b""), Some(Value::Map(Vec::new())));
        assert_eq!(read(b"\xff\xff"), None);
    }
}
