//! `process.args`, `process.env` and `process.cwd`: what the process is given and where it begins.

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
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
    test!(thousand_arguments_and_variables_arrive),
    test!(argument_of_100_kb_arrives),
    test!(value_without_a_name_in_the_environment_is_no_crash),
    test!(no_environment_at_all_is_fine),
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

fn home(t: &Trial<'_>, bundle: &Bundle) -> Result<String, Failure> {
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
}

fn relative_cwd_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/cwd", json!("tmp")), &["absolute"])
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

fn folder_of_the_user_only_is_entered(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::{PermissionsExt, chown};
    let bundle = t.bundle()?.user(1000, 1000).set("/process/cwd", json!("/data"));
    let folder = bundle.rootfs().join("data");
    chown(&folder, Some(1000), Some(1000))?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    same("cwd", &t.see_one(&bundle)?["cwd"], "/data")
}
