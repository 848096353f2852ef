//! The container's terminal.

use super::reads::{Failed, Reads};
use crate::wire::Part;
use core::fmt::{Formatter, Result};

steps! { 6;
    /// Make a pty in the container's devpts, put it on `/dev/console`, and make it the terminal and the stdio. Its
    /// master, and its name, go to the parent with the next turn.
    Console = 1 {
        /// Rows, 0 to leave it.
        rows: u32,
        /// Columns, 0 to leave it.
        columns: u32,
        /// The owner of the slave.
        uid: u32,
    }
}

impl Reads for Console {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make a terminal")?;
        if (self.rows, self.columns) != (0, 0) {
            write!(out, " of {} columns and {} rows", self.columns, self.rows)?;
        }
        out.write_str(", also as /dev/console")
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.part == Part::Source {
            out.write_str("a terminal needs a devpts at /dev/pts, and /dev/pts/ptmx in it")?;
        }
        Ok(())
    }
}
