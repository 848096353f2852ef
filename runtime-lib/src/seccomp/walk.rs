//! What a program can come to, found by following it.

use super::assemble::{AND, JUMP, LOAD, RETURN, Test};
use std::collections::HashSet;

/// What stands at an offset of `struct seccomp_data` (Linux: `include/uapi/linux/seccomp.h`).
pub(super) enum Word {
    /// This.
    Is(u32),
    /// Whatever the caller has put there.
    Any,
    /// Nothing that can be reasoned about.
    Odd,
}

/// Whether some way through the program ends with a value that `is_it`. One that is not of this library's making, or
/// that looks at an odd word, may end with anything.
pub(super) fn reaches(instructions: &[[u8; 8]], word: impl Fn(u32) -> Word, is_it: impl Fn(u32) -> bool) -> bool {
    let mut seen = HashSet::new();
    // Where to go on, and what is in the accumulator, if that is known.
    let mut ways: Vec<(usize, Option<u32>)> = vec![(0, None)];
    while let Some((at, accumulator)) = ways.pop() {
        if !seen.insert((at, accumulator)) {
            continue;
        }
        let Some(&[code, more_code, jt, jf, k @ ..]) = instructions.get(at) else {
            return true;
        };
        let (code, k) = (u16::from_ne_bytes([code, more_code]), u32::from_ne_bytes(k));
        let next = at + 1;
        let (if_so, if_not) = (next + usize::from(jt), next + usize::from(jf));
        let known = |holds: fn(&u32, &u32) -> bool| accumulator.map(|value| holds(&value, &k));
        let condition = match code {
            LOAD => {
                let loaded = match word(k) {
                    Word::Is(value) => Some(value),
                    Word::Any => None,
                    Word::Odd => return true,
                };
                ways.push((next, loaded));
                continue;
            }
            AND => {
                ways.push((next, accumulator.map(|value| value & k)));
                continue;
            }
            JUMP => {
                let to = next.saturating_add(usize::try_from(k).unwrap_or(usize::MAX));
                ways.push((to, accumulator));
                continue;
            }
            RETURN if is_it(k) => return true,
            RETURN => continue,
            _ if code == Test::Equal.code() => known(u32::eq),
            _ if code == Test::Greater.code() => known(u32::gt),
            _ if code == Test::GreaterOrEqual.code() => known(u32::ge),
            _ => return true,
        };
        match condition {
            Some(true) => ways.push((if_so, accumulator)),
            Some(false) => ways.push((if_not, accumulator)),
            None => ways.extend([(if_so, accumulator), (if_not, accumulator)]),
        }
    }
    false
}
