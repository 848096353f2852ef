//! `linux.intelRdt`: classes of Intel's resource director (config-linux.md#intelrdt).

use std::path::Path;

use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::rooms::deviations::{OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(resource_director_that_is_not_there_is_refused, OLD_CRUN),
    test!(class_that_is_no_folder_is_refused, OLD_RUNC, OLD_CRUN),
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
