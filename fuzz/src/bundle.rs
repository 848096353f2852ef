use crate::assert_is_a_sentence;
use orlop::Bundle;
use serde_json::Value;

/// Any bytes: a bundle, or one sentence that says why not.
pub fn bundle(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let bundle = match Bundle::parse("/bundle", text) {
        Ok(bundle) => bundle,
        Err(error) => return assert_is_a_sentence(&error.to_string()),
    };
    for warning in bundle.warnings() {
        assert_is_a_sentence(&warning.to_string());
    }
    // What was taken is JSON for an independent parser too, and is an object.
    let value: Value = serde_json::from_str(text).expect("an accepted config is JSON");
    assert!(value.is_object());
    no_nul(&value, "process", "cwd");
    for list in ["args", "env"] {
        for word in value
            .pointer(&format!("/process/{list}"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            assert!(
                !word.as_str().expect("a word").contains('\0'),
                "a NUL in process.{list}"
            );
        }
    }
    for mount in value.get("mounts").and_then(Value::as_array).into_iter().flatten() {
        for member in ["destination", "source", "type"] {
            no_nul(mount, "", member);
        }
    }
    no_nul(&value, "", "hostname");
    no_nul(&value, "root", "path");
}

/// The kernel would take such a string for a shorter one.
fn no_nul(value: &Value, object: &str, member: &str) {
    let object = if object.is_empty() {
        Some(value)
    } else {
        value.get(object)
    };
    if let Some(text) = object.and_then(|object| object.get(member)).and_then(Value::as_str) {
        assert!(!text.contains('\0'), "a NUL in {member}: {text:?}");
    }
}
