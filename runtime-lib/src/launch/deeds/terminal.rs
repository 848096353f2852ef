//! The container's terminal.

use crate::Error;
use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, HandOverTerminal};

impl Carry<Launching<'_>> for HandOverTerminal {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        launching.give_terminal()
    }
}
