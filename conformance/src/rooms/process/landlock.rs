//! Landlock by the annotation `org.orlop.landlock` (docs/annotations.md). Only orlop has it: the others take the
//! annotation for somebody else's.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::kernel::is_since;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(files_are_denied_but_where_a_rule_allows_them, RUNC, CRUN),
    test!(rule_for_one_file_holds_for_that_file, RUNC, CRUN),
    test!(programs_are_denied_but_where_a_rule_allows_them, RUNC, CRUN),
    test!(program_that_no_rule_allows_cannot_be_started, RUNC, CRUN),
    test!(ports_are_denied_but_those_of_a_rule, RUNC, CRUN),
    test!(signals_do_not_reach_out_of_the_scope, RUNC, CRUN),
    test!(rules_bind_an_ordinary_user_without_new_privileges, RUNC, CRUN),
    test!(rules_bind_a_process_without_capabilities_that_may_gain_some, RUNC, CRUN),
    test!(rules_bind_in_a_user_namespace, RUNC, CRUN),
    test!(rules_go_together_with_a_filter, RUNC, CRUN),
    test!(
        hooks_of_start_are_bound_by_the_rules_and_those_of_create_are_not,
        RUNC,
        CRUN
    ),
    test!(place_that_is_not_there_is_refused, RUNC, CRUN),
    test!(place_is_looked_for_inside_the_rootfs, RUNC, CRUN),
    test!(rules_that_are_wrong_are_refused_with_their_place, RUNC, CRUN),
];

const RUNC: Known = ("runc", "", "does not have it");
const CRUN: Known = ("crun", "", "does not have it");
const EACCES: i32 = 13;

fn ruled(bundle: Bundle, rules: &Value) -> Bundle {
    bundle.set("/annotations/org.orlop.landlock", json!(rules.to_string()))
}

fn writing_only_below(path: &str) -> Value {
    json!({"filesystem": {"handled": ["write_file", "make_reg"], "allowed": [{"paths": [path], "access": ["write_file", "make_reg"]}]}})
}

fn errnos(lines: &[Value]) -> Vec<Value> {
    lines.iter().map(|line| line["errno"].clone()).collect()
}

fn skip_without_landlock() -> Verdict {
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    if modules.is_empty() || modules.contains("landlock") {
        Ok(())
    } else {
        Err(Failure::Skip("this kernel has no Landlock".into()))
    }
}

/// A bundle with two places that can be written to, and a probe that writes to both.
fn writing(t: &Trial<'_>) -> Result<Bundle, Failure> {
    skip_without_landlock()?;
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "a", &[])
        .mount("/tmp", "tmpfs", "b", &[]);
    Ok(bundle.probe("write /data/x , write /tmp/x"))
}

