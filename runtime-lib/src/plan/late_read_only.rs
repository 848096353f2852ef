//! A tmpfs that is to be read-only becomes so when all is in it that is mounted and made below it, as with runc.

use super::attribute_changes::Changes;
use super::compile::Compiler;
use super::mount_options::{Effect, attribute, effect};
use super::mounts::Options;
use super::option_pieces::pieces;
use super::steps::{Origin, below_root};
use crate::bundle::Mount;
use orlop_init::wire::Step;
use std::ffi::{CStr, CString};

/// The mounts that wait for it.
#[derive(Debug, Default)]
pub(crate) struct LateReadOnly {
    waiting: Vec<Waiting>,
    /// How many were ever kept hold of.
    kept: u32,
    /// The last of them: its place in the config, and its number.
    last_kept: Option<(usize, u32)>,
}

#[derive(Debug)]
struct Waiting {
    /// The number by which init keeps hold of it.
    number: u32,
    /// The mount's place in the config.
    mount: usize,
    /// The place in the config of who asked for it: the mount, or a remount.
    asked_by: usize,
    target: CString,
}

impl Compiler<'_> {
    /// The next step's mount, `mounts[mount]`, is made read-only in the end.
    pub(crate) fn make_next_read_only_later(&mut self, mount: usize, asked_by: usize, target: &CStr) {
        let number = self.keep_next(asked_by);
        self.late.waiting.push(Waiting {
            number,
            mount,
            asked_by,
            target: target.to_owned(),
        });
    }

    /// Init keeps hold of the next step's mount, `mounts[index]`, under this number.
    pub(crate) fn keep_next(&mut self, index: usize) -> u32 {
        if let Some((kept_for, number)) = self.late.last_kept
            && kept_for == index
        {
            return number;
        }
        let number = self.late.kept;
        self.late.kept += 1;
        self.late.last_kept = Some((index, number));
        let of = u32::try_from(self.config.mounts.len()).unwrap_or(u32::MAX);
        let step = Step::KeepNextMount { number, of };
        self.steps.push(step, Origin::Element("mounts", index));
        number
    }

    /// What a remount says of an earlier mount's being read-only counts from there on. Gives what is left to do at once.
    pub(crate) fn read_only_by_remount(&mut self, index: usize, target: &CStr, options: &Options) -> Changes {
        let mut changes = options.one.after(options.all);
        let named = options.one.set | options.one.clear | options.cleared_by_the_way();
        let Some((mount, is_tmpfs)) = self.mounted_at(index, target) else {
            return changes;
        };
        if named & attribute::RDONLY == 0 {
            return changes;
        }
        self.late.waiting.retain(|waiting| waiting.mount != mount);
        if changes.set & attribute::RDONLY != 0 && is_tmpfs && !target.is_empty() {
            changes.set &= !attribute::RDONLY;
            self.make_next_read_only_later(mount, index, target);
        }
        changes
    }

    /// The mount that is uppermost at `target` when it is the turn of `mounts[before]`, and whether it is a tmpfs.
    fn mounted_at(&self, before: usize, target: &CStr) -> Option<(usize, bool)> {
        let earlier = self.config.mounts.iter().enumerate().take(before).rev();
        let at_target = |mount: &Mount| *below_root(&mount.destination) == *target;
        let mut found =
            earlier.filter(|(_, mount)| at_target(mount) && !has(mount, |effect| effect == Effect::Remount));
        found.next().map(|(place, mount)| (place, is_tmpfs(mount)))
    }

    /// Makes the filesystems read-only that were to be so from the start.
    pub(crate) fn make_mounts_read_only(&mut self) {
        for waiting in std::mem::take(&mut self.late.waiting) {
            let step = Step::ReadonlyKept {
                number: waiting.number,
                target: &waiting.target,
            };
            self.steps.push(step, Origin::Element("mounts", waiting.asked_by));
        }
    }
}

fn is_tmpfs(mount: &Mount) -> bool {
    mount.fs_type.as_deref() == Some("tmpfs") && !has(mount, |effect| matches!(effect, Effect::Bind(_)))
}

fn has(mount: &Mount, wanted: fn(Effect) -> bool) -> bool {
    let mut pieces = mount.options.iter().flat_map(|option| pieces(option));
    pieces.any(|option| effect(&option).is_some_and(wanted))
}
