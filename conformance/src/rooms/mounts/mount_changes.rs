//! `remount`, mounts on `/`, links, and every word on propagation and on whole trees (runtime-spec: config.md#mounts).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::{Value, json};

use super::nested::nested_options;
use crate::bundle::Bundle;
use crate::call::Done;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Test, test};
use crate::trial::Trial;
use crate::unprivileged::{mapped, run_with_pipe};

const NO_ROOT: &str = "mounts onto the empty path, which is refused";
const NO_LINKS: &str = "does not have crun's options on links";

pub(crate) const TESTS: &[Test] = &[
    test!(remount_changes_the_filesystems_size),
    test!(remount_makes_an_earlier_mount_read_only),
    test!(
        bind_remount_changes_the_flags_of_one_mount,
        ("crun", "1.8", "does not make a mount writable again")
    ),
    test!(remount_where_nothing_is_mounted_is_refused),
    test!(a_bind_on_the_root_replaces_it, ("crun", "1.8", NO_ROOT)),
    test!(an_overlay_on_the_root_replaces_it, ("crun", "1.8", NO_ROOT)),
    test!(a_read_only_root_is_the_one_that_was_mounted, ("crun", "1.8", NO_ROOT)),
    test!(
        each_word_on_propagation_holds,
        ("crun", "1.8", "drops the propagation of a bind")
    ),
    test!(
        each_recursive_word_reaches_the_mounts_below,
        ("crun", "1.8", "knows no rnosymfollow")
    ),
    test!(
        each_recursive_word_that_clears_reaches_the_mounts_below,
        ("runc", "1.1", "ratime: EINVAL"),
        ("crun", "1.8", "ratime: EINVAL")
    ),
    test!(a_source_made_by_an_earlier_mount_is_bound),
    test!(
        a_mount_through_a_link_to_the_root_is_refused,
        ("crun", "1.8", "mounts on the root, and then finds nothing in it")
    ),
    test!(
        a_link_to_nowhere_ends_inside_the_rootfs,
        ("crun", "1.8", "refuses a link to nowhere")
    ),
    test!(
        empty_words_and_defaults_are_taken,
        ("runc", "1.1", "gives the empty word to the filesystem")
    ),
    test!(data_on_a_bind_is_tolerated),
    test!(tmpcopyup_and_read_only_go_together),
    test!(an_overlay_joins_its_folders),
    test!(lazytime_holds),
    test!(
        a_refused_option_is_named_by_its_place,
        ("runc", "", "does not name the option"),
        ("crun", "", "does not name the option")
    ),
    test!(
        copy_symlink_makes_a_link,
        ("runc", "", NO_LINKS),
        ("crun", "1.8", "wants the link to lead somewhere")
    ),
    test!(copy_symlink_of_a_file_binds_it),
    test!(
        src_nofollow_binds_the_link_itself,
        ("runc", "", NO_LINKS),
        ("crun", "1.8", "does not have it yet")
    ),
    test!(
        dest_nofollow_leaves_the_links_target_alone,
        ("runc", "", NO_LINKS),
        ("crun", "1.8", "does not have it yet")
    ),
    test!(
        locked_flags_stay_in_a_user_namespace,
        ("runc", "1.1", "fails where flags are locked"),
        ("crun", "1.8", "loses flags of the source")
    ),
    test!(
        a_locked_flag_that_is_to_be_cleared_is_refused,
        ("runc", "1.1", "keeps it silently"),
        ("crun", "1.8", "keeps it silently")
    ),
    test!(cgroup_mount_shows_the_containers_own_cgroup),
    test!(flags_hold_without_mount_setattr),
    test!(recursive_flags_without_mount_setattr_are_refused),
    test!(
        tmpcopyup_keeps_modes_and_owners,
        ("runc", "1.1", "loses the set-group-id bit")
    ),
];

fn remount_changes_the_filesystems_size(t: &Trial<'_>) -> Verdict {
    let bundle =
        t.bundle()?
            .mount("/data", "tmpfs", "x", &["size=64k"])
            .mount("/data", "tmpfs", "x", &["remount", "size=128k"]);
    let report = t.see_one(&bundle)?;
    let seen = mount_at(&report, "/data")?;
    ensure(has(&seen["super"], "size=128k"), || seen.to_string())
}

