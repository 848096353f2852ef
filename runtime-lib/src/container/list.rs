//! `list`.

use super::{Runtime, not_whole};
use crate::store::Store;
use crate::users::Users;
use crate::{Error, Id, State};

/// What [`Runtime::containers`] gives.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Containers {
    /// The containers' states, sorted by id, with the name of whoever created each as owner, or `#uid` for one without
    /// a name.
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
        let mut users = None;
        for id in Store::new(self.root()).ids()? {
            match self.listed(&id, &mut users) {
                Ok(Some(state)) => containers.states.push(state),
                // One that vanishes meanwhile is not there.
                Ok(None) | Err(Error::NotFound(_)) => {}
                Err(error) => containers.faults.push(error),
            }
        }
        Ok(containers)
    }

    /// The ids of all containers below the root, sorted. A root that does not exist has none.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn ids(&self) -> Result<Vec<Id>, Error> {
        Store::new(self.root()).ids()
    }

    fn listed(&self, id: &Id, users: &mut Option<Users>) -> Result<Option<State>, Error> {
        let container = self.new_container(id);
        let entry = container.entry()?;
        if entry.read_state()?.is_none() {
            // Somebody may have taken the id just now.
            return if entry.is_unlocked() {
                Err(not_whole(id))
            } else {
                Ok(None)
            };
        }
        let mut state = container.state()?;
        state.owner = users.get_or_insert_with(Users::read).name(entry.owner());
        Ok(Some(state))
    }
}
