//! Hooks of the host, and the state for those of the container.

use crate::Error;
use crate::launch::hooks::{HookState, Watched, run_one};
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, GiveState, RunHook};
use crate::process::{number_in_proc, pid_inside};
use rustix::fd::AsFd;

impl Carry<Launching<'_>> for RunHook {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let init = launching.init()?;
        let state = HookState::new(launching.plan.id(), &launching.plan.about, self.status, Some(init.pid));
        let watched = Watched {
            cancel: launching.io.cancel.as_ref().map(AsFd::as_fd),
            init: Some(init.pidfd()?.as_fd()),
        };
        run_one(self.kind, self.index, &self.hook, &state, &self.output, watched)
    }
}

impl Carry<Launching<'_>> for GiveState {
    /// With the pid that the hooks see.
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let init = launching.init()?;
        let pid = pid_inside(number_in_proc(init.pidfd()?, init.pid));
        let state = HookState::new(launching.plan.id(), &launching.plan.about, self.status, Some(pid));
        launching.answer = Some(state.file()?);
        Ok(())
    }
}
