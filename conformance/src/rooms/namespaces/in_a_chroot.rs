//! A runtime that is started in a chroot, as by an engine in a system's tree that is not booted. The root of its mount
//! namespace is another one than its own, and `setns` leads there: nothing of it may stay in a container.

use std::process::Command;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::call::lines_of;
use crate::failure::{Failure, Verdict, ensure, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(process_of_exec_is_at_the_containers_root, RUNC, CRUN),
    test!(mount_namespace_has_the_containers_root_alone, RUNC, CRUN),
    test!(moved_root_is_alone_there, RUNC, CRUN),
    test!(
        root_that_is_no_mount_point_is_told,
        ("runc", "1.1", "does not say why"),
        ("crun", "1.8", "does not say why")
    ),
    test!(
        user_namespace_that_is_not_made_there_is_told,
        ("runc", "1.1", "does not say why"),
        ("crun", "1.8", "does not say why")
    ),
];

const RUNC: Known = ("runc", "1.1", "leaves the host's root in the namespace");
const CRUN: Known = ("crun", "1.8", "leaves the host's root in the namespace");

/// All that the host has, at the same paths, is made the tree below `$root`.
const WHOLE: &str = "mount --rbind / $root";

/// The same in a folder that is no mount point.
const FOLDER: &str = "mount -t tmpfs none $root && root=$root/sub && mkdir $root && cd / && for each in *; do \
                      if test -L $each; then cp -P $each $root; \
                      elif test -d $each; then mkdir $root/$each && mount --rbind $each $root/$each; fi; done";

/// Starts the runtime in a chroot to a tree that is made so.
fn in_a_chroot(t: &Trial<'_>, made: &str) -> Result<String, Failure> {
    let root = t.dir.join("root");
    std::fs::create_dir(&root)?;
    let inside = format!("root={}; {made}; exec chroot $root \"$0\" \"$@\"", root.display());
    Ok(format!(
        "exec unshare --mount --propagation private sh -c '{inside}' \"$0\" \"$@\""
    ))
}

/// `create` there; the container's pid.
fn created(t: &Trial<'_>, bundle: &Bundle, flags: &[&str]) -> Result<u32, Failure> {
    let verb = [&["create"], flags].concat();
    let call = t.with_bundle(&verb, bundle)?.script(&in_a_chroot(t, WHOLE)?);
    let id = t.create_with(call, bundle)?.id;
    t.call(&["start", &id]).succeed()?;
    let pid = t.pid(&id)?.as_raw_nonzero().get();
    Ok(pid.unsigned_abs())
}

/// What is in the container's rootfs, and not in the host's root.
fn are_the_rootfs(names: &Value) -> Verdict {
    let names: Vec<&str> = names
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    ensure(names.contains(&"probe") && !names.contains(&"usr"), || {
        format!("at the root: {names:?}")
    })
}

fn process_of_exec_is_at_the_containers_root(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    created(t, &bundle, &[])?;
    let done = t.call(&["exec", &bundle.id, "/probe", "list", "/"]).succeed()?;
    are_the_rootfs(&done.lines()?[0]["value"])
}

/// What `setns` leads to.
fn is_alone(pid: u32) -> Verdict {
    let output = Command::new("nsenter")
        .arg(format!("--mount=/proc/{pid}/ns/mnt"))
        .args(["/probe", "list", "/"])
        .output()?;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let lines = lines_of(&out)?;
    let first = lines.first().map_or_else(|| wrong(format!("nsenter: {err}")), Ok)?;
    are_the_rootfs(&first["value"])
}

fn mount_namespace_has_the_containers_root_alone(t: &Trial<'_>) -> Verdict {
    is_alone(created(t, &t.bundle()?.probe("sleep 60"), &[])?)
}

fn moved_root_is_alone_there(t: &Trial<'_>) -> Verdict {
    is_alone(created(t, &t.bundle()?.probe("sleep 60"), &["--no-pivot"])?)
}

fn root_that_is_no_mount_point_is_told(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &t.bundle()?)?;
    call.script(&in_a_chroot(t, FOLDER)?)
        .refuse(&["no mount point", "chroot"])
}

fn user_namespace_that_is_not_made_there_is_told(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &mapped(t)?)?;
    call.script(&in_a_chroot(t, WHOLE)?)
        .refuse(&["linux.namespaces", "chroot"])
}
