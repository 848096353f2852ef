//! `process.apparmorProfile`, `process.selinuxLabel`, `linux.mountLabel` (config.md#linux-process,
//! config-linux.md#mount-label).

use std::path::Path;

use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(apparmor_profile_that_cannot_be_set_is_refused),
    test!(apparmor_profile_is_given_to_the_kernel),
    test!(
        selinux_label_that_cannot_be_set_is_refused,
        ("crun", "1.8", "says: write to /proc/self/attr/keycreate")
    ),
    test!(
        mount_label_without_selinux_is_no_failure,
        ("runc", "1.1", "gives the label to the kernel, which refuses it")
    ),
    test!(selinux_label_that_cannot_be_set_is_an_error),
];

/// Up to the kernel's refusal: with AppArmor, of a profile that nobody loaded.
fn apparmor_profile_that_cannot_be_set_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/apparmorProfile", json!("orlop-not-loaded"));
    t.refused(&bundle, &[])
}

/// Where the kernel has no AppArmor: the runtime is shown a host that says it has, and the kernel refuses what is
/// written.
fn apparmor_profile_is_given_to_the_kernel(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/module/apparmor").exists() {
        return Err(Failure::Skip("the host has AppArmor".into()));
    }
    let script = "unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /sys/module && \
        mkdir -p /sys/module/apparmor/parameters && echo Y >/sys/module/apparmor/parameters/enabled && \
        exec \"$0\" \"$@\"' \"$0\" \"$@\"";
    let bundle = t
        .bundle()?
        .set("/process/user", json!({"uid": 1000, "gid": 1000}))
        .set("/process/apparmorProfile", json!("orlop-not-loaded"));
    let call = t.with_bundle(&["run"], &bundle)?.script(script);
    call.refuse(&["/attr/"])
}

/// Up to the kernel's refusal: with SELinux, of a label that no policy knows.
fn selinux_label_that_cannot_be_set_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/selinuxLabel", json!("orlop_u:orlop_r:orlop_t:s0"));
    t.refused(&bundle, &["elinux"])
}

fn mount_label_without_selinux_is_no_failure(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        return Err(Failure::Skip("the host has SELinux".into()));
    }
    let label = json!("system_u:object_r:svirt_sandbox_file_t:s0:c715,c811");
    t.see(&t.bundle()?.set("/linux/mountLabel", label)).map(drop)
}

fn selinux_label_that_cannot_be_set_is_an_error(t: &Trial<'_>) -> Verdict {
    let label = json!("orlop_u:orlop_r:orlop_t:s0");
    t.refused(&t.bundle()?.set("/process/selinuxLabel", label), &[])
}
