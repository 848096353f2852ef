//! Where init is: cgroups, namespaces, and a keyring of its own.

use super::reads::{Failed, Member, Reads};
use super::words::{Named, Quoted};
use crate::linux::{errno, namespace};
use crate::wire::Slot;
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

steps! { 1<'a>;
    /// Whether others may look into init's memory and its files of /proc (`man 2 prctl`, `PR_SET_DUMPABLE`). A parent
    /// without privileges has to reach the files that take the id maps.
    Dumpable = 1 {
        /// They may.
        yes: bool,
    }
    /// Take a session keyring of this name, a new one unless there is one that its owner may find
    /// (`man 2 keyctl`, `KEYCTL_JOIN_SESSION_KEYRING`).
    NewKeyring<'a> = 2 {
        /// Its name.
        name: &'a CStr,
    }
    /// Join a cgroup: write `0` to its `tasks` or `cgroup.procs`. As the only thread, init is spared the lock that
    /// moving another process takes.
    JoinCgroup<'a> = 3 {
        /// The file, open for writing.
        file: Slot,
        /// The hierarchy's controllers.
        controllers: &'a CStr,
    }
    /// Make new namespaces (`man 2 unshare`).
    Unshare = 4 {
        /// `CLONE_NEW*` flags.
        flags: u64,
    }
    /// Join a namespace (`man 2 setns`).
    JoinNamespace = 5 {
        /// The namespace's file.
        file: Slot,
        /// Its `CLONE_NEW*` flag.
        kind: u64,
        /// A refusal is no error yet: the same is tried again from within the user namespace.
        defer: bool,
    }
    /// Join a namespace that could not be joined before the user namespace was.
    JoinDeferred = 6 {
        /// The namespace's file.
        file: Slot,
        /// Its `CLONE_NEW*` flag.
        kind: u64,
    }
    /// Join namespaces of another process, all at once (`man 2 setns` with a pidfd, Linux 5.8).
    JoinProcess = 7 {
        /// The process's pidfd.
        pidfd: Slot,
        /// `CLONE_NEW*` flags.
        kinds: u64,
    }
    /// Become root of the user namespace, as far as it has one.
    BecomeRoot = 8 {
        /// Stay in the caller's supplementary groups.
        keep_groups: bool,
    }
    /// Go on in a child of the same parent: only children are in a pid namespace that was made or joined, and born into
    /// another cgroup without the wait of one that moves. Which process that is, the parent is told with this turn.
    GoOnInChild = 9 {
        /// The turn's number.
        turn: u32,
        /// The directory of the v2 cgroup that the child is born into (`man 2 clone3`, `CLONE_INTO_CGROUP`), if it is
        /// another one.
        cgroup: Option<Slot>,
        /// The directory of the one that takes its place where it has come to take no processes.
        otherwise: Option<Slot>,
    }
    /// Leave the caller's supplementary groups, if that is allowed: in a user namespace that is joined it may not be.
    DropGroups = 10 {
    }
    /// Open the file that takes the offsets of a new time namespace, while it is init's to open.
    OpenTimeOffsets = 11 {
    }
    /// Set how far the new time namespace's clocks are off the host's.
    TimeOffsets<'a> = 12 {
        /// Lines for `/proc/self/timens_offsets`.
        text: &'a CStr,
    }
    /// Enter the time namespace that was made for children.
    EnterTimeNamespace = 13 {
    }
}

impl Reads for Dumpable {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str(if self.yes {
            "let the runtime reach init's files in /proc"
        } else {
            "hide init's memory and files from other processes"
        })
    }
}

impl Reads for NewKeyring<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "take a session keyring of its own, {}", Quoted(self.name))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::DQUOT {
            out.write_str(
                "the user's quota of keys is used up (/proc/key-users): raise maxkeys in /proc/sys/kernel/keys \
                 (root_maxkeys for root), or go without with --no-new-keyring",
            )?;
        }
        Ok(())
    }
}

impl Reads for JoinCgroup<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "join the cgroup of {}", super::Escaped(self.controllers))
    }
}

impl Reads for Unshare {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "make a new {} namespace", Named(namespace::NAMES, self.flags))
    }
}

/// Why a namespace is not joined.
fn joining(kind: u64, errno: i32) -> &'static str {
    match (kind, errno) {
        (namespace::NEWUSER, errno::INVAL) => "it is the one that the runtime itself is in",
        (_, errno::PERM) => "it needs CAP_SYS_ADMIN in the user namespace that owns it",
        (_, errno::INVAL) => "it is a namespace of another type",
        _ => "",
    }
}

impl Reads for JoinNamespace {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "join an existing {} namespace", Named(namespace::NAMES, self.kind))
    }

    fn member(&self, _: &Failed<'_>) -> Option<Member> {
        Some(Member::Of("path"))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(joining(self.kind, failed.errno))
    }
}

impl Reads for JoinDeferred {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let names = Named(namespace::NAMES, self.kind);
        write!(out, "join an existing {names} namespace, if it could not be before")
    }

    fn member(&self, _: &Failed<'_>) -> Option<Member> {
        Some(Member::Of("path"))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(joining(self.kind, failed.errno))
    }
}

impl Reads for JoinProcess {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let names = Named(namespace::NAMES, self.kinds);
        write!(out, "join the container's namespaces: {names}")
    }
}

impl Reads for BecomeRoot {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("become root of the user namespace")?;
        if self.keep_groups {
            out.write_str(", and stay in the supplementary groups")?;
        }
        Ok(())
    }
}

impl Reads for GoOnInChild {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let place = match self.cgroup {
            Some(_) => "the container's cgroup",
            None => "the pid namespace",
        };
        write!(out, "go on in a child, which is in {place}, at turn {}", self.turn)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(match (failed.errno, self.cgroup) {
            (errno::NOMEM, _) => {
                "the init of that pid namespace has ended, and no process can begin in it any more: join one whose \
                 init lives"
            }
            (errno::AGAIN, _) => "the cgroup's limit of processes (pids.max), or the user's (RLIMIT_NPROC), is reached",
            (errno::BUSY, Some(_)) => "it has passed controllers on to the cgroups below, and takes no processes",
            _ => "",
        })
    }
}

impl Reads for DropGroups {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("leave the caller's supplementary groups, if it may")
    }
}

impl Reads for OpenTimeOffsets {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("open /proc/self/timens_offsets for the clocks' offsets")
    }
}

impl Reads for TimeOffsets<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set the clocks' offsets to {}", Quoted(self.text))
    }
}

impl Reads for EnterTimeNamespace {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("enter the new time namespace")
    }
}
