//! Mount options that meet: each counts in its place in the list, for what it names and for nothing else
//! (config.md#linux-mount-options).

use std::fs;

use rustix::mount::MountFlags;
use serde_json::json;

use super::nested::nested_options;
use crate::failure::{Verdict, ensure, same};
use crate::kernel::is_since;
use crate::report::{has, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;

const AMONG: &str = "does every recursive word after the plain ones";

pub(crate) const TESTS: &[Test] = &[
    test!(plain_word_leaves_a_recursive_one_in_force),
    test!(
        last_word_wins_at_the_top_and_recursive_ones_below,
        ("runc", "1.1", AMONG),
        ("crun", "1.8", AMONG)
    ),
    test!(remount_keeps_a_recursive_word_too),
    test!(
        word_that_clears_leaves_what_it_does_not_name,
        ("runc", "1.1", "keeps also what the word names"),
        ("crun", "1.8", "clears all flags of every source")
    ),
    test!(
        word_on_times_of_access_ends_only_what_it_names,
        ("runc", "1.1", "keeps also what the word names"),
        ("crun", "1.8", "clears all flags of every source")
    ),
    test!(
        recursive_word_on_times_of_access_ends_only_what_it_names,
        ("runc", "1.1", "gives it to the kernel in a way that the kernel refuses"),
        ("crun", "1.8", "drops it")
    ),
    test!(
        word_on_times_of_access_ends_only_what_it_names_in_the_list,
        ("crun", "1.8", "the order of the list does not count")
    ),
    test!(commas_separate_a_filesystems_options),
    test!(rbind_with_bind_brings_mounts_below_along),
    test!(
        noiversion_does_not_make_a_filesystem_read_only_early,
        ("crun", "1.8", "gives it to the filesystem, which refuses it")
    ),
    test!(
        remount_of_dev_leaves_its_devices,
        ("runc", "1.1", "takes it for a /dev from elsewhere"),
        ("crun", "1.8", "takes it for a /dev from elsewhere")
    ),
    test!(remount_of_nothing_without_a_word_is_refused),
];

/// What is shown of the mount itself and of the one below it, for a bind of a tree that has these flags: each word is
/// to be there, or with a `!` not to be there.
fn shows(t: &Trial<'_>, number: usize, flags: MountFlags, options: &[&str], wanted: [&[&str]; 2]) -> Verdict {
    let seen = nested_options(t, number, flags, options)?;
    for (seen, wanted) in seen.iter().zip(wanted) {
        for word in wanted {
            let (word, is_there) = word.strip_prefix('!').map_or((*word, true), |word| (word, false));
            ensure(has(seen, word) == is_there, || {
                format!(
                    "{options:?}: {word} is{} there: {seen}",
                    if is_there { " not" } else { "" }
                )
            })?;
        }
    }
    Ok(())
}

fn plain_word_leaves_a_recursive_one_in_force(t: &Trial<'_>) -> Verdict {
    let cases: [(&[&str], [&[&str]; 2]); 4] = [
        (&["rbind", "rro", "nosuid"], [&["ro", "nosuid"], &["ro", "!nosuid"]]),
        (&["rbind", "nosuid", "rro"], [&["ro", "nosuid"], &["ro", "!nosuid"]]),
        (&["rbind", "rnosuid", "ro"], [&["ro", "nosuid"], &["!ro", "nosuid"]]),
        (
            &["rbind", "rnosuid", "rnoexec", "nodev"],
            [&["nosuid", "noexec", "nodev"], &["nosuid", "noexec", "!nodev"]],
        ),
    ];
    for (number, (options, wanted)) in cases.into_iter().enumerate() {
        shows(t, number, MountFlags::empty(), options, wanted)?;
    }
    Ok(())
}

fn last_word_wins_at_the_top_and_recursive_ones_below(t: &Trial<'_>) -> Verdict {
    let cases: [(&[&str], [&[&str]; 2]); 6] = [
        (&["rbind", "rw", "rro"], [&["ro"], &["ro"]]),
        (&["rbind", "rro", "rw"], [&["!ro"], &["ro"]]),
        (&["rbind", "ro", "rrw"], [&["!ro"], &["!ro"]]),
        (&["rbind", "rrw", "ro"], [&["ro"], &["!ro"]]),
        (
            &["rbind", "rnoatime", "relatime"],
            [&["relatime", "!noatime"], &["noatime"]],
        ),
        (&["rbind", "noatime", "rrelatime"], [&["relatime"], &["relatime"]]),
    ];
    for (number, (options, wanted)) in cases.into_iter().enumerate() {
        shows(t, number, MountFlags::empty(), options, wanted)?;
    }
    Ok(())
}

fn remount_keeps_a_recursive_word_too(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &[])
        .mount("/data/below", "tmpfs", "x", &[])
        .mount("/data", "bind", "/", &["remount", "bind", "rro", "nosuid"]);
    let report = t.see_one(&bundle)?;
    for (point, words) in [("/data", &["ro", "nosuid"] as &[&str]), ("/data/below", &["ro"])] {
        let mount = mount_at(&report, point)?;
        for word in words {
            ensure(has(&mount["options"], word), || format!("{word} is missing: {mount}"))?;
        }
    }
    Ok(())
}

const STRICT: MountFlags = MountFlags::RDONLY
    .union(MountFlags::NOSUID)
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

