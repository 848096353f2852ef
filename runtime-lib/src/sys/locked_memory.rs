//! How much memory this process may lock, which programs for the kernel count as before Linux 5.11.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The limit is the process's: one at a time raises it, or one would keep for good what another one has raised.
static TURN: Mutex<()> = Mutex::new(());

/// While it lives, this process may lock as much memory as it has the right to. A child that another thread starts
/// meanwhile inherits that.
pub(super) struct RaisedLimit {
    before: Rlimit,
    _turn: MutexGuard<'static, ()>,
}

impl RaisedLimit {
    /// `None` if it is as high as it can be.
    pub(super) fn new() -> Option<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let before = getrlimit(Resource::Memlock);
        let unlimited = Rlimit {
            current: None,
            maximum: None,
        };
        // Beyond the maximum goes who has CAP_SYS_RESOURCE.
        let highest = Rlimit {
            current: before.maximum,
            maximum: before.maximum,
        };
        let raised = [unlimited, highest]
            .into_iter()
            .filter(|limit| limit.current != before.current);
        let is_raised = raised
            .into_iter()
            .any(|limit| setrlimit(Resource::Memlock, limit).is_ok());
        is_raised.then_some(Self { before, _turn: turn })
    }
}

impl Drop for RaisedLimit {
    fn drop(&mut self) {
        // It only becomes lower, which everybody may do.
        let _ = setrlimit(Resource::Memlock, self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_as_before_afterwards() {
        let before = getrlimit(Resource::Memlock);
        let low = Rlimit {
            current: Some(4096),
            maximum: before.maximum,
        };
        setrlimit(Resource::Memlock, low).unwrap();
        let raised = RaisedLimit::new().unwrap();
        assert_ne!(getrlimit(Resource::Memlock).current, low.current);
        drop(raised);
        let after = getrlimit(Resource::Memlock);
        setrlimit(Resource::Memlock, before).unwrap();
        assert_eq!(after, low);
    }
}
