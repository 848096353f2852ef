//! What is bound by `mounts add` into a user namespace is locked as what the container was created with
//! (`man 7 mount_namespaces`).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::{Value, json};

use super::added_mounts::{add, bind, inside, is_free, is_mounted, remove, running, tmpfs};
use super::taken_off::done_inside;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{NOT_IN_CRUN, NOT_IN_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(flags_of_the_host_cannot_be_ended, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(cover_of_the_host_cannot_be_taken_off, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(link_is_bound_as_one, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(flag_that_is_to_be_ended_is_told, NOT_IN_RUNC, NOT_IN_CRUN),
];

/// A tmpfs of the host's.
struct OnHost(PathBuf);

impl OnHost {
    fn new(folder: PathBuf, flags: MountFlags) -> std::io::Result<Self> {
        fs::create_dir_all(&folder)?;
        mount("none", &folder, "tmpfs", flags, None)?;
        Ok(Self(folder))
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// A container whose root may mount in its user namespace.
fn mounting(t: &Trial<'_>) -> Result<String, Failure> {
    running(t, mapped(t)?.capabilities(&["CAP_SYS_ADMIN"]))
}

const PLAIN: MountFlags = MountFlags::empty();

fn flags_of_the_host_cannot_be_ended(t: &Trial<'_>) -> Verdict {
    // `man 2 mount`: MS_BIND and MS_REMOUNT.
    let remounted = |id: &str, flags: u32| done_inside(t, id, &format!("mount none /data none {}", 4096 + 32 + flags));
    let (ro, nosuid, nodev, noexec, noatime, relatime) = (1, 2, 4, 8, 1024, 1 << 21);
    for (flags, kept, fewer) in [
        (MountFlags::RDONLY, ro, 0),
        (MountFlags::NOSUID, nosuid, 0),
        (MountFlags::NODEV, nodev, 0),
        (MountFlags::NOEXEC, noexec, 0),
        (MountFlags::NOATIME, noatime, relatime),
        (MountFlags::RDONLY | MountFlags::NOEXEC, ro | noexec, noexec),
    ] {
        let host = OnHost::new(t.dir.join("locked"), flags)?;
        let id = mounting(t)?;
        let list = json!([bind("/data", &host.0.to_string_lossy(), &["bind"])]);
        add(t, &id, &list)?.succeed()?;
        same(&format!("{flags:?} as they are"), &remounted(&id, kept)?, Value::Null)?;
        same(
            &format!("fewer than {flags:?}"),
            &remounted(&id, fewer)?,
            json!(libc::EPERM),
        )?;
        remove(t, &id, &list)?.succeed()?;
        is_free(t, &id, "/data")?;
        // What nobody has locked can be ended.
        let own = OnHost::new(t.dir.join("unlocked"), PLAIN)?;
        let list = json!([bind("/data", &own.0.to_string_lossy(), &["bind", "ro"])]);
        add(t, &id, &list)?.succeed()?;
        same("what is not locked", &remounted(&id, 0)?, Value::Null)?;
    }
    Ok(())
}

fn cover_of_the_host_cannot_be_taken_off(t: &Trial<'_>) -> Verdict {
    let source = OnHost::new(t.dir.join("covered"), PLAIN)?;
    fs::create_dir(source.0.join("below"))?;
    fs::write(source.0.join("below/secret"), "")?;
    let _cover = OnHost::new(source.0.join("below"), PLAIN)?;
    let id = mounting(t)?;
    let path = source.0.to_string_lossy();
    add(t, &id, &json!([bind("/data", &path, &["rbind"]), tmpfs("/own", &[])]))?.succeed()?;
    same(
        "errno",
        &done_inside(t, &id, "unmount /data/below")?,
        json!(libc::EINVAL),
    )?;
    ensure(!inside(t, &id, "/data/below/secret")?.exists(), || {
        "what is covered shows".into()
    })?;
    same("its own", &done_inside(t, &id, "unmount /own")?, Value::Null)?;
    // Without the mounts below, what they cover would show.
    add(t, &id, &json!([bind("/alone", &path, &["bind"])]))?.refuse(&["mounts[0].source"])?;
    is_free(t, &id, "/alone")
}

fn link_is_bound_as_one(t: &Trial<'_>) -> Verdict {
    let source = t.host_folder()?;
    let link = t.dir.join("link");
    symlink(&source, &link)?;
    let id = running(t, mapped(t)?)?;
    let path = link.to_string_lossy();
    add(t, &id, &json!([bind("/followed", &path, &["bind"])]))?.succeed()?;
    is_mounted(t, &id, "/followed", &["/source"])?;
    add(t, &id, &json!([bind("/kept", &path, &["bind", "src-nofollow"])]))?.succeed()?;
    let found = fs::symlink_metadata(inside(t, &id, "/kept")?)?;
    ensure(found.is_symlink(), || format!("{found:?}"))
}

fn flag_that_is_to_be_ended_is_told(t: &Trial<'_>) -> Verdict {
    let host = OnHost::new(t.dir.join("locked"), MountFlags::RDONLY | MountFlags::NOEXEC)?;
    let path = host.0.to_string_lossy();
    let id = mounting(t)?;
    let done = add(t, &id, &json!([bind("/data", &path, &["bind", "rw"])]))?.succeed()?;
    ensure(done.err.contains("warning: mounts[0].options[1]: "), || {
        done.err.clone()
    })?;
    is_mounted(t, &id, "/data", &[" ro,"])?;
    add(t, &id, &json!([bind("/other", &path, &["bind", "exec"])]))?.refuse(&["mounts[0].options[1]"])?;
    is_free(t, &id, "/other")
}
