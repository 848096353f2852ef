//! Random profiles and calls, the same on each run.

use super::interpreter::Call;
use super::numbers::{Abi, inner};
use super::profile;
use orlop::bundle::Seccomp;
use orlop::seccomp::Native;
use serde_json::{Value, json};

/// xorshift64*.
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// What is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No conditions; names come again with other actions.
    Plain,
    /// Conditions; all rules of a name have one action.
    Conditions,
    /// Conditions; names come again with other actions.
    Overlaps,
}

const ACTIONS: [&str; 8] = [
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL",
    "SCMP_ACT_TRAP",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
];
const OPERATORS: [&str; 7] = [
    "SCMP_CMP_NE",
    "SCMP_CMP_LT",
    "SCMP_CMP_LE",
    "SCMP_CMP_EQ",
    "SCMP_CMP_GE",
    "SCMP_CMP_GT",
    "SCMP_CMP_MASKED_EQ",
];
const BOUNDARIES: [u64; 16] = [
    0,
    1,
    2,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x1_ffff_ffff,
    0x2_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

pub fn number(random: &mut Random) -> u64 {
    match random.below(10) {
        0..6 => *random.one_of(&BOUNDARIES),
        6..8 => u64::try_from(random.below(64)).unwrap(),
        8 => random.next() & 0xffff_ffff,
        _ => random.next(),
    }
}

pub fn draw(random: &mut Random, native: Native, kind: Kind, size: usize) -> Seccomp {
    let abis = Abi::of(native);
    let names: Vec<&str> = {
        let mut names: Vec<&str> = abis.iter().flat_map(|abi| abi.names()).collect();
        names.sort_unstable();
        names.dedup();
        // See EXCEPTIONS of the test of numbers.
        names.retain(|name| *name != "map_shadow_stack");
        // What libseccomp does with conditions on multiplexed calls of x86 is looked at on its own.
        names.retain(|name| kind == Kind::Plain || inner(name).is_none());
        names
    };
    let default = draw_action(random, &ACTIONS[..7]);
    let mut rules: Vec<Value> = Vec::new();
    for _ in 0..=random.below(size) {
        let mut action = draw_action(random, &ACTIONS);
        let most = if random.chance(20) { 60 } else { 3 };
        let mut named: Vec<&str> = (0..=random.below(most)).map(|_| *random.one_of(&names)).collect();
        if kind == Kind::Overlaps && random.chance(60) {
            named.truncate(1);
            named[0] = names[random.below(6)];
        }
        if kind != Kind::Plain {
            named.sort_unstable();
            named.dedup();
        }
        if action["action"] == "SCMP_ACT_NOTIFY" {
            named.retain(|name| *name != "write");
            if named.is_empty() {
                continue;
            }
        }
        let count = if kind != Kind::Plain && random.chance(70) {
            1 + random.below(3)
        } else {
            0
        };
        for _ in 0..if kind == Kind::Conditions && count > 0 {
            1 + random.below(3)
        } else {
            1
        } {
            let args: Vec<Value> = (0..count)
                .map(|_| {
                    let operator = *random.one_of(&OPERATORS);
                    let value = number(random);
                    let mut two = number(random);
                    if random.chance(90) {
                        two &= value;
                    }
                    json!({"index": random.below(6), "value": value, "valueTwo": two, "op": operator})
                })
                .collect();
            action["names"] = json!(named);
            action["args"] = json!(args);
            rules.push(action.clone());
        }
    }
    if kind == Kind::Conditions {
        // A name's later rules are dropped unless they have the action of its first one.
        let mut actions = std::collections::HashMap::new();
        for rule in &mut rules {
            let key = json!([rule["action"], rule["errnoRet"]]).to_string();
            let names = rule["names"].as_array_mut().unwrap();
            names.retain(|name| *actions.entry(name.to_string()).or_insert_with(|| key.clone()) == key);
        }
        rules.retain(|rule| !rule["names"].as_array().unwrap().is_empty());
    }
    let mut architectures: Vec<&str> = abis
        .iter()
        .filter(|_| random.chance(75))
        .map(|abi| abi.word().as_str())
        .collect();
    architectures.extend(random.chance(10).then_some("SCMP_ARCH_S390X"));
    let mut drawn = json!({"defaultAction": default["action"], "architectures": architectures, "syscalls": rules});
    drawn["listenerPath"] = json!("/run/agent");
    if let Some(errno) = default.get("errnoRet") {
        drawn["defaultErrnoRet"] = errno.clone();
    }
    profile(&drawn.to_string())
}

fn draw_action(random: &mut Random, actions: &[&str]) -> Value {
    let action = *random.one_of(actions);
    let mut drawn = json!({"action": action});
    if matches!(action, "SCMP_ACT_ERRNO" | "SCMP_ACT_TRACE") && random.chance(60) {
        drawn["errnoRet"] = json!(random.one_of(&[0, 1, 2, 13, 38, 4094]));
    }
    drawn
}

/// Calls worth trying on a profile: all numbers near those that rules name, some beyond, with arguments near those
/// that rules name.
pub fn calls(
    random: &mut Random,
    profile: &Seccomp,
    native: Native,
    arguments: usize,
    mut check: impl FnMut(Abi, &Call),
) {
    let values: Vec<u64> = profile
        .syscalls
        .iter()
        .flat_map(|rule| &rule.args)
        .flat_map(|arg| [arg.value, arg.value_two.unwrap_or(0)])
        .collect();
    for abi in Abi::of(native) {
        let mut numbers: Vec<u32> = vec![
            0,
            1,
            102,
            117,
            470,
            560,
            600,
            0x0e_ffff,
            0x0f_0000,
            0x0f_0002,
            0x0f_0005,
            0x0f_0100,
            0x3fff_ffff,
            0x7fff_ffff,
            u32::MAX,
        ];
        for rule in &profile.syscalls {
            for name in &rule.names {
                if let Some(number) = abi.number(name) {
                    let number = number & !abi.mark();
                    numbers.extend([number.saturating_sub(1), number, number + 1]);
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let number = number | abi.mark();
            let tried = profile
                .syscalls
                .iter()
                .any(|rule| !rule.args.is_empty() && rule.names.iter().any(|name| abi.number(name) == Some(number)));
            for _ in 0..if tried || [102, 117].contains(&number) {
                arguments
            } else {
                2
            } {
                let mut argument = || match random.below(10) {
                    0..5 if !values.is_empty() => {
                        let value = *random.one_of(&values);
                        match random.below(8) {
                            0 => value.wrapping_add(1),
                            1 => value.wrapping_sub(1),
                            2 => value ^ 0x1_0000_0000,
                            3 => value | (random.next() & 0xff),
                            _ => value,
                        }
                    }
                    _ => number_or_small(random),
                };
                let args = std::array::from_fn(|_| argument());
                check(
                    *abi,
                    &Call {
                        arch: abi.audit(),
                        number,
                        args,
                    },
                );
            }
        }
    }
}

fn number_or_small(random: &mut Random) -> u64 {
    if random.chance(30) {
        u64::try_from(random.below(26)).unwrap()
    } else {
        number(random)
    }
}
