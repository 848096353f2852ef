//! Generated configs, read by this crate and by oci-spec: the same values, or a difference that is explained here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bundle_json;

use bundle_json::{difference, full, meaning};
use oci_spec::runtime::Spec;
use orlop::bundle::{Bundle, Config};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rand::Source;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Choices made from a string of numbers, so that proptest can shrink them.
mod rand {
    pub(crate) struct Source<'a>(pub(crate) std::slice::Iter<'a, u16>);

    impl Source<'_> {
        /// A number below `end`; 0 when the choices are used up.
        pub(crate) fn below(&mut self, end: u16) -> u16 {
            self.0.next().copied().unwrap_or_default() % end
        }
    }
}

/// Changes a config here and there, its types left as they are for the most part.
fn vary(value: &mut Value, source: &mut Source<'_>) {
    match value {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                match source.below(16) {
                    1 | 2 => drop(members.remove(&name)),
                    3 => drop(members.insert(name, Value::Null)),
                    _ => vary(&mut members[&name], source),
                }
            }
        }
        Value::Array(elements) => {
            match source.below(8) {
                1 => drop(elements.pop()),
                2 => elements.extend_from_within(..),
                3 => elements.clear(),
                _ => {}
            }
            elements.iter_mut().for_each(|element| vary(element, source));
        }
        Value::Number(number) => {
            let signed: [i64; 6] = [0, 1, -1, 40_000, 4_294_967_295, i64::MIN];
            let unsigned: [u64; 4] = [4_294_967_296, 65_536, 9_223_372_036_854_775_807, u64::MAX];
            match source.below(24) {
                at @ 0..6 => *value = json!(signed[usize::from(at)]),
                at @ 6..10 => *value = json!(unsigned[usize::from(at - 6)]),
                10 => *value = json!(number.as_f64()),
                _ => {}
            }
        }
        Value::String(text) => match source.below(24) {
            1 => text.clear(),
            2 => text.push('ü'),
            3 => *text = text.to_lowercase(),
            4 => text.push('\0'),
            5 => *value = json!(5),
            _ => {}
        },
        Value::Bool(truth) => *truth = source.below(2) == 1,
        Value::Null => {}
    }
}

