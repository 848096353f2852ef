//! On the real kernel, as root, in cgroups of our own at the top of each hierarchy. Skipped where that can't be.

mod device_programs;

use super::directory::Directory;
use super::*;
use crate::host::Hierarchies;
use crate::plan::{Need, Place, Placement, Rules};
use rustix::process::Pid;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// A container's cgroup at the top of all hierarchies, and a promise to leave nothing.
struct Own {
    cgroup: Cgroup,
    top: String,
}

impl Own {
    /// None where we may not make cgroups.
    fn new(name: &str, rest: &str) -> Option<Self> {
        let hierarchies = Hierarchies::look(None).unwrap();
        let top = format!("orlop-test-{}-{name}", std::process::id());
        let own = Self {
            cgroup: Cgroup::at(
                &Placement::of(&hierarchies, Some(&format!("/{top}{rest}")), "x")
                    .unwrap()
                    .into(),
            ),
            top,
        };
        let writable = own.cgroup.0.places().all(|place| {
            let probe = place.mount.join(format!("{}-probe", own.top));
            fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe)).is_ok()
        });
        if own.cgroup.0.is_empty() || !writable {
            eprintln!("skipped: cgroups can't be made here");
            return None;
        }
        Some(own)
    }

    /// A process in all of them.
    fn sleeper(&self, made: &Made) -> Child {
        let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let pid = child.id().to_string();
        for tasks in &made.tasks {
            directory::write_once(tasks.open().unwrap(), &pid).unwrap();
        }
        if let Some(place) = &self.cgroup.0.v2 {
            fs::write(place.path().join("cgroup.procs"), &pid).unwrap();
        }
        child
    }

    fn is_gone(&self) -> bool {
        self.cgroup.0.places().all(|place| !place.path().exists())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.cgroup.kill());
        drop(self.cgroup.remove());
        for place in self.cgroup.0.places() {
            let top = place.mount.join(&self.top);
            for level in place.path().ancestors().take_while(|level| level.starts_with(&top)) {
                drop(fs::remove_dir(level));
            }
        }
    }
}

