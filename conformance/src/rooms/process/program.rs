//! The program of `process.args`: where it is looked for, and what cannot be executed.

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Verdict, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(program_is_looked_for_in_the_containers_path),
    test!(program_with_a_slash_is_relative_to_cwd),
    test!(missing_program_is_refused_at_create),
    test!(missing_program_in_path_is_refused_at_create),
    test!(
        folder_as_program_is_refused_at_create,
        ("crun", "1.8", "says only: open executable, not permitted")
    ),
    test!(
        folder_as_program_is_told_in_the_words_of_every_client,
        ("runc", "1.1", "says only: permission denied, or: is a directory"),
        ("crun", "1.8", "says only: open executable, not permitted")
    ),
    test!(program_without_the_executable_bit_is_refused_at_create),
    test!(
        empty_arguments_are_refused,
        ("crun", "1.8", "says only: open executable, invalid argument")
    ),
    test!(
        missing_process_is_refused_at_start_or_before,
        (
            "crun",
            "1.8",
            "internal error: max number of capabilities not initialized"
        )
    ),
    test!(missing_arguments_are_an_error),
    test!(
        start_reports_that_the_file_is_no_program,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(
        start_reports_a_script_without_its_interpreter,
        ("runc", "1.1", "start succeeds, init's stderr tells"),
        ("crun", "1.8", "start succeeds, init's stderr tells")
    ),
    test!(process_carries_the_programs_name_and_file),
    test!(program_of_an_additional_group_is_executed),
    test!(program_of_another_user_is_not_executed),
    test!(search_passes_over_what_cannot_be_executed),
];

fn program_is_looked_for_in_the_containers_path(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/env", json!(["PATH=/nonexistent:/data:/tmp"]))
        .args(&["tool", "report"]);
    std::fs::copy(bundle.rootfs().join("probe"), bundle.rootfs().join("data/tool"))?;
    same("exe", &t.see_one(&bundle)?["exe"], "/data/tool")
}

fn program_with_a_slash_is_relative_to_cwd(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/process/cwd", json!("/tmp"))
        .args(&["../probe", "report"]);
    same("exe", &t.see_one(&bundle)?["exe"], "/probe")
}

fn missing_program_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["/nope"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["/nope", "o such file or directory"])
}

fn missing_program_in_path_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["nope"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["nope", "executable file", "not found"])
}

fn folder_as_program_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["/etc"]);
    t.with_bundle(&["create"], &bundle)?.refuse(&["/etc"])
}

/// Of docker's clients, those before 23.0.1 look for the second phrase alone.
fn folder_as_program_is_told_in_the_words_of_every_client(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.args(&["/etc"]);
    t.with_bundle(&["create"], &bundle)?
        .refuse(&["is a directory", "permission denied"])
}

fn program_without_the_executable_bit_is_refused_at_create(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("data/text", "hello")?.args(&["/data/text"]);
    t.with_bundle(&["create"], &bundle)?.refuse(&["ermission denied"])
}

fn empty_arguments_are_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.args(&[]), &["args"])
}

fn missing_process_is_refused_at_start_or_before(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.remove("", "process"), &["rocess"])
}

fn starts_in_vain(t: &Trial<'_>, text: &str, phrase: &str) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let bundle = t.bundle()?.file("data/app", text)?.args(&["/data/app"]);
    std::fs::set_permissions(bundle.rootfs().join("data/app"), std::fs::Permissions::from_mode(0o755))?;
    let created = t.create(&bundle)?;
    t.call(&["start", &created.id]).refuse(&["/data/app", phrase])
}

fn start_reports_that_the_file_is_no_program(t: &Trial<'_>) -> Verdict {
    starts_in_vain(t, "neither ELF nor script", "exec format error")
}

fn start_reports_a_script_without_its_interpreter(t: &Trial<'_>) -> Verdict {
    starts_in_vain(t, "#!/no/such/interpreter\n", "no such file or directory")
}

fn process_carries_the_programs_name_and_file(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?)?;
    same("exe", &report["exe"], "/probe")?;
    same("name", &report["status"]["Name"], "probe")
}

fn missing_arguments_are_an_error(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.args(&[]), &[])?;
    t.refused(&t.bundle()?.remove("/process", "args"), &[])
}

/// A copy of the probe with this mode, owned by root and group 5.
fn guarded(bundle: Bundle, mode: u32) -> std::io::Result<Bundle> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let file = bundle.rootfs().join("data/tool");
    std::fs::copy(bundle.rootfs().join("probe"), &file)?;
    chown(&file, Some(0), Some(5))?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode))?;
    Ok(bundle.args(&["/data/tool", "report"]))
}

fn program_of_an_additional_group_is_executed(t: &Trial<'_>) -> Verdict {
    let bundle = guarded(t.bundle()?.user(1000, 1000), 0o750)?;
    let report = t.see_one(&bundle.set("/process/user/additionalGids", json!([5])))?;
    same("exe", &report["exe"], "/data/tool")
}

fn program_of_another_user_is_not_executed(t: &Trial<'_>) -> Verdict {
    let bundle = guarded(t.bundle()?.user(1000, 1000), 0o750)?;
    t.refused(&bundle, &["ermission denied"])
}

fn search_passes_over_what_cannot_be_executed(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .folder("etc/tool")?
        .file("run/tool", "no program")?
        .set("/process/env", json!(["PATH=/etc:/run:/data"]))
        .args(&["tool", "report"]);
    std::fs::copy(bundle.rootfs().join("probe"), bundle.rootfs().join("data/tool"))?;
    same("exe", &t.see_one(&bundle)?["exe"], "/data/tool")
}
