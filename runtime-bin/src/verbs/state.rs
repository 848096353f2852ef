//! `state`.

use crate::call::{Call, Outcome, print};

pub(super) fn run(call: &Call<'_>) -> Outcome {
    let state = call.container()?.state()?;
    print(&serde_json::to_string_pretty(&state).map_err(|error| error.to_string())?)?;
    Ok(0)
}
