//! Capabilities (man 7 capabilities).

use super::json::{Json, Shape};
use super::text::Text;
use serde::de::Deserializer;

object! {
    /// A process's five sets of capabilities.
    #[derive(Default)]
    pub struct Capabilities {
        /// What it and its children may ever have.
        bounding: Vec<CapabilityName> = "bounding",
        /// What the kernel checks.
        effective: Vec<CapabilityName> = "effective",
        /// What is kept over exec of files that have it too.
        inheritable: Vec<CapabilityName> = "inheritable",
        /// What it may make effective.
        permitted: Vec<CapabilityName> = "permitted",
        /// What is kept over exec of any file.
        ambient: Vec<CapabilityName> = "ambient",
    }
}

impl Capabilities {
    /// All sets, by their names in the config.
    pub fn sets(&self) -> [(&'static str, &[CapabilityName]); 5] {
        [
            ("bounding", &self.bounding),
            ("effective", &self.effective),
            ("inheritable", &self.inheritable),
            ("permitted", &self.permitted),
            ("ambient", &self.ambient),
        ]
    }
}

/// A capability as the config names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapabilityName {
    /// One that this runtime knows.
    Known(Capability),
    /// One that it does not know: warned about and ignored, as the spec asks.
    Unknown(Text),
}

impl CapabilityName {
    /// The name as the config has it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(capability) => capability.as_str(),
            Self::Unknown(name) => name,
        }
    }

    /// The capability, if it is known.
    pub fn known(&self) -> Option<Capability> {
        match self {
            Self::Known(capability) => Some(*capability),
            Self::Unknown(_) => None,
        }
    }
}

impl From<Text> for CapabilityName {
    fn from(name: Text) -> Self {
        match Capability::from_word(&name) {
            Some(capability) => Self::Known(capability),
            None => Self::Unknown(name),
        }
    }
}

impl Json for CapabilityName {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(Text::read(deserializer)?))
    }
}

impl serde::Serialize for CapabilityName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

words! {
    /// A capability, declared in the order of the kernel's numbers (`linux/capability.h`).
    pub enum Capability: "capability" {
        Chown = "CAP_CHOWN",
        DacOverride = "CAP_DAC_OVERRIDE",
        DacReadSearch = "CAP_DAC_READ_SEARCH",
        Fowner = "CAP_FOWNER",
        Fsetid = "CAP_FSETID",
        Kill = "CAP_KILL",
        Setgid = "CAP_SETGID",
        Setuid = "CAP_SETUID",
        Setpcap = "CAP_SETPCAP",
        LinuxImmutable = "CAP_LINUX_IMMUTABLE",
        NetBindService = "CAP_NET_BIND_SERVICE",
        NetBroadcast = "CAP_NET_BROADCAST",
        NetAdmin = "CAP_NET_ADMIN",
        NetRaw = "CAP_NET_RAW",
        IpcLock = "CAP_IPC_LOCK",
        IpcOwner = "CAP_IPC_OWNER",
        SysModule = "CAP_SYS_MODULE",
        SysRawio = "CAP_SYS_RAWIO",
        SysChroot = "CAP_SYS_CHROOT",
        SysPtrace = "CAP_SYS_PTRACE",
        SysPacct = "CAP_SYS_PACCT",
        SysAdmin = "CAP_SYS_ADMIN",
        SysBoot = "CAP_SYS_BOOT",
        SysNice = "CAP_SYS_NICE",
        SysResource = "CAP_SYS_RESOURCE",
        SysTime = "CAP_SYS_TIME",
        SysTtyConfig = "CAP_SYS_TTY_CONFIG",
        Mknod = "CAP_MKNOD",
        Lease = "CAP_LEASE",
        AuditWrite = "CAP_AUDIT_WRITE",
        AuditControl = "CAP_AUDIT_CONTROL",
        Setfcap = "CAP_SETFCAP",
        MacOverride = "CAP_MAC_OVERRIDE",
        MacAdmin = "CAP_MAC_ADMIN",
        Syslog = "CAP_SYSLOG",
        WakeAlarm = "CAP_WAKE_ALARM",
        BlockSuspend = "CAP_BLOCK_SUSPEND",
        AuditRead = "CAP_AUDIT_READ",
        Perfmon = "CAP_PERFMON",
        Bpf = "CAP_BPF",
        CheckpointRestore = "CAP_CHECKPOINT_RESTORE",
    }
}

impl Capability {
    /// The kernel's number.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_and_numbers_are_those_of_the_crate_caps() {
        let all = caps::all();
        assert_eq!(all.len(), Capability::ALL.len());
        for capability in all {
            let ours = Capability::from_word(&capability.to_string()).unwrap();
            assert_eq!(ours.number(), capability.index());
        }
    }

    #[test]
    fn capabilities_have_the_kernels_numbers() {
        assert_eq!(Capability::ALL.len(), 41);
        assert_eq!(Capability::from_word("CAP_CHOWN").unwrap().number(), 0);
        assert_eq!(Capability::from_word("CAP_SYS_ADMIN").unwrap().number(), 21);
        assert_eq!(Capability::from_word("CAP_CHECKPOINT_RESTORE").unwrap().number(), 40);
    }
}
