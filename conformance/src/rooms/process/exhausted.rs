//! What the kernel refuses with a number that does not say why: the error does.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::failure::Verdict;
use crate::sentence::{Test, test};
use crate::trial::Trial;

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
];

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
