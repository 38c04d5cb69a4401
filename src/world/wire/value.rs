//! What an operation takes and gives, whatever the protocol: a tree.

/// A tree of an AWS request or response.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Seconds since 1970: a number in JSON, a tagged number in CBOR, ISO 8601 in XML.
    Time(i64),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// Nothing: what a missing field reads as.
static NOTHING: Value = Value::Map(Vec::new());

impl Value {
    /// The field of this name; an empty map if there is none.
    pub fn get(&self, name: &str) -> &Value {
        match self {
            Value::Map(fields) => fields.iter().find(|(n, _)| n == name).map_or(&NOTHING, |(_, v)| v),
            _ => &NOTHING,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        matches!(self, Value::Map(fields) if fields.iter().any(|(n, _)| n == name))
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number; Query requests write it as text.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            Value::Float(f) => Some(*f as i64),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub fn bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// An instant, in seconds: a number, or text in ISO 8601.
    pub fn time(&self) -> Option<i64> {
        match self {
            Value::Time(t) | Value::Int(t) => Some(*t),
            Value::Float(t) => Some(*t as i64),
            Value::Text(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second),
            _ => None,
        }
    }

    /// A list; of one thing if it is none, of nothing if it is missing.
    pub fn list(&self) -> &[Value] {
        match self {
            Value::List(list) => list,
            Value::Map(fields) if fields.is_empty() => &[],
            other => std::slice::from_ref(other),
        }
    }

    /// The texts of a list.
    pub fn texts(&self) -> Vec<&str> {
        self.list().iter().filter_map(Value::text).collect()
    }

    /// With this field, if there is a value for it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Value {
        if let (Value::Map(fields), Some(value)) = (&mut self, value) {
            fields.push((name.to_owned(), value.into()));
        }
        self
    }

    pub fn of_json(json: &serde_json::Value) -> Value {
        match json {
            // A field that is null is a field that is missing.
            serde_json::Value::Null => NOTHING.clone(),
            serde_json::Value::Bool(b) => Value::Bool(*b),
            serde_json::Value::Number(n) => {
                n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(0.0)), Value::Int)
            }
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(list) => Value::List(list.iter().map(Value::of_json).collect()),
            serde_json::Value::Object(fields) => Value::Map(
                fields.iter().filter(|(_, v)| !v.is_null()).map(|(n, v)| (n.clone(), Value::of_json(v))).collect(),
            ),
        }
    }

    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Bool(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Float(f) => (*f).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Time(t) => (*t as f64).into(),
            Value::List(list) => list.iter().map(Value::to_json).collect::<Vec<_>>().into(),
            Value::Map(fields) => {
                serde_json::Value::Object(fields.iter().map(|(n, v)| (n.clone(), v.to_json())).collect())
            }
        }
    }
}

/// A map of these fields.
pub fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A list of these.
pub fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::List(items.into_iter().map(Into::into).collect())
}

/// A text, whatever it is written as.
pub fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}
impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::Text(text.clone())
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Bool(b)
    }
}
impl From<i32> for Value {
    fn from(n: i32) -> Value {
        Value::Int(n.into())
    }
}
impl From<u32> for Value {
    fn from(n: u32) -> Value {
        Value::Int(n.into())
    }
}
impl From<usize> for Value {
    fn from(n: usize) -> Value {
        Value::Int(n as i64)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Value {
        Value::Float(f)
    }
}
