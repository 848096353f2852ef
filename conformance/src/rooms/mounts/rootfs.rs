//! `root` and `linux.rootfsPropagation`: read-only or not, the way in, nothing of the host left.

use std::fs;

use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::rooms::deviations::CRUN_IS_SILENT;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(read_only_root_refuses_writes_but_tmpfs_takes_them),
    test!(writable_root_takes_writes),
    test!(read_only_root_still_gets_its_mount_points),
    test!(absolute_root_path_works),
    test!(root_path_with_dots_and_slashes_works),
    test!(missing_rootfs_is_refused),
    test!(rootfs_that_is_a_file_is_refused),
    test!(missing_root_member_is_refused),
    test!(root_of_the_container_is_the_rootfs),
    test!(old_root_cannot_be_reached),
    test!(private_propagation_is_private),
    test!(slave_propagation_receives, ("crun", "1.8", "private")),
    test!(
        shared_propagation_shares,
        ("runc", "1.1", "private: the parent is made private before the bind")
    ),
    test!(
        unbindable_propagation_is_unbindable,
        ("runc", "1.1", "makes the source unbindable and fails to bind it")
    ),
    test!(unknown_propagation_is_refused, ("crun", "1.8", "drops it")),
    test!(rootfs_may_be_a_mount_point),
    test!(rootfs_on_a_read_only_filesystem_works),
    test!(mounts_on_the_rootfs_come_along),
    test!(rootfs_that_is_a_link_is_refused_with_a_slash_too, CRUN_IS_SILENT),
];

fn read_only_root_refuses_writes_but_tmpfs_takes_them(t: &Trial<'_>) -> Verdict {
    let said = t.see(&t.bundle()?.probe("write /x , write /dev/shm/x , report"))?;
    same("errno on /", &said[0]["errno"], libc::EROFS)?;
    same("errno on tmpfs", &said[1]["errno"], json!(null))?;
    ensure(has(&mount_at(&said[2], "/")?["options"], "ro"), || {
        "not mounted read-only".into()
    })
}

fn writable_root_takes_writes(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().probe("write /x hello");
    t.see(&bundle)?;
    same("the file", &fs::read_to_string(bundle.rootfs().join("x"))?, "hello")
}

fn read_only_root_still_gets_its_mount_points(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/new/place", "tmpfs", "x", &[]);
    mount_at(&t.see_one(&bundle)?, "/new/place").map(drop)
}

fn absolute_root_path_works(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let path = bundle.rootfs().to_string_lossy().into_owned();
    t.see(&bundle.set("/root/path", json!(path))).map(drop)
}

fn root_path_with_dots_and_slashes_works(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let name = bundle
        .dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    t.see(&bundle.set("/root/path", json!(format!("..//{name}/./rootfs/"))))
        .map(drop)
}

fn missing_rootfs_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/root/path", json!("nowhere")), &["nowhere"])
}

fn rootfs_that_is_a_file_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/root/path", json!("file"));
    fs::write(bundle.dir.join("file"), "")?;
    t.refused(&bundle, &[])
}

fn missing_root_member_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.remove("", "root"), &["oot"])
}

fn root_of_the_container_is_the_rootfs(t: &Trial<'_>) -> Verdict {
    let said = t.see_one(&t.bundle()?.file("marker", "")?.probe("list /"))?;
    ensure(has(&said["value"], "marker") && !has(&said["value"], "home"), || {
        said["value"].to_string()
    })
}

fn old_root_cannot_be_reached(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("list /.. , list /proc/1/root/.. , list /proc/1/cwd/../.."),
    )?;
    for line in said {
        ensure(has(&line["value"], "probe"), || {
            format!("{}: {}", line["action"], line["value"])
        })?;
    }
    Ok(())
}

fn propagation(t: &Trial<'_>, word: &str) -> Result<serde_json::Value, Failure> {
    let report = t.see_one(&t.bundle()?.set("/linux/rootfsPropagation", json!(word)))?;
    Ok(mount_at(&report, "/")?["tags"].clone())
}

fn private_propagation_is_private(t: &Trial<'_>) -> Verdict {
    same("tags", &propagation(t, "private")?, json!([]))
}

fn slave_propagation_receives(t: &Trial<'_>) -> Verdict {
    let tags = propagation(t, "slave")?;
    ensure(has_start(&tags, "master:") && !has_start(&tags, "shared:"), || {
        format!("{tags}")
    })
}

fn shared_propagation_shares(t: &Trial<'_>) -> Verdict {
    let tags = propagation(t, "shared")?;
    ensure(has_start(&tags, "shared:"), || format!("{tags}"))
}

fn unbindable_propagation_is_unbindable(t: &Trial<'_>) -> Verdict {
    same("tags", &propagation(t, "unbindable")?, json!(["unbindable"]))
}

fn unknown_propagation_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/rootfsPropagation", json!("sideways")),
        &["sideways"],
    )
}

fn rootfs_may_be_a_mount_point(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{UnmountFlags, mount_bind, unmount};
    let bundle = t.bundle()?;
    mount_bind(bundle.rootfs(), bundle.rootfs())?;
    let said = t.see(&bundle);
    unmount(bundle.rootfs(), UnmountFlags::DETACH)?;
    said.map(drop)
}

fn rootfs_on_a_read_only_filesystem_works(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount_bind, mount_remount, unmount};
    let bundle = t.bundle()?;
    mount_bind(bundle.rootfs(), bundle.rootfs())?;
    mount_remount(bundle.rootfs(), MountFlags::BIND | MountFlags::RDONLY, "")?;
    let said = t.see(&bundle);
    unmount(bundle.rootfs(), UnmountFlags::DETACH)?;
    said.map(drop)
}

fn mounts_on_the_rootfs_come_along(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let bundle = t.bundle()?.probe("read /data/below");
    mount("none", bundle.rootfs().join("data"), "tmpfs", MountFlags::empty(), None)?;
    fs::write(bundle.rootfs().join("data/below"), "below")?;
    let said = t.see_one(&bundle);
    unmount(bundle.rootfs().join("data"), UnmountFlags::DETACH)?;
    same("content", &said?["value"], "below")
}

fn rootfs_that_is_a_link_is_refused_with_a_slash_too(t: &Trial<'_>) -> Verdict {
    for path in ["link", "link/", "link/."] {
        let bundle = t.bundle()?;
        std::os::unix::fs::symlink("rootfs", bundle.dir.join("link"))?;
        t.refused(&bundle.set("/root/path", json!(path)), &[])?;
    }
    Ok(())
}
