//! Where mounts are made: their order, points that are not there yet, ways with dots (config.md#mounts).

use std::fs;

use crate::failure::{Verdict, same};
use crate::report::mount_at;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(mounts_happen_in_their_order),
    test!(mount_point_is_made),
    test!(mount_point_of_a_file_is_made_as_a_file),
    test!(file_over_a_folder_is_refused),
    test!(relative_destination_is_below_the_root),
    test!(destination_with_dots_stays_in_the_root),
    test!(two_mounts_at_one_place_stack),
    test!(bind_onto_a_file_that_is_a_bind_already_works),
];

fn mounts_happen_in_their_order(t: &Trial<'_>) -> Verdict {
    let bundle =
        t.bundle()?
            .mount("/data", "tmpfs", "first", &[])
            .mount("/data/in", "bind", &t.host_folder()?, &["bind"]);
    let said = t.see(&bundle.probe("read /data/in/inside , report"))?;
    same("content", &said[0]["value"], "from the host")?;
    same("type", &mount_at(&said[1], "/data")?["type"], "tmpfs")
}

fn mount_point_is_made(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/made/for/this", "tmpfs", "x", &[]))?;
    mount_at(&report, "/made/for/this").map(drop)
}

fn mount_point_of_a_file_is_made_as_a_file(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", t.host_folder()?);
    let bundle = t
        .bundle()?
        .mount("/made/file", "bind", &file, &["bind"])
        .probe("read /made/file");
    same("content", &t.see_one(&bundle)?["value"], "from the host")
}

fn file_over_a_folder_is_refused(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", t.host_folder()?);
    t.refused(&t.bundle()?.mount("/data", "bind", &file, &["bind"]), &["data"])
}

fn relative_destination_is_below_the_root(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("data", "tmpfs", "x", &[]))?;
    mount_at(&report, "/data").map(drop)
}

fn destination_with_dots_stays_in_the_root(t: &Trial<'_>) -> Verdict {
    // Refused or resolved inside: both keep the host as it was, which the harness looks at.
    let done = t.run(&t.bundle()?.mount("/../../../../data", "tmpfs", "x", &[]))?;
    if done.code == 0 {
        mount_at(&done.lines()?[0], "/data").map(drop)
    } else {
        Ok(())
    }
}

fn two_mounts_at_one_place_stack(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "lower", &[])
        .mount("/data", "bind", &t.host_folder()?, &["bind"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /data/inside"))?["value"],
        "from the host",
    )
}

fn bind_onto_a_file_that_is_a_bind_already_works(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    fs::write(format!("{folder}/second"), "second")?;
    let bundle = t
        .bundle()?
        .mount("/etc/f", "bind", &format!("{folder}/inside"), &["bind"]);
    let bundle = bundle.mount("/etc/f", "bind", &format!("{folder}/second"), &["bind", "ro"]);
    same("content", &t.see_one(&bundle.probe("read /etc/f"))?["value"], "second")
}