fn word_that_clears_leaves_what_it_does_not_name(t: &Trial<'_>) -> Verdict {
    let cases: [(&[&str], &[&str]); 5] = [
        (&["rbind", "rprivate"], &["ro", "nosuid", "nodev", "noexec"]),
        (&["rbind", "rprivate", "rw"], &["!ro", "nosuid", "nodev", "noexec"]),
        (&["rbind", "suid"], &["ro", "!nosuid", "nodev", "noexec"]),
        (
            &["rbind", "nosuid", "dev", "suid"],
            &["ro", "!nosuid", "!nodev", "noexec"],
        ),
        (&["rbind", "exec", "rro"], &["ro", "nosuid", "nodev", "!noexec"]),
    ];
    for (number, (options, wanted)) in cases.into_iter().enumerate() {
        let below: &[&str] = &["ro", "nosuid", "nodev", "noexec"];
        shows(t, number, STRICT, options, [wanted, below])?;
    }
    Ok(())
}

fn word_on_times_of_access_ends_only_what_it_names(t: &Trial<'_>) -> Verdict {
    let strict: &[&str] = &["!relatime", "!noatime"];
    let cases: [(MountFlags, &str, &[&str]); 6] = [
        (MountFlags::NOATIME, "atime", &["relatime"]),
        (MountFlags::STRICTATIME, "atime", strict),
        (MountFlags::STRICTATIME, "nostrictatime", &["relatime"]),
        (MountFlags::NOATIME, "nostrictatime", &["noatime"]),
        (MountFlags::STRICTATIME, "norelatime", strict),
        (MountFlags::NOATIME, "norelatime", &["noatime"]),
    ];
    for (number, (flags, word, wanted)) in cases.into_iter().enumerate() {
        shows(t, number, flags, &["rbind", word], [wanted, &[]])?;
    }
    Ok(())
}

fn recursive_word_on_times_of_access_ends_only_what_it_names(t: &Trial<'_>) -> Verdict {
    let strict: &[&str] = &["!relatime", "!noatime"];
    let cases: [(MountFlags, &str, &[&str]); 6] = [
        (MountFlags::STRICTATIME, "rnorelatime", strict),
        (MountFlags::NOATIME, "rnorelatime", &["noatime"]),
        (MountFlags::STRICTATIME, "ratime", strict),
        (MountFlags::NOATIME, "ratime", &["relatime"]),
        (MountFlags::NOATIME, "rnostrictatime", &["noatime"]),
        (MountFlags::STRICTATIME, "rnostrictatime", &["relatime"]),
    ];
    for (number, (flags, word, wanted)) in cases.into_iter().enumerate() {
        shows(t, number, flags, &["rbind", word], [wanted, wanted])?;
    }
    Ok(())
}

fn word_on_times_of_access_ends_only_what_it_names_in_the_list(t: &Trial<'_>) -> Verdict {
    for (options, wanted) in [
        (["noatime", "nostrictatime"], "noatime"),
        (["noatime", "atime"], "relatime"),
        (["strictatime", "nostrictatime"], "relatime"),
        (["noatime", "norelatime"], "noatime"),
    ] {
        let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &options))?;
        let mount = mount_at(&report, "/data")?;
        ensure(has(&mount["options"], wanted), || format!("{options:?}: {mount}"))?;
    }
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &["strictatime", "atime"]))?;
    let mount = mount_at(&report, "/data")?;
    ensure(!has(&mount["options"], "relatime"), || mount.to_string())
}

fn commas_separate_a_filesystems_options(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "tmpfs", "x", &["size=64k,mode=700"]);
    let report = t.see_one(&bundle)?;
    let mount = mount_at(&report, "/data")?;
    for word in ["size=64k", "mode=700"] {
        ensure(has(&mount["super"], word), || format!("{word} is missing: {mount}"))?;
    }
    // An overlay's own way to say that a comma is part of a name.
    let folder = t.dir.join("a,b");
    fs::create_dir(&folder)?;
    fs::create_dir(t.dir.join("c"))?;
    fs::write(folder.join("inside"), "")?;
    let layers = format!("lowerdir={0}/a\\,b:{0}/c,xino=off", t.dir.display());
    let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &[&layers]);
    if !is_since(6, 5) {
        // An overlay has the new way to take options since then; with it the kernel took values with commas.
        return t.refused(&bundle, &["lowerdir", "contained comma"]);
    }
    same(
        "entries",
        &t.see_one(&bundle.probe("list /data"))?["value"],
        json!(["inside"]),
    )
}

fn rbind_with_bind_brings_mounts_below_along(t: &Trial<'_>) -> Verdict {
    nested_options(t, 0, MountFlags::empty(), &["rbind", "bind"])?;
    nested_options(t, 1, MountFlags::empty(), &["bind", "rbind"]).map(drop)
}

fn noiversion_does_not_make_a_filesystem_read_only_early(t: &Trial<'_>) -> Verdict {
    let folder = t.dir.join("source");
    fs::create_dir(&folder)?;
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &["ro", "noiversion"])
        .bind("/data/made", &folder, &["bind"]);
    let seen = t.see(&bundle.probe("write /data/new , write /data/made/new"))?;
    same("errno", &seen[0]["errno"], libc::EROFS)?;
    same("errno below", &seen[1]["errno"], json!(null))
}

fn remount_of_dev_leaves_its_devices(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/dev", "bind", "/", &["remount", "bind", "nosuid", "noexec"]);
    let seen = t.see(&bundle.probe("stat /dev/null , stat /dev/ptmx , report"))?;
    same("null", &seen[0]["value"]["kind"], "char")?;
    same("ptmx", &seen[1]["value"]["kind"], "link")?;
    let mount = mount_at(&seen[2], "/dev")?;
    ensure(has(&mount["options"], "noexec"), || mount.to_string())
}

fn remount_of_nothing_without_a_word_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "tmpfs", "tmpfs", &["remount"]);
    t.refused(&bundle, &["data"])
}
