//! Flags that a user namespace may not end on what is bound from outside of it (`man 7 mount_namespaces`, "locked").

use std::fs;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, mount_at};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{as_user, mapped, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(read_only_source_stays_so_and_is_told, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        read_only_source_of_an_ordinary_user_stays_so_and_is_told,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
    test!(times_of_access_stay_and_are_told, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(what_keeps_programs_out_cannot_be_ended, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(what_is_in_force_can_be_asked_for),
    test!(
        flags_of_the_roots_own_namespace_end,
        ("runc", "1.1", "ends no flags of a source that it binds")
    ),
];

/// The place of the bind in [`mapped`] bundles.
const IN_MAPPED: usize = 7;

/// What is done while a tmpfs of the host's is mounted with these flags.
fn with_source<R>(
    t: &Trial<'_>,
    flags: MountFlags,
    act: impl FnOnce(&Path) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let folder = t.dir.join("locked");
    fs::create_dir_all(&folder)?;
    mount("none", &folder, "tmpfs", flags, None)?;
    let done = act(&folder);
    unmount(&folder, UnmountFlags::DETACH)?;
    done
}

/// `run` of the bundle, and `check` of it before, where the runtime has that.
fn checked_and_run<'t>(
    t: &'t Trial<'_>,
    bundle: &Bundle,
    told: &str,
    by: impl Fn(Call<'t>) -> Result<Call<'t>, Failure>,
) -> Result<Done, Failure> {
    let call = t.with_bundle(&["run"], bundle)?;
    if t.runtime.name == "orlop" {
        let checked = by(t.call(&["check", &bundle.dir.to_string_lossy()]))?.finish()?;
        ensure(checked.out.contains(told), || format!("check: {}", checked.out))?;
    }
    by(call.stdin(crate::call::text_on_stdin("")?))?.finish()
}

fn stays_read_only(done: &Done, told: &str) -> Verdict {
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    let report = done.json()?;
    let mount = &mount_at(&report, "/data")?["options"];
    ensure(has(mount, "ro"), || format!("not read-only: {mount}"))?;
    ensure(done.err.contains(told), || format!("no {told:?} in {:?}", done.err))
}

fn read_only_source_stays_so_and_is_told(t: &Trial<'_>) -> Verdict {
    for options in [["rbind", "rw"], ["bind", "rw"], ["rbind", "rrw"]] {
        let told = format!("warning: mounts[{IN_MAPPED}].options[1]: ");
        let done = with_source(t, MountFlags::RDONLY, |source| {
            checked_and_run(t, &mapped(t)?.bind("/data", source, &options), &told, Ok)
        })?;
        stays_read_only(&done, &told)?;
    }
    Ok(())
}

fn read_only_source_of_an_ordinary_user_stays_so_and_is_told(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?;
    let place = bundle.config["mounts"].as_array().map_or(0, Vec::len);
    let told = format!("warning: mounts[{place}].options[2]: ");
    let done = with_source(t, MountFlags::RDONLY, |source| {
        let bundle = bundle.bind("/data", source, &["rbind", "nosuid", "rw"]);
        checked_and_run(t, &bundle, &told, |call| as_user(t, call))
    })?;
    stays_read_only(&done, &told)
}

fn times_of_access_stay_and_are_told(t: &Trial<'_>) -> Verdict {
    for (flags, word, kept) in [
        (MountFlags::NOATIME, "relatime", "noatime"),
        (MountFlags::NOATIME, "atime", "noatime"),
        (MountFlags::RELATIME, "noatime", "relatime"),
        (MountFlags::RELATIME, "rnoatime", "relatime"),
        (MountFlags::RELATIME, "nodiratime", "relatime"),
    ] {
        let told = format!("warning: mounts[{IN_MAPPED}].options[1]: ");
        let done = with_source(t, flags, |source| {
            checked_and_run(t, &mapped(t)?.bind("/data", source, &["rbind", word]), &told, Ok)
        })?;
        same(word, &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
        let report = done.json()?;
        let mount = &mount_at(&report, "/data")?["options"];
        ensure(has(mount, kept) && !has(mount, "nodiratime"), || {
            format!("{word}: {mount}")
        })?;
        ensure(done.err.contains(&told), || format!("{word}: {}", done.err))?;
    }
    Ok(())
}

fn what_keeps_programs_out_cannot_be_ended(t: &Trial<'_>) -> Verdict {
    let strict = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    for (options, place) in [
        (&["rbind", "exec"][..], 1),
        (&["rbind", "ro", "suid"], 2),
        (&["bind", "dev"], 1),
        (&["rbind", "rsuid"], 1),
        (&["rbind", "rw", "exec"], 2),
    ] {
        let path = format!("mounts[{IN_MAPPED}].options[{place}]: ");
        let done = with_source(t, strict, |source| {
            let bundle = mapped(t)?.bind("/data", source, options);
            checked_and_run(t, &bundle, &format!("error: {path}"), Ok)
        })?;
        ensure(done.code != 0 && done.err.contains(&path), || {
            format!("{options:?}: {}", done.err)
        })?;
    }
    // Where nobody has looked before, the kernel's own word is told at the same place.
    let done = with_source(t, strict, |source| {
        std::os::unix::fs::symlink(source, t.dir.join("link"))?;
        let options = ["rbind", "src-nofollow", "exec"];
        let bundle = mapped(t)?.bind("/data", source, &options);
        checked_and_run(t, &bundle, "", Ok)
    })?;
    let path = format!("mounts[{IN_MAPPED}].options[2]: ");
    ensure(done.code != 0 && done.err.contains(&path), || done.err.clone())
}

fn what_is_in_force_can_be_asked_for(t: &Trial<'_>) -> Verdict {
    let done = with_source(t, MountFlags::NOEXEC | MountFlags::RELATIME, |source| {
        let options = ["rbind", "rw", "dev", "suid", "relatime", "noexec"];
        checked_and_run(t, &mapped(t)?.bind("/data", source, &options), "", Ok)
    })?;
    ensure(done.code == 0 && !done.err.contains("warning"), || done.err.clone())
}

fn flags_of_the_roots_own_namespace_end(t: &Trial<'_>) -> Verdict {
    let flags = MountFlags::RDONLY | MountFlags::NOEXEC;
    let report = with_source(t, flags, |source| {
        t.see_one(&t.bundle()?.bind("/data", source, &["rbind", "rw", "exec"]))
    })?;
    let mount = &mount_at(&report, "/data")?["options"];
    ensure(!has(mount, "ro") && !has(mount, "noexec"), || mount.to_string())
}
