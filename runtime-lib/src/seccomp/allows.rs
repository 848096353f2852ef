//! Whether a filter lets a call through, found by running its program.

use super::Native;
use super::action::{ALLOW, LOG};
use super::names::Call;
use super::walk::{Word, reaches};

/// Whether a filter, as `struct sock_filter`s, lets all these calls of the machine's own through, each a name and its
/// arguments. `false` also where that cannot be told.
pub(crate) fn allows_all(filter: &[u8], calls: &[(&str, [u64; 6])]) -> bool {
    let (Some(abi), (instructions, [])) = (Native::CURRENT.abis().first().copied(), filter.as_chunks()) else {
        return false;
    };
    calls.iter().all(|(name, args)| {
        let number = Call::find(name).and_then(|call| call.slot(abi));
        let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
            return false;
        };
        let seen = Seen {
            number,
            arch: abi.audit(),
            args,
        };
        let word = |offset| seen.word(offset).map_or(Word::Odd, Word::Is);
        !reaches(instructions, word, |value| !matches!(value, ALLOW | LOG))
    })
}

/// `struct seccomp_data` (Linux: `include/uapi/linux/seccomp.h`).
struct Seen<'a> {
    number: u32,
    arch: u32,
    args: &'a [u64; 6],
}

impl Seen<'_> {
    /// The 32 bits at an offset. Where the instruction stands nobody knows beforehand.
    fn word(&self, offset: u32) -> Option<u32> {
        match offset {
            0 => Some(self.number),
            4 => Some(self.arch),
            16.. if offset.is_multiple_of(4) => {
                let at = usize::try_from(offset - 16).ok()?;
                let bytes = self.args.get(at / 8)?.to_ne_bytes();
                let half = bytes.get(at % 8..)?.first_chunk()?;
                Some(u32::from_ne_bytes(*half))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Seccomp;
    use crate::seccomp::assemble::{LOAD, RETURN};
    use crate::seccomp::{Native, compile};

    fn filter(json: &str) -> Vec<u8> {
        let profile: Seccomp = serde_json::from_str(json).unwrap();
        compile(&profile, Native::CURRENT).unwrap().to_bytes()
    }

    #[test]
    fn calls_are_let_through_as_the_profile_has_it() {
        let filter = filter(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                {"names": ["execve", "write"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["setsid"], "action": "SCMP_ACT_LOG"},
                {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
                 "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}]},
                {"names": ["prctl"], "action": "SCMP_ACT_ALLOW",
                 "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}"#,
        );
        let none = [0; 6];
        let first = |value| [value, 0, 0, 0, 0, 0];
        for (name, args, allowed) in [
            ("execve", none, true),
            ("setsid", none, true),
            ("mkdir", none, false),
            ("clone", first(0x8011), true),
            ("clone", first(0x1000_0000), false),
            ("prctl", first(1), true),
            ("prctl", first(1 << 32 | 1), false),
            ("prctl", first(4), false),
            ("no such call", none, false),
        ] {
            assert_eq!(allows_all(&filter, &[(name, args)]), allowed, "{name} {args:x?}");
        }
        assert!(allows_all(&filter, &[("execve", none), ("setsid", none)]));
        assert!(!allows_all(&filter, &[("execve", none), ("mkdir", none)]));
    }

    #[test]
    fn what_cannot_be_told_is_not_allowed() {
        let load = |k: u32| [&LOAD.to_ne_bytes()[..], &[0, 0], &k.to_ne_bytes()].concat();
        let allow = [&RETURN.to_ne_bytes()[..], &[0, 0], &ALLOW.to_ne_bytes()].concat();
        let none: &[(&str, [u64; 6])] = &[("execve", [0; 6])];
        assert!(allows_all(&[load(0), allow.clone()].concat(), none));
        for program in [
            Vec::new(),
            load(0),
            [load(8), allow.clone()].concat(),
            [load(1), allow.clone()].concat(),
            [load(64), allow.clone()].concat(),
            allow[..7].to_vec(),
            [vec![0xff; 8], allow.clone()].concat(),
        ] {
            assert!(!allows_all(&program, none), "{program:x?}");
        }
    }
}
