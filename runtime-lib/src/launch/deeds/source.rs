//! Sources of bind mounts that init does not get to.

use crate::Error;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, OpenSource};
use crate::process::number_in_proc;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;

impl Carry<Launching<'_>> for OpenSource {
    /// What cannot be opened so either is left for init's mount to fail at.
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let init = launching.init()?;
        let number = number_in_proc(init.pidfd()?, init.pid);
        let opened = || -> Result<OwnedFd, Errno> {
            let root = open(
                format!("/proc/{number}/root"),
                OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
                Mode::empty(),
            )?;
            // Below that root a link leads to what init would find by it.
            let path = std::path::absolute(&self.path).map_err(|_| Errno::NOENT)?;
            openat2(
                root,
                path,
                OFlags::PATH | OFlags::CLOEXEC,
                Mode::empty(),
                ResolveFlags::IN_ROOT,
            )
        };
        launching.answer = opened().ok();
        Ok(())
    }
}