fn remount_makes_an_earlier_mount_read_only(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &["nosuid"])
        .mount("/data/deep", "tmpfs", "y", &[])
        .mount("/data", "tmpfs", "x", &["remount", "ro", "noexec"]);
    let seen = t.see(&bundle.probe("write /data/new , write /data/deep/new , report"))?;
    same("errno", &seen[0]["errno"], libc::EROFS)?;
    same("errno below", &seen[1]["errno"], json!(null))?;
    let mount = mount_at(&seen[2], "/data")?;
    ensure(has(&mount["options"], "noexec"), || mount.to_string())
}

fn bind_remount_changes_the_flags_of_one_mount(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &folder, &["bind", "ro"])
        .mount("/run", "bind", &folder, &["bind"])
        .mount("/data", "bind", &folder, &["bind", "remount", "rw", "noexec"])
        .mount("/run", "bind", &folder, &["remount", "bind", "ro"]);
    let seen = t.see(&bundle.probe("write /data/new , write /run/new , report"))?;
    same("errno where it is rw again", &seen[0]["errno"], json!(null))?;
    same("errno where it became ro", &seen[1]["errno"], libc::EROFS)?;
    let mount = mount_at(&seen[2], "/data")?;
    ensure(has(&mount["options"], "noexec"), || mount.to_string())
}

fn remount_where_nothing_is_mounted_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", "/", &["remount", "bind", "ro"]);
    t.refused(&bundle, &["data"])
}

/// A folder that can be a root: the default one's folders and the probe.
fn other_root(t: &Trial<'_>) -> Result<String, Failure> {
    let other = t.bundle()?.file("etc/which", "other")?;
    Ok(other.rootfs().to_string_lossy().into_owned())
}

fn on_the_root(t: &Trial<'_>, mount: Value) -> Result<Bundle, Failure> {
    let mut bundle = t.bundle()?.writable();
    if let Some(mounts) = bundle.config["mounts"].as_array_mut() {
        mounts.insert(0, mount);
    }
    Ok(bundle)
}

fn a_bind_on_the_root_replaces_it(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/", "type": "bind", "source": other_root(t)?, "options": ["rbind"]});
    let bundle = on_the_root(t, mount)?.mount("/data", "tmpfs", "x", &[]);
    let seen = t.see(&bundle.probe("read /etc/which , report , read /proc/self/comm"))?;
    same("content", &seen[0]["value"], "other")?;
    mount_at(&seen[1], "/data")?;
    same("procfs", &seen[2]["errno"], json!(null))?;
    let roots = seen[1]["mounts"].as_array().into_iter().flatten();
    same("mounts at /", &roots.filter(|mount| mount["point"] == "/").count(), 1)
}

fn an_overlay_on_the_root_replaces_it(t: &Trial<'_>) -> Verdict {
    let lower = other_root(t)?;
    // Not every filesystem can be an upper layer: a tmpfs can.
    let scratch = t.dir.join("scratch");
    fs::create_dir(&scratch)?;
    mount("none", &scratch, "tmpfs", MountFlags::empty(), None)?;
    fs::create_dir(scratch.join("upper"))?;
    fs::create_dir(scratch.join("work"))?;
    let options = json!([
        format!("lowerdir={lower}"),
        format!("upperdir={}", scratch.join("upper").display()),
        format!("workdir={}", scratch.join("work").display())
    ]);
    let layers = json!({"destination": "/", "type": "overlay", "source": "overlay", "options": options});
    let seen = on_the_root(t, layers).and_then(|bundle| t.see(&bundle.probe("read /etc/which , write /etc/new")));
    let written = scratch.join("upper/etc/new").exists();
    unmount(&scratch, UnmountFlags::DETACH)?;
    same("content", &seen?[0]["value"], "other")?;
    same("written to the upper layer", &written, true)
}

fn a_read_only_root_is_the_one_that_was_mounted(t: &Trial<'_>) -> Verdict {
    let mount = json!({"destination": "/", "type": "bind", "source": other_root(t)?, "options": ["bind"]});
    let bundle = on_the_root(t, mount)?.set("/root/readonly", json!(true));
    let seen = t.see_one(&bundle.probe("write /etc/new"))?;
    same("errno", &seen["errno"], libc::EROFS)
}

