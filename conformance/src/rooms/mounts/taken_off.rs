//! `mounts remove`, whatever the container, or the end of an `add`, has done meanwhile: the very mount comes off that
//! was added, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::added_mounts::{add, bind, inside, is_free, is_mounted, lines_at, remove, running, tmpfs};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{NOT_IN_CRUN, NOT_IN_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(link_in_the_place_leads_to_no_other_mount, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(moved_mount_is_taken_off_where_it_is, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(mount_that_covers_it_stays, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(part_of_the_mount_in_its_place_is_not_it, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(what_the_container_has_taken_off_is_forgotten, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(record_of_a_mount_that_is_gone_hides_none, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        what_is_taken_off_before_a_failure_is_not_taken_off_again,
        NOT_IN_RUNC,
        NOT_IN_CRUN
    ),
    test!(adding_that_was_killed_can_be_undone, NOT_IN_RUNC, NOT_IN_CRUN),
    test!(
        mounts_are_known_again_without_the_call_that_finds_them,
        NOT_IN_RUNC,
        NOT_IN_CRUN
    ),
];

/// `man 2 statmount`.
const STATMOUNT: u32 = 457;

const NOTHING_ADDED: &[&str] = &["mounts[0].destination", "nothing was added"];
const SOMETHING_ELSE: &[&str] = &["mounts[0].destination", "something else is there now"];

/// A container that may mount, and its rootfs.
fn mounting(t: &Trial<'_>) -> Result<(String, PathBuf), Failure> {
    let bundle = t.bundle()?.capabilities(&["CAP_SYS_ADMIN"]);
    let rootfs = bundle.rootfs();
    Ok((running(t, bundle)?, rootfs))
}

/// What the container does: the errno, or nothing.
pub(super) fn done_inside(t: &Trial<'_>, id: &str, action: &str) -> Result<Value, Failure> {
    let words: Vec<&str> = ["exec", id, "/probe"].into_iter().chain(action.split(' ')).collect();
    let mut said = t.call(&words).succeed()?.json()?;
    Ok(said["errno"].take())
}

fn do_inside(t: &Trial<'_>, id: &str, action: &str) -> Verdict {
    same(action, &done_inside(t, id, action)?, Value::Null)
}

fn link_in_the_place_leads_to_no_other_mount(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/readonlyPaths", json!(["/proc/sys"]));
    let rootfs = bundle.rootfs();
    let id = running(t, bundle)?;
    let list = json!([tmpfs("/volume/sys", &["size=64k"])]);
    add(t, &id, &list)?.succeed()?;
    fs::rename(rootfs.join("volume"), rootfs.join("old"))?;
    symlink("/proc", rootfs.join("volume"))?;
    remove(t, &id, &list)?.succeed()?;
    is_mounted(t, &id, "/proc/sys", &[" ro,"])?;
    is_free(t, &id, "/old/sys")?;
    remove(t, &id, &list)?.refuse(NOTHING_ADDED)
}

fn moved_mount_is_taken_off_where_it_is(t: &Trial<'_>) -> Verdict {
    for bundle in [t.bundle()?, mapped(t)?] {
        let rootfs = bundle.rootfs();
        let id = running(t, bundle)?;
        let list = json!([
            tmpfs("/volume/a", &["size=64k"]),
            bind("/volume/b", &t.host_folder()?, &["bind"])
        ]);
        add(t, &id, &list)?.succeed()?;
        let other = rootfs.join("with space\n and \"quotes\"");
        fs::rename(rootfs.join("volume"), &other)?;
        remove(t, &id, &list)?.succeed()?;
        let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", t.pid(&id)?.as_raw_nonzero()))?;
        ensure(!mounts.contains("quotes"), || mounts.clone())?;
        ensure(other.join("a").exists(), || "the mount point is gone".into())?;
        fs::rename(&other, rootfs.join("volume"))?;
        remove(t, &id, &list)?.refuse(NOTHING_ADDED)?;
    }
    Ok(())
}

fn mount_that_covers_it_stays(t: &Trial<'_>) -> Verdict {
    let (id, _) = mounting(t)?;
    let list = json!([tmpfs("/a", &["size=64k"])]);
    add(t, &id, &list)?.succeed()?;
    let before = lines_at(t, &id, "/a")?;
    do_inside(t, &id, "mount own /a tmpfs 0")?;
    let covered = lines_at(t, &id, "/a")?;
    same("mounts", &covered.len(), 2)?;
    remove(t, &id, &list)?.refuse(SOMETHING_ELSE)?;
    same("mounts", &lines_at(t, &id, "/a")?, covered)?;
    do_inside(t, &id, "unmount /a")?;
    same("mounts", &lines_at(t, &id, "/a")?, before)?;
    remove(t, &id, &list)?.succeed()?;
    is_free(t, &id, "/a")
}

fn part_of_the_mount_in_its_place_is_not_it(t: &Trial<'_>) -> Verdict {
    let (id, rootfs) = mounting(t)?;
    let list = json!([tmpfs("/volume/a", &[])]);
    add(t, &id, &list)?.succeed()?;
    fs::create_dir(inside(t, &id, "/volume/a/a")?)?;
    fs::rename(rootfs.join("volume"), rootfs.join("old"))?;
    symlink("/old/a", rootfs.join("volume"))?;
    remove(t, &id, &list)?.succeed()?;
    is_free(t, &id, "/old/a")
}

