//! podman with conmon: as root, and as an ordinary user who has a systemd of its own.

mod basics;
mod life;
mod pods;
mod storage;
mod system;

use crate::engines::check::{Check, Session};
use crate::engines::cli::{self, Cli};
use crate::engines::lab::Lab;
use crate::engines::place::has_systemd;
use crate::engines::service::Service;
use crate::failure::{Failure, Verdict};
use std::fs;
use std::sync::Arc;

/// The checks of this folder, a file each.
pub(in crate::engines) const CHECKS: &[&[Check<Cli>]] = &[
    basics::CHECKS,
    life::CHECKS,
    pods::CHECKS,
    storage::CHECKS,
    system::CHECKS,
];

/// Docker's without AUDIT_WRITE, MKNOD and NET_RAW.
const DEFAULT_CAPABILITIES: u64 = 0x8004_05fb;

/// The options by which a podman is one of its own; the runtime apart, none where the machine is.
fn options(lab: &Lab) -> Vec<String> {
    let runtime = ["--runtime".to_owned(), lab.runtime.clone()];
    if has_systemd() {
        return runtime.to_vec();
    }
    let own = [
        ["--root", &lab.path("podman")],
        ["--runroot", &lab.path("run/podman")],
        ["--tmpdir", &lab.path("run/libpod")],
        ["--network-config-dir", &lab.path("networks")],
        ["--storage-driver", "overlay"],
        ["--cgroup-manager", "cgroupfs"],
    ];
    let own = own.iter().flatten().map(|&word| word.to_owned());
    own.chain(runtime).collect()
}

/// The configuration that a check adds to: the one of the lab, or, where the machine has none, an empty one.
fn configuration() -> Result<String, Failure> {
    let file = "/etc/containers/containers.conf";
    if fs::exists(file)? {
        return Ok(fs::read_to_string(file)?);
    }
    Ok("[engine]\n".to_owned())
}

/// Runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>, is_rootless: bool) -> Verdict {
    let mut prefix = vec!["podman".to_owned()];
    prefix.extend(options(lab));
    let cli = Cli {
        lab: Arc::clone(lab),
        prefix,
        variables: Vec::new(),
        image: "localhost/busybox",
        default_capabilities: DEFAULT_CAPABILITIES,
        is_docker: false,
        is_rootless,
        service: Service::None,
    };
    cli.call(&["import", &lab.rootfs_tar()?, cli.image]).succeed()?;
    // What stays after the first container (the engine's cgroup, its network, its mounts) is the engine's.
    cli.run(&[], &["true"]).finish()?;
    session.run_all(lab, &cli, cli::CHECKS);
    session.run_all(lab, &cli, CHECKS);
    Ok(())
}
