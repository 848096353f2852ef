//! The container's place in resctrl.

use super::Told;
use crate::bundle::IntelRdt;
use crate::plan::leftover::Leftover;
use crate::resctrl::Group;

/// Make the class and the monitoring group that are missing, or compare what is there with what is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MakeGroup {
    pub(crate) group: Group,
    pub(crate) rdt: IntelRdt,
}

impl Told for MakeGroup {
    fn lines(&self) -> Vec<String> {
        vec![self.group.making()]
    }

    fn leaves(&self) -> Option<Leftover> {
        Some(Leftover::Resctrl(self.group.clone()))
    }
}

/// Put init, and with it its children to come, into the group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JoinGroup {
    pub(crate) group: Group,
}

impl Told for JoinGroup {
    fn lines(&self) -> Vec<String> {
        vec![self.group.joining()]
    }
}