fn files_are_denied_but_where_a_rule_allows_them(t: &Trial<'_>) -> Verdict {
    let lines = t.see(&ruled(writing(t)?, &writing_only_below("/data")))?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn rule_for_one_file_holds_for_that_file(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let bundle = t.bundle()?;
    for name in ["one", "other"] {
        std::fs::write(bundle.rootfs().join("etc").join(name), "x")?;
    }
    // read_dir means nothing for a file.
    let rules = json!({"filesystem": {"handled": ["read_file", "read_dir"], "allowed": [
        {"paths": ["/etc/one", "/probe", "/proc"], "access": ["read_file", "read_dir"]}]}});
    let lines = t.see(&ruled(bundle, &rules).probe("read /etc/one , read /etc/other , list /etc"))?;
    same(
        "errnos",
        &errnos(&lines),
        vec![Value::Null, json!(EACCES), json!(EACCES)],
    )
}

fn programs_are_denied_but_where_a_rule_allows_them(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let bundle = t.bundle()?;
    std::fs::copy(t.probe(), bundle.rootfs().join("tmp/other"))?;
    let rules =
        json!({"filesystem": {"handled": ["execute"], "allowed": [{"paths": ["/probe"], "access": ["execute"]}]}});
    let lines = t.see(&ruled(bundle, &rules).probe("exec /probe exit 0 , exec /tmp/other exit 0"))?;
    // The actions of the inner probe end at the comma, too, and the outer one sees only its own.
    let last = lines.last().cloned().unwrap_or_default();
    same("errno of the program elsewhere", &last["errno"], EACCES)
}

fn program_that_no_rule_allows_cannot_be_started(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let rules = json!({"filesystem": {"handled": ["execute"], "allowed": []}});
    t.refused(&ruled(t.bundle()?, &rules), &["exec /probe: permission denied"])
}

fn ports_are_denied_but_those_of_a_rule(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let rules = json!({"network": {"handled": ["bind_tcp"], "allowed": [{"ports": [8080], "access": ["bind_tcp"]}]}});
    let bundle = ruled(t.bundle()?, &rules).probe("listen 8080 , listen 8081");
    if !is_since(6, 7) {
        return t.refused(&bundle, &["bind_tcp needs Linux 6.7"]);
    }
    let lines = t.see(&bundle)?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn signals_do_not_reach_out_of_the_scope(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let rules = json!({"scoped": ["signal"]});
    if !is_since(6, 12) {
        return t.refused(&ruled(t.bundle()?, &rules), &["signal needs Linux 6.12"]);
    }
    let outside = std::process::Command::new("sleep").arg("20").spawn()?;
    let kill = format!("kill {} 0", outside.id());
    let bundle =
        t.bundle()?
            .without_namespace("pid")
            .without_mount("/proc")
            .mount("/proc", "bind", "/proc", &["rbind"]);
    let free = t.see(&bundle.probe(&kill));
    let bundle =
        t.bundle()?
            .without_namespace("pid")
            .without_mount("/proc")
            .mount("/proc", "bind", "/proc", &["rbind"]);
    let scoped = t.see(&ruled(bundle, &rules).probe(&kill));
    let mut outside = outside;
    outside.kill()?;
    outside.wait()?;
    same("errno without", &free?[0]["errno"], Value::Null)?;
    same("errno with", &scoped?[0]["errno"], libc::EPERM)
}

fn rules_bind_an_ordinary_user_without_new_privileges(t: &Trial<'_>) -> Verdict {
    let bundle = ruled(writing(t)?, &writing_only_below("/data"))
        .mount("/data", "tmpfs", "a", &["mode=1777"])
        .set("/process/user/uid", json!(1000))
        .set("/process/noNewPrivileges", json!(true));
    let lines = t.see(&bundle)?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn rules_bind_a_process_without_capabilities_that_may_gain_some(t: &Trial<'_>) -> Verdict {
    let bundle = ruled(writing(t)?, &writing_only_below("/data"))
        .set("/process/noNewPrivileges", json!(false))
        .set("/process/capabilities", json!({}))
        .probe("write /data/x , write /tmp/x , report");
    let lines = t.see(&bundle)?;
    same("errnos", &errnos(&lines)[..2], vec![Value::Null, json!(EACCES)])?;
    same("capabilities", &lines[2]["status"]["CapEff"], "0000000000000000")?;
    same("no_new_privs", &lines[2]["no_new_privs"], 0)
}

fn rules_bind_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let maps = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
    let bundle = ruled(writing(t)?, &writing_only_below("/data"))
        .id_maps(maps)
        .new_namespace("user");
    let lines = t.see(&bundle)?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn rules_go_together_with_a_filter(t: &Trial<'_>) -> Verdict {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["landlock_restrict_self", "landlock_add_rule", "landlock_create_ruleset"], "action": "SCMP_ACT_ERRNO"}]});
    let bundle = ruled(writing(t)?, &writing_only_below("/data")).set("/linux/seccomp", profile);
    let lines = t.see(&bundle)?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn hooks_of_start_are_bound_by_the_rules_and_those_of_create_are_not(t: &Trial<'_>) -> Verdict {
    skip_without_landlock()?;
    let folder = t.dir.to_string_lossy().into_owned();
    let hook = |path: &str, file: &str| json!({"path": path, "args": ["hook", "write", format!("{folder}/{file}")]});
    let bundle = t
        .bundle()?
        .mount(&folder, "bind", &folder, &["bind"])
        .hook("createContainer", hook(&t.probe().to_string_lossy(), "by-create"))
        .hook("startContainer", hook("/probe", "by-start"));
    t.see(&ruled(
        bundle,
        &json!({"filesystem": {"handled": ["write_file", "make_reg"], "allowed": []}}),
    ))?;
    ensure(t.dir.join("by-create").exists(), || {
        "the hook of create could not write".into()
    })?;
    ensure(!t.dir.join("by-start").exists(), || {
        "the hook of start could write".into()
    })
}

fn place_that_is_not_there_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = ruled(writing(t)?, &writing_only_below("/no/such/place"));
    t.refused(&bundle, &["org.orlop.landlock", "/no/such/place", "no such file"])
}

fn place_is_looked_for_inside_the_rootfs(t: &Trial<'_>) -> Verdict {
    let bundle = writing(t)?;
    // To the host this link leads out of the rootfs; inside it is /data.
    std::os::unix::fs::symlink("/data", bundle.rootfs().join("etc/link"))?;
    let lines = t.see(&ruled(bundle, &writing_only_below("/etc/link")))?;
    same("errnos", &errnos(&lines), vec![Value::Null, json!(EACCES)])
}

fn rules_that_are_wrong_are_refused_with_their_place(t: &Trial<'_>) -> Verdict {
    for (rules, phrase) in [
        (
            json!({"filesystem": {"handled": ["write"]}}),
            "filesystem.handled[0]: unknown access \"write\"",
        ),
        (json!({}), "nothing is handled"),
        (json!([]), "expected an object"),
        (json!({"scoped": ["signal"], "fs": {}}), "fs: unknown member"),
    ] {
        t.refused(
            &ruled(t.bundle()?, &rules),
            &["annotations[\"org.orlop.landlock\"]", phrase],
        )?;
    }
    Ok(())
}
