//! Signals of the calling thread.

use nix::sys::signal::{SigSet, SigmaskHow};

/// While this lives, the calling thread takes no signals.
pub(crate) struct Blocked {
    before: Option<SigSet>,
}

impl Blocked {
    /// Blocks all signals.
    pub(crate) fn all() -> Self {
        Self {
            before: SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok(),
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = before.thread_set_mask();
        }
    }
}
