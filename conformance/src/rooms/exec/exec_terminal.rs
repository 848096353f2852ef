//! `exec --tty`: a terminal of its own.

use std::fs::File;
use std::io::Write;

use rustix::termios::{Winsize, tcgetattr, tcgetwinsize, tcsetwinsize};
use serde_json::{Value, json};

use super::exec_statuses::{end, waiting};
use super::probe;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::sentence::{Test, test};
use crate::terminals::{console, pair, read_all, wait_for};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(console_socket_of_exec_receives_the_terminal),
    test!(
        console_socket_of_exec_without_a_terminal_is_refused,
        ("crun", "1.8", "ignores the socket")
    ),
    test!(
        terminal_of_a_detached_process_needs_a_console_socket,
        ("crun", "1.8", "words of its own")
    ),
    test!(console_of_the_container_stays_as_it_is),
    test!(
        foreground_exec_uses_the_callers_terminal,
        ("crun", "1.8", "the size is not passed on")
    ),
    test!(
        foreground_exec_passes_window_changes_on,
        ("crun", "1.8", "not passed on")
    ),
    test!(foreground_exec_restores_the_callers_terminal),
    test!(keys_that_interrupt_reach_the_process),
    test!(
        terminal_of_exec_works_in_a_user_namespace,
        crate::rooms::deviations::GIVES_NULL
    ),
    test!(
        terminal_that_is_no_devptss_is_refused,
        ("runc", "1.1", "words of its own"),
        ("crun", "1.8", "words of its own")
    ),
];

fn on_console(t: &Trial<'_>, id: &str, flags: &[&str]) -> Result<Value, Failure> {
    let file = t.dir.join("exec-pid").to_string_lossy().into_owned();
    let console = console(t, &format!("console-{}", flags.len()))?;
    let path = console.path.to_string_lossy().into_owned();
    let own = ["--tty", "--detach", "--pid-file", &file, "--console-socket", &path];
    let all: Vec<&str> = flags.iter().copied().chain(own).collect();
    let done = probe(t, id, &all, "report , await /go-on").finish()?;
    if done.code != 0 {
        console.give_up();
        return wrong(format!("`exec` ended with {}: {}", done.code, done.err.trim()));
    }
    let mut terminal = console.terminal()?;
    let mut text = String::new();
    t.until("a report", || {
        let mut part = [0; 4096];
        let length = std::io::Read::read(&mut terminal, &mut part)?;
        text.push_str(&String::from_utf8_lossy(part.get(..length).unwrap_or_default()));
        Ok(text.contains('\n'))
    })?;
    drop(terminal);
    end(t, &file)?;
    let line = text.lines().next().unwrap_or_default().trim();
    serde_json::from_str(line).or_else(|_| wrong(format!("on the terminal: {text:?}")))
}

fn console_socket_of_exec_receives_the_terminal(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let report = on_console(t, &id, &["--user", "3:4"])?;
    same("terminals", &report["terminal"], json!([true, true, true]))?;
    same("controlling terminal", &report["controlling_terminal"], true)?;
    same("session", &report["sid"], report["pid"].clone())?;
    let name = report["terminal_name"].as_str().unwrap_or_default().to_owned();
    ensure(name.starts_with("/dev/pts/"), || name.clone())
}

fn console_socket_of_exec_without_a_terminal_is_refused(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let console = console(t, "exec-console")?;
    let flags = ["--detach", "--console-socket", &console.path.to_string_lossy()];
    let refused = probe(t, &id, &flags, "exit 0").refuse(&["cannot use console socket if"]);
    console.give_up();
    refused
}

fn terminal_of_a_detached_process_needs_a_console_socket(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    probe(t, &id, &["--tty", "--detach"], "exit 0").refuse(&["cannot allocate tty if"])
}

