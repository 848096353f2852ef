//! A created container that does not outlive the caller's interest in it.

use super::{Container, Created, Runtime};
use crate::process::try_wait;
use rustix::fd::{AsFd, OwnedFd};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

impl Created {
    /// Has the container deleted when the guard is dropped: by an early return, or a panic that unwinds. To keep it
    /// there is [`Guard::keep`].
    ///
    /// ```no_run
    /// # use orlop::{Bundle, Error, Id, Io, Runtime};
    /// # fn example(runtime: &Runtime, id: &Id, bundle: &Bundle) -> Result<(), Error> {
    /// let guard = runtime.run(id, bundle, Io::default())?.guard();
    /// guard.init.wait()?;
    /// # Ok(()) // Here it is deleted, whatever became of it.
    /// # }
    /// ```
    pub fn guard(self) -> Guard {
        Guard {
            deletion: Deletion {
                container: self.container.clone(),
                init: self.init.pidfd.clone(),
                is_due: true,
            },
            created: self,
        }
    }
}

/// A container that is deleted when this is dropped ([`Created::guard`]): killed, if it lives, its init reaped, and
/// removed as [`Runtime::delete_by_force`] does it.
///
/// Dropping it **blocks** for as long as that takes. What goes wrong then cannot be told: whoever wants to know calls
/// [`Guard::keep`] and deletes the container.
#[derive(Debug)]
pub struct Guard {
    // Dropped first: init is to be reaped while its pidfd is there.
    deletion: Deletion,
    created: Created,
}

impl Guard {
    /// The container is kept from now on.
    #[must_use]
    pub fn keep(self) -> Created {
        let Self { mut deletion, created } = self;
        deletion.is_due = false;
        created
    }
}

impl Deref for Guard {
    type Target = Created;

    fn deref(&self) -> &Created {
        &self.created
    }
}

impl DerefMut for Guard {
    fn deref_mut(&mut self) -> &mut Created {
        &mut self.created
    }
}

#[derive(Debug)]
struct Deletion {
    container: Container,
    init: Arc<OwnedFd>,
    is_due: bool,
}

impl Drop for Deletion {
    fn drop(&mut self) {
        if self.is_due {
            let Container { root, id, trace } = &self.container;
            let _ = Runtime::new(root).traced(trace.clone()).delete_by_force(id);
            // The caller may have done so.
            let _ = try_wait(self.init.as_fd());
        }
    }
}
