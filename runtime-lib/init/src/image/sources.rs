//! Sources of bind mounts, opened while init is who it was started as.

use crate::Init;
use crate::failure::Outcome;
use crate::sys::{self, Fd};
use crate::wire::Strings;

impl Init<'_> {
    #[inline(never)]
    pub(crate) fn open_sources(&mut self, paths: Strings<'_>) -> Outcome {
        let sources = sys::room_for(paths.len())?;
        for (place, path) in sources.iter_mut().zip(paths.iter()) {
            let opened = sys::open(Fd::CWD, path, sys::O_PATH, 0);
            *place = opened
                .ok()
                .and_then(|file| usize::try_from(file.0).ok())
                .unwrap_or(usize::MAX);
        }
        self.sources = sources;
        Ok(())
    }

    pub(crate) fn source(&self, index: u32) -> Option<Fd> {
        let number = self.sources.get(index as usize)?;
        i32::try_from(*number).ok().map(Fd)
    }
}
