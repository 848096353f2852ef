//! From a container that is set up to its start.

use super::program::Agent;
use super::reads::Reads;
use crate::wire::Slot;
use core::fmt::{Formatter, Result};

steps! { 14;
    /// Close what is open of the host, init's own and what the caller had open: others may join the container's
    /// namespaces while it waits. What the rest of the plan needs stays.
    LetGoOfHost = 1 {
        /// The socket that `start` connects to.
        listener: Option<Slot>,
        /// The agent of the filter.
        agent: Option<Agent>,
        /// So many descriptors from 3 on are the process's.
        preserve: u32,
    }
    /// End on the signals that end a process, which pid 1 of a pid namespace would otherwise not see.
    CatchSignals = 2 {
    }
    /// Live on when the parent ends. The end of its socket tells of its end until the next turn is over.
    Outlive = 3 {
    }
    /// Wait until `start` connects. From here on the connection is where failures are told.
    AwaitStart = 4 {
        /// The listening socket.
        listener: Slot,
    }
    /// Have every descriptor but the process's own closed by an execve, while no filter forbids to say so.
    CloseOnExecute = 5 {
        /// So many descriptors from 3 on are kept for the process.
        preserve: u32,
    }
    /// End: what was to be done in a container that exists is done.
    End = 6 {
    }
}

impl Reads for LetGoOfHost {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("close what is open of the host")?;
        if self.preserve > 0 {
            write!(out, ", but for the {} descriptors that are passed", self.preserve)?;
        }
        Ok(())
    }
}

impl Reads for CatchSignals {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("end on SIGTERM and the like")
    }
}

impl Reads for Outlive {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("live on when the runtime ends")
    }
}

impl Reads for AwaitStart {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("wait for start")
    }
}

impl Reads for CloseOnExecute {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("have the execve close what is not the process's")
    }
}

impl Reads for End {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("end")
    }
}
