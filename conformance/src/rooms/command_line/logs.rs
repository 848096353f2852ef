//! `--log`, `--log-format`, and the form of errors.

use std::fs;

use serde_json::Value;

use crate::failure::{Verdict, ensure, same, wrong};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(json_log_holds_one_object_with_level_msg_and_time),
    test!(text_log_is_as_engines_know_it, ("crun", "1.8", "a form of its own")),
    test!(log_is_appended_to),
    test!(error_goes_to_stderr_too),
    test!(error_is_one_line_on_stderr),
    test!(
        error_says_that_it_is_one,
        ("runc", "1.1", "says it in the log's form only"),
        ("crun", "1.8", "says it in the log's form only")
    ),
    test!(unknown_log_format_is_refused, ("crun", "1.8", "words of its own")),
    test!(success_leaves_the_log_empty),
    test!(exit_status_of_an_error_is_one),
    test!(log_that_cannot_be_opened_is_an_error),
];

fn json_log_holds_one_object_with_level_msg_and_time(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log");
    let bundle = t.bundle()?.args(&["/nope"]);
    let call = t.with_bundle(&["create"], &bundle)?;
    call.global(&["--log", &file.to_string_lossy(), "--log-format", "json"])
        .refuse(&[])?;
    let text = fs::read_to_string(file)?;
    let line: Value = serde_json::from_str(text.trim()).or_else(|_| wrong(format!("log: {text:?}")))?;
    same("level", &line["level"], "error")?;
    ensure(line["msg"].as_str().is_some_and(|text| text.contains("/nope")), || {
        line.to_string()
    })?;
    ensure(
        line["time"]
            .as_str()
            .is_some_and(|text| text.starts_with("20") && text.contains('T')),
        || line.to_string(),
    )
}

fn text_log_is_as_engines_know_it(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log");
    t.call(&["state", "nobody"])
        .global(&["--log", &file.to_string_lossy()])
        .refuse(&[])?;
    let text = fs::read_to_string(file)?;
    ensure(
        text.starts_with("time=\"20") && text.contains(" level=error msg=\""),
        || text,
    )
}

fn log_is_appended_to(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log");
    for _ in 0..3 {
        t.call(&["state", "nobody"])
            .global(&["--log", &file.to_string_lossy(), "--log-format", "json"])
            .refuse(&[])?;
    }
    same("lines", &fs::read_to_string(file)?.lines().count(), 3)
}

fn error_goes_to_stderr_too(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log");
    let bundle = t.bundle()?.args(&["/nope"]);
    t.with_bundle(&["create"], &bundle)?
        .global(&["--log", &file.to_string_lossy()])
        .refuse(&["/nope"])
}

fn error_is_one_line_on_stderr(t: &Trial<'_>) -> Verdict {
    let done = t.with_bundle(&["run"], &t.bundle()?.args(&["/nope"]))?.refusal(&[])?;
    same("lines", &done.err.trim_end().lines().count(), 1)
}

fn error_says_that_it_is_one(t: &Trial<'_>) -> Verdict {
    let missing = t.bundle()?.args(&["/nope"]);
    let failed = [
        ("run", t.with_bundle(&["run"], &missing)?.refusal(&[])?.err),
        ("delete", t.call(&["delete", "nobody"]).refusal(&[])?.err),
        ("state", t.call(&["state", "a/b"]).refusal(&[])?.err),
        ("", t.call(&["frobnicate"]).refusal(&[])?.err),
        (
            "",
            t.call(&["list"]).global(&["--log", "/no/such/log"]).refusal(&[])?.err,
        ),
    ];
    for (verb, said) in failed {
        let begins = if verb.is_empty() {
            " error: ".into()
        } else {
            format!(" {verb}: error: ")
        };
        ensure(said.contains(&begins), || format!("{verb}: {said:?}"))?;
    }
    // In the file the level says it.
    let file = t.dir.join("log");
    t.call(&["delete", "nobody"])
        .global(&["--log", &file.to_string_lossy()])
        .refuse(&[])?;
    let text = fs::read_to_string(file)?;
    ensure(text.contains(" level=error msg=\"delete: container"), || text)
}

fn unknown_log_format_is_refused(t: &Trial<'_>) -> Verdict {
    t.call(&["list"])
        .global(&["--log-format", "poem"])
        .refuse(&["invalid log-format"])
}

fn success_leaves_the_log_empty(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("log");
    let call = t.with_bundle(&["run"], &t.bundle()?)?;
    call.global(&["--log", &file.to_string_lossy(), "--log-format", "json"])
        .succeed()?;
    same("log", &fs::read_to_string(file).unwrap_or_default(), "")
}

fn exit_status_of_an_error_is_one(t: &Trial<'_>) -> Verdict {
    let done = t.run(&t.bundle()?.args(&["/nope"]))?;
    same("run", &done.code, 1)?;
    for verb in ["state", "start", "delete", "kill"] {
        same(verb, &t.call(&[verb, "nobody"]).refusal(&[])?.code, 1)?;
    }
    Ok(())
}

fn log_that_cannot_be_opened_is_an_error(t: &Trial<'_>) -> Verdict {
    t.call(&["list"])
        .global(&["--log", "/no/such/folder/log"])
        .refuse(&["/no/such/folder"])
}
