//! From the config's list to mounts, and what is wrong with an entry.

use super::bind::Bind;
use super::filesystem::Filesystem;
use super::id_maps::IdMaps;
use super::mount::{Mount, MountKind};
use super::options::Options;
use super::reading::Reading;
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
        mount(reading, index)
    });
    mounts.collect()
}

fn mount(mut reading: Reading<'_>, index: usize) -> Option<Mount> {
    let target = below_root(&reading.entry.destination);
    let mut options = Options::read(&mut reading);
    let kind = if options.is_remount {
        MountKind::Remount(Remount::read(&mut reading, &mut options)?)
    } else {
        if target.is_empty() && index > 0 && !reading.entry.destination.is_empty() {
            let hidden = "everything that is mounted before it is hidden by this mount on the root";
            reading.problems.warning(reading.path.member("destination"), hidden);
        }
        new_mount(&mut reading, &target, &mut options)?
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

fn new_mount(reading: &mut Reading<'_>, target: &CStr, options: &mut Options) -> Option<MountKind> {
    if options.is_bind {
        let id_maps = IdMaps::read(reading, options);
        return Bind::read(reading, options, id_maps).map(MountKind::Bind);
    }
    // The config's texts hold no NUL.
    let source = CString::new(reading.entry.source.as_deref().unwrap_or_default()).unwrap_or_default();
    lengths::of_filesystem(reading, &source, &options.parameters);
    let name = reading.entry.fs_type.as_ref();
    let is_cgroup = name.is_some_and(|name| cgroup::is_cgroup(name));
    if is_cgroup && target.is_empty() {
        let text = "the cgroups cannot be the container's root";
        reading.problems.error(reading.path.member("destination"), text);
        return None;
    }
    let id_maps = IdMaps::read(reading, options);
    if is_cgroup {
        return cgroup::read(reading, options, id_maps.as_ref());
    }
    let Some(name) = name else {
        let text = "missing: it may be left out for bind mounts only, and no option says \"bind\" or \"rbind\"";
        reading.problems.error(reading.path.member("type"), text);
        return None;
    };
    let filesystem = Filesystem::new(name, source, target, options, id_maps);
    Some(MountKind::Filesystem(filesystem))
}
