//! The flags of `exec`: the process is the container's own with what they change.

use std::fs::File;
use std::os::fd::OwnedFd;

use serde_json::{Value, json};

use super::exec_statuses::waiting;
use super::{probe, report};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

/// Its harm is undone by the harness.
const GIVES_AWAY: Known = ("crun", "1.8", "gives the host's own /dev/null to the process's user");

pub(crate) const TESTS: &[Test] = &[
    test!(cwd_is_where_it_says),
    test!(cwd_that_leads_out_is_refused),
    test!(
        environment_is_the_containers_and_what_is_added,
        ("crun", "1.8", "takes what is given for all")
    ),
    test!(variable_that_is_given_twice_counts_once),
    test!(user_is_who_it_says, GIVES_AWAY),
    test!(group_stays_where_no_other_is_given, GIVES_AWAY),
    test!(
        user_is_read_as_a_number_and_nothing_else,
        ("runc", "1.1", "takes a number beyond those of users, and a sign"),
        (
            "crun",
            "1.8",
            "takes what begins with a number, or has none in it, as 0"
        )
    ),
    test!(
        user_is_not_looked_up_in_the_containers_passwd,
        ("crun", "1.8", "takes a name as 0")
    ),
    test!(groups_are_added, ("crun", "1.8", "does not know --additional-gids")),
    test!(
        home_is_that_of_the_user,
        ("crun", "1.8", "keeps the environment as it is")
    ),
    test!(capability_is_added_and_not_made_inheritable),
    test!(capability_that_is_not_known_is_a_warning, ("crun", "1.8", "refuses it")),
    test!(no_new_privileges_are_set),
    test!(descriptors_are_passed_and_no_others),
    test!(terminal_is_not_inherited_from_the_config),
    test!(
        limits_and_priorities_of_the_container_are_taken_over,
        ("crun", "1.8", "sets no OOM score")
    ),
    test!(apparmor_where_there_is_none_is_refused),
    test!(command_has_flags_of_its_own),
    test!(no_command_is_refused, ("crun", "1.8", "words of its own")),
];

fn cwd_is_where_it_says(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 600").folder("some/where")?)?.id;
    same("cwd", &report(t, &id, &["--cwd", "/some/where"])?["cwd"], "/some/where")?;
    same("cwd", &report(t, &id, &[])?["cwd"], "/")
}

/// As CVE-2024-21626 has it.
fn cwd_that_leads_out_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for number in 3..32 {
        let flags = ["--cwd", &format!("/proc/self/fd/{number}")];
        let done = probe(t, &id, &flags, "report").finish()?;
        ensure(done.code != 0, || format!("descriptor {number} leads to {}", done.out))?;
    }
    Ok(())
}

