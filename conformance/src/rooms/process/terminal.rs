//! `process.terminal`: a pty by console socket, or that of the caller.

use std::fs::File;
use std::io::Write;

use rustix::termios::{Winsize, tcgetattr, tcgetwinsize, tcsetwinsize};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::rooms::deviations::GIVES_NULL;
use crate::sentence::{Test, test};
use crate::terminals::{console, pair, read_all, wait_for};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(console_socket_receives_the_terminal),
    test!(terminal_controls_the_session),
    test!(console_device_is_the_terminal),
    test!(console_size_is_set),
    test!(terminal_belongs_to_the_user),
    test!(terminal_without_a_console_socket_is_refused_when_detached),
    test!(
        console_socket_without_a_terminal_is_refused,
        ("crun", "1.8", "ignores the socket")
    ),
    test!(missing_console_socket_is_refused),
    test!(console_socket_that_is_a_file_is_refused),
    test!(long_console_socket_path_works, ("runc", "1.1", "limited to 108 bytes")),
    test!(
        foreground_run_uses_the_callers_terminal,
        (
            "runc",
            "1.1",
            "the size is passed on after the start, sometimes too late"
        ),
        ("crun", "1.8", "the size is not passed on")
    ),
    test!(
        foreground_run_passes_window_changes_on,
        ("crun", "1.8", "not passed on")
    ),
    test!(foreground_run_restores_the_callers_terminal),
    test!(
        end_of_the_callers_terminal_ends_the_input,
        ("runc", "1.1", "the process waits for ever"),
        ("crun", "1.8", "the process waits for ever")
    ),
    test!(
        console_size_is_kept_until_the_callers_terminal_changes,
        ("runc", "1.1", "the caller's size comes over it"),
        ("crun", "1.8", "changes are not passed on")
    ),
    test!(console_size_without_a_terminal_is_ignored),
    test!(terminal_works_in_a_user_namespace, GIVES_NULL),
    test!(terminal_works_for_an_ordinary_user_inside, GIVES_NULL),
    test!(size_of_a_terminal_that_there_is_not_is_ignored),
];

fn with_terminal(bundle: Bundle) -> Bundle {
    bundle.set("/process/terminal", json!(true))
}

/// Runs the bundle's probe on a console socket's terminal and gives its first line.
fn on_console(t: &Trial<'_>, bundle: &Bundle, name: &str) -> Result<Value, Failure> {
    let console = console(t, name)?;
    let call = t.with_bundle(&["create", "--console-socket", &console.path.to_string_lossy()], bundle)?;
    let done = call.finish()?;
    if done.code != 0 {
        console.give_up();
        return wrong(format!("`create` ended with {}: {}", done.code, done.err.trim()));
    }
    t.adopt(&bundle.id);
    let terminal = console.terminal()?;
    let pid = t.pid(&bundle.id)?;
    t.call(&["start", &bundle.id]).succeed()?;
    t.exit_of(pid)?;
    let text = read_all(terminal);
    let line = text.lines().next().unwrap_or_default().trim();
    serde_json::from_str(line).or_else(|_| wrong(format!("on the terminal: {text:?}")))
}

fn console_socket_receives_the_terminal(t: &Trial<'_>) -> Verdict {
    let report = on_console(t, &with_terminal(t.bundle()?), "console")?;
    same("terminals", &report["terminal"], json!([true, true, true]))
}

fn terminal_controls_the_session(t: &Trial<'_>) -> Verdict {
    let report = on_console(t, &with_terminal(t.bundle()?), "console")?;
    same("controlling terminal", &report["controlling_terminal"], true)?;
    same("session", &report["sid"], report["pid"].clone())
}

fn console_device_is_the_terminal(t: &Trial<'_>) -> Verdict {
    let seen = on_console(t, &with_terminal(t.bundle()?).probe("stat /dev/console"), "console")?;
    same("kind", &seen["value"]["kind"], "char")?;
    same("major number", &seen["value"]["rdev"][0], 136)
}

fn console_size_is_set(t: &Trial<'_>) -> Verdict {
    let bundle = with_terminal(t.bundle()?).set("/process/consoleSize", json!({"height": 33, "width": 99}));
    same(
        "rows and columns",
        &on_console(t, &bundle, "console")?["window"],
        json!([33, 99]),
    )
}

fn terminal_belongs_to_the_user(t: &Trial<'_>) -> Verdict {
    let seen = on_console(
        t,
        &with_terminal(t.bundle()?).user(1000, 1000).probe("stat /dev/pts/0"),
        "console",
    )?;
    same("owner", &seen["value"]["uid"], 1000)
}

fn terminal_without_a_console_socket_is_refused_when_detached(t: &Trial<'_>) -> Verdict {
    let bundle = with_terminal(t.bundle()?);
    let done = t.with_bundle(&["create"], &bundle)?.refusal(&[])?;
    if t.runtime.name == "crun" {
        return Ok(());
    }
    let phrase = "cannot allocate tty if";
    ensure(done.err.contains(phrase), || done.err.clone())
}

fn console_socket_without_a_terminal_is_refused(t: &Trial<'_>) -> Verdict {
    let console = console(t, "console")?;
    let call = t.with_bundle(
        &["create", "--console-socket", &console.path.to_string_lossy()],
        &t.bundle()?,
    )?;
    let done = call.refuse(&["cannot use console socket if"]);
    console.give_up();
    done.map(drop)
}

fn missing_console_socket_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = with_terminal(t.bundle()?);
    t.with_bundle(&["create", "--console-socket", "/no/such/socket"], &bundle)?
        .refuse(&["o such file"])
}

