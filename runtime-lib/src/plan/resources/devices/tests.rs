//! Programs for v2 and lists for v1 against the rules read one after the other.

use super::interpreter::{Asked, V1, run};
use super::set::Kind;
use super::verdicts::{ALL, MKNOD, READ, WRITE};
use super::{DeviceProgram, Rules};
use crate::Problem;
use crate::bundle::{Access, DeviceRule, DeviceRuleType};
use proptest::prelude::*;

fn rules(list: &[DeviceRule]) -> Rules {
    Rules::of(list, &"devices".into()).unwrap().0
}

fn parsed(json: &str) -> Vec<DeviceRule> {
    let text = format!("{{\"devices\":{json}}}");
    crate::bundle::parse_resources(&text).unwrap().0.devices
}

fn program(json: &str) -> DeviceProgram {
    rules(&parsed(json)).program().unwrap()
}

/// What the specification says: the rules in their order, the last one about an access decides. Then what is allowed to
/// every container.
fn allows(list: &[DeviceRule], asked: Asked) -> bool {
    let always = |access: u8| match (asked.kind, asked.major, asked.minor) {
        _ if access == MKNOD => true,
        (Kind::Char, 1, 3 | 5 | 7 | 8 | 9) | (Kind::Char, 5, 0 | 2) | (Kind::Char, 136, _) => true,
        _ => false,
    };
    [MKNOD, READ, WRITE]
        .into_iter()
        .filter(|access| asked.access & access != 0)
        .all(|access| {
            let mut is_allowed = false;
            for rule in list {
                let of_kind = match rule.device_type() {
                    DeviceRuleType::All => true,
                    DeviceRuleType::Block => asked.kind == Kind::Block,
                    DeviceRuleType::Char => asked.kind == Kind::Char,
                };
                let number =
                    |wanted: Option<i64>, is: u32| wanted.is_none_or(|wanted| wanted == -1 || wanted == i64::from(is));
                let letters = rule.access.unwrap_or_default();
                let has = match access {
                    MKNOD => letters.mknod,
                    READ => letters.read,
                    _ => letters.write,
                };
                if of_kind && number(rule.major, asked.major) && number(rule.minor, asked.minor) && has {
                    is_allowed = rule.allow;
                }
            }
            is_allowed || always(access)
        })
}

/// Few numbers, so that rules meet; some that are the container's always, and some that reach into a word's sign.
fn number() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(-1)),
        6 => (0_i64..6).prop_map(Some),
        1 => Just(Some(136)),
        1 => Just(Some(4095)),
        1 => Just(Some(2048)),
    ]
}

fn rule() -> impl Strategy<Value = DeviceRule> {
    let kind = prop_oneof![
        Just(None),
        Just(Some(DeviceRuleType::All)),
        Just(Some(DeviceRuleType::Block)),
        Just(Some(DeviceRuleType::Char)),
    ];
    (any::<bool>(), kind, number(), number(), 1..=ALL).prop_map(|(allow, kind, major, minor, bits)| DeviceRule {
        allow,
        kind,
        major,
        minor,
        access: Some(Access {
            read: bits & READ != 0,
            write: bits & WRITE != 0,
            mknod: bits & MKNOD != 0,
        }),
    })
}

fn list() -> impl Strategy<Value = Vec<DeviceRule>> {
    prop::collection::vec(rule(), 0..9)
}

/// Every device that the numbers above tell apart.
fn each_device() -> impl Iterator<Item = (Kind, u32, u32)> {
    let numbers = || [0_u32, 1, 2, 3, 4, 5, 6, 136, 2048, 4095];
    let minors = move || numbers().into_iter().chain([(1 << 20) - 1]);
    [Kind::Block, Kind::Char].into_iter().flat_map(move |kind| {
        numbers()
            .into_iter()
            .flat_map(move |major| minors().map(move |minor| (kind, major, minor)))
    })
}

fn each_question(accesses: &'static [u8]) -> impl Iterator<Item = Asked> {
    each_device().flat_map(move |(kind, major, minor)| {
        accesses.iter().map(move |&access| Asked {
            kind,
            major,
            minor,
            access,
        })
    })
}

/// What the kernel asks for: who makes a node asks for nothing else.
const ASKED_FOR: &[u8] = &[MKNOD, READ, WRITE, READ | WRITE];

