//! `config.json` as a text: broken, cut, huge, of another version, with members that nobody knows. One error each,
//! the host as before.

use std::fs;

use serde_json::{Value, json};

use crate::failure::{Verdict, ensure, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(config_that_is_not_json_is_refused),
    test!(config_that_is_no_object_is_refused, ("runc", "1.1", "panics on null")),
    test!(empty_config_is_refused),
    test!(missing_config_is_refused),
    test!(config_that_is_a_folder_is_refused),
    test!(missing_bundle_is_refused),
    test!(deep_config_is_refused),
    test!(huge_config_is_handled),
    test!(config_cut_at_any_place_is_refused),
    test!(
        text_after_the_config_is_refused,
        ("runc", "1.1", "reads the first value only")
    ),
    test!(
        byte_order_mark_is_passed_over,
        ("runc", "1.1", "takes it for a part of the text"),
        ("crun", "1.8", "takes it for a part of the text")
    ),
    test!(
        bundle_whose_path_is_no_utf8_runs_or_is_what_is_told,
        ("runc", "1.1", "tells of a rootfs that is not there"),
        ("crun", "1.8", "tells of JSON")
    ),
    test!(unknown_members_are_ignored),
    test!(
        strange_version_is_refused,
        ("runc", "1.1", "does not look at it"),
        ("crun", "1.8", "refuses some, runs others")
    ),
    test!(missing_version_is_refused, ("runc", "1.1", "does not look at it")),
    test!(
        newer_minor_version_runs,
        ("crun", "1.8", "refuses all that is newer than itself")
    ),
    test!(
        nul_in_strings_is_refused,
        ("runc", "1.1", "cuts the hostname at the NUL"),
        ("crun", "1.8", "cuts the string at the NUL")
    ),
    test!(invalid_utf8_is_no_crash),
    test!(
        annotation_with_an_empty_name_is_refused,
        ("runc", "1.1", "takes it"),
        ("crun", "1.8", "takes it")
    ),
    test!(annotation_that_is_no_text_is_refused),
    test!(null_is_what_absence_is),
    test!(member_that_is_needed_may_not_be_null),
    test!(reserved_annotations_are_taken),
    test!(
        members_of_other_platforms_are_ignored,
        ("crun", "1.8", "wants a complete windows member")
    ),
    test!(members_that_nobody_knows_are_told_of, RUNC_IS_SILENT, CRUN_IS_SILENT),
];

/// Runs a bundle whose config is exactly these bytes: it must be refused.
fn refuses(t: &Trial<'_>, text: &[u8]) -> Verdict {
    let bundle = t.bundle()?;
    fs::write(bundle.dir.join("config.json"), text)?;
    let done = t
        .call(&["run", "--bundle", &bundle.dir.to_string_lossy(), &bundle.id])
        .finish()?;
    let shown = String::from_utf8_lossy(text.get(..text.len().min(60)).unwrap_or_default()).into_owned();
    ensure(done.code == 1, || {
        format!("{shown:?} ended with {}: {}", done.code, done.err)
    })?;
    ensure(!done.err.contains("panic"), || format!("{shown:?}: {}", done.err))
}

fn config_that_is_not_json_is_refused(t: &Trial<'_>) -> Verdict {
    for text in [
        "hello",
        "{",
        "{\"ociVersion\": ",
        "<xml/>",
        "{'a': 1}",
        "\u{feff}{}",
        "\0",
        "{,}",
        "[1,]",
    ] {
        refuses(t, text.as_bytes())?;
    }
    Ok(())
}

fn byte_order_mark_is_passed_over(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("exit 7");
    bundle.save()?;
    let file = bundle.dir.join("config.json");
    let text = [b"\xef\xbb\xbf".as_slice(), &fs::read(&file)?].concat();
    fs::write(&file, &text)?;
    let run = |id: &str| t.call(&["run", "--bundle", &bundle.dir.to_string_lossy(), id]).finish();
    same("exit status", &run(&bundle.id)?.code, 7)?;
    // One is a mark, two are none.
    fs::write(&file, [b"\xef\xbb\xbf".as_slice(), &text].concat())?;
    same("exit status", &run(&bundle.id)?.code, 1)
}

