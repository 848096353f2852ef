//! Sources of bind mounts that are opened before init becomes another user: root of a user namespace may have no way
//! to what the runtime has.

use crate::bundle::Mount;
use crate::plan::acts::{Origin, Place, StringList, c_string};
use crate::plan::compile::Compiler;
use crate::plan::deeds::OpenSource;
use crate::plan::rootfs::ROOTFS;
use orlop_init::step::rootfs::{OpenSources, TakeSource};

impl Compiler<'_> {
    /// The rootfs is the first of them.
    pub(crate) fn open_sources(&mut self) {
        let mut paths = StringList::default();
        paths.push(&self.bundle.rootfs().to_string_lossy());
        let mut early = Vec::new();
        let bundle = self.bundle;
        for mount in bundle.mounts() {
            if let Some(source) = self.early_source(mount) {
                paths.push(source);
                early.push((mount.index, source));
            }
        }
        let paths = paths.as_strings();
        let step = OpenSources {
            paths,
            rootfs: Some(ROOTFS),
        };
        self.step(&step, Origin::Default);
        for (number, (index, source)) in (1..).zip(&early) {
            self.take_source(number, *index, source);
        }
        self.early_sources = Some(early.into_iter().map(|(index, _)| index).collect());
    }

    /// What only the runtime gets to is opened by the runtime, in init's mount namespace: nothing else could be bound
    /// there, and what the host has set for the source stays locked.
    pub(in crate::plan) fn take_source(&mut self, number: u32, index: usize, source: &str) {
        if !self.host.hidden_sources.contains(index) {
            return;
        }
        let turn = self.acts.next_turn();
        let path = &c_string(source);
        let origin = || Origin::Element("mounts", index);
        self.step(&TakeSource { turn, number, path }, origin());
        let open = OpenSource {
            path: source.to_owned(),
        };
        self.deed(Place::Turn(turn), open, origin());
    }

    /// The source of a mount, if it is one of the host's that can be opened as it is.
    fn early_source<'m>(&self, mount: &'m Mount) -> Option<&'m str> {
        let bind = mount.as_bind()?;
        let is_special = bind.id_maps.is_some() || bind.links.keep_source || bind.links.copy;
        (!is_special && !self.is_made_by_an_earlier_mount(mount.index, &bind.source)).then_some(&bind.source)
    }

    /// The number by which the source of `mounts[index]` was opened, if it was.
    pub(super) fn early_source_of(&self, index: usize) -> Option<u32> {
        let place = self.early_sources.as_ref()?.iter().position(|early| *early == index)?;
        u32::try_from(place + 1).ok()
    }
}
