//! Mappings of user and group ids (man 7 user_namespaces).

object! {
    /// A range of ids in the container, and those that they are on the host.
    #[derive(Copy)]
    pub struct IdMapping {
        /// The first id in the container.
        container_id: u32 = "containerID",
        /// The first id on the host.
        host_id: u32 = "hostID",
        /// How many.
        size: u32 = "size",
    }
}

impl IdMapping {
    /// As a line of `/proc/PID/uid_map` has it (`man 7 user_namespaces`).
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.container_id, self.host_id, self.size)
    }
}
