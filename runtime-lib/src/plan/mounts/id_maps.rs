//! Id-mapped mounts: who maps the ids, and by which user namespace.

use crate::JsonPath;
use crate::bundle::{Bind, IdMaps, MapsOf, Mount, NamespaceType};
use crate::plan::acts::Origin;
use crate::plan::compile::Compiler;
use crate::plan::inherited::Inherited;
use orlop_init::linux::namespace;
use orlop_init::step::mounts::Mapping;
use orlop_init::wire::Slot;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

impl Compiler<'_> {
    /// The mapping that a mount asks for.
    pub(super) fn mapping(&mut self, mount: &Mount, maps: &IdMaps) -> Mapping {
        let namespace = match &maps.of {
            MapsOf::Joined(path) => self.joined_user_namespace(path),
            MapsOf::Config { uids, gids } => {
                let is_like = |inherited: &Inherited| matches!(inherited, Inherited::IdMaps { uids: known, gids: groups, .. } if known == uids && groups == gids);
                match self.find_inherited(is_like) {
                    Some(slot) => slot,
                    None => {
                        let inherited = Inherited::IdMaps {
                            uids: uids.clone(),
                            gids: gids.clone(),
                            origin: mount.path(),
                        };
                        self.inherit(inherited, Origin::Element("mounts", mount.index))
                    }
                }
            }
        };
        Mapping {
            namespace,
            recursive: maps.recursive,
        }
    }

    /// The file of the user namespace that is joined.
    fn joined_user_namespace(&mut self, joined: &str) -> Slot {
        let is_it = |inherited: &Inherited| matches!(inherited, Inherited::Namespace { kind, .. } if *kind == namespace::NEWUSER);
        self.find_inherited(is_it).unwrap_or_else(|| {
            let inherited = Inherited::Namespace {
                path: joined.to_owned(),
                kind: namespace::NEWUSER,
                origin: JsonPath::from("linux.namespaces"),
                set_by: None,
            };
            self.inherit(inherited, Origin::Member("linux.namespaces"))
        })
    }

    /// Whether a source is in what an earlier mount puts into the rootfs.
    pub(super) fn is_made_by_an_earlier_mount(&self, index: usize, source: &str) -> bool {
        let Ok(inside) = Path::new(source).strip_prefix(self.bundle.rootfs()) else {
            return false;
        };
        let mut earlier = self.bundle.mounts().iter().take(index);
        earlier.any(|mount| inside.starts_with(OsStr::from_bytes(mount.target.as_bytes())))
    }

    /// In a user namespace init may not map what was mounted outside of it, so that is done by the runtime: the slot
    /// of the tree.
    pub(super) fn tree_mapped_by_the_runtime(&mut self, mount: &Mount, bind: &Bind, mapping: Mapping) -> Option<Slot> {
        self.config.linux.namespace(NamespaceType::User)?;
        if self.is_made_by_an_earlier_mount(mount.index, &bind.source) {
            let text = "an earlier mount makes it, in the user namespace, where the runtime cannot map its ids";
            self.problems.error(mount.path().member("source"), text);
            return None;
        }
        let tree = Inherited::MappedTree {
            source: bind.source.clone(),
            recursive: bind.recursive,
            propagation: self.propagation_of_trees(),
            maps: mapping.namespace,
            map_recursive: mapping.recursive,
            origin: mount.path(),
        };
        Some(self.inherit(tree, Origin::Element("mounts", mount.index)))
    }
}
