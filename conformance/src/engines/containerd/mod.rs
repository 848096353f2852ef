//! containerd by itself.

pub(in crate::engines) mod ctr;
