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
    test!(zsh_and_fish_take_their_completions, NOT_IN_RUNC, NOT_IN_CRUN),
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
    let output = Command::new(program)
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

fn bash_completes_commands_flags_and_ids(t: &Trial<'_>) -> Verdict {
    is_there("bash")?;
    let script = printed(t, &["completion", "bash"])?;
    let folder = t.dir.join("path");
    fs::create_dir_all(folder.join("sub-folder"))?;
    symlink(&t.runtime.path, folder.join("orlop"))?;
    let folder = folder.to_string_lossy().into_owned();
    let mut bundle = t.bundle()?.probe("sleep 60");
    bundle.id.push_str("-one");
    let one = t.create(&bundle)?.id;
    let mut bundle = t.bundle()?.probe("sleep 60");
    bundle.id.push_str("-two");
    let two = t.create(&bundle)?.id;
    let root = t.root.to_string_lossy().into_owned();
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

fn zsh_and_fish_take_their_completions(t: &Trial<'_>) -> Verdict {
    let mut tried = 0;
    for (shell, check) in [("zsh", "-n"), ("fish", "--no-execute")] {
        if is_there(shell).is_ok() {
            said(t, shell, &[check, &printed(t, &["completion", shell])?], "/usr/bin")?;
            tried += 1;
        }
    }
    if is_there("fish").is_ok() {
        let folder = t.dir.join("path");
        fs::create_dir_all(&folder)?;
        // Fish asks the program, of the usual state root: this one answers for it.
        fs::write(folder.join("orlop"), "#!/bin/sh\necho id-one; echo id-two\n")?;
        fs::set_permissions(
            folder.join("orlop"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )?;
        let script = printed(t, &["completion", "fish"])?;
        let line = format!("source {script}; complete -C 'orlop kill id-'");
        let offered = said(t, "fish", &["--no-config", "-c", &line], &folder.to_string_lossy())?;
        same(
            "ids",
            &offered.split_whitespace().collect::<Vec<_>>(),
            vec!["id-one", "id-two"],
        )?;
    }
    if tried == 0 {
        return Err(Failure::Skip("there is neither zsh nor fish".into()));
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
