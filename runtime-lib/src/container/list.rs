//! `list`.

use super::{Container, Runtime, State};
use crate::Error;
use crate::store::Store;

/// What [`Runtime::containers`] gives.
#[derive(Debug, Default)]
pub struct Containers {
    /// The containers' states, sorted by id, with the uid of whoever created each (`#0`) as owner.
    pub states: Vec<State>,
    /// Why others cannot be told of.
    pub faults: Vec<Error>,
}

impl Runtime {
    /// All containers below the root. A root that does not exist has none.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn containers(&self) -> Result<Containers, Error> {
        let mut containers = Containers::default();
        for id in Store::new(self.root()).ids()? {
            match self.listed(&id) {
                Ok(Some(state)) => containers.states.push(state),
                // One that vanishes meanwhile is not there.
                Ok(None) | Err(Error::NotFound(_)) => {}
                Err(error) => containers.faults.push(error),
            }
        }
        Ok(containers)
    }

    fn listed(&self, id: &str) -> Result<Option<State>, Error> {
        let container = Container::new(self.root(), id);
        let entry = container.entry()?;
        if entry.read()?.is_none() {
            // Somebody may have taken the id just now.
            return if entry.is_unlocked() {
                Err(super::start::not_whole(id))
            } else {
                Ok(None)
            };
        }
        let mut state = container.state()?;
        state.owner = format!("#{}", entry.owner());
        Ok(Some(state))
    }
}