fn each_word_on_propagation_holds(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    for (word, tag) in [
        ("private", None),
        ("rprivate", None),
        ("shared", Some("shared:")),
        ("rshared", Some("shared:")),
        ("slave", Some("master:")),
        ("rslave", Some("master:")),
        ("unbindable", Some("unbindable")),
        ("runbindable", Some("unbindable")),
    ] {
        let report = t.see_one(&t.bundle()?.mount("/data", "bind", &folder, &["rbind", word]))?;
        let tags = &mount_at(&report, "/data")?["tags"];
        match tag {
            None => same(word, tags, json!([]))?,
            Some(tag) => ensure(has_start(tags, tag), || format!("{word}: {tags}"))?,
        }
    }
    Ok(())
}

fn each_recursive_word_reaches_the_mounts_below(t: &Trial<'_>) -> Verdict {
    for (number, (word, shown)) in [
        ("rro", "ro"),
        ("rnosuid", "nosuid"),
        ("rnodev", "nodev"),
        ("rnoexec", "noexec"),
        ("rnoatime", "noatime"),
        ("rnodiratime", "nodiratime"),
        ("rrelatime", "relatime"),
        ("rnosymfollow", "nosymfollow"),
    ]
    .into_iter()
    .enumerate()
    {
        for options in nested_options(t, number, MountFlags::empty(), &["rbind", word])? {
            ensure(has(&options, shown), || format!("{word}: {options}"))?;
        }
    }
    let strict = nested_options(t, 100, MountFlags::NOATIME, &["rbind", "rstrictatime"])?;
    for options in strict {
        ensure(!has(&options, "noatime") && !has(&options, "relatime"), || {
            format!("rstrictatime: {options}")
        })?;
    }
    Ok(())
}

fn each_recursive_word_that_clears_reaches_the_mounts_below(t: &Trial<'_>) -> Verdict {
    for (number, (word, flag, shown)) in [
        ("rrw", MountFlags::RDONLY, "ro"),
        ("rsuid", MountFlags::NOSUID, "nosuid"),
        ("rdev", MountFlags::NODEV, "nodev"),
        ("rexec", MountFlags::NOEXEC, "noexec"),
        ("ratime", MountFlags::NOATIME, "noatime"),
        ("rdiratime", MountFlags::NODIRATIME, "nodiratime"),
        ("rsymfollow", MountFlags::from_bits_retain(256), "nosymfollow"),
    ]
    .into_iter()
    .enumerate()
    {
        for options in nested_options(t, number, flag, &["rbind", word])? {
            ensure(!has(&options, shown), || format!("{word}: {options}"))?;
        }
    }
    Ok(())
}

fn a_source_made_by_an_earlier_mount_is_bound(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", &t.host_folder()?, &["bind"]);
    let made = bundle.rootfs().join("data/inside").to_string_lossy().into_owned();
    let bundle = bundle.mount("/etc/file", "bind", &made, &["bind"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /etc/file"))?["value"],
        "from the host",
    )
}

fn a_mount_through_a_link_to_the_root_is_refused(t: &Trial<'_>) -> Verdict {
    for (kind, options) in [
        ("bind", &["rbind"] as &[&str]),
        ("tmpfs", &[]),
        ("tmpfs", &["tmpcopyup"]),
    ] {
        let bundle = t.bundle()?.link("link", Path::new("/"))?;
        let bundle = bundle.mount("/link", kind, &t.host_folder()?, options);
        t.refused(&bundle, &["link"])?;
    }
    Ok(())
}

fn a_link_to_nowhere_ends_inside_the_rootfs(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.link("data", Path::new("/made/there"))?;
    let outside = Path::new("/made/there").exists();
    let report = t.see_one(&bundle.mount("/data", "tmpfs", "x", &[]))?;
    mount_at(&report, "/made/there")?;
    same(
        "made on the host",
        &(Path::new("/made/there").exists() && !outside),
        false,
    )
}

fn empty_words_and_defaults_are_taken(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "tmpfs", "x", &["defaults", "", "nodev"])
        .mount("/run", "bind", &t.host_folder()?, &["bind", "", "defaults"]);
    let report = t.see_one(&bundle)?;
    mount_at(&report, "/run")?;
    ensure(has(&mount_at(&report, "/data")?["options"], "nodev"), || {
        "nodev is missing".into()
    })
}

fn data_on_a_bind_is_tolerated(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &t.host_folder()?, &["bind", "size=1k"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /data/inside"))?["value"],
        "from the host",
    )
}

