//! Memory (runtime-spec: config-linux.md#memory; Linux: `Documentation/admin-guide/cgroup-v2.rst`,
//! `cgroup-v1/memory.rst`).

use super::knob::Missing;
use super::writes::{Both, Write, Writes};
use crate::bundle::Memory;
use crate::problem::JsonPath;

const CONTROLLER: &str = "memory";

pub(super) fn memory(memory: &Memory, path: &JsonPath, writes: &mut Writes<'_>) {
    // Engines write 0 for what is not set.
    let set = |value: Option<i64>| value.filter(|value| *value != 0);
    let at = |name: &str| path.member(name);
    let limit = set(memory.limit);
    if let Some(bytes) = limit {
        put(writes, &at("limit"), bytes, "memory.limit_in_bytes", Some("memory.max"));
    }
    match (set(memory.swap), limit) {
        (Some(together), limit) => swap(together, limit, &at("swap"), writes),
        // No limit is none together with the swap, either.
        (None, Some(-1)) => swap(-1, limit, &at("limit"), writes),
        (None, _) => {}
    }
    if let Some(bytes) = set(memory.reservation) {
        let (v1, v2) = ("memory.soft_limit_in_bytes", "memory.low");
        match bytes {
            // A v1 without a limit, but no protection on v2.
            -1 => writes.put_unlimited(
                CONTROLLER,
                &at("reservation"),
                Both::new(Write::new(v1, -1), Write::new(v2, 0)),
            ),
            bytes => put(writes, &at("reservation"), bytes, v1, Some(v2)),
        }
    }
    if let Some(bytes) = set(memory.kernel) {
        put(writes, &at("kernel"), bytes, "memory.kmem.limit_in_bytes", None);
    }
    if let Some(bytes) = set(memory.kernel_tcp) {
        put(writes, &at("kernelTCP"), bytes, "memory.kmem.tcp.limit_in_bytes", None);
    }
    if let Some(swappiness) = memory.swappiness {
        let write = Write::new("memory.swappiness", swappiness);
        writes.put(CONTROLLER, &at("swappiness"), Both::only_v1(write));
    }
    if let Some(disabled) = memory.disable_oom_killer {
        let both = Both::only_v1(Write::new("memory.oom_control", u8::from(disabled)));
        match disabled {
            true => writes.put(CONTROLLER, &at("disableOOMKiller"), both),
            false => writes.put_unlimited(CONTROLLER, &at("disableOOMKiller"), both),
        }
    }
    // Children always count since Linux 5.11, as they do on v2.
    if memory.use_hierarchy == Some(false) {
        let write = Write::new("memory.use_hierarchy", 0);
        writes.put(CONTROLLER, &at("useHierarchy"), Both::only_v1(write));
    }
}

fn put(writes: &mut Writes<'_>, path: &JsonPath, bytes: i64, v1: &'static str, v2: Option<&'static str>) {
    let both = Both {
        v1: Some(Write::new(v1, bytes)),
        v2: v2.map(|file| Write::new(file, bytes_or_max(bytes))),
    };
    match bytes {
        -1 => writes.put_unlimited(CONTROLLER, path, both),
        _ => writes.put(CONTROLLER, path, both),
    }
}

/// What memory and swap may be together; on v2 the kernel limits the swap alone.
fn swap(together: i64, limit: Option<i64>, path: &JsonPath, writes: &mut Writes<'_>) {
    if together == -1 {
        let both = Both::new(
            Write::new("memory.memsw.limit_in_bytes", -1),
            Write::new("memory.swap.max", "max"),
        );
        writes.put_unlimited(CONTROLLER, path, both);
        return;
    }
    let Some(limit) = limit.filter(|limit| *limit > 0) else {
        writes.problems.error(
            path.clone(),
            "unable to set swap limit without memory limit: it is that of memory and swap together, and memory.limit is not set",
        );
        return;
    };
    if together < limit {
        let text = format!("memory+swap limit should be >= memory limit: {together} is below memory.limit, {limit}");
        writes.problems.error(path.clone(), text);
        return;
    }
    let both = Both::new(
        Write::new("memory.memsw.limit_in_bytes", together).missing(Missing::WithoutSwap),
        Write::new("memory.swap.max", together - limit).missing(Missing::WithoutSwap),
    );
    writes.put(CONTROLLER, path, both);
}

fn bytes_or_max(bytes: i64) -> String {
    match bytes {
        -1 => "max".into(),
        bytes => bytes.to_string(),
    }
}
