//! What the program tells of itself and of what it does: `--debug`, `explain`, completions, the words of `check`.

use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

const RUNC_TELLS_LESS: Known = ("runc", "", "tells other things");
const CRUN_TELLS_LESS: Known = ("crun", "", "tells other things");

pub(crate) const TESTS: &[Test] = &[
    test!(
        debug_tells_each_act_of_the_plan_in_its_order,
        RUNC_TELLS_LESS,
        CRUN_TELLS_LESS
    ),
    test!(
        debug_without_a_log_goes_to_stderr,
        ("runc", "1.1", "tells nothing of a bundle's members"),
        CRUN_TELLS_LESS
    ),
    test!(debug_ends_before_the_step_that_fails, RUNC_TELLS_LESS, CRUN_TELLS_LESS),
    test!(without_debug_nothing_of_it_is_told),
    test!(lines_of_explain_differ, RUNC_TELLS_LESS, CRUN_TELLS_LESS),
    test!(explain_tells_notices_as_check_does, RUNC_TELLS_LESS, CRUN_TELLS_LESS),
    test!(
        help_completions_and_the_man_page_have_all_commands,
        RUNC_TELLS_LESS,
        CRUN_TELLS_LESS
    ),
    test!(
        ordinary_user_without_a_place_for_states_is_told_of_one,
        RUNC_TELLS_LESS,
        CRUN_TELLS_LESS
    ),
    test!(
        ordinary_user_tries_it_without_a_place_and_with_a_network_of_its_own,
        RUNC_TELLS_LESS,
        CRUN_TELLS_LESS
    ),
];

/// The messages of a log of JSON records, those of level `debug`, without the verb.
fn messages(log: &str, verb: &str) -> Vec<String> {
    let records = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let debug = records.filter(|record| record["level"] == "debug");
    debug
        .filter_map(|record| Some(record["msg"].as_str()?.strip_prefix(&format!("{verb}: "))?.to_owned()))
        .collect()
}

/// The lines of `explain` for a phase, as `--debug` has them.
fn explained(t: &Trial<'_>, folder: &str, id: &str, phase: &str) -> Result<Vec<String>, Failure> {
    let acts = t.call(&["explain", "--json", "--bundle", folder]).succeed()?.json()?;
    let of_phase = acts
        .as_array()
        .into_iter()
        .flatten()
        .filter(|act| act["phase"] == phase);
    let line = |act: &Value| {
        let path = act["path"]
            .as_str()
            .map(|path| format!(" ({path})"))
            .unwrap_or_default();
        let text = act["text"]
            .as_str()?
            .replace("/ID", &format!("/{id}"))
            .replace("_ses.ID", &format!("_ses.{id}"));
        Some(format!("{}: {text}{path}", act["by"].as_str()?))
    };
    Ok(of_phase.filter_map(line).collect())
}

fn debug_tells_each_act_of_the_plan_in_its_order(t: &Trial<'_>) -> Verdict {
    let hook = json!({"path": "/bin/true"});
    let bundle = t
        .bundle()?
        .hook("createRuntime", hook.clone())
        .hook("poststart", hook.clone())
        .hook("poststop", hook);
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    for (words, verb, phase) in [
        (
            &["create", "--bundle", &folder, &bundle.id] as &[&str],
            "create",
            "create",
        ),
        (&["start", &bundle.id], "start", "start"),
        (&["delete", "--force", &bundle.id], "delete", "delete"),
    ] {
        let log = t.dir.join(format!("log-{verb}"));
        t.call(words)
            .global(&["--debug", "--log-format", "json", "--log", &log.to_string_lossy()])
            .succeed()?;
        let told = messages(&std::fs::read_to_string(log)?, verb);
        let wanted = explained(t, &folder, &bundle.id, phase)?;
        // Init is ended by force here, in words of its own.
        let wanted: Vec<&String> = wanted.iter().filter(|line| !line.contains("kill init")).collect();
        let told: Vec<&String> = told.iter().skip(1).filter(|line| !line.contains("kill init")).collect();
        same(verb, &told, wanted)?;
    }
    Ok(())
}

fn debug_without_a_log_goes_to_stderr(t: &Trial<'_>) -> Verdict {
    let done = t.with_bundle(&["run"], &t.bundle()?)?.global(&["--debug"]).succeed()?;
    for part in ["debug: init: ", "(mounts[0])", "debug: runtime: remove the state"] {
        ensure(done.err.contains(part), || format!("no {part:?} in {}", done.err))?;
    }
    Ok(())
}

fn debug_ends_before_the_step_that_fails(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "tmpfs", &["no-such-parameter"])
        .mount("/never", "tmpfs", "tmpfs", &[]);
    let done = t
        .with_bundle(&["create"], &bundle)?
        .global(&["--debug"])
        .refusal(&["mounts[7].options[0]"])?;
    let lines: Vec<&str> = done.err.lines().collect();
    ensure(!done.err.contains("/never"), || done.err.clone())?;
    ensure(lines.iter().any(|line| line.contains("(mounts[6])")), || {
        done.err.clone()
    })?;
    ensure(!lines.iter().any(|line| line.contains("(mounts[7])")), || {
        done.err.clone()
    })?;
    ensure(
        lines.last().is_some_and(|line| line.contains("no-such-parameter")),
        || done.err.clone(),
    )
}

