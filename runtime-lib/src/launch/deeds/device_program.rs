//! The program that asks for each device whether the container may use it.

use crate::Error;
use crate::cgroup::LoadedProgram;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{AttachDeviceProgram, Carry, LoadDeviceProgram};
use crate::store::DeviceRecord;

impl Carry<Launching<'_>> for LoadDeviceProgram {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        // That of a unit is made later; one that could not be made was told of.
        if launching.made.as_ref().is_none_or(|made| made.v2.is_some()) {
            launching.device_program = Some(LoadedProgram::load(&self.program)?);
        }
        Ok(())
    }
}

impl Carry<Launching<'_>> for AttachDeviceProgram {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        // Without a cgroup there is none, which was told when none could be made.
        if let (Some(made), Some(program)) = (&launching.made, launching.device_program.take())
            && made.attach(&program)?
        {
            launching.devices = launching
                .asked_rules()
                .map(|rules| DeviceRecord::new(rules, Some(program.id)));
        }
        Ok(())
    }
}