/// A state that names another folder than the bundle's would be worse than an error.
fn bundle_whose_path_is_no_utf8_runs_or_is_what_is_told(t: &Trial<'_>) -> Verdict {
    use std::os::unix::ffi::OsStrExt;
    let bundle = t.bundle()?.probe("exit 7");
    bundle.save()?;
    fs::rename(&bundle.dir, t.dir.join(std::ffi::OsStr::from_bytes(b"odd-\xff")))?;
    // The shell makes the byte, since a word of a call is text.
    let done = t
        .call(&["run", &bundle.id])
        .folder(&t.dir)
        .script(r#"cd odd-* && exec "$0" "$@""#)
        .finish()?;
    let tells = done.err.contains("odd-") && done.err.contains("UTF-8") && !done.err.contains("rootfs");
    ensure(done.code == 7 || done.code == 1 && tells, || {
        format!("{}: {}", done.code, done.err)
    })
}

fn config_that_is_no_object_is_refused(t: &Trial<'_>) -> Verdict {
    for text in ["[]", "null", "true", "1", "\"text\"", "[{}]", "{}"] {
        refuses(t, text.as_bytes())?;
    }
    Ok(())
}

fn empty_config_is_refused(t: &Trial<'_>) -> Verdict {
    refuses(t, b"")?;
    refuses(t, b" \n")
}

fn missing_config_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    t.call(&["run", "--bundle", &bundle.dir.to_string_lossy(), &bundle.id])
        .refuse(&["config.json"])
}

fn config_that_is_a_folder_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    fs::create_dir(bundle.dir.join("config.json"))?;
    t.call(&["run", "--bundle", &bundle.dir.to_string_lossy(), &bundle.id])
        .refuse(&[])
}

fn missing_bundle_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["run", "--bundle", "/no/such/bundle", &t.fresh_id()])
        .refuse(&["/no/such/bundle"])
}

fn deep_config_is_refused(t: &Trial<'_>) -> Verdict {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        refuses(
            t,
            format!("{{\"hooks\": {}1{}}}", open.repeat(100_000), close.repeat(100_000)).as_bytes(),
        )?;
        refuses(t, open.repeat(100_000).as_bytes())?;
    }
    Ok(())
}

fn huge_config_is_handled(t: &Trial<'_>) -> Verdict {
    // 8 MB of an annotation: taken or refused, in a time that does not matter to anybody.
    let begin = std::time::Instant::now();
    let bundle = t
        .bundle()?
        .set("/annotations", json!({"big": "x".repeat(8 << 20)}))
        .probe("exit 0");
    let done = t.run(&bundle)?;
    ensure(done.code <= 1, || format!("ended with {}", done.code))?;
    ensure(begin.elapsed().as_secs() < 30, || format!("took {:?}", begin.elapsed()))
}

fn config_cut_at_any_place_is_refused(t: &Trial<'_>) -> Verdict {
    let text = serde_json::to_vec(&t.bundle()?.config).unwrap_or_default();
    for eighth in 0..8 {
        refuses(t, text.get(..text.len() * eighth / 8).unwrap_or_default())?;
    }
    Ok(())
}

fn text_after_the_config_is_refused(t: &Trial<'_>) -> Verdict {
    let mut text = serde_json::to_vec(&t.bundle()?.config).unwrap_or_default();
    text.extend_from_slice(b" trailing");
    refuses(t, &text)
}

fn unknown_members_are_ignored(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/org.example", json!({"a": [1]}))
        .set("/process/unknown", json!(1));
    t.see(&bundle.set("/linux/unknown", json!("x")).set("/solaris", json!({})))
        .map(drop)
}

fn strange_version_is_refused(t: &Trial<'_>) -> Verdict {
    for version in ["banana", "2.0.0", "0.9.9", "", "1", "1.0.0.0"] {
        t.refused(&t.bundle()?.set("/ociVersion", json!(version)), &[])?;
    }
    Ok(())
}

fn missing_version_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.remove("", "ociVersion"), &["ersion"])
}

fn newer_minor_version_runs(t: &Trial<'_>) -> Verdict {
    for version in ["1.0.0", "1.0.2-dev", "1.1.0", "1.2.1", "1.3.0"] {
        t.see(&t.bundle()?.set("/ociVersion", json!(version)))?;
    }
    Ok(())
}

