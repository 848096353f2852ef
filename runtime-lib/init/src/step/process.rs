//! What the process is and has: its user and capabilities, its limits, how it is run and fed.

use super::reads::{Failed, Member, Reads};
use super::words::List;
use crate::linux::{capability, errno, memory_policy, rlimit, scheduling};
use crate::wire::Part;
use core::fmt::{Display, Formatter, Result};

steps! { 10<'a>;
    /// Set how likely the process is killed when memory runs out.
    OomScore = 1 {
        /// -1000 to 1000.
        value: i32,
    }
    /// Set a resource limit (`man 2 prlimit`).
    Rlimit = 2 {
        /// `RLIMIT_*`.
        resource: u32,
        /// The soft limit.
        soft: u64,
        /// The hard limit.
        hard: u64,
    }
    /// Raise a hard limit, where it is lower, to the one that is set when there is no right to that any more. The soft
    /// one goes with it, and holds nobody back until then.
    RaiseLimit = 13 {
        /// `RLIMIT_*`.
        resource: u32,
        /// The soft limit that will be set.
        soft: u64,
        /// The hard limit.
        hard: u64,
    }
    /// Set how the process is scheduled (`man 2 sched_setattr`).
    Scheduling = 3 {
        /// `SCHED_*`.
        policy: u32,
        /// `SCHED_FLAG_*`.
        flags: u64,
        /// The nice value.
        nice: i32,
        /// The static priority.
        priority: u32,
        /// Nanoseconds of CPU time in each period.
        runtime: u64,
        /// The deadline, in nanoseconds.
        deadline: u64,
        /// The period, in nanoseconds.
        period: u64,
    }
    /// Set the priority for input and output of the process group (`man 2 ioprio_set`).
    IoPriority = 4 {
        /// `IOPRIO_CLASS_*`.
        class: u32,
        /// The priority in the class.
        priority: u32,
    }
    /// Set the execution domain (`man 2 personality`).
    Personality = 5 {
        /// `PER_*`.
        domain: u64,
    }
    /// Set where memory is taken from (`man 2 set_mempolicy`).
    MemoryPolicy<'a> = 6 {
        /// `MPOL_*`, with `MPOL_F_*`.
        mode: u32,
        /// A bit for each node, in `u64`s.
        nodes: &'a [u8],
    }
    /// Become the process's user with its capabilities.
    Credentials<'a> = 7 {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
        /// The supplementary groups, as many `u32`.
        groups: &'a [u8],
        /// Stay in the supplementary groups that there are.
        keep_groups: bool,
        /// The bounding set, as bits.
        bounding: u64,
        /// The permitted set.
        permitted: u64,
        /// The effective set.
        effective: u64,
        /// The inheritable set.
        inheritable: u64,
        /// The ambient set.
        ambient: u64,
    }
    /// Set the file mode creation mask: until here there was none, so that what init makes has the mode that it says.
    Umask = 8 {
        /// The mask; without one it is that of the runtime's caller.
        mask: Option<u32>,
    }
    /// No gain of privileges by execve (`man 2 prctl`, `PR_SET_NO_NEW_PRIVS`).
    NoNewPrivileges = 9 {
    }
    /// Make stdio the container's: the host's `/dev/null` becomes the one in there, and what is a pipe or a
    /// socket, and a file or a terminal where the parent lets go of it, is given to the process's user, so that it can
    /// open `/dev/stdout`.
    StdioOwner = 10 {
        /// The user; none where the runtime has given it already.
        uid: Option<u32>,
    }
    /// Run on every CPU that the cgroup allows, whatever the runtime's caller is bound to (`man 2 sched_setaffinity`).
    EveryCpu = 11 {
    }
    /// Run on some CPUs (`man 2 sched_setaffinity`).
    Cpus<'a> = 12 {
        /// A bit for each CPU, in `u64`s.
        mask: &'a [u8],
    }
}

/// A limit: a number, or none.
struct Limit(u64);

impl Display for Limit {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self.0 {
            u64::MAX => out.write_str("unlimited"),
            number => write!(out, "{number}"),
        }
    }
}

