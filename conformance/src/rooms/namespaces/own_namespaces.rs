//! A namespace by path that is the runtime's own: nothing is changed in it. Each runtime is started in a mount
//! namespace that nobody else is in, since some change it all the same.

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(mount_namespace_of_the_runtime_is_refused, RUNC, CRUN),
    test!(uts_namespace_of_the_runtime_gets_no_name, RUNC, CRUN),
    test!(namespaces_of_the_runtime_get_no_parameters, CRUN),
    test!(user_namespace_of_the_runtime_is_refused),
    test!(
        check_knows_of_namespaces_of_the_runtime,
        ("runc", "1.1", "has no such verb"),
        ("crun", "1.8", "has no such verb")
    ),
    test!(pid_namespace_of_the_runtime_may_be_named),
];

const RUNC: Known = ("runc", "1.1", "takes the path for a container's");
const CRUN: Known = ("crun", "1.8", "takes the path for a container's");

/// `verb` with the bundle, in a mount namespace of its own.
fn refused(t: &Trial<'_>, bundle: &Bundle) -> Verdict {
    let name = host_name()?;
    let call = t.with_bundle(&["run"], bundle)?;
    let done = call
        .script("exec unshare --mount \"$0\" \"$@\"")
        .refusal(&["not allowed"])?;
    ensure(done.out.is_empty(), || format!("it ran: {}", done.out))?;
    same("the host's name", &host_name()?, name)
}

fn host_name() -> Result<String, Failure> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned())
}

fn mount_namespace_of_the_runtime_is_refused(t: &Trial<'_>) -> Verdict {
    refused(t, &t.bundle()?.joining("mount", "/proc/self/ns/mnt"))
}

fn uts_namespace_of_the_runtime_gets_no_name(t: &Trial<'_>) -> Verdict {
    refused(
        t,
        &t.bundle()?
            .set("/hostname", json!(host_name()?))
            .joining("uts", "/proc/self/ns/uts"),
    )
}

fn namespaces_of_the_runtime_get_no_parameters(t: &Trial<'_>) -> Verdict {
    let value = std::fs::read_to_string("/proc/sys/kernel/msgmax")?;
    let bundle = t.bundle()?.set("/linux/sysctl", json!({"kernel.msgmax": value.trim()}));
    refused(t, &bundle.joining("ipc", "/proc/self/ns/ipc"))?;
    let value = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward")?;
    let bundle = t
        .bundle()?
        .set("/linux/sysctl", json!({"net.ipv4.ip_forward": value.trim()}));
    refused(t, &bundle.joining("network", "/proc/self/ns/net"))
}

fn user_namespace_of_the_runtime_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.joining("user", "/proc/self/ns/user"), &[])
}

fn check_knows_of_namespaces_of_the_runtime(t: &Trial<'_>) -> Verdict {
    for (kind, file) in [("mount", "mnt"), ("uts", "uts"), ("user", "user")] {
        let path = format!("/proc/self/ns/{file}");
        let bundle = t.bundle()?.joining(kind, &path);
        bundle.save()?;
        let dir = bundle.dir.to_string_lossy().into_owned();
        let done = t.call(&["check", "--bundle", &dir]).finish()?;
        let said = format!("{}{}", done.out, done.err);
        let wanted = format!("not allowed in the host's {kind} namespace");
        ensure(done.code != 0 && said.contains(&wanted), || format!("{kind}: {said}"))?;
    }
    Ok(())
}

fn pid_namespace_of_the_runtime_may_be_named(t: &Trial<'_>) -> Result<(), Failure> {
    t.see(&t.bundle()?.joining("pid", "/proc/self/ns/pid")).map(drop)
}
