//! Resources (runtime-spec: config-linux.md#control-groups). What a controller makes of a value is the cgroup's
//! business.

use super::super::quote::{Quoted, cut};
use super::super::resources::{BlockIo, Cpu, Memory, Resources};
use super::devices::{LARGEST_MAJOR, LARGEST_MINOR};
use crate::problem::{JsonPath, Problems};

/// Collects the faults of resources; `at` is their path, empty for those of `update`.
pub(in super::super) fn resources(resources: &Resources, at: &'static str, problems: &mut Problems) {
    let member = |name: &str| JsonPath::from(at).member(name);
    for (index, rule) in resources.devices.iter().enumerate() {
        for (name, number, largest) in [
            ("major", rule.major, LARGEST_MAJOR),
            ("minor", rule.minor, LARGEST_MINOR),
        ] {
            if let Some(number) = number
                && !(-1..=largest).contains(&number)
            {
                let path = member("devices").index(index).member(name);
                problems.error(path, format!("{number} is not from 0 to {largest}, nor -1 for all"));
            }
        }
    }
    if let Some(limits) = &resources.memory {
        memory(limits, &member("memory"), problems);
    }
    if let Some(limits) = &resources.cpu {
        cpu(limits, &member("cpu"), problems);
    }
    if let Some(limits) = &resources.block_io {
        block_io(limits, &member("blockIO"), problems);
    }
    for (index, huge) in resources.hugepage_limits.iter().enumerate() {
        let path = || member("hugepageLimits").index(index).member("pageSize");
        if !is_page_size(&huge.page_size) {
            problems.error(path(), format!("{} is not a size such as 2MB", Quoted(&huge.page_size)));
        }
    }
    for (device, limits) in &resources.rdma {
        if limits.hca_handles.is_none() && limits.hca_objects.is_none() {
            problems.error(
                member("rdma").member(&cut(device)),
                "neither hcaHandles nor hcaObjects is set",
            );
        }
    }
    for file in resources.unified.keys() {
        // A file in the cgroup itself, and of a controller: nothing else may be reached.
        let named = file
            .split_once('.')
            .is_some_and(|(controller, name)| !controller.is_empty() && !name.is_empty());
        if !named || file.contains('/') {
            problems.error(
                member("unified").member(&cut(file)),
                "is not a cgroup file's name such as memory.high",
            );
        }
    }
}

fn memory(memory: &Memory, path: &JsonPath, problems: &mut Problems) {
    for (name, limit) in [
        ("limit", memory.limit),
        ("reservation", memory.reservation),
        ("swap", memory.swap),
        ("kernel", memory.kernel),
        ("kernelTCP", memory.kernel_tcp),
    ] {
        if let Some(limit) = limit
            && limit < -1
        {
            problems.error(
                path.member(name),
                format!("{limit} is neither a number of bytes nor -1 for unlimited"),
            );
        }
    }
    if let Some(swappiness) = memory.swappiness
        && swappiness > 100
    {
        problems.error(path.member("swappiness"), format!("{swappiness} is not from 0 to 100"));
    }
}

fn cpu(cpu: &Cpu, path: &JsonPath, problems: &mut Problems) {
    if let (Some(burst), Some(quota)) = (cpu.burst, cpu.quota)
        && quota > 0
        && i128::from(burst) > i128::from(quota)
    {
        problems.error(path.member("burst"), format!("{burst} is above the quota {quota}"));
    }
    if let Some(idle) = cpu.idle
        && !(0..=1).contains(&idle)
    {
        problems.error(path.member("idle"), format!("{idle} is neither 0 nor 1"));
    }
}

fn block_io(block_io: &BlockIo, path: &JsonPath, problems: &mut Problems) {
    let mut device = |major: i64, minor: i64, path: &JsonPath| {
        for (name, number, largest) in [("major", major, LARGEST_MAJOR), ("minor", minor, LARGEST_MINOR)] {
            if !(0..=largest).contains(&number) {
                problems.error(path.member(name), format!("{number} is not from 0 to {largest}"));
            }
        }
    };
    for (name, devices) in [
        ("throttleReadBpsDevice", &block_io.throttle_read_bps_device),
        ("throttleWriteBpsDevice", &block_io.throttle_write_bps_device),
        ("throttleReadIOPSDevice", &block_io.throttle_read_iops_device),
        ("throttleWriteIOPSDevice", &block_io.throttle_write_iops_device),
    ] {
        for (index, throttle) in devices.iter().enumerate() {
            device(throttle.major, throttle.minor, &path.member(name).index(index));
        }
    }
    for (index, weight) in block_io.weight_device.iter().enumerate() {
        device(weight.major, weight.minor, &path.member("weightDevice").index(index));
    }
    for (index, weight) in block_io.weight_device.iter().enumerate() {
        if weight.weight.is_none() && weight.leaf_weight.is_none() {
            problems.error(
                path.member("weightDevice").index(index),
                "neither weight nor leafWeight is set",
            );
        }
    }
}

/// `64KB`, `2MB`, `1GB`: as the kernel names the files of its hugetlb controller.
fn is_page_size(size: &str) -> bool {
    let digits = size.bytes().take_while(u8::is_ascii_digit).count();
    (1..=7).contains(&digits) && !size.starts_with('0') && matches!(size.get(digits..), Some("KB" | "MB" | "GB"))
}
