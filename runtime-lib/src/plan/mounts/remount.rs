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
        let context = remount.filesystem.as_deref().and_then(|kind| self.mount_context(kind));
        if let Some(context) = context {
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
        };
        self.step(&step, origin);
    }
}
