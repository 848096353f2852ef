//! Hostile images and racing processes: whatever happens inside, the canary beside the bundle and the host's mounts
//! stay as they were. Each test names the fault that it comes from.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Done, ends_before};
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(proc_as_a_symlink_does_not_lead_out),
    test!(sys_as_a_symlink_does_not_lead_out),
    test!(
        dev_as_a_symlink_does_not_lead_out,
        ("runc", "1.1", "CVE-2026-41579 is fixed later")
    ),
    test!(
        dev_as_a_symlink_without_a_mount_on_it_is_left_alone,
        ("runc", "1.1", "CVE-2026-41579 is fixed later"),
        ("crun", "1.8", "CVE-2026-47766 is fixed later")
    ),
    test!(null_as_a_symlink_does_not_mask_with_a_file_of_the_host),
    test!(
        null_as_another_device_is_not_used_for_masking,
        ("runc", "1.1", "CVE-2025-31133 is fixed later"),
        ("crun", "1.8", "uses what it finds")
    ),
    test!(console_as_a_symlink_does_not_create_a_file_outside),
    test!(etc_as_a_symlink_does_not_lead_a_mount_out),
    test!(deep_mount_point_through_a_symlink_makes_nothing_outside),
    test!(
        cwd_through_a_descriptor_is_refused,
        (
            "crun",
            "1.8",
            "CVE-2024-21626, in a runtime that was given the descriptor"
        )
    ),
    test!(cwd_through_a_symlink_stays_inside),
    test!(program_that_is_proc_self_exe_does_not_reach_the_runtime),
    test!(masked_path_through_a_symlink_stays_inside),
    test!(readonly_path_through_a_symlink_stays_inside),
    test!(device_path_through_a_symlink_stays_inside),
    test!(sysctl_redirected_by_a_mount_does_not_write_elsewhere),
    test!(attributes_redirected_by_a_mount_are_not_believed),
    test!(
        passwd_as_a_symlink_or_fifo_does_not_block_or_leak,
        ("runc", "1.1", "opens a fifo and waits"),
        ("crun", "1.8", "opens a fifo and waits")
    ),
    test!(exchange_of_folder_and_symlink_never_mounts_outside),
    test!(
        exchange_while_a_mount_point_is_made_makes_nothing_outside,
        ("runc", "1.1", "CVE-2024-45310 is fixed later")
    ),
    test!(tmpcopyup_through_symlinks_copies_them_as_they_are),
    test!(runtime_binary_is_as_before_after_an_attack_on_it),
];

/// A folder beside the bundle that nothing may touch.
struct Canary {
    dir: PathBuf,
    before: Vec<String>,
}

impl Canary {
    fn new(t: &Trial<'_>) -> Result<Self, Failure> {
        let dir = t.dir.join("canary");
        fs::create_dir_all(dir.join("folder"))?;
        for name in ["ptmx", "null", "console", "secret", "folder/file"] {
            fs::write(dir.join(name), format!("canary {name}"))?;
            fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o640))?;
        }
        let before = look(&dir)?;
        Ok(Self { dir, before })
    }

    fn is_untouched(&self) -> Verdict {
        same("canary", &look(&self.dir)?, self.before.clone())
    }
}

/// Every file below a folder with its mode, owner and content.
fn look(folder: &Path) -> Result<Vec<String>, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let found = entry.path().symlink_metadata()?;
        let text = if found.is_file() {
            fs::read_to_string(entry.path())?
        } else {
            String::new()
        };
        seen.push(format!(
            "{} {:o} {}:{} {text}",
            entry.path().display(),
            found.mode(),
            found.uid(),
            found.gid()
        ));
        if found.is_dir() {
            seen.extend(look(&entry.path())?);
        }
    }
    seen.sort();
    Ok(seen)
}

/// Runs the bundle, whatever comes of it, and looks at the canary.
fn attack(t: &Trial<'_>, bundle: &Bundle, canary: &Canary) -> Result<Done, Failure> {
    let done = t.run(bundle)?;
    canary.is_untouched()?;
    Ok(done)
}

