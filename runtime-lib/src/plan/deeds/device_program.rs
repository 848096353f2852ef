//! The program that asks for each device whether the container may use it, on cgroup v2.

use super::Told;
use crate::plan::resources::DeviceProgram;
use crate::problem::JsonPath;
use std::path::PathBuf;
use std::sync::Arc;

/// Have the kernel take the program. It is checked there while init sets the container up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadDeviceProgram {
    pub(crate) program: Arc<DeviceProgram>,
}

impl Told for LoadDeviceProgram {
    fn lines(&self) -> Vec<String> {
        let rules = self.program.rules.iter().map(ToString::to_string);
        let count = self.program.instructions.len();
        let load = format!("load these rules about devices as a program of {count} instructions");
        rules.chain([load]).collect()
    }

    fn asked_by(&self, line: usize) -> Option<JsonPath> {
        self.program.rules.get(line)?.origin.clone()
    }
}

/// Attach it to the cgroup. It goes with the cgroup: nothing else is to be undone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttachDeviceProgram {
    pub(crate) cgroup: PathBuf,
}

impl Told for AttachDeviceProgram {
    fn lines(&self) -> Vec<String> {
        vec![format!(
            "attach the program of rules about devices to the cgroup {:?}",
            self.cgroup
        )]
    }
}
