//! The command line itself: version, help, `spec`, verbs, flags and their spellings.

use std::fs;

use serde_json::{Value, json};

use crate::failure::{Verdict, ensure, same};
use crate::report::has;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(version_names_itself_and_the_spec),
    test!(version_has_runcs_lines, ("runc", "1.1", "Debian's says 1.1.5+ds1")),
    test!(help_names_the_verbs),
    test!(spec_writes_a_config_that_runs),
    test!(spec_does_not_overwrite),
    test!(
        features_probes_the_kernel,
        ("runc", "", "has no such option"),
        ("crun", "", "has no such option")
    ),
    test!(features_tells_what_is_built, ("crun", "1.8", "too old for it")),
    test!(unknown_verb_is_refused),
    test!(unknown_flag_is_refused),
    test!(wrong_number_of_arguments_is_refused),
    test!(
        flags_may_follow_the_id_in_every_common_spelling,
        ("crun", "1.8", "wants flags before the id")
    ),
    test!(operation_without_an_id_is_refused),
    test!(operation_on_an_unknown_id_is_refused),
];

fn version_names_itself_and_the_spec(t: &Trial<'_>) -> Verdict {
    let out = t.call(&["--version"]).succeed()?.out;
    let first = out.lines().next().unwrap_or_default();
    ensure(first.contains(" version "), || out.clone())?;
    ensure(out.lines().any(|line| line.starts_with("spec: 1.")), || out.clone())
}

fn version_has_runcs_lines(t: &Trial<'_>) -> Verdict {
    let out = t.call(&["-v"]).succeed()?.out;
    let version = out
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(2))
        .unwrap_or_default()
        .to_owned();
    ensure(
        version
            .split('.')
            .all(|part| part.split('-').next().is_some_and(|part| part.parse::<u32>().is_ok())),
        || out.clone(),
    )?;
    ensure(out.lines().any(|line| line.starts_with("commit: ")), || out.clone())
}

fn help_names_the_verbs(t: &Trial<'_>) -> Verdict {
    let out = t.call(&["--help"]).succeed()?.out;
    for verb in ["create", "start", "state", "kill", "delete", "run"] {
        ensure(out.contains(verb), || format!("{verb} is missing"))?;
    }
    Ok(())
}

fn spec_writes_a_config_that_runs(t: &Trial<'_>) -> Verdict {
    let mut bundle = t.bundle()?;
    t.call(&["spec"]).folder(&bundle.dir).succeed()?;
    bundle.config = serde_json::from_slice(&fs::read(bundle.dir.join("config.json"))?).unwrap_or(Value::Null);
    let cgroup = t.cgroup(&bundle.id);
    let bundle = bundle
        .set("/process/terminal", false.into())
        .set("/linux/cgroupsPath", cgroup.into());
    same(
        "hostname",
        &t.see_one(&bundle.args(&["/probe", "report"]))?["hostname"].is_string(),
        true,
    )
}

fn spec_does_not_overwrite(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    t.call(&["spec"]).folder(&bundle.dir).succeed()?;
    t.call(&["spec"]).folder(&bundle.dir).refuse(&["config.json"])
}

fn features_tells_what_is_built(t: &Trial<'_>) -> Verdict {
    let features = t.call(&["features"]).succeed()?.json()?;
    ensure(
        features["ociVersionMax"]
            .as_str()
            .is_some_and(|text| text.starts_with("1.")),
        || features.to_string(),
    )?;
    for kind in ["pid", "network", "ipc", "uts", "mount", "cgroup"] {
        ensure(has(&features["linux"]["namespaces"], kind), || {
            format!("{kind} is missing")
        })?;
    }
    ensure(has(&features["mountOptions"], "rbind"), || "rbind is missing".into())
}

fn features_probes_the_kernel(t: &Trial<'_>) -> Verdict {
    let features = t.call(&["features", "--probe"]).succeed()?.json()?;
    let probed = &features["probed"];
    ensure(has(&probed["namespaces"], "mount"), || probed.to_string())?;
    ensure(has(&probed["seccomp"]["actions"], "SCMP_ACT_ALLOW"), || {
        probed.to_string()
    })?;
    same(
        "without --probe",
        &t.call(&["features"]).succeed()?.json()?["probed"],
        json!(null),
    )
}

fn unknown_verb_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["frobnicate"]).refuse(&["frobnicate"])
}

fn unknown_flag_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["list", "--frobnicate"]).refuse(&["frobnicate"])
}

fn wrong_number_of_arguments_is_refused(t: &Trial<'_>) -> Verdict {
    for words in [
        &["state"] as &[&str],
        &["state", "a", "b"],
        &["start"],
        &["delete"],
        &["create"],
    ] {
        t.call(words).refuse(&[])?;
    }
    Ok(())
}

fn flags_may_follow_the_id_in_every_common_spelling(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    for words in [
        &["create", &bundle.id, "--bundle", &dir] as &[&str],
        &["create", &format!("--bundle={dir}"), &bundle.id],
        &["create", "-b", &dir, &bundle.id],
        &["create", "-bundle", &dir, &bundle.id],
        &["create", &format!("-bundle={dir}"), "--no-pivot=false", &bundle.id],
    ] {
        t.call(words).succeed()?;
        t.call(&["delete", "-f", &bundle.id]).succeed()?;
    }
    Ok(())
}

fn operation_without_an_id_is_refused(t: &Trial<'_>) -> Verdict {
    let dir = t.bundle()?;
    dir.save()?;
    let folder = dir.dir.to_string_lossy().into_owned();
    for words in [
        &["state"] as &[&str],
        &["create", "--bundle", &folder],
        &["run", "--bundle", &folder],
        &["start"],
        &["kill"],
        &["delete"],
    ] {
        t.call(words).refuse(&[])?;
    }
    Ok(())
}

fn operation_on_an_unknown_id_is_refused(t: &Trial<'_>) -> Verdict {
    for verb in ["state", "start", "kill", "delete"] {
        t.call(&[verb, &t.fresh_id()]).refuse(&[])?;
    }
    Ok(())
}
