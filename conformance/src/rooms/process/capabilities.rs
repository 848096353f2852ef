//! `process.capabilities`: the five sets.

use serde_json::json;

use crate::call::Done;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(sets_are_what_the_config_says),
    test!(empty_sets_leave_nothing),
    test!(missing_capabilities_leave_nothing),
    test!(inheritable_and_ambient_are_empty_unless_asked_for),
    test!(ambient_set_reaches_an_ordinary_user),
    test!(ordinary_user_without_ambient_has_nothing_effective),
    test!(unknown_capability_is_only_a_warning),
    test!(capability_that_was_dropped_is_refused_in_use),
    test!(each_of_the_sets_may_differ),
    test!(unknown_capability_is_told_in_a_warning, ("crun", "1.8", "says nothing")),
    test!(
        capability_that_cannot_be_granted_is_no_failure,
        ("runc", "1.1", "cannot set the sets then"),
        ("crun", "1.8", "cannot set the sets then")
    ),
    test!(
        capability_that_cannot_be_granted_is_told_in_a_warning,
        ("runc", "1.1", "cannot set the sets then"),
        ("crun", "1.8", "cannot set the sets then")
    ),
    test!(effective_set_holds_by_itself),
    test!(permitted_set_holds_by_itself),
    test!(ambient_capability_that_is_not_inheritable_is_no_failure),
];

const KILL: u64 = 1 << 5;
const NET_BIND: u64 = 1 << 10;
const CHOWN: u64 = 1;

fn set(report: &serde_json::Value, name: &str) -> u64 {
    u64::from_str_radix(report["status"][name].as_str().unwrap_or("x"), 16).unwrap_or(u64::MAX)
}

fn sets_are_what_the_config_says(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.capabilities(&["CAP_KILL", "CAP_NET_BIND_SERVICE"]))?;
    for name in ["CapBnd", "CapEff", "CapPrm"] {
        same(name, &set(&report, name), KILL | NET_BIND)?;
    }
    Ok(())
}

fn empty_sets_leave_nothing(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.capabilities(&[]))?;
    for name in ["CapInh", "CapBnd", "CapEff", "CapPrm", "CapAmb"] {
        same(name, &set(&report, name), 0)?;
    }
    Ok(())
}

fn missing_capabilities_leave_nothing(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.remove("/process", "capabilities"))?;
    for name in ["CapInh", "CapBnd", "CapEff", "CapPrm", "CapAmb"] {
        same(name, &set(&report, name), 0)?;
    }
    Ok(())
}

fn inheritable_and_ambient_are_empty_unless_asked_for(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("CapInh", &set(&report, "CapInh"), 0)?;
    same("CapAmb", &set(&report, "CapAmb"), 0)
}

fn ambient_set_reaches_an_ordinary_user(t: &Trial<'_>) -> Verdict {
    let names = json!(["CAP_KILL"]);
    let bundle = t.bundle()?.capabilities(&["CAP_KILL", "CAP_CHOWN"]).user(1000, 1000);
    let bundle = bundle.set("/process/capabilities/inheritable", names.clone());
    let report = t.see_one(&bundle.set("/process/capabilities/ambient", names))?;
    for name in ["CapInh", "CapEff", "CapPrm", "CapAmb"] {
        same(name, &set(&report, name), KILL)?;
    }
    same("CapBnd", &set(&report, "CapBnd"), KILL | CHOWN)
}

fn ordinary_user_without_ambient_has_nothing_effective(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.capabilities(&["CAP_KILL"]).user(1000, 1000))?;
    same("CapEff", &set(&report, "CapEff"), 0)?;
    same("CapPrm", &set(&report, "CapPrm"), 0)?;
    same("CapBnd", &set(&report, "CapBnd"), KILL)
}

fn unknown_capability_is_only_a_warning(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.capabilities(&["CAP_KILL", "CAP_WARP_DRIVE"]))?;
    same("CapEff", &set(&report, "CapEff"), KILL)
}

