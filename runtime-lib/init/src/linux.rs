//! The kernel's words that both halves need. Each module names the header that they come from; a constant has the
//! header's name, without the prefix that the module's name stands for where its first line says so.

/// Kinds of namespaces: `CLONE_*` of `linux/sched.h` (`man 7 namespaces`).
pub mod namespace {
    #![allow(missing_docs, reason = "NAMES says what each is")]

    pub const NEWNS: u64 = 0x0002_0000;
    pub const NEWUTS: u64 = 0x0400_0000;
    pub const NEWIPC: u64 = 0x0800_0000;
    pub const NEWPID: u64 = 0x2000_0000;
    pub const NEWNET: u64 = 0x4000_0000;
    pub const NEWCGROUP: u64 = 0x0200_0000;
    pub const NEWUSER: u64 = 0x1000_0000;
    /// Linux 5.6.
    pub const NEWTIME: u64 = 0x0000_0080;

    /// Each kind's flag and what it is called.
    pub const NAMES: &[(u64, &str)] = &[
        (NEWNS, "mount"),
        (NEWUTS, "uts"),
        (NEWIPC, "ipc"),
        (NEWPID, "pid"),
        (NEWNET, "network"),
        (NEWCGROUP, "cgroup"),
        (NEWUSER, "user"),
        (NEWTIME, "time"),
    ];
}

/// Attributes of one mount: `MOUNT_ATTR_*` of `linux/mount.h` (`man 2 mount_setattr`, Linux 5.12).
pub mod mount_attribute {
    #![allow(missing_docs, reason = "man 2 mount_setattr says what each is")]

    pub const RDONLY: u64 = 0x01;
    pub const NOSUID: u64 = 0x02;
    pub const NODEV: u64 = 0x04;
    pub const NOEXEC: u64 = 0x08;
    /// The bits of the three ways to update access times: one number, not flags.
    pub const ATIME: u64 = 0x70;
    pub const RELATIME: u64 = 0x00;
    pub const NOATIME: u64 = 0x10;
    pub const STRICTATIME: u64 = 0x20;
    pub const NODIRATIME: u64 = 0x80;
    pub const IDMAP: u64 = 0x0010_0000;
    /// Linux 5.14.
    pub const NOSYMFOLLOW: u64 = 0x0020_0000;

    /// `struct mount_attr`.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, Default)]
    pub struct MountAttributes {
        /// Attributes to set.
        pub set: u64,
        /// Attributes to clear; they are cleared first.
        pub clear: u64,
        /// One of `MS_SHARED`, `MS_SLAVE`, `MS_PRIVATE` and `MS_UNBINDABLE`, or 0.
        pub propagation: u64,
        /// The descriptor of the user namespace whose maps [`IDMAP`] takes.
        pub namespace: u64,
    }
}

/// Flags of the old mount call: `MS_*` of `linux/mount.h` (`man 2 mount`).
pub mod mount_flag {
    #![allow(missing_docs, reason = "man 2 mount says what each is")]

    pub const RDONLY: u64 = 1;
    pub const NOSUID: u64 = 2;
    pub const NODEV: u64 = 4;
    pub const NOEXEC: u64 = 8;
    pub const SYNCHRONOUS: u64 = 16;
    pub const REMOUNT: u64 = 32;
    pub const MANDLOCK: u64 = 64;
    pub const DIRSYNC: u64 = 128;
    /// Linux 5.10.
    pub const NOSYMFOLLOW: u64 = 256;
    pub const NOATIME: u64 = 1 << 10;
    pub const NODIRATIME: u64 = 1 << 11;
    pub const BIND: u64 = 1 << 12;
    pub const MOVE: u64 = 1 << 13;
    pub const REC: u64 = 1 << 14;
    pub const SILENT: u64 = 1 << 15;
    pub const UNBINDABLE: u64 = 1 << 17;
    pub const PRIVATE: u64 = 1 << 18;
    pub const SLAVE: u64 = 1 << 19;
    pub const SHARED: u64 = 1 << 20;
    pub const RELATIME: u64 = 1 << 21;
    pub const I_VERSION: u64 = 1 << 23;
    pub const STRICTATIME: u64 = 1 << 24;
    pub const LAZYTIME: u64 = 1 << 25;
}

/// Types of files: the high bits of a mode, in `linux/stat.h` (`man 7 inode`).
pub mod file_type {
    #![allow(missing_docs, reason = "man 7 inode says what each is")]

