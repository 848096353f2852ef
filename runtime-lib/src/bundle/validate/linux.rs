//! The rest of `linux`: paths, personality, memory policy, resource director.

use super::super::linux::{IntelRdt, Linux};
use super::super::quote::Quoted;
use super::super::text::Text;
use super::{absolute, is_number_list};
use crate::problem::{JsonPath, Problems};

pub(super) fn linux(linux: &Linux, problems: &mut Problems) {
    for (name, paths) in [
        ("maskedPaths", &linux.masked_paths),
        ("readonlyPaths", &linux.readonly_paths),
    ] {
        for (index, path) in paths.iter().enumerate() {
            absolute(
                path,
                || JsonPath::from("linux").member(name).index(index).to_string(),
                problems,
            );
        }
    }
    if let Some(personality) = &linux.personality
        && let Some(flag) = personality.flags.first()
    {
        problems.error(
            "linux.personality.flags[0]",
            format!("unknown flag {}; the spec has none", Quoted(flag)),
        );
    }
    if let Some(policy) = &linux.memory_policy
        && let Some(nodes) = &policy.nodes
        && !is_number_list(nodes)
    {
        problems.error(
            "linux.memoryPolicy.nodes",
            format!(
                "invalid memory policy node: {} is not a list of nodes such as 0-3,7",
                Quoted(nodes)
            ),
        );
    }
    if let Some(rdt) = &linux.intel_rdt {
        resource_director(rdt, problems);
    }
}

/// runtime-spec: config-linux.md#intelrdt. The class becomes a folder's name, the schemata lines of a file.
fn resource_director(rdt: &IntelRdt, problems: &mut Problems) {
    let path = JsonPath::from("linux.intelRdt");
    if let Some(class) = &rdt.clos_id
        // A slash alone is the root's own class.
        && class != "/"
        && (class.contains('/') || matches!(class.as_str(), "." | ".."))
    {
        problems.error(path.member("closID"), format!("{} is no folder's name", Quoted(class)));
    }
    if let Some(schema) = &rdt.mem_bw_schema
        && (!schema.starts_with("MB:") || schema.contains('\n'))
    {
        problems.error(
            path.member("memBwSchema"),
            format!("{} is not one line that starts with MB:", Quoted(schema)),
        );
    }
    let line = |text: &Text| text.contains('\n');
    for (index, text) in rdt.schemata.iter().enumerate().filter(|(_, text)| line(text)) {
        problems.error(
            path.member("schemata").index(index),
            format!("{} is more than one line", Quoted(text)),
        );
    }
}
