//! `hostname` and `domainname` (config.md#hostname, #domainname).

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, same};
use crate::rooms::deviations::{CRUN_IS_SILENT, RUNC_IS_SILENT};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(hostname_is_set_inside_only),
    test!(
        domainname_is_set_inside_only,
        ("runc", "1.1", "too old to know domainname")
    ),
    test!(hostname_without_uts_namespace_is_refused),
    test!(long_hostname_is_refused),
    test!(
        domainname_without_uts_namespace_is_refused,
        ("runc", "1.1", "too old to know domainname")
    ),
    test!(
        name_of_the_hosts_own_uts_namespace_by_its_path_is_refused,
        RUNC_IS_SILENT,
        CRUN_IS_SILENT
    ),
];

fn hostname_is_set_inside_only(t: &Trial<'_>) -> Verdict {
    same(
        "hostname",
        &t.see_one(&t.bundle()?.set("/hostname", json!("inside.example")))?["hostname"],
        "inside.example",
    )
}

fn domainname_is_set_inside_only(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/domainname", json!("domain.example"))
        .set("/ociVersion", json!("1.1.0"));
    same("domainname", &t.see_one(&bundle)?["domainname"], "domain.example")
}

fn hostname_without_uts_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.without_namespace("uts"), &["hostname"])
}

fn long_hostname_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/hostname", json!("h".repeat(65))), &["host"])
}

fn domainname_without_uts_namespace_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .without_namespace("uts")
        .remove("", "hostname")
        .set("/domainname", json!("domain.example"))
        .set("/ociVersion", json!("1.1.0"));
    t.refused(&bundle, &["domainname"])
}

fn name_of_the_hosts_own_uts_namespace_by_its_path_is_refused(t: &Trial<'_>) -> Verdict {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")?;
    let bundle = t
        .bundle()?
        .joining("uts", "/proc/self/ns/uts")
        .set("/hostname", json!(name.trim()));
    t.refused(&bundle, &["hostname"])
}
