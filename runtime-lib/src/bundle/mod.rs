//! A bundle: `config.json`, parsed once and checked (runtime-spec 1.3.0, Linux).
//!
//! What comes out of here is right by its types; whether a part is built is the plan's business.

#[macro_use]
mod object;

mod annotations;
mod below_root;
mod capability;
mod changed_namespaces;
mod config;
mod devices;
mod fault;
mod hooks;
mod ids;
mod json;
mod linux;
mod load;
mod locate;
mod mounts;
mod number;
mod number_range;
#[cfg(feature = "oci-spec")]
mod oci;
mod process;
mod quote;
mod resources;
mod schedule;
mod seccomp;
mod text;
mod unknown;
mod validate;
mod word;

pub(crate) use annotations::{
    DELEGATE_CGROUP, HookOutput, Right, SYSTEMD_SUBGROUP, UNSAFE as UNSAFE_ANNOTATIONS, UnitProperty, UnitValue,
    landlock_place, place as annotation_place,
};
pub use annotations::{
    Landlock, LandlockAccess, LandlockFilesystem, LandlockNetwork, LandlockPaths, LandlockPort, LandlockPorts,
    LandlockScope,
};
pub(crate) use below_root::below_root;
pub use capability::{Capabilities, Capability, CapabilityName};
pub use config::{Config, Root};
pub use devices::{Access, Device, DeviceRule, DeviceRuleType, DeviceType, FileMode};
pub use hooks::{Hook, Hooks};
pub use ids::IdMapping;
pub use json::{Bounded, Mode, Present};
pub use linux::{
    Clock, IntelRdt, Linux, MemoryPolicy, MemoryPolicyFlag, MemoryPolicyMode, Namespace, NamespaceType, NetDevice,
    Personality, PersonalityDomain, Propagation, TimeOffset,
};
pub(crate) use load::check_config;
pub use load::{Bundle, check, check_process, parse_mounts, parse_process, parse_resources};
pub(crate) use mounts::meant_option;
pub(crate) use mounts::{
    Bind, Changes, Filesystem, IdMaps, MapsOf, Mount, MountKind, Parameter, ReadOnly, Remount, Superblock, attribute,
    option_names as mount_option_names, too_long,
};
pub use mounts::{MountEntry, MountList};
pub(crate) use number_range::{number_mask, number_range};
pub use process::{ConsoleSize, OomScoreAdj, Process, Rlimit, RlimitType, User};
pub(crate) use quote::Quoted;
pub use resources::{
    BlockIo, Cpu, HugepageLimit, InterfacePriority, Memory, Network, Pids, Rdma, Resources, ThrottleDevice,
    WeightDevice,
};
pub use schedule::{ExecCpuAffinity, IoPriority, IoPriorityClass, Scheduler, SchedulerFlag, SchedulerPolicy};
pub use seccomp::*;
pub use text::Text;
pub use validate::sysctl_file;
