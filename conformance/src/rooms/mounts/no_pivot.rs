//! `--no-pivot`: nothing of the host's tree stays in the container's, whether the kernel would have taken `pivot_root`
//! or not.

use serde_json::Value;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::has;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(no_pivot_runs_too),
    test!(user_namespace_inside_mounts_no_procfs_after_no_pivot),
    test!(user_namespace_inside_mounts_no_procfs_where_pivot_root_is_missing),
    test!(user_namespace_inside_mounts_no_sysfs_after_no_pivot),
    test!(root_cannot_be_left_after_no_pivot),
    test!(shared_rootfs_leaves_the_host_alone_after_no_pivot),
];

fn no_pivot_runs_too(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("marker", "")?.probe("list /");
    let done = t.with_bundle(&["run", "--no-pivot"], &bundle)?.succeed()?;
    ensure(has(&done.lines()?[0]["value"], "marker"), || done.out.clone())
}

/// A container whose process mounts a new filesystem on /data, as the root of a user namespace of its own.
fn mounting(t: &Trial<'_>, kind: &str) -> Result<Bundle, Failure> {
    let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWNET;
    let (call, flags) = (libc::SYS_unshare.to_string(), flags.to_string());
    #[rustfmt::skip]
    let words = [
        "/probe", "syscall", &call, &flags, ",", "write", "/proc/self/uid_map", "0 0 1",
        ",", "exec", "/probe", "mount", kind, "/data", kind, "0",
    ];
    // Who maps root needs this (`man 7 user_namespaces`).
    Ok(t.bundle()?.capabilities(&["CAP_SETFCAP"]).args(&words))
}

/// What came of the mount.
fn errno(lines: &[Value]) -> Result<&Value, Failure> {
    let of = |action: &str| {
        let is_it = |line: &&Value| line["action"].as_str().is_some_and(|words| words.starts_with(action));
        lines.iter().find(is_it).map_or(&Value::Null, |line| &line["errno"])
    };
    for action in ["syscall", "write"] {
        ensure(of(action).is_null(), || format!("no user namespace inside: {lines:?}"))?;
    }
    Ok(of("mount"))
}

fn user_namespace_inside_mounts_no_procfs_after_no_pivot(t: &Trial<'_>) -> Verdict {
    let done = t
        .with_bundle(&["run", "--no-pivot"], &mounting(t, "proc")?)?
        .succeed()?;
    same("errno of mounting a procfs", errno(&done.lines()?)?, libc::EPERM)
}

fn user_namespace_inside_mounts_no_procfs_where_pivot_root_is_missing(t: &Trial<'_>) -> Verdict {
    let number = u32::try_from(libc::SYS_pivot_root).unwrap_or_default();
    let call = t.with_bundle(&["run", "--no-pivot"], &mounting(t, "proc")?)?;
    let done = call.without_call(number).succeed()?;
    same("errno of mounting a procfs", errno(&done.lines()?)?, libc::EPERM)
}

fn user_namespace_inside_mounts_no_sysfs_after_no_pivot(t: &Trial<'_>) -> Verdict {
    let done = t
        .with_bundle(&["run", "--no-pivot"], &mounting(t, "sysfs")?)?
        .succeed()?;
    same("errno of mounting a sysfs", errno(&done.lines()?)?, libc::EPERM)
}

fn root_cannot_be_left_after_no_pivot(t: &Trial<'_>) -> Verdict {
    let number = u32::try_from(libc::SYS_pivot_root).unwrap_or_default();
    let look = "list /.. , list /proc/1/root/.. , list /proc/1/cwd/../..";
    for is_missing in [false, true] {
        let call = t.with_bundle(&["run", "--no-pivot"], &t.bundle()?.probe(look))?;
        let call = if is_missing { call.without_call(number) } else { call };
        for line in call.succeed()?.lines()? {
            ensure(has(&line["value"], "probe"), || line.to_string())?;
        }
    }
    Ok(())
}

fn shared_rootfs_leaves_the_host_alone_after_no_pivot(t: &Trial<'_>) -> Verdict {
    let number = u32::try_from(libc::SYS_pivot_root).unwrap_or_default();
    for word in ["shared", "rshared", "rslave", "rprivate"] {
        let bundle = t.bundle()?.set("/linux/rootfsPropagation", word.into());
        let before = std::fs::read_to_string("/proc/self/mountinfo")?;
        let call = t.with_bundle(&["run", "--no-pivot"], &bundle)?.without_call(number);
        call.succeed()?;
        let after = std::fs::read_to_string("/proc/self/mountinfo")?;
        ensure(before == after, || format!("the host's mounts after {word}: {after}"))?;
    }
    Ok(())
}
