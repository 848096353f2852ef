//! The targets on their seeds, and on some damaged copies of each: what can be had without a fuzzing engine.

use orlop_fuzz::{TARGETS, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// So many damaged copies are made of each seed.
const COPIES: u64 = 40;

#[test]
fn every_target_takes_its_seeds_and_damaged_copies_of_them() {
    let mut failures = Vec::new();
    for (name, target) in TARGETS {
        let inputs = seeds::files(&seeds::folders(name));
        assert!(!inputs.is_empty(), "{name} has no seeds");
        let mut runs = 0;
        for (number, seed) in inputs.iter().enumerate() {
            for copy in 0..=COPIES {
                let input = if copy == 0 {
                    seed.clone()
                } else {
                    damaged(seed, (number as u64) << 32 | copy)
                };
                runs += 1;
                if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                    failures.push(format!("{name}: {:?}", String::from_utf8_lossy(&input)));
                }
            }
        }
        println!("{name}: {} seeds, {runs} runs", inputs.len());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A copy with a few bytes replaced, left out or doubled; the same one for the same number.
fn damaged(seed: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |limit: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    };
    let mut bytes = seed.to_vec();
    for _ in 0..=next(4) {
        let at = next(bytes.len());
        match next(4) {
            0 if !bytes.is_empty() => bytes[at] = next(256) as u8,
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\"0-{}[]/\\\n,:9x\0\xff"[next(16)]),
            _ => {
                let end = (at + next(40)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}
