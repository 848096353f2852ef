//! The state root, `--root`: private, and told of where it is broken, full or read-only.

use std::fs;

use crate::failure::{Verdict, ensure, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(root_may_be_long),
    test!(state_folder_is_private),
    test!(read_only_state_root_is_an_error, ("crun", "1.8", "does not say why")),
    test!(
        full_state_root_is_an_error_and_leaves_nothing,
        ("runc", "1.1", "the error is lost: %!w(<nil>)"),
        ("crun", "1.8", "leaves the state folder")
    ),
    test!(state_root_that_is_a_file_is_an_error),
    test!(
        folder_in_the_state_root_that_is_no_container_is_told_of,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

fn root_may_be_long(t: &Trial<'_>) -> Verdict {
    let root = t.dir.join("r".repeat(200)).join("s".repeat(200));
    let root = root.to_string_lossy().into_owned();
    let bundle = t.bundle()?.probe("exit 5");
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    t.call(&["create", "--bundle", &dir, &bundle.id])
        .root(&root)
        .succeed()?;
    t.call(&["start", &bundle.id]).root(&root).succeed()?;
    t.call(&["delete", "--force", &bundle.id])
        .root(&root)
        .succeed()
        .map(drop)
}

fn state_folder_is_private(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let mode = fs::metadata(t.root.join(&created.id))?.permissions().mode() & 0o077;
    // The one or the other of the two folders must keep others out.
    let outer = fs::metadata(&t.root)?.permissions().mode() & 0o077;
    ensure(mode & 0o066 == 0 || outer & 0o077 == 0, || {
        format!("0{mode:o} in 0{outer:o}")
    })
}

fn read_only_state_root_is_an_error(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    fs::create_dir_all(&t.root)?;
    mount("none", &t.root, "tmpfs", MountFlags::RDONLY, None)?;
    let bundle = t.bundle()?;
    let done = t.run(&bundle);
    unmount(&t.root, UnmountFlags::DETACH)?;
    let done = done?;
    ensure(done.code == 1 && done.err.contains("ead-only file system"), || {
        format!("{}: {}", done.code, done.err)
    })
}

fn full_state_root_is_an_error_and_leaves_nothing(t: &Trial<'_>) -> Verdict {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    fs::create_dir_all(&t.root)?;
    mount("none", &t.root, "tmpfs", MountFlags::empty(), Some(c"size=4k"))?;
    fs::write(t.root.join("filler"), vec![0; 4096])?;
    let done = t.run(&t.bundle()?);
    let left = fs::read_dir(&t.root)?.count();
    unmount(&t.root, UnmountFlags::DETACH)?;
    let done = done?;
    ensure(done.code == 1, || format!("ended with {}", done.code))?;
    ensure(done.err.contains("o space left on device"), || done.err.clone())?;
    same("entries beside the filler", &(left - 1), 0)
}

fn state_root_that_is_a_file_is_an_error(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("file");
    fs::write(&file, "")?;
    let bundle = t.bundle()?;
    bundle.save()?;
    let call = t.call(&["create", "--bundle", &bundle.dir.to_string_lossy(), &bundle.id]);
    call.root(&file.to_string_lossy()).refuse(&["file"])
}

fn folder_in_the_state_root_that_is_no_container_is_told_of(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?)?;
    fs::create_dir(t.root.join("broken"))?;
    fs::write(t.root.join("broken/state.json"), "{")?;
    let done = t.call(&["list", "--quiet"]).succeed()?;
    t.call(&["delete", "--force", "broken"]).succeed()?;
    ensure(done.out.contains(&created.id), || done.out.clone())?;
    ensure(done.err.contains("broken"), || {
        format!("nothing about it: {}", done.err)
    })
}