fn tmpcopyup_and_read_only_go_together(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .file("data/deep/old", "kept")?
        .mount("/data", "tmpfs", "x", &["tmpcopyup", "ro"]);
    let seen = t.see(&bundle.probe("read /data/deep/old , write /data/new"))?;
    same("content", &seen[0]["value"], "kept")?;
    same("errno", &seen[1]["errno"], libc::EROFS)
}

fn an_overlay_joins_its_folders(t: &Trial<'_>) -> Verdict {
    let (one, two) = (t.dir.join("one"), t.dir.join("two"));
    for folder in [&one, &two] {
        fs::create_dir(folder)?;
        fs::write(folder.join(folder.file_name().unwrap_or_default()), "x")?;
    }
    let lower = format!("lowerdir={}:{}", one.display(), two.display());
    let bundle = t.bundle()?.mount("/data", "overlay", "overlay", &[&lower]);
    same(
        "entries",
        &t.see_one(&bundle.probe("list /data"))?["value"],
        json!(["one", "two"]),
    )
}

fn lazytime_holds(t: &Trial<'_>) -> Verdict {
    let report = t.see_one(&t.bundle()?.mount("/data", "tmpfs", "x", &["lazytime"]))?;
    let mount = mount_at(&report, "/data")?;
    ensure(has(&mount["super"], "lazytime"), || mount.to_string())
}

fn a_refused_option_is_named_by_its_place(t: &Trial<'_>) -> Verdict {
    let options = ["nosuid", "size=64k", "", "nodev", "nonsense=1"];
    let bundle = t.bundle()?.mount("/data", "tmpfs", "x", &options);
    t.refused(&bundle, &["mounts[7].options[4]", "nonsense"])
}

fn link_and_file(t: &Trial<'_>) -> Result<String, Failure> {
    let folder = t.host_folder()?;
    symlink("/etc/elsewhere", format!("{folder}/link"))?;
    Ok(folder)
}

fn copy_symlink_makes_a_link(t: &Trial<'_>) -> Verdict {
    let link = format!("{}/link", link_and_file(t)?);
    let bundle = t
        .bundle()?
        .writable()
        .mount("/run/link", "bind", &link, &["bind", "copy-symlink"]);
    let seen = t.see_one(&bundle.probe("stat /run/link"))?;
    same("kind", &seen["value"]["kind"], "link")?;
    same("target", &seen["value"]["target"], "/etc/elsewhere")
}

fn copy_symlink_of_a_file_binds_it(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", link_and_file(t)?);
    let bundle = t.bundle()?.mount("/run/file", "bind", &file, &["bind", "copy-symlink"]);
    same(
        "content",
        &t.see_one(&bundle.probe("read /run/file"))?["value"],
        "from the host",
    )
}

fn src_nofollow_binds_the_link_itself(t: &Trial<'_>) -> Verdict {
    let link = format!("{}/link", link_and_file(t)?);
    let bundle = t.bundle()?.mount("/run/file", "bind", &link, &["bind", "src-nofollow"]);
    let seen = t.see_one(&bundle.probe("stat /run/file"))?;
    same("kind", &seen["value"]["kind"], "link")
}

fn dest_nofollow_leaves_the_links_target_alone(t: &Trial<'_>) -> Verdict {
    let file = format!("{}/inside", t.host_folder()?);
    let bundle = t
        .bundle()?
        .file("etc/old", "old")?
        .link("run/link", Path::new("/etc/old"))?
        .mount("/run/link", "bind", &file, &["bind", "dest-nofollow"]);
    let seen = t.see(&bundle.probe("read /run/link , read /etc/old"))?;
    same("through the link's place", &seen[0]["value"], "from the host")?;
    same("what it pointed to", &seen[1]["value"], "old")
}

fn cgroup_mount_shows_the_containers_own_cgroup(t: &Trial<'_>) -> Verdict {
    for (user, cgroup) in [(false, false), (false, true), (true, false), (true, true)] {
        let bundle = if user { mapped(t)? } else { t.bundle()? };
        let bundle = if cgroup { bundle.new_namespace("cgroup") } else { bundle };
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        if unified && !cgroup {
            continue;
        }
        let file = if unified {
            "/sys/fs/cgroup/cgroup.procs"
        } else {
            "/sys/fs/cgroup/pids/cgroup.procs"
        };
        let done = run_with_pipe(t, &bundle.args(&["/probe", "read", file]))?;
        let what = format!("user namespace: {user}, cgroup namespace: {cgroup}");
        ensure(done.code == 0, || format!("{what}: {}", done.err))?;
        same(&what, &done.lines()?[0]["value"], "1\n")?;
    }
    Ok(())
}

