//! Mount options that meet: each counts in its place in the list, for what it names and for nothing else (config.md#linux-mount-options).

use rustix::mount::MountFlags;

use super::mount_changes::below;
use super::seen::has;
use crate::failure::{Verdict, ensure};
use crate::suite::{Test, test};
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
];

/// What is shown of the mount itself and of the one below it, for a bind of a tree that has these flags: each word is to be there, or with a `!`
/// not to be there.
fn shows(t: &Trial<'_>, number: usize, flags: MountFlags, options: &[&str], wanted: [&[&str]; 2]) -> Verdict {
    let seen = below(t, number, flags, options)?;
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
        let mount = super::seen::mount_at(&report, point)?;
        for word in words {
            ensure(has(&mount["options"], word), || format!("{word} is missing: {mount}"))?;
        }
    }
    Ok(())
}
