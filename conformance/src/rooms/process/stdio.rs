//! Descriptors and signals that the process inherits.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;
use serde_json::json;

use crate::call::text_on_stdin;
use crate::failure::{Verdict, ensure, same};
use crate::report::{has, has_start};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(stdin_reaches_the_process),
    test!(stdout_and_stderr_are_apart),
    test!(pipes_are_closed_when_the_container_ends),
    test!(no_descriptor_but_stdio_is_open),
    test!(callers_descriptors_do_not_leak),
    test!(preserved_descriptors_arrive),
    test!(preserved_descriptors_may_have_gaps, ("runc", "1.1", "refuses gaps")),
    test!(
        more_descriptors_are_preserved_than_there_are,
        ("runc", "1.1", "refuses gaps")
    ),
    test!(
        listen_fds_are_passed_on,
        ("crun", "1.8", "passes LISTEN_PID without LISTEN_FDS")
    ),
    test!(signals_are_at_their_defaults),
    test!(signals_that_the_caller_ignores_are_not_ignored_inside),
    test!(run_passes_signals_on),
    test!(signals_of_faults_are_passed_on_when_others_send_them),
    test!(closed_stdin_is_no_trouble),
    test!(large_output_arrives_whole),
    test!(preserved_descriptors_with_a_gap_are_refused_or_keep_their_numbers),
    test!(
        listen_fds_and_preserved_descriptors_go_together,
        ("crun", "1.8", "passes LISTEN_PID without LISTEN_FDS")
    ),
    test!(
        listen_fds_of_another_process_are_not_passed_on,
        ("crun", "1.8", "does not look at LISTEN_PID")
    ),
    test!(no_listen_fds_are_told_when_there_are_none),
    test!(null_of_the_host_is_not_given_away),
    test!(
        few_descriptors_are_enough_for_the_process,
        ("runc", "1.1", "needs more itself"),
        ("crun", "1.8", "needs more itself")
    ),
];

fn stdin_reaches_the_process(t: &Trial<'_>) -> Verdict {
    let call = t
        .with_bundle(&["run"], &t.bundle()?.probe("stdin"))?
        .stdin(text_on_stdin("hello\nworld")?);
    same("stdin", &call.succeed()?.lines()?[0]["value"], "hello\nworld")
}

fn stdout_and_stderr_are_apart(t: &Trial<'_>) -> Verdict {
    let done = t.run(&t.bundle()?.probe("stdout one , stderr two"))?;
    ensure(done.out.starts_with("one") && !done.out.contains("two{"), || {
        done.out.clone()
    })?;
    same("stderr", &done.err, "two")
}

fn pipes_are_closed_when_the_container_ends(t: &Trial<'_>) -> Verdict {
    let (mut reader, writer) = std::io::pipe()?;
    let bundle = t.bundle()?.probe("sleep 0.1");
    let call = t
        .with_bundle(&["create"], &bundle)?
        .streams(writer.try_clone()?, writer);
    call.succeed()?;
    t.adopt(&bundle.id);
    t.call(&["start", &bundle.id]).succeed()?;
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    ensure(text.contains("sleep"), || text)
}

/// Where the root of a container could reach the host's `/dev/null` by `/proc/self/fd`, it could change that for all.
fn null_of_the_host_is_not_given_away(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.probe("sleep 60");
    let null = || File::options().read(true).write(true).open("/dev/null");
    let id = &bundle.id;
    t.with_bundle(&["create"], &bundle)?
        .streams(null()?, null()?)
        .succeed()?;
    t.adopt(id);
    t.call(&["start", id]).succeed()?;
    let pid = t.pid(id)?.as_raw_nonzero();
    for number in 0..3 {
        is_another_null(&format!("/proc/{pid}/fd/{number}"))?;
    }
    Ok(())
}

/// Fails unless it is a node like `/dev/null`, and not the host's.
pub(in crate::rooms) fn is_another_null(path: &str) -> Verdict {
    let (host, seen) = (std::fs::metadata("/dev/null")?, std::fs::metadata(path)?);
    same("device", &seen.rdev(), host.rdev())?;
    ensure((seen.dev(), seen.ino()) != (host.dev(), host.ino()), || {
        format!("{path} is the host's /dev/null")
    })
}

fn open(report: &serde_json::Value) -> Vec<String> {
    report["fds"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(number, _)| number.clone())
        .collect()
}

