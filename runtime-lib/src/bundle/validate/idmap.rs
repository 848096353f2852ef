//! Mappings of ids (man 7 user_namespaces).

use super::super::ids::IdMapping;
use super::super::linux::{Linux, NamespaceType};
use crate::problem::{JsonPath, Problems};

/// The kernel takes no more lines (Linux 4.15).
const MOST: usize = 340;

pub(super) fn mappings(linux: &Linux, problems: &mut Problems) {
    let user = linux.namespace(NamespaceType::User);
    for (name, mappings) in [
        ("uidMappings", &linux.uid_mappings),
        ("gidMappings", &linux.gid_mappings),
    ] {
        let path = || JsonPath::from("linux").member(name);
        match user {
            None if !mappings.is_empty() => problems.error(path(), "needs a user namespace in linux.namespaces"),
            Some(user) if user.path.is_some() && !mappings.is_empty() => {
                problems.warning(path(), "the user namespace is joined and has its own mappings, ignored");
            }
            Some(user) if user.path.is_none() && mappings.is_empty() => {
                problems.error(path(), "missing, a new user namespace needs them");
            }
            _ => {}
        }
        if !mappings.is_empty() {
            ranges(mappings, &path(), problems);
        }
    }
}

/// Faults of the ranges themselves: empty ones, and those that share ids.
pub(super) fn ranges(mappings: &[IdMapping], path: &JsonPath, problems: &mut Problems) {
    if mappings.len() > MOST {
        problems.error(
            path.clone(),
            format!("{} ranges are more than the kernel's {MOST}", mappings.len()),
        );
        return;
    }
    for (index, mapping) in mappings.iter().enumerate() {
        if mapping.size == 0 {
            problems.error(path.index(index).member("size"), "is 0");
        }
        for (name, first) in [("containerID", mapping.container_id), ("hostID", mapping.host_id)] {
            if first.checked_add(mapping.size).is_none() {
                problems.error(
                    path.index(index).member(name),
                    format!("a range of {} ids from {first} goes past the last id", mapping.size),
                );
            }
        }
        for (name, first) in [
            ("containerID", IdMapping::container as fn(&IdMapping) -> u32),
            ("hostID", IdMapping::host),
        ] {
            let shares = |other: &&IdMapping| overlap(first(mapping), mapping.size, first(other), other.size);
            if mappings.iter().take(index).find(shares).is_some() {
                problems.error(
                    path.index(index).member(name),
                    "the range shares ids with an earlier one",
                );
            }
        }
    }
}

impl IdMapping {
    fn container(&self) -> u32 {
        self.container_id
    }

    fn host(&self) -> u32 {
        self.host_id
    }
}

fn overlap(first: u32, size: u32, other: u32, other_size: u32) -> bool {
    let ends = |first: u32, size: u32| u64::from(first) + u64::from(size);
    u64::from(first) < ends(other, other_size) && u64::from(other) < ends(first, size)
}