    /// The bits of the type.
    pub const S_IFMT: u32 = 0o170_000;
    pub const S_IFIFO: u32 = 0o010_000;
    pub const S_IFCHR: u32 = 0o020_000;
    pub const S_IFDIR: u32 = 0o040_000;
    pub const S_IFBLK: u32 = 0o060_000;
    pub const S_IFREG: u32 = 0o100_000;
    pub const S_IFLNK: u32 = 0o120_000;
    pub const S_IFSOCK: u32 = 0o140_000;
}

/// Who gets the processor and the disk, and when: `linux/sched/types.h` and `linux/ioprio.h`.
pub mod scheduling {
    /// The policies' names, by number.
    pub const POLICIES: [&str; 7] = [
        "SCHED_OTHER",
        "SCHED_FIFO",
        "SCHED_RR",
        "SCHED_BATCH",
        "SCHED_ISO",
        "SCHED_IDLE",
        "SCHED_DEADLINE",
    ];
    /// Linux reserves the number and has no such policy.
    pub const SCHED_ISO: u32 = 4;
    /// Linux 3.14.
    pub const SCHED_DEADLINE: u32 = 6;

    /// The flags' names.
    pub const FLAGS: &[(u64, &str)] = &[
        (0x01, "SCHED_FLAG_RESET_ON_FORK"),
        (0x02, "SCHED_FLAG_RECLAIM"),
        (0x04, "SCHED_FLAG_DL_OVERRUN"),
        (0x08, "SCHED_FLAG_KEEP_POLICY"),
        (0x10, "SCHED_FLAG_KEEP_PARAMS"),
        (0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"),
        (0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"),
    ];

    /// `struct sched_attr` (`man 2 sched_setattr`), with what Linux 5.3 added.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, Default)]
    pub struct SchedulingAttributes {
        /// The structure's size in bytes.
        pub size: u32,
        /// `SCHED_*`.
        pub policy: u32,
        /// `SCHED_FLAG_*`.
        pub flags: u64,
        /// From -20 to 19, for `SCHED_OTHER` and `SCHED_BATCH`.
        pub nice: i32,
        /// From 1 to 99, for `SCHED_FIFO` and `SCHED_RR`.
        pub priority: u32,
        /// Nanoseconds, for `SCHED_DEADLINE`, as the next two are.
        pub runtime: u64,
        /// Nanoseconds.
        pub deadline: u64,
        /// Nanoseconds.
        pub period: u64,
        /// Of 1024 parts of the processor.
        pub utilization_min: u32,
        /// Of 1024 parts of the processor.
        pub utilization_max: u32,
    }

    /// The classes of `man 2 ioprio_set`, by number.
    pub const IO_CLASSES: [&str; 4] = [
        "IOPRIO_CLASS_NONE",
        "IOPRIO_CLASS_RT",
        "IOPRIO_CLASS_BE",
        "IOPRIO_CLASS_IDLE",
    ];
    /// Real time.
    pub const IOPRIO_CLASS_RT: u32 = 1;
    /// In a priority of `man 2 ioprio_set`, how far left the class stands of the level.
    pub const IOPRIO_CLASS_SHIFT: u32 = 13;
    /// The priority is for a process; 0 is the caller.
    pub const IOPRIO_WHO_PROCESS: u32 = 1;
}

/// Filters of system calls: `linux/seccomp.h` (`man 2 seccomp`).
pub mod seccomp {
    /// The operation that loads a filter.
    pub const SECCOMP_SET_MODE_FILTER: u32 = 1;
    /// The call's result is the descriptor of the filter's notifications (Linux 5.0).
    pub const SECCOMP_FILTER_FLAG_NEW_LISTENER: u64 = 0x08;
    /// Once a notification is received, only a fatal signal ends the wait for its answer (Linux 5.19). Goes with a
    /// listener only.
    pub const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: u64 = 0x20;
}

/// Capabilities: `linux/capability.h` (`man 7 capabilities`).
pub mod capability {
    /// Their names by number, up to Linux 5.9's `CAP_CHECKPOINT_RESTORE`.
    pub const NAMES: [&str; 41] = [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_DAC_READ_SEARCH",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
        "CAP_IPC_LOCK",
        "CAP_IPC_OWNER",
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE",
        "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT",
        "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME",
        "CAP_SYS_TTY_CONFIG",
        "CAP_MKNOD",
        "CAP_LEASE",
        "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL",
        "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE",
        "CAP_MAC_ADMIN",
        "CAP_SYSLOG",
        "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ",
        "CAP_PERFMON",
        "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ];
}

/// Limits of a process: `linux/resource.h` (`man 2 prlimit`).
pub mod rlimit {
    /// Their names by number.
    pub const NAMES: [&str; 16] = [
        "RLIMIT_CPU",
        "RLIMIT_FSIZE",
        "RLIMIT_DATA",
        "RLIMIT_STACK",
        "RLIMIT_CORE",
        "RLIMIT_RSS",
        "RLIMIT_NPROC",
        "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK",
        "RLIMIT_AS",
        "RLIMIT_LOCKS",
        "RLIMIT_SIGPENDING",
        "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE",
        "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME",
    ];
}

/// `MPOL_*` (`linux/mempolicy.h`).
pub mod memory_policy {
    /// The modes' names, by number.
    pub const MODES: [&str; 7] = [
        "MPOL_DEFAULT",
        "MPOL_PREFERRED",
        "MPOL_BIND",
        "MPOL_INTERLEAVE",
        "MPOL_LOCAL",
        "MPOL_PREFERRED_MANY",
        "MPOL_WEIGHTED_INTERLEAVE",
    ];
    /// The flags' names.
    pub const FLAGS: &[(u64, &str)] = &[
        (1 << 13, "MPOL_F_NUMA_BALANCING"),
        (1 << 14, "MPOL_F_RELATIVE_NODES"),
        (1 << 15, "MPOL_F_STATIC_NODES"),
    ];
}

/// `LANDLOCK_*` (`linux/landlock.h`).
pub mod landlock {
    /// `LANDLOCK_ACCESS_FS_*`, as `org.orlop.landlock` names them.
    pub const FILES: &[(u64, &str)] = &[
        (1 << 0, "execute"),
        (1 << 1, "write_file"),
        (1 << 2, "read_file"),
        (1 << 3, "read_dir"),
        (1 << 4, "remove_dir"),
        (1 << 5, "remove_file"),
        (1 << 6, "make_char"),
        (1 << 7, "make_dir"),
        (1 << 8, "make_reg"),
        (1 << 9, "make_sock"),
        (1 << 10, "make_fifo"),
        (1 << 11, "make_block"),
        (1 << 12, "make_sym"),
        (1 << 13, "refer"),
        (1 << 14, "truncate"),
        (1 << 15, "ioctl_dev"),
    ];
    /// `LANDLOCK_ACCESS_NET_*`.
    pub const PORTS: &[(u64, &str)] = &[(1 << 0, "bind_tcp"), (1 << 1, "connect_tcp")];
    /// `LANDLOCK_SCOPE_*`.
    pub const SCOPES: &[(u64, &str)] = &[(1 << 0, "abstract_unix_socket"), (1 << 1, "signal")];
}

/// Numbers of errors that have words of their own in a sentence (`asm-generic/errno.h`).
pub mod errno {
    #![allow(missing_docs, reason = "the kernel's names, which `man 3 errno` explains")]
    pub const PERM: i32 = 1;
    pub const NOENT: i32 = 2;
    pub const NXIO: i32 = 6;
    pub const AGAIN: i32 = 11;
    pub const NOMEM: i32 = 12;
    pub const ACCES: i32 = 13;
    pub const NOTBLK: i32 = 15;
    pub const BUSY: i32 = 16;
    pub const XDEV: i32 = 18;
    pub const NODEV: i32 = 19;
    pub const NOTDIR: i32 = 20;
    pub const INVAL: i32 = 22;
    pub const ROFS: i32 = 30;
    pub const NOSYS: i32 = 38;
    pub const LOOP: i32 = 40;
    pub const OPNOTSUPP: i32 = 95;
    pub const DQUOT: i32 = 122;
}

/// Terminals, by their numbers (Linux: `Documentation/admin-guide/devices.txt`).
pub mod terminal {
    /// Whether a terminal is one that a user has for itself, and may own: a pseudo-terminal, a console or a serial
    /// line, and not one of the names that are everybody's (`/dev/tty`, `/dev/tty0`, `/dev/ptmx`).
    pub fn is_a_users(major: u32, minor: u32) -> bool {
        const TTY_MAJOR: u32 = 4;
        const UNIX98_PTY_SLAVE_MAJOR: u32 = 136;
        const UNIX98_PTY_MAJOR_COUNT: u32 = 8;
        let pseudo = UNIX98_PTY_SLAVE_MAJOR..UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
        major == TTY_MAJOR && minor != 0 || pseudo.contains(&major)
    }
}
