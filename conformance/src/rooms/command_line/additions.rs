//! Commands and flags that only some runtimes have, and those that are not there yet.

use std::fs;

use serde_json::{Value, json};

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

/// What runc has not.
const NOT_IN_RUNC: Known = ("runc", "1.1", "has nothing like it");
/// What crun has not.
const NOT_IN_CRUN: Known = ("crun", "1.8", "has nothing like it");

pub(crate) const TESTS: &[Test] = &[
    test!(list_is_filtered, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(filter_that_is_none_is_refused, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(config_can_be_another_file, NOT_IN_RUNC),
    test!(info_tells_of_the_host, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        checkpoint_that_is_not_there_does_not_pass_for_it,
        NOT_IN_RUNC,
        NOT_IN_CRUN
    ),
];

fn list_is_filtered(t: &Trial<'_>) -> Verdict {
    let marked = t
        .bundle()?
        .probe("sleep 60")
        .set("/annotations", json!({"org.example.a": "1"}));
    let running = t.launch(&marked)?.id;
    let created = t.create(&t.bundle()?.probe("sleep 60"))?.id;
    let both = format!("{running}\n{created}\n");
    for (filters, wanted) in [
        (&["status=running"][..], format!("{running}\n")),
        (&["status=created"], format!("{created}\n")),
        (&["status=stopped"], String::new()),
        (&["annotation=org.example.a"], format!("{running}\n")),
        (&["annotation=org.example.a=1"], format!("{running}\n")),
        (&["annotation=org.example.a=2"], String::new()),
        (&["status=running", "annotation=org.example.b"], String::new()),
        (&[], both),
    ] {
        let flags = filters.iter().flat_map(|filter| ["--filter", filter]);
        let words: Vec<&str> = ["list", "--quiet"].into_iter().chain(flags).collect();
        let out = t.call(&words).succeed()?.out;
        let mut lines: Vec<&str> = out.lines().collect();
        let mut wanted: Vec<&str> = wanted.lines().collect();
        lines.sort_unstable();
        wanted.sort_unstable();
        same(&format!("{filters:?}"), &lines, wanted)?;
    }
    Ok(())
}

fn filter_that_is_none_is_refused(t: &Trial<'_>) -> Verdict {
    for filter in ["status=well", "flux=1", "running"] {
        let word = filter.rsplit('=').next().unwrap_or(filter);
        t.call(&["list", "--filter", filter]).refuse(&["--filter", word])?;
    }
    Ok(())
}

fn config_can_be_another_file(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("stdout usual");
    bundle.save()?;
    let config = bundle.dir.join("config.json");
    let text = fs::read_to_string(&config)?.replace("usual", "other");
    fs::write(bundle.dir.join("other.json"), text)?;
    fs::remove_file(&config)?;
    let dir = bundle.dir.to_string_lossy().into_owned();
    let done = t
        .call(&["run", "--bundle", &dir, "--config", "other.json", &bundle.id])
        .succeed()?;
    ensure(done.out.contains("other"), || done.out.clone())
}

fn info_tells_of_the_host(t: &Trial<'_>) -> Verdict {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let text = t.call(&["info"]).succeed()?.out;
    ensure(
        text.lines()
            .any(|line| line.starts_with("kernel ") && line.contains(&release)),
        || text.clone(),
    )?;
    let info: Value = t.call(&["info", "--json"]).succeed()?.json()?;
    same("kernel", &info["kernel"], release)?;
    ensure(info["version"].is_string() && info["cgroup"].is_string(), || {
        info.to_string()
    })
}

/// Podman asks for the help of both, and takes an exit status of 0 for support.
fn checkpoint_that_is_not_there_does_not_pass_for_it(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    for words in [
        &["checkpoint", "--help"][..],
        &["restore", "--help"],
        &["help", "checkpoint"],
        &["checkpoint", "--image-path", "/nowhere", "--leave-running", &id],
        &["restore", "--image-path", "/nowhere", "--detach", "another"],
    ] {
        let done = t.call(words).refusal(&["not built yet"])?;
        same("exit status", &done.code, 1)?;
    }
    let features = t.call(&["features"]).succeed()?.json()?;
    same(
        "feature",
        &features["annotations"]["org.opencontainers.runc.checkpoint.enabled"],
        "false",
    )
}
