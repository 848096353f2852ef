//! Input and output of block devices (runtime-spec: config-linux.md#block-io; Linux:
//! `Documentation/admin-guide/cgroup-v2.rst`, `cgroup-v1/blkio-controller.rst`, `block/bfq-iosched.rst`).

use super::knob::Missing;
use super::writes::{Both, Write, Writes};
use crate::bundle::{BlockIo, ThrottleDevice};
use crate::host::CgroupVersion;
use crate::problem::JsonPath;
use std::ops::RangeInclusive;

/// Weights of v1 and of BFQ, as engines give them.
const WEIGHTS: RangeInclusive<u16> = 10..=1000;

pub(super) fn block_io(block_io: &BlockIo, path: &JsonPath, writes: &mut Writes<'_>) {
    let set = |weight: Option<u16>| weight.filter(|weight| *weight != 0);
    if let Some(weight) = set(block_io.weight) {
        put_weight(weight, None, "", &path.member("weight"), writes);
    }
    if let Some(weight) = set(block_io.leaf_weight) {
        let write = Write::new("blkio.leaf_weight", weight);
        put(&path.member("leafWeight"), Both::only_v1(write), writes);
    }
    for (index, device) in block_io.weight_device.iter().enumerate() {
        let path = path.member("weightDevice").index(index);
        let number = format!("{}:{} ", device.major, device.minor);
        if let Some(weight) = set(device.weight) {
            put_weight(weight, Some(&number), "_device", &path.member("weight"), writes);
        }
        if let Some(weight) = set(device.leaf_weight) {
            let write = Write::new("blkio.leaf_weight_device", format!("{number}{weight}"));
            put(&path.member("leafWeight"), Both::only_v1(write), writes);
        }
    }
    for (name, devices, v1, key) in [
        (
            "throttleReadBpsDevice",
            &block_io.throttle_read_bps_device,
            "blkio.throttle.read_bps_device",
            "rbps",
        ),
        (
            "throttleWriteBpsDevice",
            &block_io.throttle_write_bps_device,
            "blkio.throttle.write_bps_device",
            "wbps",
        ),
        (
            "throttleReadIOPSDevice",
            &block_io.throttle_read_iops_device,
            "blkio.throttle.read_iops_device",
            "riops",
        ),
        (
            "throttleWriteIOPSDevice",
            &block_io.throttle_write_iops_device,
            "blkio.throttle.write_iops_device",
            "wiops",
        ),
    ] {
        for (index, device) in devices.iter().enumerate() {
            put(&path.member(name).index(index), throttle(device, v1, key), writes);
        }
    }
}

fn put(path: &JsonPath, both: Both, writes: &mut Writes<'_>) {
    writes.put(controller(writes), path, both);
}

/// The same controller has another name on v2.
fn controller(writes: &Writes<'_>) -> &'static str {
    match writes.version_of("blkio") {
        Some(CgroupVersion::V1) => "blkio",
        _ => "io",
    }
}

fn throttle(device: &ThrottleDevice, v1: &'static str, key: &str) -> Both {
    let number = format!("{}:{}", device.major, device.minor);
    // 0 is no limit, which v2 has a word for.
    let rate = match device.rate {
        0 => "max".into(),
        rate => rate.to_string(),
    };
    Both::new(
        Write::new(v1, format!("{number} {}", device.rate)),
        Write::new("io.max", format!("{number} {key}={rate}")),
    )
}

/// A weight is BFQ's where that scheduler is there. Otherwise it is v1's own of old kernels, or that of v2's cost model.
fn put_weight(weight: u16, device: Option<&str>, suffix: &str, path: &JsonPath, writes: &mut Writes<'_>) {
    if !WEIGHTS.contains(&weight) {
        writes
            .problems
            .error(path.clone(), format!("{weight} is not from 10 to 1000"));
        return;
    }
    let device = device.unwrap_or_default();
    let same = format!("{device}{weight}");
    let v1 = Missing::Instead(format!("blkio.weight{suffix}").into(), same.clone());
    let v2 = Missing::Instead("io.weight".into(), format!("{device}{}", cost_weight_of(weight)));
    let both = Both::new(
        Write::new(format!("blkio.bfq.weight{suffix}"), &same).missing(v1),
        Write::new("io.bfq.weight", same).missing(v2),
    );
    put(path, both, writes);
}

/// 10 to 1000 as 1 to 10000, the smallest and the largest of one those of the other.
fn cost_weight_of(weight: u16) -> u64 {
    1 + (u64::from(weight) - 10) * 9_999 / 990
}

#[cfg(test)]
mod tests {
    use super::cost_weight_of;

    #[test]
    fn the_smallest_and_the_largest_weight_of_one_kind_are_those_of_the_other() {
        assert_eq!([10, 500, 1000].map(cost_weight_of), [1, 4950, 10_000]);
    }
}
