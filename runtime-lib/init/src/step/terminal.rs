//! The container's terminal.

use super::reads::{Failed, Reads};
use crate::wire::Part;
use core::fmt::{Formatter, Result};

steps! { 6;
    /// Make a pty in the container's devpts, and make it the stdio. Its master, and its name, go to the parent with the
    /// next turn.
    Console = 1 {
        /// Rows, 0 to leave it.
        rows: u32,
        /// Columns, 0 to leave it.
        columns: u32,
        /// The owner of the slave.
        uid: u32,
        /// Whether it is that of a further process: then it is not put on `/dev/console`, and its session is begun later
        /// ([`TakeTerminal`]).
        is_further: bool,
    }
    /// Make the terminal on standard input that of the session (`man 4 tty_ioctl`, `TIOCSCTTY`).
    TakeTerminal = 2 {
    }
}

impl Reads for Console {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make a terminal")?;
        if (self.rows, self.columns) != (0, 0) {
            write!(out, " of {} columns and {} rows", self.columns, self.rows)?;
        }
        out.write_str(if self.is_further { "" } else { ", also as /dev/console" })
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.part == Part::Source {
            out.write_str("a terminal needs a devpts at /dev/pts, and /dev/pts/ptmx in it")?;
        }
        Ok(())
    }
}

impl Reads for TakeTerminal {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("make the terminal that of the session")
    }
}
