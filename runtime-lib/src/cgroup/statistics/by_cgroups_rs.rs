//! What cgroups-rs reads of the same files.

use super::*;
use cgroups_rs::cpuacct::CpuAcctController;
use cgroups_rs::cpuset::CpuSetController;
use cgroups_rs::memory::MemController;
use cgroups_rs::pid::PidController;
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A cgroup's folder, as plain files; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, String)]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("orlop-statistics-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        for (file, text) in files {
            std::fs::write(path.join(file), format!("{text}\n")).unwrap();
        }
        Self(path)
    }

    fn files(&self, version: CgroupVersion) -> Files {
        Files {
            directory: Rc::new(Directory::mount_unchecked(&self.0).unwrap()),
            version,
            path: self.0.clone(),
            fault: RefCell::default(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Numbers that a file may hold.
fn numbers() -> impl Strategy<Value = [u64; 10]> {
    prop::array::uniform10(0..i64::MAX as u64 / 2)
}

proptest! {
    #[test]
    fn the_same_is_read_of_v1(seen in numbers()) {
        let [usage, max, failures, limit, swap, cache, rss, kernel, tcp, time] = seen;
        let names = [
            ("memory.usage_in_bytes", usage), ("memory.max_usage_in_bytes", max), ("memory.failcnt", failures),
            ("memory.limit_in_bytes", limit), ("memory.memsw.usage_in_bytes", swap),
            ("memory.memsw.limit_in_bytes", limit), ("memory.kmem.usage_in_bytes", kernel),
            ("memory.kmem.failcnt", failures), ("memory.kmem.tcp.usage_in_bytes", tcp),
            ("memory.kmem.tcp.max_usage_in_bytes", max), ("cpuacct.usage", time),
            ("pids.current", usage % 1000), ("pids.max", limit),
        ];
        let mut files: Vec<(&str, String)> = names.iter().map(|(name, number)| (*name, number.to_string())).collect();
        files.push(("memory.stat", format!("cache {cache}\nrss {rss}\nhierarchical_memory_limit {limit}")));
        files.push(("cpuacct.usage_percpu", format!("{time} {usage} ")));
        files.push(("cpuset.cpus", "0-2,7".to_owned()));
        let folder = Folder::new(&files);
        let files = folder.files(CgroupVersion::V1);
        let at = || folder.0.clone();

        let ours = memory::memory(&files).unwrap();
        let memory = MemController::new(at(), false);
        let (theirs, swap) = (memory.memory_stat(), memory.memswap());
        let (kernel, tcp) = (memory.kmem_stat(), memory.kmem_tcp_stat());
        prop_assert_eq!(ours.raw, theirs.stat.raw.into_iter().collect());
        prop_assert_eq!(ours.cache, theirs.stat.cache);
        let sum = |limit: i64, usage, max, failcnt| crate::stats::MemoryUse {
            limit: limit.cast_unsigned(),
            usage,
            max,
            failcnt,
        };
        prop_assert_eq!(
            ours.usage,
            sum(theirs.limit_in_bytes, theirs.usage_in_bytes, theirs.max_usage_in_bytes, theirs.fail_cnt)
        );
        prop_assert_eq!(
            ours.swap,
            sum(swap.limit_in_bytes, swap.usage_in_bytes, swap.max_usage_in_bytes, swap.fail_cnt)
        );
        prop_assert_eq!(
            (ours.kernel.usage, ours.kernel.failcnt, ours.kernel.max),
            (kernel.usage_in_bytes, kernel.fail_cnt, kernel.max_usage_in_bytes)
        );
        prop_assert_eq!(
            ours.kernel_tcp,
            sum(tcp.limit_in_bytes, tcp.usage_in_bytes, tcp.max_usage_in_bytes, tcp.fail_cnt)
        );

        let theirs = CpuAcctController::new(at()).cpuacct();
        let ours = cpu::v1_usage(&files);
        prop_assert_eq!(ours.total, theirs.usage);
        let percpu = ours.percpu.iter().map(|time| format!("{time} ")).collect::<String>();
        prop_assert_eq!(percpu.trim(), theirs.usage_percpu.trim());

        pids_are_the_same(&files, &PidController::new(at(), false));
        let theirs = CpuSetController::new(at(), false).cpuset();
        let cpus = theirs.cpus.iter().flat_map(|(first, last)| *first..=*last);
        let ours = cpuset::cpuset(&files).unwrap();
        prop_assert_eq!(ours.cpus.into_iter().map(u64::from).collect::<Vec<_>>(), cpus.collect::<Vec<_>>());
    }

    #[test]
    fn the_same_is_read_of_v2(seen in numbers(), is_limited in any::<bool>()) {
        let [usage, peak, file, anon, max, swap, swap_max, low, high, pids] = seen;
        let limit = |number: u64| if is_limited { number.to_string() } else { "max".to_owned() };
        let files = [
            ("memory.current", usage.to_string()), ("memory.peak", peak.to_string()),
            ("memory.max", limit(max)), ("memory.low", low.to_string()), ("memory.min", "0".to_owned()),
            ("memory.high", limit(high)), ("memory.stat", format!("anon {anon}\nfile {file}\nsock 0")),
            ("memory.swap.current", swap.to_string()), ("memory.swap.max", swap_max.to_string()),
            ("memory.swap.events", format!("high 0\nmax {pids}\nfail 0")),
            ("pids.current", (pids % 1000).to_string()), ("pids.max", limit(pids)),
        ];
        let folder = Folder::new(&files);
        let files = folder.files(CgroupVersion::V2);
        let ours = memory::memory(&files).unwrap();
        let memory = MemController::new(folder.0.clone(), true);
        let (theirs, swap) = (memory.memory_stat(), memory.memswap());
        prop_assert_eq!(ours.raw, theirs.stat.raw.into_iter().collect());
        prop_assert_eq!((ours.usage.usage, ours.usage.max), (theirs.usage_in_bytes, theirs.max_usage_in_bytes));
        // cgroups-rs says -1 for no limit, and tells swap without memory.
        let unlimited = u64::try_from(theirs.limit_in_bytes).unwrap_or(u64::MAX);
        prop_assert_eq!(ours.usage.limit, unlimited);
        prop_assert_eq!(ours.swap.usage, theirs.usage_in_bytes + swap.usage_in_bytes);
        prop_assert_eq!(ours.swap.limit, unlimited.saturating_add(swap.limit_in_bytes.cast_unsigned()));
        pids_are_the_same(&files, &PidController::new(folder.0.clone(), true));
    }
}

fn pids_are_the_same(files: &Files, theirs: &PidController) {
    let ours = pids(files).unwrap();
    assert_eq!(ours.current, theirs.get_pid_current().unwrap());
    let limit = match theirs.get_pid_max().unwrap() {
        cgroups_rs::MaxValue::Max => 0,
        cgroups_rs::MaxValue::Value(number) => number.cast_unsigned(),
    };
    assert_eq!(ours.limit, limit);
}
