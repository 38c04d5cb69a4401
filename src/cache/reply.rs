//! A reply as lines of a screen, as redis-cli shows it.

use redis::Value;

use crate::platform::text::printable;

/// Longest line, in characters.
const LONGEST: usize = 200;
/// Most lines of one reply.
const MOST: usize = 60;

pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    write(value, "", &mut lines);
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("… and {more} more lines"));
    }
    lines
}

fn write(value: &Value, indent: &str, lines: &mut Vec<String>) {
    let mut text = |text: &str| {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = printable(line.trim_end());
            lines.push(indent.chars().chain(line.chars()).take(LONGEST).collect());
        }
    };
    match value {
        Value::Nil => text("(nil)"),
        Value::Int(number) => text(&number.to_string()),
        Value::Double(number) => text(&number.to_string()),
        Value::Boolean(is) => text(&is.to_string()),
        Value::Okay => text("OK"),
        Value::SimpleString(said) | Value::VerbatimString { text: said, .. } => text(said),
        Value::BulkString(bytes) if bytes.is_empty() => text("(empty)"),
        Value::BulkString(bytes) => text(&String::from_utf8_lossy(bytes)),
        Value::Array(values) | Value::Set(values) if values.is_empty() => text("(nothing)"),
        Value::Array(values) | Value::Set(values) => {
            for (number, value) in values.iter().enumerate() {
                write(value, &format!("{indent}{}) ", number + 1), lines);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                write(key, indent, lines);
                write(value, &format!("{indent}  "), lines);
            }
        }
        Value::ServerError(error) => text(&format!("error: {error:?}")),
        other => text(&format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_lines_without_escapes_and_not_too_many() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let value = Value::Array(vec![Value::Int(7), Value::Array(vec![text("a\r\n\u{1b}[2Jb"), Value::Nil])]);
        assert_eq!(lines(&value), ["1) 7", "2) 1) a", "2) 1) ·[2Jb", "2) 2) (nil)"]);
        let long = lines(&Value::Array(vec![text("x"); 1_000]));
        assert_eq!((long.len(), long.last().unwrap().as_str()), (MOST + 1, "… and 940 more lines"));
    }
}