fn console_socket_that_is_a_file_is_refused(t: &Trial<'_>) -> Verdict {
    let file = t.dir.join("file");
    File::create(&file)?;
    let call = t.with_bundle(
        &["create", "--console-socket", &file.to_string_lossy()],
        &with_terminal(t.bundle()?),
    )?;
    call.refuse(&[])
}

fn long_console_socket_path_works(t: &Trial<'_>) -> Verdict {
    let folder = "c".repeat(180);
    std::fs::create_dir(t.dir.join(&folder))?;
    let report = on_console(t, &with_terminal(t.bundle()?), &format!("{folder}/console"))?;
    same("terminals", &report["terminal"], json!([true, true, true]))
}

fn foreground_run_uses_the_callers_terminal(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = pair()?;
    let reader = std::thread::spawn(move || read_all(File::from(ours)));
    let done = t
        .with_bundle(&["run"], &with_terminal(t.bundle()?))?
        .terminal(&theirs)?
        .finish()?;
    drop(theirs);
    let text = reader.join().unwrap_or_default();
    same("exit status", &done.code, 0)?;
    let report: Value = serde_json::from_str(text.lines().next().unwrap_or_default())
        .or_else(|_| wrong(format!("on the terminal: {text:?}")))?;
    same("terminals", &report["terminal"], json!([true, true, true]))?;
    same("rows and columns", &report["window"], json!([24, 80]))
}

fn foreground_run_passes_window_changes_on(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = pair()?;
    let bundle = with_terminal(t.bundle()?).probe("signals");
    let running = t.with_bundle(&["run"], &bundle)?.terminal(&theirs)?.spawn()?;
    let mut ours = File::from(ours);
    wait_for(t, &mut ours, "ready")?;
    tcsetwinsize(
        &ours,
        Winsize {
            ws_row: 50,
            ws_col: 132,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )?;
    let seen = wait_for(t, &mut ours, "50x132");
    t.call(&["kill", &bundle.id, "TERM"]).succeed()?;
    let reader = std::thread::spawn(move || read_all(ours));
    running.wait()?;
    drop(theirs);
    let _ = reader.join();
    seen
}

fn foreground_run_restores_the_callers_terminal(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = pair()?;
    let before = tcgetattr(&theirs)?;
    let reader = std::thread::spawn({
        let ours = ours.try_clone()?;
        move || read_all(File::from(ours))
    });
    let done = t
        .with_bundle(&["run"], &with_terminal(t.bundle()?).probe("exit 0"))?
        .terminal(&theirs)?
        .finish()?;
    let after = tcgetattr(&theirs)?;
    let size = tcgetwinsize(&theirs)?;
    drop((theirs, ours));
    let _ = reader.join();
    same("exit status", &done.code, 0)?;
    same("rows", &size.ws_row, 24)?;
    same("output modes", &after.output_modes, before.output_modes)?;
    same("local modes", &after.local_modes, before.local_modes)?;
    same("input modes", &after.input_modes, before.input_modes)
}

fn end_of_the_callers_terminal_ends_the_input(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = pair()?;
    let bundle = with_terminal(t.bundle()?).probe("stdout began , stdin , exit 5");
    // It is nobody's controlling terminal: no signal ends the process before it has read.
    let running = t
        .with_bundle(&["run"], &bundle)?
        .stdin(theirs.try_clone()?)
        .streams(theirs.try_clone()?, theirs)
        .spawn()?;
    let mut ours = File::from(ours);
    wait_for(t, &mut ours, "began")?;
    ours.write_all(b"half a line")?;
    wait_for(t, &mut ours, "half a line")?;
    drop(ours);
    same("exit status", &running.wait()?.code, 5)
}

fn console_size_is_kept_until_the_callers_terminal_changes(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = pair()?;
    let bundle = with_terminal(t.bundle()?)
        .set("/process/consoleSize", json!({"height": 33, "width": 99}))
        .probe("report , signals");
    let running = t.with_bundle(&["run"], &bundle)?.terminal(&theirs)?.spawn()?;
    let mut ours = File::from(ours);
    let first = wait_for(t, &mut ours, "\"window\":[33,99]");
    tcsetwinsize(
        &ours,
        Winsize {
            ws_row: 50,
            ws_col: 132,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )?;
    let then = wait_for(t, &mut ours, "50x132");
    t.call(&["kill", &bundle.id, "TERM"]).finish()?;
    let reader = std::thread::spawn(move || read_all(ours));
    running.wait()?;
    drop(theirs);
    let _ = reader.join();
    first?;
    then
}

fn console_size_without_a_terminal_is_ignored(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/consoleSize", json!({"height": 7, "width": 9}));
    let report = t.see_one(&bundle)?;
    same("terminals", &report["terminal"], json!([false, false, false]))
}

fn terminal_works_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let bundle = with_terminal(mapped(t)?).set("/process/consoleSize", json!({"height": 7, "width": 9}));
    let report = on_console(t, &bundle, "console")?;
    same("terminals", &report["terminal"], json!([true, true, true]))?;
    same("controlling", &report["controlling_terminal"], true)?;
    same("size", &report["window"], json!([7, 9]))
}

fn terminal_works_for_an_ordinary_user_inside(t: &Trial<'_>) -> Verdict {
    let bundle = with_terminal(mapped(t)?).user(1000, 1000);
    let report = on_console(t, &bundle, "console")?;
    same("uids", &report["uids"], json!([1000, 1000, 1000]))?;
    same("terminals", &report["terminal"], json!([true, true, true]))
}

fn size_of_a_terminal_that_there_is_not_is_ignored(t: &Trial<'_>) -> Verdict {
    for size in [json!({"height": 70000, "width": 5}), json!({"height": 7}), json!({})] {
        t.see(&t.bundle()?.set("/process/consoleSize", size))?;
    }
    Ok(())
}
