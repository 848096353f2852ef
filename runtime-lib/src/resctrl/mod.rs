//! Intel's resource director: groups of resctrl (runtime-spec: config-linux.md#intelrdt; Linux:
//! `Documentation/filesystems/resctrl.rst`).

mod change;
mod schemata;

use crate::bundle::IntelRdt;
use crate::process::Pid;
use crate::{Error, Failure};
use schemata::{differing, wanted};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use change::Available;

/// Where resctrl is mounted.
pub(crate) const MOUNT: &str = "/sys/fs/resctrl";

/// What the kernel says about the last command that it refused.
const LAST_STATUS: &str = "/sys/fs/resctrl/info/last_cmd_status";

/// A container's place in resctrl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    /// The class of service: a folder of resctrl, or resctrl itself.
    class: PathBuf,
    /// Whether the class is made with the container.
    makes_class: bool,
    /// Whether the config named the class, so that others may be in it too.
    is_named: bool,
    /// The folder that monitors the container alone.
    monitor: Option<PathBuf>,
}

impl Group {
    /// The place that the config asks for.
    pub(crate) fn of(rdt: &IntelRdt, id: &str) -> Self {
        let mount = Path::new(MOUNT);
        let class = match rdt.clos_id.as_deref() {
            Some("/") => mount.to_owned(),
            Some(name) => mount.join(name),
            None => mount.join(id),
        };
        Self {
            makes_class: false,
            is_named: rdt.clos_id.is_some(),
            monitor: rdt.enable_monitoring.then(|| class.join("mon_groups").join(id)),
            class,
        }
    }

    /// The same, as things are now: whether the class has to be made.
    #[must_use]
    pub(crate) fn looked_at(mut self) -> Self {
        self.makes_class = !self.class.exists();
        self
    }

    /// How its making reads to a person.
    pub(crate) fn making(&self) -> String {
        let monitor = match &self.monitor {
            Some(path) => format!(", monitored as {path:?}"),
            None => String::new(),
        };
        format!("make or check the resctrl group {:?}{monitor}", self.class)
    }

    /// How joining it reads.
    pub(crate) fn joining(&self) -> String {
        format!("put init into the resctrl group {:?}", self.class)
    }

    /// How its removal reads.
    pub(crate) fn undoing(&self) -> String {
        format!("remove what was made of the resctrl group {:?}", self.class)
    }

    /// Makes what is missing, and writes the schemata or compares them with those of a class that was there. What
    /// fails leaves nothing.
    pub(crate) fn make(&self, rdt: &IntelRdt) -> Result<(), Error> {
        let wanted = wanted(rdt);
        if self.makes_class {
            self.make_class(&wanted)?;
        } else {
            self.check_class(&wanted)?;
        }
        if let Some(monitor) = &self.monitor {
            std::fs::create_dir(monitor).map_err(|error| {
                let failure = failure("make the monitoring group", monitor, &error);
                self.undo_class();
                failure
            })?;
        }
        Ok(())
    }

    fn make_class(&self, wanted: &[&str]) -> Result<(), Error> {
        if self.is_named && wanted.is_empty() {
            return Err(self.unusable("it does not exist, and there are no schemata to make it with"));
        }
        std::fs::create_dir(&self.class).map_err(|error| failure("make the resctrl group", &self.class, &error))?;
        let file = self.class.join("schemata");
        for line in wanted {
            std::fs::write(&file, format!("{line}\n")).map_err(|error| {
                let failure = failure(&format!("write {line:?} to"), &file, &error);
                self.undo_class();
                failure
            })?;
        }
        Ok(())
    }

    fn check_class(&self, wanted: &[&str]) -> Result<(), Error> {
        if !self.is_named {
            return Err(self.unusable("it exists already"));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let file = self.class.join("schemata");
        let found = std::fs::read_to_string(&file).map_err(|error| failure("read", &file, &error))?;
        match differing(wanted, &found) {
            Some(line) => Err(self.unusable(&format!("it exists already, and {line:?} is not in its schemata"))),
            None => Ok(()),
        }
    }

    fn unusable(&self, why: &str) -> Error {
        Failure::plain(format!("use the resctrl group {:?}", self.class), why)
            .at("linux.intelRdt.closID")
            .into()
    }

    fn undo_class(&self) {
        if self.makes_class {
            let _ = std::fs::remove_dir(&self.class);
        }
    }

    /// Puts a process, and with it its children to come, into the group.
    pub(crate) fn add(&self, pid: Pid) -> Result<(), Error> {
        for folder in std::iter::once(&self.class).chain(&self.monitor) {
            let file = folder.join("tasks");
            std::fs::write(&file, pid.to_string()).map_err(|error| failure("put init into", &file, &error))?;
        }
        Ok(())
    }

    /// Removes what was made. What is gone already is no error; neither is a class that others have come to use.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let is_used = |folder: &Path| std::fs::read(folder.join("tasks")).is_ok_and(|tasks| !tasks.is_empty());
        let class = (self.makes_class && !(self.is_named && is_used(&self.class))).then_some(&self.class);
        for folder in self.monitor.iter().chain(class) {
            match std::fs::remove_dir(folder) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failure("remove the resctrl group", folder, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn failure(attempted: &str, path: &Path, error: &std::io::Error) -> Error {
    refused(Failure::io(format!("{attempted} {path:?}"), error).at("linux.intelRdt"))
}

fn refused(failure: Failure) -> Error {
    let said = std::fs::read_to_string(LAST_STATUS).unwrap_or_default();
    match said.trim() {
        "" | "ok" => failure.into(),
        said => failure.hint(format!("the kernel says: {said}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::schemata::parsed;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_class_is_the_configs_or_the_containers_and_the_monitor_is_the_containers() {
        for (rdt, text) in [
            (json!({"closID": "gold"}), r#""/sys/fs/resctrl/gold""#),
            (json!({}), r#""/sys/fs/resctrl/box""#),
            (
                json!({"closID": "/", "enableMonitoring": true}),
                r#""/sys/fs/resctrl", monitored as "/sys/fs/resctrl/mon_groups/box""#,
            ),
            (
                json!({"enableMonitoring": true}),
                r#""/sys/fs/resctrl/box", monitored as "/sys/fs/resctrl/box/mon_groups/box""#,
            ),
        ] {
            let group = Group::of(&parsed(&rdt), "box");
            assert_eq!(group.making(), format!("make or check the resctrl group {text}"));
        }
    }

    #[test]
    fn a_named_class_that_is_not_there_needs_schemata() {
        let rdt = parsed(&json!({"closID": "orlop-test-not-there"}));
        let error = Group::of(&rdt, "box").looked_at().make(&rdt).unwrap_err().to_string();
        assert_eq!(
            error,
            "linux.intelRdt.closID: cannot use the resctrl group \"/sys/fs/resctrl/orlop-test-not-there\": it does not exist, and there are no schemata to make it with"
        );
    }
}
