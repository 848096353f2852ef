//! A neighbour who shares the rootfs makes and removes a link while containers start, where the image has nothing:
//! what is made there and mounted on it is at its own place, and nowhere else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(
        link_that_comes_and_goes_does_not_lead_proc_elsewhere,
        ("runc", "1.1", "CVE-2023-27561's kind: it looks, and mounts by the path"),
        ("crun", "1.8", "makes the folder by a way that follows links")
    ),
    test!(
        link_that_comes_and_goes_does_not_lead_sys_elsewhere,
        ("runc", "1.1", "it looks, and mounts by the path"),
        ("crun", "1.8", "makes the folder by a way that follows links")
    ),
    test!(link_that_comes_and_goes_leads_nothing_out),
];

/// So often a container is started; the race was lost in more than every other of these.
const RUNS: usize = 40;

/// Makes a link and removes it, as fast as it can until dropped.
struct Neighbour {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Neighbour {
    fn new(link: PathBuf, target: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                if symlink(&target, &link).is_ok() {
                    let _ = fs::remove_file(&link);
                } else if fs::symlink_metadata(&link).is_ok_and(|found| found.is_dir()) {
                    // The runtime has made its mount point.
                    let _ = fs::remove_dir(&link);
                }
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A bundle whose image lacks a folder, and has another to lead to.
fn lacking(t: &Trial<'_>, name: &str) -> Result<Bundle, Failure> {
    let bundle = t.bundle()?.folder("data/elsewhere")?;
    let place = bundle.rootfs().join(name);
    if place.exists() {
        fs::remove_dir(&place)?;
    }
    Ok(bundle)
}

/// Whoever starts may be refused; who runs has the filesystem at its place alone.
fn never_elsewhere(t: &Trial<'_>, name: &str, kind: &str) -> Verdict {
    let mut ran = 0;
    for _ in 0..RUNS {
        let bundle = lacking(t, name)?;
        let neighbour = Neighbour::new(bundle.rootfs().join(name), "data/elsewhere".into());
        let done = t.run(&bundle)?;
        drop(neighbour);
        let Some(report) = done.lines().ok().and_then(|lines| lines.into_iter().next()) else {
            continue;
        };
        ran += 1;
        let is_elsewhere = |mount: &&Value| mount["type"] == kind && mount["point"] == "/data/elsewhere";
        let elsewhere = report["mounts"]
            .as_array()
            .and_then(|mounts| mounts.iter().find(is_elsewhere));
        ensure(elsewhere.is_none(), || format!("run {ran}: {elsewhere:?}"))?;
    }
    t.note(&format!("{ran} of {RUNS} ran"));
    Ok(())
}

fn link_that_comes_and_goes_does_not_lead_proc_elsewhere(t: &Trial<'_>) -> Verdict {
    never_elsewhere(t, "proc", "proc")
}

fn link_that_comes_and_goes_does_not_lead_sys_elsewhere(t: &Trial<'_>) -> Verdict {
    never_elsewhere(t, "sys", "sysfs")
}

fn link_that_comes_and_goes_leads_nothing_out(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("outside");
    fs::create_dir(&outside)?;
    for _ in 0..RUNS {
        let bundle = lacking(t, "new")?.mount("/new/deep/point", "tmpfs", "x", &[]).bind(
            "/new/file",
            Path::new("/dev/null"),
            &["bind"],
        );
        let neighbour = Neighbour::new(bundle.rootfs().join("new"), outside.clone());
        t.run(&bundle)?;
        drop(neighbour);
        let made: Vec<_> = fs::read_dir(&outside)?.flatten().map(|entry| entry.path()).collect();
        ensure(made.is_empty(), || format!("made outside: {made:?}"))?;
    }
    Ok(())
}
