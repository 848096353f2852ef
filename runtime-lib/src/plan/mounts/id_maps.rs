//! Id-mapped mounts: who maps the ids, and by which user namespace.

use crate::JsonPath;
use crate::bundle::{Bind, IdMaps, MapsOf, Mount, NamespaceType, Quoted};
use crate::plan::acts::Origin;
use crate::plan::compile::Compiler;
use crate::plan::inherited::Inherited;
use orlop_init::linux::namespace;
use orlop_init::step::mounts::Mapping;
use orlop_init::wire::Slot;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

impl<'a> Compiler<'a> {
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
        let source = match self.maker_of(mount.index, &bind.source) {
            None => bind.source.clone(),
            Some((maker, below)) => self.source_on_the_host(mount, bind, maker, below)?,
        };
        let tree = Inherited::MappedTree {
            source,
            recursive: bind.recursive,
            propagation: self.propagation_of_trees(),
            maps: mapping.namespace,
            map_recursive: mapping.recursive,
            origin: mount.path(),
        };
        Some(self.inherit(tree, Origin::Element("mounts", mount.index)))
    }

    /// What the host has where an earlier mount puts something.
    fn source_on_the_host(&mut self, mount: &Mount, asked: &Bind, maker: &Mount, below: &Path) -> Option<String> {
        let Some(bind) = maker.as_bind() else {
            // A namespace with the maps is the runtime's to use, and a filesystem of the user namespace's is not there
            // before init is: as runc and crun do.
            let text = format!(
                "mounts[{}] mounts a filesystem of the user namespace's there, whose ids nobody can map from outside: \
                 what the host has under it is bound instead",
                maker.index
            );
            self.problems.warning(mount.path().member("source"), text);
            return Some(asked.source.clone());
        };
        let is_plain = bind.id_maps.is_none() && !bind.links.copy && !maker.is_read_only();
        let mut parts = below.components();
        if !is_plain
            || parts.any(|part| matches!(part, Component::ParentDir))
            || self.maker_of(maker.index, &bind.source).is_some()
        {
            let text = format!(
                "mounts[{}] binds it from outside of the user namespace, in which nobody can map its ids: give that \
                 mount's own source, {}",
                maker.index,
                Quoted(&bind.source)
            );
            self.problems.error(mount.path().member("source"), text);
            return None;
        }
        Some(Path::new(&bind.source).join(below).to_string_lossy().into_owned())
    }

    /// The last of the earlier mounts that puts something where this source is, and the way from there.
    fn maker_of<'s>(&self, index: usize, source: &'s str) -> Option<(&'a Mount, &'s Path)> {
        let inside = Path::new(source).strip_prefix(self.bundle.rootfs()).ok()?;
        let earlier = self.bundle.mounts().iter().take(index).rev();
        let mut makers = earlier.filter(|mount| !mount.is_remount()).filter_map(|mount| {
            let below = inside.strip_prefix(OsStr::from_bytes(mount.target.as_bytes())).ok()?;
            Some((mount, below))
        });
        makers.next()
    }
}
