//! The host's network devices.

use super::Told;

/// Move a network device into init's network namespace, by the netlink socket that init has opened there. It comes
/// back if the creation fails.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MoveDevice {
    /// Its name on the host.
    pub(crate) from: String,
    /// Its name in the container, perhaps with `%d`.
    pub(crate) to: String,
}

impl Told for MoveDevice {
    fn lines(&self) -> Vec<String> {
        let Self { from, to } = self;
        vec![if from == to {
            format!("move the network device {from:?} in")
        } else {
            format!("move the network device {from:?} in, as {to:?}")
        }]
    }
}
