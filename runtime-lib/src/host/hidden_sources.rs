//! Sources of bind mounts to which there is a way for privileges alone, as below an ordinary user's home. In a user
//! namespace init has no privileges over what is not mapped there, and would not get to them.

use crate::bundle::{Bundle, NamespaceType};
use rustix::fs::{Stat, stat};
use rustix::process::{getegid, geteuid, getgroups};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// What the kernel follows on one way (Linux: include/linux/namei.h, `MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Those sources, by the places of their mounts in the config.
#[derive(Clone, Debug, Default)]
pub(crate) struct HiddenSources(Vec<usize>);

impl HiddenSources {
    /// Looks only where the runtime can get further than init.
    pub(super) fn look(bundle: &Bundle) -> Self {
        match bundle.config().linux.namespace(NamespaceType::User) {
            Some(_) => Self::of_added(bundle),
            None => Self::default(),
        }
    }

    /// The same for mounts that are added to a container in a user namespace of its own.
    pub(crate) fn of_added(bundle: &Bundle) -> Self {
        const CAP_DAC_OVERRIDE: u64 = 1 << 1;
        const CAP_DAC_READ_SEARCH: u64 = 1 << 2;
        if crate::sys::permitted_capabilities() & (CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH) == 0 {
            return Self::default();
        }
        let caller = Caller::own();
        let binds = bundle
            .mounts()
            .iter()
            .filter_map(|mount| Some((mount.index, mount.as_bind()?)));
        let hidden = binds.filter(|(_, bind)| bind.links.are_followed() && !caller.has_a_way_to(&bind.source));
        Self(hidden.map(|(index, _)| index).collect())
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0.contains(&index)
    }
}

/// Who looks, without privileges.
struct Caller {
    uid: u32,
    groups: Vec<u32>,
}

impl Caller {
    fn own() -> Self {
        let mut groups: Vec<u32> = getgroups()
            .unwrap_or_default()
            .into_iter()
            .map(|group| group.as_raw())
            .collect();
        groups.push(getegid().as_raw());
        Self {
            uid: geteuid().as_raw(),
            groups,
        }
    }

    /// Looks at each folder on the way, those that links lead through as well (`man 7 path_resolution`).
    fn has_a_way_to(&self, source: &str) -> bool {
        let Ok(source) = std::path::absolute(source) else {
            return true;
        };
        let mut at = PathBuf::from("/");
        let mut ahead = names(&source);
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            if !self.may_search(&at) {
                return false;
            }
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(name);
            let Ok(target) = std::fs::read_link(&next) else {
                at = next;
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return true;
            }
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            ahead.extend(names(&target));
        }
        true
    }

    /// By the mode alone: where there is an access control list too, the runtime may open what init could have.
    fn may_search(&self, folder: &Path) -> bool {
        stat(folder).map_or(true, |status| self.may_search_with(&status))
    }

    fn may_search_with(&self, status: &Stat) -> bool {
        let bit = match () {
            () if status.st_uid == self.uid => 0o100,
            () if self.groups.contains(&status.st_gid) => 0o010,
            () => 0o001,
        };
        status.st_mode & bit != 0
    }
}

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        _ => None,
    });
    names.rev().collect()
}
