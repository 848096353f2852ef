//! Security modules' labels: of the process, for its execve, and of what is mounted.

use crate::Init;
use crate::failure::Outcome;
use crate::step::Act;
use crate::step::labels::{KeyLabel, Label, OpenLabel, SecurityModule};
use crate::step::mounts::LabelMount;
use crate::sys::{self, Errno, Fd};

impl Act<Init> for OpenLabel {
    /// Opens the file that takes the label for the next execve, while the host's procfs is at hand. It is init's
    /// alone: the kernel takes the label from nobody but the process that it is for, and the opener's memory.
    fn act(&self, init: &mut Init) -> Outcome {
        let file = match self.module {
            // Before Linux 5.8 the modules shared one file.
            SecurityModule::AppArmor => match init.open_proc_file(c"self/attr/apparmor/exec", 0) {
                Err(failure) if failure.is(Errno::NOENT) => init.open_proc_file(c"self/attr/exec", 0)?,
                result => result?,
            },
            SecurityModule::SeLinux => init.open_proc_file(c"self/attr/exec", 0)?,
        };
        *init.label_file(self.module) = file;
        Ok(())
    }
}

impl Act<Init> for Label<'_> {
    /// Writes the label. Any execve takes it up from now on, those of hooks of `start` among them.
    fn act(&self, init: &mut Init) -> Outcome {
        let file = *init.label_file(self.module);
        // All in one write, or the module takes a part for the whole.
        let mut buffer = crate::path::Buffer::new();
        if self.module == SecurityModule::AppArmor {
            buffer.push(b"exec ")?;
        }
        buffer.push(self.text.to_bytes())?;
        let bytes = buffer.as_c_str().to_bytes();
        let written = sys::write(file, bytes)?;
        sys::close(file);
        if written == bytes.len() {
            Ok(())
        } else {
            Err(Errno::INVAL.into())
        }
    }
}

impl Act<Init> for KeyLabel<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        init.write_proc(c"self/attr/keycreate", 0, self.label.to_bytes())
    }
}

impl Act<Init> for LabelMount<'_> {
    fn act(&self, init: &mut Init) -> Outcome {
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;
        let place = sys::open_resolved(init.root, self.target, sys::O_RDONLY | sys::O_DIRECTORY, resolve)?;
        sys::set_extended_attribute(place, c"security.selinux", self.label.to_bytes())?;
        sys::close(place);
        Ok(())
    }
}

impl Init {
    fn label_file(&mut self, module: SecurityModule) -> &mut Fd {
        match module {
            SecurityModule::AppArmor => &mut self.apparmor,
            SecurityModule::SeLinux => &mut self.selinux,
        }
    }
}
