//! `process`: arguments, environment, working directory, and the small attributes.

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(arguments_arrive_as_given),
    test!(environment_is_what_the_config_says),
    test!(last_of_two_equal_variables_wins),
    test!(home_comes_from_the_containers_passwd),
    test!(home_is_the_root_folder_without_passwd),
    test!(home_that_is_set_stays),
    test!(cwd_is_where_the_config_says),
    test!(missing_cwd_is_made),
    test!(cwd_that_is_a_file_is_refused),
    test!(relative_cwd_is_refused, ("crun", "1.8", "takes it as relative to /")),
    test!(program_is_looked_for_in_the_containers_path),
    test!(program_with_a_slash_is_relative_to_cwd),
    test!(missing_program_is_refused_at_create),
    test!(missing_program_in_path_is_refused_at_create),
    test!(
        folder_as_program_is_refused_at_create,
        ("crun", "1.8", "says only: open executable, not permitted")
    ),
    test!(program_without_the_executable_bit_is_refused_at_create),
    test!(
        empty_arguments_are_refused,
        ("crun", "1.8", "says only: open executable, invalid argument")
    ),
    test!(
        missing_process_is_refused_at_start_or_before,
        (
            "crun",
            "1.8",
            "internal error: max number of capabilities not initialized"
        )
    ),
    test!(process_is_pid_one_and_leads_its_session),
    test!(oom_score_adj_is_set),
    test!(oom_score_adj_out_of_range_is_refused),
    test!(umask_is_set),
    test!(
        unset_umask_is_inherited,
        ("runc", "1.1", "forces 0022"),
        ("crun", "1.8", "forces 0022")
    ),
    test!(no_new_privileges_is_set),
    test!(no_new_privileges_is_off_when_not_asked_for),
    test!(session_keyring_is_a_new_one),
    test!(session_keyring_is_inherited_with_no_new_keyring),
    test!(parent_death_signal_is_clear),
    test!(process_is_dumpable_and_has_no_secure_bits),
    test!(
        start_reports_that_the_file_is_no_program,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(
        start_reports_a_script_without_its_interpreter,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(process_carries_the_programs_name_and_file),
    test!(thousand_arguments_and_variables_arrive),
    test!(argument_of_100_kb_arrives),
    test!(unset_oom_score_adj_is_inherited),
    test!(oom_score_adj_of_zero_is_set, ("crun", "1.8", "takes zero for unset")),
    test!(value_without_a_name_in_the_environment_is_no_crash),
    test!(no_environment_at_all_is_fine),
    test!(missing_arguments_are_an_error),
    test!(program_of_an_additional_group_is_executed),
    test!(program_of_another_user_is_not_executed),
    test!(search_passes_over_what_cannot_be_executed),
    test!(folder_of_the_user_only_is_entered),
];

fn arguments_arrive_as_given(t: &Trial<'_>) -> Verdict {
    let words = [
        "/probe",
        "report",
        "",
        " spaces  and\ttabs ",
        "quote\"'`$HOME",
        "\u{fc}\u{1f980}",
        "-x",
        "--",
    ];
    same("args", &t.see_one(&t.bundle()?.args(&words))?["args"], json!(words))
}

fn environment_is_what_the_config_says(t: &Trial<'_>) -> Verdict {
    let wanted = ["PATH=/bin", "EMPTY=", "A=b=c", "HOME=/h", "LINE=a\nb"];
    let report = t.see_one(&t.bundle()?.set("/process/env", json!(wanted)))?;
    let mut seen: Vec<&str> = report["env"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str())
        .collect();
    seen.sort_unstable();
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    same("env", &seen, wanted)
}

fn last_of_two_equal_variables_wins(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/process/env", json!(["A=1", "B=x", "A=2", "HOME=/"])))?;
    let seen: Vec<&str> = report["env"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str())
        .collect();
    // The first one is what getenv finds.
    same(
        "A",
        &seen.iter().find(|one| one.starts_with("A=")).copied(),
        Some("A=2"),
    )
}

fn home(t: &Trial<'_>, bundle: &crate::bundle::Bundle) -> Result<String, crate::failure::Failure> {
    let report = t.see_one(bundle)?;
    let found = report["env"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|one| one.as_str()?.strip_prefix("HOME="));
    Ok(found.unwrap_or("(unset)").to_owned())
}

fn home_comes_from_the_containers_passwd(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n",
    )?;
    same("HOME", &home(t, &bundle.user(1000, 1000))?, "/home/user")
}

fn home_is_the_root_folder_without_passwd(t: &Trial<'_>) -> Verdict {
    same("HOME", &home(t, &t.bundle()?)?, "/")
}

fn home_that_is_set_stays(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("etc/passwd", "root:x:0:0::/root:/bin/sh\n")?;
    same(
        "HOME",
        &home(t, &bundle.set("/process/env", json!(["HOME=/elsewhere"])))?,
        "/elsewhere",
    )
}

