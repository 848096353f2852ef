//! Controllers of v2: a cgroup has those that each cgroup above it passes on (Linux:
//! `Documentation/admin-guide/cgroup-v2.rst`, "Controlling Controllers").

use super::directory::Directory;
use crate::error::Failure;
use crate::host::CgroupVersion;
use crate::plan::{Knob, Place};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

const AVAILABLE: &str = "cgroup.controllers";
const PASSED_ON: &str = "cgroup.subtree_control";

/// Files of this name are those of cgroups themselves.
const CORE: &str = "cgroup";

/// Has the cgroups above `place` pass on what `knobs` need, and, if `all`, everything that the host has, so that what a
/// container uses is counted. What cannot be had and nobody needs is left.
///
/// # Errors
/// A controller that a knob needs, with the path of that knob, and who does not pass it on.
pub(super) fn pass_on(root: &Directory, place: &Place, knobs: &[Knob], all: bool) -> Result<(), Failure> {
    let needs: Vec<&Knob> = knobs
        .iter()
        .filter(|knob| knob.version == CgroupVersion::V2 && knob.controller != CORE)
        .collect();
    if needs.is_empty() && !all {
        return Ok(());
    }
    let failed = |errno| {
        Failure::new(
            format!("read the controllers of the cgroup {}", place.path().display()),
            errno,
        )
    };
    let host = words(root, Path::new(AVAILABLE)).map_err(failed)?;
    let is_wanted = |name: &String| all || needs.iter().any(|knob| knob.controller == **name);
    let wanted: Vec<String> = host.into_iter().filter(is_wanted).collect();
    let leaf = place.below.join(AVAILABLE);
    let there = words(root, &leaf).map_err(failed)?;
    if wanted.iter().all(|name| there.contains(name)) {
        return Ok(());
    }
    let mut refusals = Refusals::default();
    let above: Vec<&Path> = place.below.ancestors().skip(1).collect();
    for level in above.into_iter().rev() {
        pass_on_at(root, level, &wanted, &mut refusals);
    }
    let there = words(root, &leaf).map_err(failed)?;
    match needs
        .iter()
        .find(|knob| !there.iter().any(|name| *name == knob.controller))
    {
        Some(knob) => Err(refusals.failure(knob, place)),
        None => Ok(()),
    }
}

fn pass_on_at(root: &Directory, level: &Path, wanted: &[String], refusals: &mut Refusals) {
    let passed = words(root, &level.join(PASSED_ON)).unwrap_or_default();
    let available = words(root, &level.join(AVAILABLE)).unwrap_or_default();
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|name| !passed.contains(name) && available.contains(name))
        .collect();
    let write = |text: &str| {
        let file = root.writer(&level.join(PASSED_ON))?;
        super::directory::write_once(file, text)
    };
    if missing.is_empty() {
        return;
    }
    if has_processes(root, level) {
        let busy = missing.into_iter();
        refusals
            .0
            .extend(busy.map(|name| (name.clone(), level.to_owned(), Errno::BUSY)));
        return;
    }
    let together: Vec<String> = missing.iter().map(|name| format!("+{name}")).collect();
    if write(&together.join(" ")).is_ok() {
        return;
    }
    // One that is refused takes the others with it.
    for name in missing {
        if let Err(errno) = write(&format!("+{name}")) {
            refusals.0.push((name.clone(), level.to_owned(), errno));
        }
    }
}

/// Whether it has processes of its own. Most controllers it could not pass on then; those of threads it could, and no
/// process could be in a cgroup below it any more (Linux: `Documentation/admin-guide/cgroup-v2.rst`, "Threads"). Only the
/// hierarchy's root, which has no type, may have both.
fn has_processes(root: &Directory, level: &Path) -> bool {
    let kind = root.read(&level.join("cgroup.type"));
    kind.is_ok()
        && root
            .read(&level.join("cgroup.procs"))
            .is_ok_and(|pids| !pids.is_empty())
}

/// Who did not pass on what, and why.
#[derive(Default)]
struct Refusals(Vec<(String, PathBuf, Errno)>);

impl Refusals {
    fn failure(&self, knob: &Knob, place: &Place) -> Failure {
        let name = &knob.controller;
        let attempted = format!("enable the cgroup controller {name} for {}", place.path().display());
        let refusal = self.0.iter().find(|(refused, ..)| refused == name);
        let failure = match refusal {
            Some((_, level, errno)) => {
                let above = place.mount.join(level);
                Failure::new(attempted, *errno).hint(hint(*errno, &above, name, &place.below))
            }
            None => Failure::plain(attempted, "no cgroup above it has that controller"),
        };
        failure.at(knob.place())
    }
}

/// Who has to do what, so that a controller is passed on.
fn hint(errno: Errno, above: &Path, controller: &str, below: &Path) -> String {
    let above = above.display();
    if errno == Errno::BUSY {
        return format!(
            "{above} has processes of its own, and such a cgroup passes nothing on; linux.cgroupsPath may name a place \
             below another"
        );
    }
    if is_of_a_users_systemd(below) {
        // `man 5 systemd.resource-control`, `Delegate=`: these units have cpu, memory and pids, unless told.
        return format!(
            "{above} does not pass it on; systemd has it do so where Delegate= of user@.service names {controller} \
             (systemctl edit user@.service), for users that log in afterwards"
        );
    }
    format!("{above} does not pass it on, and whoever owns it may change that")
}

/// Whether a cgroup is below those of a user's own systemd, which are in `user@UID.service`.
fn is_of_a_users_systemd(cgroup: &Path) -> bool {
    cgroup.iter().any(|name| {
        let name = name.to_string_lossy();
        let user = name
            .strip_prefix("user@")
            .and_then(|rest| rest.strip_suffix(".service"));
        user.is_some_and(|user| user.parse::<u32>().is_ok())
    })
}

/// The words of a file.
fn words(root: &Directory, file: &Path) -> Result<Vec<String>, Errno> {
    let text = root.read(file)?;
    Ok(text.split_whitespace().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::hint;
    use rustix::io::Errno;
    use std::path::Path;

    #[test]
    fn a_user_of_systemd_is_told_what_delegates_a_controller() {
        let above = Path::new("/sys/fs/cgroup/user.slice");
        let users = Path::new("user.slice/user-1000.slice/user@1000.service/user.slice/libpod-1.scope");
        let text = hint(Errno::ACCESS, above, "cpuset", users);
        assert!(text.contains("Delegate= of user@.service names cpuset"), "{text}");
        for other in ["user.slice/user@.service/a", "user.slice/user@x.service", "mine"] {
            let text = hint(Errno::ACCESS, above, "cpuset", Path::new(other));
            assert!(text.contains("whoever owns it"), "{text}");
        }
        assert!(hint(Errno::BUSY, above, "cpuset", users).contains("processes of its own"));
    }
}
