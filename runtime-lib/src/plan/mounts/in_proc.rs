//! What may be mounted on `/proc`, and in it. Links of the image's that lead there are init's to see.

use crate::bundle::{Mount, MountKind};
use crate::plan::compile::Compiler;
use orlop_init::step::mounts::may_lie_in_proc;

impl Compiler<'_> {
    /// Refuses a mount over what programs have to believe.
    pub(super) fn refuse_in_proc(&mut self, mount: &Mount) {
        let Some(below) = mount.target.as_bytes().strip_prefix(b"proc") else {
            return;
        };
        let destination = mount.target.to_string_lossy();
        let text = match (below, &mount.kind) {
            // Whether a bind's source is a procfs is seen when it is bound.
            ([], MountKind::Bind(_) | MountKind::Remount(_)) => return,
            ([], MountKind::Filesystem(filesystem)) if &*filesystem.name == "proc" => return,
            ([], _) => format!("\"/{destination}\" cannot be mounted because it is not of type proc"),
            ([b'/', ..], _) if !may_lie_in_proc(&mount.target) => format!(
                "\"/{destination}\" cannot be mounted because it is inside /proc, where only single files may be \
                 replaced, such as /proc/cpuinfo and /proc/meminfo"
            ),
            _ => return,
        };
        self.problems.error(mount.path().member("destination"), text);
    }
}
