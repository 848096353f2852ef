//! `linux.memoryPolicy`: on which nodes memory is taken (config-linux.md#memory-policy).

use std::path::Path;

use serde_json::{Value, json};

use crate::failure::{Failure, Verdict, same};
use crate::kernel::is_since;
use crate::rooms::deviations::{OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(memory_policy_is_set, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_with_a_flag_is_set, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_of_a_node_that_is_not_there_is_refused, OLD_RUNC, OLD_CRUN),
    test!(memory_policy_that_contradicts_itself_is_refused, OLD_RUNC, OLD_CRUN),
];

fn memory_policy(t: &Trial<'_>, policy: Value) -> Result<Value, Failure> {
    if !Path::new("/sys/devices/system/node").exists() {
        return Err(Failure::Skip("the kernel is built without NUMA".into()));
    }
    let report = t.see_one(&t.bundle()?.set("/linux/memoryPolicy", policy))?;
    Ok(report["memory_policy"].clone())
}

fn memory_policy_is_set(t: &Trial<'_>) -> Verdict {
    for (mode, number) in [
        ("MPOL_PREFERRED", 1),
        ("MPOL_BIND", 2),
        ("MPOL_INTERLEAVE", 3),
        ("MPOL_PREFERRED_MANY", 5),
        ("MPOL_WEIGHTED_INTERLEAVE", 6),
    ] {
        let policy = json!({"mode": mode, "nodes": "0"});
        if mode == "MPOL_WEIGHTED_INTERLEAVE" && !is_since(6, 9) {
            t.refused(
                &t.bundle()?.set("/linux/memoryPolicy", policy),
                &[mode, "kernel is too old"],
            )?;
            continue;
        }
        let seen = memory_policy(t, policy)?;
        same(mode, &seen["mode"], number)?;
        same("nodes", &seen["nodes"], 1)?;
    }
    same("local", &memory_policy(t, json!({"mode": "MPOL_LOCAL"}))?["mode"], 4)?;
    same(
        "default",
        &memory_policy(t, json!({"mode": "MPOL_DEFAULT"}))?["mode"],
        0,
    )
}

fn memory_policy_with_a_flag_is_set(t: &Trial<'_>) -> Verdict {
    for (flag, bit) in [("MPOL_F_STATIC_NODES", 1 << 15), ("MPOL_F_RELATIVE_NODES", 1 << 14)] {
        let seen = memory_policy(t, json!({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": [flag]}))?;
        same(flag, &seen["mode"], 3 | bit)?;
    }
    Ok(())
}

fn memory_policy_of_a_node_that_is_not_there_is_refused(t: &Trial<'_>) -> Verdict {
    let policy = json!({"mode": "MPOL_BIND", "nodes": "1023"});
    t.refused(&t.bundle()?.set("/linux/memoryPolicy", policy), &["MPOL_BIND"])
}

fn memory_policy_that_contradicts_itself_is_refused(t: &Trial<'_>) -> Verdict {
    for (policy, phrase) in [
        (
            json!({"mode": "MPOL_DEFAULT", "nodes": "0-7"}),
            "mode requires 0 nodes but got 8",
        ),
        (json!({"mode": "MPOL_BIND"}), "MPOL_BIND"),
        (json!({"mode": "MPOL_FAR", "nodes": "0"}), "invalid memory policy mode"),
        (
            json!({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_FAR"]}),
            "invalid memory policy flag",
        ),
        (
            json!({"mode": "MPOL_BIND", "nodes": "0-9876543210"}),
            "invalid memory policy node",
        ),
    ] {
        t.refused(&t.bundle()?.set("/linux/memoryPolicy", policy), &[phrase])?;
    }
    Ok(())
}
