//! Good configs made bad, one place at a time: each must be refused with exit status 1 and one line that names the
//! place.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        wrong_types_are_refused_with_their_path,
        (
            "runc",
            "1.1",
            "names no path, takes fractions and negatives in places, ignores null"
        ),
        ("crun", "1.8", "runs many of them; names no path")
    ),
    test!(
        values_out_of_range_are_refused_with_their_path,
        ("runc", "1.1", "names no path; runs some of them"),
        ("crun", "1.8", "names no path; runs many of them")
    ),
    test!(
        unknown_words_and_long_strings_are_refused_with_their_path,
        ("runc", "1.1", "names no path; runs some of them"),
        ("crun", "1.8", "names no path; runs many of them")
    ),
    test!(
        nul_in_any_string_is_refused_with_its_path,
        ("runc", "1.1", "names no path; runs some of them"),
        ("crun", "1.8", "names no path; cuts at the NUL")
    ),
    test!(
        missing_members_are_refused_with_their_path,
        ("runc", "1.1", "names no path; runs some of them"),
        ("crun", "1.8", "names no path; runs some of them")
    ),
];

/// A good config that uses much of what there is.
fn rich(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let seccomp = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{
            "names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
            "args": [{"index": 0, "value": 1, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]
        }]
    });
    let hook = json!({"path": "/bin/true", "args": ["true"], "env": ["A=b"], "timeout": 5});
    let device =
        json!({"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 0, "gid": 0});
    let rule = json!({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"});
    let bundle = t
        .bundle()?
        .set("/process/user/umask", json!(0o22))
        .set("/process/user/additionalGids", json!([5]));
    let bundle = bundle
        .set("/process/oomScoreAdj", json!(0))
        .set("/annotations", json!({"a": "b"}));
    let bundle = bundle
        .set("/linux/sysctl", json!({"net.ipv4.ip_forward": "0"}))
        .set("/linux/seccomp", seccomp);
    let bundle = bundle.set("/linux/devices", json!([device])).set(
        "/linux/resources/devices",
        json!([{"allow": false, "access": "rwm"}, rule]),
    );
    let bundle = bundle.set("/linux/rootfsPropagation", json!("private"));
    Ok(bundle.hook("createRuntime", hook).probe("exit 0"))
}

/// Every place of a config as JSON pointer; of a list only the first and the last item.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    if !pointer.is_empty() {
        found.push(pointer.to_owned());
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{pointer}/{}", name.replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if index == 0 || index + 1 == items.len() {
                    places(item, &format!("{pointer}/{index}"), found);
                }
            }
        }
        _ => {}
    }
}

/// A pointer as errors write it: `/mounts/3/options/1` is `mounts[3].options[1]`.
fn path(pointer: &str) -> String {
    let mut text = String::new();
    for name in pointer.split('/').skip(1) {
        if name.parse::<usize>().is_ok() {
            text.push_str(&format!("[{name}]"));
        } else if name.contains('.') {
            text.push_str(&format!("[{name:?}]"));
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(name);
        }
    }
    text
}

/// One bad config: where, and with what in its place (none: taken out).
struct Mutation {
    pointer: String,
    value: Option<Value>,
}

