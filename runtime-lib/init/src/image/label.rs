//! Security modules' labels: of the process, for its execve, and of what is mounted.

use crate::Init;
use crate::failure::Outcome;
use crate::sys::{self, Errno, Fd};
use crate::wire::SecurityModule;
use core::ffi::CStr;

impl Init<'_> {
    /// Opens the file that takes the label for the next execve, while the host's procfs is at hand. It is ours alone: the kernel takes the
    /// label from nobody but the process that it is for, and the opener's memory.
    pub(crate) fn open_label(&mut self, module: SecurityModule) -> Outcome {
        let file = match module {
            // Before Linux 5.8 the modules shared one file.
            SecurityModule::AppArmor => match self.open_proc_file(c"self/attr/apparmor/exec", 0) {
                Err(failure) if failure.is(Errno::NOENT) => self.open_proc_file(c"self/attr/exec", 0)?,
                result => result?,
            },
            SecurityModule::SeLinux => self.open_proc_file(c"self/attr/exec", 0)?,
        };
        *self.label_file(module) = file;
        Ok(())
    }

    /// Writes the label. Any execve takes it up from now on, those of hooks of `start` among them.
    pub(crate) fn label(&mut self, module: SecurityModule, text: &CStr) -> Outcome {
        let file = *self.label_file(module);
        // All in one write, or the module takes a part for the whole.
        let mut buffer = crate::path::Buffer::new();
        if module == SecurityModule::AppArmor {
            buffer.push(b"exec ")?;
        }
        buffer.push(text.to_bytes())?;
        let bytes = buffer.as_c_str().to_bytes();
        let written = sys::write(file, bytes)?;
        sys::close(file);
        if written == bytes.len() {
            Ok(())
        } else {
            Err(Errno::INVAL.into())
        }
    }

    /// Labels the keys that are made until the execve.
    pub(crate) fn label_keys(&mut self, label: &CStr) -> Outcome {
        self.write_proc(c"self/attr/keycreate", 0, label.to_bytes())
    }

    /// Labels what is mounted at `target`.
    pub(crate) fn label_mount(&self, target: &CStr, label: &CStr) -> Outcome {
        let resolve = sys::RESOLVE_IN_ROOT | sys::RESOLVE_NO_MAGICLINKS;
        let place = sys::open_resolved(self.root, target, sys::O_RDONLY | sys::O_DIRECTORY, resolve)?;
        sys::set_extended_attribute(place, c"security.selinux", label.to_bytes())?;
        sys::close(place);
        Ok(())
    }

    fn label_file(&mut self, module: SecurityModule) -> &mut Fd {
        match module {
            SecurityModule::AppArmor => &mut self.apparmor,
            SecurityModule::SeLinux => &mut self.selinux,
        }
    }
}
