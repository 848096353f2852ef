//! Stdio for a user of another user namespace.

use crate::Error;
use crate::launch::launching::Launching;
use crate::launch::stdio::{is_nameless, on_host};
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, GiveStdio};
use crate::process::number_in_proc;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Gid, Uid, fchown, fstat};

impl Carry<Launching<'_>> for GiveStdio {
    /// A refusal costs the process that it can open `/dev/stdout` anew, no more.
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let on_host = match self.on_host {
            Some(on_host) => Some(on_host),
            None => {
                let init = launching.init()?;
                on_host(number_in_proc(init.pidfd()?, init.pid), self.uid)
            }
        };
        let Some(on_host) = on_host else {
            return Ok(());
        };
        for number in 0..3 {
            let pipe = launching.returned[number].as_ref();
            let file = pipe.map_or_else(|| launching.stdio(number), AsFd::as_fd);
            if is_ours_to_give(file) {
                let _: Result<(), _> = fchown(file, Some(Uid::from_raw(on_host)), None::<Gid>);
            }
        }
        Ok(())
    }
}

/// Whether a file belongs to the caller, and to nobody who finds it by a name on the host.
fn is_ours_to_give(file: BorrowedFd<'_>) -> bool {
    fstat(file).is_ok_and(|status| status.st_uid == rustix::process::geteuid().as_raw() && is_nameless(file, &status))
}
