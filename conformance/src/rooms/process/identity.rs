//! `process.user`: ids, groups, and who owns stdio.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(user_and_group_are_set_in_all_four_places),
    test!(additional_groups_are_set),
    test!(no_supplementary_group_is_inherited),
    test!(
        largest_usable_id_is_taken,
        ("runc", "1.1", "takes ids up to 2147483647 only")
    ),
    test!(
        id_of_all_ones_is_refused,
        ("crun", "1.8", "runs; setresuid leaves the id as it was, which is root")
    ),
    test!(id_beyond_32_bits_is_refused),
    test!(negative_id_is_refused),
    test!(fractional_id_is_refused),
    test!(
        id_as_text_is_refused,
        ("crun", "1.8", "takes text for 0 and runs as root")
    ),
    test!(ordinary_user_can_reopen_its_stdio),
    test!(null_device_as_stdio_keeps_its_owner),
];

fn user_and_group_are_set_in_all_four_places(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.user(1000, 2000))?;
    same("uids", &report["status"]["Uid"], "1000\t1000\t1000\t1000")?;
    same("gids", &report["status"]["Gid"], "2000\t2000\t2000\t2000")
}

fn additional_groups_are_set(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(
        &t.bundle()?
            .user(1000, 2000)
            .set("/process/user/additionalGids", json!([5, 3000])),
    )?;
    let mut seen: Vec<u64> = report["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_u64())
        .collect();
    seen.retain(|group| *group != 2000);
    same("groups", &seen, vec![5, 3000])
}

fn no_supplementary_group_is_inherited(t: &Trial<'_>) -> Verdict {
    let before = rustix::process::getgroups()?;
    let groups = [4, 24, 27].map(rustix::fs::Gid::from_raw);
    rustix::thread::set_thread_groups(&groups)?;
    let report = t.see_one(&t.bundle()?.user(1000, 1000));
    rustix::thread::set_thread_groups(&before)?;
    same("groups", &report?["groups"], json!([]))
}

fn largest_usable_id_is_taken(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.user(u32::MAX - 1, u32::MAX - 1))?;
    same("uids", &report["uids"][0], u32::MAX - 1)
}

fn id_of_all_ones_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.user(u32::MAX, 0), &[])
}

fn id_beyond_32_bits_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/user/uid", json!(4_294_967_296_u64)), &[])?;
    t.refused(&t.bundle()?.set("/process/user/gid", json!(4_294_967_296_u64)), &[])
}

fn negative_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/user/uid", json!(-1)), &[])
}

fn fractional_id_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/user/uid", json!(1000.5)), &[])
}

fn id_as_text_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.set("/process/user/uid", json!("x")), &[])
}

fn ordinary_user_can_reopen_its_stdio(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .user(1000, 1000)
        .probe("write /dev/stdout ok , write /dev/stderr ok");
    let (created, code) = t.to_its_end(&bundle)?;
    same("exit status", &code, 0)?;
    same("owner of stdout", &fs::metadata(&created.out_path)?.uid(), 1000)?;
    same("owner of stderr", &fs::metadata(&created.err_path)?.uid(), 1000)?;
    let said = created.out()?;
    ensure(
        said.contains("\"errno\":null") && !said.contains("\"errno\":13"),
        || said,
    )
}

fn null_device_as_stdio_keeps_its_owner(t: &Trial<'_>) -> Verdict {
    let before = fs::metadata("/dev/null")?.uid();
    let null = || fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    let bundle = t.bundle()?.user(1000, 1000).probe("exit 0");
    t.with_bundle(&["run"], &bundle)?
        .stdin(null()?)
        .streams(null()?, null()?)
        .finish()?;
    same(
        "owner of the host's /dev/null",
        &fs::metadata("/dev/null")?.uid(),
        before,
    )
}
