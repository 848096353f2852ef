//! Each word of the specification's table of mount options by itself (config.md#linux-mount-options); the recursive
//! ones have a room of their own.

use std::fs;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

/// Declares the tests of this room: the name, what is looked at, and who does not follow.
macro_rules! words {
    ($($name:ident = $look:expr $(, $known:expr)*;)+) => {
        pub(crate) const TESTS: &[Test] = &[$(test!($name $(, $known)*)),+];
        $(fn $name(t: &Trial<'_>) -> Verdict {
            $look(t)
        })+
    };
}

const TO_FILESYSTEM: Known = ("crun", "1.8", "gives it to the filesystem, which refuses it");
const RUNC_TO_FILESYSTEM: Known = ("runc", "1.1", "gives it to the filesystem, which refuses it");
const LATER_LOSES: Known = (
    "crun",
    "1.8",
    "sets what an earlier word asks for, though a later one takes it back",
);
const NO_PROPAGATION: Known = ("crun", "1.8", "drops the propagation of a bind");

words! {
    ro_holds = sets("ro", "ro");
    rw_takes_ro_back = takes_back("ro", "rw", "ro"), LATER_LOSES;
    nosuid_holds = sets("nosuid", "nosuid");
    suid_takes_nosuid_back = takes_back("nosuid", "suid", "nosuid"), LATER_LOSES;
    nodev_holds = sets("nodev", "nodev");
    dev_takes_nodev_back = takes_back("nodev", "dev", "nodev"), LATER_LOSES;
    noexec_holds = sets("noexec", "noexec");
    exec_takes_noexec_back = takes_back("noexec", "exec", "noexec"), LATER_LOSES;
    noatime_holds = sets("noatime", "noatime");
    atime_takes_noatime_back = takes_back("noatime", "atime", "noatime"), LATER_LOSES;
    nodiratime_holds = sets("nodiratime", "nodiratime");
    diratime_takes_nodiratime_back = takes_back("nodiratime", "diratime", "nodiratime"), LATER_LOSES;
    relatime_holds = relatime;
    norelatime_is_taken = taken(&["norelatime"]);
    strictatime_holds = strictatime;
    nostrictatime_takes_strictatime_back = nostrictatime, LATER_LOSES;
    nosymfollow_holds = sets("nosymfollow", "nosymfollow"), TO_FILESYSTEM;
    symfollow_takes_nosymfollow_back = takes_back("nosymfollow", "symfollow", "nosymfollow"), TO_FILESYSTEM;
    sync_holds = of_the_filesystem(&["sync"], "sync", true);
    async_takes_sync_back = of_the_filesystem(&["sync", "async"], "sync", false), LATER_LOSES;
    dirsync_holds = of_the_filesystem(&["dirsync"], "dirsync", true);
    lazytime_holds = of_the_filesystem(&["lazytime"], "lazytime", true);
    nolazytime_takes_lazytime_back = of_the_filesystem(&["lazytime", "nolazytime"], "lazytime", false);
    iversion_is_taken = taken(&["iversion"]), TO_FILESYSTEM;
    noiversion_is_taken = taken(&["noiversion"]), TO_FILESYSTEM;
    silent_is_taken = taken(&["silent"]), TO_FILESYSTEM;
    loud_is_taken = taken(&["loud"]), TO_FILESYSTEM;
    mand_and_nomand_are_taken = taken(&["mand", "nomand"]);
    defaults_is_taken = taken(&["defaults"]), RUNC_TO_FILESYSTEM;
    private_holds = propagates("private", None);
    rprivate_holds = propagates("rprivate", None);
    shared_holds = propagates("shared", Some("shared:")), NO_PROPAGATION;
    rshared_holds = propagates("rshared", Some("shared:")), NO_PROPAGATION;
    slave_holds = propagates("slave", Some("master:")), NO_PROPAGATION;
    rslave_holds = propagates("rslave", Some("master:")), NO_PROPAGATION;
    unbindable_holds = propagates("unbindable", Some("unbindable")), NO_PROPAGATION;
    runbindable_holds = propagates("runbindable", Some("unbindable")), NO_PROPAGATION;
    words_of_fstab_are_taken_on_a_bind = of_fstab_on_a_bind;
    words_of_fstab_are_taken_on_a_filesystem = of_fstab_on_a_filesystem, TO_FILESYSTEM, RUNC_TO_FILESYSTEM;
    word_that_is_no_option_reaches_the_filesystem = of_the_filesystem(&["nr_inodes=1234"], "nr_inodes=1234", true);
}

/// A new tmpfs with these options, as it is seen inside.
fn fresh(t: &Trial<'_>, options: &[&str]) -> Result<Value, Failure> {
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", options))?;
    mount_at(&report, "/data").cloned()
}