impl Reads for EveryCpu {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("run on every CPU that the cgroup allows")
    }
}

impl Reads for Cpus<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("run on the CPUs ", ", ", ""));
        for (byte, bits) in self.mask.iter().enumerate() {
            for bit in (0..8).filter(|bit| bits >> bit & 1 == 1) {
                list.word(byte * 8 + bit)?;
            }
        }
        list.end()
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::INVAL {
            out.write_str("none of them is one that the cgroup allows and the machine has")?;
        }
        Ok(())
    }
}

impl Reads for OomScore {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set the OOM score adjustment to {}", self.value)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::ACCES {
            out.write_str("only raising it, or lowering it to what it once was, needs no CAP_SYS_RESOURCE")?;
        }
        Ok(())
    }
}

impl Reads for Rlimit {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let name = rlimit::NAMES.get(self.resource as usize).unwrap_or(&"RLIMIT_?");
        let (soft, hard) = (Limit(self.soft), Limit(self.hard));
        write!(out, "set {name} to {soft} (hard limit {hard})")
    }

    fn member(&self, _: &Failed<'_>) -> Option<Member> {
        // A soft limit is refused for nothing but the hard one.
        Some(Member::Of("hard"))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno == errno::PERM {
            out.write_str("raising a hard limit needs CAP_SYS_RESOURCE")?;
            if rlimit::NAMES.get(self.resource as usize) == Some(&"RLIMIT_NOFILE") {
                out.write_str(", and nobody may raise this one above /proc/sys/fs/nr_open")?;
            }
        }
        Ok(())
    }
}

impl RaiseLimit {
    fn later(&self) -> Rlimit {
        Rlimit {
            resource: self.resource,
            soft: self.soft,
            hard: self.hard,
        }
    }
}

impl Reads for RaiseLimit {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let name = rlimit::NAMES.get(self.resource as usize).unwrap_or(&"RLIMIT_?");
        write!(
            out,
            "raise the hard limit of {name} to {}, if it is lower",
            Limit(self.hard)
        )
    }

    fn attempted(&self, _: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        self.later().phrase(out)
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        self.later().member(failed)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        self.later().hint(failed, out)
    }
}

impl Reads for Scheduling {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let name = scheduling::POLICIES.get(self.policy as usize).unwrap_or(&"SCHED_?");
        write!(out, "set the scheduling policy {name}")?;
        let mut list = List::in_parentheses(out);
        match self.policy {
            0 | 3 => list.word(format_args!("nice {}", self.nice))?,
            1 | 2 => list.word(format_args!("priority {}", self.priority))?,
            scheduling::SCHED_DEADLINE => {
                let (runtime, period, deadline) = (self.runtime, self.period, self.deadline);
                list.word(format_args!("{runtime} ns of each {period} ns, within {deadline} ns"))?;
            }
            _ => {}
        }
        for (_, flag) in scheduling::FLAGS.iter().filter(|(flag, _)| self.flags & flag != 0) {
            list.word(flag)?;
        }
        list.end()
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(match (self.policy, failed.errno) {
            (scheduling::SCHED_ISO, errno::INVAL) => "Linux has no SCHED_ISO",
            (scheduling::SCHED_DEADLINE, errno::PERM) => {
                "SCHED_DEADLINE needs CAP_SYS_NICE, and can't be used together with AllowedCPUs (linux.resources.cpu.cpus)"
            }
            (scheduling::SCHED_DEADLINE, errno::BUSY) => "the CPUs have no such time left",
            (_, errno::PERM) => "it needs CAP_SYS_NICE, and a cgroup v1 whose cpu.rt_runtime_us is not 0",
            (_, errno::OPNOTSUPP) => "the kernel has no utilization clamps",
            _ => "",
        })
    }
}

impl Reads for IoPriority {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let name = scheduling::IO_CLASSES
            .get(self.class as usize)
            .unwrap_or(&"IOPRIO_CLASS_?");
        write!(out, "set the I/O priority {name} {}", self.priority)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if (self.class, failed.errno) == (scheduling::IOPRIO_CLASS_RT, errno::PERM) {
            out.write_str("it needs CAP_SYS_NICE")?;
        }
        Ok(())
    }
}

