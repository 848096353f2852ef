//! Containers of an ordinary user who was given a cgroup of v2, by hand, and of one who was not.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::host::cgroups;
use crate::rooms::cgroups::delegation::{UNIFIED, makes_room, v2_is_alone, with_own_cgroups};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(
        limits_hold_in_a_cgroup_that_was_given_to_the_user,
        ("crun", "1.8", "uses the caller's own cgroup, or none")
    ),
    test!(limits_hold_where_the_path_names_such_a_cgroup),
    test!(
        payload_makes_cgroups_in_a_cgroup_that_was_given_to_the_user,
        ("runc", "1.1", "knows no such annotation")
    ),
    test!(
        user_that_is_not_in_its_cgroup_is_told,
        ("runc", "1.1", "says no more than what the kernel does"),
        ("crun", "1.8", "says no more than what the kernel does")
    ),
    test!(
        limit_without_a_cgroup_is_refused_and_says_how_to_get_one,
        ("runc", "1.1", "says nothing of delegation"),
        ("crun", "1.8", "runs it without the limit")
    ),
    test!(
        payload_without_a_cgroup_is_refused,
        ("runc", "1.1", "knows no such annotation"),
        ("crun", "1.8", "runs it without")
    ),
    test!(container_without_limits_needs_no_cgroup),
];

/// A cgroup that belongs to the ordinary user, with one in it for whoever makes containers there.
pub(in crate::rooms) struct Given(PathBuf);

impl Given {
    pub(in crate::rooms) fn new(t: &Trial<'_>) -> Result<Self, Failure> {
        v2_is_alone()?;
        let below = t.cgroup(&format!("{}-given", t.fresh_id()));
        let given = Self(Path::new(UNIFIED).join(below.trim_start_matches('/')));
        fs::create_dir_all(given.0.join("caller"))?;
        let above = given.0.ancestors().skip(1);
        let above: Vec<&Path> = above.take_while(|above| above.starts_with(UNIFIED)).collect();
        for level in above.into_iter().rev() {
            fs::write(level.join("cgroup.subtree_control"), "+memory +pids +cpu")?;
        }
        for folder in [given.0.clone(), given.0.join("caller")] {
            for file in ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] {
                chown(folder.join(file), Some(USER), Some(USER))?;
            }
        }
        Ok(given)
    }

    /// The call by the user, from inside.
    pub(in crate::rooms) fn call<'t>(&self, t: &'t Trial<'_>, call: Call<'t>) -> Result<Call<'t>, Failure> {
        Ok(as_user(t, call)?.script(&format!(
            "echo $$ >{}/caller/cgroup.procs && exec setpriv --reuid {USER} --regid {USER} --clear-groups \"$0\" \"$@\"",
            self.0.display()
        )))
    }

    /// The path of a cgroup in it, as a config has it.
    pub(in crate::rooms) fn path(&self, id: &str) -> String {
        let place = self.0.join(id);
        format!("/{}", place.strip_prefix(UNIFIED).unwrap_or(&place).display())
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.0.join("caller"));
        let _ = fs::remove_dir(&self.0);
    }
}

fn limited(bundle: Bundle) -> Bundle {
    let resources = json!({"memory": {"limit": 33_554_432, "swap": 33_554_432}, "pids": {"limit": 77}});
    bundle.set("/linux/resources", resources)
}

