//! Turns: init says that something is its parent's to do, and waits.

use super::reads::Reads;
use core::fmt::{Formatter, Result};

steps! { 2;
    /// Let the parent do its deeds of this turn, and go on when it says so. What steps before have made for it goes
    /// with the message.
    Turn = 1 {
        /// Which one: they are counted from 0.
        number: u32,
    }
}

impl Reads for Turn {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "wait while the runtime takes its turn {}", self.number)
    }
}
