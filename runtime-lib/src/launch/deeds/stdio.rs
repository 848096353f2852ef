//! Stdio for a user of another user namespace.

use crate::Error;
use crate::bundle::IdMapping;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, GiveStdio};
use crate::process::{Pid, number_in_proc};
use orlop_init::linux::terminal::is_a_users;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{FileType, Gid, OFlags, Uid, fchown, fcntl_getfl, fstat, major, minor};

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
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let own = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        for (chosen, own) in launching.io.stdio.iter().zip(own) {
            let file = chosen.as_ref().map_or(own, AsFd::as_fd);
            if is_ours_to_give(file) {
                let _: Result<(), _> = fchown(file, Some(Uid::from_raw(on_host)), None::<Gid>);
            }
        }
        Ok(())
    }
}

/// Whether a file belongs to the caller alone: neither to somebody else, nor, as `/dev/null` does, to everybody. One
/// that is only read stays the caller's, too: its owner could write to it.
fn is_ours_to_give(file: BorrowedFd<'_>) -> bool {
    let Ok(status) = fstat(file) else {
        return false;
    };
    let is_a_kind_to_give = match FileType::from_raw_mode(status.st_mode) {
        FileType::Fifo | FileType::Socket => true,
        FileType::RegularFile => fcntl_getfl(file).is_ok_and(|flags| flags.intersects(OFlags::WRONLY | OFlags::RDWR)),
        FileType::CharacterDevice => is_a_users(major(status.st_rdev), minor(status.st_rdev)),
        _ => false,
    };
    is_a_kind_to_give && status.st_uid == rustix::process::geteuid().as_raw()
}

/// Who a user of a process's user namespace is here.
fn on_host(pid: Pid, uid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).ok()?;
    IdMapping::on_host(&IdMapping::of_lines(&text), uid)
}
