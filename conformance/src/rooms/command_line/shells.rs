//! What shells and man take: completions that know the containers, and pages without a fault.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const NOT_IN_RUNC: Known = ("runc", "1.1", "has no such command");
const NOT_IN_CRUN: Known = ("crun", "", "has no such command");

pub(crate) const TESTS: &[Test] = &[
    test!(bash_completes_commands_flags_and_ids, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(zsh_completes_commands_and_ids, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(fish_completes_commands_and_ids, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(pages_of_the_manual_are_without_a_fault, NOT_IN_RUNC, NOT_IN_CRUN),
];

/// A file with what the runtime prints.
fn printed(t: &Trial<'_>, words: &[&str]) -> Result<String, Failure> {
    let text = t.call(words).succeed()?.out;
    let file = t.dir.join(words.join("-"));
    fs::write(&file, text)?;
    Ok(file.to_string_lossy().into_owned())
}

fn is_there(program: &str) -> Result<(), Failure> {
    let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(program));
    if places.iter().any(|place| place.exists()) {
        return Ok(());
    }
    Err(Failure::Skip(format!("there is no {program}")))
}

/// What a shell's program says to these arguments, where it says nothing on stderr.
fn said(t: &Trial<'_>, program: &str, arguments: &[&str], path: &str) -> Result<String, Failure> {
    let output = Command::new("timeout")
        .args(["60", program])
        .args(arguments)
        .env("PATH", format!("{path}:/usr/bin:/bin"))
        .env("HOME", &t.dir)
        .output()?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure(err.is_empty() && output.status.success(), || {
        format!("{program} {arguments:?}: {}: {err}", output.status)
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Two containers, and a folder in which the runtime has the name that completions are for.
struct Typing {
    one: String,
    two: String,
    root: String,
    path: String,
}

fn typing(t: &Trial<'_>) -> Result<Typing, Failure> {
    let folder = t.dir.join("path");
    fs::create_dir_all(folder.join("sub-folder"))?;
    symlink(&t.runtime.path, folder.join("orlop"))?;
    let waiting = |end: &str| {
        let mut bundle = t.bundle()?.probe("sleep 60");
        bundle.id.push_str(end);
        Ok::<_, Failure>(t.create(&bundle)?.id)
    };
    Ok(Typing {
        one: waiting("-one")?,
        two: waiting("-two")?,
        root: t.root.to_string_lossy().into_owned(),
        path: folder.to_string_lossy().into_owned(),
    })
}

fn bash_completes_commands_flags_and_ids(t: &Trial<'_>) -> Verdict {
    is_there("bash")?;
    let script = printed(t, &["completion", "bash"])?;
    let Typing {
        one,
        two,
        root,
        path: folder,
    } = typing(t)?;
    let ids = format!("{one} {two}");
    for (typed, wanted) in [
        (&["sta"][..], "start state"),
        (&["--roo"], "--root --rootless"),
        (&["kill", "--a"], "--all"),
        (&["delete", "--"], "--force --regex --help"),
        (&["list", "--format", ""], "table json"),
        (&["list", "-f", "j"], "json"),
        (&["--log-format", "=", "j"], "json"),
        (&["--root", &root, "kill", ""], &ids),
        (&["--root", "=", &root, "state", &one], &one),
        (&["--debug", "--root", &root, "delete", "--force", ""], &ids),
        (&["--root", &root, "exec", "-t", ""], &ids),
        (&["--root", &root, "exec", "--user", "0", "-e", "=", "A=1", ""], &ids),
        (&["--root", &root, "exec", &one, ""], ""),
        (&["--root", &root, "kill", &one, "US"], "USR1 USR2"),
        (&["--root", &root, "mounts", ""], "add remove"),
        (&["--root", &root, "mounts", "add", ""], &ids),
        (&["--root", "/no/such/root", "kill", ""], ""),
        (
            &["create", "--bundle", &format!("{folder}/sub")],
            &format!("{folder}/sub-folder"),
        ),
        (&["help", "chec"], "check checkpoint"),
        (&["completion", ""], "bash zsh fish"),
    ] {
        let words: Vec<String> = typed.iter().map(|word| format!("'{word}'")).collect();
        let line = format!(
            "source {script}; COMP_WORDS=(orlop {}); COMP_CWORD={}; _orlop; echo ${{COMPREPLY[@]}}",
            words.join(" "),
            typed.len()
        );
        let offered = said(t, "bash", &["--norc", "--noprofile", "-c", &line], &folder)?;
        same(&format!("{typed:?}"), &offered.trim(), wanted)?;
    }
    // It is bash that finds the function by the program's name.
    let line = format!("source {script}; complete -p orlop");
    let found = said(t, "bash", &["--norc", "--noprofile", "-c", &line], &folder)?;
    ensure(found.contains("-F _orlop"), || found.clone())
}

/// Lines as they are typed up to the tabulator, and what is offered then.
fn lines<'t>(typing: &'t Typing, both: &'t str) -> Vec<(String, Vec<&'t str>)> {
    let Typing { one, two, root, .. } = typing;
    vec![
        ("orlop sta".into(), vec!["start", "state"]),
        (format!("orlop --root {root} kill {both}"), vec![one, two]),
        (format!("orlop --root={root} delete --force {both}"), vec![one, two]),
        (format!("orlop --root {root} exec --user 0 {both}"), vec![one, two]),
        (format!("orlop --root {root} mounts add {both}"), vec![one, two]),
        (format!("orlop --root {root} mounts "), vec!["add", "remove"]),
        (format!("orlop --root {root} kill {one} US"), vec!["USR1", "USR2"]),
    ]
}

/// The beginning that the ids of both containers have.
fn common(typing: &Typing) -> String {
    let pairs = typing.one.chars().zip(typing.two.chars());
    pairs.take_while(|(one, two)| one == two).map(|(one, _)| one).collect()
}

fn zsh_completes_commands_and_ids(t: &Trial<'_>) -> Verdict {
    is_there("zsh")?;
    let script = printed(t, &["completion", "zsh"])?;
    said(t, "zsh", &["-n", &script], "/usr/bin")?;
    let typing = typing(t)?;
    let both = common(&typing);
    // Zsh completes on a terminal alone.
    let driver = t.dir.join("driver");
    fs::write(&driver, include_str!("typing.zsh"))?;
    let driver = driver.to_string_lossy();
    let lines = lines(&typing, &both);
    let mut arguments = vec!["-f", &driver, &script];
    arguments.extend(lines.iter().map(|(line, _)| line.as_str()));
    let shown = said(t, "zsh", &arguments, &typing.path)?;
    let parts: Vec<&str> = shown.split_terminator("----\n").collect();
    same("lines", &parts.len(), lines.len())?;
    for ((line, wanted), shown) in lines.iter().zip(parts) {
        // What was typed, and what zsh makes of that, is shown too; what is offered stands between them.
        let offered: Vec<&str> = shown.lines().skip(1).flat_map(str::split_whitespace).collect();
        for word in wanted {
            ensure(offered.contains(word), || format!("{line}: no {word}: {shown}"))?;
        }
    }
    Ok(())
}

fn fish_completes_commands_and_ids(t: &Trial<'_>) -> Verdict {
    is_there("fish")?;
    let script = printed(t, &["completion", "fish"])?;
    said(t, "fish", &["--no-execute", &script], "/usr/bin")?;
    let typing = typing(t)?;
    let both = common(&typing);
    for (line, wanted) in lines(&typing, &both) {
        let command = format!("source {script}; complete -C '{line}'");
        let offered = said(t, "fish", &["--no-config", "-c", &command], &typing.path)?;
        let mut offered: Vec<&str> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
        offered.sort_unstable();
        same(&line, &offered, wanted)?;
    }
    Ok(())
}

fn pages_of_the_manual_are_without_a_fault(t: &Trial<'_>) -> Verdict {
    is_there("groff")?;
    let help = t.call(&["--help"]).succeed()?.out;
    let commands = help.split("COMMANDS:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    ensure(commands.len() > 20, || format!("{commands:?}"))?;
    for command in commands.iter().map(|command| vec!["man", command]).chain([vec!["man"]]) {
        let page = printed(t, &command)?;
        let text = said(t, "groff", &["-man", "-ww", "-Tascii", "-P-cbou", &page], "/usr/bin")?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["NAME", "SYNOPSIS", "SEE ALSO", "--help"] {
            ensure(text.contains(part), || format!("{command:?}: no {part}: {text}"))?;
        }
        if let [_, name] = command[..] {
            ensure(text.contains(&format!("orlop-{name} - ")), || {
                format!("{command:?}: {text}")
            })?;
        }
    }
    let done = t.call(&["man", "frobnicate"]).refusal(&["No help topic"])?;
    same("exit status", &done.code, 3)
}