fn proc_as_a_symlink_does_not_lead_out(t: &Trial<'_>) -> Verdict {
    // CVE-2019-19921, CVE-2023-27561, youki CVE-2025-54867
    let canary = Canary::new(t)?;
    attack(t, &t.bundle()?.link("proc", &canary.dir)?, &canary)?;
    attack(t, &t.bundle()?.link("proc", Path::new("tmp"))?, &canary).map(drop)
}

fn sys_as_a_symlink_does_not_lead_out(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    attack(t, &t.bundle()?.link("sys", &canary.dir)?, &canary).map(drop)
}

fn dev_as_a_symlink_does_not_lead_out(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    attack(t, &t.bundle()?.link("dev", &canary.dir)?, &canary).map(drop)
}

fn without_dev(bundle: Bundle) -> Bundle {
    ["/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"]
        .into_iter()
        .fold(bundle.writable(), Bundle::without_mount)
}

fn dev_as_a_symlink_without_a_mount_on_it_is_left_alone(t: &Trial<'_>) -> Verdict {
    // CVE-2026-41579, CVE-2026-47766: ptmx was removed and made again by path.
    let canary = Canary::new(t)?;
    attack(t, &without_dev(t.bundle()?).link("dev", &canary.dir)?, &canary)?;
    let up = Path::new("../../canary");
    attack(t, &without_dev(t.bundle()?).link("dev", up)?, &canary).map(drop)
}

fn null_as_a_symlink_does_not_mask_with_a_file_of_the_host(t: &Trial<'_>) -> Verdict {
    // CVE-2025-31133
    let canary = Canary::new(t)?;
    let bundle = without_dev(t.bundle()?).link("dev/null", &canary.dir.join("null"))?;
    let bundle = bundle
        .set("/linux/maskedPaths", json!(["/proc/version"]))
        .probe("read /proc/version");
    let done = attack(t, &bundle, &canary)?;
    ensure(!done.out.contains("canary"), || done.out.clone())
}

fn null_as_another_device_is_not_used_for_masking(t: &Trial<'_>) -> Verdict {
    let bundle = without_dev(t.bundle()?).file("dev/null", "not the null device")?;
    let bundle = bundle
        .set("/linux/maskedPaths", json!(["/proc/version"]))
        .probe("read /proc/version");
    let done = t.run(&bundle)?;
    // Refused, or masked with the real one.
    let content = done.lines()?.first().map_or(Value::Null, |line| line["value"].clone());
    ensure(done.code != 0 || content == "", || done.out.clone())
}

fn console_as_a_symlink_does_not_create_a_file_outside(t: &Trial<'_>) -> Verdict {
    // CVE-2026-88264, CVE-2026-88265
    let canary = Canary::new(t)?;
    let bundle = without_dev(t.bundle()?).link("dev/console", &canary.dir.join("new"))?;
    let bundle = bundle
        .link("dev/null", &canary.dir.join("null"))?
        .set("/process/terminal", json!(true));
    t.with_bundle(&["create", "--console-socket", "/no/such/socket"], &bundle)?
        .refuse(&[])?;
    canary.is_untouched()?;
    attack(t, &bundle.set("/process/terminal", json!(false)), &canary).map(drop)
}

fn etc_as_a_symlink_does_not_lead_a_mount_out(t: &Trial<'_>) -> Verdict {
    // CVE-2019-18837
    let canary = Canary::new(t)?;
    let bundle = t
        .bundle()?
        .link("etc", &canary.dir)?
        .mount("/etc/folder", "tmpfs", "x", &[]);
    attack(t, &bundle, &canary)?;
    let source = canary.dir.join("secret").to_string_lossy().into_owned();
    attack(
        t,
        &t.bundle()?
            .link("etc", &canary.dir)?
            .mount("/etc/null", "bind", &source, &["bind"]),
        &canary,
    )
    .map(drop)
}

