//! From the config's list to mounts, and what is wrong with an entry.

use super::bind::Bind;
use super::entry::MountEntry;
use super::filesystem::Filesystem;
use super::id_maps::IdMaps;
use super::mount::{Mount, MountKind};
use super::options::Options;
use super::remount::Remount;
use super::{cgroup, lengths};
use crate::bundle::{Config, below_root};
use crate::problem::{JsonPath, Problems};
use std::ffi::{CStr, CString};
use std::path::Path;

/// The mounts of a config that is in the folder `dir`. Those that are refused are left out.
pub(in crate::bundle) fn mounts(dir: &Path, config: &Config, problems: &mut Problems) -> Vec<Mount> {
    let entries = config.mounts.iter().enumerate();
    let mounts = entries.filter_map(|(index, entry)| {
        let reading = Reading {
            dir,
            config,
            entry,
            path: JsonPath::from("mounts").index(index),
            problems,
        };
        reading.mount(index)
    });
    mounts.collect()
}

/// An entry that is being read.
pub(super) struct Reading<'a> {
    /// The bundle's folder.
    pub(super) dir: &'a Path,
    pub(super) config: &'a Config,
    pub(super) entry: &'a MountEntry,
    /// Where the entry is in the config.
    pub(super) path: JsonPath,
    pub(super) problems: &'a mut Problems,
}

impl Reading<'_> {
    fn mount(mut self, index: usize) -> Option<Mount> {
        let target = below_root(&self.entry.destination);
        let mut options = Options::read(&mut self);
        let kind = if options.is_remount {
            MountKind::Remount(Remount::read(&mut self, &mut options)?)
        } else {
            if target.is_empty() && index > 0 && !self.entry.destination.is_empty() {
                let hidden = "everything that is mounted before it is hidden by this mount on the root";
                self.problems.warning(self.path.member("destination"), hidden);
            }
            self.new_mount(&target, &mut options)?
        };
        Some(Mount {
            index,
            target,
            kind,
            changes: options.changes,
            tree_changes: options.tree_changes,
            cleared_by_the_way: options.cleared_by_the_way(),
            propagation: options.propagation,
        })
    }

    fn new_mount(&mut self, target: &CStr, options: &mut Options) -> Option<MountKind> {
        if options.is_bind {
            let id_maps = IdMaps::read(self, options);
            return Bind::read(self, options, id_maps).map(MountKind::Bind);
        }
        // The config's texts hold no NUL.
        let source = CString::new(self.entry.source.as_deref().unwrap_or_default()).unwrap_or_default();
        lengths::of_filesystem(self, &source, &options.parameters);
        let name = self.entry.fs_type.as_ref();
        let is_cgroup = name.is_some_and(|name| cgroup::is_cgroup(name));
        if is_cgroup && target.is_empty() {
            let text = "the cgroups cannot be the container's root";
            self.problems.error(self.path.member("destination"), text);
            return None;
        }
        let id_maps = IdMaps::read(self, options);
        if is_cgroup {
            return cgroup::read(self, options, id_maps.as_ref());
        }
        let Some(name) = name else {
            let text = "missing: it may be left out for bind mounts only, and no option says \"bind\" or \"rbind\"";
            self.problems.error(self.path.member("type"), text);
            return None;
        };
        let filesystem = Filesystem::new(name, source, target, options, id_maps);
        Some(MountKind::Filesystem(filesystem))
    }

    /// Tells of the option at a place of the list.
    pub(super) fn warn_of_option(&mut self, place: usize, text: impl Into<String>) {
        self.problems.warning(self.path.member("options").index(place), text);
    }

    /// Refuses the option at a place of the list.
    pub(super) fn refuse_option(&mut self, place: usize, text: impl Into<String>) {
        self.problems.error(self.path.member("options").index(place), text);
    }

    /// Refuses the options for what they are together.
    pub(super) fn refuse_options(&mut self, text: impl Into<String>) {
        self.problems.error(self.path.member("options"), text);
    }
}
