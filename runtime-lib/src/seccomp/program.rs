//! What comes out: a program of the classic Berkeley packet filter.

use crate::problem::{JsonPath, Problem};

/// One instruction, as `struct sock_filter` of `linux/filter.h` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// How many instructions are skipped if a condition holds.
    pub jt: u8,
    /// How many instructions are skipped if it does not.
    pub jf: u8,
    /// Its number: a constant, an offset, or the length of an unconditional jump.
    pub k: u32,
}

/// A filter, ready for `seccomp(2)`.
#[derive(Clone, Debug)]
pub struct Program {
    /// At least one, at most [`Program::LONGEST`].
    pub instructions: Vec<Instruction>,
    /// `SECCOMP_FILTER_FLAG_*`.
    pub flags: u32,
    /// Whether a rule notifies an agent: `seccomp(2)` will return the descriptor that is sent to `listenerPath`.
    pub needs_listener: bool,
    /// What the user is to be told of: names that no system call has, rules that can never apply.
    pub warnings: Vec<Problem>,
    /// The places of the names that no system call has, which is why they are ignored.
    pub unknown: Vec<JsonPath>,
}

impl Program {
    /// The kernel takes no more instructions (`BPF_MAXINSNS`).
    pub const LONGEST: usize = 4096;

    /// The instructions as an array of `struct sock_filter` has them on this machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.instructions.len() * 8);
        for instruction in &self.instructions {
            bytes.extend_from_slice(&instruction.code.to_ne_bytes());
            bytes.extend_from_slice(&[instruction.jt, instruction.jf]);
            bytes.extend_from_slice(&instruction.k.to_ne_bytes());
        }
        bytes
    }
}