fn console_of_the_container_stays_as_it_is(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let before = super::told(t, &id, &[], "stat /dev/console")?;
    on_console(t, &id, &[])?;
    let after = super::told(t, &id, &[], "stat /dev/console")?;
    same("errno", &after["errno"], before["errno"].clone())?;
    same("device", &after["value"]["rdev"], before["value"]["rdev"].clone())
}

fn foreground_exec_uses_the_callers_terminal(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let (ours, theirs) = pair()?;
    let reader = std::thread::spawn(move || read_all(File::from(ours)));
    let done = probe(t, &id, &["-t"], "report").terminal(&theirs)?.finish()?;
    drop(theirs);
    let text = reader.join().unwrap_or_default();
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(text.clone()))?;
    let report: Value = serde_json::from_str(text.lines().next().unwrap_or_default())
        .or_else(|_| wrong(format!("on the terminal: {text:?}")))?;
    same("terminals", &report["terminal"], json!([true, true, true]))?;
    same("rows and columns", &report["window"], json!([24, 80]))
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn foreground_exec_passes_window_changes_on(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let (ours, theirs) = pair()?;
    let running = probe(t, &id, &["-t"], "signals").terminal(&theirs)?.spawn()?;
    let mut ours = File::from(ours);
    wait_for(t, &mut ours, "ready")?;
    tcsetwinsize(&ours, size(50, 132))?;
    let seen = wait_for(t, &mut ours, "50x132");
    running.signal(rustix::process::Signal::TERM)?;
    let reader = std::thread::spawn(move || read_all(ours));
    running.wait()?;
    drop(theirs);
    let _ = reader.join();
    seen
}

fn foreground_exec_restores_the_callers_terminal(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    for actions in ["exit 3", "kill 0 9"] {
        let (ours, theirs) = pair()?;
        let before = tcgetattr(&theirs)?;
        let reader = std::thread::spawn({
            let ours = ours.try_clone()?;
            move || read_all(File::from(ours))
        });
        let done = probe(t, &id, &["-t"], actions).terminal(&theirs)?.finish()?;
        let after = tcgetattr(&theirs)?;
        let rows = tcgetwinsize(&theirs)?.ws_row;
        drop((theirs, ours));
        let _ = reader.join();
        ensure([3, 137].contains(&done.code), || format!("exit status {}", done.code))?;
        same("rows", &rows, 24)?;
        same("output modes", &after.output_modes, before.output_modes)?;
        same("local modes", &after.local_modes, before.local_modes)?;
        same("input modes", &after.input_modes, before.input_modes)?;
    }
    Ok(())
}

fn keys_that_interrupt_reach_the_process(t: &Trial<'_>) -> Verdict {
    let id = waiting(t)?.id;
    let (ours, theirs) = pair()?;
    let running = probe(t, &id, &["-t"], "stdout begins , sleep 60")
        .terminal(&theirs)?
        .spawn()?;
    let mut ours = File::from(ours);
    wait_for(t, &mut ours, "begins")?;
    // Ctrl-C: the container's terminal makes a signal of it, and not the caller's.
    ours.write_all(&[3])?;
    let reader = std::thread::spawn(move || read_all(ours));
    let code = running.wait()?.code;
    drop(theirs);
    let _ = reader.join();
    same("exit status", &code, 130)
}

fn terminal_of_exec_works_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let id = t.launch(&mapped(t)?.probe("sleep 600"))?.id;
    for flags in [&[][..], &["--user", "1000:1000"]] {
        let report = on_console(t, &id, flags)?;
        same("terminals", &report["terminal"], json!([true, true, true]))?;
        same("controlling terminal", &report["controlling_terminal"], true)?;
    }
    Ok(())
}

fn terminal_that_is_no_devptss_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_mount("/dev/pts").probe("sleep 600");
    let id = t.launch(&bundle)?.id;
    let console = console(t, "exec-console")?;
    let flags = ["--tty", "--detach", "--console-socket", &console.path.to_string_lossy()];
    let refused = probe(t, &id, &flags, "exit 0").refuse(&["devpts"]);
    console.give_up();
    refused
}
