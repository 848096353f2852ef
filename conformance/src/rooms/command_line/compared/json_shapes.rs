//! The shape of JSON: which members there are, in which order.

use std::collections::BTreeSet;

use serde_json::Value;

/// The path of each member, those of a list's items together, with the kind of its value; null is any kind.
pub(super) fn members(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(value, "", &mut found);
    found
}

fn gather(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                found.insert(path.clone());
                gather(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, &format!("{path}[]"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The members of the first object in a text, in their order.
pub(super) fn order(text: &str) -> Vec<String> {
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    let object = parsed.get(0).unwrap_or(&parsed);
    let names = object.as_object().into_iter().flatten().map(|(name, _)| name);
    let mut placed: Vec<(usize, &String)> = names
        .filter_map(|name| Some((text.find(&format!("\"{name}\":"))?, name)))
        .collect();
    placed.sort();
    placed.into_iter().map(|(_, name)| name.clone()).collect()
}

/// What a kind of value is called.
pub(super) fn kinds(value: &Value) -> Vec<(String, &'static str)> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), kind(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_told_by_their_paths_and_lists_item_by_item() {
        let found = members(&json!({"a": [{"b": 1}, {"c": null}], "d": {}}));
        let wanted = [".a", ".a[].b", ".a[].c", ".d"].map(str::to_owned);
        assert_eq!(found, wanted.into_iter().collect());
    }

    #[test]
    fn order_is_that_of_the_text() {
        assert_eq!(order("[{\"b\":1,\"a\":{\"c\":2}}]"), ["b", "a"]);
    }
}
