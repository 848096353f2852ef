//! Commands and flags that only some runtimes have, and those that are not there yet.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use crate::descriptor::descriptor_from;
use crate::failure::{Verdict, ensure, same, wrong};
use crate::rooms::deviations::{NOT_IN_CRUN, NOT_IN_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(list_is_filtered, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(filter_that_is_none_is_refused, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        config_can_be_another_file,
        NOT_IN_RUNC,
        ("crun", "1.8", "takes it as relative to where the caller is")
    ),
    test!(
        pidfd_of_a_container_goes_to_the_socket,
        ("runc", "1.1", "is older than --pidfd-socket"),
        ("crun", "1.8", "does not know --pidfd-socket")
    ),
    test!(try_keeps_its_bundle_where_it_is_asked_to, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        flags_of_checkpoint_and_restore_are_known,
        ("runc", "1.1", "does checkpoints"),
        ("crun", "1.8", "does checkpoints")
    ),
    test!(check_and_explain_take_another_config, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(bundle_of_a_filter_may_be_relative, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(check_tells_problems_as_json, NOT_IN_RUNC, NOT_IN_CRUN),
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

fn check_and_explain_take_another_config(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 0");
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    let text = fs::read_to_string(bundle.dir.join("config.json"))?;
    fs::write(bundle.dir.join("config.json"), "{}")?;
    fs::write(bundle.dir.join("other.json"), text)?;
    for words in [
        &["check", "--config", "other.json", &folder][..],
        &["check", "--config=other.json", "--bundle", &folder],
        &["explain", "--config", "other.json", &folder],
    ] {
        t.call(words).succeed()?;
    }
    for verb in ["check", "explain"] {
        t.call(&[verb, &folder]).refusal(&[])?;
        let call = t.call(&[verb, "--config", "third.json", &folder]);
        call.refuse(&["third.json", "no such file"])?;
    }
    Ok(())
}

fn bundle_of_a_filter_may_be_relative(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("sleep 60"))?;
    let state = t.call(&["state", &created.id]).succeed()?.json()?;
    let folder = state["bundle"].as_str().unwrap_or_default().to_owned();
    let dir = std::path::Path::new(&folder);
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (filter, found) in [
        (folder.clone(), true),
        (name.clone(), true),
        (format!("./{name}/."), true),
        ("..".into(), false),
    ] {
        let call = t.call(&["list", "--quiet", "--filter", &format!("bundle={filter}")]);
        let listed = call.folder(dir.parent().unwrap_or(dir)).succeed()?.out;
        same(&filter, &listed.contains(&created.id), found)?;
    }
    Ok(())
}

fn pidfd_of_a_container_goes_to_the_socket(t: &Trial<'_>) -> Verdict {
    for words in [&["create"][..], &["run", "--detach"]] {
        let path = t.dir.join(format!("pidfd-{}", t.fresh_number()));
        let listener = UnixListener::bind(&path)?;
        let taker = std::thread::spawn(move || descriptor_from(&listener).map_err(|error| error.to_string()));
        let bundle = t.bundle()?.probe("sleep 60");
        let call = t.with_bundle(words, &bundle)?;
        t.create_with(call.word("--pidfd-socket").word(&path.to_string_lossy()), &bundle)?;
        let pidfd = match taker.join() {
            Ok(Ok(pidfd)) => pidfd,
            other => return wrong(format!("no descriptor: {other:?}")),
        };
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
        let pid = info.lines().find_map(|line| line.strip_prefix("Pid:")).map(str::trim);
        same("process", &pid, Some(t.pid(&bundle.id)?.to_string().as_str()))?;
    }
    Ok(())
}

fn try_keeps_its_bundle_where_it_is_asked_to(t: &Trial<'_>) -> Verdict {
    let folder = t.dir.join("kept");
    let place = folder.to_string_lossy().into_owned();
    let script = "shift 2; exec \"$0\" \"$@\"";
    t.call(&["try", "--keep", &place, "--", "true"])
        .script(script)
        .variable("TMPDIR", "/tmp")
        .succeed()?;
    let config: Value = serde_json::from_slice(&fs::read(folder.join("config.json"))?).unwrap_or_default();
    same("args", &config["process"]["args"], json!(["true"]))?;
    t.call(&["check", &place]).succeed().map(drop)
}

/// An engine that gives them hears that there are no checkpoints, and not that a flag is wrong.
fn flags_of_checkpoint_and_restore_are_known(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    let switches = [
        "--tcp-established",
        "--ext-unix-sk",
        "--shell-job",
        "--lazy-pages",
        "--file-locks",
        "--auto-dedup",
    ];
    let both = ["--work-path=w", "--manage-cgroups-mode=soft", "--empty-ns=network"];
    for (words, own) in [
        (
            ["checkpoint", &id],
            &[
                "--parent-path=p",
                "--tcp-skip-in-flight",
                "--link-remap",
                "--status-fd=3",
                "--page-server=a:1",
                "--pre-dump",
            ][..],
        ),
        (
            ["restore", "another"],
            &[
                "--console-socket=s",
                "--bundle=b",
                "--pid-file=p",
                "--no-subreaper",
                "--no-pivot",
                "--lsm-profile=a:b",
                "--lsm-mount-context=c",
            ],
        ),
    ] {
        for flag in switches.iter().chain(&both).chain(own) {
            t.call(&[words[0], flag, words[1]]).refuse(&["not built yet"])?;
        }
    }
    Ok(())
}

fn check_tells_problems_as_json(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/enf", json!(1));
    bundle.save()?;
    let folder = bundle.dir.to_string_lossy().into_owned();
    let problems = t.call(&["check", "--json", "--bundle", &folder]).succeed()?.json()?;
    same("severity", &problems[0]["severity"], "warning")?;
    same("path", &problems[0]["path"], "process.enf")?;
    ensure(problems[0]["text"].is_string(), || problems.to_string())?;
    bundle.set("/process/cwd", json!("relative")).save()?;
    let done = t.call(&["check", "--json", &folder]).refusal(&[])?;
    let errors = done
        .json()?
        .as_array()
        .into_iter()
        .flatten()
        .any(|problem| problem["severity"] == "error");
    ensure(errors, || done.out.clone())
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
