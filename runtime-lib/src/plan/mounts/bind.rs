//! Files and trees of the host's.

use super::propagation::PropagationList;
use crate::bundle::{Bind, Mount};
use crate::plan::acts::{Origin, c_string};
use crate::plan::added_mounts::AddedSource;
use crate::plan::compile::Compiler;
use orlop_init::step::mounts::{self as steps, Links, Source};

impl Compiler<'_> {
    pub(super) fn bind(&mut self, mount: &Mount, bind: &Bind) {
        let on_host = c_string(&bind.source);
        let added = self.added_source(mount, bind);
        let mut mapping = bind.id_maps.as_ref().map(|maps| self.mapping(mount, maps));
        let mapped_tree = mapping.and_then(|mapping| self.tree_mapped_by_the_runtime(mount, bind, mapping));
        let source = match mapped_tree {
            Some(tree) => {
                mapping = None;
                Source::Tree(tree, &on_host)
            }
            None => match (added, self.early_source_of(mount.index)) {
                (Some(AddedSource::Opened(tree)), _) => Source::Tree(tree, &on_host),
                (Some(AddedSource::Taken(number)), _) => Source::Taken(number, &on_host),
                (None, Some(number)) => Source::Opened(number, &on_host),
                (None, None) => Source::Path(&on_host),
            },
        };
        let propagation = PropagationList::from(&*mount.propagation);
        let changes = super::changes(mount, mount.changes_after_the_tree());
        let step = steps::Bind {
            source,
            target: &mount.target,
            recursive: bind.recursive,
            links: Links {
                source: bind.links.keep_source,
                target: bind.links.keep_target,
                copy: bind.links.copy,
            },
            changes: self.without_locked(mount, changes),
            mapping,
            hold: self.hold_for_propagation(mount.index, &mount.target, &propagation),
            propagation: propagation.as_propagations(),
        };
        let origin = Origin::Mount {
            index: mount.index,
            options: Vec::new(),
            attributes: self.options_of_attributes(mount),
        };
        self.step(&step, origin);
    }
}
