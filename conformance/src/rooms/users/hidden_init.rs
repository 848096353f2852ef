//! What a process of the host that is root by its uid alone, without a capability, sees of a container in the making.

use std::fs;

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(init_in_a_new_user_namespace_is_hidden_from_root_without_capabilities),
    test!(init_that_joins_others_is_hidden_from_root_without_capabilities),
    test!(init_of_a_runtime_that_may_trace_nobody_is_hidden),
    test!(
        init_is_hidden_where_only_the_user_namespace_is_new,
        ("runc", "1.1", "does not run without a /proc")
    ),
    test!(
        offsets_of_clocks_and_the_oom_score_are_set_in_a_hidden_init,
        crate::rooms::deviations::OLD_RUNC,
        crate::rooms::deviations::OLD_CRUN
    ),
];

/// Tries everything at each stage of the host's hooks, and writes down what could be read.
fn shows_nothing(t: &Trial<'_>, bundle: Bundle) -> Verdict {
    shows_nothing_of(t, bundle, "exec \"$0\" \"$@\"")
}

/// The same of a runtime that a script starts.
fn shows_nothing_of(t: &Trial<'_>, mut bundle: Bundle, start: &str) -> Verdict {
    let found = t.dir.join("found");
    let script = format!(
        r#"pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/'); export pid
        exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all sh -c '
        grep -q "CapEff:.0000000000000000" /proc/self/status && echo tried >> {found}
        for file in root/etc/passwd cwd/. environ maps mem auxv; do
            head -c 1 /proc/$pid/$file > /dev/null 2>&1 && echo $file >> {found}
            ls /proc/$pid/$file/ > /dev/null 2>&1 && echo $file/ >> {found}
        done
        ls /proc/$pid/root/ > /dev/null 2>&1 && echo root >> {found}
        for fd in /proc/$pid/fd/*; do readlink $fd > /dev/null 2>&1 && echo fd >> {found}; done
        readlink /proc/$pid/exe > /dev/null 2>&1 && echo exe >> {found}
        exit 0'"#,
        found = found.display()
    );
    for stage in ["prestart", "createRuntime"] {
        bundle = bundle.hook(
            stage,
            json!({"path": "/bin/sh", "args": ["sh", "-c", &script],
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}),
        );
    }
    t.with_bundle(&["run"], &bundle.probe("exit 0"))?
        .script(start)
        .succeed()?;
    let said = fs::read_to_string(&found).unwrap_or_default();
    let tried = said.lines().filter(|line| *line == "tried").count();
    if tried != 2 {
        return Err(Failure::Wrong(format!("the hooks could not try: {said:?}")));
    }
    let read: Vec<&str> = said.lines().filter(|line| *line != "tried").collect();
    ensure(read.is_empty(), || format!("could be read of init: {read:?}"))
}

fn init_in_a_new_user_namespace_is_hidden_from_root_without_capabilities(t: &Trial<'_>) -> Verdict {
    shows_nothing(t, mapped(t)?)
}

fn init_that_joins_others_is_hidden_from_root_without_capabilities(t: &Trial<'_>) -> Verdict {
    let network = format!("/proc/{}/ns/net", std::process::id());
    let bundle = mapped(t)?.without_namespace("network").joining("network", &network);
    // A sysfs is the network namespace's.
    shows_nothing(t, bundle.without_mount("/sys"))
}

fn init_of_a_runtime_that_may_trace_nobody_is_hidden(t: &Trial<'_>) -> Verdict {
    let start = "exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace \"$0\" \"$@\"";
    shows_nothing_of(t, mapped(t)?, start)
}

fn init_is_hidden_where_only_the_user_namespace_is_new(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?
        .without_namespace("pid")
        .without_mount("/proc")
        .without_namespace("ipc");
    shows_nothing(t, bundle.without_mount("/dev/mqueue"))
}

fn offsets_of_clocks_and_the_oom_score_are_set_in_a_hidden_init(t: &Trial<'_>) -> Verdict {
    let bundle = mapped(t)?
        .new_namespace("time")
        .set("/linux/timeOffsets", json!({"monotonic": {"secs": 86400}}))
        .set("/process/oomScoreAdj", json!(300));
    let seen = t.see(&bundle.probe("read /proc/self/oom_score_adj , read /proc/self/timens_offsets"))?;
    let read = |index: usize| seen[index]["value"].as_str().unwrap_or_default().to_owned();
    ensure(read(0).trim() == "300" && read(1).contains("86400"), || {
        format!("{seen:?}")
    })
}
