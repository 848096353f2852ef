//! Hooks (runtime-spec: config.md#posix-platform-hooks).

use super::super::hooks::Hooks;
use super::absolute;
use super::process::environment;
use crate::problem::{JsonPath, Problems};

pub(super) fn hooks(hooks: &Hooks, problems: &mut Problems) {
    for (kind, hooks) in hooks.kinds() {
        for (index, hook) in hooks.iter().enumerate() {
            let path = JsonPath::from("hooks").member(kind).index(index);
            absolute(&hook.path, || path.member("path").to_string(), problems);
            environment(hook.env.as_deref().unwrap_or_default(), &path.member("env"), problems);
            if let Some(timeout) = hook.timeout
                && timeout <= 0
            {
                problems.error(path.member("timeout"), format!("{timeout} is not greater than 0"));
            }
        }
    }
}
