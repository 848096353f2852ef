//! Who owns the container's cgroup on v2: a process that may write to its cgroup filesystem is given what the kernel says can be delegated
//! (runtime-spec: config-linux.md#cgroup-ownership).

use super::make::Made;
use crate::bundle::{Config, IdMapping, NamespaceType};
use crate::error::{Error, Failure};
use rustix::fs::{AtFlags, Gid, Uid, chownat};
use rustix::io::Errno;

/// The files that a delegate needs, as the kernel lists them; these if it has no list (before Linux 4.15).
const DELEGATE: &str = "/sys/kernel/cgroup/delegate";
const ALWAYS: &str = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/// Gives the directory and those files to the host's user behind `process.user.uid`, if the container has a cgroup namespace of its own and mounts its
/// cgroup filesystem read/write.
///
/// # Errors
/// The kernel refuses it.
pub(crate) fn hand_over(made: &Made, config: &Config) -> Result<(), Error> {
    let Some((directory, uid)) = made.v2.as_ref().zip(owner(config)) else {
        return Ok(());
    };
    let uid = Some(Uid::from_raw(uid));
    let failed = |errno| {
        let attempted = format!("give the cgroup to user {}", uid.map_or(0, Uid::as_raw));
        Failure::new(attempted, errno).at("linux.cgroupsPath")
    };
    let no_group: Option<Gid> = None;
    match chownat(directory, "", uid, no_group, AtFlags::EMPTY_PATH) {
        // A runtime without privileges has given the container what it may, its own ids.
        Err(Errno::PERM) => return Ok(()),
        outcome => outcome.map_err(failed)?,
    }
    let list = std::fs::read_to_string(DELEGATE).unwrap_or_else(|_| ALWAYS.to_owned());
    for name in list.lines().filter(|name| !name.contains('/')) {
        match chownat(directory, name, uid, no_group, AtFlags::SYMLINK_NOFOLLOW) {
            // The list has files of controllers that are not enabled here.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno).into()),
        }
    }
    Ok(())
}

/// The host's user who is to own it; `None` where nobody else is.
fn owner(config: &Config) -> Option<u32> {
    let linux = &config.linux;
    let namespace = linux.namespace(NamespaceType::Cgroup)?;
    let is_new = namespace.path.is_none();
    let is_writable = config.mounts.iter().any(|mount| {
        let says_read_only = mount.options.iter().rev().find_map(|option| match option.as_str() {
            "ro" | "rro" => Some(true),
            "rw" | "rrw" => Some(false),
            _ => None,
        });
        matches!(mount.fs_type.as_deref(), Some("cgroup" | "cgroup2")) && says_read_only != Some(true)
    });
    let uid = on_host(&linux.uid_mappings, config.process.as_ref()?.user.uid)?;
    (is_new && is_writable && uid != 0).then_some(uid)
}

fn on_host(mappings: &[IdMapping], uid: u32) -> Option<u32> {
    if mappings.is_empty() {
        return Some(uid);
    }
    mappings.iter().find_map(|mapping| {
        let offset = uid
            .checked_sub(mapping.container_id)
            .filter(|offset| *offset < mapping.size)?;
        mapping.host_id.checked_add(offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_behind_the_maps() {
        let mapping = |container_id, host_id, size| IdMapping {
            container_id,
            host_id,
            size,
        };
        let maps = [mapping(0, 100_000, 10), mapping(10, 5, 1)];
        assert_eq!(on_host(&maps, 3), Some(100_003));
        assert_eq!(on_host(&maps, 10), Some(5));
        assert_eq!(on_host(&maps, 11), None);
        assert_eq!(on_host(&[], 7), Some(7));
    }
}
