//! Mounts of a container on which nothing can be mounted without showing outside of it.

use super::proc_file::read;
use crate::process::Pid;
use crate::{Error, StatusFault};
use std::collections::BTreeSet;

/// The ids of the mounts of a process that are peers of the runtime's own (`man 7 mount_namespaces`: shared).
///
/// # Errors
/// The process has ended; a file of /proc cannot be read.
pub(crate) fn mounts_shown_outside(process: Pid) -> Result<Vec<u64>, Error> {
    let theirs = read(format!("/proc/{process}/mountinfo"))?.ok_or(StatusFault::NotRunning)?;
    let ours = read("/proc/thread-self/mountinfo")?.unwrap_or_default();
    Ok(shared_with(&theirs, &ours))
}

fn shared_with(theirs: &str, ours: &str) -> Vec<u64> {
    let ours: BTreeSet<&str> = ours.lines().filter_map(peer_group).collect();
    let shown = theirs
        .lines()
        .filter(|line| peer_group(line).is_some_and(|group| ours.contains(group)));
    shown.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// The peer group of a line of mountinfo (`man 5 proc_pid_mountinfo`).
fn peer_group(line: &str) -> Option<&str> {
    let (mount, _) = line.split_once(" - ")?;
    let mut optional = mount.split(' ').skip(6);
    optional.find_map(|field| field.strip_prefix("shared:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_the_runtimes_mounts_are_found_by_their_groups() {
        let theirs = "41 40 0:30 / / rw master:1 - overlay overlay rw\n\
                      42 41 0:31 / /data rw,relatime shared:7 - ext4 /dev/sda rw\n\
                      43 41 0:32 / /own rw shared:9 master:7 - tmpfs tmpfs rw\n";
        let ours = "20 1 0:31 / /srv rw shared:7 - ext4 /dev/sda rw\n21 1 0:30 / / rw shared:1 - ext4 /dev/sdb rw\n";
        assert_eq!(shared_with(theirs, ours), [42]);
        assert_eq!(shared_with(theirs, ""), [0_u64; 0]);
    }
}
