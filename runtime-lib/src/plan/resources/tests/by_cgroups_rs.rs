//! What cgroups-rs writes for the same limits, into a folder of plain files. It leaves two conversions of v2 to its
//! caller: shares to a weight, and swap without memory.

use super::super::{Knob, knobs};
use crate::host::{CgroupVersion, Host};
use cgroups_rs::MaxValue;
use cgroups_rs::blkio::BlkIoController;
use cgroups_rs::cpu::CpuController;
use cgroups_rs::cpuset::CpuSetController;
use cgroups_rs::memory::MemController;
use cgroups_rs::net_cls::NetClsController;
use cgroups_rs::net_prio::NetPrioController;
use cgroups_rs::pid::PidController;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Limits that both know.
#[derive(Clone, Debug)]
struct Limits {
    memory: i64,
    /// Of memory and swap; the memory and this much more.
    more: i64,
    reservation: i64,
    shares: u64,
    quota: i64,
    period: u64,
    cpus: String,
    pids: i64,
    class: u64,
    priority: u64,
    bytes: u64,
    operations: u64,
}

fn limits() -> impl Strategy<Value = Limits> {
    let amount = 4096..1_i64 << 40;
    let cpus = prop_oneof![Just("0"), Just("0-3"), Just("0-1,7")];
    let first = (prop_oneof![amount.clone(), Just(-1)], 0..1_i64 << 40, amount);
    let second = (
        2..=262_144_u64,
        1000..1_000_000_i64,
        1000..1_000_000_u64,
        cpus,
        1..1_i64 << 22,
    );
    let third = (1..=u64::from(u32::MAX), 0..1000_u64, 1..1_u64 << 40, 1..1_u64 << 30);
    (first, second, third).prop_map(|((memory, more, reservation), second, third)| Limits {
        memory,
        more,
        reservation,
        shares: second.0,
        quota: second.1,
        period: second.2,
        cpus: second.3.to_owned(),
        pids: second.4,
        class: third.0,
        priority: third.1,
        bytes: third.2,
        operations: third.3,
    })
}

impl Limits {
    fn swap(&self) -> i64 {
        match self.memory {
            -1 => -1,
            memory => memory + self.more,
        }
    }

    /// As a config asks for them.
    fn config(&self, version: CgroupVersion) -> serde_json::Value {
        let throttle = |rate| json!([{"major": 8, "minor": 16, "rate": rate}]);
        let mut config = json!({
            "memory": {"limit": self.memory, "swap": self.swap(), "reservation": self.reservation},
            "cpu": {"shares": self.shares, "quota": self.quota, "period": self.period, "cpus": self.cpus},
            "pids": {"limit": self.pids},
        });
        if version == CgroupVersion::V1 {
            config["network"] = json!({
                "classID": self.class,
                "priorities": [{"name": "lo", "priority": self.priority}],
            });
            config["blockIO"] = json!({
                "throttleReadBpsDevice": throttle(self.bytes),
                "throttleWriteIOPSDevice": throttle(self.operations),
            });
        }
        config
    }

    /// What the runtime writes: the last value of each file.
    fn ours(&self, version: CgroupVersion) -> BTreeMap<String, String> {
        let (resources, _) = crate::bundle::parse_resources(&self.config(version).to_string()).unwrap();
        let host = match version {
            CgroupVersion::V1 => Host::hybrid(),
            CgroupVersion::V2 => Host::v2(),
        };
        let (knobs, problems) = knobs(&resources, &"linux.resources".into(), &host.hierarchies);
        assert!(!problems.has_errors(), "{:?}", problems.all());
        let written = |knob: Knob| (knob.file.into_owned(), knob.value);
        knobs.into_iter().map(written).collect()
    }

    /// What cgroups-rs writes.
    fn theirs(&self, version: CgroupVersion, folder: &Folder) -> BTreeMap<String, String> {
        let is_v2 = version == CgroupVersion::V2;
        let at = || folder.0.clone();
        let memory = MemController::new(at(), is_v2);
        memory.set_limit(self.memory).unwrap();
        memory.set_soft_limit(self.reservation).unwrap();
        let swap = if is_v2 && self.memory != -1 {
            self.more
        } else {
            self.swap()
        };
        memory.set_memswap_limit(swap).unwrap();
        let cpu = CpuController::new(at(), is_v2);
        if is_v2 {
            folder.write("cpu.max", "max 100000\n");
        } else {
            cpu.set_shares(self.shares).unwrap();
        }
        cpu.set_cfs_quota_and_period(Some(self.quota), Some(self.period))
            .unwrap();
        CpuSetController::new(at(), is_v2).set_cpus(&self.cpus).unwrap();
        let pids = PidController::new(at(), is_v2);
        pids.set_pid_max(MaxValue::Value(self.pids)).unwrap();
        if !is_v2 {
            NetClsController::new(at()).set_class(self.class).unwrap();
            NetPrioController::new(at()).set_if_prio("lo", self.priority).unwrap();
            let block_io = BlkIoController::new(at(), is_v2);
            block_io.throttle_read_bps_for_device(8, 16, self.bytes).unwrap();
            block_io.throttle_write_iops_for_device(8, 16, self.operations).unwrap();
        }
        let mut files = folder.files();
        if let Some(class) = files.get_mut("net_cls.classid") {
            // In another base, which the kernel takes as well.
            *class = u64::from_str_radix(class.trim_start_matches("0x"), 16)
                .unwrap()
                .to_string();
        }
        files
    }
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("orlop-knobs-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    fn files(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        let entries = std::fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        entries
            .map(|entry| (entry.file_name().into_string().unwrap(), text(&entry.path())))
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

proptest! {
    #[test]
    fn the_same_is_written_to_v1(limits in limits()) {
        prop_assert_eq!(limits.ours(CgroupVersion::V1), limits.theirs(CgroupVersion::V1, &Folder::new()));
    }

    #[test]
    fn the_same_is_written_to_v2(limits in limits()) {
        let mut ours = limits.ours(CgroupVersion::V2);
        prop_assert!(ours.remove("cpu.weight").is_some());
        prop_assert_eq!(ours, limits.theirs(CgroupVersion::V2, &Folder::new()));
    }
}