fn no_descriptor_but_stdio_is_open(t: &Trial<'_>) -> Verdict {
    let (code, lines) = t.full_life(&t.bundle()?)?;
    same("exit status", &code, 0)?;
    same("descriptors", &open(&lines[0]), vec!["0", "1", "2"])
}

fn callers_descriptors_do_not_leak(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let mut call = t.with_bundle(&["run"], &bundle)?;
    for number in [3, 5, 9, 77, 200] {
        call = call.descriptor(File::open("/")?.into(), number);
    }
    same("descriptors", &open(&call.succeed()?.lines()?[0]), vec!["0", "1", "2"])
}

fn preserved_descriptors_arrive(t: &Trial<'_>) -> Verdict {
    let mut call = t.with_bundle(&["run", "--preserve-fds", "2"], &t.bundle()?)?;
    for number in 3..=5 {
        call = call.descriptor(File::open("/etc/passwd")?.into(), number);
    }
    let report = call.succeed()?.lines()?[0].clone();
    same("descriptors", &open(&report), vec!["0", "1", "2", "3", "4"])?;
    ensure(
        report["fds"]["3"].as_str().is_some_and(|path| path.ends_with("passwd")),
        || report["fds"].to_string(),
    )
}

fn preserved_descriptors_may_have_gaps(t: &Trial<'_>) -> Verdict {
    // With a log the runtime has a descriptor of its own, which would take the place of a gap.
    let log = t.dir.join("log").to_string_lossy().into_owned();
    let mut call = t
        .with_bundle(&["run", "--preserve-fds", "6"], &t.bundle()?)?
        .global(&["--log", &log]);
    for number in [4, 8, 9] {
        call = call.descriptor(File::open("/etc/passwd")?.into(), number);
    }
    let report = call.succeed()?.lines()?[0].clone();
    same("descriptors", &open(&report), vec!["0", "1", "2", "4", "8"])
}

fn more_descriptors_are_preserved_than_there_are(t: &Trial<'_>) -> Verdict {
    let done = t
        .with_bundle(&["run", "--preserve-fds", "90"], &t.bundle()?)?
        .succeed()?;
    let numbers = open(&done.lines()?[0]);
    // Others may come from whoever started the harness.
    ensure(
        !numbers.contains(&"3".to_owned()) && !numbers.contains(&"4".to_owned()),
        || format!("{numbers:?}"),
    )?;
    same("words", &done.err, "")
}

fn listen_fds_are_passed_on(t: &Trial<'_>) -> Verdict {
    let call = t
        .with_bundle(&["run"], &t.bundle()?)?
        .descriptor(File::open("/etc/passwd")?.into(), 3);
    let report = call
        .variable("LISTEN_FDS", "1")
        .script("LISTEN_PID=$$ exec \"$0\" \"$@\"")
        .succeed()?
        .lines()?[0]
        .clone();
    same("descriptors", &open(&report), vec!["0", "1", "2", "3"])?;
    ensure(has(&report["env"], "LISTEN_FDS=1"), || report["env"].to_string())?;
    ensure(has(&report["env"], "LISTEN_PID=1"), || report["env"].to_string())
}

fn signals_are_at_their_defaults(t: &Trial<'_>) -> Verdict {
    let (_, lines) = t.full_life(&t.bundle()?)?;
    for name in ["SigBlk", "SigIgn", "SigCgt"] {
        same(name, &lines[0]["status"][name], "0000000000000000")?;
    }
    Ok(())
}

fn signals_that_the_caller_ignores_are_not_ignored_inside(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &t.bundle()?)?;
    let report = call
        .ignoring(libc::SIGPIPE)
        .ignoring(libc::SIGHUP)
        .ignoring(libc::SIGUSR2)
        .succeed()?
        .lines()?[0]
        .clone();
    same("SigIgn", &report["status"]["SigIgn"], "0000000000000000")
}

fn run_passes_signals_on(t: &Trial<'_>) -> Verdict {
    let running = t.with_bundle(&["run"], &t.bundle()?.probe("signals"))?.spawn()?;
    running.until_out_has("ready")?;
    for (signal, number) in [(Signal::USR1, 10), (Signal::HUP, 1), (Signal::TERM, 15)] {
        running.signal(signal)?;
        running.until_out_has(&format!("signal {number}\n"))?;
    }
    same("exit status", &running.wait()?.code, 0)
}

