//! `--log`, `--log-format`, `--debug`: the file, and what stands in it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::Value;

use super::json_shapes::order;
use super::side::Side;
use super::{CRUN_IS_NOT_RUNC, compare};
use crate::failure::{Failure, Verdict};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(records_of_the_log_have_runcs_form, CRUN_IS_NOT_RUNC),
    test!(log_is_made_and_appended_to_as_by_runc),
    test!(log_that_cannot_be_written_fails_as_with_runc, CRUN_IS_NOT_RUNC),
    test!(
        log_of_a_success_is_empty_as_runcs,
        ("crun", "1.8", "is tried where runc leaves a cgroup behind")
    ),
    test!(debug_adds_records_as_with_runc, CRUN_IS_NOT_RUNC),
    test!(final_error_is_on_stderr_too_as_runcs, CRUN_IS_NOT_RUNC),
];

fn log_of(side: &Side<'_, '_>, flags: &[&str], words: &[&str]) -> Result<(i32, String, String), Failure> {
    fs::create_dir_all(&side.root)?;
    let file = side.t.dir.join(format!("log-{}", side.t.fresh_number()));
    let path = file.to_string_lossy().into_owned();
    let flags = [&["--log", &path], flags].concat();
    let done = side.call(words).global(&flags).finish()?;
    Ok((done.code, fs::read_to_string(file).unwrap_or_default(), done.err))
}

/// A record of text, without what is said and when.
fn form(line: &str) -> String {
    let (head, message) = line.split_once(" msg=").unwrap_or((line, ""));
    let digits = |letter: char| if letter.is_ascii_digit() { '9' } else { letter };
    let quoted = message.starts_with('"') && message.ends_with('"');
    format!("{} msg={quoted}", head.chars().map(digits).collect::<String>())
}

fn records_of_the_log_have_runcs_form(t: &Trial<'_>) -> Verdict {
    for words in [
        &["state", "nobody"][..],
        &["kill", "nobody"],
        &["exec", "nobody", "true"],
        &["frob"],
    ] {
        for flags in [&[][..], &["--log-format", "text"]] {
            compare(t, &format!("{words:?} {flags:?}"), |side| {
                let (code, log, _) = log_of(side, flags, words)?;
                Ok((code, log.lines().map(form).collect::<Vec<_>>()))
            })?;
        }
        compare(t, &format!("{words:?} as JSON"), |side| {
            let (code, log, _) = log_of(side, &["--log-format=json"], words)?;
            let record: Value = serde_json::from_str(&log).unwrap_or_default();
            let digits = |letter: char| if letter.is_ascii_digit() { '9' } else { letter };
            let time: String = record["time"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .map(digits)
                .collect();
            Ok((
                code,
                order(&log),
                record["level"].clone(),
                time,
                log.matches('\n').count(),
            ))
        })?;
    }
    Ok(())
}

fn log_is_made_and_appended_to_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "the file", |side| {
        let file = t.dir.join(format!("log-{}", t.fresh_number()));
        let path = file.to_string_lossy().into_owned();
        let mut lines = Vec::new();
        for _ in 0..2 {
            side.call(&["state", "nobody"]).global(&["--log", &path]).finish()?;
            lines.push(fs::read_to_string(&file)?.lines().count());
        }
        let mode = fs::metadata(&file)?.mode();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        fs::write(&file, "before\n")?;
        side.call(&["state", "nobody"]).global(&["--log", &path]).finish()?;
        let text = fs::read_to_string(&file)?;
        Ok((
            lines,
            mode,
            text.starts_with("before\n"),
            text.lines().count(),
            fs::metadata(&file)?.mode(),
        ))
    })
}

fn log_that_cannot_be_written_fails_as_with_runc(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    for (place, phrase) in [
        ("/no/such/folder/log", "no such file or directory"),
        (folder.as_str(), "is a directory"),
        ("/proc/version", "denied"),
    ] {
        compare(t, place, |side| {
            fs::create_dir_all(&side.root)?;
            let done = side.call(&["list"]).global(&["--log", place]).finish()?;
            Ok((done.code, done.out.is_empty(), done.err.contains(phrase)))
        })?;
    }
    compare(t, "/dev/full", |side| {
        fs::create_dir_all(&side.root)?;
        Ok(side
            .call(&["state", "nobody"])
            .global(&["--log", "/dev/full"])
            .finish()?
            .code)
    })
}

fn log_of_a_success_is_empty_as_runcs(t: &Trial<'_>) -> Verdict {
    for format in ["text", "json"] {
        compare(t, format, |side| {
            let log = log_of(side, &["--log-format", format], &["list"])?;
            let file = t.dir.join(format!("log-{}", t.fresh_number()));
            let flags = ["--log", &file.to_string_lossy(), "--log-format", format];
            let done = side
                .with_bundle(&["run"], &side.bundle()?.probe("exit 0"))?
                .global(&flags)
                .finish()?;
            Ok((log, done.code, done.err, fs::read_to_string(file)?))
        })?;
    }
    Ok(())
}

fn debug_adds_records_as_with_runc(t: &Trial<'_>) -> Verdict {
    for format in ["text", "json"] {
        compare(t, format, |side| {
            let file = t.dir.join(format!("log-{}", t.fresh_number()));
            let flags = ["--debug", "--log", &file.to_string_lossy(), "--log-format", format];
            let done = side
                .with_bundle(&["run"], &side.bundle()?.probe("exit 0"))?
                .global(&flags)
                .finish()?;
            let log = fs::read_to_string(file)?;
            let debug = if format == "json" {
                "\"level\":\"debug\""
            } else {
                " level=debug msg="
            };
            let parsed = log.lines().all(|line| {
                format == "text" || serde_json::from_str::<Value>(line).is_ok_and(|record| record["msg"].is_string())
            });
            Ok((
                done.code,
                done.err,
                log.lines().all(|line| line.contains(debug)),
                log.lines().count() > 3,
                parsed,
            ))
        })?;
    }
    Ok(())
}

fn final_error_is_on_stderr_too_as_runcs(t: &Trial<'_>) -> Verdict {
    for format in ["text", "json"] {
        compare(t, format, |side| {
            let (code, log, err) = log_of(side, &["--log-format", format], &["state", "nobody"])?;
            Ok((
                code,
                log.lines().count(),
                err.lines().count(),
                err.contains("does not exist"),
                err.contains("level="),
            ))
        })?;
    }
    Ok(())
}
