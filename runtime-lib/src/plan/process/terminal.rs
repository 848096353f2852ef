//! `process.terminal`: a terminal of its own.

use super::Rooms;
use crate::plan::acts::Origin;
use crate::plan::compile::Compiler;
use orlop_init::step::terminal::Console;

impl Compiler<'_> {
    /// Has a terminal made, if the process gets one.
    pub(crate) fn console(&mut self) {
        if let Some(process) = self.config.process.as_ref().filter(|process| process.terminal) {
            self.rooms(process).terminal();
            self.owes_terminal = true;
        }
    }
}

impl Rooms<'_> {
    /// Pushes that a terminal is made. It goes to the runtime with the next turn.
    pub(crate) fn terminal(&mut self) {
        let size = self.process.console_size;
        let number = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        let step = Console {
            rows: number(size.and_then(|size| size.height)),
            columns: number(size.and_then(|size| size.width)),
            uid: self.process.user.uid,
            is_further: self.around.is_further,
        };
        self.acts.step(&step, Origin::Member("process.terminal"));
    }
}