fn v1(knobs: &[crate::plan::Knob]) -> V1 {
    let mut cgroup = V1::default();
    knobs.iter().for_each(|knob| cgroup.write(knob));
    cgroup
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_program_allows_what_the_rules_allow(list in list()) {
        let program = rules(&list).program().unwrap();
        for asked in each_question(&[0, 1, 2, 3, 4, 5, 6, 7]) {
            prop_assert_eq!(run(&program.instructions, asked), allows(&list, asked), "{:?}", asked);
        }
    }

    #[test]
    fn a_list_of_v1_allows_what_the_rules_allow_or_is_refused(list in list()) {
        if let Ok(knobs) = rules(&list).writes() {
            let cgroup = v1(&knobs);
            for asked in each_question(ASKED_FOR) {
                prop_assert_eq!(cgroup.allows(asked), allows(&list, asked), "{:?}", asked);
            }
        }
    }

    #[test]
    fn writes_after_other_rules_lead_to_the_same_list(before in list(), other in list(), after in list()) {
        let [before, other, after] = [before, other, after].map(|list| rules(&list));
        let (Ok(old), Ok(new), Ok(change)) = (before.writes(), after.writes(), after.writes_after(&[&before])) else {
            return Ok(());
        };
        let mut cgroup = v1(&old);
        change.iter().for_each(|knob| cgroup.write(knob));
        prop_assert_eq!(cgroup.list(), v1(&new).list());
        // One of two, and nobody knows which.
        if let Ok(change) = after.writes_after(&[&other, &before]) {
            let mut cgroup = v1(&old);
            change.iter().for_each(|knob| cgroup.write(knob));
            prop_assert_eq!(cgroup.list(), v1(&new).list());
        }
    }

    #[test]
    fn what_both_allow_is_never_denied_in_between(before in list(), after in list()) {
        let rules = [&before, &after].map(|list| rules(list));
        let (Ok(old), Ok(change)) = (rules[0].writes(), rules[1].writes_after(&[&rules[0]])) else {
            return Ok(());
        };
        if change.iter().any(|knob| knob.value == "a") {
            return Ok(());
        }
        let mut cgroup = v1(&old);
        for knob in &change {
            cgroup.write(knob);
            for asked in each_question(ASKED_FOR) {
                let both = allows(&before, asked) && allows(&after, asked);
                prop_assert!(!both || cgroup.allows(asked), "{} {:?}", knob, asked);
            }
        }
    }

    #[test]
    fn rules_that_mean_the_same_allow_the_same(one in list(), other in list()) {
        let same = rules(&one).mean_the_same(&rules(&other));
        let differ = each_question(ASKED_FOR).find(|&asked| allows(&one, asked) != allows(&other, asked));
        prop_assert_eq!(same, differ.is_none(), "{:?}", differ);
    }
}

/// What dockerd 20.10 writes for a container.
const DOCKER: &str = r#"[{"allow":false,"access":"rwm"},
    {"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"},
    {"allow":true,"type":"c","major":1,"minor":9,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":8,"access":"rwm"},
    {"allow":true,"type":"c","major":5,"minor":0,"access":"rwm"},{"allow":true,"type":"c","major":5,"minor":1,"access":"rwm"},
    {"allow":false,"type":"c","major":10,"minor":229,"access":"rwm"}]"#;

#[test]
fn programs_are_short() {
    let count = |json: &str| program(json).instructions.len();
    assert_eq!(count(r#"[{"allow":true,"access":"rwm"}]"#), 2);
    assert_eq!(count("[]"), 20);
    assert_eq!(count(DOCKER), 21);
}

#[test]
fn a_program_is_as_it_was_looked_through() {
    let kvm = r#"[{"allow":true,"type":"c","major":10,"minor":232,"access":"rw"},
        {"allow":true,"type":"b","major":259,"access":"r"},{"allow":true,"type":"b","minor":7,"access":"w"}]"#;
    let lines: Vec<String> = program(kvm)
        .instructions
        .iter()
        .map(|instruction| {
            let bytes = instruction.to_le_bytes();
            let number = i32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
            let offset = i16::from_le_bytes([bytes[2], bytes[3]]);
            format!(
                "{:02x} r{} r{} {offset:+} {number:#x}",
                bytes[0],
                bytes[1] & 15,
                bytes[1] >> 4
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn rules_read_as_they_count() {
    let read = |json: &str| {
        program(json)
            .rules
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(read(DOCKER));
    assert_eq!(read(r#"[{"allow":true,"access":"rwm"}]"#), "allow all devices");
}

#[test]
fn more_rules_than_a_program_can_have_are_refused() {
    let list = |count: i64| -> Vec<DeviceRule> {
        let rule = |minor| DeviceRule {
            allow: true,
            kind: Some(DeviceRuleType::Char),
            major: Some(10),
            minor: Some(minor),
            access: Some(Access::ALL),
        };
        (0..count).map(rule).collect()
    };
    assert!(rules(&list(3_900)).program().is_ok());
    let error: Problem = rules(&list(4_000)).program().unwrap_err();
    assert!(error.to_string().starts_with("devices: "), "{error}");
    // Some about majors and some about minors meet in very many devices.
    let each = |major: bool| {
        list(3_000).into_iter().map(move |rule| DeviceRule {
            major: rule.minor.filter(|_| major),
            minor: rule.minor.filter(|_| !major),
            ..rule
        })
    };
    let crossed: Vec<DeviceRule> = each(true).chain(each(false)).collect();
    assert!(rules(&crossed).program().is_err());
}