impl Reads for Personality {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("set the personality LINUX")?;
        out.write_str(if self.domain == 0 { "" } else { "32" })
    }
}

impl Reads for MemoryPolicy<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mode = (self.mode & 0xfff) as usize;
        write!(
            out,
            "set the memory policy {}",
            memory_policy::MODES.get(mode).unwrap_or(&"MPOL_?")
        )?;
        for (flag, name) in memory_policy::FLAGS {
            if u64::from(self.mode) & flag != 0 {
                write!(out, " with {name}")?;
            }
        }
        let bits = self
            .nodes
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        let mut list = List::new(out, (" on nodes ", ",", ""));
        for (node, is_set) in (0u32..).zip(bits) {
            if is_set {
                list.word(node)?;
            }
        }
        list.end()
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(match failed.errno {
            errno::INVAL => {
                "no such node is usable, the flags exclude one another, or the kernel is too old for the mode"
            }
            errno::NOSYS => "the kernel is built without NUMA",
            _ => "",
        })
    }
}

/// The names of capabilities, with commas between them.
struct Capabilities(u64);

impl Display for Capabilities {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if self.0 == 0 {
            return out.write_str("none");
        }
        let mut list = List::new(out, ("", ", ", ""));
        for (_, name) in (0..)
            .zip(capability::NAMES)
            .filter(|(number, _)| self.0 >> number & 1 == 1)
        {
            list.word(name)?;
        }
        list.end()
    }
}

impl Reads for Credentials<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "become user {}, group {}", self.uid, self.gid)?;
        if self.keep_groups {
            out.write_str(", in the supplementary groups of the caller")?;
        } else {
            let mut list = List::new(out, (", supplementary groups ", ",", ""));
            for gid in self.groups.as_chunks::<4>().0 {
                list.word(u32::from_ne_bytes(*gid))?;
            }
            list.end()?;
        }
        for (name, set) in [
            ("bounding", self.bounding),
            ("permitted", self.permitted),
            ("effective", self.effective),
            ("inheritable", self.inheritable),
            ("ambient", self.ambient),
        ] {
            write!(out, "; {name} capabilities: {}", Capabilities(set))?;
        }
        Ok(())
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Groups => write!(out, "set {} supplementary groups", self.groups.len() / 4),
            Part::Gid => write!(out, "become group {}", self.gid),
            Part::Uid => write!(out, "become user {}", self.uid),
            Part::Bounding => out.write_str("set the bounding capabilities"),
            Part::Ambient => out.write_str("set the ambient capabilities"),
            _ => out.write_str("set the process's capabilities"),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        Some(Member::At(match failed.part {
            Part::Groups => "process.user.additionalGids",
            Part::Gid => "process.user.gid",
            Part::Uid => "process.user.uid",
            _ => "process.capabilities",
        }))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        out.write_str(match (failed.part, failed.errno) {
            (Part::Groups, errno::PERM) => {
                "setgroups may be denied in this user namespace, as in each that maps one group without privileges"
            }
            (Part::Uid, errno::INVAL) => "cannot set uid to unmapped user in user namespace",
            (Part::Gid, errno::INVAL) => "cannot set gid to unmapped user in user namespace",
            (Part::Groups, errno::INVAL) => "one of them is not mapped in the user namespace",
            _ => "",
        })
    }
}

impl Reads for Umask {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        match self.mask {
            Some(mask) => write!(out, "set the umask to {mask:04o}"),
            None => out.write_str("set the umask to that of the runtime's caller"),
        }
    }
}

impl Reads for NoNewPrivileges {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("give up the gain of privileges by execve")
    }
}

impl Reads for StdioOwner {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("open stdio anew where it is the host's null device")?;
        match self.uid {
            Some(uid) => write!(out, ", and give it to user {uid}"),
            None => Ok(()),
        }
    }
}

/// The names of a set of capabilities.
pub fn capabilities(set: u64) -> impl Display {
    Capabilities(set)
}