fn variables(report: &Value) -> Vec<&str> {
    let list = report["env"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

fn environment_is_the_containers_and_what_is_added(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let bundle = bundle.set("/process/env", json!(["PATH=/bin", "HOME=/", "OWN=1"]));
    let id = t.launch(&bundle)?.id;
    let call = probe(t, &id, &["-e", "MORE=2", "-e", "LAST=a=b"], "report").variable("OURS", "3");
    let report = call.succeed()?.lines()?;
    let report = report.first().cloned().unwrap_or_default();
    same(
        "environment",
        &variables(&report),
        vec!["PATH=/bin", "HOME=/", "OWN=1", "MORE=2", "LAST=a=b"],
    )
}

fn variable_that_is_given_twice_counts_once(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let id = t.launch(&bundle.set("/process/env", json!(["HOME=/", "ONE=1"])))?.id;
    let report = report(t, &id, &["--env", "ONE=2", "--env", "ONE=3"])?;
    let ones: Vec<&str> = variables(&report)
        .into_iter()
        .filter(|one| one.starts_with("ONE="))
        .collect();
    same("the last", &ones.last().copied(), Some("ONE=3"))
}

fn user_is_who_it_says(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let report = report(t, &id, &["--user", "1000:1001"])?;
    same("users", &report["uids"], json!([1000, 1000, 1000]))?;
    same("groups", &report["gids"], json!([1001, 1001, 1001]))
}

fn group_stays_where_no_other_is_given(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 600").user(5, 6))?.id;
    let report = report(t, &id, &["-u", "7"])?;
    same("users", &report["uids"], json!([7, 7, 7]))?;
    same("groups", &report["gids"], json!([6, 6, 6]))
}

fn user_is_read_as_a_number_and_nothing_else(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for user in [
        "1 ",
        " 1",
        "+1",
        "-1",
        "4294967296",
        "4294967295",
        "0x1",
        "1:",
        ":1",
        "1:x",
        "x",
    ] {
        let done = probe(t, &id, &[&format!("--user={user}")], "report").finish()?;
        ensure(done.code == 255, || format!("{user:?} is taken: {}", done.out))?;
    }
    Ok(())
}

/// As CVE-2016-3697 has it: a name made of digits.
fn user_is_not_looked_up_in_the_containers_passwd(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let bundle = bundle.file("etc/passwd", "1000:x:0:0::/:/bin/sh\nuser:x:0:0::/:/bin/sh\n")?;
    let id = t.launch(&bundle)?.id;
    same(
        "users",
        &report(t, &id, &["-u", "1000"])?["uids"],
        json!([1000, 1000, 1000]),
    )?;
    ensure(probe(t, &id, &["-u", "user"], "report").finish()?.code != 0, || {
        "a name is taken".into()
    })
}

fn groups_are_added(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let id = t.launch(&bundle.set("/process/user/additionalGids", json!([10])))?.id;
    let report = report(t, &id, &["-g", "20", "-g", "30"])?;
    same("groups", &report["groups"], json!([10, 20, 30]))
}

fn home_is_that_of_the_user(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .file("etc/passwd", "x:x:44:44::/home/x:/bin/sh\n")?;
    let id = t.launch(&bundle.set("/process/env", json!(["PATH=/bin"])))?.id;
    let of_x = report(t, &id, &["--user", "44:44"])?;
    ensure(variables(&of_x).contains(&"HOME=/home/x"), || of_x["env"].to_string())?;
    let of_y = report(t, &id, &["--user", "45:45"])?;
    ensure(variables(&of_y).contains(&"HOME=/"), || of_y["env"].to_string())
}

/// The set of this name, as bits.
fn set_of(report: &Value, name: &str) -> Result<u64, Failure> {
    let text = report["status"][name].as_str().unwrap_or_default();
    u64::from_str_radix(text, 16).map_err(|_| Failure::Wrong(format!("{name} is {text:?}")))
}

/// As CVE-2022-29162 and its kind have it.
fn capability_is_added_and_not_made_inheritable(t: &Trial<'_>) -> Verdict {
    const CAP_NET_RAW: u64 = 1 << 13;
    let id = t
        .launch(&t.bundle()?.probe("sleep 600").capabilities(&["CAP_KILL"]))?
        .id;
    let report = report(t, &id, &["--cap", "CAP_NET_RAW"])?;
    for name in ["CapBnd", "CapPrm", "CapEff"] {
        ensure(set_of(&report, name)? & CAP_NET_RAW != 0, || {
            format!("it is not in {name}")
        })?;
    }
    ensure(set_of(&report, "CapInh")? & CAP_NET_RAW == 0, || {
        "it is inheritable".into()
    })
}

fn capability_that_is_not_known_is_a_warning(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = probe(t, &id, &["--cap", "CAP_FLY"], "exit 0").succeed()?;
    ensure(done.err.contains("CAP_FLY"), || done.err.clone())
}

fn no_new_privileges_are_set(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 600");
    let id = t.launch(&bundle.set("/process/noNewPrivileges", json!(false)))?.id;
    same("no_new_privs", &report(t, &id, &[])?["no_new_privs"], 0)?;
    same("no_new_privs", &report(t, &id, &["--no-new-privs"])?["no_new_privs"], 1)
}

fn descriptors_are_passed_and_no_others(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let open = || -> Result<OwnedFd, Failure> { Ok(File::open(t.probe())?.into()) };
    let call = probe(t, &id, &["--preserve-fds", "2"], "report");
    let call = call
        .descriptor(open()?, 3)
        .descriptor(open()?, 4)
        .descriptor(open()?, 5);
    let report = call.succeed()?.lines()?;
    let fds = report.first().map(|report| report["fds"].clone()).unwrap_or_default();
    let numbers: Vec<&str> = fds
        .as_object()
        .into_iter()
        .flatten()
        .map(|(number, _)| number.as_str())
        .collect();
    same("descriptors", &numbers, vec!["0", "1", "2", "3", "4"])
}

fn terminal_is_not_inherited_from_the_config(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    same(
        "terminal",
        &report(t, &id, &[])?["terminal"],
        json!([false, false, false]),
    )
}

fn limits_and_priorities_of_the_container_are_taken_over(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .probe("sleep 600")
        .set(
            "/process/rlimits",
            json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]),
        )
        .set("/process/oomScoreAdj", json!(321));
    let id = t.launch(&bundle)?.id;
    let report = report(t, &id, &[])?;
    same("limit", &report["rlimits"]["RLIMIT_NOFILE"], json!([100, 200]))?;
    same("OOM score", &report["oom_score_adj"], "321")
}

fn apparmor_where_there_is_none_is_refused(t: &Trial<'_>) -> Verdict {
    if std::fs::exists("/sys/module/apparmor")? {
        return Err(Failure::Skip("this host has AppArmor".into()));
    }
    let id = waiting(t)?.id;
    probe(t, &id, &["--apparmor", "docker-default"], "exit 0").refuse(&["rmor"])
}

fn command_has_flags_of_its_own(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = t
        .call(&["exec", &id, "/probe", "report", "--user", "5", "--help"])
        .succeed()?;
    let report = done.lines()?.first().cloned().unwrap_or_default();
    same(
        "arguments",
        &report["args"],
        json!(["/probe", "report", "--user", "5", "--help"]),
    )?;
    same("users", &report["uids"], json!([0, 0, 0]))
}

fn no_command_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let done = t.call(&["exec", &id]).finish()?;
    ensure(done.code != 0, || "it is taken".into())?;
    ensure(done.err.contains("args"), || done.err.clone())
}
