//! The host's network devices.

use crate::Error;
use crate::launch::broken;
use crate::launch::launching::Launching;
use crate::network::Moved;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, MoveDevice};

impl Carry<Launching<'_>> for MoveDevice {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let socket = launching.offer.file.as_ref();
        let socket = socket.ok_or_else(|| broken("a network without its socket"))?;
        let origin = origin.path().unwrap_or_else(|| "linux.netDevices".into());
        let moved = Moved::into(launching.init()?.pid, socket, &self.from, &self.to, &origin)?;
        launching.moved.push(moved);
        Ok(())
    }
}
