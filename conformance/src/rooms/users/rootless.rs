//! The runtime without the host's root's rights: as an ordinary user, and as root of a user namespace that somebody
//! else made.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::Call;
use crate::failure::{Failure, Verdict, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{USER, as_user, rootless};

pub(crate) const TESTS: &[Test] = &[
    test!(root_of_a_user_namespace_that_fixes_its_groups_runs_a_container),
    test!(
        root_of_a_user_namespace_cannot_give_groups_there,
        ("runc", "1.1", "gives none, and says nothing"),
        ("crun", "1.8", "gives none, and says nothing")
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

fn root_of_a_user_namespace_cannot_give_groups_there(t: &Trial<'_>) -> Verdict {
    let bundle = without_user_namespace(rootless(t)?).set("/process/user/additionalGids", json!([0]));
    as_root_of_its_own(t, t.with_bundle(&["run"], &bundle)?)?.refuse(&["groups"])
}
