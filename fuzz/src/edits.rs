use crate::{plan, seeds};
use orlop::Bundle;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Edits of a config that an engine wrote: bytes that damage its JSON would never come this far.
///
/// The first two bytes choose the config. Then each edit walks down from the root, a byte a level, and changes what it
/// ends at.
pub fn plan_edits(input: &[u8]) {
    let mut bytes = input.iter().copied();
    let mut next = || bytes.next().map(usize::from);
    let configs = configs();
    let (Some(high), Some(low)) = (next(), next()) else {
        return;
    };
    let mut config = configs[(high << 8 | low) % configs.len()].clone();
    for _ in 0..16 {
        if edit(&mut config, configs, &mut next).is_none() {
            break;
        }
    }
    let text = config.to_string();
    crate::bundle(text.as_bytes());
    crate::seccomp(text.as_bytes());
    if let Ok(bundle) = Bundle::parse("/bundle", &text) {
        plan::compile(&bundle);
    }
}

fn configs() -> &'static [Value] {
    static CONFIGS: OnceLock<Vec<Value>> = OnceLock::new();
    CONFIGS.get_or_init(|| {
        let configs: Vec<Value> = seeds::configs()
            .iter()
            .filter_map(|text| serde_json::from_slice(text).ok())
            .enumerate()
            .map(|(number, config)| if number % 2 == 0 { annotated(config) } else { config })
            .collect();
        assert!(!configs.is_empty(), "no seeds");
        configs
    })
}

fn edit(config: &mut Value, donors: &[Value], next: &mut impl FnMut() -> Option<usize>) -> Option<()> {
    let verb = next()? % 7;
    if verb == 6 {
        return edit_landlock(config, donors, next);
    }
    let depth = next()? % 6;
    let mut place = &mut *config;
    for _ in 0..depth {
        let choice = next()?;
        if children(place) == 0 {
            break;
        }
        place = child(place, choice);
    }
    match verb {
        0 => *place = word(next()?),
        1 => remove(place, next()?),
        2 => *place = donate(donors, next)?,
        3 => {
            let value = donate(donors, next)?;
            add(place, next()?, value);
        }
        4 => repeat(place, next()?),
        _ => change(place, next()?),
    }
    Some(())
}

/// Edits the JSON text that an annotation holds.
fn edit_landlock(config: &mut Value, donors: &[Value], next: &mut impl FnMut() -> Option<usize>) -> Option<()> {
    let text = config.get_mut("annotations")?.get_mut(LANDLOCK)?;
    let mut rules: Value = serde_json::from_str(text.as_str()?).ok()?;
    let verb = next()?;
    let place = {
        let mut place = &mut rules;
        for _ in 0..next()? % 5 {
            let choice = next()?;
            if children(place) == 0 {
                break;
            }
            place = child(place, choice);
        }
        place
    };
    match verb % 4 {
        0 => *place = word(next()?),
        1 => remove(place, next()?),
        2 => *place = donate(donors, next)?,
        _ => change(place, next()?),
    }
    *text = Value::String(rules.to_string());
    Some(())
}

const LANDLOCK: &str = "org.orlop.landlock";

/// Every annotation that does something, with a value that makes sense.
fn annotated(mut config: Value) -> Value {
    let rules = json!({
        "filesystem": {"handled": ["execute", "write_file", "truncate"], "allowed": [{"paths": ["/usr", "/tmp"], "access": ["write_file"]}]},
        "network": {"handled": ["bind_tcp"], "allowed": [{"ports": [80], "access": ["bind_tcp"]}]},
        "scoped": ["signal"],
        "bestEffort": true
    });
    let values = [
        (LANDLOCK, rules.to_string()),
        ("run.oci.hooks.stdout", "/var/log/hooks".to_owned()),
        ("run.oci.hooks.stderr", "/var/log/hooks".to_owned()),
        ("run.oci.keep_original_groups", "1".to_owned()),
        ("run.oci.pidfd_receiver", "/run/receiver".to_owned()),
        ("run.oci.seccomp.receiver", "/run/agent".to_owned()),
        ("run.oci.seccomp_fail_unknown_syscall", "0".to_owned()),
        ("run.oci.mount_context_type", "fscontext".to_owned()),
        ("org.systemd.property.After", "['a.service']".to_owned()),
        ("org.systemd.property.TimeoutStopSec", "2.5".to_owned()),
    ];
    if !config["annotations"].is_object() {
        config["annotations"] = json!({});
    }
    for (name, value) in values {
        config["annotations"][name] = Value::String(value);
    }
    config
}