fn try_all(t: &Trial<'_>, good: &Bundle, mutations: &[Mutation]) -> Verdict {
    let done = t.run(good)?;
    ensure(done.code == 0, || format!("the good config does not run: {}", done.err))?;
    let mut bad = Vec::new();
    let (mut ran, mut silent) = (0, 0);
    for mutation in mutations {
        let mut config = good.config.clone();
        let (parent, name) = mutation.pointer.rsplit_once('/').unwrap_or_default();
        match &mutation.value {
            Some(value) => {
                if let Some(place) = config.pointer_mut(&mutation.pointer) {
                    *place = value.clone();
                }
            }
            None => {
                if let Some(members) = config.pointer_mut(parent).and_then(Value::as_object_mut) {
                    members.remove(name);
                }
            }
        }
        let bundle = Bundle {
            id: t.fresh_id(),
            dir: good.dir.clone(),
            config,
        };
        let done = t.run(&bundle)?;
        let wanted = path(if mutation.value.is_some() {
            &mutation.pointer
        } else {
            parent
        });
        let wanted_alone = path(&mutation.pointer);
        let shown = mutation.value.as_ref().map_or("(missing)".into(), ToString::to_string);
        let shown: String = shown.chars().take(40).collect();
        let lines = done.err.trim_end().lines().count();
        if done.code == 0 {
            ran += 1;
            bad.push(format!("{wanted_alone} = {shown} ran"));
        } else if done.code != 1 || lines != 1 {
            bad.push(format!("{wanted_alone} = {shown}: status {}, {lines} lines", done.code));
        } else if !done.err.contains(&wanted) && !done.err.contains(&wanted_alone) {
            silent += 1;
            bad.push(format!(
                "{wanted_alone} = {shown}: {:?}",
                done.err.trim().chars().take(160).collect::<String>()
            ));
        }
    }
    ensure(bad.is_empty(), || {
        let count = mutations.len();
        format!(
            "of {count} bad configs {ran} ran, {silent} errors lack the path: {}",
            bad.join(" | ")
        )
    })
}

fn wrong_types_are_refused_with_their_path(t: &Trial<'_>) -> Verdict {
    let good = rich(t)?;
    let mut all = Vec::new();
    places(&good.config, "", &mut all);
    let mut mutations = Vec::new();
    for pointer in all {
        let values = match good.config.pointer(&pointer) {
            Some(Value::String(_)) => vec![json!(7), json!({"a": 1})],
            Some(Value::Number(_)) => vec![json!("x"), json!([1])],
            Some(Value::Bool(_)) => vec![json!("true"), json!(1)],
            Some(Value::Array(_)) => vec![json!({"0": 1}), json!("x")],
            Some(Value::Object(_)) => vec![json!(["x"]), json!("x")],
            _ => vec![],
        };
        mutations.extend(values.into_iter().map(|value| Mutation {
            pointer: pointer.clone(),
            value: Some(value),
        }));
    }
    ensure(mutations.len() > 200, || format!("only {} mutations", mutations.len()))?;
    try_all(t, &good, &mutations)
}

fn at(pointer: &str, values: &[Value]) -> Vec<Mutation> {
    values
        .iter()
        .map(|value| Mutation {
            pointer: pointer.to_owned(),
            value: Some(value.clone()),
        })
        .collect()
}

fn values_out_of_range_are_refused_with_their_path(t: &Trial<'_>) -> Verdict {
    let beyond = json!(4_294_967_296_u64);
    let huge: Value = serde_json::from_str("1e300").unwrap_or(Value::Null);
    let mut mutations = Vec::new();
    for pointer in [
        "/process/user/uid",
        "/process/user/gid",
        "/process/user/additionalGids/0",
    ] {
        mutations.extend(at(
            pointer,
            &[json!(-1), beyond.clone(), json!(1.5), huge.clone(), json!(u64::MAX)],
        ));
    }
    mutations.extend(at(
        "/process/user/umask",
        &[json!(-1), beyond.clone(), json!(0.5), json!(0o1000)],
    ));
    mutations.extend(at(
        "/process/oomScoreAdj",
        &[json!(1001), json!(-1001), huge.clone(), json!(1.5)],
    ));
    for name in ["soft", "hard"] {
        mutations.extend(at(
            &format!("/process/rlimits/0/{name}"),
            &[json!(-1), json!(1.5), huge.clone()],
        ));
    }
    mutations.extend(at(
        "/linux/devices/0/fileMode",
        &[json!(-1), json!(1.5), json!(0o1_000_000)],
    ));
    mutations.extend(at("/linux/devices/0/uid", &[json!(-1), beyond.clone()]));
    mutations.extend(at(
        "/linux/devices/0/major",
        &[json!(-1), json!(1.5), huge.clone(), json!(1 << 12)],
    ));
    mutations.extend(at("/linux/devices/0/minor", &[json!(-1), huge.clone(), json!(1 << 20)]));
    mutations.extend(at(
        "/linux/seccomp/syscalls/0/errnoRet",
        &[json!(-1), json!(4096), beyond],
    ));
    mutations.extend(at(
        "/linux/seccomp/syscalls/0/args/0/index",
        &[json!(6), json!(-1), json!(1.5)],
    ));
    mutations.extend(at(
        "/linux/seccomp/syscalls/0/args/0/value",
        &[json!(-1), json!(1.5), huge],
    ));
    mutations.extend(at("/hooks/createRuntime/0/timeout", &[json!(0), json!(-1), json!(1.5)]));
    try_all(t, &rich(t)?, &mutations)
}

