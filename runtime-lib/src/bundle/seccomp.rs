//! The seccomp profile (runtime-spec: config-linux.md#seccomp). What its words mean, and which of them go together, is
//! the business of [`crate::seccomp`].

use super::json::Bounded;
use super::text::Text;

// For the texts of `crate::seccomp`, too.

object! {
    /// Which system calls may be made.
    pub struct Seccomp {
        /// What happens to a call that no rule matches.
        default_action: SeccompAction = "defaultAction",
        /// The errno of the default action, if that takes one; `EPERM` if unset.
        default_errno_ret: Option<u32> = "defaultErrnoRet",
        /// The architectures whose calls the rules are for; the machine's own always belongs to them.
        architectures: Vec<SeccompArch> = "architectures",
        /// Flags of `seccomp(2)`.
        flags: Vec<SeccompFlag> = "flags",
        /// The unix socket of the agent that is given the descriptor for notifications.
        listener_path: Option<Text> = "listenerPath",
        /// Data for that agent.
        listener_metadata: Option<Text> = "listenerMetadata",
        /// The rules.
        syscalls: Vec<SyscallRule> = "syscalls",
    }
}

object! {
    /// What happens to some system calls.
    pub struct SyscallRule {
        /// Their names.
        names: Vec<Text> = "names",
        /// What happens.
        action: SeccompAction = "action",
        /// The errno, if the action takes one; `EPERM` if unset.
        errno_ret: Option<u32> = "errnoRet",
        /// What the arguments must be.
        args: Vec<SyscallArg> = "args",
    }
}

object! {
    /// A condition on one argument of a system call.
    #[derive(Copy)]
    pub struct SyscallArg {
        /// The argument's number, from 0.
        index: Bounded<0, 5> = "index",
        /// What it is compared with; with `SCMP_CMP_MASKED_EQ` the mask.
        value: u64 = "value",
        /// With `SCMP_CMP_MASKED_EQ`, what it is compared with after masking; 0 if unset.
        value_two: Option<u64> = "valueTwo",
        /// How it is compared.
        op: SeccompOperator = "op",
    }
}

words! {
    /// What happens to a system call.
    pub enum SeccompAction: "seccomp action" {
        Kill = "SCMP_ACT_KILL",
        KillProcess = "SCMP_ACT_KILL_PROCESS",
        KillThread = "SCMP_ACT_KILL_THREAD",
        Trap = "SCMP_ACT_TRAP",
        Errno = "SCMP_ACT_ERRNO",
        Trace = "SCMP_ACT_TRACE",
        Allow = "SCMP_ACT_ALLOW",
        Log = "SCMP_ACT_LOG",
        Notify = "SCMP_ACT_NOTIFY",
    }
}

words! {
    /// An architecture, as libseccomp names it: a set of system calls with numbers of their own.
    ///
    /// `SCMP_ARCH_NATIVE` is not in the spec's list, but is a word of libseccomp's and of other tools: the machine's
    /// own.
    pub enum SeccompArch: "seccomp architecture" {
        Native = "SCMP_ARCH_NATIVE",
        X86 = "SCMP_ARCH_X86",
        X86_64 = "SCMP_ARCH_X86_64",
        X32 = "SCMP_ARCH_X32",
        Arm = "SCMP_ARCH_ARM",
        Aarch64 = "SCMP_ARCH_AARCH64",
        Mips = "SCMP_ARCH_MIPS",
        Mips64 = "SCMP_ARCH_MIPS64",
        Mips64N32 = "SCMP_ARCH_MIPS64N32",
        Mipsel = "SCMP_ARCH_MIPSEL",
        Mipsel64 = "SCMP_ARCH_MIPSEL64",
        Mipsel64N32 = "SCMP_ARCH_MIPSEL64N32",
        Ppc = "SCMP_ARCH_PPC",
        Ppc64 = "SCMP_ARCH_PPC64",
        Ppc64Le = "SCMP_ARCH_PPC64LE",
        S390 = "SCMP_ARCH_S390",
        S390X = "SCMP_ARCH_S390X",
        Parisc = "SCMP_ARCH_PARISC",
        Parisc64 = "SCMP_ARCH_PARISC64",
        Riscv64 = "SCMP_ARCH_RISCV64",
        Loongarch64 = "SCMP_ARCH_LOONGARCH64",
        M68k = "SCMP_ARCH_M68K",
        Sh = "SCMP_ARCH_SH",
        Sheb = "SCMP_ARCH_SHEB",
    }
}

words! {
    /// How an argument is compared.
    pub enum SeccompOperator: "seccomp operator" {
        NotEqual = "SCMP_CMP_NE",
        Less = "SCMP_CMP_LT",
        LessOrEqual = "SCMP_CMP_LE",
        Equal = "SCMP_CMP_EQ",
        GreaterOrEqual = "SCMP_CMP_GE",
        Greater = "SCMP_CMP_GT",
        MaskedEqual = "SCMP_CMP_MASKED_EQ",
    }
}

words! {
    /// A flag of `seccomp(2)`.
    pub enum SeccompFlag: "seccomp flag" {
        Tsync = "SECCOMP_FILTER_FLAG_TSYNC",
        Log = "SECCOMP_FILTER_FLAG_LOG",
        SpecAllow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        WaitKillableRecv = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    }
}
