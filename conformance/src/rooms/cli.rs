//! The command line itself.

use std::fs;

use serde_json::{Value, json};

use crate::failure::{Verdict, ensure, same};
use crate::suite::{Test, test};
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
    test!(root_may_be_long),
    test!(state_folder_is_private),
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
    t.call(&["spec"]).folder(&bundle.dir).refuse(&["config.json"]).map(drop)
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
        ensure(super::seen::has(&features["linux"]["namespaces"], kind), || {
            format!("{kind} is missing")
        })?;
    }
    ensure(super::seen::has(&features["mountOptions"], "rbind"), || {
        "rbind is missing".into()
    })
}

fn features_probes_the_kernel(t: &Trial<'_>) -> Verdict {
    let features = t.call(&["features", "--probe"]).succeed()?.json()?;
    let probed = &features["probed"];
    ensure(super::seen::has(&probed["namespaces"], "mount"), || probed.to_string())?;
    ensure(
        super::seen::has(&probed["seccomp"]["actions"], "SCMP_ACT_ALLOW"),
        || probed.to_string(),
    )?;
    same(
        "without --probe",
        &t.call(&["features"]).succeed()?.json()?["probed"],
        json!(null),
    )
}

fn unknown_verb_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["frobnicate"]).refuse(&["frobnicate"]).map(drop)
}

fn unknown_flag_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["list", "--frobnicate"]).refuse(&["frobnicate"]).map(drop)
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

fn root_may_be_long(t: &Trial<'_>) -> Verdict {
    let root = t.dir.join("r".repeat(200)).join("s".repeat(200));
    let root = root.to_string_lossy().into_owned();
    let bundle = t.bundle()?.probe("exit 5");
    bundle.save()?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    t.call(&["create", "--bundle", &dir, &bundle.id])
        .root(&root)
        .succeed()?;
    t.call(&["start", &bundle.id]).root(&root).succeed()?;
    t.call(&["delete", "--force", &bundle.id])
        .root(&root)
        .succeed()
        .map(drop)
}

fn state_folder_is_private(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let mode = fs::metadata(t.root.join(&created.id))?.permissions().mode() & 0o077;
    // The one or the other of the two folders must keep others out.
    let outer = fs::metadata(&t.root)?.permissions().mode() & 0o077;
    ensure(mode & 0o066 == 0 || outer & 0o077 == 0, || {
        format!("0{mode:o} in 0{outer:o}")
    })
}
