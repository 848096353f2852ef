//! Where systemd listens.

use super::Bus;
use super::dbus::{Address, Connection};
use crate::Failure;
use rustix::io::Errno;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A place where systemd may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) address: Address,
    /// systemd itself listens there, and no bus in between.
    pub(super) is_direct: bool,
}

const SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";
const SYSTEM_DIRECT: &str = "/run/systemd/private";

impl Bus {
    /// Connects to the first of its doors behind which somebody is.
    ///
    /// # Errors
    /// There is none, or the first that is open leads to nobody who answers.
    pub(super) fn connect(self) -> Result<(Connection, bool), Failure> {
        let mut first = None;
        for Door { address, is_direct } in doors(self, |name| std::env::var_os(name)) {
            match Connection::open(&address) {
                Ok(connection) => return Ok((connection, is_direct)),
                Err(failure) if is_nobody_there(&failure) => {
                    first.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(match (first, self) {
            (Some(failure), Self::System) => failure.hint(format!(
                "{SYSTEM_DIRECT} is no way to systemd either: does it run on this host?"
            )),
            (Some(failure), Self::User) => {
                failure.hint("the user needs a systemd of its own, which a login starts (`man 5 user@.service`)")
            }
            (None, _) => Failure::plain(
                "find the bus of the user's systemd",
                "neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set",
            ),
        })
    }
}

fn is_nobody_there(failure: &Failure) -> bool {
    let nobody = [Errno::NOENT, Errno::CONNREFUSED, Errno::NOTDIR].map(Errno::raw_os_error);
    failure.errno.is_some_and(|errno| nobody.contains(&errno.raw()))
}

/// Where systemd may be reached, by what the environment says.
fn doors(bus: Bus, variable: impl Fn(&str) -> Option<OsString>) -> Vec<Door> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let door = |address, is_direct| Door { address, is_direct };
    let at = |path: &Path, is_direct| door(Address::from(path), is_direct);
    let named = |name| {
        let list = set(name).map(|value| Address::list(value.as_bytes()));
        list.unwrap_or_default().into_iter().map(|address| door(address, false))
    };
    match bus {
        Bus::System => {
            let mut doors: Vec<Door> = named("DBUS_SYSTEM_BUS_ADDRESS").collect();
            if doors.is_empty() {
                doors = vec![at(Path::new(SYSTEM_BUS), false)];
            }
            doors.push(at(Path::new(SYSTEM_DIRECT), true));
            doors
        }
        Bus::User => {
            let folder = set("XDG_RUNTIME_DIR").map(PathBuf::from);
            let own = folder.iter().flat_map(|folder| {
                [
                    at(&folder.join("bus"), false),
                    at(&folder.join("systemd/private"), true),
                ]
            });
            named("DBUS_SESSION_BUS_ADDRESS").chain(own).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bus: Bus, environment: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let doors = doors(bus, variable).into_iter();
        doors
            .map(|door| format!("{}{}", door.address, if door.is_direct { " directly" } else { "" }))
            .collect()
    }

    #[test]
    fn the_machines_systemd_is_behind_the_system_bus_or_listens_itself() {
        let direct = "unix:path=/run/systemd/private directly";
        assert_eq!(
            told(Bus::System, &[]),
            ["unix:path=/run/dbus/system_bus_socket", direct]
        );
        let environment = [("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/x")];
        assert_eq!(told(Bus::System, &environment), ["unix:path=/x", direct]);
    }

    #[test]
    fn a_users_systemd_is_behind_the_users_bus_or_listens_itself() {
        let environment = [("XDG_RUNTIME_DIR", "/run/user/7")];
        let own = [
            "unix:path=/run/user/7/bus",
            "unix:path=/run/user/7/systemd/private directly",
        ];
        assert_eq!(told(Bus::User, &environment), own);
        let named = ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/x,guid=0");
        assert_eq!(
            told(Bus::User, &[environment[0], named]),
            ["unix:abstract=/tmp/x", own[0], own[1]]
        );
        assert_eq!(told(Bus::User, &[("XDG_RUNTIME_DIR", "")]), Vec::<String>::new());
    }
}
