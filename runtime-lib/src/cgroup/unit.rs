//! The cgroup of a systemd unit: systemd makes it and removes it, and between that it is a cgroup like any other.

use super::directory::Directory;
use super::make::{Made, has_line};
use super::nap::Naps;
use super::remove::remove_place;
use super::{Cgroup, controllers, processes};
use crate::error::{Error, Failure};
use crate::plan::{Knob, Place, Scope};
use crate::systemd::Systemd;
use rustix::io::Errno;
use std::path::Path;
use std::time::Duration;

/// So long systemd may take to remove the cgroup of a unit whose processes have ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// So long that may take of a unit that perhaps is another's.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_secs(2);

/// What is at the place of a unit's cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
    AnotherOfItsName,
}

impl Cgroup {
    /// The unit that it is of, if systemd has made it.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.0.manager.scope()
    }

    /// Looks whether init may be put where the unit's cgroup will be.
    ///
    /// # Errors
    /// There is one already, with processes; or it, or one above it, is frozen: init would stand still there.
    pub(crate) fn check_unit(&self) -> Result<(), Failure> {
        let Some(place) = &self.0.v2 else {
            return Ok(());
        };
        let attempted = format!("use the cgroup {}", place.path().display());
        let failed = |errno| Failure::new(attempted.clone(), errno);
        let root = Directory::mount(&place.mount).map_err(failed)?;
        for level in place.below.ancestors() {
            let events = match root.read(&level.join("cgroup.events")) {
                Ok(events) => events,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(failed(errno)),
            };
            if level == place.below && has_line(&events, "populated 1") {
                let why = "container's cgroup is not empty: a unit of that name lives, or somebody else is there";
                return Err(Failure::plain(attempted, why));
            }
            if has_line(&events, "frozen 1") {
                let why = "container's cgroup unexpectedly frozen (itself or an ancestor)";
                return Err(Failure::plain(attempted, why));
            }
            break;
        }
        Ok(())
    }

    /// The cgroup that systemd was told to make, whatever has become of that.
    pub(crate) fn of_unit(&self) -> Made {
        Made::new(&self.0)
    }

    /// The number of the cgroup that systemd has made.
    ///
    /// # Errors
    /// It is not where it should be.
    pub(crate) fn inode_of_unit(&self) -> Result<u64, Failure> {
        let failed = |errno| {
            let attempted = "find the cgroup that systemd has made";
            Failure::new(attempted, errno).hint("the runtime may see another part of the hierarchy than systemd does")
        };
        let place = self.0.v2.as_ref().ok_or(Errno::NOENT).map_err(failed)?;
        let opened = processes::open(place);
        opened.and_then(|directory| directory.inode()).map_err(failed)
    }

    /// Takes hold of the cgroup that systemd has made. The controllers that `knobs` need are passed on to it.
    ///
    /// # Errors
    /// It is gone, or a controller cannot be had.
    pub(crate) fn hold_unit(&self, knobs: &[Knob]) -> Result<Made, Failure> {
        let mut made = self.of_unit();
        if let Some(place) = &self.0.v2 {
            let failed = |errno| Failure::new(format!("use the cgroup {}", place.path().display()), errno);
            let root = Directory::mount(&place.mount).map_err(failed)?;
            controllers::pass_on(&root, place, knobs, false)?;
            made.v2 = Some(processes::open(place).map_err(failed)?.into_fd());
        }
        Ok(made)
    }
}

/// Has systemd stop a unit, and waits until its cgroup is gone. Whoever lived in it was killed before.
///
/// # Errors
/// systemd refuses, or cannot be asked, and the cgroup is still there.
pub(super) fn remove(scope: &Scope, place: &Place) -> Result<(), Error> {
    match found(place)? {
        Found::AnotherOfItsName => Ok(()),
        Found::Nothing => {
            // What systemd may remember of it is no more than a name.
            if place.inode.is_some()
                && let Ok(mut systemd) = Systemd::connect(scope.bus)
            {
                let _ = systemd.reset_failed(&scope.unit);
            }
            Ok(())
        }
        Found::Ours => {
            let connected = Systemd::connect(scope.bus).map_err(Error::from);
            let stopped = connected.and_then(|mut systemd| stop(&mut systemd, scope, place));
            if found(place)? != Found::Ours {
                return Ok(());
            }
            stopped?;
            remove_place(place)
        }
    }
}

fn stop(systemd: &mut Systemd, scope: &Scope, place: &Place) -> Result<(), Error> {
    systemd.stop(&scope.unit)?;
    let mut naps = Naps::new(PATIENCE);
    while found(place)? == Found::Ours && naps.nap() {}
    systemd.reset_failed(&scope.unit)?;
    Ok(())
}

/// Has systemd stop a unit that perhaps is another's, unless somebody lives in it: of this container nobody does.
///
/// systemd is asked even where nothing is to be seen: what it was told by a runtime that was killed it has done before
/// it answers. A unit that it then made for an init that was dead, and not reaped, would stay for ever.
///
/// # Errors
/// systemd cannot be asked, and there is something.
pub(super) fn remove_unused(scope: &Scope, place: &Place) -> Result<(), Error> {
    let asked = Systemd::connect(scope.bus).and_then(|mut systemd| {
        let state = systemd.state(&scope.unit)?;
        Ok((systemd, state))
    });
    let (mut systemd, state) = match asked {
        Ok(asked) => asked,
        Err(_) if found(place)? == Found::Nothing => return Ok(()),
        Err(failure) => return Err(failure.into()),
    };
    if state.is_none() {
        return Ok(());
    }
    let mut naps = Naps::new(PATIENCE_WITH_OTHERS);
    while is_populated(place)? {
        if !naps.nap() {
            return Ok(());
        }
    }
    stop(&mut systemd, scope, place)
}

fn is_populated(place: &Place) -> Result<bool, Error> {
    let events = processes::open(place).and_then(|directory| directory.read(Path::new("cgroup.events")));
    match events {
        Ok(events) => Ok(has_line(&events, "populated 1")),
        Err(Errno::NOENT | Errno::NODEV) => Ok(false),
        Err(errno) => Err(Failure::new(format!("look into the cgroup {}", place.path().display()), errno).into()),
    }
}

fn found(place: &Place) -> Result<Found, Error> {
    let anything = Place {
        inode: None,
        ..place.clone()
    };
    match processes::open(place) {
        Ok(_) => Ok(Found::Ours),
        Err(Errno::NOENT | Errno::NODEV) => match processes::open(&anything) {
            Ok(_) if place.inode.is_some() => Ok(Found::AnotherOfItsName),
            _ => Ok(Found::Nothing),
        },
        Err(errno) => Err(Failure::new(format!("look for the cgroup {}", place.path().display()), errno).into()),
    }
}
