//! Configs for the bundle's tests, and what makes two of them the same.

#![allow(dead_code, reason = "each test that includes this file needs a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::fs;
use std::path::Path;

/// All configs of the corpus with their names: those that engines wrote, and one that has each member of the spec.
pub(crate) fn configs() -> Vec<(String, String)> {
    corpus()
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".process.json"))
        .chain([("full".to_owned(), full())])
        .collect()
}

/// The `process.json` files of the corpus.
pub(crate) fn processes() -> Vec<(String, String)> {
    corpus()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".process.json"))
        .collect()
}

/// A config that has each member of the spec.
pub(crate) fn full() -> String {
    fs::read_to_string(folder().join("bundle-full.json")).unwrap()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

fn corpus() -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder().join("engines"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|file| (name(file), fs::read_to_string(file).unwrap()))
        .collect()
}

/// The value without what means nothing: `null`, empty text, empty lists and objects, `false`, the order of
/// capabilities (and doubles) and of the letters of `access`.
pub(crate) fn meaning(value: &Value) -> Value {
    match value {
        Value::Array(names)
            if names
                .iter()
                .all(|name| name.as_str().is_some_and(|name| name.starts_with("CAP_"))) =>
        {
            let mut sorted = names.clone();
            sorted.sort_by_key(ToString::to_string);
            sorted.dedup();
            Value::Array(sorted)
        }
        Value::Object(members) => {
            let kept = members.iter().map(|(name, value)| match value.as_str() {
                Some(letters) if name == "access" => (name.clone(), Value::from(sorted(letters))),
                _ => (name.clone(), meaning(value)),
            });
            Value::Object(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(meaning).collect()),
        other => other.clone(),
    }
}

fn sorted(letters: &str) -> String {
    let mut letters: Vec<char> = letters.chars().collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Where two values differ first, for a failed test's message.
pub(crate) fn difference(left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|name| {
            let inner = difference(a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null))?;
            Some(format!(".{name}{inner}"))
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (a, b))| Some(format!("[{index}]{}", difference(a, b)?))),
        _ => (left != right).then(|| format!(": {left} and {right}")),
    }
}
