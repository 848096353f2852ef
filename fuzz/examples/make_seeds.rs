//! Makes the seeds that are no copies: `cargo run --no-default-features --example make_seeds`. They are kept in the
//! repository; make them again when the wire format changes.

use orlop::{Arguments, Bundle, Id, Plan, fuzzing};
use orlop_fuzz::seeds;
use orlop_init::wire::{Message, Reader, Sink, Wire};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in ["wire", "store"] {
        let _ = std::fs::remove_dir_all(folder.join(target));
        std::fs::create_dir_all(folder.join(target)).unwrap();
    }
    let write = |name: String, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let [host, _] = fuzzing::hosts();
    let arguments = Arguments::new(Id::new("box").unwrap());
    let configs = seeds::configs();
    let mut options = BTreeSet::new();
    let mut plans = 0;
    let mut kinds = BTreeMap::new();
    for config in &configs {
        let text = std::str::from_utf8(config).unwrap();
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        for mount in value["mounts"].as_array().into_iter().flatten() {
            let mut lines = vec![
                mount["type"].as_str().unwrap_or_default(),
                mount["destination"].as_str().unwrap_or_default(),
            ];
            lines.extend(
                mount["options"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            );
            options.insert(lines.join("\n"));
        }
        let Ok(bundle) = Bundle::parse("/bundle", text) else {
            continue;
        };
        let (plan, problems) = Plan::compile(&bundle, &host, &arguments);
        let Some(plan) = plan else {
            println!("no plan: {}", problems.into_warnings().unwrap_err());
            continue;
        };
        // The shortest step of each kind that any plan has.
        let steps = fuzzing::steps(&plan);
        let mut reader = Reader::new(steps);
        while let Ok(step) = orlop_init::step::Step::take(&mut reader) {
            let mut bytes = Bytes(Vec::new());
            step.put(&mut bytes);
            let kind = [bytes.0[0], bytes.0[1]];
            let shortest = kinds.entry(kind).or_insert_with(|| bytes.0.clone());
            if bytes.0.len() < shortest.len() {
                *shortest = bytes.0;
            }
        }
        // A few plans; a filter of 4 KB would only slow the fuzzer down.
        let sent = fuzzing::sent(&plan, &[4, 5, 6]);
        if sent.len() < 4096 && plans < 12 {
            write(format!("wire/plan-{plans}"), &sent);
            write(format!("wire/steps-{plans}"), steps);
            if plans < 4 {
                write(format!("store/plan-{plans}"), &fuzzing::Kept::bytes_of(&plan).unwrap());
            }
            plans += 1;
        }
    }
    for (number, lines) in options.iter().enumerate() {
        write(format!("mount_options/{number:03}"), lines.as_bytes());
    }
    let message = Message {
        kind: Message::FAILED,
        step: 7,
        errno: 2,
        part: 1,
        detail: 0,
        length: 5,
    };
    write("wire/message".to_owned(), &[&message.to_bytes()[..], b"words"].concat());
    for ([room, number], step) in &kinds {
        write(
            format!("wire/message-{room}-{number}"),
            &[&message.to_bytes()[..], b"words", step].concat(),
        );
    }
    records(&write);
    for number in 0..8u8 {
        // Choose a config; then edits: what to do, how deep, the way down, with what.
        let edits = [
            0,
            number * 16,
            number,
            3,
            2,
            number,
            1,
            5,
            1,
            2,
            4,
            4,
            0,
            2,
            6,
            3,
            9,
            2,
            1,
            3,
            7,
            8,
            5,
        ];
        write(format!("plan_edits/{number}"), &edits);
    }
    println!(
        "{plans} plans, {} kinds of steps, {} mounts",
        kinds.len(),
        options.len()
    );
}

/// What is kept of a container, by this version and by the first one.
fn records(write: &impl Fn(String, &[u8])) {
    let hook = json!({"path": "/bin/hook", "args": ["hook"], "env": ["A=b"], "timeout": 5});
    let init = json!({"pid": 4711, "inode": 123, "boot": "8c1f6f5e-0a3c-4d59-8d0a-1f6c3b3d7a11"});
    let older_init = json!({"pid": 4711, "startTime": 99, "boot": "8c1f6f5e-0a3c-4d59-8d0a-1f6c3b3d7a11"});
    let cgroup = json!({
        "v2": {"mount": "/sys/fs/cgroup/unified", "below": "orlop/box"},
        "v1": [{"controllers": "cpu,cpuacct", "mount": "/sys/fs/cgroup/cpu", "below": "orlop/box", "wasThere": true}]
    });
    let group = json!({"class": "/sys/fs/resctrl/box", "makesClass": true, "isNamed": false, "monitor": null});
    let state = json!({
        "version": 2,
        "phase": "created",
        "ociVersion": "1.2.0",
        "bundle": "/bundle",
        "rootfs": "/bundle/rootfs",
        "created": "2026-01-02T03:04:05.678Z",
        "annotations": {"a": "b"},
        "init": init,
        "startable": true,
        "ownPidNamespace": true
    });
    let mut first = state.clone();
    let more = [
        ("version", json!(1)),
        ("annotations", json!({"run.oci.hooks.stdout": "/var/log/hooks"})),
        ("cgroup", cgroup.clone()),
        ("resctrl", group.clone()),
        ("hooksBegan", json!(true)),
        ("poststart", json!([hook])),
        ("poststop", json!([hook])),
        (
            "startSteps",
            json!([
                {"index": 30, "phrase": "run the hook", "path": "hooks.startContainer[0]"},
                {"index": 31, "phrase": "exec /bin/sh", "path": "process.args"}
            ]),
        ),
        ("seccompAgent", json!({"path": "/run/agent"})),
    ];
    for (name, value) in more {
        first[name] = value;
    }
    let mut creating = first.clone();
    creating["phase"] = json!("creating");
    creating["init"] = Value::Null;
    let leftovers = [
        json!({"version": 2}),
        json!({"cgroup": {"placement": cgroup, "hasStrays": true}}),
        json!({"resctrl": group}),
        json!({"init": init}),
        json!({"init": older_init}),
        json!("poststop"),
    ];
    let lines: String = leftovers.iter().map(|line| format!("{line}\n")).collect();
    // A seed that is refused is none.
    assert!(fuzzing::state(state.to_string().as_bytes()).is_ok());
    assert!(fuzzing::state(first.to_string().as_bytes()).is_ok());
    assert!(matches!(fuzzing::version_1(first.to_string().as_bytes()), Ok(_)));
    assert!(fuzzing::version_1(creating.to_string().as_bytes()).is_ok());
    let lines = fuzzing::leftovers(lines.as_bytes()).unwrap();
    write("store/state".to_owned(), state.to_string().as_bytes());
    write("store/version-1".to_owned(), first.to_string().as_bytes());
    write("store/version-1-creating".to_owned(), creating.to_string().as_bytes());
    write("store/leftovers".to_owned(), &lines);
    write("store/leftovers-cut".to_owned(), &lines[..lines.len() - 3]);
}
