//! Joining what exists already: cgroups, namespaces, and a keyring of our own.

use crate::Init;
use crate::failure::{Failure, Outcome};
use crate::sys::{self, Errno, Fd};
use crate::wire::{Message, Part, Slot};
use core::ffi::CStr;

pub(crate) fn new_keyring(name: &CStr) -> Outcome {
    match sys::join_session_keyring(name) {
        // A kernel without keyrings has no keys to leak.
        Ok(_) | Err(Errno(38)) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

pub(crate) fn join_cgroup(file: Fd) -> Outcome {
    // A hierarchy that nobody asked for and that cannot be written, as an ordinary user meets it.
    if file == Fd::NONE {
        return Ok(());
    }
    sys::write(file, b"0")?;
    Ok(())
}

impl Init<'_> {
    pub(crate) fn join_namespace(&mut self, file: Slot, kind: u64, defer: bool) -> Outcome {
        match sys::join_namespace(self.descriptor(file)?, kind) {
            Err(Errno::PERM) if defer => {
                self.deferred |= kind;
                Ok(())
            }
            result => {
                result?;
                self.in_user_namespace |= kind == CLONE_NEWUSER;
                Ok(())
            }
        }
    }

    pub(crate) fn join_deferred(&mut self, file: Slot, kind: u64) -> Outcome {
        if self.deferred & kind != 0 {
            sys::join_namespace(self.descriptor(file)?, kind)?;
        }
        Ok(())
    }

    pub(crate) fn map_ids(&mut self, index: u32) -> Outcome {
        self.in_user_namespace = true;
        // A parent without privileges has to reach the map files.
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 1, 0);
        self.handshake(Message::MAPS, index, 0)?;
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
        Ok(())
    }

    /// Until here init had the caller's ids, which have no meaning inside: nothing that it makes could be owned by anybody.
    pub(crate) fn become_root(&mut self, keep_groups: bool) -> Outcome {
        self.in_user_namespace = true;
        if !keep_groups {
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
        self.die_with_parent();
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
        Ok(())
    }

    /// Only children enter a pid namespace, so init goes on as one: a child of the same parent, which has to know its pid.
    pub(crate) fn join_pid_namespace(&mut self, file: Slot, index: u32) -> Outcome {
        const CLONE_NEWPID: u64 = 0x2000_0000;
        sys::join_namespace(self.descriptor(file)?, CLONE_NEWPID)?;
        self.enter_pid_namespace(index)
    }

    pub(crate) fn enter_pid_namespace(&mut self, index: u32) -> Outcome {
        let child = sys::fork(sys::CLONE_PARENT | sys::SIGCHLD)?;
        if child != 0 {
            let detail = u32::try_from(child).map_err(|_| Failure::from(Part::Plan))?;
            let message = Message {
                kind: Message::MOVED,
                step: index,
                errno: 0,
                part: 0,
                detail,
                length: 0,
            };
            sys::send(self.channel, &message.to_bytes(), None)?;
            sys::exit(0);
        }
        self.die_with_parent();
        sys::new_session()?;
        self.await_go()
    }

    fn die_with_parent(&self) {
        let _ = sys::process_control(sys::PR_SET_PDEATHSIG, u64::from(sys::SIGKILL.cast_unsigned()), 0);
    }
}

const CLONE_NEWUSER: u64 = 0x1000_0000;
