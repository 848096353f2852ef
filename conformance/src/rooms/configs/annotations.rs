//! Annotations that crun's and runc's users rely on (docs/annotations.md).

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::bundle::Bundle;
use crate::descriptor::descriptor_from;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(output_of_hooks_on_the_host_goes_to_files, RUNC),
    test!(output_of_hooks_in_the_container_goes_to_files, RUNC),
    test!(output_of_hooks_at_start_and_delete_goes_to_files, RUNC),
    test!(
        failing_hooks_words_are_in_the_file_and_in_the_error,
        RUNC,
        ("crun", "1.8", "the hook's words are not in the error")
    ),
    test!(
        file_for_hooks_that_cannot_be_opened_is_an_error,
        RUNC,
        ("crun", "1.8", "names no annotation")
    ),
    test!(file_for_hooks_is_not_open_in_the_container),
    test!(groups_of_the_caller_are_kept, RUNC),
    test!(groups_of_the_caller_are_kept_in_a_user_namespace, RUNC),
    test!(groups_of_the_caller_are_dropped_otherwise),
    test!(pidfd_receiver_gets_inits_pidfd, RUNC),
    test!(
        seccomp_receiver_is_the_agent,
        RUNC,
        ("crun", "1.8", "keeps the connection, and its own listener, open")
    ),
    test!(
        unknown_system_call_is_refused_if_that_is_asked_for,
        RUNC,
        ("crun", "1.8", "does not know it yet")
    ),
    test!(unknown_annotation_is_no_error),
    test!(
        value_that_makes_no_sense_is_refused,
        RUNC,
        ("crun", "1.8", "takes any value")
    ),
    test!(handler_is_refused, RUNC, ("crun", "1.8", "built without it")),
    test!(
        systemd_property_that_is_no_value_is_refused,
        ("runc", "1.1", "reads them with systemd only"),
        ("crun", "1.8", "reads them with systemd only")
    ),
    test!(systemd_properties_that_engines_write_are_no_error),
];

const RUNC: Known = ("runc", "1.1", "does not have the annotation");

fn annotated(bundle: Bundle, name: &str, value: &str) -> Bundle {
    // A dot is no separator of a JSON pointer.
    bundle.set(&format!("/annotations/{name}"), json!(value))
}

fn speaking(t: &Trial<'_>, path: &str, name: &str) -> Value {
    let probe = if path.is_empty() {
        t.probe().to_string_lossy().into_owned()
    } else {
        path.to_owned()
    };
    let (out, err) = (format!("out of {name}\n"), format!("err of {name}\n"));
    json!({"path": probe, "args": [name, "stdout", out, ",", "stderr", err]})
}

/// A bundle whose hooks' output goes to two files, which are given, too.
fn with_files(t: &Trial<'_>, bundle: Bundle) -> (Bundle, [std::path::PathBuf; 2]) {
    let [out, err] = ["hooks.out", "hooks.err"].map(|name| t.dir.join(name));
    let bundle = annotated(bundle, "run.oci.hooks.stdout", &out.to_string_lossy());
    let bundle = annotated(bundle, "run.oci.hooks.stderr", &err.to_string_lossy());
    (bundle, [out, err])
}

fn said(files: &[std::path::PathBuf; 2], names: &[&str]) -> Verdict {
    for (file, what) in files.iter().zip(["out", "err"]) {
        let text = fs::read_to_string(file)?;
        for name in names {
            let words = format!("{what} of {name}\n");
            same(&words, &text.matches(&words).count(), 1)?;
        }
    }
    Ok(())
}

fn output_of_hooks_on_the_host_goes_to_files(t: &Trial<'_>) -> Verdict {
    let bundle = ["prestart", "createRuntime"]
        .iter()
        .fold(t.bundle()?, |bundle, stage| bundle.hook(stage, speaking(t, "", stage)));
    let (bundle, files) = with_files(t, bundle);
    t.create(&bundle)?;
    said(&files, &["prestart", "createRuntime"])
}

