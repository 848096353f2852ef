//! Who owns the container's stdio.

use super::Told;

/// Give stdio to the process's user, where that is one of another user namespace: init, which is in there, may not
/// change the owner of what belongs to a user whom the namespace does not know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GiveStdio {
    /// The user in the container.
    pub(crate) uid: u32,
    /// Who that is on the host; without it the maps of init's namespace say so, which is joined.
    pub(crate) on_host: Option<u32>,
}

impl Told for GiveStdio {
    fn lines(&self) -> Vec<String> {
        let host = self.on_host.map(|host| format!(" (here {host})"));
        vec![format!("give stdio to user {}{}", self.uid, host.unwrap_or_default())]
    }
}