fn nul_in_strings_is_refused(t: &Trial<'_>) -> Verdict {
    let with: [(&str, Value); 5] = [
        ("/process/args", json!(["/probe", "exit\u{0}x"])),
        ("/process/cwd", json!("/\u{0}x")),
        ("/process/env", json!(["A=b\u{0}c"])),
        ("/hostname", json!("h\u{0}x")),
        ("/mounts/0/destination", json!("/proc\u{0}x")),
    ];
    for (pointer, value) in with {
        let done = t.run(&t.bundle()?.set(pointer, value))?;
        ensure(done.code == 1, || format!("{pointer} ended with {}", done.code))?;
    }
    Ok(())
}

fn invalid_utf8_is_no_crash(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/annotations", json!({"a": "MARK"})).probe("exit 0");
    let text = serde_json::to_vec(&bundle.config).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let (before, after) = text.split_once("MARK").unwrap_or_default();
    let bytes = [before.as_bytes(), b"\xff\xfe\x80", after.as_bytes()].concat();
    fs::write(bundle.dir.join("config.json"), bytes)?;
    let done = t
        .call(&["run", "--bundle", &bundle.dir.to_string_lossy(), &bundle.id])
        .finish()?;
    ensure(done.code <= 1 && !done.err.contains("panic"), || {
        format!("{}: {}", done.code, done.err)
    })
}

fn annotation_with_an_empty_name_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/annotations", json!({"": "x"})), &[])
}

fn annotation_that_is_no_text_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/annotations", json!({"a": 1})), &[])
}

fn null_is_what_absence_is(t: &Trial<'_>) -> Verdict {
    let members = [
        "/annotations",
        "/hooks",
        "/hostname",
        "/mounts/0/options",
        "/mounts/0/source",
        "/process/capabilities",
        "/process/capabilities/effective",
        "/process/env",
        "/process/noNewPrivileges",
        "/process/oomScoreAdj",
        "/process/rlimits",
        "/process/terminal",
        "/process/user",
        "/process/user/additionalGids",
        "/process/user/gid",
        "/process/user/uid",
        "/process/user/umask",
        "/root/readonly",
        "/linux/maskedPaths",
        "/linux/resources",
        "/linux/resources/devices",
        "/linux/rootfsPropagation",
        "/linux/seccomp",
    ];
    for member in members {
        let report = t.see_one(&t.bundle()?.set(member, json!(null)))?;
        for ids in ["uids", "gids"] {
            same(&format!("{ids} with {member} null"), &report[ids], json!([0, 0, 0]))?;
        }
    }
    Ok(())
}

fn member_that_is_needed_may_not_be_null(t: &Trial<'_>) -> Verdict {
    for member in ["/process/cwd", "/linux/namespaces/0/type"] {
        t.refused(&t.bundle()?.set(member, json!(null)), &[])?;
    }
    Ok(())
}

fn reserved_annotations_are_taken(t: &Trial<'_>) -> Verdict {
    let names = [
        "os",
        "os.version",
        "os.features",
        "architecture",
        "variant",
        "author",
        "created",
        "stopSignal",
        "unheard-of",
    ];
    let annotations: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| (format!("org.opencontainers.image.{name}"), json!("SIGTERM")))
        .collect();
    t.see(&t.bundle()?.set("/annotations", Value::Object(annotations)))
        .map(drop)
}

fn members_of_other_platforms_are_ignored(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/commandLine", json!("cmd.exe"))
        .set("/process/user/username", json!("administrator"));
    t.see(&bundle.set("/windows", json!({})).set("/zos", json!({})))
        .map(drop)
}

fn members_that_nobody_knows_are_told_of(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/root/readOnly", json!(true))
        .set("/hooks/createruntime", json!([]));
    let done = t.run(&bundle)?;
    same("exit status", &done.code, 0)?;
    for member in ["root.readOnly", "hooks.createruntime"] {
        ensure(done.err.contains(&format!("warning: {member}: unknown member")), || {
            done.err.clone()
        })?;
    }
    Ok(())
}
