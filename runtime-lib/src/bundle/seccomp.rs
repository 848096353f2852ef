//! Placeholder: the seccomp profile's types come here, declared with `object!` and `words!` of `object.rs` (they read `null` as unset, refuse
//! arrays for objects, and know their members' names for warnings). `linux.rs` needs `Seccomp: super::json::Json`, which `object!` gives.

use super::text::Text;

object! {
    /// Which system calls may be made (runtime-spec: config-linux.md#seccomp).
    pub struct Seccomp {
        /// Placeholder.
        default_action: Text = "defaultAction",
    }
}
