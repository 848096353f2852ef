//! A good config with one thing wrong: the error is one line and names the place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bundle_json;

use bundle_json::{configs, full};
use orlop::bundle::Bundle;
use serde_json::{Value, json};
use std::fmt::Write;

/// A step of a path in a JSON value.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Element(usize),
}

/// The path as errors write it, and with `[]` for each number and name of a map, as the lists below write it.
fn written(steps: &[Step]) -> (String, String) {
    let (mut exact, mut general) = (String::new(), String::new());
    for step in steps {
        match step {
            Step::Element(index) => {
                write!(exact, "[{index}]").unwrap();
                general.push_str("[]");
            }
            Step::Member(name) => {
                let is_data = MAPS.contains(&format!("{general}[]").as_str());
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                match (plain, exact.is_empty()) {
                    (true, true) => exact.push_str(name),
                    (true, false) => write!(exact, ".{name}").unwrap(),
                    (false, _) => write!(exact, "[{name:?}]").unwrap(),
                }
                match (is_data, general.is_empty()) {
                    (true, _) => general.push_str("[]"),
                    (false, true) => general.push_str(name),
                    (false, false) => write!(general, ".{name}").unwrap(),
                }
            }
        }
    }
    (exact, general)
}

/// All places of a value, the outermost first.
fn places(value: &Value, at: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    if !at.is_empty() {
        found.push(at.clone());
    }
    let inner: Vec<(Step, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (Step::Member(name.clone()), value))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Element(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (step, value) in inner {
        at.push(step);
        places(value, at, found);
        at.pop();
    }
}

fn find<'a>(value: &'a mut Value, steps: &[Step]) -> &'a mut Value {
    steps.iter().fold(value, |value, step| match step {
        Step::Member(name) => &mut value[name.as_str()],
        Step::Element(index) => &mut value[*index],
    })
}

/// What Linux has no use for, and what is below it.
const IGNORED: &[&str] = &["windows", "solaris", "zos", "freebsd"];

/// Members of objects whose names are data.
const MAPS: &[&str] = &[
    "annotations[]",
    "linux.sysctl[]",
    "linux.netDevices[]",
    "linux.timeOffsets[]",
    "linux.resources.rdma[]",
    "linux.resources.unified[]",
];

/// Members that must be there. Elements of lists must not be `null` either.
const REQUIRED: &[&str] = &[
    "ociVersion",
    "root",
    "root.path",
    "mounts[].destination",
    "mounts[0].type",
    "mounts[1].source",
    "process.consoleSize.height",
    "process.consoleSize.width",
    "process.args",
    "process.cwd",
    "process.rlimits[].type",
    "process.rlimits[].soft",
    "process.rlimits[].hard",
    "process.scheduler.policy",
    "process.ioPriority.class",
    "process.ioPriority.priority",
    "hooks.prestart[].path",
    "hooks.createRuntime[].path",
    "hooks.createContainer[].path",
    "hooks.startContainer[].path",
    "hooks.poststart[].path",
    "hooks.poststop[].path",
    "linux",
    "linux.uidMappings",
    "linux.gidMappings",
    "linux.uidMappings[].containerID",
    "linux.uidMappings[].hostID",
    "linux.uidMappings[].size",
    "linux.gidMappings[].containerID",
    "linux.gidMappings[].hostID",
    "linux.gidMappings[].size",
    "mounts[].uidMappings",
    "mounts[].gidMappings",
    "mounts[].uidMappings[].containerID",
    "mounts[].uidMappings[].hostID",
    "mounts[].uidMappings[].size",
    "mounts[].gidMappings[].containerID",
    "mounts[].gidMappings[].hostID",
    "mounts[].gidMappings[].size",
    "linux.namespaces",
    "linux.namespaces[].type",
    "linux.devices[].path",
    "linux.devices[].type",
    "linux.devices[].major",
    "linux.devices[].minor",
    "linux.seccomp.defaultAction",
    "linux.seccomp.syscalls[].action",
    "linux.seccomp.syscalls[].args[].index",
    "linux.seccomp.syscalls[].args[].value",
    "linux.seccomp.syscalls[].args[].op",
    "linux.memoryPolicy.mode",
    "linux.personality.domain",
    "linux.resources.devices[].allow",
    "linux.resources.blockIO.weightDevice[].major",
    "linux.resources.blockIO.weightDevice[].minor",
    "linux.resources.blockIO.throttleReadBpsDevice[].major",
    "linux.resources.blockIO.throttleReadBpsDevice[].minor",
    "linux.resources.blockIO.throttleReadBpsDevice[].rate",
    "linux.resources.blockIO.throttleWriteBpsDevice[].major",
    "linux.resources.blockIO.throttleWriteBpsDevice[].minor",
    "linux.resources.blockIO.throttleWriteBpsDevice[].rate",
    "linux.resources.blockIO.throttleReadIOPSDevice[].major",
    "linux.resources.blockIO.throttleReadIOPSDevice[].minor",
    "linux.resources.blockIO.throttleReadIOPSDevice[].rate",
    "linux.resources.blockIO.throttleWriteIOPSDevice[].major",
    "linux.resources.blockIO.throttleWriteIOPSDevice[].minor",
    "linux.resources.blockIO.throttleWriteIOPSDevice[].rate",
    "linux.resources.rdma.rxe3.hcaObjects",
    "linux.resources.hugepageLimits[].pageSize",
    "linux.resources.hugepageLimits[].limit",
    "linux.resources.network.priorities[].name",
    "linux.resources.network.priorities[].priority",
];

