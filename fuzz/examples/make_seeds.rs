//! Makes the seeds that are no copies: `cargo run --no-default-features --example make_seeds`. They are kept in the repository; make them again
//! when the wire format changes.

use orlop::{Arguments, Bundle, Plan, fuzzing};
use orlop_fuzz::seeds;
use orlop_init::wire::{Header, Message, Sink};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |name: String, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let [host, _] = fuzzing::hosts();
    let configs = seeds::configs();
    let mut options = BTreeSet::new();
    let mut plans = 0;
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
        // A few plans have all kinds of steps; a filter of 4 KB would only slow the fuzzer down.
        let Ok(bundle) = Bundle::parse("/bundle", text) else {
            continue;
        };
        let Some(plan) = Plan::compile(&bundle, &host, &Arguments::default()).0 else {
            continue;
        };
        let steps = fuzzing::steps(&plan);
        if steps.len() < 4096 && plans < 12 {
            let mut bytes = Bytes(Vec::new());
            Header::put(&mut bytes, 3, [-1; 3], [4, 5, 6].into_iter());
            bytes.put(steps);
            write(format!("wire/plan-{plans}"), &bytes.0);
            write(format!("wire/steps-{plans}"), steps);
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
    println!("{plans} plans, {} mounts", options.len());
}