fn deep_mount_point_through_a_symlink_makes_nothing_outside(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let bundle = t
        .bundle()?
        .link("data", &canary.dir)?
        .mount("/data/a/b/c", "tmpfs", "x", &[]);
    attack(t, &bundle, &canary)?;
    let up = Path::new("../../../../../../../../..");
    let bundle = t
        .bundle()?
        .link("data", &up.join(canary.dir.strip_prefix("/").unwrap_or(&canary.dir)))?;
    attack(t, &bundle.mount("/data/a/b/c", "tmpfs", "x", &[]), &canary).map(drop)
}

fn cwd_through_a_descriptor_is_refused(t: &Trial<'_>) -> Verdict {
    // CVE-2024-21626
    let marker = t.dir.join("outside");
    fs::write(&marker, "")?;
    for number in (3..20).chain([64]) {
        let bundle = t
            .bundle()?
            .set("/process/cwd", json!(format!("/proc/self/fd/{number}")))
            .probe("list .");
        let done = t
            .with_bundle(&["run"], &bundle)?
            .descriptor(fs::File::open(&t.dir)?.into(), 9)
            .finish()?;
        ensure(!done.out.contains("outside"), || {
            format!("descriptor {number} leads to the host: {}", done.out)
        })?;
        ensure(done.code != 0, || format!("descriptor {number} is open: {}", done.out))?;
    }
    Ok(())
}

fn cwd_through_a_symlink_stays_inside(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let bundle = t
        .bundle()?
        .writable()
        .link("data", &canary.dir)?
        .set("/process/cwd", json!("/data/folder"));
    let done = attack(t, &bundle.probe("list ."), &canary)?;
    ensure(!done.out.contains("\"file\""), || done.out.clone())
}

fn program_that_is_proc_self_exe_does_not_reach_the_runtime(t: &Trial<'_>) -> Verdict {
    // CVE-2019-5736: what runs must not be the runtime's own file.
    let bundle = t
        .bundle()?
        .link("data/exe", Path::new("/proc/self/exe"))?
        .args(&["/data/exe", "--version"]);
    let done = t.run(&bundle)?;
    ensure(!done.out.contains("spec: "), || {
        format!("the runtime itself ran inside: {}", done.out)
    })
}

fn masked_path_through_a_symlink_stays_inside(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let bundle = t.bundle()?.link("data", &canary.dir)?;
    attack(
        t,
        &bundle.set("/linux/maskedPaths", json!(["/data/secret", "/data/folder"])),
        &canary,
    )
    .map(drop)
}

fn readonly_path_through_a_symlink_stays_inside(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let bundle = t.bundle()?.link("data", &canary.dir)?;
    attack(t, &bundle.set("/linux/readonlyPaths", json!(["/data/folder"])), &canary)?;
    fs::write(canary.dir.join("folder/later"), "")?;
    Ok(())
}

fn device_path_through_a_symlink_stays_inside(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let device = json!([{"path": "/data/device", "type": "c", "major": 1, "minor": 3}]);
    attack(
        t,
        &t.bundle()?
            .writable()
            .link("data", &canary.dir)?
            .set("/linux/devices", device),
        &canary,
    )
    .map(drop)
}

/// A bundle in which a file of a shared volume lies over a file of procfs.
fn over_proc(t: &Trial<'_>, place: &str) -> Result<(Bundle, PathBuf), Failure> {
    let volume = t.dir.join("volume");
    fs::create_dir_all(&volume)?;
    let target = volume.join("file");
    fs::write(&target, "untouched")?;
    Ok((
        t.bundle()?.mount(place, "bind", &target.to_string_lossy(), &["bind"]),
        target,
    ))
}

fn sysctl_redirected_by_a_mount_does_not_write_elsewhere(t: &Trial<'_>) -> Verdict {
    // CVE-2025-52881
    let (bundle, target) = over_proc(t, "/proc/sys/net/ipv4/ip_default_ttl")?;
    let done = t.run(&bundle.set("/linux/sysctl", json!({"net.ipv4.ip_default_ttl": "99"})))?;
    let _ = done;
    same("file of the volume", &fs::read_to_string(target)?, "untouched")
}

