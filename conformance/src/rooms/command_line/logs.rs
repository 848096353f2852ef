//! `--log`, `--log-format`, and the form of errors.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::{Failure, Verdict, ensure, same, wrong};
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
    test!(
        fifo_that_nobody_reads_is_refused_at_once,
        ("runc", "1.1", "waits for a reader"),
        ("crun", "1.8", "waits for a reader")
    ),
    test!(fifo_gets_the_records),
    test!(
        errors_in_the_log_hold_the_phrases_that_engines_look_for,
        ("crun", "1.8", "has words of its own")
    ),
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

fn fifo_that_nobody_reads_is_refused_at_once(t: &Trial<'_>) -> Verdict {
    let fifo = fifo(t)?;
    let running = t.call(&["state", "nobody"]).global(&["--log", &fifo]).spawn()?;
    let begin = Instant::now();
    while running.lives()? {
        ensure(begin.elapsed() < Duration::from_secs(10), || "it waits".into())?;
        std::thread::sleep(Duration::from_millis(5));
    }
    let done = running.wait()?;
    ensure(done.code == 1 && done.err.contains("FIFO"), || {
        format!("{}: {}", done.code, done.err)
    })
}

fn fifo(t: &Trial<'_>) -> Result<String, Failure> {
    let path = t.dir.join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )?;
    Ok(path.to_string_lossy().into_owned())
}

fn fifo_gets_the_records(t: &Trial<'_>) -> Verdict {
    let fifo = fifo(t)?;
    // A reader who is there first, as somebody has to be.
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let reader = rustix::fs::open(&fifo, flags, rustix::fs::Mode::empty())?;
    t.call(&["state", "nobody"])
        .global(&["--log", &fifo, "--log-format", "json"])
        .refuse(&[])?;
    let mut text = [0; 4096];
    let length = rustix::io::read(&reader, &mut text)?;
    let record: Value = serde_json::from_slice(text.get(..length).unwrap_or_default()).unwrap_or_default();
    same("level", &record["level"], "error")
}

/// As containerd, CRI-O, podman and dockerd have them in their sources.
fn errors_in_the_log_hold_the_phrases_that_engines_look_for(t: &Trial<'_>) -> Verdict {
    let running = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    let (stopped, _) = t.to_its_end(&t.bundle()?.probe("exit 0"))?;
    let stopped = stopped.id;
    let program = |words: &[&str]| -> Result<Vec<String>, Failure> {
        let bundle = t.bundle()?.file("text", "no program")?.args(words);
        bundle.save()?;
        let dir = bundle.dir.to_string_lossy().into_owned();
        Ok(["create", "--bundle", &dir, &bundle.id].map(str::to_owned).to_vec())
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    for (words, phrases) in [
        (words(&["kill", "nobody", "9"]), &["does not exist"][..]),
        (words(&["delete", "nobody"]), &["does not exist"]),
        (words(&["state", "nobody"]), &["does not exist"]),
        (words(&["kill", &stopped, "9"]), &["container not running"]),
        (words(&["pause", &stopped]), &["container not running"]),
        (
            words(&["start", &running]),
            &["cannot start an already running container"],
        ),
        (
            words(&["start", &stopped]),
            &["cannot start a container that has stopped"],
        ),
        (words(&["delete", &running]), &["that is not stopped: running"]),
        (
            words(&["exec", &stopped, "/probe"]),
            &["cannot exec in a stopped container"],
        ),
        (words(&["exec", &running, "/nope"]), &["no such file or directory"]),
        (words(&["exec", &running, "nope"]), &["executable file not found in"]),
        (program(&["/nope"])?, &["no such file or directory"]),
        (program(&["nope"])?, &["executable file not found in $PATH"]),
        (program(&["/etc"])?, &["permission denied"]),
        (program(&["/text"])?, &["permission denied"]),
    ] {
        let file = t.dir.join(format!("log-{}", t.fresh_number()));
        let flags = ["--log", &file.to_string_lossy(), "--log-format", "json"];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        t.call(&words).global(&flags).refuse(&[])?;
        // Podman takes the whole file for one object, containerd the last line.
        let record: Value = serde_json::from_str(&fs::read_to_string(file)?)
            .or_else(|error| wrong(format!("{words:?}: the log is no object: {error}")))?;
        let said = record["msg"].as_str().unwrap_or_default();
        for phrase in phrases {
            ensure(said.contains(phrase), || {
                format!("{words:?}: no {phrase:?} in {said:?}")
            })?;
        }
    }
    Ok(())
}
