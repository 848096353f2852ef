//! Options and sources of filesystems that are longer than `fsconfig` takes, 255 bytes, but not than `mount`, a page
//! (config.md#mounts: they are given to `mount(2)`).

use std::fs;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{mapped, run_with_pipe};

pub(crate) const TESTS: &[Test] = &[
    test!(an_overlay_of_many_layers_is_mounted),
    test!(
        an_overlay_of_many_layers_takes_attributes_and_propagation,
        ("crun", "1.8", "drops the propagation")
    ),
    test!(an_overlay_of_many_layers_can_be_written),
    test!(
        an_overlay_of_many_layers_is_the_root,
        ("crun", "1.8", "mounts onto the empty path, which is refused")
    ),
    test!(an_overlay_of_many_layers_lies_on_what_it_hides),
    test!(an_overlay_of_many_layers_in_a_user_namespace),
    test!(a_long_source_is_taken),
    test!(
        options_of_more_than_a_page_are_refused_with_their_place,
        ("runc", "", "does not name the place"),
        ("crun", "", "does not name the place")
    ),
];

/// Folders on the host, each with a file of its name's number, as an overlay's option: longer than 255 bytes.
fn layers(t: &Trial<'_>, count: usize) -> Result<String, Failure> {
    let mut list = Vec::new();
    for number in 0..count {
        let folder = t.dir.join(format!("layer-{}-{number}", "x".repeat(60)));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("file{number}")), "")?;
        list.push(folder.to_string_lossy().into_owned());
    }
    Ok(format!("lowerdir={}", list.join(":")))
}

fn files(count: usize) -> serde_json::Value {
    json!((0..count).map(|number| format!("file{number}")).collect::<Vec<_>>())
}

fn an_overlay_of_many_layers_is_mounted(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &[&layers(t, 9)?]);
    same("entries", &t.see_one(&bundle.probe("list /data"))?["value"], files(9))
}

fn an_overlay_of_many_layers_takes_attributes_and_propagation(t: &Trial<'_>) -> Verdict {
    let options = ["nosuid", "ro", &layers(t, 6)?, "noatime", "shared"];
    let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &options);
    let report = t.see_one(&bundle)?;
    let mount = mount_at(&report, "/data")?;
    for word in ["ro", "nosuid", "noatime"] {
        ensure(has(&mount["options"], word), || format!("{word} is missing: {mount}"))?;
    }
    ensure(has_start(&mount["tags"], "shared:"), || mount.to_string())?;
    let all = report["mounts"].as_array().into_iter().flatten();
    same(
        "mounts at /data",
        &all.filter(|mount| mount["point"] == "/data").count(),
        1,
    )
}

/// A tmpfs on the host while the container runs: not every filesystem can be an upper layer.
fn with_scratch<T>(t: &Trial<'_>, act: impl FnOnce(&str) -> Result<T, Failure>) -> Result<T, Failure> {
    let scratch = t.dir.join("scratch");
    fs::create_dir(&scratch)?;
    mount("none", &scratch, "tmpfs", MountFlags::empty(), None)?;
    let result = fs::create_dir(scratch.join("upper"))
        .and_then(|()| fs::create_dir(scratch.join("work")))
        .map_err(Failure::from)
        .and_then(|()| act(&scratch.to_string_lossy()));
    unmount(&scratch, UnmountFlags::DETACH)?;
    result
}

fn an_overlay_of_many_layers_can_be_written(t: &Trial<'_>) -> Verdict {
    with_scratch(t, |scratch| {
        let options = [
            &layers(t, 6)?,
            &format!("upperdir={scratch}/upper") as &str,
            &format!("workdir={scratch}/work"),
        ];
        let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &options);
        let seen = t.see(&bundle.probe("write /data/new , list /data"))?;
        same("errno", &seen[0]["errno"], json!(null))?;
        same("on the host", &fs::exists(format!("{scratch}/upper/new"))?, true)
    })
}

fn an_overlay_of_many_layers_is_the_root(t: &Trial<'_>) -> Verdict {
    let mut bundle = t.bundle()?;
    let options = json!([format!("{}:{}", layers(t, 6)?, bundle.rootfs().display())]);
    let root = json!({"destination": "/", "type": "overlay", "source": "overlay", "options": options});
    if let Some(mounts) = bundle.config["mounts"].as_array_mut() {
        mounts.insert(0, root);
    }
    let seen = t.see(&bundle.probe("stat /file5 , report , read /proc/self/comm"))?;
    same("file of a layer", &seen[0]["errno"], json!(null))?;
    same("type", &mount_at(&seen[1], "/")?["type"], "overlay")?;
    same("procfs", &seen[2]["errno"], json!(null))?;
    let all = seen[1]["mounts"].as_array().into_iter().flatten();
    same("mounts at /", &all.filter(|mount| mount["point"] == "/").count(), 1)
}

fn an_overlay_of_many_layers_lies_on_what_it_hides(t: &Trial<'_>) -> Verdict {
    let layers = layers(t, 6)?;
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &[])
        .mount("/data", "overlay", "overlay", &[&layers]);
    same("entries", &t.see_one(&bundle.probe("list /data"))?["value"], files(6))
}

fn an_overlay_of_many_layers_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::PermissionsExt;
    let layers = layers(t, 6)?;
    let mut folder = t.dir.as_path();
    // The container's root is nobody outside: the way there has to be open to all.
    while folder != std::path::Path::new("/tmp") {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        folder = folder.parent().unwrap_or(std::path::Path::new("/tmp"));
    }
    let bundle = mapped(t)?.mount("/data", "overlay", "overlay", &[&layers]);
    let done = run_with_pipe(t, &bundle.args(&["/probe", "list", "/data"]))?;
    ensure(done.code == 0, || done.err.clone())?;
    same("entries", &done.lines()?[0]["value"], files(6))
}

fn a_long_source_is_taken(t: &Trial<'_>) -> Verdict {
    let source = "s".repeat(300);
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", &source, &["size=64k", "nodev"]))?;
    let mount = mount_at(&report, "/data")?;
    same("source", &mount["source"], source)?;
    ensure(
        has(&mount["super"], "size=64k") && has(&mount["options"], "nodev"),
        || mount.to_string(),
    )
}

fn options_of_more_than_a_page_are_refused_with_their_place(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &[&layers(t, 60)?]);
    t.refused(&bundle, &["mounts[7].options"])
}