fn unknown_words_and_long_strings_are_refused_with_their_path(t: &Trial<'_>) -> Verdict {
    let long = json!("x".repeat(70_000));
    let odd = [json!("nonsense"), json!("\u{1f980}"), long];
    let mut mutations = Vec::new();
    for pointer in [
        "/ociVersion",
        "/process/rlimits/0/type",
        "/linux/namespaces/0/type",
        "/linux/devices/0/type",
        "/linux/resources/devices/1/type",
        "/linux/resources/devices/1/access",
        "/linux/rootfsPropagation",
        "/linux/seccomp/defaultAction",
        "/linux/seccomp/architectures/0",
        "/linux/seccomp/syscalls/0/action",
        "/linux/seccomp/syscalls/0/args/0/op",
        "/process/cwd",
    ] {
        mutations.extend(at(pointer, &odd));
    }
    mutations.extend(at("/hostname", &[json!("h".repeat(65)), json!("h".repeat(70_000))]));
    mutations.extend(at("/hooks/createRuntime/0/path", &[json!(""), json!("relative")]));
    mutations.extend(at("/root/path", &[json!(""), json!("/no/such/folder")]));
    mutations.extend(at("/process/args", &[json!([])]));
    try_all(t, &rich(t)?, &mutations)
}

fn nul_in_any_string_is_refused_with_its_path(t: &Trial<'_>) -> Verdict {
    let good = rich(t)?;
    let mut all = Vec::new();
    places(&good.config, "", &mut all);
    let mut mutations = Vec::new();
    for pointer in all {
        if let Some(Value::String(text)) = good.config.pointer(&pointer)
            // An annotation and the name of a call never reach the kernel.
            && !pointer.starts_with("/annotations")
            && !pointer.contains("/names/")
            && !pointer.contains("/capabilities/")
        {
            mutations.push(Mutation {
                pointer: pointer.clone(),
                value: Some(json!(format!("{text}\u{0}x"))),
            });
        }
    }
    try_all(t, &good, &mutations)
}

fn missing_members_are_refused_with_their_path(t: &Trial<'_>) -> Verdict {
    let needed = [
        "/ociVersion",
        "/root",
        "/root/path",
        "/process/args",
        "/process/cwd",
        "/mounts/0/destination",
        "/process/rlimits/0/type",
        "/process/rlimits/0/soft",
        "/process/rlimits/0/hard",
        "/linux/namespaces/0/type",
        "/linux/devices/0/path",
        "/linux/devices/0/type",
        "/linux/devices/0/major",
        "/linux/devices/0/minor",
        "/linux/resources/devices/1/allow",
        "/linux/seccomp/defaultAction",
        "/linux/seccomp/syscalls/0/names",
        "/linux/seccomp/syscalls/0/action",
        "/linux/seccomp/syscalls/0/args/0/index",
        "/linux/seccomp/syscalls/0/args/0/value",
        "/linux/seccomp/syscalls/0/args/0/op",
        "/hooks/createRuntime/0/path",
    ];
    let mutations: Vec<Mutation> = needed
        .into_iter()
        .map(|pointer| Mutation {
            pointer: pointer.to_owned(),
            value: None,
        })
        .collect();
    try_all(t, &rich(t)?, &mutations)
}