/// The container's life, with what is asked for.
fn lives(t: &Trial<'_>, given: &Given, bundle: &Bundle) -> Verdict {
    let id = &bundle.id;
    let place = given.0.join(id);
    let holds = |file: &str, value: &str| same(file, &fs::read_to_string(place.join(file))?.trim_end(), value);
    given.call(t, t.with_bundle(&["create"], bundle)?)?.succeed()?;
    let lived = (|| {
        holds("memory.max", "33554432")?;
        holds("pids.max", "77")?;
        let state = given.call(t, t.call(&["state", id]))?.succeed()?.json()?;
        let told = fs::read_to_string(format!("/proc/{}/cgroup", state["pid"]))?;
        ensure(told.trim_end().ends_with(&given.path(id)), || told.clone())?;
        given.call(t, t.call(&["update", "--pids-limit", "9", id]))?.succeed()?;
        holds("pids.max", "9")?;
        given.call(t, t.call(&["pause", id]))?.succeed()?;
        holds("cgroup.freeze", "1")?;
        given.call(t, t.call(&["resume", id]))?.succeed()?;
        given.call(t, t.call(&["start", id]))?.succeed()?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(state["pid"].as_i64().unwrap_or(0)).unwrap_or(0));
        same(
            "exit status",
            &t.exit_of(pid.ok_or(Failure::Wrong(state.to_string()))?)?,
            137,
        )
    })();
    let deleted = given.call(t, t.call(&["delete", "--force", id]))?.succeed();
    lived?;
    deleted?;
    same("cgroups", &cgroups(id), Vec::<PathBuf>::new())
}

fn limits_hold_in_a_cgroup_that_was_given_to_the_user(t: &Trial<'_>) -> Verdict {
    let given = Given::new(t)?;
    lives(t, &given, &limited(rootless(t)?).probe("fill 150"))
}

fn limits_hold_where_the_path_names_such_a_cgroup(t: &Trial<'_>) -> Verdict {
    let given = Given::new(t)?;
    let bundle = limited(rootless(t)?).probe("fill 150");
    let path = given.path(&bundle.id);
    lives(t, &given, &bundle.set("/linux/cgroupsPath", json!(path)))
}

fn payload_makes_cgroups_in_a_cgroup_that_was_given_to_the_user(t: &Trial<'_>) -> Verdict {
    let given = Given::new(t)?;
    let bundle = with_own_cgroups(limited(rootless(t)?));
    let path = given.path(&bundle.id);
    let actions = format!("report , {}", makes_room(&format!("{UNIFIED}/payload")));
    let bundle = bundle
        .set("/linux/cgroupsPath", json!(path))
        .set("/annotations/run.oci.delegate-cgroup", json!("payload"))
        .probe(&actions);
    let done = given.call(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    let lines = done.lines()?;
    same("cgroup inside", &lines[0]["cgroup"], json!(["0::/payload"]))?;
    for line in &lines[1..] {
        ensure(line["errno"].is_null(), || line.to_string())?;
    }
    same("cgroups", &cgroups(&bundle.id), Vec::<PathBuf>::new())
}

fn user_that_is_not_in_its_cgroup_is_told(t: &Trial<'_>) -> Verdict {
    let given = Given::new(t)?;
    let bundle = limited(rootless(t)?);
    let path = given.path(&bundle.id);
    let bundle = bundle.set("/linux/cgroupsPath", json!(path));
    as_user(t, t.with_bundle(&["create"], &bundle)?)?.refuse(&["linux.cgroupsPath", "the caller has to be"])?;
    same("cgroups", &cgroups(&bundle.id), Vec::<PathBuf>::new())
}

fn limit_without_a_cgroup_is_refused_and_says_how_to_get_one(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.set("/linux/resources", json!({"pids": {"limit": 77}}));
    let phrases = &[
        "linux.resources.pids.limit",
        "rootless needs no limits + no cgrouppath when no permission is granted for cgroups",
        "Delegate=yes",
    ];
    as_user(t, t.with_bundle(&["create"], &bundle)?)?.refuse(phrases)
}

fn payload_without_a_cgroup_is_refused(t: &Trial<'_>) -> Verdict {
    v2_is_alone()?;
    let bundle = rootless(t)?.set("/annotations/run.oci.delegate-cgroup", json!("payload"));
    as_user(t, t.with_bundle(&["create"], &bundle)?)?.refuse(&["run.oci.delegate-cgroup", "has no cgroup"])
}

fn container_without_limits_needs_no_cgroup(t: &Trial<'_>) -> Verdict {
    let bundle = rootless(t)?.probe("exit 7");
    let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?.finish()?;
    same("exit status", &done.code, 7)
}
