//! Instructions, put down from the last one to the first: wherever a jump goes to is then known when the jump is
//! written.

use super::program::Instruction;

/// A tested condition on the accumulator.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
}

impl Test {
    /// `BPF_JMP | BPF_K` and the comparison.
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Equal => 0x15,
            Self::Greater => 0x25,
            Self::GreaterOrEqual => 0x35,
        }
    }
}

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// End with this value.
    Return(u32),
    /// At this instruction, counted from the last one of the program.
    At(usize),
}

/// A conditional jump skips at most so many instructions.
const FARTHEST: usize = u8::MAX as usize;
/// `BPF_LD | BPF_W | BPF_ABS`
pub(super) const LOAD: u16 = 0x20;
/// `BPF_ALU | BPF_AND | BPF_K`
pub(super) const AND: u16 = 0x54;
/// `BPF_JMP | BPF_JA`
pub(super) const JUMP: u16 = 0x05;
/// `BPF_RET | BPF_K`
pub(super) const RETURN: u16 = 0x06;

/// A program in the making.
///
/// Nothing but LD ABS, AND, JA, JEQ, JGT, JGE and RET is used: these the kernel can evaluate beforehand for each
/// call's number, and calls found to be always allowed skip the filter (Linux 5.11: `seccomp_is_const_allow`).
pub(super) struct Assembler {
    reversed: Vec<Instruction>,
    /// For each target that is not within reach of itself any more, the nearest instruction that leads there.
    ways: Vec<(Target, usize)>,
}

impl Assembler {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            reversed: Vec::with_capacity(capacity),
            ways: Vec::with_capacity(16),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.reversed.len()
    }

    /// The program from its first instruction on.
    pub(super) fn finish(mut self) -> Vec<Instruction> {
        self.reversed.reverse();
        self.reversed
    }

    /// Loads a word of `struct seccomp_data`, then goes on with what was put down last.
    pub(super) fn load(&mut self, offset: u32) -> Target {
        self.push(LOAD, 0, 0, offset)
    }

    /// Masks the accumulator, then goes on with what was put down last.
    pub(super) fn and(&mut self, mask: u32) -> Target {
        self.push(AND, 0, 0, mask)
    }

    /// Goes on at one of two targets.
    pub(super) fn branch(&mut self, test: Test, k: u32, yes: Target, no: Target) -> Target {
        if yes == no {
            return yes;
        }
        // What brings `no` near may take one instruction more.
        let yes = self.bring_near(yes, FARTHEST);
        let no = self.bring_near(no, FARTHEST + 1);
        let (jt, jf) = (self.skip(yes), self.skip(no));
        self.push(test.code(), jt, jf, k)
    }

    /// Makes sure that a load can precede: that what was put down last is the target.
    pub(super) fn fall_into(&mut self, target: Target) {
        match target {
            Target::At(at) if at + 1 == self.len() => {}
            Target::At(at) => {
                self.jump(at);
            }
            Target::Return(value) => {
                self.push(RETURN, 0, 0, value);
            }
        }
    }

    /// An instruction at most `reach` before the next one that leads to the target.
    fn bring_near(&mut self, target: Target, reach: usize) -> usize {
        let is_near = |at: usize| self.reversed.len() - at <= reach;
        if let Target::At(at) = target
            && is_near(at)
        {
            return at;
        }
        let known = self.ways.iter().position(|(to, _)| *to == target);
        if let Some(way) = known
            && is_near(self.ways[way].1)
        {
            return self.ways[way].1;
        }
        // A second RET costs no more than a jump to the first one, and saves a step.
        let at = match target {
            Target::Return(value) => self.push_at(RETURN, 0, 0, value),
            Target::At(at) => self.jump(at),
        };
        match known {
            Some(way) => self.ways[way].1 = at,
            None => self.ways.push((target, at)),
        }
        at
    }

    fn jump(&mut self, to: usize) -> usize {
        let skip = self.len() - to - 1;
        self.push_at(JUMP, 0, 0, u32::try_from(skip).unwrap_or(u32::MAX))
    }

    fn skip(&self, to: usize) -> u8 {
        u8::try_from(self.len() - to - 1).unwrap_or(u8::MAX)
    }

    fn push(&mut self, code: u16, jt: u8, jf: u8, k: u32) -> Target {
        Target::At(self.push_at(code, jt, jf, k))
    }

    fn push_at(&mut self, code: u16, jt: u8, jf: u8, k: u32) -> usize {
        self.reversed.push(Instruction { code, jt, jf, k });
        self.reversed.len() - 1
    }
}
