//! Id-mapped mounts: `mounts[].uidMappings`, `gidMappings`, and the options `idmap` and `ridmap`.

use super::compile::Compiler;
use super::mounts::Options;
use super::namespaces::clone_flag;
use super::steps::{Input, Origin, below_root, shown};
use crate::JsonPath;
use crate::bundle::{Mount, NamespaceType};
use orlop_init::wire::{Slot, Step};
use std::path::Path;

/// How the ids of a mount are mapped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    /// The user namespace with the maps.
    namespace: Slot,
    /// Those of the mounts below, too.
    recursive: bool,
}

impl Compiler<'_> {
    /// The mapping that a mount asks for.
    pub(crate) fn mapping(&mut self, index: usize, mount: &Mount, options: &Options) -> Option<Mapping> {
        let has_maps = !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty();
        if !has_maps && options.map_ids.is_none() {
            return None;
        }
        let path = JsonPath::from("mounts").index(index);
        let recursive = options.map_ids.is_some_and(|(_, recursive)| recursive);
        let linux = &self.config.linux;
        let (uids, gids) = if has_maps {
            (&mount.uid_mappings, &mount.gid_mappings)
        } else {
            (&linux.uid_mappings, &linux.gid_mappings)
        };
        if !has_maps {
            let place = options.map_ids.map_or(0, |(place, _)| place);
            let Some(user) = linux.namespace(NamespaceType::User) else {
                let text = "there are no mappings: neither has the mount uidMappings and gidMappings, nor is there a user namespace";
                self.problems.error(path.member("options").index(place), text);
                return None;
            };
            if let Some(joined) = &user.path {
                let namespace = self.joined_user_namespace(joined.as_str());
                return Some(Mapping { namespace, recursive });
            }
        }
        let (uids, gids) = (uids.clone(), gids.clone());
        let is_like = |input: &Input| matches!(input, Input::Maps { uids: known, gids: groups, .. } if *known == uids && *groups == gids);
        let namespace = match self.inputs.find(is_like) {
            Some(slot) => slot,
            None => self.inputs.add(Input::Maps {
                uids,
                gids,
                origin: path,
            }),
        };
        Some(Mapping { namespace, recursive })
    }

    /// The file of the user namespace that is joined.
    fn joined_user_namespace(&mut self, joined: &str) -> Slot {
        let user = clone_flag(NamespaceType::User);
        let is_it = |input: &Input| matches!(input, Input::Namespace { kind, .. } if *kind == user);
        self.inputs.find(is_it).unwrap_or_else(|| {
            self.inputs.add(Input::Namespace {
                path: joined.to_owned(),
                kind: user,
                origin: JsonPath::from("linux.namespaces"),
                set_by: None,
            })
        })
    }

    /// Whether a source is in what an earlier mount puts into the rootfs.
    pub(crate) fn is_made_by_an_earlier_mount(&self, index: usize, source: &str) -> bool {
        let Ok(inside) = Path::new(source).strip_prefix(self.bundle.rootfs()) else {
            return false;
        };
        let mut earlier = self.config.mounts.iter().take(index);
        earlier.any(|mount| inside.starts_with(&*shown(&below_root(&mount.destination))))
    }

    pub(crate) fn map_next(&mut self, index: usize, mapping: Mapping) {
        let step = Step::MapNextMount {
            namespace: mapping.namespace,
            recursive: mapping.recursive,
        };
        self.steps.push(step, Origin::Element("mounts", index));
    }

    /// In a user namespace init may not map what was mounted outside of it, so that is done by the parent.
    pub(crate) fn map_next_bind(&mut self, index: usize, source: &str, recursive: bool, mapping: Mapping) {
        if self.config.linux.namespace(NamespaceType::User).is_none() {
            self.map_next(index, mapping);
            return;
        }
        if self.is_made_by_an_earlier_mount(index, source) {
            let text = "an earlier mount makes it, in the user namespace, where the runtime cannot map its ids";
            self.problems
                .error(JsonPath::from("mounts").index(index).member("source"), text);
            return;
        }
        let tree = self.inputs.add(Input::MappedTree {
            source: source.to_owned(),
            recursive,
            propagation: self.propagation_of_trees(),
            maps: mapping.namespace,
            map_recursive: mapping.recursive,
            origin: JsonPath::from("mounts").index(index),
        });
        self.steps
            .push(Step::TakeTree { tree }, Origin::Element("mounts", index));
    }
}
