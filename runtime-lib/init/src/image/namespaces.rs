//! Joining what exists already: cgroups, namespaces, and a keyring of init's own.

use crate::Init;
use crate::digits::decimal;
use crate::failure::{Failure, Outcome};
use crate::linux::namespace;
use crate::step::Act;
use crate::step::namespaces::{
    BecomeRoot, DropGroups, Dumpable, EnterTimeNamespace, GoOnInChild, JoinCgroup, JoinDeferred, JoinNamespace,
    JoinProcess, NewKeyring, OpenTimeOffsets, TimeOffsets, Unshare,
};
use crate::sys::{self, Errno, Fd};
use crate::wire::Part;

impl Act<Init> for Dumpable {
    fn act(&self, _: &mut Init) -> Outcome {
        sys::process_control(sys::PR_SET_DUMPABLE, u64::from(self.yes), 0)?;
        Ok(())
    }
}

impl Act<Init> for NewKeyring<'_> {
    fn act(&self, _: &mut Init) -> Outcome {
        match sys::join_session_keyring(self.name) {
            Ok(keyring) => {
                // A further process of the container joins it by its name; without that it has one of its own.
                let _ = sys::let_owner_find(keyring);
                Ok(())
            }
            // A kernel without keyrings has no keys to leak.
            Err(Errno::NOSYS) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Act<Init> for JoinCgroup<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        let file = init.descriptor(self.file)?;
        // A hierarchy that nobody asked for and that cannot be written, as an ordinary user meets it.
        if file == Fd::NONE {
            return Ok(());
        }
        sys::write(file, b"0")?;
        Ok(())
    }
}

impl Act<Init> for Unshare {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::unshare(self.flags)?)
    }
}

impl Act<Init> for JoinNamespace {
    fn act(&self, init: &mut Init) -> Outcome {
        match sys::join_namespace(init.descriptor(self.file)?, self.kind) {
            Err(Errno::PERM) if self.defer => {
                init.deferred |= self.kind;
                Ok(())
            }
            result => {
                result?;
                init.in_user_namespace |= self.kind == namespace::NEWUSER;
                Ok(())
            }
        }
    }
}

impl Act<Init> for JoinDeferred {
    fn act(&self, init: &mut Init) -> Outcome {
        if init.deferred & self.kind != 0 {
            sys::join_namespace(init.descriptor(self.file)?, self.kind)?;
        }
        Ok(())
    }
}

impl Act<Init> for JoinProcess {
    fn act(&self, init: &mut Init) -> Outcome {
        sys::join_namespace(init.descriptor(self.pidfd)?, self.kinds)?;
        init.in_user_namespace |= self.kinds & namespace::NEWUSER != 0;
        Ok(())
    }
}

impl Act<Init> for BecomeRoot {
    /// Until here init had the caller's ids, which have no meaning inside: nothing that it makes could be owned by
    /// anybody.
    fn act(&self, init: &mut Init) -> Outcome {
        init.in_user_namespace = true;
        if !self.keep_groups {
            // Refused where groups cannot be dropped at all.
            let _ = sys::set_groups(&[]);
        }
        for outcome in [sys::set_gid(0), sys::set_uid(0)] {
            match outcome {
                // The namespace has no root. Then what init makes is the caller's, if that is mapped.
                Ok(()) | Err(Errno::INVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        // Both were lost with the change of user.
        die_with_parent();
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
        Ok(())
    }
}

impl Act<Init> for GoOnInChild {
    fn act(&self, init: &mut Init) -> Outcome {
        let child = match self.cgroup.map(|cgroup| init.descriptor(cgroup)).transpose()? {
            // One that the container has not got.
            None | Some(Fd::NONE) => sys::fork(sys::CLONE_PARENT | sys::SIGCHLD)?,
            Some(cgroup) => {
                let otherwise = self.otherwise.map(|slot| init.descriptor(slot)).transpose()?;
                fork_into(cgroup, otherwise.unwrap_or(Fd::NONE))?
            }
        };
        if child != 0 {
            let child = i32::try_from(child).map_err(|_| Failure::from(Part::Plan))?;
            init.offer.push(decimal(child, &mut [0; 12]));
            init.announce(self.turn)?;
            sys::exit(0);
        }
        die_with_parent();
        sys::new_session()?;
        init.await_go(self.turn)
    }
}

impl Act<Init> for DropGroups {
    fn act(&self, _: &mut Init) -> Outcome {
        let _ = sys::set_groups(&[]);
        Ok(())
    }
}

impl Act<Init> for OpenTimeOffsets {
    /// Before a user namespace is entered that others live in: they could look into a process that can be dumped.
    fn act(&self, init: &mut Init) -> Outcome {
        init.time_offsets = init.open_own(c"self/timens_offsets")?;
        Ok(())
    }
}

impl Act<Init> for TimeOffsets<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        if init.time_offsets == Fd::NONE {
            OpenTimeOffsets {}.act(init)?;
        }
        sys::write(init.time_offsets, self.text.to_bytes())?;
        sys::close(init.time_offsets);
        Ok(())
    }
}

impl Act<Init> for EnterTimeNamespace {
    /// By itself, init enters it with its execve only, and before Linux 6.3 not even then.
    fn act(&self, init: &mut Init) -> Outcome {
        init.open_proc()?;
        // The name is a magic link, which stays no place below.
        let file = sys::open(init.proc, c"self/ns/time_for_children", sys::O_RDONLY, 0)?;
        sys::join_namespace(file, namespace::NEWTIME)?;
        sys::close(file);
        Ok(())
    }
}

/// A copy in another cgroup, or in the second one if that takes none. Where `clone3` is refused, as by a filter around the
/// runtime, the copy goes there itself.
fn fork_into(cgroup: Fd, otherwise: Fd) -> Result<usize, Failure> {
    match sys::fork_into(cgroup) {
        Err(Errno::BUSY) if otherwise != Fd::NONE => return Ok(sys::fork_into(otherwise)?),
        Err(Errno::NOSYS) => {}
        child => return Ok(child?),
    }
    let open = |cgroup| sys::open(cgroup, c"cgroup.procs", sys::O_WRONLY, 0);
    let door = open(cgroup)?;
    let other = if otherwise == Fd::NONE {
        Fd::NONE
    } else {
        open(otherwise)?
    };
    let child = sys::fork(sys::CLONE_PARENT | sys::SIGCHLD)?;
    if child == 0 {
        match sys::write(door, b"0") {
            Err(Errno::BUSY) if other != Fd::NONE => sys::write(other, b"0")?,
            outcome => outcome?,
        };
    }
    sys::close(door);
    if other != Fd::NONE {
        sys::close(other);
    }
    Ok(child)
}

pub(crate) fn die_with_parent() {
    let _ = sys::process_control(sys::PR_SET_PDEATHSIG, u64::from(sys::SIGKILL.cast_unsigned()), 0);
}
