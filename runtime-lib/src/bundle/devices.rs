//! Device nodes (runtime-spec: config-linux.md#devices) and who may use which device (#allowed-device-list).

use super::json::{Json, Range, Shape};
use super::quote::Quoted;
use super::text::Text;
use serde::de::{Deserializer, Error};
use std::fmt;

object! {
    /// A device node in the container.
    pub struct Device {
        /// Where; absolute.
        path: Text = "path",
        /// Its type.
        kind: DeviceType = "type",
        /// The driver's number; not for a fifo.
        major: Option<i64> = "major",
        /// The device's number; not for a fifo.
        minor: Option<i64> = "minor",
        /// Its permissions, and perhaps its type once more.
        file_mode: Option<FileMode> = "fileMode",
        /// Its owner in the container.
        uid: Option<u32> = "uid",
        /// Its group in the container.
        gid: Option<u32> = "gid",
    }
}

words! {
    /// What a device node is (man 1 mknod).
    pub enum DeviceType: "device type" {
        Char = "c",
        UnbufferedChar = "u",
        Block = "b",
        Fifo = "p",
    }
}

impl DeviceType {
    /// The type's bits in a file's mode (man 7 inode).
    pub const fn mode_bits(self) -> u16 {
        match self {
            Self::Char | Self::UnbufferedChar => 0o020_000,
            Self::Block => 0o060_000,
            Self::Fifo => 0o010_000,
        }
    }
}

/// The mode of a device node: permissions of at most `0o7777`, and the type's bits if an engine wrote them too (podman
/// does).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u16);

impl FileMode {
    /// The permissions, without the type.
    pub const fn bits(self) -> u16 {
        self.0 & 0o7777
    }

    /// The type's bits; 0 if they were not given.
    pub const fn type_bits(self) -> u16 {
        self.0 & 0o170_000
    }
}

impl Json for FileMode {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_i64(Range { min: 0, max: 0o177_777 })?;
        u16::try_from(value).map(Self).map_err(D::Error::custom)
    }
}

impl serde::Serialize for FileMode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

object! {
    /// A rule about devices; the last one that matches counts.
    #[derive(Copy)]
    pub struct DeviceRule {
        /// Whether it allows or denies.
        allow: bool = "allow" or error,
        /// Which devices; unset is all.
        kind: Option<DeviceRuleType> = "type",
        /// Which driver; unset (or -1, as engines write) is all.
        major: Option<i64> = "major",
        /// Which of the driver's devices; unset (or -1) is all.
        minor: Option<i64> = "minor",
        /// What may be done.
        access: Option<Access> = "access",
    }
}

impl DeviceRule {
    /// Which devices it is about, unset being all.
    pub fn device_type(&self) -> DeviceRuleType {
        self.kind.unwrap_or(DeviceRuleType::All)
    }
}

words! {
    /// Which devices a rule is about.
    pub enum DeviceRuleType: "device type" {
        All = "a",
        Char = "c",
        Block = "b",
    }
}

/// What may be done with a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `r`
    pub read: bool,
    /// `w`
    pub write: bool,
    /// `m`
    pub mknod: bool,
}

impl Access {
    /// All of it.
    pub const ALL: Self = Self {
        read: true,
        write: true,
        mknod: true,
    };

    /// What letters of `rwm` stand for; `None` for other letters.
    pub fn from_letters(letters: &str) -> Option<Self> {
        let mut access = Self::default();
        for letter in letters.bytes() {
            match letter {
                b'r' => access.read = true,
                b'w' => access.write = true,
                b'm' => access.mknod = true,
                _ => return None,
            }
        }
        Some(access)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (allowed, letter) in [(self.read, "r"), (self.write, "w"), (self.mknod, "m")] {
            formatter.write_str(if allowed { letter } else { "" })?;
        }
        Ok(())
    }
}

impl Json for Access {
    const SHAPE: &'static Shape = &Shape::Leaf;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let letters = Text::read(deserializer)?;
        Self::from_letters(&letters)
            .ok_or_else(|| D::Error::custom(format_args!("unknown access {}", Quoted(&letters))))
    }

    fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer).map(|access| (access != Self::default()).then_some(access))
    }
}

impl serde::Serialize for Access {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
