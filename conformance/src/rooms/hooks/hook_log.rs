//! Hooks that tell of themselves in a file.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::call::lines_in;
use crate::failure::Failure;
use crate::trial::Trial;

/// The file that hooks add to.
pub(super) fn log(t: &Trial<'_>) -> PathBuf {
    t.dir.join("hooks.log")
}

/// A hook of the host: a shell's script.
pub(super) fn shell(script: &str) -> Value {
    json!({"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]})
}

/// A hook of the host that adds a word to the log.
pub(super) fn telling(t: &Trial<'_>, word: &str) -> Value {
    shell(&format!("cat >/dev/null; echo {word} >>{}", log(t).display()))
}

/// A hook of the host: the probe, which adds its name, what it sees and the state to the log.
pub(super) fn on_host(t: &Trial<'_>, name: &str) -> Value {
    let probe = t.probe().to_string_lossy().into_owned();
    json!({"path": probe, "args": [name, "hook", log(t).to_string_lossy()], "env": [format!("STAGE={name}")]})
}

/// What such hooks wrote, in order: name, report, state.
pub(super) fn written(t: &Trial<'_>) -> Result<Vec<(String, Value, Value)>, Failure> {
    let mut seen = Vec::new();
    for line in lines_in(&log(t))? {
        let name = line["hook"]["args"][0].as_str().unwrap_or_default().to_owned();
        let state = serde_json::from_str(line["state"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        seen.push((name, line["hook"].clone(), state));
    }
    Ok(seen)
}
