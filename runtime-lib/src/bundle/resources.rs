//! Limits of the cgroup (runtime-spec: config-linux.md#control-groups). What unset means is the cgroup's business.

use super::devices::DeviceRule;
use super::text::Text;
use std::collections::BTreeMap;

object! {
    /// What the container's cgroup limits and allows.
    #[derive(Default)]
    pub struct Resources {
        /// Rules about devices, in this order.
        devices: Vec<DeviceRule> = "devices",
        /// Memory.
        memory: Option<Memory> = "memory",
        /// CPU time.
        cpu: Option<Cpu> = "cpu",
        /// How many tasks.
        pids: Option<Pids> = "pids",
        /// Input and output of block devices.
        block_io: Option<BlockIo> = "blockIO",
        /// Huge pages.
        hugepage_limits: Vec<HugepageLimit> = "hugepageLimits",
        /// The network's classes and priorities (cgroup v1).
        network: Option<Network> = "network",
        /// RDMA, by the device's name.
        rdma: BTreeMap<Text, Rdma> = "rdma",
        /// Files of a cgroup v2 and what to write to them.
        unified: BTreeMap<Text, Text> = "unified",
    }
}

impl Resources {
    /// Whether there is more than rules about devices.
    pub(crate) fn limits(&self) -> bool {
        let Self {
            devices: _,
            memory,
            cpu,
            pids,
            block_io,
            hugepage_limits,
            network,
            rdma,
            unified,
        } = self;
        memory.is_some()
            || cpu.is_some()
            || pids.is_some()
            || block_io.is_some()
            || network.is_some()
            || !(hugepage_limits.is_empty() && rdma.is_empty() && unified.is_empty())
    }
}

object! {
    /// Memory limits in bytes; -1 is unlimited.
    #[derive(Copy, Default)]
    pub struct Memory {
        /// The hard limit.
        limit: Option<i64> = "limit",
        /// The soft limit.
        reservation: Option<i64> = "reservation",
        /// The limit of memory and swap together.
        swap: Option<i64> = "swap",
        /// The kernel's memory (cgroup v1, deprecated).
        kernel: Option<i64> = "kernel",
        /// The kernel's TCP buffers (cgroup v1, deprecated).
        kernel_tcp: Option<i64> = "kernelTCP",
        /// How readily memory is swapped out, 0 to 100 (cgroup v1).
        swappiness: Option<u64> = "swappiness",
        /// Whether the kernel stops killing when memory is short (cgroup v1).
        disable_oom_killer: Option<bool> = "disableOOMKiller",
        /// Whether child cgroups count (cgroup v1, deprecated).
        use_hierarchy: Option<bool> = "useHierarchy",
        /// Whether a limit below what is in use is refused.
        check_before_update: Option<bool> = "checkBeforeUpdate",
    }
}

object! {
    /// CPU time.
    #[derive(Default)]
    pub struct Cpu {
        /// The share of the CPU time, relative to other cgroups; 1024 is usual.
        shares: Option<u64> = "shares",
        /// Microseconds of CPU time in each period; -1 is unlimited.
        quota: Option<i64> = "quota",
        /// Microseconds that may be saved up for later periods.
        burst: Option<u64> = "burst",
        /// The period's length in microseconds.
        period: Option<u64> = "period",
        /// Microseconds of realtime scheduling in each realtime period (cgroup v1).
        realtime_runtime: Option<i64> = "realtimeRuntime",
        /// The realtime period's length in microseconds (cgroup v1).
        realtime_period: Option<u64> = "realtimePeriod",
        /// The CPUs, as a list: `0-3,7`.
        cpus: Option<Text> = "cpus",
        /// The memory nodes, as a list.
        mems: Option<Text> = "mems",
        /// Whether it only runs when nobody else does: 1 or 0.
        idle: Option<i64> = "idle",
    }
}

object! {
    /// How many tasks there may be.
    #[derive(Copy, Default)]
    pub struct Pids {
        /// The limit: unset leaves it alone, -1 is unlimited, 0 is 0.
        limit: Option<i64> = "limit",
    }
}

object! {
    /// Input and output of block devices.
    #[derive(Default)]
    pub struct BlockIo {
        /// The weight, relative to other cgroups.
        weight: Option<u16> = "weight",
        /// The weight against the cgroup's own children (cgroup v1).
        leaf_weight: Option<u16> = "leafWeight",
        /// Weights by device.
        weight_device: Vec<WeightDevice> = "weightDevice",
        /// Bytes read a second, by device.
        throttle_read_bps_device: Vec<ThrottleDevice> = "throttleReadBpsDevice",
        /// Bytes written a second, by device.
        throttle_write_bps_device: Vec<ThrottleDevice> = "throttleWriteBpsDevice",
        /// Reads a second, by device.
        throttle_read_iops_device: Vec<ThrottleDevice> = "throttleReadIOPSDevice",
        /// Writes a second, by device.
        throttle_write_iops_device: Vec<ThrottleDevice> = "throttleWriteIOPSDevice",
    }
}

object! {
    /// A device's weight.
    #[derive(Copy)]
    pub struct WeightDevice {
        /// The driver's number.
        major: i64 = "major",
        /// The device's number.
        minor: i64 = "minor",
        /// The weight, relative to other cgroups.
        weight: Option<u16> = "weight",
        /// The weight against the cgroup's own children (cgroup v1).
        leaf_weight: Option<u16> = "leafWeight",
    }
}

object! {
    /// A device's limit a second.
    #[derive(Copy)]
    pub struct ThrottleDevice {
        /// The driver's number.
        major: i64 = "major",
        /// The device's number.
        minor: i64 = "minor",
        /// Bytes or operations.
        rate: u64 = "rate",
    }
}

object! {
    /// How much may be had in huge pages of one size.
    pub struct HugepageLimit {
        /// The size: `2MB`, `1GB`.
        page_size: Text = "pageSize",
        /// Bytes.
        limit: u64 = "limit",
    }
}

object! {
    /// The network's classes and priorities (cgroup v1).
    #[derive(Default)]
    pub struct Network {
        /// The class that packets are tagged with.
        class_id: Option<u32> = "classID",
        /// Priorities by device.
        priorities: Vec<InterfacePriority> = "priorities",
    }
}

object! {
    /// A network device's priority.
    pub struct InterfacePriority {
        /// The device's name in the runtime's network namespace.
        name: Text = "name",
        /// The priority.
        priority: u32 = "priority",
    }
}

object! {
    /// Limits of an RDMA device.
    #[derive(Copy, Default)]
    pub struct Rdma {
        /// How many handles.
        hca_handles: Option<u32> = "hcaHandles",
        /// How many objects.
        hca_objects: Option<u32> = "hcaObjects",
    }
}
