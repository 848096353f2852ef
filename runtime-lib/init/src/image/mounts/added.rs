//! Mounts that are added to a container that exists: all of them, or none.

use crate::Init;
use crate::failure::{Failure, In, Outcome};
use crate::linux::namespace;
use crate::step::Act;
use crate::step::mounts::{CopyMounts, TakeTree, may_lie_in_proc};
use crate::step::rootfs::HoldContainer;
use crate::sys::{self, Fd};
use crate::wire::Part;
use core::ffi::CStr;

/// What is to be taken off a container again when a step fails.
pub(crate) struct Added {
    /// This is a container that exists.
    takes_back: bool,
    /// The ids of mounts whose changes show outside of the container, each a `u64`.
    shared: &'static [u8],
    /// The turn with which the parent gets hold of the next mount.
    turn: u32,
    /// A mount that has its place, and is not held yet.
    last: Fd,
}

impl Added {
    pub(crate) const NOTHING: Self = Self {
        takes_back: false,
        shared: &[],
        turn: 0,
        last: Fd::NONE,
    };

    /// A mount has its place.
    pub(super) fn begin(&mut self, tree: Fd) {
        if self.takes_back {
            self.last = tree;
        }
    }

    /// It is held.
    pub(super) fn end(&mut self) {
        self.last = Fd::NONE;
    }
}

impl Act<Init> for HoldContainer<'static> {
    fn act(&self, init: &mut Init) -> Outcome {
        let root = sys::open(Fd::CWD, c"/", sys::O_PATH | sys::O_DIRECTORY, 0).of(Part::Target)?;
        init.set_root(root)?;
        init.added = Added {
            takes_back: true,
            shared: self.shared,
            turn: self.turn,
            last: Fd::NONE,
        };
        Ok(())
    }
}

impl Act<Init> for CopyMounts {
    fn act(&self, init: &mut Init) -> Outcome {
        sys::unshare(namespace::NEWNS)?;
        init.sources = sys::room_for(self.trees as usize)?;
        init.sources.fill(usize::MAX);
        Ok(())
    }
}

impl Act<Init> for TakeTree<'_> {
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let flags = sys::OPEN_TREE_CLONE
            | if self.recursive { sys::AT_RECURSIVE } else { 0 }
            | if self.keeps_link { sys::AT_SYMLINK_NOFOLLOW } else { 0 };
        let opened = init.source(self.number);
        let tree = match opened {
            Some(opened) => sys::open_tree(opened, c"", flags | sys::AT_EMPTY_PATH),
            None => sys::open_tree(Fd::CWD, self.path, flags),
        };
        let tree = tree.of(Part::Source)?;
        if let Some(opened) = opened {
            sys::close(opened);
        }
        let place = init
            .sources
            .get_mut(self.number as usize)
            .ok_or(Failure::from(Part::Plan))?;
        *place = usize::try_from(tree.0).map_err(|_| Failure::from(Part::Plan))?;
        Ok(())
    }
}

impl Init {
    /// Takes off what was added, the last first. What fails stays: the failure that is told is the first one.
    pub(crate) fn take_back(&mut self) {
        if !self.added.takes_back {
            return;
        }
        let last = core::mem::replace(&mut self.added.last, Fd::NONE);
        if last != Fd::NONE {
            let _ = self.unmount(last);
        }
        for number in (0..self.held.len()).rev() {
            let mounted = self.held.get(number).and_then(|held| i32::try_from(*held).ok());
            // Zero is no mount: the standard input is taken.
            if let Some(mounted) = mounted.filter(|mounted| *mounted > 0) {
                let _ = self.unmount(Fd(mounted));
            }
        }
    }

    /// Lets the parent write down which mount it is that gets a place in a container that exists, so that the very same
    /// one can be taken off again.
    pub(super) fn show_before_it_has_its_place(&mut self, tree: Fd) -> Outcome {
        if !self.added.takes_back {
            return Ok(());
        }
        let turn = self.added.turn;
        self.added.turn += 1;
        // A descriptor that keeps nothing mounted.
        self.offer.file = sys::open_tree(tree, c"", sys::AT_EMPTY_PATH).of(Part::Attach)?;
        self.announce(turn)?;
        self.await_go(turn)
    }

    /// Takes a mount off its place, by a descriptor of its root, and with it all that is mounted below.
    pub(super) fn unmount(&mut self, mounted: Fd) -> Outcome {
        self.by_name(mounted, &mut |name| sys::unmount(name, sys::MNT_DETACH))
    }

    /// Refuses a place in the container's /proc that a link has led to. Parts of it are mounts of their own by now, so
    /// that the kernel is asked for the way.
    #[inline(never)]
    pub(super) fn refuse_behind_links_in_proc(&mut self, place: Fd, target: &CStr) -> Outcome {
        if !self.added.takes_back || may_lie_in_proc(target) {
            return Ok(());
        }
        let mut is_in_proc = false;
        self.by_name(place, &mut |name| {
            let mut bytes = [0; 4096];
            let way = sys::read_link(Fd::CWD, name, &mut bytes)?;
            is_in_proc = way == b"/proc" || way.starts_with(b"/proc/");
            Ok(())
        })?;
        if is_in_proc {
            return Err(Failure::from(Part::InProc));
        }
        Ok(())
    }

    /// Refuses a place on a mount that shows outside of the container what is mounted on it.
    pub(super) fn refuse_shared(&self, place: &sys::Status) -> Outcome {
        let mut shared = self.added.shared.as_chunks::<8>().0.iter();
        if shared.any(|id| u64::from_ne_bytes(*id) == place.mount) {
            return Err(Failure::from(Part::Shared));
        }
        Ok(())
    }
}
