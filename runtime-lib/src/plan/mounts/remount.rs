//! Changes of what an earlier mount put there.

use super::places;
use super::propagation::PropagationList;
use crate::bundle::{Mount, Remount};
use crate::plan::acts::{NO_OPTION, Origin, StringList, c_string};
use crate::plan::compile::Compiler;
use orlop_init::step::mounts::{ChangeMount, LONGEST_PARAMETER, is_too_long};

impl Compiler<'_> {
    pub(super) fn remount(&mut self, mount: &Mount, remount: &Remount) {
        let texts = remount
            .parameters
            .iter()
            .map(|parameter| parameter.text.to_string_lossy());
        let mut parameters: StringList = texts.collect();
        let mut options = places(&remount.parameters);
        let made = self.changed_by_parameters(mount);
        if let (None, Some(parameter)) = (made, remount.parameters.first()) {
            let text = "the filesystem may be the host's, too, which the option would change: only one that this container mounts anew (tmpfs, overlay, proc, devpts and the like) can be changed";
            let path = mount.path().member("options").index(parameter.place);
            self.problems.error(path, text);
        }
        let kind = remount.filesystem.as_deref().filter(|_| made.is_some());
        if let Some(context) = kind.and_then(|kind| self.mount_context(kind)) {
            if is_too_long(&c_string(&context)) {
                let text = format!("a remount takes at most {LONGEST_PARAMETER} bytes in an option");
                self.problems.error("linux.mountLabel", text);
            }
            parameters.push(&context);
            options.push(NO_OPTION);
        }
        let (changes, held) = self.read_only_by_remount(mount);
        let propagation = PropagationList::from(&*mount.propagation);
        let step = ChangeMount {
            target: &mount.target,
            made,
            parameters: parameters.as_strings(),
            changes: super::changes(mount, changes),
            hold: self
                .hold_for_propagation(mount.index, &mount.target, &propagation)
                .or(held),
            propagation: propagation.as_propagations(),
        };
        let origin = Origin::Mount {
            index: mount.index,
            options,
            attributes: self.options_of_attributes(mount),
        };
        self.step(&step, origin);
    }
}
