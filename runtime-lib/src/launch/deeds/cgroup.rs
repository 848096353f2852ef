//! The container's cgroup.

use crate::bundle::{UnitProperty, UnitValue};
use crate::cgroup::Cgroup;
use crate::launch::broken;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, EnterCgroup, HandOverCgroup, MakeCgroup, MakeInnerCgroups, StartUnit, WriteKnobs};
use crate::plan::{CgroupLeft, Knob, Leftover, refuse_limits};
use crate::problem::Problem;
use crate::process::number_in_proc;
use crate::store::DeviceRecord;
use crate::systemd::{Started, Systemd};
use crate::{Error, Failure};
use std::sync::Arc;

impl Carry<Launching<'_>> for MakeCgroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let made = Cgroup::at(&self.placement).make(self.need, launching.plan.acts.knobs())?;
        // From here on it is known, and undone, whatever fails.
        let made = launching.made.insert(made);
        if !made.reused.is_empty() {
            let mut placement = self.placement.clone();
            Arc::make_mut(&mut placement).mark_as_there(&made.reused);
            let left = CgroupLeft {
                placement,
                has_strays: self.has_strays,
                is_promised: false,
                has_program: self.has_program,
            };
            // Mostly it was seen before, and is written down.
            if launching.leftovers.cgroup() != Some(&left) {
                launching.leftovers.add(launching.entry, Leftover::Cgroup(left))?;
            }
        }
        let warnings = made.reused.iter().map(|path| {
            Problem::warning(
                "linux.cgroupsPath",
                format!("the cgroup {path:?} exists already; it is empty, and used"),
            )
        });
        launching.warnings.extend(warnings);
        if self.has_program && made.v2.is_none() {
            launching.leave_rules_out()?;
        }
        Ok(())
    }
}

impl Carry<Launching<'_>> for StartUnit {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let asked = |failure: Failure| match origin.path() {
            Some(path) if failure.path.is_none() => failure.at(path),
            _ => failure,
        };
        let cgroup = Cgroup::at(&self.placement);
        let Some(scope) = cgroup.scope() else {
            return Err(broken("a unit without a name"));
        };
        cgroup.check_unit().map_err(asked)?;
        let init = launching.init()?;
        let pid = number_in_proc(init.pidfd()?, init.pid).get().unsigned_abs();
        let mut properties: Vec<UnitProperty> = self.properties.iter().map(|asked| asked.property.clone()).collect();
        properties.push(UnitProperty::new("PIDs", UnitValue::Pids(vec![pid])));
        let started = Systemd::connect(scope.bus)
            .and_then(|mut systemd| systemd.start(&scope.unit, &properties))
            .map_err(asked)?;
        if let Started::Taken(state) = started {
            let attempted = format!("start the unit {:?}", scope.unit);
            let why = format!("systemd has a unit of that name already, and it is {state}");
            return Err(asked(Failure::plain(attempted, why)).into());
        }
        // From here on it is undone, whatever fails.
        launching.made = Some(cgroup.of_unit());
        if let Started::Unknown(failure) = started {
            return Err(asked(failure).into());
        }
        let inode = cgroup.inode_of_unit().map_err(asked)?;
        let placement = Arc::new(self.placement.known_as(inode));
        let left = CgroupLeft {
            placement: placement.clone(),
            has_strays: self.has_strays,
            is_promised: false,
            has_program: false,
        };
        launching.leftovers.add(launching.entry, Leftover::Cgroup(left))?;
        let unit = Cgroup::at(&placement);
        launching.made = Some(unit.of_unit());
        launching.made = Some(unit.hold_unit(launching.plan.acts.knobs()).map_err(asked)?);
        Ok(())
    }
}

impl Carry<Launching<'_>> for HandOverCgroup {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        match &launching.made {
            Some(made) => made.hand_over(self.to, &self.places),
            None => Ok(()),
        }
    }
}

impl Carry<Launching<'_>> for MakeInnerCgroups {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let Some(made) = &mut launching.made else {
            return Err(broken("a cgroup below none"));
        };
        for inner in &self.inner {
            made.make_inner(&inner.place)
                .map_err(|failure| failure.at(inner.asked_by.clone()))?;
        }
        Ok(())
    }
}

impl Carry<Launching<'_>> for EnterCgroup {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let pid = launching.init()?.pid;
        let entered = match &launching.made {
            Some(made) => made.enter(&self.place, pid),
            None => return Err(broken("a cgroup below none")),
        };
        entered.map_err(|mut failure| {
            failure.path = failure.path.or_else(|| origin.path());
            failure.into()
        })
    }
}

impl Carry<Launching<'_>> for WriteKnobs {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let Some(made) = &launching.made else { return Ok(()) };
        let left = made.apply(&self.knobs)?;
        refuse_limits(&left)?;
        if left.iter().any(|knob| knob.is_device_rule()) {
            launching.leave_rules_out()?;
        } else if self.knobs.iter().any(Knob::is_device_rule) {
            launching.devices = launching.asked_rules().map(|rules| DeviceRecord::new(rules, None));
        }
        Ok(())
    }
}
