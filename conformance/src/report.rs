//! Looking things up in what the probe reports.

use serde_json::Value;

use crate::failure::Failure;

/// The uppermost mount at a place.
pub(crate) fn mount_at<'r>(report: &'r Value, point: &str) -> Result<&'r Value, Failure> {
    let mounts = report["mounts"].as_array();
    let found = mounts.into_iter().flatten().rev().find(|mount| mount["point"] == point);
    found.ok_or_else(|| Failure::Wrong(format!("nothing is mounted at {point}")))
}

/// Does a list of words hold the word?
pub(crate) fn has(list: &Value, word: &str) -> bool {
    list.as_array().into_iter().flatten().any(|one| one == word)
}

/// Does a list of words hold one that begins so?
pub(crate) fn has_start(list: &Value, start: &str) -> bool {
    list.as_array()
        .into_iter()
        .flatten()
        .any(|one| one.as_str().is_some_and(|word| word.starts_with(start)))
}

/// The words of what a probe read.
pub(crate) fn words(line: &Value) -> Vec<&str> {
    line["value"].as_str().unwrap_or_default().split_whitespace().collect()
}
