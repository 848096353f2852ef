//! Names and numbers of system calls, as libseccomp knows them: our own table is not used to test itself.

use libseccomp::{ScmpArch, ScmpSyscall};
use orlop::bundle::SeccompArch;
use orlop::seccomp::Native;
use std::collections::HashMap;
use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    X86_64,
    X86,
    X32,
    Aarch64,
    Arm,
    Riscv64,
}

impl Abi {
    pub const ALL: [Self; 6] = [
        Self::X86_64,
        Self::X86,
        Self::X32,
        Self::Aarch64,
        Self::Arm,
        Self::Riscv64,
    ];

    /// What the kernel of a machine can run, its own first.
    pub const fn of(native: Native) -> &'static [Self] {
        match native {
            Native::X86_64 => &[Self::X86_64, Self::X86, Self::X32],
            Native::Aarch64 => &[Self::Aarch64, Self::Arm],
            Native::Riscv64 => &[Self::Riscv64],
        }
    }

    pub const fn word(self) -> SeccompArch {
        match self {
            Self::X86_64 => SeccompArch::X86_64,
            Self::X86 => SeccompArch::X86,
            Self::X32 => SeccompArch::X32,
            Self::Aarch64 => SeccompArch::Aarch64,
            Self::Arm => SeccompArch::Arm,
            Self::Riscv64 => SeccompArch::Riscv64,
        }
    }

    pub const fn libseccomp(self) -> ScmpArch {
        match self {
            Self::X86_64 => ScmpArch::X8664,
            Self::X86 => ScmpArch::X86,
            Self::X32 => ScmpArch::X32,
            Self::Aarch64 => ScmpArch::Aarch64,
            Self::Arm => ScmpArch::Arm,
            Self::Riscv64 => ScmpArch::Riscv64,
        }
    }

    pub const fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
            Self::Riscv64 => 0xc000_00f3,
        }
    }

    /// What the kernel adds to each number.
    pub const fn mark(self) -> u32 {
        match self {
            Self::X32 => 0x4000_0000,
            _ => 0,
        }
    }

    pub const fn is_wide(self) -> bool {
        matches!(self, Self::X86_64 | Self::Aarch64 | Self::Riscv64)
    }

    /// The call of a number, with the mark.
    pub fn name(self, number: u32) -> Option<&'static str> {
        table(self).names.get(&number).map(String::as_str)
    }

    /// The number of a call, with the mark.
    pub fn number(self, name: &str) -> Option<u32> {
        table(self).numbers.get(name).copied()
    }

    /// All that the architecture knows.
    pub fn names(self) -> Vec<&'static str> {
        let mut names: Vec<&str> = table(self).numbers.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

struct Table {
    names: HashMap<u32, String>,
    numbers: HashMap<String, u32>,
}

fn table(abi: Abi) -> &'static Table {
    static TABLES: [OnceLock<Table>; 6] = [const { OnceLock::new() }; 6];
    TABLES[abi as usize].get_or_init(|| {
        let names: HashMap<u32, String> = (0..700)
            .chain(0x0f_0000..0x0f_0010)
            .filter_map(|number| {
                let number = number | abi.mark();
                let call = ScmpSyscall::from_raw_syscall(i32::try_from(number).unwrap());
                Some((number, call.get_name_by_arch(abi.libseccomp()).ok()?))
            })
            .collect();
        let numbers = names.iter().map(|(number, name)| (name.clone(), *number)).collect();
        Table { names, numbers }
    })
}

/// The number of a call within `socketcall(2)` or `ipc(2)` of x86, and the number of that call itself. (`man 2
/// socketcall`, `linux/ipc.h`)
pub fn inner(name: &str) -> Option<(u32, u32)> {
    const SOCKETCALL: u32 = 102;
    const IPC: u32 = 117;
    Some(match name {
        "socket" => (SOCKETCALL, 1),
        "bind" => (SOCKETCALL, 2),
        "connect" => (SOCKETCALL, 3),
        "listen" => (SOCKETCALL, 4),
        "accept" => (SOCKETCALL, 5),
        "getsockname" => (SOCKETCALL, 6),
        "getpeername" => (SOCKETCALL, 7),
        "socketpair" => (SOCKETCALL, 8),
        "send" => (SOCKETCALL, 9),
        "recv" => (SOCKETCALL, 10),
        "sendto" => (SOCKETCALL, 11),
        "recvfrom" => (SOCKETCALL, 12),
        "shutdown" => (SOCKETCALL, 13),
        "setsockopt" => (SOCKETCALL, 14),
        "getsockopt" => (SOCKETCALL, 15),
        "sendmsg" => (SOCKETCALL, 16),
        "recvmsg" => (SOCKETCALL, 17),
        "accept4" => (SOCKETCALL, 18),
        "recvmmsg" => (SOCKETCALL, 19),
        "sendmmsg" => (SOCKETCALL, 20),
        "semop" => (IPC, 1),
        "semget" => (IPC, 2),
        "semctl" => (IPC, 3),
        "semtimedop" => (IPC, 4),
        "msgsnd" => (IPC, 11),
        "msgrcv" => (IPC, 12),
        "msgget" => (IPC, 13),
        "msgctl" => (IPC, 14),
        "shmat" => (IPC, 21),
        "shmdt" => (IPC, 22),
        "shmget" => (IPC, 23),
        "shmctl" => (IPC, 24),
        _ => return None,
    })
}