fn cwd_is_where_the_config_says(t: &Trial<'_>) -> Verdict {
    same(
        "cwd",
        &t.see_one(&t.bundle()?.set("/process/cwd", json!("/dev/shm")))?["cwd"],
        "/dev/shm",
    )
}

fn missing_cwd_is_made(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().set("/process/cwd", json!("/new/folder"));
    same("cwd", &t.see_one(&bundle)?["cwd"], "/new/folder")
}

fn cwd_that_is_a_file_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/cwd", json!("/probe")), &["/probe"])
        .map(drop)
}

fn relative_cwd_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/cwd", json!("tmp")), &["absolute"])
        .map(drop)
}

fn program_is_looked_for_in_the_containers_path(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/env", json!(["PATH=/nonexistent:/data:/tmp"]))
        .args(&["tool", "report"]);
    std::fs::copy(bundle.rootfs().join("probe"), bundle.rootfs().join("data/tool"))?;
    same("exe", &t.see_one(&bundle)?["exe"], "/data/tool")
}

fn program_with_a_slash_is_relative_to_cwd(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/cwd", json!("/tmp"))
        .args(&["../probe", "report"]);
    same("exe", &t.see_one(&bundle)?["exe"], "/probe")
}

fn missing_program_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["/nope"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["/nope", "o such file or directory"])
        .map(drop)
}

fn missing_program_in_path_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["nope"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["nope", "executable file", "not found"])
        .map(drop)
}

fn folder_as_program_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["/etc"]);
    t.with_bundle(&["create"], &bundle)?.refuse(&["/etc"]).map(drop)
}

fn program_without_the_executable_bit_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("data/text", "hello")?.args(&["/data/text"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["ermission denied"])
        .map(drop)
}

fn empty_arguments_are_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.args(&[]), &["args"]).map(drop)
}

fn missing_process_is_refused_at_start_or_before(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.remove("", "process"), &["rocess"]).map(drop)
}

fn process_is_pid_one_and_leads_its_session(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("pid", &report["pid"], 1)?;
    same("session", &report["sid"], 1)?;
    same("process group", &report["pgid"], 1)
}

fn oom_score_adj_is_set(t: &Trial<'_>) -> Verdict {
    same(
        "oom_score_adj",
        &t.see_one(&t.bundle()?.set("/process/oomScoreAdj", json!(321)))?["oom_score_adj"],
        "321",
    )
}

fn oom_score_adj_out_of_range_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/oomScoreAdj", json!(1001)), &["oom"])
        .map(drop)
}

fn umask_is_set(t: &Trial<'_>) -> Verdict {
    same(
        "umask",
        &t.see_one(&t.bundle()?.set("/process/user/umask", json!(0o027)))?["umask"],
        0o027,
    )
}

fn unset_umask_is_inherited(t: &Trial<'_>) -> Verdict {
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o013));
    let report = t.see_one(&t.bundle()?);
    rustix::process::umask(before);
    same("umask", &report?["umask"], 0o013)
}

fn no_new_privileges_is_set(t: &Trial<'_>) -> Verdict {
    same("no_new_privs", &t.see_one(&t.bundle()?)?["no_new_privs"], 1)
}

fn no_new_privileges_is_off_when_not_asked_for(t: &Trial<'_>) -> Verdict {
    same(
        "no_new_privs",
        &t.see_one(&t.bundle()?.remove("/process", "noNewPrivileges"))?["no_new_privs"],
        0,
    )
}

fn session_keyring_is_a_new_one(t: &Trial<'_>) -> Verdict {
    let first = t.see_one(&t.bundle()?)?["keyring"].clone();
    let second = t.see_one(&t.bundle()?)?["keyring"].clone();
    ensure(first.is_number() && first != second, || {
        format!("keyrings {first} and {second}")
    })
}

fn session_keyring_is_inherited_with_no_new_keyring(t: &Trial<'_>) -> Verdict {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let done = t.with_bundle(&["run", "--no-new-keyring"], &t.bundle()?)?.succeed()?;
        seen.push(done.lines()?[0]["keyring"].clone());
    }
    same("keyrings", &seen[0], seen[1].clone())
}

fn parent_death_signal_is_clear(t: &Trial<'_>) -> Verdict {
    same("pdeathsig", &t.see_one(&t.bundle()?)?["pdeathsig"], 0)
}

fn process_is_dumpable_and_has_no_secure_bits(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("dumpable", &report["dumpable"], 1)?;
    same("securebits", &report["securebits"], 0)
}

fn starts_in_vain(t: &Trial<'_>, text: &str, phrase: &str) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let bundle = t.bundle()?.file("data/app", text)?.args(&["/data/app"]);
    std::fs::set_permissions(bundle.rootfs().join("data/app"), std::fs::Permissions::from_mode(0o755))?;
    let created = t.create(&bundle)?;
    t.call(&["start", &created.id]).refuse(&["/data/app", phrase]).map(drop)
}

