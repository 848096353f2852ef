//! `linux.personality`: the execution domain (config-linux.md#personality).

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::rooms::deviations::{OLD_CRUN, OLD_RUNC};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(execution_domain_of_32_bits_is_set, OLD_RUNC),
    test!(plain_execution_domain_is_set),
    test!(flag_of_an_execution_domain_is_refused, OLD_RUNC, OLD_CRUN),
];

fn execution_domain_of_32_bits_is_set(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/linux/personality", json!({"domain": "LINUX32"})))?;
    same("personality", &report["personality"], 8)?;
    ensure(report["machine"] != std::env::consts::ARCH, || {
        format!("the machine is still {}", report["machine"])
    })
}

fn plain_execution_domain_is_set(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.set("/linux/personality", json!({"domain": "LINUX"})))?;
    same("personality", &report["personality"], 0)
}

fn flag_of_an_execution_domain_is_refused(t: &Trial<'_>) -> Verdict {
    let personality = json!({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]});
    t.refused(
        &t.bundle()?.set("/linux/personality", personality),
        &["ADDR_NO_RANDOMIZE"],
    )
}