fn rules(json: &str) -> Rules {
    let text = format!("{{\"devices\":{json}}}");
    let (resources, _) = crate::bundle::parse_resources(&text).unwrap();
    Rules::of(&resources.devices, &"devices".into()).unwrap().0
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

#[test]
fn a_cgroup_is_made_joined_killed_and_removed() {
    let Some(own) = Own::new("whole", "/a/b") else { return };
    let made = own.cgroup.make(Need::Asked, &[]).unwrap();
    assert!(made.reused.is_empty() && made.left_out.is_empty());
    assert_eq!(made.v2.is_some(), own.cgroup.0.v2.is_some());
    assert_eq!(made.tasks.len(), own.cgroup.0.v1.len());
    let mut child = own.sleeper(&made);
    let cgroup = fs::read_to_string(format!("/proc/{}/cgroup", child.id())).unwrap();
    let joined = cgroup
        .lines()
        .filter(|line| line.ends_with(&format!("/{}/a/b", own.top)))
        .count();
    assert_eq!(joined, own.cgroup.0.places().count(), "{cgroup}");
    assert_eq!(own.cgroup.processes().unwrap(), [pid_of(&child)]);
    own.cgroup.kill().unwrap();
    child.wait().unwrap();
    own.cgroup.remove().unwrap();
    assert!(own.is_gone());
    let parent = own.cgroup.0.places().next().unwrap().path();
    assert!(parent.parent().unwrap().exists(), "parents stay");
    own.cgroup.remove().unwrap();
}

#[test]
fn a_cgroup_with_processes_is_refused_and_an_empty_one_used_again() {
    let Some(own) = Own::new("taken", "") else { return };
    let first = own.cgroup.make(Need::Asked, &[]).unwrap();
    let second = own.cgroup.make(Need::Asked, &[]).unwrap();
    assert_eq!(second.reused.len(), own.cgroup.0.places().count());
    let mut child = own.sleeper(&first);
    let error = own.cgroup.make(Need::Asked, &[]).unwrap_err().to_string();
    assert!(error.contains("container's cgroup is not empty"), "{error}");
    assert!(!own.is_gone(), "what was there before stays");
    own.cgroup.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn undo_removes_the_parents_that_were_made_and_only_those() {
    let Some(own) = Own::new("undo", "/a/b") else { return };
    let tops: Vec<PathBuf> = own.cgroup.0.places().map(|place| place.mount.join(&own.top)).collect();
    fs::create_dir(&tops[0]).unwrap();
    own.cgroup.make(Need::Asked, &[]).unwrap().undo().unwrap();
    assert!(tops[0].exists() && !tops[0].join("a").exists());
    assert!(tops[1..].iter().all(|top| !top.exists()));
}

#[test]
fn a_hierarchy_that_fails_takes_the_others_with_it() {
    let Some(mut own) = Own::new("half", "/a") else { return };
    let good = own.cgroup.0.clone();
    let Some(last) = Arc::make_mut(&mut own.cgroup.0).v1.last_mut() else {
        return;
    };
    last.mount = "/proc/orlop-nowhere".into();
    assert!(own.cgroup.make(Need::Asked, &[]).is_err());
    assert!(good.places().all(|place| !place.mount.join(&own.top).exists()));
    own.cgroup.0 = good;
}

#[test]
fn a_frozen_ancestor_is_refused() {
    let Some(own) = Own::new("frozen", "/a") else { return };
    let Some(freezer) = own.cgroup.0.v1_with("freezer") else {
        return;
    };
    let parent = freezer.mount.join(&own.top);
    fs::create_dir(&parent).unwrap();
    fs::write(parent.join("freezer.state"), "FROZEN").unwrap();
    let error = own.cgroup.make(Need::Asked, &[]).unwrap_err().to_string();
    assert!(error.contains("container's cgroup unexpectedly frozen"), "{error}");
    assert!(own.is_gone());
    fs::write(parent.join("freezer.state"), "THAWED").unwrap();
}

#[test]
fn frozen_processes_are_seen_thawed_and_killed() {
    let Some(own) = Own::new("freeze", "") else { return };
    let made = own.cgroup.make(Need::Asked, &[]).unwrap();
    let mut child = own.sleeper(&made);
    assert!(!own.cgroup.is_frozen().unwrap());
    own.cgroup.freeze().unwrap();
    assert!(own.cgroup.is_frozen().unwrap());
    own.cgroup.thaw().unwrap();
    assert!(!own.cgroup.is_frozen().unwrap());
    own.cgroup.freeze().unwrap();
    own.cgroup.kill().unwrap();
    child.wait().unwrap();
    assert!(!own.cgroup.is_frozen().unwrap());
}

#[test]
fn cgroups_that_the_container_made_are_removed_however_deep() {
    let Some(own) = Own::new("deep", "/c") else { return };
    own.cgroup.make(Need::Asked, &[]).unwrap();
    let place = own.cgroup.0.places().last().unwrap();
    let mut here = Directory::mount(&place.mount).unwrap().open(&place.below).unwrap();
    for _ in 0..150 {
        here.make(Path::new("wide")).unwrap();
        here.make(Path::new("d")).unwrap();
        here = here.open(Path::new("d")).unwrap();
    }
    assert!(own.cgroup.processes().unwrap().is_empty());
    own.cgroup.remove().unwrap();
    assert!(own.is_gone());
}

#[test]
fn removal_leads_nowhere_else() {
    let folder = std::env::temp_dir().join(format!("orlop-cgroup-{}", std::process::id()));
    fs::create_dir_all(folder.join("victim")).unwrap();
    let place = |mount: &Path, below: &str| Place {
        controllers: String::new(),
        mount: mount.into(),
        below: below.into(),
        was_there: false,
        inode: None,
    };
    // No hierarchy is mounted there: nothing is touched.
    let cgroup = Cgroup(Arc::new(Placement {
        v2: Some(place(&folder, "victim")),
        ..Placement::default()
    }));
    cgroup.remove().unwrap();
    assert!(cgroup.processes().unwrap().is_empty());
    assert!(folder.join("victim").exists());
    let climbing = Cgroup(Arc::new(Placement {
        v2: Some(place(Path::new("/sys/fs/cgroup"), "../../../tmp/x")),
        ..Placement::default()
    }));
    assert!(climbing.remove().is_err());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn device_rules_stand_in_the_kernel_as_they_were_worked_out() {
    let Some(own) = Own::new("devices", "") else { return };
    let Some(place) = own.cgroup.0.v1_with("devices") else {
        return;
    };
    let of = |json: &str| rules(json).writes().unwrap();
    let made = own.cgroup.make(Need::Asked, &of("[]")).unwrap();
    assert!(made.apply(&of("[]")).unwrap().is_empty());
    let list = |json: &str| {
        assert!(own.cgroup.apply(&of(json)).unwrap().is_empty());
        let text = fs::read_to_string(place.path().join("devices.list")).unwrap();
        let mut lines: Vec<String> = text.lines().map(Into::into).collect();
        lines.sort();
        lines
    };
    let usual = [
        "b *:* m",
        "c *:* m",
        "c 136:* rwm",
        "c 1:3 rwm",
        "c 1:5 rwm",
        "c 1:7 rwm",
        "c 1:8 rwm",
        "c 1:9 rwm",
        "c 5:0 rwm",
        "c 5:2 rwm",
    ];
    assert_eq!(list("[]"), usual);
    assert_eq!(list(r#"[{"allow":true,"access":"rwm"}]"#), ["a *:* rwm"]);
    assert_eq!(list(r#"[{"allow":false,"access":"rwm"}]"#), usual);
    let some = list(
        r#"[{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"},{"allow":false,"type":"c","major":10,"access":"w"},
            {"allow":true,"type":"a","access":"r"}]"#,
    );
    assert!(
        some.contains(&"b *:* rm".into()) && some.contains(&"c *:* rm".into()),
        "{some:?}"
    );
    assert!(some.iter().any(|line| line == "c 10:229 r"), "{some:?}");
}