fn start_reports_that_the_file_is_no_program(t: &Trial<'_>) -> Verdict {
    starts_in_vain(t, "neither ELF nor script", "exec format error")
}

fn start_reports_a_script_without_its_interpreter(t: &Trial<'_>) -> Verdict {
    starts_in_vain(t, "#!/no/such/interpreter\n", "no such file or directory")
}

fn process_carries_the_programs_name_and_file(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("exe", &report["exe"], "/probe")?;
    same("name", &report["status"]["Name"], "probe")
}

fn thousand_arguments_and_variables_arrive(t: &Trial<'_>) -> Verdict {
    let mut args: Vec<String> = (0..1000).map(|index| format!("argument-{index}")).collect();
    args.splice(0..0, ["/probe".to_owned(), "report".to_owned()]);
    let env: Vec<String> = (0..1000).map(|index| format!("V{index}={index}")).collect();
    let report = t.see_one(
        &t.bundle()?
            .set("/process/args", json!(args))
            .set("/process/env", json!(env)),
    )?;
    same("args", &report["args"], json!(args))?;
    ensure(report["env"].as_array().is_some_and(|seen| seen.len() >= 1000), || {
        "variables are missing".into()
    })
}

fn argument_of_100_kb_arrives(t: &Trial<'_>) -> Verdict {
    let long = "x".repeat(100_000);
    let report = t.see_one(&t.bundle()?.args(&["/probe", "report", &long]))?;
    ensure(report["args"][2] == long.as_str(), || {
        "the long argument differs".into()
    })
}

fn unset_oom_score_adj_is_inherited(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &t.bundle()?)?;
    let done = call
        .script("echo 77 >/proc/self/oom_score_adj; exec \"$0\" \"$@\"")
        .succeed()?;
    same("oom_score_adj", &done.lines()?[0]["oom_score_adj"], "77")
}

fn oom_score_adj_of_zero_is_set(t: &Trial<'_>) -> Verdict {
    // Zero is a value, too: the caller has another one.
    let call = t.with_bundle(&["run"], &t.bundle()?.set("/process/oomScoreAdj", json!(0)))?;
    let done = call
        .script("echo 500 >/proc/self/oom_score_adj; exec \"$0\" \"$@\"")
        .succeed()?;
    same("oom_score_adj", &done.lines()?[0]["oom_score_adj"], "0")
}

fn value_without_a_name_in_the_environment_is_no_crash(t: &Trial<'_>) -> Verdict {
    let done = t.run(&t.bundle()?.set("/process/env", json!(["PATH=/", "word"])))?;
    ensure(done.code <= 1 && !done.err.contains("panic"), || {
        format!("{}: {}", done.code, done.err)
    })
}

fn no_environment_at_all_is_fine(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.remove("/process", "env"))?;
    let names: Vec<&str> = report["env"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str()?.split('=').next())
        .collect();
    ensure(names.iter().all(|name| *name == "HOME"), || format!("{names:?}"))
}

fn missing_arguments_are_an_error(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.args(&[]), &[])?;
    t.refused(&t.bundle()?.remove("/process", "args"), &[]).map(drop)
}

/// A copy of the probe with this mode, owned by root and group 5.
fn guarded(bundle: crate::bundle::Bundle, mode: u32) -> std::io::Result<crate::bundle::Bundle> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let file = bundle.rootfs().join("data/tool");
    std::fs::copy(bundle.rootfs().join("probe"), &file)?;
    chown(&file, Some(0), Some(5))?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode))?;
    Ok(bundle.args(&["/data/tool", "report"]))
}

fn program_of_an_additional_group_is_executed(t: &Trial<'_>) -> Verdict {
    let bundle = guarded(t.bundle()?.user(1000, 1000), 0o750)?;
    let report = t.see_one(&bundle.set("/process/user/additionalGids", json!([5])))?;
    same("exe", &report["exe"], "/data/tool")
}

fn program_of_another_user_is_not_executed(t: &Trial<'_>) -> Verdict {
    let bundle = guarded(t.bundle()?.user(1000, 1000), 0o750)?;
    t.refused(&bundle, &["ermission denied"]).map(drop)
}

fn search_passes_over_what_cannot_be_executed(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .folder("etc/tool")?
        .file("run/tool", "no program")?
        .set("/process/env", json!(["PATH=/etc:/run:/data"]))
        .args(&["tool", "report"]);
    std::fs::copy(bundle.rootfs().join("probe"), bundle.rootfs().join("data/tool"))?;
    same("exe", &t.see_one(&bundle)?["exe"], "/data/tool")
}

fn folder_of_the_user_only_is_entered(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::{PermissionsExt, chown};
    let bundle = t.bundle()?.user(1000, 1000).set("/process/cwd", json!("/data"));
    let folder = bundle.rootfs().join("data");
    chown(&folder, Some(1000), Some(1000))?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    same("cwd", &t.see_one(&bundle)?["cwd"], "/data")
}