fn children(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

fn child(value: &mut Value, choice: usize) -> &mut Value {
    let at = choice % children(value);
    match value {
        Value::Array(list) => &mut list[at],
        Value::Object(members) => members.values_mut().nth(at).expect("so many members"),
        _ => unreachable!("a value without children"),
    }
}

fn remove(value: &mut Value, choice: usize) {
    match value {
        Value::Array(list) if !list.is_empty() => drop(list.remove(choice % list.len())),
        Value::Object(members) if !members.is_empty() => {
            let name = members
                .keys()
                .nth(choice % members.len())
                .expect("so many members")
                .clone();
            members.remove(&name);
        }
        value => *value = Value::Null,
    }
}

/// A part of another config.
fn donate(donors: &[Value], next: &mut impl FnMut() -> Option<usize>) -> Option<Value> {
    let mut part = &donors[next()? % donors.len()];
    for _ in 0..next()? % 6 {
        let choice = next()?;
        part = match part {
            Value::Array(list) if !list.is_empty() => &list[choice % list.len()],
            Value::Object(members) if !members.is_empty() => members.values().nth(choice % members.len())?,
            _ => break,
        };
    }
    Some(part.clone())
}

fn add(value: &mut Value, choice: usize, new: Value) {
    const NAMES: [&str; 24] = [
        "type",
        "path",
        "options",
        "source",
        "destination",
        "uid",
        "gid",
        "additionalGids",
        "umask",
        "user",
        "cwd",
        "args",
        "env",
        "terminal",
        "capabilities",
        "rlimits",
        "seccomp",
        "sysctl",
        "devices",
        "namespaces",
        "maskedPaths",
        "hooks",
        "cgroupsPath",
        "rootfsPropagation",
    ];
    match value {
        Value::Array(list) => list.insert(choice % (list.len() + 1), new),
        Value::Object(members) => {
            members.insert(NAMES[choice % NAMES.len()].to_owned(), new);
        }
        value => *value = new,
    }
}

fn repeat(value: &mut Value, choice: usize) {
    if let Value::Array(list) = value
        && !list.is_empty()
    {
        let element = list[choice % list.len()].clone();
        for _ in 0..=choice / 64 {
            list.push(element.clone());
        }
    }
}

/// A value that is near to what was there.
fn change(value: &mut Value, choice: usize) {
    match value {
        Value::Bool(truth) => *truth = !*truth,
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or(0);
            let near = [
                -1,
                number.wrapping_add(1),
                number.wrapping_sub(1),
                number.wrapping_neg(),
                i64::from(u32::MAX),
                number << 32,
            ];
            *value = json!(near[choice % near.len()]);
        }
        Value::String(text) => match choice % 6 {
            0 => text.push('/'),
            1 => text.insert(0, '/'),
            2 => text.push_str("/../../.."),
            3 => text.push('\0'),
            4 => *text = text.to_uppercase(),
            _ => drop(text.pop()),
        },
        value => *value = word(choice),
    }
}

/// A word of those that configs are made of, or should not have.
fn word(choice: usize) -> Value {
    const WORDS: [&str; 48] = [
        "",
        "/",
        ".",
        "..",
        "/proc",
        "/proc/self/fd/1",
        "/dev",
        "/dev/console",
        "/sys/fs/cgroup",
        "/a/../b",
        "a b",
        "\0",
        "\n",
        "é",
        "mount",
        "pid",
        "network",
        "user",
        "time",
        "cgroup",
        "cgroup2",
        "bind",
        "proc",
        "tmpfs",
        "devpts",
        "sysfs",
        "mqueue",
        "rbind",
        "ro",
        "rro",
        "shared",
        "rslave",
        "size=64k",
        "mode=1777",
        "tmpcopyup",
        "remount",
        "idmap",
        "c",
        "b",
        "p",
        "u",
        "CAP_SYS_ADMIN",
        "RLIMIT_NOFILE",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_NOTIFY",
        "kernel.msgmax",
        "net.ipv4.ip_forward",
        "system.slice:orlop:box",
    ];
    match choice {
        0..48 => json!(WORDS[choice]),
        48 => Value::Null,
        49 => json!([]),
        50 => json!({}),
        51 => json!(true),
        52 => json!(1.5),
        53 => json!(u64::MAX),
        54 => json!(i64::MIN),
        55 => json!("x".repeat(70_000)),
        choice => json!(choice - 56),
    }
}
