//! `--regex`: a verb for every container whose id matches.

use crate::call::Call;
use crate::refusal::{Outcome, Refusal};
use orlop::{Error, Id, Runtime};
use regex_lite::Regex;

/// Does it to each container whose id has a match of the first argument in it. One that it cannot be done to is told
/// of, and the others follow, as crun does it.
pub(super) fn each(
    call: &mut Call<'_>,
    mut act: impl FnMut(&mut Call<'_>, &Runtime, &Id) -> Result<(), Error>,
) -> Outcome {
    let regex = regex(call)?;
    let runtime = call.runtime()?;
    for id in runtime.ids()?.iter().filter(|id| regex.is_match(id.as_str())) {
        match act(call, &runtime, id) {
            // It went by itself meanwhile.
            Ok(()) | Err(Error::NotFound(_)) => {}
            Err(error) => call.warn(&format!("{id}: {error}")),
        }
    }
    Ok(0)
}

fn regex(call: &Call<'_>) -> Result<Regex, Refusal> {
    let text = call
        .arguments
        .first()
        .map(|text| text.to_string_lossy())
        .unwrap_or_default();
    if text.is_empty() {
        return Err("--regex: an empty expression is in every id; for every container write \".\"".into());
    }
    Regex::new(&text).map_err(|fault| format!("--regex: {text:?} is no regular expression: {fault}").into())
}
