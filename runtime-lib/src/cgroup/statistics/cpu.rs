//! CPU time: `cpu.stat` of both, and v1's `cpuacct` (Linux: cgroup-v1/cpuacct.rst).

use super::Files;
use super::fields::{number_or_max, numbers, value, words};
use crate::stats::{Cpu, CpuUsage, Throttling};

const NANOSECONDS_IN_MICROSECOND: u64 = 1000;

/// A tick of v1's `cpuacct.stat` (`man 3 sysconf`, `_SC_CLK_TCK`: 100 on every architecture that Rust has).
const NANOSECONDS_IN_TICK: u64 = 10_000_000;

pub(super) fn cpu(files: &Files, accounts: Option<&Files>) -> Option<Cpu> {
    let stat = files.text("cpu.stat")?;
    if files.is_v2() {
        return Some(Cpu {
            usage: v2_usage(&stat),
            throttling: throttling(&stat, ("throttled_usec", "burst_usec"), NANOSECONDS_IN_MICROSECOND),
            psi: files.pressure("cpu.pressure"),
        });
    }
    Some(Cpu {
        usage: accounts.map(v1_usage).unwrap_or_default(),
        throttling: throttling(&stat, ("throttled_time", "burst_time"), 1),
        psi: None,
    })
}

fn throttling(stat: &str, (time, burst): (&str, &str), unit: u64) -> Throttling {
    Throttling {
        periods: value(stat, "nr_periods"),
        throttled_periods: value(stat, "nr_throttled"),
        throttled_time: value(stat, time).saturating_mul(unit),
        burst_periods: value(stat, "nr_bursts"),
        burst_time: value(stat, burst).saturating_mul(unit),
    }
}

fn v2_usage(stat: &str) -> CpuUsage {
    let time = |key| value(stat, key).saturating_mul(NANOSECONDS_IN_MICROSECOND);
    CpuUsage {
        total: time("usage_usec"),
        kernel: time("system_usec"),
        user: time("user_usec"),
        ..CpuUsage::default()
    }
}

pub(super) fn v1_usage(files: &Files) -> CpuUsage {
    let stat = files.text("cpuacct.stat").unwrap_or_default();
    let (percpu_user, percpu_kernel) = by_processor(&files.text("cpuacct.usage_all").unwrap_or_default());
    CpuUsage {
        total: number_or_max(&files.text("cpuacct.usage").unwrap_or_default()),
        percpu: numbers(&files.text("cpuacct.usage_percpu").unwrap_or_default()),
        percpu_kernel,
        percpu_user,
        kernel: value(&stat, "system").saturating_mul(NANOSECONDS_IN_TICK),
        user: value(&stat, "user").saturating_mul(NANOSECONDS_IN_TICK),
    }
}

/// The lines `processor user system` below a head.
fn by_processor(text: &str) -> (Vec<u64>, Vec<u64>) {
    let lines = text.lines().skip(1);
    lines
        .filter_map(|line| {
            let mut words = words(line).skip(1).map(|word| word.parse::<u64>().ok());
            Some((words.next()??, words.next()??))
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_in_nanoseconds() {
        let stat = "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 4\nnr_throttled 3\nthrottled_usec 2\n";
        let usage = v2_usage(stat);
        assert_eq!((usage.total, usage.user, usage.kernel), (12_000, 7_000, 5_000));
        let throttling = throttling(stat, ("throttled_usec", "burst_usec"), 1000);
        assert_eq!(
            (
                throttling.periods,
                throttling.throttled_periods,
                throttling.throttled_time
            ),
            (4, 3, 2_000)
        );
    }

    #[test]
    fn processors_are_told_apart() {
        assert_eq!(
            by_processor("cpu user system\n0 1 2\n1 3 4\n"),
            (vec![1, 3], vec![2, 4])
        );
        assert_eq!(by_processor("cpu user system\n0 1\n"), (vec![], vec![]));
    }
}
