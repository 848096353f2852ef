//! Everything that is wrong or doubtful in a bundle.

use crate::bundle;
use crate::{Arguments, CgroupManager, Error, Failure, Host, Id, Plan, Problem, Problems};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::path::Path;

/// Collects everything that is wrong or doubtful in the bundle in the folder `dir`, without running it: the faults of
/// its config (of one that cannot be parsed, the first), what this host cannot do of it, and whether its rootfs is
/// there.
///
/// # Errors
/// The config cannot be read, or the host cannot be looked at.
pub fn check(dir: impl AsRef<Path>) -> Result<Problems, Error> {
    check_for(dir, CgroupManager::Direct)
}

/// The same for a container whose cgroup somebody else makes.
///
/// # Errors
/// As [`check`](fn@check), and systemd cannot be asked.
pub fn check_for(dir: impl AsRef<Path>, cgroup_manager: CgroupManager) -> Result<Problems, Error> {
    check_config_for(dir, "config.json", cgroup_manager)
}

/// The same of a bundle whose config is another file than `config.json`, relative to the folder.
///
/// # Errors
/// As [`check_for`].
pub fn check_config_for(
    dir: impl AsRef<Path>,
    config: impl AsRef<Path>,
    cgroup_manager: CgroupManager,
) -> Result<Problems, Error> {
    let (bundle, mut problems) = bundle::check_config(dir.as_ref(), config.as_ref())?;
    if let Some(bundle) = bundle {
        let mut arguments = Arguments::new(Id::new("ID")?);
        arguments.cgroup_manager = cgroup_manager;
        let mut host = Host::look_ahead(&bundle)?;
        if cgroup_manager == CgroupManager::Systemd {
            host = host.asking_systemd()?;
        }
        let (_, more) = Plan::compile(&bundle, &host, &arguments);
        problems.append(more);
        if let Err(failure) = look_at_rootfs(bundle.rootfs()) {
            problems.push(Problem::error("root.path", failure.to_string()));
        }
    }
    Ok(problems)
}

/// Looks whether the root filesystem is there, and a folder. A symbolic link is refused as runc does. Creating a
/// container leaves that to its init, which can be killed if the filesystem does not answer.
fn look_at_rootfs(rootfs: &Path) -> Result<(), Failure> {
    let attempted = || format!("use the rootfs {rootfs:?}");
    let status = rustix::fs::lstat(rootfs).map_err(|errno| Failure::new(attempted(), errno))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => Ok(()),
        FileType::Symlink => {
            let why = "it is a symbolic link, which could lead anywhere; give the folder itself";
            Err(Failure::plain(attempted(), why))
        }
        _ => Err(Failure::new(attempted(), Errno::NOTDIR)),
    }
}