/// A config with a thing or two left out of each of its parts; mostly so few changes that both parsers read it.
fn generate(choices: &[u16], whole: bool) -> Value {
    let mut source = Source(choices.iter());
    let mut config: Value = serde_json::from_str(&full()).unwrap();
    // For those oci-spec wants members of their own, which are not ours to read.
    for system in ["windows", "solaris", "zos", "freebsd"] {
        config.as_object_mut().unwrap().remove(system);
    }
    if whole {
        vary(&mut config, &mut source);
        return config;
    }
    let part = ["process", "mounts", "hooks", "linux"][usize::from(source.below(4))];
    let mut pointer = format!("/{part}");
    for _ in 0..source.below(4) {
        let names: Vec<String> = match config.pointer(&pointer) {
            Some(Value::Object(members)) => members.keys().map(|name| name.replace('/', "~1")).collect(),
            Some(Value::Array(elements)) => (0..elements.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        };
        if !names.is_empty() {
            pointer = format!("{pointer}/{}", names[usize::from(source.below(100)) % names.len()]);
        }
    }
    vary(config.pointer_mut(&pointer).unwrap(), &mut source);
    config
}

/// What we read and oci-spec refuses: each is right by the spec, or by what runc takes.
fn explained_refusal_of_theirs(error: &str, config: &Config) -> bool {
    let unknown_capability = config
        .process
        .as_ref()
        .and_then(|process| process.capabilities.as_ref())
        .is_some_and(|capabilities| {
            capabilities
                .sets()
                .iter()
                .any(|(_, set)| set.iter().any(|name| name.known().is_none()))
        });
    // A warning, says the spec.
    unknown_capability
        // An empty word is unset, as in Go.
        || error.contains("unknown variant ``")
        // `null` is unset, as in Go.
        || error.contains("invalid type: null")
        // A missing limit is unset since 1.3.0, and so is a missing member that Go takes for its zero value.
        || error.contains("missing field `limit`")
        || error.contains("missing field `user`")
        || error.contains("missing field `names`")
        // A rule about what a text holds; ours come after the parse.
        || error.contains("Invalid execCPUAffinity format")
        // The spec has unsigned 64 bits.
        || error.contains("expected i64") && error.contains("invalid value: integer")
        // The spec has 32 bits signed, and a weight of 16 bits.
        || error.contains("expected u32") && error.contains("invalid value")
}

/// What we refuse and oci-spec reads: its types are wider, or default what the spec requires.
fn explained_refusal_of_ours(line: &str) -> bool {
    // Required by the spec; oci-spec has a default.
    line.ends_with(": missing")
        // The empty string, NUL: never right for the kernel.
        || line.contains("a string without a NUL byte")
        // Kept as plain text, plain numbers of 32 or 64 bits, or a map with any key by oci-spec.
        || line.starts_with("linux.rootfsPropagation: unknown propagation")
        || line.contains(".access: unknown access")
        || line.starts_with("linux.timeOffsets") && line.contains("unknown clock")
        || line.starts_with("process.consoleSize.")
        || line.starts_with("process.user.umask: ")
        || line.contains(".fileMode: ")
        || line.starts_with("process.oomScoreAdj: ")
        || line.starts_with("process.ioPriority.priority: ")
        || line.starts_with("linux.seccomp.")
        // oci-spec's own spellings.
        || line.contains("enableCMT") || line.contains("enableMBM")
}

#[test]
fn both_parsers_read_generated_configs_alike() {
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig {
            cases: 4_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let outcomes = std::cell::RefCell::new(BTreeMap::<&str, usize>::new());
    let found = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let unexplained = |text: String| {
        found.borrow_mut().insert(text);
    };
    let choices = (
        proptest::collection::vec(any::<u16>(), 0..400),
        proptest::bool::weighted(0.1),
    );
    let result = runner.run(&choices, |(choices, whole)| {
        let generated = generate(&choices, whole);
        let text = generated.to_string();
        let theirs = serde_json::from_str::<Spec>(&text);
        let ours = serde_json::from_str::<Config>(&text);
        let outcome = match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let (mut ours, mut theirs) = (
                    serde_json::to_value(ours).unwrap(),
                    serde_json::to_value(theirs).unwrap(),
                );
                smooth(&mut ours, &mut theirs);
                if let Some(difference) = difference(&meaning(&ours), &meaning(&theirs)) {
                    unexplained(format!("differs: {difference}"));
                }
                "both read it"
            }
            (Err(_), Err(_)) => "both refuse it",
            (Ok(ours), Err(error)) => {
                if !explained_refusal_of_theirs(&error.to_string(), &ours) {
                    unexplained(format!("only oci-spec refuses: {error}"));
                }
                "only oci-spec refuses it"
            }
            (Err(_), Ok(_)) => {
                let line = Bundle::parse("/bundle", &text).unwrap_err().to_string();
                if !explained_refusal_of_ours(&line) {
                    unexplained(format!("only we refuse: {line}"));
                }
                "only we refuse it"
            }
        };
        *outcomes.borrow_mut().entry(outcome).or_default() += 1;
        Ok(())
    });
    println!("{:?}", outcomes.borrow());
    assert!(result.is_ok());
    let found: Vec<_> = found.borrow().iter().cloned().collect();
    assert!(found.is_empty(), "{} unexplained:\n{}", found.len(), found.join("\n"));
    assert!(outcomes.borrow()["both read it"] > 800);
}

/// Takes out what oci-spec cannot hold, or spells otherwise.
fn smooth(ours: &mut Value, theirs: &mut Value) {
    // It takes a capability's name in any case. To runc and to us it is an unknown one in small letters.
    for (_, set) in ours["process"]["capabilities"].as_object_mut().into_iter().flatten() {
        for name in set.as_array_mut().into_iter().flatten() {
            *name = json!(name.as_str().unwrap().to_uppercase());
        }
    }
    for config in [&mut *ours, &mut *theirs] {
        for name in ["enableCMT", "enableMBM"] {
            if let Some(rdt) = config["linux"]["intelRdt"].as_object_mut() {
                rdt.remove(name);
            }
        }
        // Nor half a size of a terminal, which the spec wants ignored where there is no terminal.
        for name in ["height", "width"] {
            if let Some(size) = config["process"]["consoleSize"].as_object_mut()
                && size.get(name).is_some_and(|number| *number == 0)
            {
                size.remove(name);
            }
        }
        // No unset numbers of a device, nor an unset limit of tasks: it says 0.
        for device in config["linux"]["devices"].as_array_mut().into_iter().flatten() {
            for name in ["major", "minor"] {
                if device[name] == 0 {
                    device.as_object_mut().unwrap().remove(name);
                }
            }
        }
        if let Some(pids) = config["linux"]["resources"]["pids"].as_object_mut()
            && pids.get("limit").is_some_and(|limit| *limit == 0)
        {
            pids.remove("limit");
        }
    }
}
