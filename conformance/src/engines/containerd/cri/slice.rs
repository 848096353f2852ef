//! The cgroup of a pod where systemd makes the cgroups: a slice, which a kubelet makes before the pod, and removes after
//! it.

use crate::engines::call::Call;
use crate::failure::{Failure, Verdict};

/// Where a kubelet keeps the pods that ask for nothing.
const BEST_EFFORT: &str = "/kubepods.slice/kubepods-besteffort.slice";

/// All pods.
const ALL: &str = "kubepods.slice";

/// A pod's slice; dropped, it is stopped.
#[derive(Debug)]
pub(super) struct Slice {
    /// Its unit.
    pub(super) name: String,
}

impl Slice {
    /// Starts the slice of the pod with this name.
    pub(super) fn start(pod: &str) -> Result<Self, Failure> {
        // In the name of a slice each part between dashes is a parent.
        let name = format!("kubepods-besteffort-poduid_{}.slice", pod.replace('-', "_"));
        Call::new("systemctl").args(["start", &name]).succeed()?;
        Ok(Self { name })
    }

    /// What a kubelet names as the pod's parent: the path in the hierarchy, of which containerd gives the runtime the last
    /// part.
    pub(super) fn path(&self) -> String {
        format!("{BEST_EFFORT}/{}", self.name)
    }

    /// The unit of one of the pod's containers, or of the pod's own.
    pub(super) fn scope(id: &str) -> String {
        format!("cri-containerd-{id}.scope")
    }

    /// Sets a property as a kubelet does, until the next boot.
    pub(super) fn set(&self, property: &str) -> Verdict {
        Call::new("systemctl")
            .args(["set-property", "--runtime", &self.name, property])
            .succeed()
            .map(drop)
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        let _ = Call::new("systemctl").args(["stop", &self.name]).finish();
    }
}

/// Stops the slice of all pods.
pub(super) fn stop_all() {
    let _ = Call::new("systemctl").args(["stop", ALL]).finish();
}

/// A property of a unit, as `systemctl show` says it.
pub(super) fn property(unit: &str, name: &str) -> Result<String, Failure> {
    let show = ["show", "--property", name, "--value", unit];
    Ok(Call::new("systemctl").args(show).succeed()?.out.trim().to_owned())
}
