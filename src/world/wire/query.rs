//! awsQuery: a form in, XML out. The protocol of RDS, STS, and of `CloudWatch` for older clients.

use std::fmt::Write as _;

use super::value::Value;

/// A form's fields; `A.member.1.B=x` becomes a list of maps.
pub fn read(form: &str) -> Value {
    let mut tree = Value::Map(Vec::new());
    for pair in form.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let mut place = &mut tree;
        for part in name.split('.') {
            place = child(place, part);
        }
        *place = Value::Text(value);
    }
    fold(tree)
}

fn child<'a>(tree: &'a mut Value, name: &str) -> &'a mut Value {
    if !matches!(tree, Value::Map(_)) {
        *tree = Value::Map(Vec::new());
    }
    let Value::Map(fields) = tree else { return tree };
    let place = fields.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
        fields.push((name.to_owned(), Value::Map(Vec::new())));
        fields.len() - 1
    });
    &mut fields[place].1
}

/// Maps whose keys are numbers are lists; a map of nothing but such a list is that list (`member`, `Filter` …).
fn fold(tree: Value) -> Value {
    let Value::Map(fields) = tree else { return tree };
    let mut fields: Vec<(String, Value)> = fields.into_iter().map(|(name, value)| (name, fold(value))).collect();
    if !fields.is_empty() && fields.iter().all(|(name, _)| name.parse::<u32>().is_ok()) {
        fields.sort_by_key(|(name, _)| name.parse::<u32>().unwrap_or(0));
        return Value::List(fields.into_iter().map(|(_, value)| value).collect());
    }
    if fields.len() == 1
        && matches!(fields[0].1, Value::List(_))
        && matches!(fields[0].0.as_str(), "member" | "Filter" | "Value")
    {
        return fields.remove(0).1;
    }
    Value::Map(fields)
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (escaped, bytes[i]) {
            (Some(byte), _) => {
                out.push(byte);
                i += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `<NAMEResponse><NAMEResult>…`.
pub fn write(operation: &str, namespace: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\"><{operation}Result>");
    element(&mut xml, result, "");
    let _ = write!(
        xml,
        "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    xml
}

/// `<ErrorResponse>`.
pub fn write_error(code: &str, message: &str, sender: bool, request_id: &str) -> String {
    let side = if sender { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(code),
        escape(message)
    )
}

fn element(xml: &mut String, value: &Value, name: &str) {
    match value {
        Value::Bool(b) => _ = write!(xml, "{b}"),
        Value::Int(n) => _ = write!(xml, "{n}"),
        Value::Float(f) => _ = write!(xml, "{f:?}"),
        Value::Text(text) => xml.push_str(&escape(text)),
        Value::Time(t) => {
            let at = jiff::Timestamp::from_second(*t).unwrap_or_default();
            _ = write!(xml, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        Value::List(items) => {
            let item_name = item(name);
            for item in items {
                _ = write!(xml, "<{item_name}>");
                element(xml, item, item_name);
                _ = write!(xml, "</{item_name}>");
            }
        }
        Value::Map(fields) => {
            for (name, value) in fields {
                _ = write!(xml, "<{name}>");
                element(xml, value, name);
                _ = write!(xml, "</{name}>");
            }
        }
    }
}

/// What RDS calls the items of a list; all others say `member`.
fn item(list: &str) -> &'static str {
    match list {
        "DBInstances" => "DBInstance",
        "Events" => "Event",
        "EventCategories" => "EventCategory",
        "VpcSecurityGroups" => "VpcSecurityGroupMembership",
        "DBParameterGroups" => "DBParameterGroup",
        "TagList" => "Tag",
        _ => "member",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::value::{list, map};
    use super::*;

    #[test]
    fn a_form_becomes_lists_and_maps() {
        let form = "Action=X&Q.member.1.Stat.Period=60&Q.member.2.Id=b&Filters.Filter.1.Values.Value.1=a%20b%2Fc&N=3";
        let tree = read(form);
        assert_eq!(tree.get("N").int(), Some(3));
        assert_eq!(tree.get("Q").list().len(), 2);
        assert_eq!(tree.get("Q").list()[0].get("Stat").get("Period").int(), Some(60));
        assert_eq!(tree.get("Filters").list()[0].get("Values").texts(), ["a b/c"]);
    }

    #[test]
    fn names_cannot_break_the_xml() {
        let xml = write("List", "ns", &map([("Names", list(["a<b>&\"c\""]))]), "id");
        assert!(xml.contains("<Names><member>a&lt;b&gt;&amp;&quot;c&quot;</member></Names>"), "{xml}");
    }
}
