//! Processors and memory nodes (`man 7 cpuset`).

use super::Files;
use super::fields::ranges;
use crate::stats::Cpuset;

pub(super) fn cpuset(files: &Files) -> Option<Cpuset> {
    let list = |file: &str| files.text(file).map(|text| ranges(&text));
    if files.is_v2() {
        return Some(Cpuset {
            cpus: list("cpuset.cpus.effective")?,
            mems: list("cpuset.mems.effective").unwrap_or_default(),
            ..Cpuset::default()
        });
    }
    let flag = |name: &str| files.number(&format!("cpuset.{name}"));
    let level = files.text("cpuset.sched_relax_domain_level");
    Some(Cpuset {
        cpus: list("cpuset.cpus")?,
        cpu_exclusive: flag("cpu_exclusive"),
        mems: list("cpuset.mems").unwrap_or_default(),
        mem_hardwall: flag("mem_hardwall"),
        mem_exclusive: flag("mem_exclusive"),
        memory_migrate: flag("memory_migrate"),
        memory_spread_page: flag("memory_spread_page"),
        memory_spread_slab: flag("memory_spread_slab"),
        memory_pressure: flag("memory_pressure"),
        sched_load_balance: flag("sched_load_balance"),
        sched_relax_domain_level: level.and_then(|text| text.trim().parse().ok()).unwrap_or_default(),
    })
}
