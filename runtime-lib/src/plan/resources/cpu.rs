//! CPU time (runtime-spec: config-linux.md#cpu; Linux: `Documentation/admin-guide/cgroup-v2.rst`,
//! `scheduler/sched-bwc.rst`) and which CPUs and memory nodes there are (`man 7 cpuset`).

use super::writes::{Both, Write, Writes};
use crate::bundle::Cpu;
use crate::problem::JsonPath;

const CONTROLLER: &str = "cpu";

pub(super) fn cpu(cpu: &Cpu, path: &JsonPath, writes: &mut Writes<'_>) {
    // A group that is idle has a weight of its own, and takes no other.
    if cpu.idle == Some(0) {
        writes.put_unlimited(CONTROLLER, &path.member("idle"), Both::same("cpu.idle", 0));
    }
    if let Some(shares) = cpu.shares.filter(|shares| *shares != 0) {
        if writes.version_of(CONTROLLER) == Some(crate::host::CgroupVersion::V1) {
            shares_of_v1(shares, &path.member("shares"), writes);
        }
        let both = Both::new(
            Write::new("cpu.shares", shares),
            Write::new("cpu.weight", weight_of(shares)),
        );
        writes.put(CONTROLLER, &path.member("shares"), both);
    }
    if cpu.idle == Some(1) {
        writes.put(CONTROLLER, &path.member("idle"), Both::same("cpu.idle", 1));
    }
    bandwidth(cpu, path, writes);
    if let Some(microseconds) = cpu.realtime_period.filter(|period| *period != 0) {
        let write = Write::new("cpu.rt_period_us", microseconds);
        writes.put(CONTROLLER, &path.member("realtimePeriod"), Both::only_v1(write));
    }
    if let Some(microseconds) = cpu.realtime_runtime.filter(|runtime| *runtime != 0) {
        let write = Write::new("cpu.rt_runtime_us", microseconds);
        writes.put(CONTROLLER, &path.member("realtimeRuntime"), Both::only_v1(write));
    }
    for (name, file, list) in [("cpus", "cpuset.cpus", &cpu.cpus), ("mems", "cpuset.mems", &cpu.mems)] {
        if let Some(list) = list.as_deref().filter(|list| !list.is_empty()) {
            writes.put("cpuset", &path.member(name), Both::same(file, list));
        }
    }
}

/// The kernel would take the nearest that it has, and say nothing (Linux: `kernel/sched/sched.h`, `MIN_SHARES`).
fn shares_of_v1(shares: u64, path: &JsonPath, writes: &mut Writes<'_>) {
    let text = match shares {
        ..2 => format!("{shares} is too few: the minimum allowed cpu-shares is 2"),
        262_145.. => format!("{shares} is too many: the maximum allowed cpu-shares is 262144"),
        _ => return,
    };
    writes.problems.error(path.clone(), text);
}

fn bandwidth(cpu: &Cpu, path: &JsonPath, writes: &mut Writes<'_>) {
    let quota = cpu.quota.filter(|quota| *quota != 0);
    let period = cpu.period.filter(|period| *period != 0);
    let is_on_v1 = writes.version_of(CONTROLLER) == Some(crate::host::CgroupVersion::V1);
    if is_on_v1 {
        if let Some(period) = period {
            let write = Write::new("cpu.cfs_period_us", period);
            writes.put(CONTROLLER, &path.member("period"), Both::only_v1(write));
        }
        if let Some(quota) = quota {
            let both = Both::only_v1(Write::new("cpu.cfs_quota_us", quota.max(-1)));
            writes.put(CONTROLLER, &path.member("quota"), both);
        }
    } else if quota.is_some() || period.is_some() {
        let at = path.member(if quota.is_some() { "quota" } else { "period" });
        let allowed = match quota {
            Some(quota) if quota > 0 => quota.to_string(),
            _ => "max".into(),
        };
        // The kernel keeps the period where none is written.
        let value = match period {
            Some(period) => format!("{allowed} {period}"),
            None => allowed,
        };
        let both = Both {
            v1: None,
            v2: Some(Write::new("cpu.max", value)),
        };
        match quota {
            Some(quota) if quota < 0 => writes.put_unlimited(CONTROLLER, &at, both),
            _ => writes.put(CONTROLLER, &at, both),
        }
    }
    if let Some(burst) = cpu.burst {
        let both = Both::new(
            Write::new("cpu.cfs_burst_us", burst),
            Write::new("cpu.max.burst", burst),
        );
        match burst {
            0 => writes.put_unlimited(CONTROLLER, &path.member("burst"), both),
            _ => writes.put(CONTROLLER, &path.member("burst"), both),
        }
    }
}

/// v1's shares (2 to 262144, usually 1024) as v2's weight (1 to 10000, usually 100), so that the smallest, the usual
/// and the largest of one are those of the other: 10 to the power of a quadratic function of their logarithm.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares are small by then, and so is the weight, which is positive"
)]
fn weight_of(shares: u64) -> u64 {
    if shares <= 2 {
        return 1;
    }
    if shares >= 262_144 {
        return 10_000;
    }
    let log = (shares as f64).log2();
    let exponent = (log * log + 125.0 * log - 126.0) / 612.0;
    // What a computer adds to a whole number by rounding does not make the next one of it.
    (10f64.powf(exponent) - 1e-9).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::weight_of;

    #[test]
    fn the_smallest_the_usual_and_the_largest_shares_are_the_weights_of_this_kind() {
        let weights = [0, 1, 2, 3, 512, 1024, 2048, 102_400, 262_143, 262_144, u64::MAX].map(weight_of);
        assert_eq!(weights, [1, 1, 1, 2, 59, 100, 174, 4_429, 10_000, 10_000, 10_000]);
        assert!((2..5000).all(|shares| weight_of(shares) <= weight_of(shares + 1)));
    }
}
