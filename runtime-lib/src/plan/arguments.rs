//! What the caller chose, beyond the bundle.

use super::SubCgroup;
use crate::Id;
use std::path::PathBuf;

/// Who makes a container's cgroup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CgroupManager {
    /// The runtime itself: `linux.cgroupsPath` is a path.
    #[default]
    Direct,
    /// systemd: the machine's for root, and for an ordinary user the user's own. The container's processes are in a
    /// unit of it (`man 5 systemd.scope`), and `linux.cgroupsPath` is `slice:prefix:name`. Takes a host with nothing but
    /// cgroup v2.
    Systemd,
    /// Nobody: the container's processes stay where the caller is, and nothing can be limited.
    Disabled,
}

/// What the caller chose, beyond the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arguments {
    /// The container's id.
    pub id: Id,
    /// Move the rootfs over the root (`MS_MOVE`) instead of `pivot_root`, for a root on a ramdisk. Less safe.
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// So many descriptors are passed to the process, by their numbers from 3 on, behind those of `listen_fds`. There
    /// may be gaps among them.
    pub preserve_fds: u32,
    /// So many descriptors from 3 on are sockets of `man 3 sd_listen_fds`: the process gets `LISTEN_FDS` and
    /// `LISTEN_PID`.
    pub listen_fds: u32,
    /// The process gets a socket on which it tells when it is ready (`man 3 sd_notify`): at `/run/notify`, and in its
    /// environment as `NOTIFY_SOCKET`. This is the folder of the host's that is mounted there:
    /// [`Runtime::notify_folder`](crate::Runtime::notify_folder) names it.
    pub notify_folder: Option<PathBuf>,
    /// Who makes the container's cgroup. systemd's part is there only with the feature `systemd`.
    pub cgroup_manager: CgroupManager,
    /// A cgroup that the caller may not make is an error also where the config does not ask for one by
    /// `linux.cgroupsPath`. Otherwise the container is in none of its own there.
    pub insists_on_cgroup: bool,
}

impl Arguments {
    /// The usual choices for a container of this id.
    pub fn new(id: Id) -> Self {
        Self {
            id,
            no_pivot: false,
            no_new_keyring: false,
            preserve_fds: 0,
            listen_fds: 0,
            notify_folder: None,
            cgroup_manager: CgroupManager::Direct,
            insists_on_cgroup: false,
        }
    }

    /// How many descriptors from 3 on are the process's.
    pub(crate) fn passed(&self) -> u32 {
        self.preserve_fds.saturating_add(self.listen_fds)
    }
}

/// What the caller of an exec chose, beyond the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecArguments {
    /// Also into a paused container: the process begins when that is resumed, and so long the call waits.
    pub ignore_paused: bool,
    /// So many descriptors are passed to the process, by their numbers from 3 on. There may be gaps among them.
    pub preserve_fds: u32,
    /// Where below the container's cgroup the process begins: at most one for all hierarchies, or several of v1 by their
    /// controllers. Without one it begins in the container's cgroup, or where that takes no processes, in that of its
    /// init.
    pub cgroups: Vec<SubCgroup>,
}
