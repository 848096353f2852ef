//! Mounts that init keeps hold of by number, because something is to be done to them when something else may be on
//! their place. A tmpfs that is to be read-only becomes so when all is in it that is mounted and made below it, as
//! with runc.

use crate::bundle::{Changes, Mount, Superblock, attribute};
use crate::plan::acts::Origin;
use crate::plan::compile::Compiler;
use orlop_init::step::mounts::ReadonlyHeld;
use std::ffi::{CStr, CString};

/// The mounts that are held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Those that are made read-only in the end.
    waiting: Vec<Waiting>,
    /// Those whose superblock is changed later: the mount's place in the config, and its number.
    changed_later: Vec<(usize, u32)>,
    count: u32,
    /// The last of them: the place in the config of the step that holds it, and its number.
    last: Option<(usize, u32)>,
}

#[derive(Debug)]
struct Waiting {
    /// The number by which init holds it.
    number: u32,
    /// The mount's place in the config.
    mount: usize,
    /// The place in the config of who asked for it: the mount, or a remount.
    asked_by: usize,
    target: CString,
}

impl Held {
    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The number by which init holds what `mounts[index]` mounts or changes.
    pub(crate) fn number_for(&mut self, index: usize) -> u32 {
        if let Some((held_for, number)) = self.last
            && held_for == index
        {
            return number;
        }
        let number = self.count;
        self.count += 1;
        self.last = Some((index, number));
        number
    }
}

impl<'a> Compiler<'a> {
    /// The number by which init holds `mounts[mount]`, which is made read-only in the end.
    pub(super) fn hold_for_read_only(&mut self, mount: usize, asked_by: usize, target: &CStr) -> u32 {
        let number = self.held.number_for(asked_by);
        self.held.waiting.push(Waiting {
            number,
            mount,
            asked_by,
            target: target.to_owned(),
        });
        number
    }

    /// What a remount says of an earlier mount's being read-only counts from there on. Gives what is left to do at
    /// once, and the number by which the mount is held for what is done in the end.
    pub(super) fn read_only_by_remount(&mut self, remount: &Mount) -> (Changes, Option<u32>) {
        let mut changes = remount.changes_after_the_tree();
        let named = remount.changes.set | remount.changes.clear | remount.cleared_by_the_way;
        let Some(changed) = self.changed_by(remount) else {
            return (changes, None);
        };
        if named & attribute::RDONLY == 0 {
            return (changes, None);
        }
        self.held.waiting.retain(|waiting| waiting.mount != changed.index);
        let is_tmpfs = changed.filesystem_type() == Some("tmpfs");
        if changes.set & attribute::RDONLY == 0 || !is_tmpfs || remount.is_on_the_root() {
            return (changes, None);
        }
        changes.set &= !attribute::RDONLY;
        let number = self.hold_for_read_only(changed.index, remount.index, &remount.target);
        (changes, Some(number))
    }

    /// The number by which init holds a new filesystem whose parameters are changed later: so init knows that it is
    /// this one that it changes.
    pub(super) fn hold_for_changes(&mut self, made: &Mount) -> Option<u32> {
        let mut later = self.bundle.mounts().iter().skip(made.index + 1);
        if !later.any(|mount| mount.target == made.target && mount.is_remount()) {
            return None;
        }
        let number = self.held.number_for(made.index);
        self.held.changed_later.push((made.index, number));
        Some(number)
    }

    /// The number by which init holds the filesystem that a remount changes, if it is one that this container has
    /// mounted, and nobody else has.
    pub(super) fn changed_by_parameters(&self, remount: &Mount) -> Option<u32> {
        let made = self.changed_by(remount)?;
        let is_new = made
            .new_filesystem_type()
            .is_some_and(|kind| Superblock::of(kind) == Superblock::New);
        let mut held = self.held.changed_later.iter();
        held.find(|(index, _)| is_new && *index == made.index)
            .map(|(_, number)| *number)
    }

    /// The mount that is uppermost at a remount's target when it is the remount's turn.
    fn changed_by(&self, remount: &Mount) -> Option<&'a Mount> {
        let mut earlier = self.bundle.mounts().iter().take(remount.index).rev();
        earlier.find(|mount| mount.target == remount.target && !mount.is_remount())
    }

    /// Makes the filesystems read-only that were to be so from the start.
    pub(crate) fn make_held_mounts_read_only(&mut self) {
        for waiting in std::mem::take(&mut self.held.waiting) {
            let step = ReadonlyHeld {
                number: waiting.number,
                target: &waiting.target,
            };
            self.step(&step, Origin::Element("mounts", waiting.asked_by));
        }
    }
}
