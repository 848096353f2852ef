//! The words of `mounts[].options`: which are flags of ours to know, and what each does (runtime-spec: config.md#mounts, `man 8 mount`).

/// `MOUNT_ATTR_*` (`man 2 mount_setattr`).
pub(crate) mod attribute {
    pub(crate) const RDONLY: u64 = 0x0000_0001;
    pub(crate) const NOSUID: u64 = 0x0000_0002;
    pub(crate) const NODEV: u64 = 0x0000_0004;
    pub(crate) const NOEXEC: u64 = 0x0000_0008;
    /// The three values below exclude one another. All of it is cleared where one is set; one value is cleared where that is to end, and another to
    /// stay.
    pub(crate) const ATIME: u64 = 0x0000_0070;
    pub(crate) const RELATIME: u64 = 0x0000_0000;
    pub(crate) const NOATIME: u64 = 0x0000_0010;
    pub(crate) const STRICTATIME: u64 = 0x0000_0020;
    pub(crate) const NODIRATIME: u64 = 0x0000_0080;
    pub(crate) const NOSYMFOLLOW: u64 = 0x0020_0000;

    /// What a list of options for a bind mount clears unless it names it.
    pub(crate) const CLEARED_UNLESS_NAMED: u64 = RDONLY | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW;
}

/// The `MS_*` flags of the old call for attributes of a mount (`man 2 mount`).
pub(crate) fn old_flags(attributes: u64) -> u64 {
    let pairs = [
        (attribute::RDONLY, 1),
        (attribute::NOSUID, 2),
        (attribute::NODEV, 4),
        (attribute::NOEXEC, 8),
        (attribute::NODIRATIME, 1 << 11),
        (attribute::NOSYMFOLLOW, 1 << 8),
    ];
    let flags = pairs
        .iter()
        .filter(|(attribute, _)| attributes & attribute != 0)
        .fold(0, |flags, (_, flag)| flags | flag);
    flags
        | match attributes & attribute::ATIME {
            attribute::NOATIME => 1 << 10,
            attribute::STRICTATIME => 1 << 24,
            _ => 1 << 21,
        }
}

/// `MS_*` of filesystems' flags, by the names that `fsconfig` has for them.
pub(crate) fn old_filesystem_flag(name: &str) -> u64 {
    match name {
        "sync" => 1 << 4,
        "mand" => 1 << 6,
        "dirsync" => 1 << 7,
        "lazytime" => 1 << 25,
        _ => 0,
    }
}

/// `MS_I_VERSION`.
pub(crate) const COUNT_VERSIONS: u64 = 1 << 23;

/// `MS_*` of propagation (`man 2 mount`).
pub(crate) mod propagation {
    pub(crate) const REC: u64 = 1 << 14;
    pub(crate) const UNBINDABLE: u64 = 1 << 17;
    pub(crate) const PRIVATE: u64 = 1 << 18;
    pub(crate) const SLAVE: u64 = 1 << 19;
    pub(crate) const SHARED: u64 = 1 << 20;
}

/// What an option does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It names what is the case anyway. `silent` does, too: what a filesystem says goes to its context, and into our error, not to the kernel's log.
    Nothing,
    /// Attributes of the mount, to clear and then to set.
    Attributes { clear: u64, set: u64 },
    /// The same, on every mount of the tree.
    AllAttributes { clear: u64, set: u64 },
    /// How mounts propagate.
    Propagation(u64),
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
pub(crate) enum Link {
    /// A source that is a link is bound as such.
    KeepSource,
    /// What a target that is a link points to is left alone.
    KeepTarget,
    /// A link like the source is made.
    Copy,
}

use Effect::{AllAttributes, Attributes, Bind, CopyUp, Filesystem, MapIds, Nothing, Propagation, Remount, Version};
use attribute::{ATIME, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, RDONLY, RELATIME, STRICTATIME};
use propagation::{PRIVATE, REC, SHARED, SLAVE, UNBINDABLE};

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
pub(crate) const OPTIONS: &[(&str, Effect)] = &[
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
    ("private", Propagation(PRIVATE)),
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
    ("rprivate", Propagation(REC | PRIVATE)),
    ("rrelatime", atime_all(RELATIME)),
    ("rro", set_all(RDONLY)),
    ("rrw", clear_all(RDONLY)),
    ("rshared", Propagation(REC | SHARED)),
    ("rslave", Propagation(REC | SLAVE)),
    ("rstrictatime", atime_all(STRICTATIME)),
    ("rsuid", clear_all(NOSUID)),
    ("rsymfollow", clear_all(NOSYMFOLLOW)),
    ("runbindable", Propagation(REC | UNBINDABLE)),
    ("rw", clear(RDONLY)),
    ("shared", Propagation(SHARED)),
    ("silent", Nothing),
    ("slave", Propagation(SLAVE)),
    ("src-nofollow", Effect::Link(Link::KeepSource)),
    ("strictatime", atime(STRICTATIME)),
    ("suid", clear(NOSUID)),
    ("symfollow", clear(NOSYMFOLLOW)),
    ("sync", Filesystem("sync")),
    ("tmpcopyup", CopyUp),
    ("unbindable", Propagation(UNBINDABLE)),
];

/// What the option `word` does; `None` where that is the filesystem's to say.
pub(crate) fn effect(word: &str) -> Option<Effect> {
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
