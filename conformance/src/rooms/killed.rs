//! Runtimes that are killed while they work.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::call::Call;
use crate::failure::{Failure, Verdict};

/// Calls the runtime in so many turns. The first call comes to its end; each other one is killed after another part of the
/// time that the first took. `look` looks at what is left, and is told after which part.
pub(super) fn killed_at_each_part<'t>(
    turns: u32,
    mut call: impl FnMut() -> Result<Call<'t>, Failure>,
    mut look: impl FnMut(&str) -> Verdict,
) -> Verdict {
    let mut whole = Duration::ZERO;
    for turn in 0..turns {
        let call = call()?;
        let begin = Instant::now();
        let running = call.spawn()?;
        if turn == 0 {
            let _ = running.wait()?;
            whole = begin.elapsed();
        } else {
            std::thread::sleep(whole * turn / turns);
            running.signal(Signal::KILL)?;
            running.wait()?;
        }
        look(&format!("after {turn}/{turns}"))?;
    }
    Ok(())
}
