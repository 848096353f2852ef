//! The deeds of a creation, carried out.

mod added_mounts;
mod agent;
mod cgroup;
mod device_program;
mod hooks;
mod inherited;
mod network;
mod outside;
mod record;
mod resctrl;
mod source;
mod start_init;
mod stdio;
mod terminal;
