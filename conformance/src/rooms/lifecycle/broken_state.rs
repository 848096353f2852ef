//! A state that cannot be read is not a container that does not exist: it is told of, and what lives is still ended.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::call::ends_before;
use crate::failure::{Failure, Verdict, ensure};
use crate::host::cgroups;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        container_whose_state_cannot_be_read_is_told_of,
        ("runc", "1.1", "its list panics over null"),
        ("crun", "1.8", "lists it as if it were whole")
    ),
    test!(
        container_whose_state_cannot_be_read_is_deleted_by_force_with_all_that_is_its_own,
        ("runc", "1.1", "succeeds and leaves its processes"),
        ("crun", "1.8", "leaves its processes")
    ),
];

/// What becomes of the file.
const VARIANTS: [&str; 10] = [
    "empty",
    "cut",
    "garbage",
    "binary",
    "null",
    "list",
    "other shape",
    "later version",
    "folder",
    "gone",
];

/// The record of orlop, runc and crun.
const RECORDS: [&str; 3] = ["state.json", "status", "config.json"];

fn spoil(file: &Path, variant: &str) -> Result<(), Failure> {
    let text = fs::read(file)?;
    let whole = String::from_utf8_lossy(&text).into_owned();
    let spoiled = match variant {
        "empty" => Vec::new(),
        "cut" => text[..text.len() / 2].to_vec(),
        "garbage" => b"neither this nor that".to_vec(),
        "binary" => vec![0xff; 4096],
        "null" => b"null".to_vec(),
        "list" => b"[1, 2]".to_vec(),
        "other shape" => br#"{"version": 2, "phase": 7, "init": "me", "id": []}"#.to_vec(),
        "later version" => whole.replacen("\"version\":2", "\"version\":99", 1).into_bytes(),
        _ => {
            fs::remove_file(file)?;
            if variant == "folder" {
                fs::create_dir(file)?;
            }
            return Ok(());
        }
    };
    Ok(fs::write(file, spoiled)?)
}

/// Spoils what the runtime has written of a container.
fn spoil_record(t: &Trial<'_>, id: &str, variant: &str) -> Verdict {
    let folder = t.root.join(id);
    let file = RECORDS.iter().map(|name| folder.join(name)).find(|file| file.is_file());
    let Some(file) = file else {
        return Err(Failure::Wrong(format!("no record in {}", folder.display())));
    };
    spoil(&file, variant)
}

fn container_whose_state_cannot_be_read_is_told_of(t: &Trial<'_>) -> Verdict {
    for variant in VARIANTS.iter().filter(|variant| **variant != "gone") {
        let created = t.launch(&t.bundle()?.probe("sleep 60"))?;
        let id = created.id.as_str();
        let file = t.root.join(id).join("state.json");
        let whole = fs::read(&file).unwrap_or_default();
        spoil_record(t, id, variant)?;
        let listed = t.call(&["list"]).finish()?;
        let judge = || -> Verdict {
            for verb in [&["state", id][..], &["kill", id, "TERM"], &["delete", id]] {
                let done = t.call(verb).finish()?;
                let is_told = done.code != 0 && !done.err.is_empty() && !done.err.contains("does not exist");
                ensure(is_told, || format!("{variant}: {verb:?}: {} {}", done.code, done.err))?;
            }
            let is_named = (listed.out.clone() + &listed.err).contains(id);
            ensure(is_named, || format!("{variant}: list: {} {}", listed.out, listed.err))
        };
        let verdict = judge();
        if file.is_dir() {
            fs::remove_dir(&file)?;
        }
        fs::write(&file, whole)?;
        t.call(&["delete", "--force", id]).succeed()?;
        verdict?;
    }
    Ok(())
}

fn container_whose_state_cannot_be_read_is_deleted_by_force_with_all_that_is_its_own(t: &Trial<'_>) -> Verdict {
    for variant in VARIANTS {
        let created = t.launch(&t.bundle()?.without_namespace("pid").probe("leave 60 , sleep 60"))?;
        let pid = t.pid(&created.id)?;
        spoil_record(t, &created.id, variant)?;
        let done = t.call(&["delete", "--force", &created.id]).finish()?;
        let soon = Instant::now() + Duration::from_secs(2);
        let lives = !ends_before(pid, soon)?;
        if lives {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        ensure(done.code == 0 && !lives, || {
            format!("{variant}: init lives: {lives}; {} {}", done.code, done.err)
        })?;
        t.exit_of(pid)?;
        let left = cgroups(&created.id);
        ensure(left.is_empty(), || format!("{variant}: {left:?}"))?;
        ensure(!t.root.join(&created.id).exists(), || {
            format!("{variant}: the id is taken")
        })?;
    }
    Ok(())
}
