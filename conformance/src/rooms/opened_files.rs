//! What the runtime reads of an image: regular files. A device there is not opened, since that may do something, and
//! the container's own device rules are not in force yet.

use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(device_at_passwd_is_not_opened, RUNC, CRUN),
    test!(device_at_group_is_not_opened, RUNC, CRUN),
    test!(device_behind_a_link_at_passwd_is_not_opened, RUNC, CRUN),
    test!(
        device_in_the_place_of_the_terminals_is_not_opened,
        ("runc", "1.1", "opens what is there"),
        ("crun", "1.8", "opens what is there")
    ),
    test!(home_is_read_from_a_regular_passwd),
    test!(
        home_is_read_behind_a_link_in_the_image,
        ("crun", "1.8", "does not follow it")
    ),
    test!(home_is_read_where_the_container_has_no_proc),
];

const RUNC: Known = ("runc", "1.1", "opens what is there");
const CRUN: Known = ("crun", "1.8", "opens what is there");

/// Tells whether somebody opens a file.
struct Watch(OwnedFd);

impl Watch {
    fn new(path: &Path) -> Result<Self, Failure> {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&watch, path, WatchFlags::OPEN)?;
        Ok(Self(watch))
    }

    fn is_untouched(&self) -> Verdict {
        let mut buffer = [0; 1024];
        ensure(rustix::io::read(&self.0, &mut buffer).is_err(), || {
            "it was opened".into()
        })
    }
}

/// A device in the rootfs, as /dev/null has it: to open it is harmless.
fn device(bundle: &Bundle, path: &str) -> Result<PathBuf, Failure> {
    let path = bundle.rootfs().join(path);
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above)?;
    }
    let (kind, mode) = (FileType::CharacterDevice, Mode::from_raw_mode(0o666));
    mknodat(CWD, &path, kind, mode, makedev(1, 3))?;
    Ok(path)
}

fn not_opened(t: &Trial<'_>, bundle: &Bundle, device: &Path) -> Verdict {
    let watch = Watch::new(device)?;
    t.run(bundle)?;
    watch.is_untouched()
}

fn device_at_passwd_is_not_opened(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let device = device(&bundle, "etc/passwd")?;
    not_opened(t, &bundle, &device)
}

fn device_at_group_is_not_opened(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?;
    let device = device(&bundle, "etc/group")?;
    not_opened(t, &bundle, &device)
}

fn device_behind_a_link_at_passwd_is_not_opened(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .folder("etc")?
        .link("etc/passwd", Path::new("/data/device"))?;
    let device = device(&bundle, "data/device")?;
    not_opened(t, &bundle, &device)
}

fn device_in_the_place_of_the_terminals_is_not_opened(t: &Trial<'_>) -> Verdict {
    let bundle = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"]
        .into_iter()
        .fold(t.bundle()?.writable(), Bundle::without_mount);
    let bundle = bundle.set("/process/terminal", json!(true));
    let device = device(&bundle, "dev/pts/ptmx")?;
    let watch = Watch::new(&device)?;
    let call = t.with_bundle(&["create", "--console-socket", "/no/such/socket"], &bundle)?;
    call.refuse(&[])?;
    watch.is_untouched()
}

fn home(t: &Trial<'_>, bundle: Bundle) -> Verdict {
    let report = t.see_one(&bundle)?;
    let env = report["env"].as_array().cloned().unwrap_or_default();
    ensure(env.contains(&json!("HOME=/the/home")), || format!("{env:?}"))
}

const PASSWD: &str = "other:x:7:7::/other:/bin/sh\nroot:x:0:0::/the/home:/bin/sh\n";

fn home_is_read_from_a_regular_passwd(t: &Trial<'_>) -> Verdict {
    home(t, t.bundle()?.file("etc/passwd", PASSWD)?)
}

fn home_is_read_behind_a_link_in_the_image(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("data/passwd", PASSWD)?.folder("etc")?;
    home(t, bundle.link("etc/passwd", Path::new("/data/passwd"))?)
}

fn home_is_read_where_the_container_has_no_proc(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.file("etc/passwd", PASSWD)?.without_mount("/proc");
    let bundle = bundle
        .set("/linux/maskedPaths", json!([]))
        .set("/linux/readonlyPaths", json!([]))
        .args(&["/probe", "report"]);
    let done = t.run(&bundle)?;
    same("exit status", &done.code, 0)?;
    ensure(done.out.contains("HOME=/the/home"), || done.out.clone())
}
