//! `list`.

use super::{Container, Runtime, State};
use crate::Error;
use crate::store::Store;

impl Runtime {
    /// The states of all containers below the root, sorted by id, with the uid of whoever created each (`#0`) as owner. A root that does not exist has none.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn containers(&self) -> Result<Vec<State>, Error> {
        let mut states = Vec::new();
        for id in Store::new(self.root()).ids()? {
            let container = Container::new(self.root(), &id);
            let owner = container.entry().map(|entry| entry.owner());
            // One that vanishes meanwhile, or is not whole, is not there.
            if let (Ok(mut state), Ok(owner)) = (container.state(), owner) {
                state.owner = format!("#{owner}");
                states.push(state);
            }
        }
        Ok(states)
    }
}
