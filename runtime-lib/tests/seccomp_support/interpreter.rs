//! Runs a filter as the kernel would, and checks what the kernel would check.

use orlop::seccomp::Instruction;

/// A system call as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub arch: u32,
    pub number: u32,
    pub args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        let offset = usize::try_from(offset).unwrap();
        match offset {
            0 => self.number,
            4 => self.arch,
            8 | 12 => panic!("no program here looks at the instruction pointer"),
            _ => {
                let bytes = self.args[(offset - 16) / 8].to_le_bytes();
                let half = &bytes[(offset - 16) % 8..][..4];
                u32::from_le_bytes(half.try_into().unwrap())
            }
        }
    }
}

/// What came out, and after how many instructions.
pub struct Outcome {
    pub value: u32,
    pub steps: usize,
}

pub fn run(program: &[Instruction], call: &Call) -> Outcome {
    let mut accumulator = 0;
    let mut at = 0;
    let mut steps = 0;
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        steps += 1;
        let holds = match code {
            0x20 => {
                accumulator = call.word(k);
                at += 1;
                continue;
            }
            0x54 => {
                accumulator &= k;
                at += 1;
                continue;
            }
            0x05 => {
                at += 1 + usize::try_from(k).unwrap();
                continue;
            }
            0x06 => return Outcome { value: k, steps },
            0x15 => accumulator == k,
            0x25 => accumulator > k,
            0x35 => accumulator >= k,
            0x45 => accumulator & k != 0,
            other => panic!("instruction {at} has the unknown code {other:#x}"),
        };
        at += 1 + usize::from(if holds { jt } else { jf });
    }
}

/// Panics if the kernel would refuse the program, or if it has instructions that we promise not to use. Says how many
/// nothing reaches.
pub fn validate(program: &[Instruction]) -> usize {
    assert!(
        !program.is_empty() && program.len() <= 4096,
        "{} instructions",
        program.len()
    );
    let mut reached = vec![false; program.len()];
    reached[0] = true;
    for (at, Instruction { code, jt, jf, k }) in program.iter().enumerate() {
        let next: Vec<usize> = match code {
            0x20 => {
                assert!(k % 4 == 0 && *k < 64, "instruction {at} loads from {k}");
                vec![at + 1]
            }
            0x54 => vec![at + 1],
            0x05 => vec![at + 1 + usize::try_from(*k).unwrap()],
            0x15 | 0x25 | 0x35 => vec![at + 1 + usize::from(*jt), at + 1 + usize::from(*jf)],
            0x06 => vec![],
            other => panic!("instruction {at} has the code {other:#x}"),
        };
        for next in next {
            assert!(next < program.len(), "instruction {at} leads out of the program");
            reached[next] |= reached[at];
        }
    }
    reached.iter().filter(|reached| !**reached).count()
}
