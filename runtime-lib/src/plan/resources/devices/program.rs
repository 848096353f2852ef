//! The program that a cgroup of v2 asks about each device that is opened or made (`man 2 bpf`; Linux:
//! include/uapi/linux/bpf.h, `BPF_PROG_TYPE_CGROUP_DEVICE`, Linux 4.15).
//!
//! Major and minor are packed into one word, as the kernel packs them itself, so that a device is one compare. All
//! devices with the same verdict jump to the same place, and the kernel's verifier goes through what is there once:
//! three compares a device would cost it three times as long.

use super::rules::{Rule, Rules};
use super::set::Kind;
use super::verdicts::{ALL, Verdicts};
use crate::problem::{JsonPath, Problem};

/// A program, and the rules that it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceProgram {
    /// Where the rules stand.
    pub(crate) at: JsonPath,
    pub(crate) rules: Vec<Rule>,
    /// `struct bpf_insn`s.
    pub(crate) instructions: Vec<u64>,
}

impl DeviceProgram {
    pub(super) fn of(rules: &Rules) -> Result<Self, Problem> {
        Ok(Self {
            at: rules.at.clone(),
            rules: rules.iter().cloned().collect(),
            instructions: instructions(&Verdicts::of(rules, Kind::Block)?, &Verdicts::of(rules, Kind::Char)?),
        })
    }
}

// What is asked for comes in `struct bpf_cgroup_dev_ctx`, by its address in register 1: the access in the upper half of
// a word whose lower half is the type, the major, the minor.
const CONTEXT: u8 = 1;
const ASKED: u8 = 2;
const MAJOR: u8 = 3;
const MINOR: u8 = 4;
const DEVICE: u8 = 5;
const ANSWER: u8 = 0;

/// The bit of a block device in the word that is asked for; 2 is a character device (`BPF_DEVCG_DEV_BLOCK`).
const BLOCK: i32 = 1;

/// How far the access stands above the type.
const ACCESS_SHIFT: i32 = 16;

/// How far the major stands above the minor (Linux: include/linux/kdev_t.h, `MINORBITS`).
const MINOR_BITS: i32 = 20;

mod code {
    //! The operations (`struct bpf_insn`, `code`).

    /// A word of the context into a register.
    pub(super) const LOAD: u8 = 0x61;
    pub(super) const MOVE: u8 = 0xbf;
    pub(super) const SET: u8 = 0xb7;
    pub(super) const SHIFT_LEFT: u8 = 0x67;
    pub(super) const OR: u8 = 0x4f;
    pub(super) const JUMP: u8 = 0x05;
    /// Jump if a bit of the number is set in the register.
    pub(super) const JUMP_IF_SET: u8 = 0x45;
    /// Jump if 32 bits of the register are the number (Linux 5.1).
    pub(super) const JUMP_IF_EQUAL: u8 = 0x16;
    pub(super) const EXIT: u8 = 0x95;
}

/// Where a jump goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    /// What holds for block devices.
    Block,
    /// What allows just this.
    Verdict(u8),
    Deny,
}

/// `struct bpf_insn`.
struct Instruction {
    code: u8,
    to: u8,
    from: u8,
    offset: i16,
    number: i32,
}

impl Instruction {
    fn encoded(&self) -> u64 {
        // Two fields of four bits, which the machine's order of bits places.
        let registers = match cfg!(target_endian = "little") {
            true => self.to | self.from << 4,
            false => self.to << 4 | self.from,
        };
        let [offset_0, offset_1] = self.offset.to_ne_bytes();
        let [number_0, number_1, number_2, number_3] = self.number.to_ne_bytes();
        u64::from_ne_bytes([
            self.code, registers, offset_0, offset_1, number_0, number_1, number_2, number_3,
        ])
    }
}

#[derive(Default)]
struct Assembler {
    instructions: Vec<Instruction>,
    /// The jumps, by their numbers.
    jumps: Vec<(usize, Label)>,
    labels: Vec<(Label, usize)>,
}

impl Assembler {
    fn put(&mut self, code: u8, to: u8, from: u8, number: i32) {
        self.instructions.push(Instruction {
            code,
            to,
            from,
            offset: 0,
            number,
        });
    }

    fn load(&mut self, to: u8, offset: i16) {
        self.instructions.push(Instruction {
            code: code::LOAD,
            to,
            from: CONTEXT,
            offset,
            number: 0,
        });
    }

    fn jump(&mut self, code: u8, register: u8, number: i32, to: Label) {
        self.jumps.push((self.instructions.len(), to));
        self.put(code, register, 0, number);
    }