fn signals_of_faults_are_passed_on_when_others_send_them(t: &Trial<'_>) -> Verdict {
    let container = t.launch(&t.bundle()?.probe("sleep 600"))?;
    let bundle = t.bundle()?.probe("signals");
    t.adopt(&bundle.id);
    for call in [
        t.with_bundle(&["run"], &bundle)?,
        t.call(&["exec", &container.id, "/probe", "signals"]),
    ] {
        let running = call.spawn()?;
        running.until_out_has("ready")?;
        for signal in [
            Signal::ABORT,
            Signal::TRAP,
            Signal::ILL,
            Signal::BUS,
            Signal::FPE,
            Signal::SEGV,
        ] {
            running.signal(signal)?;
            running.until_out_has(&format!("signal {}\n", signal.as_raw()))?;
        }
        running.signal(Signal::TERM)?;
        same("exit status", &running.wait()?.code, 0)?;
    }
    Ok(())
}

fn closed_stdin_is_no_trouble(t: &Trial<'_>) -> Verdict {
    let (reader, writer) = std::io::pipe()?;
    drop(writer);
    let call = t.with_bundle(&["run"], &t.bundle()?.probe("stdin"))?.stdin(reader);
    same("stdin", &call.succeed()?.lines()?[0]["value"], "")
}

fn large_output_arrives_whole(t: &Trial<'_>) -> Verdict {
    let long = "0123456789".repeat(5000);
    let words = ["/probe", "stdout", &long, ",", "stdout", &long, ",", "stdout", &long];
    let done = t.run(&t.bundle()?.args(&words))?;
    same("digits", &done.out.matches("0123456789").count(), 15000 * 2)?;
    Ok(())
}

fn preserved_descriptors_with_a_gap_are_refused_or_keep_their_numbers(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run", "--preserve-fds", "3"], &t.bundle()?)?;
    let done = call
        .descriptor(File::open("/etc/passwd")?.into(), 3)
        .descriptor(File::open("/etc/group")?.into(), 5)
        .script("exec 4<&-; exec \"$0\" \"$@\"")
        .finish()?;
    if done.code == 0 {
        let fds = done.lines()?[0]["fds"].clone();
        ensure(fds["5"].as_str().is_some_and(|path| path.ends_with("group")), || {
            fds.to_string()
        })
    } else {
        ensure(done.err.contains("fd") || done.err.contains("descriptor"), || {
            done.err.clone()
        })
    }
}

fn listen_fds_and_preserved_descriptors_go_together(t: &Trial<'_>) -> Verdict {
    let mut call = t.with_bundle(&["run", "--preserve-fds", "1"], &t.bundle()?)?;
    for (file, number) in [("/etc/passwd", 3), ("/etc/group", 4), ("/etc/shells", 5)] {
        call = call.descriptor(File::open(file)?.into(), number);
    }
    let report = call
        .variable("LISTEN_FDS", "2")
        .script("LISTEN_PID=$$ exec \"$0\" \"$@\"")
        .succeed()?
        .lines()?[0]
        .clone();
    same("descriptors", &open(&report), vec!["0", "1", "2", "3", "4", "5"])?;
    ensure(has(&report["env"], "LISTEN_FDS=2"), || report["env"].to_string())
}

fn listen_fds_of_another_process_are_not_passed_on(t: &Trial<'_>) -> Verdict {
    let call = t
        .with_bundle(&["run"], &t.bundle()?)?
        .descriptor(File::open("/etc/passwd")?.into(), 3);
    let report = call
        .variable("LISTEN_FDS", "1")
        .variable("LISTEN_PID", "1")
        .succeed()?
        .lines()?[0]
        .clone();
    same("descriptors", &open(&report), vec!["0", "1", "2"])
}

fn no_listen_fds_are_told_when_there_are_none(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    ensure(!has_start(&report["env"], "LISTEN_"), || report["env"].to_string())
}

fn few_descriptors_are_enough_for_the_process(t: &Trial<'_>) -> Verdict {
    for limit in [3, 4, 10] {
        let limits = json!([{"type": "RLIMIT_NOFILE", "soft": limit, "hard": limit}]);
        let (code, _) = t.full_life(&t.bundle()?.set("/process/rlimits", limits).probe("exit 7"))?;
        same("exit status", &code, 7)?;
    }
    Ok(())
}