fn attributes_redirected_by_a_mount_are_not_believed(t: &Trial<'_>) -> Verdict {
    // CVE-2019-16884
    for place in ["/proc/self/oom_score_adj", "/proc/self/setgroups"] {
        let (bundle, target) = over_proc(t, place)?;
        t.run(&bundle.set("/process/oomScoreAdj", json!(500)))?;
        same(place, &fs::read_to_string(target)?, "untouched")?;
    }
    Ok(())
}

fn passwd_as_a_symlink_or_fifo_does_not_block_or_leak(t: &Trial<'_>) -> Verdict {
    let outside = t.dir.join("passwd");
    fs::write(&outside, "root:x:0:0::/leaked:/bin/sh\n")?;
    let done = t.run(&t.bundle()?.link("etc/passwd", &outside)?)?;
    ensure(!done.out.contains("leaked"), || done.out.clone())?;
    let bundle = t.bundle()?;
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(
        CWD,
        bundle.rootfs().join("etc/passwd"),
        fifo,
        rustix::fs::Mode::from_raw_mode(0o666),
        0,
    )?;
    let running = t.with_bundle(&["run"], &bundle)?.spawn()?;
    let Some(pid) = running.pid() else { return Ok(()) };
    let soon = std::time::Instant::now() + std::time::Duration::from_secs(3);
    ensure(ends_before(pid, soon)?, || "waits for the fifo's other side".into())
}

/// Exchanges two paths as fast as it can until told to stop.
struct Racer {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Racer {
    fn new(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut turns = 0;
            while !told.load(Ordering::Relaxed) {
                if renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).is_ok() {
                    turns += 1;
                }
            }
            turns
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Twelve runs while `data/place` flickers between a folder and a symlink to the canary.
fn race(t: &Trial<'_>, destination: &str) -> Verdict {
    let canary = Canary::new(t)?;
    for _ in 0..12 {
        let bundle = t.bundle()?.folder("data/place")?.link("data/other", &canary.dir)?;
        let bundle = bundle.mount(destination, "tmpfs", "x", &[]).probe("exit 0");
        let racer = Racer::new(bundle.rootfs().join("data/place"), bundle.rootfs().join("data/other"));
        t.run(&bundle)?;
        drop(racer);
    }
    canary.is_untouched()
}

fn exchange_of_folder_and_symlink_never_mounts_outside(t: &Trial<'_>) -> Verdict {
    // CVE-2021-30465
    race(t, "/data/place")?;
    race(t, "/data/place/folder")
}

fn exchange_while_a_mount_point_is_made_makes_nothing_outside(t: &Trial<'_>) -> Verdict {
    // CVE-2024-45310
    race(t, "/data/place/new/deep/point")
}

fn tmpcopyup_through_symlinks_copies_them_as_they_are(t: &Trial<'_>) -> Verdict {
    let canary = Canary::new(t)?;
    let bundle = t.bundle()?.link("data/link", &canary.dir.join("secret"))?;
    let bundle = bundle
        .mount("/data", "tmpfs", "x", &["tmpcopyup"])
        .probe("stat /data/link , read /data/link");
    let done = attack(t, &bundle, &canary)?;
    ensure(!done.out.contains("canary secret"), || done.out.clone())?;
    let lines = done.lines()?;
    same(
        "kind",
        lines.first().map_or(&Value::Null, |line| &line["value"]["kind"]),
        "link",
    )
}

fn runtime_binary_is_as_before_after_an_attack_on_it(t: &Trial<'_>) -> Verdict {
    let file = fs::File::open(&t.runtime.path)?;
    let before = fs::metadata(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let bundle = t
        .bundle()?
        .writable()
        .capabilities(&["CAP_DAC_OVERRIDE"])
        .probe("write /proc/1/exe x , write /proc/self/exe x");
    t.run(&bundle)?;
    let after = fs::metadata(&t.runtime.path)?;
    same("length", &after.len(), before.len())?;
    same("time of change", &after.modified()?, before.modified()?)
}
