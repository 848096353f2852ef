//! From a system call's name to its numbers: a hash table that is made at compile time.
//!
//! The tables hold no pointers, so that they need no relocation when a position-independent program starts, and a
//! look-up touches few pages.

use super::abi::Abi;
use super::table::{COLUMNS, ROWS};

/// A system call that has a name on some architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call(usize);

impl Call {
    /// The call of this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let mut slot = hash(name.as_bytes());
        loop {
            slot %= SLOTS.len();
            let row = usize::from(SLOTS[slot]).checked_sub(1)?;
            if NAMES[usize::from(ENDS[row])..usize::from(ENDS[row + 1])] == *name.as_bytes() {
                return Some(Self(row));
            }
            slot += 1;
        }
    }

    /// The names of all calls.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        let name = |ends: &[u16]| match ends {
            [start, end] => NAMES.get(usize::from(*start)..usize::from(*end)),
            _ => None,
        };
        let names = ENDS.windows(2).filter_map(name);
        names.filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// Where it stands in the arrays by number of this ABI, if it is there at all: see [`slot_number`].
    pub(super) fn slot(self, abi: Abi) -> Option<usize> {
        let number = usize::try_from(NUMBERS[self.0][abi as usize]).ok()?;
        Some(if number < PRIVATE_COLUMN {
            number
        } else {
            number - PRIVATE_COLUMN + ORDINARY
        })
    }

    /// Whether x86 knows it as a call of `socketcall(2)` or `ipc(2)` too, and under which number there.
    pub(super) fn multiplexed(self) -> Option<(Multiplexer, u8)> {
        match MULTIPLEXED[self.0] {
            0 => None,
            number if number & IPC_MARK != 0 => Some((Multiplexer::Ipc, number & !IPC_MARK)),
            number => Some((Multiplexer::Socketcall, number)),
        }
    }
}

/// A call of x86 that stands for many, by its first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multiplexer {
    Socketcall,
    Ipc,
}

impl Multiplexer {
    /// Its number on x86, the only architecture here that has it (arm had it before the EABI).
    pub(super) const fn slot(self) -> usize {
        match self {
            Self::Socketcall => 102,
            Self::Ipc => 117,
        }
    }
}

/// Ordinary numbers are below.
pub(super) const ORDINARY: usize = highest() + 1;
/// Ordinary numbers, and room for ARM's private ones behind.
pub(super) const SPAN: usize = ORDINARY + 16;
/// ARM's private calls start here (`__ARM_NR_BASE`).
pub(super) const ARM_PRIVATE: u32 = 0x0f_0000;
/// ... which is this in the table.
const PRIVATE_COLUMN: usize = 0x7f00;

const BYTES: usize = bytes();
static NAMES: [u8; BYTES] = names();
static ENDS: [u16; ROWS.len() + 1] = ends();
static NUMBERS: [[i16; COLUMNS]; ROWS.len()] = numbers();
static SLOTS: [u16; 2048] = slots();
static MULTIPLEXED: [u8; ROWS.len()] = multiplexed();

const IPC_MARK: u8 = 0x80;
/// The calls of `socketcall(2)` in their order, from 1 (Linux: `linux/net.h`).
const SOCKETCALLS: [&str; 20] = [
    "socket",
    "bind",
    "connect",
    "listen",
    "accept",
    "getsockname",
    "getpeername",
    "socketpair",
    "send",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "sendmsg",
    "recvmsg",
    "accept4",
    "recvmmsg",
    "sendmmsg",
];
/// The calls of `ipc(2)` (Linux: `linux/ipc.h`).
const IPC_CALLS: [(&str, u8); 12] = [
    ("semop", 1),
    ("semget", 2),
    ("semctl", 3),
    ("semtimedop", 4),
    ("msgsnd", 11),
    ("msgrcv", 12),
    ("msgget", 13),
    ("msgctl", 14),
    ("shmat", 21),
    ("shmdt", 22),
    ("shmget", 23),
    ("shmctl", 24),
];

/// FNV-1a, folded. It need not resist an attacker: the keys are fixed.
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) as usize
}

const fn highest() -> usize {
    let mut highest = 0;
    let mut row = 0;
    while row < ROWS.len() {
        let mut column = 0;
        while column < COLUMNS {
            let number = ROWS[row].1[column];
            #[expect(clippy::cast_sign_loss, reason = "it is positive")]
            if number > 0 && (number as usize) < PRIVATE_COLUMN && number as usize > highest {
                highest = number as usize;
            }
            column += 1;
        }
        row += 1;
    }
    highest
}

