//! Sources of bind mounts that are opened before init becomes another user: root of a user namespace may have no way to what the runtime has.

use super::compile::Compiler;
use super::mount_options::{Effect, Link, effect};
use super::steps::{Origin, StringList};
use crate::bundle::Mount;
use orlop_init::wire::Step;

/// The place of the rootfs among the sources.
const ROOTFS: u32 = 0;

impl Compiler<'_> {
    pub(crate) fn open_sources(&mut self) {
        let mut paths = StringList::default();
        paths.push(&self.bundle.rootfs().to_string_lossy());
        for (index, mount) in self.config.mounts.iter().enumerate() {
            if let Some(source) = self.early_source(index, mount) {
                paths.push(&source);
                self.early_sources.push(index);
            }
        }
        let step = Step::OpenSources {
            paths: paths.as_strings(),
        };
        self.steps.push(step, Origin::Default);
        self.has_early_sources = true;
    }

    /// The source of a mount, if it is one of the host's that can be opened as it is.
    fn early_source(&self, index: usize, mount: &Mount) -> Option<String> {
        let source = mount.source.as_deref()?;
        let effects = || mount.options.iter().filter_map(|option| effect(option));
        let is_bind = matches!(mount.fs_type.as_deref(), Some("bind" | "rbind"))
            || effects().any(|effect| matches!(effect, Effect::Bind(_)));
        let is_special = effects().any(|effect| {
            matches!(
                effect,
                Effect::Remount | Effect::MapIds(_) | Effect::Link(Link::KeepSource | Link::Copy)
            )
        });
        let is_mapped = !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty();
        if !is_bind || is_special || is_mapped {
            return None;
        }
        let source = self.bundle.dir().join(source).to_string_lossy().into_owned();
        (!self.is_made_by_an_earlier_mount(index, &source)).then_some(source)
    }

    /// Says that the root is where it was opened.
    pub(crate) fn take_rootfs(&mut self) {
        if self.has_early_sources {
            self.steps
                .push(Step::TakeSource { index: ROOTFS }, Origin::Member("root.path"));
        }
    }

    /// Says that the source of a mount is where it was opened, if it was.
    pub(crate) fn take_source(&mut self, index: usize) {
        let place = self.early_sources.iter().position(|early| *early == index);
        if let Some(place) = place.and_then(|place| u32::try_from(place + 1).ok()) {
            self.steps
                .push(Step::TakeSource { index: place }, Origin::Element("mounts", index));
        }
    }
}
