//! What is done when the container is created: it is let start, and in the end it is taken away.

use super::Told;
use crate::plan::leftover::Leftover;

/// What start and delete do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Later {
    /// Tell init to start the process.
    LetStart,
    /// Kill init, if it lives.
    EndInit,
    /// Undo what a deed has left.
    Undo(Leftover),
    /// Remove the folder with the container's state.
    RemoveState,
}

impl Told for Later {
    fn lines(&self) -> Vec<String> {
        let line = match self {
            Self::LetStart => "connect to init's socket, and let it start the process",
            Self::EndInit => "kill init, if it waits for start or the container is deleted by force",
            Self::Undo(leftover) => return leftover.undoing(),
            Self::RemoveState => "remove the state",
        };
        vec![line.to_owned()]
    }
}