    fn label(&mut self, label: Label) {
        self.labels.push((label, self.instructions.len()));
    }

    fn is_wanted(&self, label: Label) -> bool {
        self.jumps.iter().any(|(_, to)| *to == label)
    }

    fn answer(&mut self, number: i32) {
        self.put(code::SET, ANSWER, 0, number);
        self.put(code::EXIT, 0, 0, 0);
    }

    /// The compares for the devices of one type. Behind them is what holds for all others.
    fn compares(&mut self, verdicts: &Verdicts) {
        for (&(major, minor), &verdict) in &verdicts.devices {
            let device = (major << MINOR_BITS | minor).cast_signed();
            self.jump(code::JUMP_IF_EQUAL, DEVICE, device, Label::Verdict(verdict));
        }
        for (register, numbers) in [(MAJOR, &verdicts.majors), (MINOR, &verdicts.minors)] {
            for (&number, &verdict) in numbers {
                self.jump(
                    code::JUMP_IF_EQUAL,
                    register,
                    number.cast_signed(),
                    Label::Verdict(verdict),
                );
            }
        }
    }

    /// What allows some accesses and no other. `first` is what is come to from above.
    fn verdicts(&mut self, first: u8) {
        let others = (0..ALL).filter(|verdict| *verdict != first);
        let others: Vec<u8> = others
            .filter(|verdict| self.is_wanted(Label::Verdict(*verdict)))
            .collect();
        let needs_jump = first == ALL && !others.is_empty();
        let partial = (first != ALL).then_some(first).into_iter().chain(others);
        if needs_jump {
            self.jump(code::JUMP, 0, 0, Label::Verdict(ALL));
        }
        let mut is_first = true;
        for verdict in partial {
            if !std::mem::take(&mut is_first) {
                self.jump(code::JUMP, 0, 0, Label::Verdict(ALL));
            }
            self.label(Label::Verdict(verdict));
            let denied = i32::from(ALL & !verdict) << ACCESS_SHIFT;
            self.jump(code::JUMP_IF_SET, ASKED, denied, Label::Deny);
        }
        self.label(Label::Verdict(ALL));
        self.answer(1);
        if self.is_wanted(Label::Deny) {
            self.label(Label::Deny);
            self.answer(0);
        }
    }

    /// The instructions, each jump with its distance. All jumps go forward.
    fn assembled(mut self) -> Vec<u64> {
        for (at, to) in &self.jumps {
            let target = self.labels.iter().find(|(label, _)| label == to);
            let distance = target.and_then(|(_, target)| target.checked_sub(at + 1));
            if let Some(instruction) = self.instructions.get_mut(*at) {
                // There are not so many instructions; and one that leads nowhere is refused by the kernel.
                let distance = distance.and_then(|distance| i16::try_from(distance).ok());
                instruction.offset = distance.unwrap_or(i16::MAX);
            }
        }
        self.instructions.iter().map(Instruction::encoded).collect()
    }
}

fn instructions(block: &Verdicts, char: &Verdicts) -> Vec<u64> {
    let mut program = Assembler::default();
    let are_alike = block == char;
    if are_alike && char.are_one() && char.rest == ALL {
        program.answer(1);
        return program.assembled();
    }
    program.load(ASKED, 0);
    let any = |has: fn(&Verdicts) -> bool| has(block) || has(char);
    let has_devices = any(|verdicts| !verdicts.devices.is_empty());
    let has_minors = any(|verdicts| !verdicts.minors.is_empty());
    if has_devices || any(|verdicts| !verdicts.majors.is_empty()) {
        program.load(MAJOR, 4);
    }
    if has_devices || has_minors {
        program.load(MINOR, 8);
    }
    if has_devices {
        program.put(code::MOVE, DEVICE, MAJOR, 0);
        program.put(code::SHIFT_LEFT, DEVICE, 0, MINOR_BITS);
        program.put(code::OR, DEVICE, MINOR, 0);
    }
    if are_alike {
        program.compares(char);
        program.verdicts(char.rest);
        return program.assembled();
    }
    // Mostly there is nothing to compare for one of the types.
    let to = if block.are_one() {
        Label::Verdict(block.rest)
    } else {
        Label::Block
    };
    program.jump(code::JUMP_IF_SET, ASKED, BLOCK, to);
    program.compares(char);
    if block.are_one() {
        program.verdicts(char.rest);
    } else {
        program.jump(code::JUMP, 0, 0, Label::Verdict(char.rest));
        program.label(Label::Block);
        program.compares(block);
        program.verdicts(block.rest);
    }
    program.assembled()
}
