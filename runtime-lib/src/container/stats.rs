//! What a container uses.

use super::Container;
use crate::network;
use crate::stats::Stats;
use crate::{Error, StatusFault};

impl Container {
    /// What it uses now, as the kernel has counted: whether it is created, runs or is paused. A part whose controller
    /// its cgroup does not have is `None`.
    ///
    /// # Errors
    /// [`StatusFault::Ended`] if it has ended; a file of the kernel's that cannot be read.
    pub fn stats(&self) -> Result<Stats, Error> {
        let (record, _) = self.living()?.ok_or_else(|| StatusFault::Ended(self.id.clone()))?;
        let mut stats = record.cgroup.statistics()?;
        if let Some(init) = &record.init {
            stats.network_interfaces = network::interfaces_of(init.pid);
        }
        Ok(stats)
    }
}