fn capability_that_was_dropped_is_refused_in_use(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("sethostname x , mknod /dev/shm/n c 1 3 , mount none /tmp tmpfs 0"),
    )?;
    for line in said {
        same(&line["action"].to_string(), &line["errno"], libc::EPERM)?;
    }
    Ok(())
}

fn each_of_the_sets_may_differ(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set(
        "/process/capabilities",
        json!({
            "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_NET_BIND_SERVICE"],
            "permitted": ["CAP_KILL", "CAP_CHOWN"],
            "effective": ["CAP_KILL"],
            "inheritable": ["CAP_CHOWN"],
        }),
    );
    // Root's exec raises permitted and effective to the bounding set again (man 7 capabilities).
    let report = t.see_one(&bundle)?;
    same("CapBnd", &set(&report, "CapBnd"), KILL | CHOWN | NET_BIND)?;
    same("CapInh", &set(&report, "CapInh"), CHOWN)
}

fn unknown_capability_is_told_in_a_warning(t: &Trial<'_>) -> Verdict {
    let done = t
        .with_bundle(&["run"], &t.bundle()?.capabilities(&["CAP_KILL", "CAP_WARP_DRIVE"]))?
        .succeed()?;
    ensure(done.err.contains("CAP_WARP_DRIVE"), || {
        format!("stderr: {:?}", done.err)
    })
}

/// Run by a caller that has dropped `CAP_SYS_BOOT`.
fn without_boot(t: &Trial<'_>) -> Result<Done, Failure> {
    let call = t.with_bundle(&["run"], &t.bundle()?.capabilities(&["CAP_KILL", "CAP_SYS_BOOT"]))?;
    call.script("exec setpriv --bounding-set=-sys_boot \"$0\" \"$@\"")
        .finish()
}

fn capability_that_cannot_be_granted_is_no_failure(t: &Trial<'_>) -> Verdict {
    let done = without_boot(t)?;
    ensure(done.code == 0, || done.err.clone())?;
    same("CapBnd", &set(&done.lines()?[0], "CapBnd"), KILL)
}

fn capability_that_cannot_be_granted_is_told_in_a_warning(t: &Trial<'_>) -> Verdict {
    let done = without_boot(t)?;
    ensure(done.err.contains("CAP_SYS_BOOT"), || format!("stderr: {:?}", done.err))
}

/// What an ordinary user's process has of these sets: exec leaves it only what is ambient.
fn for_a_user(t: &Trial<'_>, ambient: &[&str]) -> Result<serde_json::Value, Failure> {
    let both = ["CAP_KILL", "CAP_CHOWN"];
    let sets =
        json!({"bounding": both, "permitted": both, "inheritable": both, "effective": ambient, "ambient": ambient});
    t.see_one(&t.bundle()?.user(1000, 1000).set("/process/capabilities", sets))
}

fn effective_set_holds_by_itself(t: &Trial<'_>) -> Verdict {
    let report = for_a_user(t, &["CAP_CHOWN"])?;
    same("CapEff", &set(&report, "CapEff"), CHOWN)?;
    same("CapInh", &set(&report, "CapInh"), KILL | CHOWN)
}

fn permitted_set_holds_by_itself(t: &Trial<'_>) -> Verdict {
    let report = for_a_user(t, &["CAP_KILL"])?;
    same("CapPrm", &set(&report, "CapPrm"), KILL)?;
    same("CapAmb", &set(&report, "CapAmb"), KILL)
}

fn ambient_capability_that_is_not_inheritable_is_no_failure(t: &Trial<'_>) -> Verdict {
    // The kernel grants no such thing.
    let bundle = t.bundle()?.capabilities(&["CAP_KILL"]).user(1000, 1000);
    let report = t.see_one(&bundle.set("/process/capabilities/ambient", json!(["CAP_KILL"])))?;
    same("CapAmb", &set(&report, "CapAmb"), 0)
}