/// A bind of a tmpfs that has these flags on the host.
fn bound(t: &Trial<'_>, flags: MountFlags, options: &[&str]) -> Result<Value, Failure> {
    let folder = t.dir.join("source");
    fs::create_dir_all(&folder)?;
    mount("none", &folder, "tmpfs", flags, None)?;
    let report = t
        .bundle()
        .and_then(|bundle| t.see_one(&bundle.bind("/data", &folder, options)));
    unmount(&folder, UnmountFlags::DETACH)?;
    mount_at(&report?, "/data").cloned()
}

/// The word is shown for a new filesystem and for a bind.
fn sets(word: &'static str, shown: &'static str) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| {
        for mount in [fresh(t, &[word])?, bound(t, MountFlags::empty(), &["bind", word])?] {
            ensure(has(&mount["options"], shown), || format!("{word}: {mount}"))?;
        }
        Ok(())
    }
}

/// The later word wins over the earlier one.
fn takes_back(word: &'static str, back: &'static str, shown: &'static str) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| {
        for mount in [
            fresh(t, &[word, back])?,
            bound(t, MountFlags::empty(), &["bind", word, back])?,
        ] {
            ensure(!has(&mount["options"], shown), || format!("{word},{back}: {mount}"))?;
        }
        Ok(())
    }
}

/// What is no matter of the mount, but of the whole filesystem.
fn of_the_filesystem(
    words: &'static [&'static str],
    shown: &'static str,
    wanted: bool,
) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| {
        let mount = fresh(t, words)?;
        same(shown, &has(&mount["super"], shown), wanted)
    }
}

/// Nothing is seen of it, but it is no error either.
fn taken(words: &'static [&'static str]) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| words.iter().try_for_each(|word| fresh(t, &[word]).map(drop))
}

/// What mount(8) and others read in fstab, and the kernel does not know.
const OF_FSTAB: &[&str] = &[
    "nofail",
    "auto",
    "noauto",
    "user",
    "users",
    "owner",
    "group",
    "nouser",
    "_netdev",
    "loop",
    "comment=mine",
    "x-systemd.automount",
    "x-systemd.requires=other.service",
    "x-foo=bar",
    "X-mount.mkdir",
    "X-mount.mode=0700",
];

/// They set nothing: neither the flags that mount(8) implies, nor the mode of the mount point.
fn of_fstab_on_a_bind(t: &Trial<'_>) -> Verdict {
    let plain = bound(t, MountFlags::empty(), &["bind"])?["options"].clone();
    for words in OF_FSTAB.chunks(1).chain([OF_FSTAB]) {
        let options: Vec<&str> = ["bind"].iter().chain(words).copied().collect();
        let mount = bound(t, MountFlags::empty(), &options)?;
        same(&words.join(","), &mount["options"], plain.clone())?;
    }
    Ok(())
}

fn of_fstab_on_a_filesystem(t: &Trial<'_>) -> Verdict {
    let plain = fresh(t, &[])?["options"].clone();
    for words in OF_FSTAB.chunks(1).chain([OF_FSTAB]) {
        same(&words.join(","), &fresh(t, words)?["options"], plain.clone())?;
    }
    Ok(())
}

fn relatime(t: &Trial<'_>) -> Verdict {
    let mount = bound(t, MountFlags::STRICTATIME, &["bind", "relatime"])?;
    ensure(has(&mount["options"], "relatime"), || mount.to_string())
}

fn strictatime(t: &Trial<'_>) -> Verdict {
    let mount = fresh(t, &["strictatime"])?;
    ensure(
        !has(&mount["options"], "relatime") && !has(&mount["options"], "noatime"),
        || mount.to_string(),
    )
}

fn nostrictatime(t: &Trial<'_>) -> Verdict {
    let mount = fresh(t, &["strictatime", "nostrictatime"])?;
    ensure(has(&mount["options"], "relatime"), || mount.to_string())
}

/// The tag of a bind; for a recursive word, also that of the mount below it.
fn propagates(word: &'static str, tag: Option<&'static str>) -> impl Fn(&Trial<'_>) -> Verdict {
    move |t| {
        let folder = t.dir.join("source");
        let below = folder.join("below");
        fs::create_dir_all(&below)?;
        mount("none", &below, "tmpfs", MountFlags::empty(), None)?;
        let report = t.bundle().and_then(|bundle| {
            let options = ["rbind", word];
            t.see_one(&bundle.bind("/data", &folder, &options))
        });
        unmount(&below, UnmountFlags::DETACH)?;
        let report = report?;
        let points: &[&str] = if word.starts_with('r') {
            &["/data", "/data/below"]
        } else {
            &["/data"]
        };
        for point in points {
            let tags = &mount_at(&report, point)?["tags"];
            match tag {
                None => same(point, tags, json!([]))?,
                Some(tag) => ensure(has_start(tags, tag), || format!("{point}: {tags}"))?,
            }
        }
        Ok(())
    }
}
