//! What is written down of a container.

use crate::Error;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, KeepPlan, RecordState};
use crate::store::{KeptPlan, Phase, StateRecord};

impl Carry<Launching<'_>> for RecordState {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let about = &launching.plan.about;
        let record = StateRecord {
            added_mounts: Vec::new(),
            version: StateRecord::VERSION,
            phase: if self.is_created {
                Phase::Created
            } else {
                Phase::Creating
            },
            oci_version: about.oci_version.clone(),
            bundle: about.bundle.clone(),
            rootfs: about.rootfs.clone(),
            created: launching.created.clone(),
            annotations: about.annotations.clone(),
            cgroup: launching.cgroup(),
            devices: launching.devices.clone(),
            init: launching.leftovers.init().cloned(),
            startable: about.is_startable,
            own_pid_namespace: about.own_pid_namespace,
        };
        launching.entry.write_state(&record)
    }
}

impl Carry<Launching<'_>> for KeepPlan {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        KeptPlan::write(launching.entry, launching.plan)
    }
}