fn output_of_hooks_in_the_container_goes_to_files(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .hook("createContainer", speaking(t, "", "createContainer"))
        .hook("startContainer", speaking(t, "/probe", "startContainer"))
        .probe("exit 0");
    let (bundle, files) = with_files(t, bundle);
    t.full_life(&bundle)?;
    said(&files, &["createContainer", "startContainer"])
}

fn output_of_hooks_at_start_and_delete_goes_to_files(t: &Trial<'_>) -> Verdict {
    let bundle = ["poststart", "poststop"]
        .iter()
        .fold(t.bundle()?, |bundle, stage| bundle.hook(stage, speaking(t, "", stage)));
    let (bundle, files) = with_files(t, bundle.probe("exit 0"));
    t.full_life(&bundle)?;
    said(&files, &["poststart", "poststop"])
}

fn failing_hooks_words_are_in_the_file_and_in_the_error(t: &Trial<'_>) -> Verdict {
    for (stage, path) in [
        ("createRuntime", t.probe().to_string_lossy()),
        ("createContainer", t.probe().to_string_lossy()),
        ("startContainer", "/probe".into()),
    ] {
        let words = format!("words of {stage}");
        let hook = json!({"path": path, "args": ["hook", "stderr", words, ",", "exit", "3"]});
        let (bundle, [_, err]) = with_files(t, t.bundle()?.hook(stage, hook));
        fs::write(&err, "before\n")?;
        let done = t.run(&bundle)?;
        ensure(done.code != 0 && done.err.contains(&words), || done.err.clone())?;
        ensure(!done.err.contains("before"), || done.err.clone())?;
        same("the file", &fs::read_to_string(&err)?, format!("before\n{words}"))?;
    }
    Ok(())
}

fn file_for_hooks_that_cannot_be_opened_is_an_error(t: &Trial<'_>) -> Verdict {
    for (stage, path) in [
        ("createRuntime", t.probe().to_string_lossy()),
        ("startContainer", "/probe".into()),
    ] {
        let hook = json!({"path": path, "args": ["hook", "exit", "0"]});
        let bundle = annotated(t.bundle()?.hook(stage, hook), "run.oci.hooks.stderr", "/nowhere/at/all");
        t.refused(&bundle, &["run.oci.hooks.stderr", "/nowhere/at/all"])?;
    }
    Ok(())
}

fn file_for_hooks_is_not_open_in_the_container(t: &Trial<'_>) -> Verdict {
    let hook = speaking(t, "/probe", "startContainer");
    let (bundle, _) = with_files(t, t.bundle()?.hook("startContainer", hook));
    let report = t.see_one(&bundle)?;
    let open: Vec<&String> = report["fds"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(number, _)| number)
        .collect();
    same("descriptors", &open, vec!["0", "1", "2"])
}

/// Runs a bundle by a caller who is in some groups.
fn groups_inside(t: &Trial<'_>, bundle: &Bundle) -> Result<Value, Failure> {
    let call = t.with_bundle(&["run"], bundle)?;
    let script = "exec setpriv --groups=4,24,7777 -- \"$0\" \"$@\"";
    Ok(call.script(script).succeed()?.lines()?[0]["groups"].clone())
}

fn groups_of_the_caller_are_kept(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(t.bundle()?, "run.oci.keep_original_groups", "1");
    same("groups", &groups_inside(t, &bundle)?, json!([4, 24, 7777]))
}

fn groups_of_the_caller_are_kept_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(t.bundle()?, "run.oci.keep_original_groups", "1")
        .set(
            "/linux/uidMappings",
            json!([{"containerID": 0, "hostID": 0, "size": 7777}]),
        )
        .set(
            "/linux/gidMappings",
            json!([{"containerID": 0, "hostID": 0, "size": 7777}]),
        )
        .new_namespace("user");
    // The last one has no name inside.
    same("groups", &groups_inside(t, &bundle)?, json!([4, 24, 65534]))
}

