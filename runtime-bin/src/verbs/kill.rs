//! `kill`.

use crate::call::{Call, Outcome};
use crate::signal;

pub(super) fn run(call: &Call<'_>) -> Outcome {
    let name = call
        .matches
        .arguments
        .get(1)
        .map_or("TERM".into(), |name| name.to_string_lossy());
    let Some(number) = signal::number(&name) else {
        return Err(format!("unknown signal {name:?}").into());
    };
    call.container()?.kill(number, call.matches.is_on("all"))?;
    Ok(0)
}
