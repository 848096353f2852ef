//! `linux.intelRdt`: classes of Intel's resource director (config-linux.md#intelrdt).

use std::path::Path;

use serde_json::json;

use super::limits::value;
use crate::failure::{Failure, Verdict, same};
use crate::rooms::deviations::{OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(resource_director_that_is_not_there_is_refused, OLD_CRUN),
    test!(class_that_is_no_folder_is_refused, OLD_RUNC, OLD_CRUN),
    test!(
        schemata_of_a_host_without_a_resource_director_are_refused,
        ("crun", "1.8", "has no such flags")
    ),
];

fn resource_director_that_is_not_there_is_refused(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/fs/resctrl/schemata").exists() {
        return Err(Failure::Skip("the host has a resource director".into()));
    }
    let rdt = json!({"closID": "orlop-test", "l3CacheSchema": "L3:0=f"});
    t.refused(&t.bundle()?.set("/linux/intelRdt", rdt), &["RDT"])
}

fn class_that_is_no_folder_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/intelRdt", json!({"closID": "../x"})),
        &["closID"],
    )
}

fn schemata_of_a_host_without_a_resource_director_are_refused(t: &Trial<'_>) -> Verdict {
    if Path::new("/sys/fs/resctrl/schemata").exists() {
        return Err(Failure::Skip("the host has a resource director".into()));
    }
    let id = t.launch(&t.bundle()?.probe("sleep 60"))?.id;
    for (flag, schema, phrase) in [
        ("--l3-cache-schema", "L3:0=f", "l3 cache schema is not enabled"),
        ("--mem-bw-schema", "MB:0=20", "memory bandwidth schema is not enabled"),
    ] {
        t.call(&["update", flag, schema, &id]).refuse(&["Intel RDT", phrase])?;
        // Not even what could be changed is.
        t.call(&["update", flag, schema, "--pids-limit", "9", &id])
            .refuse(&[phrase])?;
        let (limit, _) = value(t, &id, "pids.max", "pids.max")?;
        same("pids.max", &limit, "max")?;
    }
    Ok(())
}