/// Members whose fault of one of these kinds shows at another place: a rule between members.
const ELSEWHERE: &[(&str, &[&str], &str)] = &[
    ("linux", GONE, "hostname"),
    ("linux.namespaces", GONE, "hostname"),
    ("mounts[].uidMappings", GONE, "mounts[1]"),
    ("mounts[].gidMappings", GONE, "mounts[1]"),
    ("mounts[0].options[0]", &["long"], "mounts[0].options"),
    ("mounts[0].options[1]", &["long"], "mounts[0].options"),
    ("mounts[1].options[0]", &["long"], "mounts[1].options"),
    (
        "linux.resources.rdma.rxe3.hcaObjects",
        GONE,
        "linux.resources.rdma.rxe3",
    ),
];
const GONE: &[&str] = &["null", "left out"];

/// Members that may be -1.
const SIGNED: &[&str] = &[
    "process.oomScoreAdj",
    "process.scheduler.nice",
    "linux.timeOffsets[].secs",
    "linux.resources.devices[].major",
    "linux.resources.devices[].minor",
    "linux.resources.memory.limit",
    "linux.resources.memory.reservation",
    "linux.resources.memory.swap",
    "linux.resources.memory.kernel",
    "linux.resources.memory.kernelTCP",
    "linux.resources.cpu.quota",
    "linux.resources.cpu.realtimeRuntime",
    "linux.resources.pids.limit",
];

/// Text that may be anything; elsewhere it is a word of a closed list, a path, or has a form.
const FREE: &[&str] = &[
    "annotations[]",
    "mounts[].type",
    "mounts[].source",
    "mounts[].destination",
    "root.path",
    "process.args[]",
    "process.env[]",
    "process.user.username",
    "process.commandLine",
    "process.apparmorProfile",
    "process.selinuxLabel",
    "process.capabilities.bounding[]",
    "process.capabilities.effective[]",
    "process.capabilities.inheritable[]",
    "process.capabilities.permitted[]",
    "process.capabilities.ambient[]",
    "hooks.prestart[].args[]",
    "hooks.prestart[].env[]",
    "hooks.createContainer[].args[]",
    "hooks.createContainer[].env[]",
    "hooks.startContainer[].args[]",
    "hooks.startContainer[].env[]",
    "hooks.poststart[].args[]",
    "hooks.poststart[].env[]",
    "hooks.poststop[].args[]",
    "hooks.poststop[].env[]",
    "hooks.createRuntime[].args[]",
    "hooks.createRuntime[].env[]",
    "linux.sysctl[]",
    "linux.cgroupsPath",
    "linux.mountLabel",
    "linux.intelRdt.closID",
    "linux.intelRdt.l3CacheSchema",
    "linux.seccomp.listenerPath",
    "linux.seccomp.listenerMetadata",
    "linux.seccomp.syscalls[].names[]",
    "linux.resources.cpu.cpus",
    "linux.resources.cpu.mems",
    "linux.resources.network.priorities[].name",
    "linux.resources.unified[]",
];

/// Text that may be anything, but not of any length; and the other way round.
/// Without its first option `mounts[1]` is no bind mount, whose words are all known, but a filesystem.
const SHORT: &[&str] = &[
    "hostname",
    "domainname",
    "mounts[0].options[0]",
    "mounts[0].options[1]",
    "mounts[1].options[0]",
];
const LINES: &[&str] = &["linux.intelRdt.schemata[]"];

/// What is done to a place, and whether it does no harm there.
fn mutations(value: &Value, exact: &str, general: &str) -> Vec<(&'static str, Option<Value>, bool)> {
    let required =
        REQUIRED.contains(&general) || REQUIRED.contains(&exact) || general.ends_with(']') && !MAPS.contains(&general);
    let mut list = vec![("null", Some(Value::Null), !required)];
    if !general.ends_with(']') {
        list.push(("left out", None, !required));
    }
    let others = [
        ("a number", json!(7)),
        ("text", json!("other")),
        ("true", json!(true)),
        ("a list", json!([[1]])),
        ("an object", json!({"x": 1})),
    ];
    for (kind, other) in others {
        if std::mem::discriminant(&other) != std::mem::discriminant(value) {
            list.push((kind, Some(other), false));
        }
    }
    match value {
        Value::String(_) => {
            list.push(("NUL", Some(json!("/a\0b")), false));
            list.push((
                "unknown word",
                Some(json!("nonsense\nand\u{1b}[31m more")),
                FREE.contains(&general) || SHORT.contains(&exact),
            ));
            list.push((
                "long",
                Some(json!("long".repeat(17_500))),
                FREE.contains(&general) || LINES.contains(&general),
            ));
        }
        Value::Number(_) => {
            list.push(("-1", Some(json!(-1)), SIGNED.contains(&general)));
            list.push((
                "-2^63-1",
                Some(serde_json::from_str("-9223372036854775809").unwrap()),
                false,
            ));
            list.push((
                "2^64",
                Some(serde_json::from_str("18446744073709551616").unwrap()),
                false,
            ));
            list.push(("1.5", Some(json!(1.5)), false));
            list.push(("1e30", Some(json!(1e30)), false));
        }
        _ => {}
    }
    list
}

