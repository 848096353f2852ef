//! The network namespace: its loopback interface, and the host's devices that move there.

use super::acts::Origin;
use super::compile::Compiler;
use super::deeds::MoveDevice;
use crate::bundle::{NamespaceType, NetDevice, Text};
use crate::problem::JsonPath;
use orlop_init::step::network::{Loopback, OpenNetlink};

impl Compiler<'_> {
    pub(crate) fn network(&mut self) {
        if self.makes(NamespaceType::Network) {
            self.step(&Loopback {}, Origin::Default);
        }
        let name = |(on_host, device): &(&Text, &NetDevice)| device.name.as_ref().unwrap_or(on_host).to_string();
        let mut devices: Vec<_> = self.config.linux.net_devices.iter().collect();
        if devices.is_empty() {
            return;
        }
        // A number is chosen when all names are taken that are asked for outright.
        devices.sort_by_key(|device| name(device).contains("%d"));
        let origin = || Origin::Member("linux.netDevices");
        self.step(&OpenNetlink {}, origin());
        let turn = self.acts.turn(origin());
        for (on_host, device) in devices {
            let deed = MoveDevice {
                from: on_host.to_string(),
                to: name(&(on_host, device)),
            };
            let origin = JsonPath::from("linux.netDevices").member(on_host);
            self.deed(turn, deed, Origin::Named(origin));
        }
    }
}