const fn bytes() -> usize {
    let mut bytes = 0;
    let mut row = 0;
    while row < ROWS.len() {
        bytes += ROWS[row].0.len();
        row += 1;
    }
    bytes
}

const fn names() -> [u8; BYTES] {
    let mut names = [0; BYTES];
    let mut end = 0;
    let mut row = 0;
    while row < ROWS.len() {
        let name = ROWS[row].0.as_bytes();
        let mut at = 0;
        while at < name.len() {
            names[end] = name[at];
            end += 1;
            at += 1;
        }
        row += 1;
    }
    names
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the names have some 6,000 bytes; more would not compile"
)]
const fn ends() -> [u16; ROWS.len() + 1] {
    assert!(BYTES <= u16::MAX as usize);
    let mut ends = [0; ROWS.len() + 1];
    let mut row = 0;
    while row < ROWS.len() {
        ends[row + 1] = ends[row] + ROWS[row].0.len() as u16;
        row += 1;
    }
    ends
}

const fn numbers() -> [[i16; COLUMNS]; ROWS.len()] {
    let mut numbers = [[0; COLUMNS]; ROWS.len()];
    let mut row = 0;
    while row < ROWS.len() {
        numbers[row] = ROWS[row].1;
        row += 1;
    }
    numbers
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "there are some 500 rows; more than fit would not compile"
)]
const fn slots() -> [u16; 2048] {
    assert!(ROWS.len() < 1024);
    let mut slots = [0; 2048];
    let mut row = 0;
    while row < ROWS.len() {
        let mut slot = hash(ROWS[row].0.as_bytes()) % slots.len();
        while slots[slot] != 0 {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = row as u16 + 1;
        row += 1;
    }
    slots
}

#[expect(clippy::cast_possible_truncation, reason = "there are 20 of them")]
const fn multiplexed() -> [u8; ROWS.len()] {
    let mut multiplexed = [0; ROWS.len()];
    let mut row = 0;
    while row < ROWS.len() {
        let mut at = 0;
        while at < SOCKETCALLS.len() {
            if same(ROWS[row].0, SOCKETCALLS[at]) {
                multiplexed[row] = at as u8 + 1;
            }
            at += 1;
        }
        at = 0;
        while at < IPC_CALLS.len() {
            if same(ROWS[row].0, IPC_CALLS[at].0) {
                multiplexed[row] = IPC_CALLS[at].1 | IPC_MARK;
            }
            at += 1;
        }
        row += 1;
    }
    multiplexed
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found_with_its_own_numbers() {
        for (row, (name, numbers)) in ROWS.iter().enumerate() {
            assert_eq!(Call::find(name), Some(Call(row)));
            assert_eq!(NUMBERS[row], *numbers);
        }
        for unknown in ["", "rea", "readx", "Read", "socketcal", "no_such_call"] {
            assert_eq!(Call::find(unknown), None);
        }
    }

    #[test]
    fn every_multiplexed_call_is_in_the_table() {
        let marked = MULTIPLEXED.iter().filter(|number| **number != 0).count();
        assert_eq!(marked, SOCKETCALLS.len() + IPC_CALLS.len());
        assert_eq!(Call::find("ipc").unwrap().slot(Abi::X86), Some(Multiplexer::Ipc.slot()));
        assert_eq!(
            Call::find("socketcall").unwrap().slot(Abi::X86),
            Some(Multiplexer::Socketcall.slot())
        );
        assert_eq!(Call::find("shmat").unwrap().multiplexed(), Some((Multiplexer::Ipc, 21)));
        assert_eq!(
            Call::find("accept").unwrap().multiplexed(),
            Some((Multiplexer::Socketcall, 5))
        );
        assert_eq!(Call::find("read").unwrap().multiplexed(), None);
    }

    #[test]
    fn private_calls_of_arm_stand_behind_the_ordinary_ones() {
        assert_eq!(Call::find("cacheflush").unwrap().slot(Abi::Arm), Some(ORDINARY + 2));
        assert_eq!(Call::find("cacheflush").unwrap().slot(Abi::X86_64), None);
    }

    #[test]
    fn look_ups_need_few_steps() {
        let mut steps = 0;
        for (name, _) in ROWS {
            let mut slot = hash(name.as_bytes()) % SLOTS.len();
            while ROWS[usize::from(SLOTS[slot]) - 1].0 != name {
                slot = (slot + 1) % SLOTS.len();
                steps += 1;
            }
        }
        assert!(steps < ROWS.len() / 4, "{steps} steps beyond the first");
    }
}
