//! New filesystems.

use super::places;
use super::propagation::PropagationList;
use crate::bundle::{Filesystem, Mount, ReadOnly, attribute, too_long};
use crate::plan::acts::{NO_OPTION, Origin, StringList, c_string};
use crate::plan::compile::Compiler;
use orlop_init::step::mounts::{self as steps, Remount};

impl Compiler<'_> {
    pub(super) fn filesystem(&mut self, mount: &Mount, filesystem: &Filesystem) {
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
        };
        let step = steps::Mount {
            kind: &c_string(&filesystem.name),
            source: &filesystem.source,
            target: &mount.target,
            parameters: parameters.as_strings(),
            attributes,
            mapping,
            hold: self
                .hold_for_propagation(mount.index, &mount.target, &propagation)
                .or(held),
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
}
