//! Resources that are a few files each: tasks, huge pages, RDMA, the network's marks, and files that the config names.

use super::writes::{Both, Write, Writes};
use crate::bundle::{HugepageLimit, Network, Pids, Rdma, Text};
use crate::host::CgroupVersion;
use crate::problem::JsonPath;
use std::collections::BTreeMap;

/// runtime-spec: config-linux.md#pids; Linux: `Documentation/admin-guide/cgroup-v1/pids.rst`.
pub(super) fn pids(pids: &Pids, path: &JsonPath, writes: &mut Writes<'_>) {
    let path = path.member("limit");
    match pids.limit {
        None => {}
        Some(limit) if limit < 0 => writes.put_unlimited("pids", &path, Both::same("pids.max", "max")),
        Some(limit) => writes.put("pids", &path, Both::same("pids.max", limit)),
    }
}

/// runtime-spec: config-linux.md#huge-page-limits; Linux: `Documentation/admin-guide/cgroup-v1/hugetlb.rst`. What is
/// reserved counts as well, where the kernel knows (5.7).
pub(super) fn hugepages(limits: &[HugepageLimit], path: &JsonPath, writes: &mut Writes<'_>) {
    for (index, HugepageLimit { page_size, limit }) in limits.iter().enumerate() {
        let path = path.index(index);
        let both = |v1, v2| {
            Both::new(
                Write::new(format!("hugetlb.{page_size}.{v1}"), limit),
                Write::new(format!("hugetlb.{page_size}.{v2}"), limit),
            )
        };
        writes.put("hugetlb", &path, both("limit_in_bytes", "max"));
        if writes.version_of("hugetlb").is_some() {
            writes.put_unlimited("hugetlb", &path, both("rsvd.limit_in_bytes", "rsvd.max"));
        }
    }
}

/// runtime-spec: config-linux.md#rdma; Linux: `Documentation/admin-guide/cgroup-v1/rdma.rst`.
pub(super) fn rdma(devices: &BTreeMap<Text, Rdma>, path: &JsonPath, writes: &mut Writes<'_>) {
    for (device, limits) in devices {
        let mut value = device.to_string();
        for (key, limit) in [("hca_handle", limits.hca_handles), ("hca_object", limits.hca_objects)] {
            if let Some(limit) = limit {
                value.push_str(&format!(" {key}={limit}"));
            }
        }
        writes.put("rdma", &path.member(device), Both::same("rdma.max", value));
    }
}

/// runtime-spec: config-linux.md#network; Linux: `Documentation/admin-guide/cgroup-v1/net_cls.rst` and `net_prio.rst`.
pub(super) fn network(network: &Network, path: &JsonPath, writes: &mut Writes<'_>) {
    if let Some(class) = network.class_id.filter(|class| *class != 0) {
        let write = Write::new("net_cls.classid", class);
        writes.put("net_cls", &path.member("classID"), Both::only_v1(write));
    }
    for (index, priority) in network.priorities.iter().enumerate() {
        let value = format!("{} {}", priority.name, priority.priority);
        let write = Write::new("net_prio.ifpriomap", value);
        writes.put(
            "net_prio",
            &path.member("priorities").index(index),
            Both::only_v1(write),
        );
    }
}

/// Files of the cgroup itself that move processes, end them or stop them: the runtime's business, or a way to reach
/// those of others.
const NOT_RESOURCES: [&str; 6] = [
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.kill",
    "cgroup.freeze",
    "cgroup.type",
    "cgroup.subtree_control",
];

/// runtime-spec: config-linux.md#unified.
pub(super) fn unified(files: &BTreeMap<Text, Text>, path: &JsonPath, writes: &mut Writes<'_>) {
    for (file, value) in files {
        let path = path.member(file);
        let controller = file.split('.').next().unwrap_or_default();
        if NOT_RESOURCES.contains(&&**file) {
            writes
                .problems
                .error(path, "is no resource: the runtime alone writes it");
            continue;
        }
        match writes.version_of(controller) {
            Some(CgroupVersion::V2) => {}
            Some(CgroupVersion::V1) => {
                let text = format!("is a file of cgroup v2, and this host has the controller {controller:?} on v1");
                writes.problems.error(path, text);
                continue;
            }
            None => {
                writes.no_controller(controller, &path);
                continue;
            }
        }
        // The kernel takes one line a write.
        for line in value.split('\n').filter(|line| !line.is_empty()) {
            let write = Write::new(file.to_string(), line);
            writes.push(controller.to_owned().into(), CgroupVersion::V2, &path, write);
        }
    }
}
