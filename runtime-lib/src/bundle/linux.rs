//! What is special to Linux (runtime-spec: config-linux.md), except devices, resources and seccomp.

use super::devices::Device;
use super::ids::IdMapping;
use super::resources::Resources;
use super::seccomp::Seccomp;
use super::text::Text;
use std::collections::BTreeMap;

object! {
    /// The `linux` member.
    #[derive(Default)]
    pub struct Linux {
        /// How the user namespace's user ids are mapped.
        uid_mappings: Vec<IdMapping> = "uidMappings",
        /// How the user namespace's group ids are mapped.
        gid_mappings: Vec<IdMapping> = "gidMappings",
        /// Kernel parameters, by their names in either form (`net.ipv4.ip_forward`, `net/ipv4/ip_forward`).
        sysctl: BTreeMap<Text, Text> = "sysctl",
        /// Limits and device rules of the cgroup.
        resources: Option<Resources> = "resources",
        /// Where the cgroup is.
        cgroups_path: Option<Text> = "cgroupsPath",
        /// Namespaces that are made or joined; those that are not named are the runtime's own.
        namespaces: Vec<Namespace> = "namespaces",
        /// Device nodes.
        devices: Vec<Device> = "devices",
        /// Network devices of the host that move to the container, by their names on the host.
        net_devices: BTreeMap<Text, NetDevice> = "netDevices",
        /// Which system calls may be made.
        seccomp: Option<Seccomp> = "seccomp",
        /// How mounts spread from and to the root filesystem.
        rootfs_propagation: Option<Propagation> = "rootfsPropagation",
        /// Paths that cannot be read in the container.
        masked_paths: Vec<Text> = "maskedPaths",
        /// Paths that cannot be written in the container.
        readonly_paths: Vec<Text> = "readonlyPaths",
        /// The SELinux label of the mounts.
        mount_label: Option<Text> = "mountLabel",
        /// Intel's resource director.
        intel_rdt: Option<IntelRdt> = "intelRdt",
        /// Where memory is taken from on machines with several nodes.
        memory_policy: Option<MemoryPolicy> = "memoryPolicy",
        /// The execution domain.
        personality: Option<Personality> = "personality",
        /// How far the time namespace's clocks are off the host's.
        time_offsets: BTreeMap<Clock, TimeOffset> = "timeOffsets",
    }
}

impl Linux {
    /// The namespace of a type, if the config names it.
    pub fn namespace(&self, kind: NamespaceType) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.kind == kind)
    }
}

object! {
    /// A namespace that is made, or joined if it has a path.
    pub struct Namespace {
        /// Its type.
        kind: NamespaceType = "type",
        /// The file of an existing one.
        path: Option<Text> = "path",
    }
}

words! {
    /// A type of namespace (man 7 namespaces).
    pub enum NamespaceType: "namespace" {
        Pid = "pid",
        Network = "network",
        Mount = "mount",
        Ipc = "ipc",
        Uts = "uts",
        User = "user",
        Cgroup = "cgroup",
        Time = "time",
    }
}

words! {
    /// How mounts spread (man 7 mount_namespaces), with or without the mounts below.
    pub enum Propagation: "propagation" {
        Private = "private",
        Rprivate = "rprivate",
        Slave = "slave",
        Rslave = "rslave",
        Shared = "shared",
        Rshared = "rshared",
        Unbindable = "unbindable",
        Runbindable = "runbindable",
    }
}

object! {
    /// A network device of the host that moves to the container.
    #[derive(Default)]
    pub struct NetDevice {
        /// Its name in the container; the same if unset.
        name: Option<Text> = "name",
    }
}

object! {
    /// Intel's resource director (Linux: Documentation/arch/x86/resctrl.rst).
    #[derive(Default)]
    pub struct IntelRdt {
        /// The class of service.
        clos_id: Option<Text> = "closID",
        /// Lines for the class's `schemata` file.
        schemata: Vec<Text> = "schemata",
        /// Lines about the third level's cache.
        l3_cache_schema: Option<Text> = "l3CacheSchema",
        /// Lines about the memory's bandwidth.
        mem_bw_schema: Option<Text> = "memBwSchema",
        /// Whether the container is monitored on its own.
        enable_monitoring: bool = "enableMonitoring",
        /// Until 1.2: whether the cache is monitored.
        enable_cmt: bool = "enableCMT",
        /// Until 1.2: whether the memory's bandwidth is monitored.
        enable_mbm: bool = "enableMBM",
    }
}

object! {
    /// Where memory is taken from (man 2 set_mempolicy).
    pub struct MemoryPolicy {
        /// The mode.
        mode: MemoryPolicyMode = "mode",
        /// The nodes, as a list: `0-3,7`.
        nodes: Option<Text> = "nodes",
        /// Flags.
        flags: Vec<MemoryPolicyFlag> = "flags",
    }
}

words! {
    /// A mode of `set_mempolicy`.
    pub enum MemoryPolicyMode: "memory policy mode" {
        Default = "MPOL_DEFAULT",
        Bind = "MPOL_BIND",
        Interleave = "MPOL_INTERLEAVE",
        WeightedInterleave = "MPOL_WEIGHTED_INTERLEAVE",
        Preferred = "MPOL_PREFERRED",
        PreferredMany = "MPOL_PREFERRED_MANY",
        Local = "MPOL_LOCAL",
    }
}

words! {
    /// A flag of `set_mempolicy`.
    pub enum MemoryPolicyFlag: "memory policy flag" {
        NumaBalancing = "MPOL_F_NUMA_BALANCING",
        RelativeNodes = "MPOL_F_RELATIVE_NODES",
        StaticNodes = "MPOL_F_STATIC_NODES",
    }
}

object! {
    /// The execution domain (man 2 personality).
    pub struct Personality {
        /// The domain.
        domain: PersonalityDomain = "domain",
        /// Flags; the spec has none yet.
        flags: Vec<Text> = "flags",
    }
}

words! {
    /// An execution domain.
    pub enum PersonalityDomain: "personality" {
        Linux = "LINUX",
        Linux32 = "LINUX32",
    }
}

words! {
    /// A clock that a time namespace may shift (man 7 time_namespaces).
    pub enum Clock: "clock" {
        Monotonic = "monotonic",
        Boottime = "boottime",
    }
}

object! {
    /// How far a clock is off the host's.
    #[derive(Copy, Default)]
    pub struct TimeOffset {
        /// Seconds.
        secs: Option<i64> = "secs",
        /// Nanoseconds on top.
        nanosecs: Option<u32> = "nanosecs",
    }
}
