//! `linux.devices`, the devices that every container has, and the links beside them (runtime-spec:
//! config-linux.md#default-devices).

use super::acts::{Origin, c_string};
use super::compile::Compiler;
use crate::bundle::{Device, DeviceType, Mount, below_root};
use crate::problem::{JsonPath, Problem};
use orlop_init::linux::file_type::{S_IFBLK, S_IFCHR, S_IFIFO};
use orlop_init::step::devices::{Link, Node, demand};
use std::ffi::CStr;

/// The devices of every container: path, major, minor. All are character devices that everybody may read and write.
pub(crate) const DEFAULT_DEVICES: &[(&str, u32, u32)] = &[
    ("dev/null", 1, 3),
    ("dev/zero", 1, 5),
    ("dev/full", 1, 7),
    ("dev/random", 1, 8),
    ("dev/urandom", 1, 9),
    ("dev/tty", 5, 0),
];

/// The links of every container, and whether one that the image brings is replaced: `/dev/ptmx` has to be that of the
/// container's own devpts.
const DEFAULT_LINKS: &[(&str, &str, bool)] = &[
    ("dev/fd", "/proc/self/fd", false),
    ("dev/stdin", "/proc/self/fd/0", false),
    ("dev/stdout", "/proc/self/fd/1", false),
    ("dev/stderr", "/proc/self/fd/2", false),
    ("dev/ptmx", "pts/ptmx", true),
];

/// Whether a link takes this place, whatever is there.
fn is_linked(place: &CStr) -> bool {
    let mut links = DEFAULT_LINKS.iter();
    links.any(|(path, _, replace)| *replace && path.as_bytes() == place.to_bytes())
}

impl Compiler<'_> {
    pub(crate) fn devices(&mut self) {
        let devices = &self.config.linux.devices;
        // Somebody else's /dev, the host's mostly: nothing is made in it.
        let mounts = self.bundle.mounts();
        let is_foreign = |mount: &Mount| mount.as_bind().is_some() && mount.target.as_bytes() == b"dev";
        let foreign = mounts.iter().position(is_foreign);
        if let Some(index) = foreign
            && !devices.is_empty()
        {
            self.problems.warning(
                "linux.devices",
                format!("/dev is bound from elsewhere by mounts[{index}]: no devices are made there"),
            );
        }
        let places: Vec<_> = devices.iter().map(|device| below_root(&device.path)).collect();
        // What the config mounts at a default device's or link's place is what it wants there.
        let mounted: Vec<_> = mounts.iter().map(|mount| &*mount.target).collect();
        if foreign.is_none() {
            for (path, major, minor) in DEFAULT_DEVICES {
                let path = c_string(path);
                if !places.contains(&path) && !mounted.contains(&&*path) {
                    let step = Node {
                        path: &path,
                        mode: S_IFCHR | 0o666,
                        major: *major,
                        minor: *minor,
                        uid: 0,
                        gid: 0,
                        demands: demand::DEFAULT,
                    };
                    self.step(&step, Origin::Default);
                }
            }
        }
        for (index, (device, place)) in devices.iter().zip(&places).enumerate() {
            let is_terminals = foreign.is_none() && is_linked(place) && !mounted.contains(&&**place);
            if is_terminals {
                let path = JsonPath::from("linux.devices").index(index);
                let text = "is the link to pts/ptmx of the container's own terminals, as in every container";
                self.problems.push(Problem::warning(path, text).into_notice());
            } else if foreign.is_none() || !place.as_bytes().starts_with(b"dev/") {
                self.device(index, device, place);
            }
        }
        if foreign.is_none() {
            for (path, target, replace) in DEFAULT_LINKS {
                if mounted.contains(&&*c_string(path)) {
                    continue;
                }
                let step = Link {
                    path: &c_string(path),
                    target: &c_string(target),
                    replace: *replace,
                };
                self.step(&step, Origin::Default);
            }
        }
    }

    fn device(&mut self, index: usize, device: &Device, place: &CStr) {
        let path = JsonPath::from("linux.devices").index(index);
        let kind = match device.kind {
            DeviceType::Char | DeviceType::UnbufferedChar => S_IFCHR,
            DeviceType::Block => S_IFBLK,
            DeviceType::Fifo => S_IFIFO,
        };
        let mut number = |name: &str, number: Option<i64>, bits: u32| {
            if kind == S_IFIFO {
                return 0;
            }
            match number.map(u32::try_from) {
                Some(Ok(number)) if number >> bits == 0 => number,
                Some(_) => {
                    self.problems
                        .error(path.member(name), format!("expected a number of at most {bits} bits"));
                    0
                }
                None => 0,
            }
        };
        let major = number("major", device.major, 12);
        let minor = number("minor", device.minor, 20);
        let mode = kind | device.file_mode.map_or(0o666, |mode| u32::from(mode.bits()));
        let asked = [
            ("fileMode", device.file_mode.is_some(), demand::MODE),
            ("uid", device.uid.is_some(), demand::UID),
            ("gid", device.gid.is_some(), demand::GID),
        ];
        let mut demands = asked
            .iter()
            .filter(|(_, is_asked, _)| *is_asked)
            .fold(0, |all, (.., one)| all | one);
        let mut mounts = self.bundle.mounts().iter();
        if let Some(mount) = mounts.find(|mount| *mount.target == *place && !mount.is_remount()) {
            // What a mount puts there is the host's mostly, and is not changed.
            if let Some((name, ..)) = asked.iter().find(|(_, is_asked, _)| *is_asked) {
                let text = format!("mounts[{}] puts the device there, which keeps what it has", mount.index);
                self.problems.warning(path.member(name), text);
            }
            demands = demand::BOUND;
        } else if self.binds_devices() && kind != S_IFIFO {
            // The node is the host's, with its mode and owner.
            demands = demand::BOUND;
            for (name, _, flag) in asked.iter().filter(|(_, is_asked, _)| *is_asked) {
                self.warn_of_a_bound_device(&path, name, *flag);
            }
        }
        let step = Node {
            path: place,
            mode,
            major,
            minor,
            uid: device.uid.unwrap_or(0),
            gid: device.gid.unwrap_or(0),
            demands,
        };
        self.step(&step, Origin::Element("linux.devices", index));
    }

    /// Once for each member: a privileged container has a hundred devices.
    fn warn_of_a_bound_device(&mut self, path: &JsonPath, name: &str, flag: u32) {
        if self.told_of_bound_devices & flag == 0 {
            self.told_of_bound_devices |= flag;
            let text = "no device can be made in a user namespace: the host's is bound, and keeps what it has; so with all others";
            self.problems.warning(path.member(name), text);
        }
    }

    /// Whether devices cannot be made but are bound.
    fn binds_devices(&self) -> bool {
        self.in_user_namespace() || self.host.is_in_user_namespace
    }
}
