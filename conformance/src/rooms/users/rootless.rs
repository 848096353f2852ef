//! The runtime without the host's root's rights: as an ordinary user, and as root of a user namespace that somebody
//! else made.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(root_of_a_user_namespace_that_fixes_its_groups_runs_a_container),
    test!(
        groups_are_left_out_where_the_callers_namespace_denies_them,
        ("runc", "1.1", "says nothing"),
        ("crun", "1.8", "says nothing")
    ),
    test!(
        groups_are_left_out_where_only_the_callers_own_is_mapped,
        ("runc", "1.1", "refuses them"),
        ("crun", "1.8", "says nothing")
    ),
    test!(
        groups_are_left_out_where_the_joined_namespace_denies_them,
        ("runc", "1.1", "refuses them"),
        ("crun", "1.8", "says nothing")
    ),
    test!(no_groups_are_nothing_to_tell_where_they_are_denied),
    test!(
        state_root_in_the_runtime_folder_is_private_and_sticky,
        ("crun", "1.8", "sets no sticky bit")
    ),
    test!(
        statistics_without_a_cgroup_have_every_part,
        ("crun", "1.8", "has no events")
    ),
    test!(update_without_a_cgroup_says_so, RUNC_IS_SILENT, CRUN_IS_SILENT),
    test!(
        cgroup_that_is_insisted_on_is_not_left_out,
        ("crun", "1.8", "has no such flag")
    ),
];

/// A bundle for one who is root of a user namespace already: it asks for no other.
pub(super) fn without_user_namespace(bundle: Bundle) -> Bundle {
    bundle.without_namespace("user").id_maps(Value::Null)
}

/// The call by an ordinary user with groups, who made itself root of a user namespace: nobody there can change groups.
pub(super) fn as_root_of_its_own<'t>(t: &'t Trial<'_>, call: Call<'t>) -> Result<Call<'t>, Failure> {
    let by = format!("exec setpriv --reuid {USER} --regid {USER} --groups {USER},4,27");
    Ok(as_user(t, call)?.script(&format!("{by} unshare --user --map-root-user \"$0\" \"$@\"")))
}

fn root_of_a_user_namespace_that_fixes_its_groups_runs_a_container(t: &Trial<'_>) -> Verdict {
    let bundle = without_user_namespace(rootless(t)?);
    let done = as_root_of_its_own(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?;
    same("uids", &done.json()?["uids"], json!([0, 0, 0]))
}

/// The call runs, and one warning tells that the process has none of the groups.
fn without_groups(done: &Done) -> Verdict {
    same("uids", &done.json()?["uids"], json!([0, 0, 0]))?;
    same("warnings", &done.err.matches("process.user.additionalGids").count(), 1)?;
    ensure(done.err.contains("setgroups is denied"), || done.err.clone())
}

fn groups_are_left_out_where_the_callers_namespace_denies_them(t: &Trial<'_>) -> Verdict {
    let bundle = without_user_namespace(rootless(t)?).set("/process/user/additionalGids", json!([0]));
    without_groups(&as_root_of_its_own(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?)
}

fn groups_are_left_out_where_only_the_callers_own_is_mapped(t: &Trial<'_>) -> Verdict {
    for groups in [json!([0]), json!([5, 6])] {
        let bundle = rootless(t)?.set("/process/user/additionalGids", groups);
        without_groups(&as_user(t, t.with_bundle(&["run"], &bundle)?)?.succeed()?)?;
    }
    Ok(())
}

fn groups_are_left_out_where_the_joined_namespace_denies_them(t: &Trial<'_>) -> Verdict {
    let first = rootless(t)?.probe("sleep 60000");
    as_user(t, t.with_bundle(&["run", "--detach"], &first)?)?.succeed()?;
    let state = as_user(t, t.call(&["state"]).word(&first.id))?.succeed()?.json()?;
    let path = format!("/proc/{}/ns/user", state["pid"]);
    let second = without_user_namespace(rootless(t)?)
        .set("/linux/namespaces/-", json!({"type": "user", "path": path}))
        .set("/process/user/additionalGids", json!([0]));
    let done = as_user(t, t.with_bundle(&["run"], &second)?)?.finish()?;
    as_user(t, t.call(&["delete", "--force"]).word(&first.id))?.succeed()?;
    ensure(done.code == 0, || done.err.clone())?;
    without_groups(&done)
}

fn no_groups_are_nothing_to_tell_where_they_are_denied(t: &Trial<'_>) -> Verdict {
    let done = as_user(t, t.with_bundle(&["run"], &rootless(t)?)?)?.succeed()?;
    same("warnings", &done.err.matches("additionalGids").count(), 0)
}

fn cgroup_that_is_insisted_on_is_not_left_out(t: &Trial<'_>) -> Verdict {
    for (rootless_flag, runs) in [("auto", true), ("true", true), ("false", false), ("0", false)] {
        let flag = format!("--rootless={rootless_flag}");
        let bundle = rootless(t)?.probe("exit 0");
        let done = as_user(t, t.with_bundle(&["run"], &bundle)?)?
            .global(&[&flag])
            .finish()?;
        same(&flag, &(done.code == 0), runs)?;
        if !runs {
            for phrase in ["unable to apply cgroup configuration", "ermission denied"] {
                ensure(done.err.contains(phrase), || done.err.clone())?;
            }
        }
    }
    Ok(())
}

/// `man 5 tmpfiles.d`: what is sticky is not removed for its age.
fn state_root_in_the_runtime_folder_is_private_and_sticky(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let call = as_user(t, t.with_bundle(&["run"], &rootless(t)?.probe("exit 0"))?)?;
    // Without --root and its value.
    let script = format!("shift 2; exec setpriv --reuid {USER} --regid {USER} --clear-groups \"$0\" \"$@\"");
    call.script(&script).succeed()?;
    let mut found = std::fs::read_dir(t.dir.join("rootless"))?.flatten();
    let folder = found.next().ok_or_else(|| Failure::Wrong("no state root".into()))?;
    same(
        "mode",
        &format!("{:o}", folder.metadata()?.permissions().mode()),
        "41700".to_owned(),
    )
}

/// What is done with a container that is in no cgroup of its own.
fn without_cgroup(t: &Trial<'_>, words: &[&str]) -> Result<Done, Failure> {
    let bundle = rootless(t)?.probe("sleep 60");
    as_user(t, t.with_bundle(&["run", "--detach"], &bundle)?)?.succeed()?;
    let done = as_user(t, t.call(words).word(&bundle.id))?.finish();
    as_user(t, t.call(&["delete", "--force"]).word(&bundle.id))?.succeed()?;
    done
}

fn statistics_without_a_cgroup_have_every_part(t: &Trial<'_>) -> Verdict {
    let done = without_cgroup(t, &["events", "--stats"])?;
    let data = done.json()?["data"].clone();
    for part in ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt"] {
        ensure(data[part].is_object(), || format!("{part}: {data}"))?;
    }
    // Where there is a figure, it is none.
    same(
        "processor time",
        &data["cpu"]["usage"]["total"].as_u64().unwrap_or(0),
        0,
    )
}

fn update_without_a_cgroup_says_so(t: &Trial<'_>) -> Verdict {
    let done = without_cgroup(t, &["update", "--pids-limit", "5"])?;
    ensure(done.code == 1 && done.err.contains("in no cgroup of its own"), || {
        format!("{done:?}")
    })
}
