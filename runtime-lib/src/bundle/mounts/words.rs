//! The words of `mounts[].options`: which are flags of ours to know, and what each does (runtime-spec:
//! config.md#mounts, `man 8 mount`).

use super::attribute::{ATIME, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, RDONLY, RELATIME, STRICTATIME};
use crate::bundle::Propagation;

/// What an option does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It names what is the case anyway. `silent` does, too: what a filesystem says goes to its context, and into our
    /// error, not to the kernel's log.
    Nothing,
    /// Attributes of the mount, to clear and then to set.
    Attributes { clear: u64, set: u64 },
    /// The same, on every mount of the tree.
    AllAttributes { clear: u64, set: u64 },
    /// How mounts propagate.
    Propagation(Propagation),
    /// A bind mount; with the mounts below it if `true`.
    Bind(bool),
    /// A flag of the filesystem itself, by the name that `fsconfig` knows. A bind mount cannot change it.
    Filesystem(&'static str),
    /// Whether the filesystem counts the versions of its inodes: a flag that only the old call has.
    Version(bool),
    /// What is below the mount point is copied into the filesystem.
    CopyUp,
    /// The ids of the mount are mapped; those of the mounts below too if `true`.
    MapIds(bool),
    /// What an earlier mount put there is changed.
    Remount,
    /// How a bind mount takes links.
    Link(Link),
}

/// How a bind mount takes links (crun's words).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A source that is a link is bound as such.
    KeepSource,
    /// What a target that is a link points to is left alone.
    KeepTarget,
    /// A link like the source is made.
    Copy,
}

use Effect::{AllAttributes, Attributes, Bind, CopyUp, Filesystem, MapIds, Nothing, Remount, Version};

const fn spreads(propagation: Propagation) -> Effect {
    Effect::Propagation(propagation)
}

const fn set(attributes: u64) -> Effect {
    Attributes {
        clear: 0,
        set: attributes,
    }
}

const fn clear(attributes: u64) -> Effect {
    Attributes {
        clear: attributes,
        set: 0,
    }
}

const fn atime(value: u64) -> Effect {
    Attributes {
        clear: ATIME,
        set: value,
    }
}

const fn set_all(attributes: u64) -> Effect {
    AllAttributes {
        clear: 0,
        set: attributes,
    }
}

const fn clear_all(attributes: u64) -> Effect {
    AllAttributes {
        clear: attributes,
        set: 0,
    }
}

const fn atime_all(value: u64) -> Effect {
    AllAttributes {
        clear: ATIME,
        set: value,
    }
}

/// All options that are not the filesystem's own, by name.
const OPTIONS: &[(&str, Effect)] = &[
    ("acl", Nothing),
    ("async", Filesystem("async")),
    ("atime", clear(NOATIME)),
    ("bind", Bind(false)),
    ("copy-symlink", Effect::Link(Link::Copy)),
    ("defaults", Nothing),
    ("dest-nofollow", Effect::Link(Link::KeepTarget)),
    ("dev", clear(NODEV)),
    ("diratime", clear(NODIRATIME)),
    ("dirsync", Filesystem("dirsync")),
    ("exec", clear(NOEXEC)),
    ("idmap", MapIds(false)),
    ("iversion", Version(true)),
    ("lazytime", Filesystem("lazytime")),
    ("loud", Nothing),
    ("mand", Filesystem("mand")),
    ("noatime", atime(NOATIME)),
    ("nodev", set(NODEV)),
    ("nodiratime", set(NODIRATIME)),
    ("noexec", set(NOEXEC)),
    ("noiversion", Version(false)),
    ("nolazytime", Filesystem("nolazytime")),
    ("nomand", Filesystem("nomand")),
    ("norelatime", Nothing),
    ("nostrictatime", clear(STRICTATIME)),
    ("nosuid", set(NOSUID)),
    ("nosymfollow", set(NOSYMFOLLOW)),
    ("private", spreads(Propagation::Private)),
    ("ratime", clear_all(NOATIME)),
    ("rbind", Bind(true)),
    ("rdev", clear_all(NODEV)),
    ("rdiratime", clear_all(NODIRATIME)),
    ("relatime", atime(RELATIME)),
    ("remount", Remount),
    ("rexec", clear_all(NOEXEC)),
    ("ridmap", MapIds(true)),
    ("rnoatime", atime_all(NOATIME)),
    ("rnodev", set_all(NODEV)),
    ("rnodiratime", set_all(NODIRATIME)),
    ("rnoexec", set_all(NOEXEC)),
    ("rnorelatime", Nothing),
    ("rnostrictatime", clear_all(STRICTATIME)),
    ("rnosuid", set_all(NOSUID)),
    ("rnosymfollow", set_all(NOSYMFOLLOW)),
    ("ro", set(RDONLY)),
    ("rprivate", spreads(Propagation::Rprivate)),
    ("rrelatime", atime_all(RELATIME)),
    ("rro", set_all(RDONLY)),
    ("rrw", clear_all(RDONLY)),
    ("rshared", spreads(Propagation::Rshared)),
    ("rslave", spreads(Propagation::Rslave)),
    ("rstrictatime", atime_all(STRICTATIME)),
    ("rsuid", clear_all(NOSUID)),
    ("rsymfollow", clear_all(NOSYMFOLLOW)),
    ("runbindable", spreads(Propagation::Runbindable)),
    ("rw", clear(RDONLY)),
    ("shared", spreads(Propagation::Shared)),
    ("silent", Nothing),
    ("slave", spreads(Propagation::Slave)),
    ("src-nofollow", Effect::Link(Link::KeepSource)),
    ("strictatime", atime(STRICTATIME)),
    ("suid", clear(NOSUID)),
    ("symfollow", clear(NOSYMFOLLOW)),
    ("sync", Filesystem("sync")),
    ("tmpcopyup", CopyUp),
    ("unbindable", spreads(Propagation::Unbindable)),
];

/// The names of all options that are not the filesystem's own.
pub(crate) fn option_names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, _)| *name)
}

/// What the option `word` does; `None` where that is the filesystem's to say.
pub(super) fn effect(word: &str) -> Option<Effect> {
    OPTIONS
        .binary_search_by(|(name, _)| (*name).cmp(word))
        .ok()
        .map(|at| OPTIONS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_option_is_found() {
        for (name, effect_of_name) in OPTIONS {
            assert_eq!(effect(name), Some(*effect_of_name), "{name}");
        }
        assert_eq!(effect("size=64k"), None);
    }
}
