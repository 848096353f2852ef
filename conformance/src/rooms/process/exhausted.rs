//! What the kernel refuses with a number that does not say why: the error does.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::failure::{Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{by, rootless_of};

pub(crate) const TESTS: &[Test] = &[
    test!(
        limit_of_files_above_the_kernels_own_is_told_as_that,
        ("runc", "1.1", "bare errno"),
        ("crun", "1.8", "bare errno")
    ),
    test!(
        pid_namespace_whose_init_has_ended_is_told_as_that,
        ("runc", "1.1", "bare errno"),
        ("crun", "1.8", "bare errno")
    ),
    test!(
        quota_of_keys_that_is_used_up_is_told_as_that,
        ("runc", "1.1", "bare errno"),
        ("crun", "1.8", "goes on in the caller's session keyring")
    ),
    test!(
        host_without_procfs_is_told_as_that,
        ("runc", "1.1", "names a file below /proc and no more"),
        ("crun", "1.8", "names a file below /proc and no more")
    ),
];

/// A user of whom nobody else here has keys.
const COLLECTOR: u32 = 4243;

fn limit_of_files_above_the_kernels_own_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let most: u64 = fs::read_to_string("/proc/sys/fs/nr_open")?
        .trim()
        .parse()
        .unwrap_or(1 << 20);
    let limits = json!([{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": most + 1}]);
    t.refused(
        &t.bundle()?.set("/process/rlimits", limits),
        &["rlimits[0].hard", "nr_open"],
    )
}

fn pid_namespace_whose_init_has_ended_is_told_as_that(t: &Trial<'_>) -> Verdict {
    // The shell's first child is the init of the namespace.
    let mut holder = Command::new("unshare")
        .args(["--pid", "sh", "-c", "/bin/true; exec sleep 60"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let path = format!("/proc/{}/ns/pid_for_children", holder.id());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let judged = t
        .bundle()
        .and_then(|bundle| t.refused(&bundle.joining("pid", &path), &["init of that pid namespace has ended"]));
    holder.kill()?;
    holder.wait()?;
    judged
}

fn quota_of_keys_that_is_used_up_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let bundle = rootless_of(t, COLLECTOR)?;
    let script = r#"
        setpriv --reuid 4243 --regid 4243 --clear-groups "$PROBE" collect-keys , sleep 30 >"$COUNT" &
        holder=$!
        until [ -s "$COUNT" ]; do sleep 0.05; done
        setpriv --reuid 4243 --regid 4243 --clear-groups "$0" "$@"
        status=$?
        kill $holder
        wait $holder
        exit $status"#;
    let count = t.dir.join("keys");
    let probe = t.dir.join("collector");
    fs::copy(t.probe(), &probe)?;
    by(t, t.with_bundle(&["run"], &bundle)?, COLLECTOR)?
        .variable("PROBE", &probe.to_string_lossy())
        .variable("COUNT", &count.to_string_lossy())
        .script(script)
        .refuse(&["session keyring", "quota of keys is used up", "--no-new-keyring"])?;
    let said = fs::read_to_string(&count)?;
    ensure(said.contains("\"value\""), || format!("the probe said {said:?}"))
}

fn host_without_procfs_is_told_as_that(t: &Trial<'_>) -> Verdict {
    let script = r#"exec unshare --mount sh -c 'umount -l /proc && exec "$0" "$@"' "$0" "$@""#;
    t.with_bundle(&["run"], &t.bundle()?)?
        .script(script)
        .refuse(&["there is no procfs at /proc"])
}