fn groups_of_the_caller_are_dropped_otherwise(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/process/user/additionalGids", json!([9]));
    same("groups", &groups_inside(t, &bundle)?, json!([9]))?;
    same("groups", &groups_inside(t, &t.bundle()?)?, json!([]))
}

fn pidfd_receiver_gets_inits_pidfd(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("receiver");
    let listener = UnixListener::bind(&path)?;
    let receiver = std::thread::spawn(move || descriptor_from(&listener));
    let bundle = annotated(t.bundle()?, "run.oci.pidfd_receiver", &path.to_string_lossy());
    let created = t.create(&bundle)?;
    let pid = t.pid(&created.id)?;
    let Ok(pidfd) = receiver.join() else {
        return wrong("harness: the receiver panicked");
    };
    let pidfd = pidfd?;
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let line = format!("Pid:\t{}\n", pid.as_raw_nonzero());
    ensure(about.contains(&line), || about.clone())
}

fn seccomp_receiver_is_the_agent(t: &Trial<'_>) -> Verdict {
    let agent = Agent::at(&t.dir.join("agent"), libc::SYS_getppid, libc::EXDEV)?;
    let profile =
        json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]});
    let bundle = t.bundle()?.set("/linux/seccomp", profile);
    let call = libc::SYS_getppid.to_string();
    let bundle = annotated(bundle, "run.oci.seccomp.receiver", &agent.path.to_string_lossy())
        .args(&["/probe", "syscall", &call]);
    let line = t.see_one(&bundle)?;
    agent.seen()?;
    same("errno", &line["errno"], libc::EXDEV)
}

fn unknown_system_call_is_refused_if_that_is_asked_for(t: &Trial<'_>) -> Verdict {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]});
    let bundle = t.bundle()?.set("/linux/seccomp", profile);
    t.see(&bundle)?;
    let bundle = annotated(bundle, "run.oci.seccomp_fail_unknown_syscall", "1");
    t.refused(&bundle, &["linux.seccomp.syscalls[0].names[1]", "no_such_call"])
}

fn unknown_annotation_is_no_error(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(t.bundle()?, "run.oci.of.another.runtime", "1");
    let bundle = annotated(annotated(bundle, "com.example", ""), "org.orlop.nothing", "{}");
    t.see(&bundle).map(drop)
}

fn value_that_makes_no_sense_is_refused(t: &Trial<'_>) -> Verdict {
    for (name, value) in [
        ("run.oci.keep_original_groups", "perhaps"),
        ("run.oci.hooks.stdout", "relative"),
        ("run.oci.pidfd_receiver", "relative"),
        ("run.oci.mount_context_type", "selinux"),
    ] {
        t.refused(
            &annotated(t.bundle()?, name, value),
            &[&format!("annotations[\"{name}\"]")],
        )?;
    }
    Ok(())
}

fn handler_is_refused(t: &Trial<'_>) -> Verdict {
    for name in ["run.oci.handler", "run.oci.seccomp.plugins"] {
        t.refused(
            &annotated(t.bundle()?, name, "/x"),
            &[&format!("annotations[\"{name}\"]")],
        )?;
    }
    Ok(())
}

fn systemd_property_that_is_no_value_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(t.bundle()?, "org.systemd.property.TimeoutStopUSec", "'soon'");
    t.refused(&bundle, &["org.systemd.property.TimeoutStopUSec"])
}

fn systemd_properties_that_engines_write_are_no_error(t: &Trial<'_>) -> Verdict {
    let bundle = annotated(t.bundle()?, "org.systemd.property.KillSignal", "15");
    let bundle = annotated(bundle, "org.systemd.property.CollectMode", "'inactive-or-failed'");
    let done = t.run(&annotated(
        bundle,
        "org.systemd.property.TimeoutStopUSec",
        "uint64 10000000",
    ))?;
    same("exit status", &done.code, 0)?;
    same("words", &done.err, "")
}
