//! A process in a container (runtime-spec: config.md#process).

use super::capability::Capabilities;
use super::json::{Bounded, Mode};
use super::schedule::{ExecCpuAffinity, IoPriority, Scheduler};
use super::text::Text;

object! {
    /// A process in the container: its first one, or one that `exec` adds.
    pub struct Process {
        /// Whether it has a terminal of its own.
        terminal: bool = "terminal",
        /// The terminal's size.
        console_size: Option<ConsoleSize> = "consoleSize",
        /// Who it runs as; root where it is left out.
        user: User = "user" or default,
        /// The program and its arguments.
        args: Vec<Text> = "args",
        /// Its environment, `NAME=value` each.
        env: Vec<Text> = "env",
        /// Its working directory in the container.
        cwd: Text = "cwd",
        /// Its capabilities. Without them it has none, except where the runtime's own are kept.
        capabilities: Option<Capabilities> = "capabilities",
        /// Its resource limits; those that are not named are inherited.
        rlimits: Vec<Rlimit> = "rlimits",
        /// Whether it and its children can no longer gain privileges by exec (man 2 prctl, PR_SET_NO_NEW_PRIVS).
        no_new_privileges: bool = "noNewPrivileges",
        /// The AppArmor profile it runs under.
        apparmor_profile: Option<Text> = "apparmorProfile",
        /// How readily the kernel kills it when memory is short; unset inherits.
        oom_score_adj: Option<OomScoreAdj> = "oomScoreAdj",
        /// How it is scheduled.
        scheduler: Option<Scheduler> = "scheduler",
        /// The SELinux label it runs under.
        selinux_label: Option<Text> = "selinuxLabel",
        /// Its priority for input and output.
        io_priority: Option<IoPriority> = "ioPriority",
        /// The CPUs that `exec` runs it on.
        exec_cpu_affinity: Option<ExecCpuAffinity> = "execCPUAffinity",
        /// The command line for Windows; ignored with a warning.
        command_line: Option<Text> = "commandLine",
    }
}

/// From -1000 (never) to 1000 (first); man 5 proc, `/proc/pid/oom_score_adj`.
pub type OomScoreAdj = Bounded<-1000, 1000>;

object! {
    /// A terminal's size, in characters. Both are there, and at most 65535, if the process has a terminal; otherwise
    /// they are ignored, as the spec wants it.
    #[derive(Copy)]
    pub struct ConsoleSize {
        /// Rows.
        height: Option<u64> = "height",
        /// Columns.
        width: Option<u64> = "width",
    }
}

object! {
    /// Who a process runs as (runtime-spec: config.md#posix-platform-user).
    #[derive(Default)]
    pub struct User {
        /// The user id in the container; root where it is left out.
        uid: u32 = "uid" or default,
        /// The group id in the container; that of root where it is left out.
        gid: u32 = "gid" or default,
        /// The file mode creation mask; unset inherits.
        umask: Option<Mode> = "umask",
        /// Supplementary groups.
        additional_gids: Vec<u32> = "additionalGids",
        /// The name for Windows; ignored.
        username: Option<Text> = "username",
    }
}

object! {
    /// A resource limit (man 2 setrlimit).
    #[derive(Copy)]
    pub struct Rlimit {
        /// Which one.
        resource: RlimitType = "type",
        /// The limit that is in force; all bits set is unlimited.
        soft: u64 = "soft",
        /// What the soft limit can be raised to without privileges.
        hard: u64 = "hard",
    }
}

words! {
    /// What an rlimit limits (man 2 getrlimit).
    pub enum RlimitType: "rlimit" {
        Cpu = "RLIMIT_CPU",
        Fsize = "RLIMIT_FSIZE",
        Data = "RLIMIT_DATA",
        Stack = "RLIMIT_STACK",
        Core = "RLIMIT_CORE",
        Rss = "RLIMIT_RSS",
        Nproc = "RLIMIT_NPROC",
        Nofile = "RLIMIT_NOFILE",
        Memlock = "RLIMIT_MEMLOCK",
        As = "RLIMIT_AS",
        Locks = "RLIMIT_LOCKS",
        Sigpending = "RLIMIT_SIGPENDING",
        Msgqueue = "RLIMIT_MSGQUEUE",
        Nice = "RLIMIT_NICE",
        Rtprio = "RLIMIT_RTPRIO",
        Rttime = "RLIMIT_RTTIME",
    }
}

impl Rlimit {
    /// Whether init could not go on under this limit: it still has descriptors to open.
    pub(crate) fn is_too_small_for_init(&self) -> bool {
        self.is_too_small(self.soft)
    }

    fn is_too_small(&self, soft: u64) -> bool {
        const NEEDED: u64 = 64;
        self.resource == RlimitType::Nofile && soft < NEEDED
    }

    /// The limit under which init can go on until it sets the soft one itself: the same, where that is not too small.
    pub(crate) fn until_the_end(&self) -> Option<Self> {
        if !self.is_too_small_for_init() {
            return Some(*self);
        }
        let raised = Self {
            soft: self.hard,
            ..*self
        };
        (!self.is_too_small(self.hard)).then_some(raised)
    }

    /// Whether it limits how often a user's processes can be copied: foreign ones of that user count, too.
    pub(crate) fn is_for_copies(&self) -> bool {
        self.resource == RlimitType::Nproc
    }
}
