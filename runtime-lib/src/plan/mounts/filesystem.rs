//! New filesystems.

use super::places;
use super::propagation::PropagationList;
use crate::bundle::{Filesystem, Mount, ReadOnly, Superblock, attribute, too_long};
use crate::plan::acts::{NO_OPTION, Origin, StringList, c_string};
use crate::plan::compile::Compiler;
use crate::problem::Problem;
use orlop_init::step::mounts::{self as steps, Links, Remount, Source};
use std::ffi::CStr;

impl Compiler<'_> {
    pub(super) fn filesystem(&mut self, mount: &Mount, filesystem: &Filesystem) {
        let superblock = Superblock::of(&filesystem.name);
        if superblock == Superblock::OneForAll {
            if let Some(problem) = changes_the_hosts(mount, filesystem) {
                return self.problems.push(problem);
            }
            if let Some(place) = self.host.shared_filesystems.place_of(&filesystem.name) {
                let place = c_string(&place.to_string_lossy());
                return self.bind_of_the_hosts(mount, &place);
            }
        }
        if self.shows_the_hosts(filesystem) {
            return self.bind_of_the_hosts_sysfs(mount);
        }
        let mut parameters = Vec::with_capacity(filesystem.parameters.len() + 2);
        parameters.extend(filesystem.parameters.iter().map(|parameter| parameter.text.clone()));
        let mut options = places(&filesystem.parameters);
        if let Some(context) = self.mount_context(&filesystem.name) {
            parameters.push(c_string(&context));
            options.push(NO_OPTION);
            if let Some(text) = too_long(&filesystem.source, parameters.iter().map(|parameter| &**parameter)) {
                self.problems.error(mount.path().member("options"), text);
            }
        }
        let mapping = filesystem.id_maps.as_ref().map(|maps| self.mapping(mount, maps));
        let mut attributes = mount.changes.set;
        let mut held = None;
        match filesystem.read_only {
            None | Some(ReadOnly::Mount) => {}
            Some(ReadOnly::MountInTheEnd) => {
                attributes &= !attribute::RDONLY;
                held = Some(self.hold_for_read_only(mount.index, mount.index, &mount.target));
            }
            Some(ReadOnly::Filesystem) => {
                parameters.push(c"ro".to_owned());
                options.push(NO_OPTION);
            }
        }
        let propagation = PropagationList::from(&*mount.propagation);
        let parameters: StringList = parameters.iter().map(|parameter| parameter.to_string_lossy()).collect();
        let origin = Origin::Mount {
            index: mount.index,
            options,
            attributes: Vec::new(),
        };
        let hold = self
            .hold_for_propagation(mount.index, &mount.target, &propagation)
            .or(held)
            .or(self.hold_for_changes(mount));
        let step = steps::Mount {
            kind: &c_string(&filesystem.name),
            source: &filesystem.source,
            target: &mount.target,
            parameters: parameters.as_strings(),
            attributes,
            mapping,
            hold,
            propagation: propagation.as_propagations(),
            copy_up: filesystem.copy_up,
            mode: 0o755,
        };
        self.step(&step, origin.clone());
        if let Some(flags) = filesystem.old_flags(attributes) {
            let target = &mount.target;
            self.step(&Remount { target, flags }, origin);
        }
    }

    /// Shows a filesystem of the host's as the host has mounted it: the kernel has one superblock of it, whose options
    /// a further mount would set anew.
    fn bind_of_the_hosts(&mut self, mount: &Mount, place: &CStr) {
        let propagation = PropagationList::from(&*mount.propagation);
        let step = steps::Bind {
            source: Source::Path(place),
            target: &mount.target,
            recursive: false,
            links: Links::default(),
            changes: steps::Changes::one(mount.changes.set, 0),
            mapping: None,
            hold: self.hold_for_propagation(mount.index, &mount.target, &propagation),
            propagation: propagation.as_propagations(),
        };
        self.step(&step, Origin::Element("mounts", mount.index));
    }
}

/// The attributes that a sysfs takes along when it is the host's, on each of its mounts: times of access are locked there.
const OF_THE_HOSTS: u64 = !attribute::ATIME;

impl Compiler<'_> {
    /// Shows the host's sysfs, with what is mounted in it: what lies below a mount is nobody's to see in a user
    /// namespace.
    fn bind_of_the_hosts_sysfs(&mut self, mount: &Mount) {
        let text = "the host's /sys is bound, with what is mounted there: its network is the host's, which a sysfs of a \
                    new user namespace may not show";
        let problem = Problem::warning(mount.path().member("type"), text);
        self.problems.push(problem.into_notice());
        let propagation = PropagationList::from(&*mount.propagation);
        let changes = steps::Changes {
            set_all: mount.changes.set & OF_THE_HOSTS,
            ..steps::Changes::default()
        };
        let step = steps::Bind {
            source: Source::Path(c"/sys"),
            target: &mount.target,
            recursive: true,
            links: Links::default(),
            changes,
            mapping: None,
            hold: self.hold_for_propagation(mount.index, &mount.target, &propagation),
            propagation: propagation.as_propagations(),
        };
        self.step(&step, Origin::Element("mounts", mount.index));
    }
}

/// Why a mount cannot have an option that would count for the host, too.
fn changes_the_hosts(mount: &Mount, filesystem: &Filesystem) -> Option<Problem> {
    let options = mount.path().member("options");
    let path = match filesystem.parameters.first() {
        Some(parameter) => options.index(parameter.place),
        None if filesystem.id_maps.is_some() || filesystem.old_flags(0).is_some() => mount.path(),
        None => return None,
    };
    let name = &filesystem.name;
    let text = format!("there is one {name} for the whole machine, the option would change the host's");
    Some(Problem::error(path, text))
}
