//! The kernel's ways, for tests: an interpreter for the instructions that a program has, and the devices cgroup of v1.

use super::super::Knob;
use super::set::Kind;

/// What is asked of a cgroup: something about one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) major: u32,
    pub(super) minor: u32,
    /// Bits of `BPF_DEVCG_ACC_*`.
    pub(super) access: u8,
}

/// What a program answers. Panics on all that the verifier would refuse.
pub(super) fn run(program: &[u64], asked: Asked) -> bool {
    let kind = if asked.kind == Kind::Block { 1 } else { 2 };
    let context = [u32::from(asked.access) << 16 | kind, asked.major, asked.minor];
    let mut registers: [Option<u64>; 11] = [None; 11];
    let mut at = 0;
    loop {
        let [code, both, offset @ .., n0, n1, n2, n3] = program[at].to_le_bytes();
        let (to, from) = (usize::from(both & 15), usize::from(both >> 4));
        let number = i32::from_le_bytes([n0, n1, n2, n3]);
        let offset = i16::from_le_bytes(offset);
        let wide = i64::from(number).cast_unsigned();
        let value = |register: usize| registers[register].expect("a register that was set");
        at += 1;
        let mut jumps = false;
        match code {
            0x61 => {
                assert_eq!((from, offset % 4, number), (1, 0, 0));
                registers[to] = Some(context[usize::try_from(offset / 4).unwrap()].into());
            }
            0xbf => registers[to] = Some(value(from)),
            0xb7 => registers[to] = Some(wide),
            0x67 => registers[to] = Some(value(to) << number),
            0x4f => registers[to] = Some(value(to) | value(from)),
            0x05 => jumps = true,
            0x45 => jumps = value(to) & wide != 0,
            0x16 => jumps = value(to) & u64::from(u32::MAX) == u64::from(number.cast_unsigned()),
            0x95 => {
                return match value(0) {
                    0 => false,
                    1 => true,
                    other => panic!("the answer {other}"),
                };
            }
            other => panic!("the operation {other:#x}"),
        }
        if jumps {
            at += usize::try_from(offset).expect("a jump forward");
        }
    }
}

/// Type, major, minor, access.
type Exception = (char, Option<u32>, Option<u32>, u8);

/// The devices cgroup of v1 (Linux: security/device_cgroup.c).
#[derive(Default)]
pub(super) struct V1 {
    allows: bool,
    exceptions: Vec<Exception>,
}

impl V1 {
    pub(super) fn write(&mut self, knob: &Knob) {
        let allow = match &*knob.file {
            super::ALLOW => true,
            super::DENY => false,
            other => panic!("the file {other}"),
        };
        if knob.value == "a" {
            self.allows = allow;
            self.exceptions.clear();
            return;
        }
        let mut words = knob.value.split([' ', ':']);
        let mut word = || words.next().unwrap();
        let kind = word().chars().next().unwrap();
        let [major, minor] = [word(), word()].map(|word| (word != "*").then(|| word.parse().unwrap()));
        let access = word().bytes().fold(0, |access, letter| access | bit(letter));
        let place = self
            .exceptions
            .iter()
            .position(|&(k, a, b, _)| (k, a, b) == (kind, major, minor));
        match (place, allow == self.allows) {
            (Some(place), true) => {
                self.exceptions[place].3 &= !access;
                if self.exceptions[place].3 == 0 {
                    self.exceptions.remove(place);
                }
            }
            (None, true) => {}
            (Some(place), false) => self.exceptions[place].3 |= access,
            (None, false) => self.exceptions.push((kind, major, minor, access)),
        }
    }

    pub(super) fn allows(&self, asked: Asked) -> bool {
        let kind = if asked.kind == Kind::Block { 'b' } else { 'c' };
        let mut about = self.exceptions.iter().filter(|(k, major, minor, _)| {
            *k == kind
                && major.is_none_or(|major| major == asked.major)
                && minor.is_none_or(|minor| minor == asked.minor)
        });
        match self.allows {
            true => !about.any(|(.., access)| access & asked.access != 0),
            false => about.any(|(.., access)| asked.access & !access == 0),
        }
    }

    /// The list in a form in which two can be compared.
    pub(super) fn list(&self) -> (bool, Vec<Exception>) {
        let mut list = self.exceptions.clone();
        list.sort_unstable();
        (self.allows, list)
    }
}

fn bit(letter: u8) -> u8 {
    match letter {
        b'm' => 1,
        b'r' => 2,
        b'w' => 4,
        other => panic!("the letter {other}"),
    }
}
