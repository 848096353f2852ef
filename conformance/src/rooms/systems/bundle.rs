//! A bundle with a whole system in it, as a user writes one.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict};
use crate::rooms::cgroups::delegation::with_own_cgroups;

/// Where the system says that it is up, and how.
pub(super) const UP: &str = "/run/up";

/// It waits for all that is to be started, and is not waited for itself.
const TELLS: &str = "[Unit]\nDescription=tells that the system is up\n\n\
    [Service]\nExecStart=/bin/sh -c 'systemctl is-system-running --wait >/run/up.making; mv /run/up.making /run/up'\n";

/// A service that says that it runs.
const SERVICE: &str = "[Service]\nExecStart=/bin/sh -c 'echo served >/run/deck; exec sleep 1000'\n";

/// A service that never rests.
const COUNTS: &str = "[Service]\nExecStart=/bin/sh -c 'while :; do echo . >>/run/counted; sleep 0.02; done'\n";

/// What podman gives.
const CAPABILITIES: [&str; 11] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// Skips where the host has no systemd whose programs a container can have.
fn programs_are_here() -> Verdict {
    for program in ["systemd/systemd", "systemd/systemd-journald"] {
        let path = Path::new("/usr/lib").join(program);
        if !path.exists() {
            let why = format!("the host has no {} (package systemd)", path.display());
            return Err(Failure::Skip(why));
        }
    }
    match Path::new("/lib").is_symlink() {
        true => Ok(()),
        false => Err(Failure::Skip("the host's programs are not all below /usr".into())),
    }
}

/// Makes a bundle's process a system of its own, with the host's programs and nothing else of it.
///
/// # Errors
/// The host has no systemd: the test is skipped.
pub(super) fn system(bundle: Bundle) -> Result<Bundle, Failure> {
    programs_are_here()?;
    let mut bundle = with_own_cgroups(with_files(bundle)?)
        .writable()
        .args(&["/sbin/init"])
        .capabilities(&CAPABILITIES)
        .set("/process/noNewPrivileges", json!(false))
        .set("/process/env/-", json!("container=oci"))
        .bind("/usr", Path::new("/usr"), &["rbind", "ro"]);
    for (folder, mode) in [
        ("/run", "mode=755"),
        ("/run/lock", "mode=1777"),
        ("/tmp", "mode=1777"),
        ("/var/log/journal", "mode=755"),
    ] {
        bundle = bundle.mount(folder, "tmpfs", "tmpfs", &["nosuid", "nodev", mode]);
    }
    Ok(bundle)
}

/// The root of a system that finds its programs in `/usr`.
fn with_files(bundle: Bundle) -> Result<Bundle, Failure> {
    let mut bundle = bundle.folder("usr")?.folder("var")?.folder("root")?;
    for name in ["bin", "sbin", "lib", "lib64"] {
        let usual = Path::new("/").join(name);
        if usual.is_symlink() {
            bundle = bundle.link(name, &Path::new("usr").join(name))?;
        }
    }
    for name in ["passwd", "group"] {
        let file = format!("etc/{name}");
        bundle = bundle.file(&file, &fs::read_to_string(Path::new("/").join(&file))?)?;
    }
    let files = [
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("etc/fstab", ""),
        ("etc/systemd/system/deck.service", SERVICE),
        ("etc/systemd/system/counts.service", COUNTS),
        ("etc/systemd/system/tells.service", TELLS),
    ];
    for (path, text) in files {
        bundle = bundle.file(path, text)?;
    }
    let target = Path::new("/lib/systemd/system/multi-user.target");
    let wants = "etc/systemd/system/multi-user.target.wants";
    let bundle = bundle.link("etc/systemd/system/default.target", target)?;
    Ok(bundle
        .folder(wants)?
        .link(&format!("{wants}/tells.service"), Path::new("../tells.service"))?)
}
