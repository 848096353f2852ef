//! Mounts whose two ends differ in kind, and which member of an entry a refusal names (config.md#mounts).

use std::path::Path;

use crate::failure::{Failure, Verdict, ensure};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(file_onto_a_folder_is_told_as_that, CRUN_IS_SILENT),
    test!(folder_onto_a_file_is_told_as_that, CRUN_IS_SILENT),
    test!(
        filesystem_onto_a_file_is_told_as_that,
        ("runc", "1.1", "says so of proc and sysfs in words of its own alone"),
        CRUN_IS_SILENT
    ),
    test!(link_to_a_place_of_another_kind_is_told_as_that, CRUN_IS_SILENT),
    test!(file_on_the_way_to_a_place_is_told_as_that, CRUN_IS_SILENT),
    test!(member_at_fault_is_named, RUNC_IS_SILENT, CRUN_IS_SILENT),
];

/// What docker and dockerd look for, for the exit status 127 and a hint.
const PHRASE: &str = "not a directory";

fn file(t: &Trial<'_>) -> Result<String, Failure> {
    Ok(format!("{}/inside", t.host_folder()?))
}

fn file_onto_a_folder_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.folder("folder")?;
    t.refused(
        &bundle.mount("/folder", "bind", &file(t)?, &["bind", "ro"]),
        &[PHRASE, "/folder"],
    )?;
    // A mount that was made before is a place like any other.
    let bundle = t.bundle()?.mount("/made", "tmpfs", "made", &[]);
    t.refused(
        &bundle.mount("/made", "bind", &file(t)?, &["rbind"]),
        &[PHRASE, "/made"],
    )
}

fn folder_onto_a_file_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("etc/some", "")?;
    let bundle = bundle.mount("/etc/some", "bind", &t.host_folder()?, &["rbind"]);
    t.refused(&bundle, &[PHRASE, "/etc/some"])
}

fn filesystem_onto_a_file_is_told_as_that(t: &Trial<'_>) -> Verdict {
    for kind in ["tmpfs", "proc", "sysfs", "mqueue", "devpts"] {
        let bundle = t.bundle()?.file("place", "")?.mount("/place", kind, kind, &[]);
        let runcs = match kind {
            "proc" | "sysfs" => "must be mounted on ordinary directory",
            _ => PHRASE,
        };
        t.refused(&bundle, &[PHRASE, "/place", runcs])?;
    }
    Ok(())
}

fn link_to_a_place_of_another_kind_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let links = || -> Result<_, Failure> {
        let bundle = t.bundle()?.file("a-file", "")?.folder("a-folder")?;
        Ok(bundle
            .link("to-file", Path::new("/a-file"))?
            .link("to-folder", Path::new("a-folder"))?)
    };
    t.refused(&links()?.mount("/to-folder", "bind", &file(t)?, &["bind"]), &[PHRASE])?;
    t.refused(
        &links()?.mount("/to-file", "bind", &t.host_folder()?, &["bind"]),
        &[PHRASE],
    )?;
    t.refused(&links()?.mount("/to-file", "tmpfs", "tmpfs", &[]), &[PHRASE])
}

fn file_on_the_way_to_a_place_is_told_as_that(t: &Trial<'_>) -> Verdict {
    for kind in ["tmpfs", "proc", "sysfs"] {
        let bundle = t.bundle()?.file("place", "")?.mount("/place/below", kind, kind, &[]);
        t.refused(&bundle, &[PHRASE, "/place/below"])?;
    }
    let bundle = t.bundle()?.file("place", "")?;
    t.refused(&bundle.mount("/place/below", "bind", &file(t)?, &["bind"]), &[PHRASE])
}

fn member_at_fault_is_named(t: &Trial<'_>) -> Verdict {
    let index = t.bundle()?.config["mounts"].as_array().map_or(0, Vec::len);
    let (folder, none): (_, &[&str]) = (t.host_folder()?, &[]);
    for (member, destination, kind, source, options) in [
        ("type", "/x", "nosuchfs", "none", none),
        ("source", "/x", "bind", "/no/such/source", &["bind"]),
        ("source", "/x", "ext4", "/proc/version", none),
        ("destination", "/place", "bind", &folder, &["bind"]),
        ("destination", "/place", "tmpfs", "tmpfs", none),
        ("options[1]", "/x", "tmpfs", "tmpfs", &["ro", "size=much"]),
    ] {
        let bundle = t.bundle()?.file("place", "")?;
        let done = t
            .with_bundle(&["run"], &bundle.mount(destination, kind, source, options))?
            .refusal(&[])?;
        ensure(done.err.contains(&format!("mounts[{index}].{member}: ")), || {
            format!("{member}: {}", done.err)
        })?;
    }
    Ok(())
}