#[test]
fn each_fault_is_one_line_that_names_its_place() {
    let good: Value = serde_json::from_str(&full()).unwrap();
    let mut all = Vec::new();
    places(&good, &mut Vec::new(), &mut all);
    let (mut refused, mut harmless, mut wrong) = (0, 0, Vec::new());
    for steps in all {
        let (exact, general) = written(&steps);
        let ignored = IGNORED.iter().any(|ignored| general.starts_with(ignored));
        for (kind, new, no_harm) in mutations(find(&mut good.clone(), &steps), &exact, &general) {
            let mut bad = good.clone();
            match (new, steps.split_last()) {
                (Some(new), _) => *find(&mut bad, &steps) = new,
                (None, Some((Step::Member(name), parent))) => {
                    find(&mut bad, parent).as_object_mut().unwrap().remove(name);
                }
                _ => unreachable!(),
            }
            let text = bad.to_string();
            let expected = match ELSEWHERE
                .iter()
                .find(|(member, kinds, _)| (*member == general || *member == exact) && kinds.contains(&kind))
            {
                Some((.., path)) => path,
                None => exact.as_str(),
            };
            match Bundle::parse("/bundle", &text) {
                Ok(_) if no_harm || ignored => harmless += 1,
                Ok(_) => wrong.push(format!("{exact} {kind}: accepted")),
                Err(error) => {
                    let line = error.to_string();
                    let path = line.strip_prefix(expected).is_some_and(|rest| rest.starts_with(": "));
                    if no_harm
                        || ignored
                        || !path
                        || line.len() > 300
                        || line.contains(|letter: char| letter.is_control())
                    {
                        wrong.push(format!("{exact} {kind}: {line:.300}"));
                    }
                    refused += 1;
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        refused + harmless,
        wrong.join("\n")
    );
    println!("{refused} refused with the right path, {harmless} harmless");
    assert!(refused > 1000);
}

#[test]
fn null_is_what_absence_is_for_each_member() {
    let (mut taken, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, text) in configs() {
        let good: Value = serde_json::from_str(&text).unwrap();
        let mut all = Vec::new();
        places(&good, &mut Vec::new(), &mut all);
        for steps in all {
            let Some((Step::Member(member), parent)) = steps.split_last() else {
                continue;
            };
            let (mut null, mut absent) = (good.clone(), good.clone());
            *find(&mut null, &steps) = Value::Null;
            find(&mut absent, parent).as_object_mut().unwrap().remove(member);
            let read = |config: &Value| {
                let bundle = Bundle::parse("/bundle", &config.to_string());
                bundle
                    .map(|bundle| (bundle.config().clone(), bundle.warnings().to_vec()))
                    .map_err(|error| error.to_string())
            };
            let (null, absent) = (read(&null), read(&absent));
            if null != absent {
                let place = written(&steps).0;
                wrong.push(format!("{name} {place}: {:?} and {:?}", null.err(), absent.err()));
            } else if null.is_ok() {
                taken += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    println!("{taken} taken, {refused} refused");
    assert!(taken > 5_000 && refused > 500, "{taken} taken, {refused} refused");
}

/// A generator of numbers that is good enough for choosing places.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}

#[test]
fn any_damage_to_any_byte_is_survived_with_one_line() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let interesting = b"\"\\{}[],:0123456789-.eEntfu \0\n\x1b\x7f/x";
    let (mut refused, mut all) = (0, 0);
    for (name, text) in configs()
        .into_iter()
        .filter(|(name, _)| name == "full" || name.contains("plain") || name.contains("spec"))
    {
        for _ in 0..1_500 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=chance.below(2) {
                let (at, byte) = (chance.below(bytes.len()), interesting[chance.below(interesting.len())]);
                match chance.below(4) {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let Ok(damaged) = String::from_utf8(bytes) else {
                continue;
            };
            all += 1;
            if let Err(error) = Bundle::parse("/bundle", &damaged) {
                refused += 1;
                let line = error.to_string();
                assert!(
                    !line.is_empty() && line.len() < 500 && !line.contains(|letter: char| letter.is_control()),
                    "{name}: {line}"
                );
            }
        }
    }
    println!("{all} damaged configs, {refused} refused");
    assert!(refused > all / 2);
}
