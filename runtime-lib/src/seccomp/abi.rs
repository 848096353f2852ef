//! The machines a program is made for, and the sets of system calls that their kernels offer.

use crate::bundle::SeccompArch;

/// The machine that runs the program: its kernel decides which architectures' calls there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// x86_64, with x86 and x32.
    X86_64,
    /// aarch64, with arm.
    Aarch64,
    /// riscv64.
    Riscv64,
}

impl Native {
    /// The machine this library is built for.
    #[cfg(target_arch = "x86_64")]
    pub const CURRENT: Self = Self::X86_64;
    /// The machine this library is built for.
    #[cfg(target_arch = "aarch64")]
    pub const CURRENT: Self = Self::Aarch64;
    /// The machine this library is built for.
    #[cfg(target_arch = "riscv64")]
    pub const CURRENT: Self = Self::Riscv64;

    /// What calls its kernel knows, its own first.
    pub(super) const fn abis(self) -> &'static [Abi] {
        match self {
            Self::X86_64 => &[Abi::X86_64, Abi::X32, Abi::X86],
            Self::Aarch64 => &[Abi::Aarch64, Abi::Arm],
            Self::Riscv64 => &[Abi::Riscv64],
        }
    }
}

/// A set of system calls with numbers of their own. The values are the columns of the table of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abi {
    X86_64 = 0,
    X86 = 1,
    X32 = 2,
    Aarch64 = 3,
    Arm = 4,
    Riscv64 = 5,
}

/// Calls of x32 come with the architecture of x86_64 and this bit in their number (Linux: `__X32_SYSCALL_BIT`).
pub(super) const X32_BIT: u32 = 0x4000_0000;

impl Abi {
    /// Its word in a profile.
    pub(super) const fn word(self) -> SeccompArch {
        match self {
            Self::X86_64 => SeccompArch::X86_64,
            Self::X86 => SeccompArch::X86,
            Self::X32 => SeccompArch::X32,
            Self::Aarch64 => SeccompArch::Aarch64,
            Self::Arm => SeccompArch::Arm,
            Self::Riscv64 => SeccompArch::Riscv64,
        }
    }

    /// The kernel's mark of it in `struct seccomp_data` (`AUDIT_ARCH_*` of `linux/audit.h`).
    pub(super) const fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
            Self::Riscv64 => 0xc000_00f3,
        }
    }

    /// Whether arguments have 64 bits. Those of x32 are compared in 32, as libseccomp does: its calls take 32-bit
    /// words and pointers.
    pub(super) const fn is_wide(self) -> bool {
        matches!(self, Self::X86_64 | Self::Aarch64 | Self::Riscv64)
    }

    /// What stands in front of each number.
    pub(super) const fn first_number(self) -> u32 {
        match self {
            Self::X32 => X32_BIT,
            _ => 0,
        }
    }
}
