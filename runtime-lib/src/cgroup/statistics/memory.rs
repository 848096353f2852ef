//! Memory, and swap with it (Linux: cgroup-v2.rst, "Memory"; cgroup-v1/memory.rst).

use super::Files;
use super::fields::{number_or_max, pairs};
use crate::stats::{Memory, MemoryUse};
use std::collections::BTreeMap;

pub(super) fn memory(files: &Files) -> Option<Memory> {
    let stat = files.text("memory.stat")?;
    let raw: BTreeMap<String, u64> = pairs(&stat).map(|(key, value)| (key.to_owned(), value)).collect();
    Some(if files.is_v2() { v2(files, raw)? } else { v1(files, raw) })
}

fn v2(files: &Files, raw: BTreeMap<String, u64>) -> Option<Memory> {
    let number = |key: &str| raw.get(key).copied().unwrap_or_default();
    let usage = MemoryUse {
        limit: files.number("memory.max"),
        usage: number_or_max(&files.text("memory.current")?),
        max: files.number("memory.peak"),
        failcnt: files.value("memory.events", "max"),
    };
    // Swap is counted apart on v2; a kernel without it has no file.
    let limit = files.text("memory.swap.max").map_or(0, |text| number_or_max(&text));
    let swap = MemoryUse {
        limit: usage.limit.saturating_add(limit),
        usage: usage.usage.saturating_add(files.number("memory.swap.current")),
        max: 0,
        failcnt: files.value("memory.swap.events", "max"),
    };
    let kernel = MemoryUse {
        limit: u64::MAX,
        usage: number("kernel"),
        ..MemoryUse::default()
    };
    let kernel_tcp = MemoryUse {
        limit: u64::MAX,
        usage: number("sock"),
        ..MemoryUse::default()
    };
    Some(Memory {
        cache: number("file"),
        usage,
        swap,
        kernel,
        kernel_tcp,
        raw,
        psi: files.pressure("memory.pressure"),
    })
}

fn v1(files: &Files, raw: BTreeMap<String, u64>) -> Memory {
    let part = |name: &str| {
        let number = |file: &str| files.number(&format!("memory.{name}{file}"));
        MemoryUse {
            limit: number("limit_in_bytes"),
            usage: number("usage_in_bytes"),
            max: number("max_usage_in_bytes"),
            failcnt: number("failcnt"),
        }
    };
    Memory {
        cache: raw.get("cache").copied().unwrap_or_default(),
        usage: part(""),
        swap: part("memsw."),
        kernel: part("kmem."),
        kernel_tcp: part("kmem.tcp."),
        raw,
        psi: None,
    }
}
