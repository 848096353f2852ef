//! What commands print and write when they succeed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use super::json_shapes::{kinds, members, order};
use super::side::Side;
use super::{both, compare};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const CRUN_HAS_FORMS_OF_ITS_OWN: Known = ("crun", "1.8", "has forms of its own");

pub(crate) const TESTS: &[Test] = &[
    test!(state_has_runcs_members_in_runcs_order, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(bundle_is_told_by_its_real_path_as_by_runc),
    test!(list_as_json_has_runcs_members_in_runcs_order, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(list_as_a_table_has_runcs_columns, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(empty_lists_are_told_as_runc_tells_them, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(ps_has_runcs_rows_and_runcs_json, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(statistics_have_every_member_of_runcs, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(features_have_every_member_of_runcs, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(spec_writes_what_runc_writes, CRUN_HAS_FORMS_OF_ITS_OWN),
    test!(
        pid_files_are_as_runcs,
        ("crun", "1.8", "takes the path as relative to the bundle")
    ),
    test!(verbs_that_succeed_are_silent),
    test!(exit_statuses_of_processes_are_as_runcs),
];

fn state_has_runcs_members_in_runcs_order(t: &Trial<'_>) -> Verdict {
    compare(t, "state", |side| {
        let bundle = side.bundle()?.set("/annotations", json!({"org.example.a": "1"}));
        let (created, plain) = (side.created(&bundle)?, side.created(&side.bundle()?)?);
        let mut seen = Vec::new();
        let mut look = |id: &str| -> Verdict {
            let done = side.call(&["state", id]).succeed()?;
            let state = done.json()?;
            seen.push((
                order(&done.out),
                kinds(&state),
                state["status"].clone(),
                state["pid"] == 0,
                state["annotations"].clone(),
                // Two spaces for a level, and no newline at the end.
                done.out.starts_with("{\n  \"ociVersion\": \"") && done.out.ends_with("\n}"),
                done.err,
            ));
            Ok(())
        };
        look(&plain)?;
        look(&created)?;
        side.call(&["start", &created]).succeed()?;
        look(&created)?;
        side.call(&["pause", &created]).succeed()?;
        look(&created)?;
        side.call(&["resume", &created]).succeed()?;
        let pid = side.pid(&created)?;
        side.call(&["kill", &created, "KILL"]).succeed()?;
        t.exit_of(pid)?;
        look(&created)?;
        Ok(seen)
    })
}

fn bundle_is_told_by_its_real_path_as_by_runc(t: &Trial<'_>) -> Verdict {
    compare(t, "whether it is the real one", |side| {
        let mut seen = Vec::new();
        for form in ["D/../D/.", "D//", "L", "L/../D", "./D"] {
            let bundle = side.bundle()?;
            bundle.save()?;
            let link = t.dir.join(format!("link-{}", t.fresh_number()));
            std::os::unix::fs::symlink(&bundle.dir, &link)?;
            let name = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let named = form.replace('D', &name(&bundle.dir)).replace('L', &name(&link));
            let call = side.call(&["create", "--bundle", &named, &bundle.id]);
            let folder = bundle.dir.parent().unwrap_or(&t.dir).to_owned();
            // What is behind a link is beside what it leads to.
            let code = call.folder(&folder).finish()?.code;
            let told = side.call(&["state", &bundle.id]).finish()?.json().ok();
            let real = fs::canonicalize(&bundle.dir)?;
            seen.push((form, code, told.map(|state| state["bundle"] == *real.to_string_lossy())));
        }
        Ok(seen)
    })
}

fn list_as_json_has_runcs_members_in_runcs_order(t: &Trial<'_>) -> Verdict {
    for flags in [&["--format", "json"][..], &["-f", "json"]] {
        compare(t, "list", |side| {
            let running = side.running(&side.bundle()?.set("/annotations", json!({"a": "b"})))?;
            let stopped = side.stopped()?;
            let words: Vec<&str> = ["list"].iter().chain(flags).copied().collect();
            let done = side.call(&words).succeed()?;
            let list = done.json()?;
            let of = |at: usize| (kinds(&list[at]), list[at]["status"].clone(), list[at]["owner"].clone());
            same("ids", &list[0]["id"].as_str(), Some(running.as_str()))?;
            same("ids", &list[1]["id"].as_str(), Some(stopped.as_str()))?;
            Ok((
                order(&done.out),
                of(0),
                of(1),
                done.out.matches('\n').count(),
                done.out.ends_with("}]\n"),
            ))
        })?;
    }
    Ok(())
}

/// The titles of a table, and how much wider each column is than its widest cell asks for.
fn columns(out: &str) -> Option<(Vec<String>, Vec<usize>)> {
    let head = out.lines().next()?;
    let titles: Vec<&str> = head.split_whitespace().collect();
    let starts: Vec<usize> = titles.iter().filter_map(|title| head.find(title)).collect();
    let spare = starts.windows(2).map(|ends| {
        let widest = out
            .lines()
            .map(|line| line.get(ends[0]..ends[1]).unwrap_or_default().trim_end().len());
        let wanted = widest.max().unwrap_or(0) + 3;
        (ends[1] - ends[0]) - wanted.max(12)
    });
    Some((titles.iter().map(|&title| title.to_owned()).collect(), spare.collect()))
}

fn list_as_a_table_has_runcs_columns(t: &Trial<'_>) -> Verdict {
    compare(t, "list", |side| {
        let (id, stopped) = (side.running(&side.bundle()?)?, side.stopped()?);
        let out = side.call(&["list"]).succeed()?.out;
        let again = side.call(&["list", "--format=table"]).succeed()?.out;
        same("with --format", &again, out.as_str())?;
        let rows = out.lines().skip(1).map(|row| {
            let cells: Vec<&str> = row.split_whitespace().collect();
            (
                cells.len(),
                cells.get(2).map(|&cell| cell.to_owned()),
                cells.get(5).map(|&cell| cell.to_owned()),
            )
        });
        let rows: Vec<_> = rows.collect();
        let quiet = side.call(&["list", "--quiet"]).succeed()?.out;
        same("ids", &quiet, format!("{id}\n{stopped}\n"))?;
        same("ids", &side.call(&["list", "-q"]).succeed()?.out, quiet.as_str())?;
        Ok((columns(&out), rows))
    })
}

fn empty_lists_are_told_as_runc_tells_them(t: &Trial<'_>) -> Verdict {
    compare(t, "empty lists", |side| {
        fs::create_dir_all(&side.root)?;
        let mut seen = Vec::new();
        for words in [
            &["list"][..],
            &["list", "--format", "json"],
            &["list", "--quiet"],
            &["list", "--quiet", "--format", "json"],
        ] {
            let done = side.call(words).finish()?;
            seen.push((words.to_vec(), done.code, done.out, done.err));
        }
        Ok(seen)
    })?;
    // One that is named and is not there is an error, where an old runc makes it.
    let missing = t.dir.join("no-such-root").to_string_lossy().into_owned();
    let done = t.call(&["list"]).root(&missing).finish()?;
    ensure(done.code == 1 || t.runtime.name == "runc", || done.out)
}

fn ps_has_runcs_rows_and_runcs_json(t: &Trial<'_>) -> Verdict {
    compare(t, "ps", |side| {
        let id = side.running(&side.bundle()?)?;
        let pid = side.pid(&id)?.as_raw_nonzero();
        let mut seen = Vec::new();
        for words in [
            &[][..],
            &["-o", "pid,comm"],
            &["-eo", "pid,comm"],
            &["aux"],
            &["-e", "-o", "comm,pid"],
            &["-eo", "comm"],
        ] {
            let all: Vec<&str> = ["ps", &id].into_iter().chain(words.iter().copied()).collect();
            let done = side.call(&all).finish()?;
            let titles = done.out.lines().next().unwrap_or_default().split_whitespace();
            let titles: Vec<String> = titles.map(str::to_owned).collect();
            let rows = done
                .out
                .lines()
                .skip(1)
                .filter(|row| row.contains(&pid.to_string()))
                .count();
            let phrase = done.err.contains("couldn't find PID field in ps output");
            seen.push((
                words.to_vec(),
                done.code,
                titles,
                rows,
                done.out.lines().count(),
                phrase,
            ));
        }
        let mut as_json = Vec::new();
        for flags in [&["--format", "json"][..], &["-f=json"]] {
            let words: Vec<&str> = ["ps"].iter().chain(flags).copied().chain([id.as_str()]).collect();
            as_json.push(side.call(&words).succeed()?.out.replace(&pid.to_string(), "PID"));
        }
        let table = side
            .call(&["ps", "--format", "table", &id])
            .succeed()?
            .out
            .lines()
            .count();
        let stopped = side.stopped()?;
        let gone = side.call(&["ps", &stopped]).finish()?;
        let none = side.call(&["ps", "-f", "json", &stopped]).finish()?;
        let gone = (gone.code, gone.out.lines().count());
        Ok((seen, as_json, table, gone, none.code, none.out))
    })
}

/// All that runc has is there.
fn covered(what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>, but: &[&str]) -> Verdict {
    let missing: Vec<&String> = theirs
        .difference(ours)
        .filter(|path| !but.iter().any(|but| path.contains(but)))
        .collect();
    ensure(theirs.len() > 5, || {
        format!("harness: {what} of the host's runc has only {theirs:?}")
    })?;
    ensure(missing.is_empty(), || format!("{what}: no {missing:?} in {ours:?}"))
}

fn statistics_have_every_member_of_runcs(t: &Trial<'_>) -> Verdict {
    let look = |side: &Side<'_, '_>| -> Result<(Value, usize, String), Failure> {
        let id = side.running(&side.bundle()?)?;
        let done = side.call(&["events", "--stats", &id]).succeed()?;
        let event = done.json()?;
        same("id", &event["id"].as_str(), Some(id.as_str()))?;
        Ok((event, done.out.matches('\n').count(), done.err))
    };
    let (ours, theirs) = both(t, look)?;
    same("lines and stderr", &(ours.1, &ours.2), (theirs.1, &theirs.2))?;
    same("type", &ours.0["type"], theirs.0["type"].clone())?;
    covered("events", &members(&ours.0), &members(&theirs.0), &[])
}

fn features_have_every_member_of_runcs(t: &Trial<'_>) -> Verdict {
    let (ours, theirs) = both(t, |side| {
        let done = side.call(&["features"]).succeed()?;
        ensure(done.out.starts_with("{\n    \"ociVersionMin\": \"1."), || {
            done.out.clone()
        })?;
        Ok((done.json()?, done.out.ends_with("\n}\n") || done.out.ends_with("\n}")))
    })?;
    same("end", &ours.1, theirs.1)?;
    let (ours, theirs) = (ours.0, theirs.0);
    // The annotation is of who links that library.
    covered("features", &members(&ours), &members(&theirs), &["libseccomp.version"])?;
    for list in [
        "/mountOptions",
        "/hooks",
        "/linux/namespaces",
        "/linux/capabilities",
        "/linux/seccomp/actions",
        "/linux/seccomp/operators",
    ] {
        let words = |value: &Value| -> BTreeSet<String> {
            let list = value.pointer(list).and_then(Value::as_array);
            let words = list.into_iter().flatten().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        };
        let (ours, theirs) = (words(&ours), words(&theirs));
        // What turns a filesystem's ACLs off is the filesystem's own word.
        let missing: Vec<&String> = theirs.difference(&ours).filter(|word| *word != "noacl").collect();
        ensure(missing.is_empty(), || format!("{list}: no {missing:?}"))?;
    }
    Ok(())
}

/// What both versions of runc write: newer ones add what they hide, and leave out what is inherited.
fn plain_config(text: &str) -> Value {
    let mut config: Value = serde_json::from_str(text).unwrap_or_default();
    config["ociVersion"] = json!(null);
    config["process"]["capabilities"]["ambient"] = json!(null);
    let newer = ["/proc/interrupts", "/sys/devices/virtual/powercap"];
    if let Some(masked) = config["linux"]["maskedPaths"].as_array_mut() {
        masked.retain(|path| newer.iter().all(|newer| path != newer));
        masked.sort_by_key(Value::to_string);
    }
    // Only with cgroup v2.
    if let Some(namespaces) = config["linux"]["namespaces"].as_array_mut() {
        namespaces.retain(|namespace| namespace["type"] != "cgroup");
    }
    config
}

fn spec_writes_what_runc_writes(t: &Trial<'_>) -> Verdict {
    for flags in [&[][..], &["--rootless"]] {
        for bundle in [None, Some("--bundle"), Some("-b")] {
            compare(t, &format!("spec {flags:?}"), |side| {
                let folder = t.dir.join(format!("spec-{}", t.fresh_number()));
                fs::create_dir_all(&folder)?;
                let place = folder.to_string_lossy().into_owned();
                let mut words = [&["spec"], flags].concat();
                let mut elsewhere = folder.clone();
                if let Some(flag) = bundle {
                    words.extend([flag, &place]);
                    elsewhere = t.dir.clone();
                }
                let done = side.call(&words).folder(elsewhere).succeed()?;
                let file = folder.join("config.json");
                let text = fs::read_to_string(&file)?;
                let indented =
                    text.starts_with("{\n\t\"ociVersion\": \"1.") && text.contains("\n\t\t\"terminal\": true,");
                let again = side
                    .call(&words)
                    .folder(&folder)
                    .refusal(&["File config.json exists. Remove it first"])?;
                let mode = fs::metadata(&file)?.mode();
                Ok((plain_config(&text), indented, mode, done.out, done.err, again.code))
            })?;
        }
    }
    Ok(())
}

fn pid_files_are_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "pid files", |side| {
        let mut seen = Vec::new();
        let mut look = |file: &std::path::Path, pid: &str| -> Verdict {
            let text = fs::read_to_string(file)?;
            seen.push((text.replace(pid, "PID"), format!("{:o}", fs::metadata(file)?.mode())));
            fs::remove_file(file)?;
            Ok(())
        };
        let file = t.dir.join("pid");
        let path = file.to_string_lossy().into_owned();
        let bundle = side.bundle()?;
        side.with_bundle(&["create", "--pid-file", &path], &bundle)?.succeed()?;
        look(&file, &side.pid(&bundle.id)?.as_raw_nonzero().to_string())?;
        // Relative to where the caller is, and not to the bundle.
        let bundle = side.bundle()?;
        side.with_bundle(&["run", "--detach", "--pid-file=pid"], &bundle)?
            .folder(&t.dir)
            .succeed()?;
        look(&file, &side.pid(&bundle.id)?.as_raw_nonzero().to_string())?;
        side.exec(&bundle.id, &["--detach", "--pid-file", &path], "sleep 60")
            .succeed()?;
        let pid = fs::read_to_string(&file)?;
        look(&file, &pid)?;
        side.end_others(&bundle.id)?;
        let found: Vec<String> = fs::read_dir(&t.dir)?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("pid"))
            .collect();
        Ok((seen, found))
    })
}

fn verbs_that_succeed_are_silent(t: &Trial<'_>) -> Verdict {
    compare(t, "verbs", |side| {
        let bundle = side.bundle()?;
        let id = bundle.id.clone();
        let created = side.with_bundle(&["create"], &bundle)?.finish()?;
        let mut seen = vec![("create", created.code, created.out, created.err)];
        for words in [
            &["start", &id][..],
            &["pause", &id],
            &["resume", &id],
            &["update", "--pids-limit", "40", &id],
            &["exec", &id, "/probe", "exit", "0"],
            &["kill", &id, "0"],
            &["delete", "--force", &id],
            &["delete", "--force", &id],
        ] {
            let done = side.call(words).finish()?;
            seen.push((words[0], done.code, done.out, done.err));
        }
        let done = side.with_bundle(&["run"], &side.bundle()?.probe("exit 0"))?.finish()?;
        seen.push(("run", done.code, done.out, done.err));
        let done = side.with_bundle(&["run", "-d"], &side.bundle()?)?.finish()?;
        seen.push(("run -d", done.code, done.out, done.err));
        Ok(seen
            .into_iter()
            .map(|(verb, code, out, err)| (verb.to_owned(), code, out, err))
            .collect::<Vec<_>>())
    })
}

fn exit_statuses_of_processes_are_as_runcs(t: &Trial<'_>) -> Verdict {
    compare(t, "exit statuses", |side| {
        let mut codes = Vec::new();
        let id = side.running(&side.bundle()?)?;
        for actions in [
            "exit 0",
            "exit 1",
            "exit 42",
            "exit 127",
            "exit 255",
            "kill 0 9",
            "kill 0 15",
        ] {
            let run = side.with_bundle(&["run"], &side.bundle()?.probe(actions))?.finish()?;
            let exec = side.exec(&id, &[], actions).finish()?;
            codes.push((actions, run.code, exec.code));
        }
        Ok(codes)
    })
}