fn without_debug_nothing_of_it_is_told(t: &Trial<'_>) -> Verdict {
    let log = t.dir.join("log");
    let call = t
        .with_bundle(&["run"], &t.bundle()?)?
        .global(&["--log", &log.to_string_lossy()]);
    same("stderr", &call.succeed()?.err.as_str(), "")?;
    same("log", &std::fs::read_to_string(log).unwrap_or_default(), "")
}

fn lines_of_explain_differ(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    bundle.save()?;
    let lines = explained(t, &bundle.dir.to_string_lossy(), &bundle.id, "create")?;
    let joins = lines.iter().filter(|line| line.contains("join the cgroup"));
    for (at, line) in joins.enumerate() {
        let again = lines.iter().filter(|other| *other == line).count();
        ensure(again == 1, || format!("line {at} is there {again} times: {line}"))?;
    }
    Ok(())
}

fn explain_tells_notices_as_check_does(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/annotations", json!({"run.oci.no-such": "x"}))
        .set("/process/enf", json!(1));
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    let checked = t.call(&["check", &folder]).succeed()?.out;
    let explained = t.call(&["explain", &folder]).succeed()?.err;
    for word in ["warning", "notice"] {
        let line = checked.lines().find(|line| line.starts_with(&format!("{word}: ")));
        let line = line.ok_or_else(|| Failure::Wrong(format!("check has no {word}: {checked}")))?;
        ensure(explained.contains(line), || {
            format!("explain has no {line:?}: {explained}")
        })?;
    }
    Ok(())
}

fn help_completions_and_the_man_page_have_all_commands(t: &Trial<'_>) -> Verdict {
    let help = t.call(&["--help"]).succeed()?.out;
    let listed = help
        .split("COMMANDS:")
        .nth(1)
        .and_then(|rest| rest.split("GLOBAL OPTIONS:").next());
    let names: Vec<&str> = listed
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for name in ["man", "help", "kill", "completion"] {
        ensure(names.contains(&name), || format!("{name} is not in the help: {help}"))?;
    }
    let page = t.call(&["man"]).succeed()?.out;
    for shell in ["bash", "zsh", "fish"] {
        let script = t.call(&["completion", shell]).succeed()?.out;
        for name in &names {
            ensure(script.contains(name), || format!("{shell} does not complete {name}"))?;
            ensure(page.contains(&format!(".SS \"{name} ")), || {
                format!("{name} is not in the man page")
            })?;
        }
        ensure(
            script.contains(if shell == "fish" { "-l all" } else { "--all" }),
            || format!("{shell} does not complete kill --all"),
        )?;
    }
    let kill = t.call(&["kill", "--help"]).succeed()?.out;
    ensure(kill.contains("--all, -a"), || kill.clone())
}

/// A shell's line that has the ordinary user run the runtime, without a folder for states.
fn bare_user(t: &Trial<'_>) -> String {
    let runtime = t.dir.join("runtime");
    format!(
        "cp \"$0\" {0}; exec setpriv --reuid={USER} --regid={USER} --clear-groups {0} \"$@\"",
        runtime.display()
    )
}

fn ordinary_user_without_a_place_for_states_is_told_of_one(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?;
    bundle.save()?;
    let root = t.dir.join("roots-own");
    std::fs::create_dir(&root)?;
    std::os::unix::fs::chown(&root, Some(0), Some(0))?;
    std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    for words in [
        &["list"] as &[&str],
        &["state", "x"],
        &["start", "x"],
        &["kill", "x"],
        &["delete", "x"],
        &["delete", "--force", "x"],
        &["create", "--bundle", &folder, "x"],
        &["run", "--bundle", &folder, "x"],
    ] {
        t.call(words)
            .root(&root.to_string_lossy())
            .script(&bare_user(t))
            .refuse(&["permission denied", "XDG_RUNTIME_DIR", "--root"])?;
    }
    Ok(())
}

fn ordinary_user_tries_it_without_a_place_and_with_a_network_of_its_own(t: &Trial<'_>) -> Verdict {
    // Lets the user pass to the copy of the runtime.
    rootless(t)?.save()?;
    let script = format!("shift 2; {}", bare_user(t));
    let tried = |words: &[&str]| t.call(words).script(&script).variable("TMPDIR", "/tmp").succeed();
    same(
        "interfaces",
        &tried(&["try", "--", "ls", "/sys/class/net"])?.out.trim(),
        "lo",
    )?;
    let tour = tried(&["try"])?.out;
    for line in ["network      all interfaces: lo", "cgroup       /, to its own eyes"] {
        ensure(tour.contains(line), || format!("no {line:?} in {tour}"))?;
    }
    let by_root = t.call(&["try", "--", "ls", "/sys/class/net"]).succeed()?.out;
    same("as root", &by_root.trim(), "lo")?;
    as_user(t, t.call(&["try", "--", "true"]))?.succeed().map(drop)
}
