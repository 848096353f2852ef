//! containerd by itself.

pub(in crate::engines) mod cri;
pub(in crate::engines) mod ctr;
mod tasks;
