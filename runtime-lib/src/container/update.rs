//! `update`.

use super::device_change::DeviceChange;
use super::{Container, live};
use crate::bundle::Resources;
use crate::host::{CgroupVersion, Hierarchies};
use crate::plan::{self, Knob, Scope, USUAL_PERIOD, knobs, properties};
use crate::problem::JsonPath;
use crate::resctrl::Available;
use crate::store::{Leftovers, StateRecord};
use crate::systemd::Systemd;
use crate::{Error, Failure, Problem, StatusFault};

impl Container {
    /// Gives its class of Intel's resource director other schemata (Linux: `Documentation/filesystems/resctrl.rst`):
    /// lines about the third level's cache, `L3:0=f;1=f0`, and one about the memory's bandwidth, `MB:0=20`. What no line
    /// names stays. Others may be in the class as well, if the config named it.
    ///
    /// # Errors
    /// `container not running` if it has ended; a host without that resource; a container whose config has no
    /// `linux.intelRdt`; what the kernel refuses. Then nothing is changed.
    pub fn update_schemata(&self, cache: Option<&str>, bandwidth: Option<&str>) -> Result<(), Error> {
        let entry = self.entry()?;
        entry.lock()?;
        let record = self.record(&entry)?;
        if live(record.init.as_ref())?.is_none() {
            return Err(StatusFault::NotRunning.into());
        }
        Available::look().check(cache, bandwidth)?;
        let leftovers = Leftovers::read_all(&entry)?;
        let Some(group) = leftovers.resctrl() else {
            let why = "it is in no class of its own: its config has no linux.intelRdt";
            return Err(Failure::plain("change the schemata of the container", why).into());
        };
        self.trace.deed("update", || group.changing(cache, bandwidth));
        group.change(cache, bandwidth)
    }

    /// Gives its cgroup these resources; what is unset stays as it is. A quota without a period, a period without a
    /// quota, and a limit of swap without one of memory go with what the cgroup has. Gives back what is to be told.
    ///
    /// Rules about devices are put in force only if they mean something else than those that are: engines send them
    /// again and again, and what a hook has allowed besides must not vanish. On cgroup v2, where a hook has put a
    /// program of its own in the place of the container's, that is told, and stays.
    ///
    /// # Errors
    /// `container not running` if it has ended; what the host's cgroups cannot do or the kernel refuses, with the path
    /// in the resources. What was written before stays written.
    pub fn update(&self, resources: &Resources) -> Result<Vec<Problem>, Error> {
        let entry = self.entry()?;
        entry.lock()?;
        let mut record = self.record(&entry)?;
        if live(record.init.as_ref())?.is_none() {
            return Err(StatusFault::NotRunning.into());
        }
        let hierarchies = Hierarchies::look(None)?.with_controllers()?;
        let whole = completed(resources, &record, &hierarchies);
        let (knobs, problems) = knobs(&whole, &JsonPath::new(""), &hierarchies);
        let mut warnings = problems.into_warnings()?;
        let change = DeviceChange::of(&resources.devices, &record, &mut warnings)?;
        check_memory(resources, &record, &hierarchies)?;
        self.trace.deed("update", || {
            let rules = change.iter().flat_map(DeviceChange::lines);
            knobs.iter().map(ToString::to_string).chain(rules).collect()
        });
        if let Some(scope) = record.cgroup.scope() {
            change_unit(scope, &knobs, &record)?;
        }
        if !knobs.is_empty() {
            let outcome = record.cgroup.apply(&knobs);
            let left = outcome.map_err(|error| match record.cgroup.processes() {
                Ok(none) if none.is_empty() => {
                    let why = "it is in no cgroup of its own, which could be limited";
                    Failure::plain("change the container's resources", why).into()
                }
                _ => error,
            })?;
            plan::refuse_limits(&left)?;
        }
        if let Some(change) = change {
            warnings.extend(change.make(&entry, &mut record)?);
        }
        Ok(warnings)
    }
}

/// Gives the container's unit what it has properties for, or systemd would undo it when it reads its units anew.
fn change_unit(scope: &Scope, knobs: &[Knob], record: &StateRecord) -> Result<(), Error> {
    let mut systemd = Systemd::connect(scope.bus)?;
    let version = systemd.about()?.version;
    let period = record.cgroup.read("cpu", "cpu.max");
    let period = period.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
    let asked = properties(knobs, version, period.unwrap_or(USUAL_PERIOD));
    if asked.is_empty() {
        return Ok(());
    }
    let properties: Vec<_> = asked.into_iter().map(|asked| asked.property).collect();
    systemd.set_properties(&scope.unit, &properties)?;
    Ok(())
}

/// The resources with what they need of those that the cgroup has.
fn completed(resources: &Resources, record: &StateRecord, hierarchies: &Hierarchies) -> Resources {
    let mut whole = resources.clone();
    let current = |controller: &str, v1: &str, v2: &str| {
        let file = match hierarchies.version_of(controller)? {
            CgroupVersion::V1 => v1,
            CgroupVersion::V2 => v2,
        };
        let text = record.cgroup.read(controller, file)?;
        text.split_whitespace().next()?.parse::<i64>().ok()
    };
    if let Some(limit) = whole.pids.as_mut().and_then(|pids| pids.limit.as_mut())
        && *limit == 0
    {
        // The container's process is one already; and systemd knows no 0, so that its unit and the file say the same.
        *limit = 1;
    }
    if let Some(memory) = &mut whole.memory
        && memory.swap.is_some_and(|swap| swap > 0)
        && memory.limit.is_none_or(|limit| limit == 0)
    {
        memory.limit = current("memory", "memory.limit_in_bytes", "memory.max");
    }
    if let Some(cpu) = &mut whole.cpu
        && cpu.period.is_some_and(|period| period != 0)
        && cpu.quota.is_none_or(|quota| quota == 0)
        && hierarchies.version_of("cpu") == Some(CgroupVersion::V2)
    {
        cpu.quota = current("cpu", "", "cpu.max");
    }
    whole
}

/// v2 would kill where memory is above a limit, and v1 refuse (runtime-spec: config-linux.md#memory,
/// `checkBeforeUpdate`).
fn check_memory(resources: &Resources, record: &StateRecord, hierarchies: &Hierarchies) -> Result<(), Error> {
    let Some(memory) = resources
        .memory
        .filter(|memory| memory.check_before_update == Some(true))
    else {
        return Ok(());
    };
    let limit = memory.limit.and_then(|limit| u64::try_from(limit).ok());
    if hierarchies.version_of("memory") != Some(CgroupVersion::V2) {
        return Ok(());
    }
    let usage = record.cgroup.read("memory", "memory.current");
    let usage = usage.and_then(|text| text.trim_end().parse::<u64>().ok());
    match (limit, usage) {
        (Some(limit), Some(usage)) if limit > 0 && limit < usage => {
            let text = format!("rejecting memory limit {limit}: the container's processes use {usage} bytes");
            Err(Failure::plain("change the limit of memory", text)
                .at("memory.limit")
                .into())
        }
        _ => Ok(()),
    }
}