fn what_the_container_has_taken_off_is_forgotten(t: &Trial<'_>) -> Verdict {
    let (id, _) = mounting(t)?;
    let list = json!([tmpfs("/a", &[]), tmpfs("/b", &[]), tmpfs("/c", &[])]);
    add(t, &id, &list)?.succeed()?;
    do_inside(t, &id, "unmount /b")?;
    let done = remove(t, &id, &list)?.succeed()?;
    let told = "warning: mounts[1].destination: what was added there is not mounted any more";
    ensure(done.err.contains(told) && done.err.lines().count() == 1, || {
        done.err.clone()
    })?;
    for place in ["/a", "/b", "/c"] {
        is_free(t, &id, place)?;
        remove(t, &id, &json!([tmpfs(place, &[])]))?.refuse(NOTHING_ADDED)?;
    }
    Ok(())
}

fn record_of_a_mount_that_is_gone_hides_none(t: &Trial<'_>) -> Verdict {
    let (id, _) = mounting(t)?;
    let list = json!([tmpfs("/a", &[])]);
    let silent = |list: &Value| {
        let done = remove(t, &id, list)?.succeed()?;
        ensure(done.err.is_empty(), || done.err.clone())
    };
    // The last one is gone.
    add(t, &id, &list)?.succeed()?;
    add(t, &id, &list)?.succeed()?;
    do_inside(t, &id, "unmount /a")?;
    silent(&list)?;
    is_free(t, &id, "/a")?;
    remove(t, &id, &list)?.refuse(NOTHING_ADDED)?;
    // The first one is.
    add(t, &id, &list)?.succeed()?;
    do_inside(t, &id, "unmount /a")?;
    add(t, &id, &list)?.succeed()?;
    is_mounted(t, &id, "/a", &["tmpfs"])?;
    silent(&list)?;
    is_free(t, &id, "/a")?;
    let done = remove(t, &id, &list)?.succeed()?;
    ensure(done.err.contains("not mounted any more"), || done.err.clone())?;
    remove(t, &id, &list)?.refuse(NOTHING_ADDED)
}

fn what_is_taken_off_before_a_failure_is_not_taken_off_again(t: &Trial<'_>) -> Verdict {
    let (id, _) = mounting(t)?;
    let (first, second) = (json!([tmpfs("/a", &[])]), json!([tmpfs("/b", &[])]));
    let both = json!([tmpfs("/a", &[]), tmpfs("/b", &[])]);
    add(t, &id, &both)?.succeed()?;
    do_inside(t, &id, "mount own /a tmpfs 0")?;
    remove(t, &id, &both)?.refuse(SOMETHING_ELSE)?;
    is_free(t, &id, "/b")?;
    remove(t, &id, &second)?.refuse(NOTHING_ADDED)?;
    do_inside(t, &id, "unmount /a")?;
    is_mounted(t, &id, "/a", &["tmpfs"])?;
    let done = remove(t, &id, &first)?.succeed()?;
    ensure(done.err.is_empty(), || done.err.clone())?;
    is_free(t, &id, "/a")
}

/// An `add` is killed at some instant: what it has mounted can be taken off, and what it has not is no obstacle.
fn adding_that_was_killed_can_be_undone(t: &Trial<'_>) -> Verdict {
    const ROUNDS: u32 = 60;
    let (id, _) = mounting(t)?;
    let list = json!([tmpfs("/a", &[]), tmpfs("/b", &[])]);
    add(t, &id, &list)?.succeed()?;
    let begin = std::time::Instant::now();
    remove(t, &id, &list)?.succeed()?;
    let usual = begin.elapsed();
    let (mut left, mut gone) = (0, 0);
    for round in 0..ROUNDS {
        let running = add(t, &id, &list)?.spawn()?;
        std::thread::sleep(usual * round / ROUNDS + Duration::from_micros(u64::from(round)));
        running.signal(Signal::KILL)?;
        drop(running);
        for place in ["/a", "/b"] {
            let mut is_there = !lines_at(t, &id, place)?.is_empty();
            let done = remove(t, &id, &json!([tmpfs(place, &[])]))?.finish()?;
            if done.code != 0 {
                ensure(done.err.contains("nothing was added"), || done.err.clone())?;
            } else if done.err.contains("not mounted any more") {
                gone += 1;
            } else {
                left += 1;
                is_there = false;
            }
            ensure(!is_there, || format!("round {round}, {place}: {}", done.err))?;
            is_free(t, &id, place)?;
        }
    }
    t.note(&format!("{ROUNDS} killed: {left} mounts left, {gone} never mounted"));
    add(t, &id, &list)?.succeed()?;
    let done = remove(t, &id, &list)?.succeed()?;
    ensure(done.err.is_empty(), || done.err.clone())
}

fn mounts_are_known_again_without_the_call_that_finds_them(t: &Trial<'_>) -> Verdict {
    let (id, rootfs) = mounting(t)?;
    let without = |list: &Value| Ok::<_, Failure>(remove(t, &id, list)?.without_call(STATMOUNT));
    let list = json!([tmpfs("/volume/a", &[])]);
    add(t, &id, &list)?.succeed()?;
    without(&list)?.succeed()?;
    is_free(t, &id, "/volume/a")?;
    add(t, &id, &list)?.succeed()?;
    do_inside(t, &id, "unmount /volume/a")?;
    let done = without(&list)?.succeed()?;
    ensure(done.err.contains("not mounted any more"), || done.err.clone())?;
    add(t, &id, &list)?.succeed()?;
    fs::rename(rootfs.join("volume"), rootfs.join("old"))?;
    without(&list)?.refuse(SOMETHING_ELSE)?;
    is_mounted(t, &id, "/old/a", &["tmpfs"])?;
    fs::rename(rootfs.join("old"), rootfs.join("volume"))?;
    without(&list)?.succeed()?;
    is_free(t, &id, "/volume/a")
}
