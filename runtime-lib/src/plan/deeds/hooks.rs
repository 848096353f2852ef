//! Hooks that run on the host.

use super::Told;
use crate::bundle::{Hook, HookOutput};
use crate::plan::leftover::Leftover;
use crate::state::Status;

/// Run a hook on the host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunHook {
    /// Its kind's name in the config, `createRuntime` for example.
    pub(crate) kind: &'static str,
    /// Its number in the list of that kind.
    pub(crate) index: usize,
    pub(crate) hook: Hook,
    /// The container's status, as the hook is told it.
    pub(crate) status: Status,
    pub(crate) output: HookOutput,
}

impl Told for RunHook {
    fn lines(&self) -> Vec<String> {
        let limit = self.hook.timeout.map(|seconds| format!(" for at most {seconds} s"));
        let path = self.hook.path.as_str();
        vec![format!(
            "run the hook {path:?} on the host{}",
            limit.unwrap_or_default()
        )]
    }

    fn leaves(&self) -> Option<Leftover> {
        Some(Leftover::Poststop)
    }
}

/// Give init the state that its own hooks read (runtime-spec: runtime.md#state).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GiveState {
    /// The container's status, as the hooks are told it.
    pub(crate) status: Status,
}

impl Told for GiveState {
    fn lines(&self) -> Vec<String> {
        vec![format!("give init the state for its hooks ({})", self.status)]
    }

    fn leaves(&self) -> Option<Leftover> {
        // Init runs them next.
        Some(Leftover::Poststop)
    }
}