const MOUNT_SETATTR: u32 = 442;

/// As before Linux 5.12.
fn flags_hold_without_mount_setattr(t: &Trial<'_>) -> Verdict {
    let folder = t.host_folder()?;
    let bundle = t
        .bundle()?
        .mount("/data", "bind", &folder, &["rbind", "ro", "nosuid", "noatime"])
        .mount("/run", "bind", &folder, &["bind", "shared"])
        .mount("/tmp", "bind", &folder, &["bind"])
        .mount("/tmp", "bind", &folder, &["bind", "remount", "noexec"])
        .probe("write /data/new , write /new , write /proc/sys/kernel/domainname , report");
    let done = t
        .with_bundle(&["run"], &bundle)?
        .without_call(MOUNT_SETATTR)
        .succeed()?;
    let seen = done.lines()?;
    for seen in &seen[..3] {
        same("errno", &seen["errno"], libc::EROFS)?;
    }
    let data = mount_at(&seen[3], "/data")?;
    for option in ["ro", "nosuid", "noatime"] {
        ensure(has(&data["options"], option), || format!("{option} is missing: {data}"))?;
    }
    ensure(has(&mount_at(&seen[3], "/tmp")?["options"], "noexec"), || {
        "noexec is missing".into()
    })?;
    if t.runtime.name != "crun" {
        ensure(has_start(&mount_at(&seen[3], "/run")?["tags"], "shared:"), || {
            "not shared".into()
        })?;
    }
    Ok(())
}

fn recursive_flags_without_mount_setattr_are_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.mount("/data", "bind", &t.host_folder()?, &["rbind", "rro"]);
    let call = t.with_bundle(&["run"], &bundle)?.without_call(MOUNT_SETATTR);
    call.refuse(&["data"])
}

/// A bundle in a user namespace that binds a strict tmpfs of the host's with these options.
fn bind_of_strict(t: &Trial<'_>, options: &[&str]) -> Result<Done, Failure> {
    let folder = t.dir.join("strict");
    fs::create_dir_all(&folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("none", &folder, "tmpfs", flags, None)?;
    let done = mapped(t).and_then(|bundle| run_with_pipe(t, &bundle.bind("/data", &folder, options)));
    unmount(&folder, UnmountFlags::DETACH)?;
    done
}

fn locked_flags_stay_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let done = bind_of_strict(t, &["rbind", "ro"])?;
    same("exit status", &done.code, 0).map_err(|_| Failure::Wrong(done.err.clone()))?;
    let lines = done.lines()?;
    let mount = mount_at(&lines[0], "/data")?;
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        ensure(has(&mount["options"], option), || {
            format!("{option} is missing: {mount}")
        })?;
    }
    Ok(())
}

fn a_locked_flag_that_is_to_be_cleared_is_refused(t: &Trial<'_>) -> Verdict {
    let done = bind_of_strict(t, &["rbind", "exec"])?;
    ensure(done.code != 0 && done.err.contains("data"), || {
        format!("ended with {}: {}", done.code, done.err)
    })
}

fn tmpcopyup_keeps_modes_and_owners(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::{PermissionsExt, chown};
    let bundle = t
        .bundle()?
        .file("data/deep/old", "kept")?
        .mount("/data", "tmpfs", "x", &["tmpcopyup"]);
    let (folder, file) = (bundle.rootfs().join("data/deep"), bundle.rootfs().join("data/deep/old"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o2751))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640))?;
    chown(&file, Some(7), Some(8))?;
    symlink("old", folder.join("link"))?;
    let seen = t.see(&bundle.probe("stat /data/deep , stat /data/deep/old , stat /data/deep/link"))?;
    same("mode of the folder", &seen[0]["value"]["mode"], 0o2751)?;
    same("mode of the file", &seen[1]["value"]["mode"], 0o640)?;
    same(
        "owner",
        &json!([seen[1]["value"]["uid"], seen[1]["value"]["gid"]]),
        json!([7, 8]),
    )?;
    same("link", &seen[2]["value"]["target"], "old")
}
