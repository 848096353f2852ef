//! A tmpfs that is read-only takes what is mounted and made below it first: which mount that is, and whether it still
//! is to be so, must not get lost.

use std::fs;

use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, mount_at};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const BY_PATH: Known = ("runc", "1.1", "makes read-only what is on the place in the end");
const LATE: Known = ("crun", "1.8", "makes it read-only after the remount");

pub(crate) const TESTS: &[Test] = &[
    test!(bind_over_a_read_only_tmpfs_stays_writable, BY_PATH),
    test!(tmpfs_over_a_read_only_tmpfs_stays_writable, BY_PATH),
    test!(read_only_tmpfs_that_is_hidden_is_no_error, BY_PATH),
    test!(remount_takes_the_read_only_of_a_tmpfs_back, BY_PATH, LATE),
    test!(remount_that_makes_dev_read_only_leaves_it_its_devices),
    test!(remount_that_makes_a_tmpfs_read_only_leaves_it_its_mount_points),
];

fn folder(t: &Trial<'_>) -> Result<String, Failure> {
    let folder = t.dir.join("source");
    fs::create_dir_all(&folder)?;
    Ok(folder.to_string_lossy().into_owned())
}

fn bind_over_a_read_only_tmpfs_stays_writable(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &["ro"])
        .mount("/data", "bind", &folder(t)?, &["bind"]);
    let seen = t.see(&bundle.probe("write /data/new , report"))?;
    same("errno", &seen[0]["errno"], json!(null))?;
    let mounts = seen[1]["mounts"].as_array().into_iter().flatten();
    let mut hidden =
        mounts.filter(|mount| mount["point"] == "/data" && mount["type"] == "tmpfs" && mount["source"] == "x");
    let hidden = hidden.next().cloned().unwrap_or_default();
    ensure(has(&hidden["options"], "ro"), || format!("the tmpfs: {hidden}"))
}

fn tmpfs_over_a_read_only_tmpfs_stays_writable(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &["ro"])
        .mount("/data", "tmpfs", "y", &[]);
    same(
        "errno",
        &t.see_one(&bundle.probe("write /data/new"))?["errno"],
        json!(null),
    )
}

fn read_only_tmpfs_that_is_hidden_is_no_error(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data/a", "tmpfs", "x", &["ro"])
        .mount("/data", "tmpfs", "y", &[]);
    same(
        "errno",
        &t.see_one(&bundle.probe("write /data/new"))?["errno"],
        json!(null),
    )
}

fn remount_takes_the_read_only_of_a_tmpfs_back(t: &Trial<'_>) -> Verdict {
    for options in [&["remount", "rw"] as &[&str], &["remount", "bind", "nosuid"]] {
        let bundle = t
            .bundle()?
            .mount("/data", "tmpfs", "x", &["ro"])
            .mount("/data", "tmpfs", "/", options);
        let seen = t.see_one(&bundle.probe("write /data/new"))?;
        same(&format!("{options:?}"), &seen["errno"], json!(null))?;
    }
    Ok(())
}

fn remount_that_makes_dev_read_only_leaves_it_its_devices(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/dev", "tmpfs", "tmpfs", &["remount", "ro", "nosuid"]);
    let seen = t.see(&bundle.probe("stat /dev/null , write /dev/new , report"))?;
    same("null", &seen[0]["value"]["kind"], "char")?;
    same("errno", &seen[1]["errno"], libc::EROFS)?;
    mount_at(&seen[2], "/dev").map(drop)
}

fn remount_that_makes_a_tmpfs_read_only_leaves_it_its_mount_points(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &[])
        .mount("/data", "tmpfs", "x", &["remount", "ro"])
        .mount("/data/made", "bind", &folder(t)?, &["bind"]);
    let seen = t.see(&bundle.probe("write /data/new , write /data/made/new"))?;
    same("errno", &seen[0]["errno"], libc::EROFS)?;
    same("errno below", &seen[1]["errno"], json!(null))
}
