//! One call of the program: its global flags, its arguments and its log.

use crate::global::{CgroupManager, Global, Root, Rootless, SystemdCgroup};
use crate::log::{Details, Log};
use crate::matches::Given;
use crate::refusal::Refusal;
use crate::root;
use orlop::{Id, IdFault, Runtime, Trace};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// What every verb may look at.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The name that the program was called by.
    pub(crate) program: &'a str,
    /// The verb's name.
    pub(crate) verb: &'static str,
    pub(crate) global: &'a Given<'a, Global>,
    pub(crate) arguments: &'a [OsString],
    pub(crate) log: &'a mut Log,
}

impl<'a> Call<'a> {
    /// The state root that the flags and the environment name.
    pub(crate) fn root(&self) -> Result<PathBuf, Refusal> {
        root::choose(self.global.text(Root))
    }

    pub(crate) fn runtime(&self) -> Result<Runtime, Refusal> {
        self.runtime_in(None)
    }

    /// A runtime whose state root is this one, if there is one.
    pub(crate) fn runtime_in(&self, root: Option<PathBuf>) -> Result<Runtime, Refusal> {
        let runtime = Runtime::new(root.map_or_else(|| self.root(), Ok)?);
        Ok(match self.log.details() {
            None => runtime,
            Some(details) => runtime.traced(told(self.verb, details)),
        })
    }

    /// Who makes the cgroups, as the flags say.
    pub(crate) fn cgroup_manager(&self) -> Result<orlop::CgroupManager, Refusal> {
        let by_systemd = self.global.is_on(SystemdCgroup);
        let named = self.global.text(CgroupManager).and_then(OsStr::to_str);
        match (named, by_systemd) {
            (Some("systemd"), _) | (None, true) => Ok(orlop::CgroupManager::Systemd),
            (Some(other), true) => {
                Err(format!("--systemd-cgroup and --cgroup-manager={other} contradict each other").into())
            }
            (Some("disabled"), false) => Ok(orlop::CgroupManager::Disabled),
            (_, false) => Ok(orlop::CgroupManager::Direct),
        }
    }

    /// Whether a container is not wanted without a cgroup of its own.
    pub(crate) fn insists_on_cgroup(&self) -> bool {
        let rootless = self.global.text(Rootless).and_then(OsStr::to_str);
        matches!(rootless, Some("0" | "f" | "F" | "false" | "False" | "FALSE"))
    }

    /// The container that the first argument names.
    pub(crate) fn container(&self) -> Result<orlop::Container, Refusal> {
        let id = self.id()?;
        Ok(self.runtime()?.container(&id)?)
    }

    /// The first argument.
    pub(crate) fn id(&self) -> Result<Id, Refusal> {
        self.id_of(self.arguments.first().map(OsString::as_os_str).unwrap_or_default())
    }

    /// The id that an argument is.
    pub(crate) fn id_of(&self, id: &OsStr) -> Result<Id, Refusal> {
        match id.to_str().map(Id::new) {
            Some(Err(IdFault::Empty)) => Err(IdFault::Empty.to_string().into()),
            Some(Err(fault)) if Path::new(id).is_dir() => {
                let refusal = Refusal::from(fault).0;
                Err(format!("{refusal}; a bundle's folder is named by --bundle, and the argument is the id").into())
            }
            Some(id) => Ok(id?),
            None => Err(IdFault::Characters(id.to_string_lossy().into_owned()).into()),
        }
    }

    pub(crate) fn warn(&mut self, what: &impl Display) {
        self.log.warning(self.verb, what.to_string());
    }
}

/// Notes each act of a verb, with the place in the config that asked for it.
fn told(verb: &'static str, details: Details) -> Trace {
    Trace::new(move |act| {
        let path = act.path.as_ref().map(|path| format!(" ({path})")).unwrap_or_default();
        details.note(verb, &format!("{}: {}{path}", act.by, act.text));
    })
}
