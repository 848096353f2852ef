//! `linux.maskedPaths`, `linux.readonlyPaths`.

use std::path::Path;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(masked_file_reads_as_empty),
    test!(masked_folder_is_empty_and_read_only),
    test!(masked_path_that_does_not_exist_is_fine),
    test!(masked_path_twice_is_fine),
    test!(masked_path_in_the_rootfs_works),
    test!(read_only_path_refuses_writes),
    test!(read_only_path_keeps_its_content),
    test!(read_only_path_that_does_not_exist_is_fine),
    test!(default_masks_hold),
    test!(
        relative_masked_path_is_refused,
        ("runc", "1.1", "takes it as relative to /"),
        ("crun", "1.8", "takes it as relative to /")
    ),
    test!(
        relative_read_only_path_is_refused,
        ("runc", "1.1", "takes it as relative to /"),
        ("crun", "1.8", "takes it as relative to /")
    ),
    test!(
        read_only_path_that_is_the_root_makes_it_read_only,
        ("runc", "1.1", "only where the path is / as it is written"),
        ("crun", "1.8", "has no effect")
    ),
    test!(
        masked_path_that_is_the_root_is_refused_with_its_place,
        ("runc", "1.1", "has no effect"),
        ("crun", "1.8", "has no effect")
    ),
    test!(
        masked_path_that_leads_to_the_root_is_refused_with_its_place,
        ("runc", "1.1", "has no effect"),
        ("crun", "1.8", "has no effect")
    ),
];

fn masked_file_reads_as_empty(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/maskedPaths", json!(["/proc/version"]))
        .probe("read /proc/version , stat /proc/version");
    let said = t.see(&bundle)?;
    same("content", &said[0]["value"], "")?;
    same("device", &said[1]["value"]["rdev"], json!([1, 3]))
}

fn masked_folder_is_empty_and_read_only(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/linux/maskedPaths", json!(["/proc/bus"]))
        .set("/linux/readonlyPaths", json!([]));
    let said = t.see(&bundle.probe("list /proc/bus , mkdir /proc/bus/x"))?;
    same("entries", &said[0]["value"], json!([]))?;
    same("errno", &said[1]["errno"], libc::EROFS)
}

fn masked_path_that_does_not_exist_is_fine(t: &Trial<'_>) -> Verdict {
    t.see(
        &t.bundle()?
            .set("/linux/maskedPaths", json!(["/no/such/path", "/data/no/such/path"])),
    )
    .map(drop)
}

fn masked_path_twice_is_fine(t: &Trial<'_>) -> Verdict {
    let paths = json!(["/proc/version", "/proc/version", "/proc/bus", "/proc/bus"]);
    t.see(&t.bundle()?.set("/linux/maskedPaths", paths)).map(drop)
}

fn masked_path_in_the_rootfs_works(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .file("etc/secret", "secret")?
        .set("/linux/maskedPaths", json!(["/etc/secret"]));
    same("content", &t.see_one(&bundle.probe("read /etc/secret"))?["value"], "")
}

fn read_only_path_refuses_writes(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("write /proc/sys/kernel/domainname x , write /proc/sysrq-trigger h"),
    )?;
    same("sysctl", &said[0]["errno"], libc::EROFS)?;
    // Not every kernel has it.
    ensure(
        said[1]["errno"] == libc::EROFS || said[1]["errno"] == libc::ENOENT,
        || said[1].to_string(),
    )
}

fn read_only_path_keeps_its_content(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .writable()
        .file("data/f", "kept")?
        .set("/linux/readonlyPaths", json!(["/data"]));
    let said = t.see(&bundle.probe("read /data/f , write /data/f more , write /tmp/g"))?;
    same("content", &said[0]["value"], "kept")?;
    same("write below", &said[1]["errno"], libc::EROFS)?;
    same("write beside", &said[2]["errno"], json!(null))
}

fn read_only_path_that_does_not_exist_is_fine(t: &Trial<'_>) -> Verdict {
    t.see(&t.bundle()?.set("/linux/readonlyPaths", json!(["/no/such/path"])))
        .map(drop)
}

fn default_masks_hold(t: &Trial<'_>) -> Verdict {
    let said = t.see(
        &t.bundle()?
            .probe("read /proc/keys , read /proc/kcore , list /sys/firmware , read /proc/timer_list"),
    )?;
    for line in said {
        let empty = line["value"] == "" || line["value"] == json!([]) || line["errno"] == libc::ENOENT;
        ensure(empty, || format!("{} shows something", line["action"]))?;
    }
    Ok(())
}

fn relative_masked_path_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/maskedPaths", json!(["proc/kcore"])),
        &["proc/kcore"],
    )
}

fn relative_read_only_path_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(
        &t.bundle()?.set("/linux/readonlyPaths", json!(["proc/sys"])),
        &["proc/sys"],
    )
}

fn read_only_path_that_is_the_root_makes_it_read_only(t: &Trial<'_>) -> Verdict {
    for path in ["/", "/proc/..", "/link", "/link/."] {
        let bundle = t
            .bundle()?
            .writable()
            .link("link", Path::new("/"))?
            .mount("/tmp", "tmpfs", "x", &[])
            .set("/linux/readonlyPaths", json!([path]));
        let seen = t.see(&bundle.probe("write /new , write /tmp/new"))?;
        same(path, &seen[0]["errno"], libc::EROFS)?;
        same("in a mount below", &seen[1]["errno"], json!(null))?;
    }
    Ok(())
}

fn masked_path_that_is_the_root_is_refused_with_its_place(t: &Trial<'_>) -> Verdict {
    for path in ["/", "/proc/.."] {
        let bundle = t.bundle()?.set("/linux/maskedPaths", json!(["/proc/kcore", path]));
        t.refused(&bundle, &["linux.maskedPaths[1]"])?;
    }
    Ok(())
}

fn masked_path_that_leads_to_the_root_is_refused_with_its_place(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .link("link", Path::new("/"))?
        .set("/linux/maskedPaths", json!(["/proc/kcore", "/link"]));
    t.refused(&bundle, &["linux.maskedPaths[1]"])
}
