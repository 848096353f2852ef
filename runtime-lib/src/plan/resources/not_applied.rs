//! Resources that are not applied yet: the JSON path of each, and whether a config sets it to something.

use crate::bundle::{BlockIo, Cpu, Memory, Resources};
use crate::problem::JsonPath;

/// A resource of `linux.resources` that has one place in it.
struct Resource {
    path: &'static str,
    /// Set, and not to a value that stands for "leave it" or that a new cgroup has anyway: engines write such zeros
    /// and -1.
    is_set: fn(&Resources) -> bool,
}

const RESOURCES: &[Resource] = &[
    Resource {
        path: "memory.limit",
        is_set: |r| memory(r, |m| limits(m.limit)),
    },
    Resource {
        path: "memory.reservation",
        is_set: |r| memory(r, |m| limits(m.reservation)),
    },
    Resource {
        path: "memory.swap",
        is_set: |r| memory(r, |m| limits(m.swap)),
    },
    Resource {
        path: "memory.kernel",
        is_set: |r| memory(r, |m| limits(m.kernel)),
    },
    Resource {
        path: "memory.kernelTCP",
        is_set: |r| memory(r, |m| limits(m.kernel_tcp)),
    },
    // 0 is a value of its own: swap only when nothing else is left.
    Resource {
        path: "memory.swappiness",
        is_set: |r| memory(r, |m| m.swappiness.is_some()),
    },
    Resource {
        path: "memory.disableOOMKiller",
        is_set: |r| memory(r, |m| m.disable_oom_killer == Some(true)),
    },
    // Always so since Linux 5.11; false can't be had.
    Resource {
        path: "memory.useHierarchy",
        is_set: |r| memory(r, |m| m.use_hierarchy == Some(false)),
    },
    Resource {
        path: "cpu.shares",
        is_set: |r| cpu(r, |c| c.shares.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "cpu.quota",
        is_set: |r| cpu(r, |c| limits(c.quota)),
    },
    Resource {
        path: "cpu.burst",
        is_set: |r| cpu(r, |c| c.burst.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "cpu.period",
        is_set: |r| cpu(r, |c| c.period.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "cpu.realtimeRuntime",
        is_set: |r| cpu(r, |c| c.realtime_runtime.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "cpu.realtimePeriod",
        is_set: |r| cpu(r, |c| c.realtime_period.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "cpu.cpus",
        is_set: |r| cpu(r, |c| c.cpus.as_ref().is_some_and(|list| !list.is_empty())),
    },
    Resource {
        path: "cpu.mems",
        is_set: |r| cpu(r, |c| c.mems.as_ref().is_some_and(|list| !list.is_empty())),
    },
    Resource {
        path: "cpu.idle",
        is_set: |r| cpu(r, |c| c.idle.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "pids.limit",
        is_set: |r| {
            r.pids
                .as_ref()
                .and_then(|pids| pids.limit)
                .is_some_and(|limit| limit >= 0)
        },
    },
    Resource {
        path: "blockIO.weight",
        is_set: |r| block_io(r, |b| b.weight.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "blockIO.leafWeight",
        is_set: |r| block_io(r, |b| b.leaf_weight.is_some_and(|value| value != 0)),
    },
    Resource {
        path: "blockIO.weightDevice",
        is_set: |r| block_io(r, |b| !b.weight_device.is_empty()),
    },
    Resource {
        path: "blockIO.throttleReadBpsDevice",
        is_set: |r| block_io(r, |b| !b.throttle_read_bps_device.is_empty()),
    },
    Resource {
        path: "blockIO.throttleWriteBpsDevice",
        is_set: |r| block_io(r, |b| !b.throttle_write_bps_device.is_empty()),
    },
    Resource {
        path: "blockIO.throttleReadIOPSDevice",
        is_set: |r| block_io(r, |b| !b.throttle_read_iops_device.is_empty()),
    },
    Resource {
        path: "blockIO.throttleWriteIOPSDevice",
        is_set: |r| block_io(r, |b| !b.throttle_write_iops_device.is_empty()),
    },
    Resource {
        path: "network.classID",
        is_set: |r| {
            r.network
                .as_ref()
                .and_then(|network| network.class_id)
                .is_some_and(|class| class != 0)
        },
    },
    Resource {
        path: "network.priorities",
        is_set: |r| r.network.as_ref().is_some_and(|n| !n.priorities.is_empty()),
    },
];

/// The JSON path of each resource that is set and not applied yet. Device rules are not among them.
pub(super) fn not_applied(resources: &Resources) -> Vec<JsonPath> {
    let root = JsonPath::from("linux.resources");
    let set = RESOURCES.iter().filter(|resource| (resource.is_set)(resources));
    let mut paths: Vec<_> = set
        .map(|resource| JsonPath::new(format!("{root}.{}", resource.path)))
        .collect();
    paths.extend((0..resources.hugepage_limits.len()).map(|index| root.member("hugepageLimits").index(index)));
    paths.extend(resources.rdma.keys().map(|device| root.member("rdma").member(device)));
    paths.extend(resources.unified.keys().map(|file| root.member("unified").member(file)));
    paths
}

fn memory(resources: &Resources, is_set: impl FnOnce(&Memory) -> bool) -> bool {
    resources.memory.as_ref().is_some_and(is_set)
}

fn cpu(resources: &Resources, is_set: impl FnOnce(&Cpu) -> bool) -> bool {
    resources.cpu.as_ref().is_some_and(is_set)
}

fn block_io(resources: &Resources, is_set: impl FnOnce(&BlockIo) -> bool) -> bool {
    resources.block_io.as_ref().is_some_and(is_set)
}

/// 0 is unset to the engines, a negative limit is none, which is how a new cgroup begins.
fn limits(value: Option<i64>) -> bool {
    value.is_some_and(|value| value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(json: &str) -> Vec<String> {
        let (resources, _) = crate::bundle::parse_resources(json).unwrap();
        not_applied(&resources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn zeros_that_mean_unset_warn_of_nothing() {
        let docker = r#"{"devices":[{"allow":false,"access":"rwm"}],"memory":{"disableOOMKiller":false,"limit":0,"swap":-1},
            "cpu":{"shares":0,"cpus":"","quota":0},"pids":{},"blockIO":{"weight":0,"weightDevice":[]}}"#;
        assert_eq!(paths(docker), [""; 0]);
    }

    #[test]
    fn each_limit_is_named_by_its_path() {
        let json = r#"{"memory":{"limit":1048576,"swappiness":0},"cpu":{"shares":512,"cpus":"0"},"pids":{"limit":0},
            "hugepageLimits":[{"pageSize":"2MB","limit":1}],"unified":{"memory.high":"max"},"rdma":{"mlx5_1":{"hcaHandles":3}}}"#;
        let expected = [
            "linux.resources.memory.limit",
            "linux.resources.memory.swappiness",
            "linux.resources.cpu.shares",
            "linux.resources.cpu.cpus",
            "linux.resources.pids.limit",
            "linux.resources.hugepageLimits[0]",
            "linux.resources.rdma.mlx5_1",
            "linux.resources.unified[\"memory.high\"]",
        ];
        assert_eq!(paths(json), expected);
    }
}
