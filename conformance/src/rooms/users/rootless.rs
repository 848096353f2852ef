//! The runtime without the host's root's rights: as an ordinary user, and as root of a user namespace that somebody
//! else made.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, Done};
use crate::failure::{Failure, Verdict, ensure, same};
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
