//! Device nodes (runtime-spec: config-linux.md#devices).

use super::super::devices::{Device, DeviceType};
use super::{NO_ID, absolute};
use crate::problem::{JsonPath, Problems};
use std::collections::BTreeMap;

/// The largest numbers of the kernel's device numbers (linux/kdev_t.h: 12 and 20 bits).
pub(super) const LARGEST_MAJOR: i64 = 0xfff;
pub(super) const LARGEST_MINOR: i64 = 0xf_ffff;

pub(super) fn devices(devices: &[Device], problems: &mut Problems) {
    let mut paths: BTreeMap<&str, &Device> = BTreeMap::new();
    for (index, device) in devices.iter().enumerate() {
        let path = || JsonPath::from("linux.devices").index(index);
        absolute(&device.path, || path().member("path").to_string(), problems);
        if device.kind != DeviceType::Fifo {
            for (name, number, largest) in [
                ("major", device.major, LARGEST_MAJOR),
                ("minor", device.minor, LARGEST_MINOR),
            ] {
                match number {
                    None => problems.error(
                        path().member(name),
                        format!("missing, a device of type {} needs one", device.kind),
                    ),
                    Some(number) if !(0..=largest).contains(&number) => {
                        problems.error(path().member(name), format!("{number} is not from 0 to {largest}"));
                    }
                    Some(_) => {}
                }
            }
        }
        if let Some(mode) = device.file_mode
            && mode.type_bits() != 0
            && mode.type_bits() != device.kind.mode_bits()
        {
            let text = format!(
                "the type in {:#o} is not that of a device of type {}",
                mode.bits() | mode.type_bits(),
                device.kind
            );
            problems.error(path().member("fileMode"), text);
        }
        for (name, id) in [("uid", device.uid), ("gid", device.gid)] {
            if id == Some(NO_ID) {
                problems.error(path().member(name), format!("{NO_ID} stands for no id"));
            }
        }
        match paths.insert(&device.path, device) {
            // Engines that put lists together may name a device twice; it is one node all the same.
            Some(other) if other == device => problems.warning(path(), "is given twice"),
            Some(_) => problems.error(path().member("path"), "another device has this path"),
            None => {}
        }
    }
}
