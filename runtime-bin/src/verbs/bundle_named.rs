//! The bundle that an argument names, or `--bundle`.

use super::create::Named;
use crate::call::Call;
use crate::command::Verb;
use crate::matches::{Given, folder_of};
use crate::refusal::Refusal;
use crate::shared_flags::{Bundle, ConfigFile};

/// The bundle: its folder is that of the argument, of `--bundle`, or the current one.
pub(super) fn bundle_named<V: Verb>(call: &Call<'_>, flags: &Given<'_, V>) -> Result<Named, Refusal> {
    let config = flags.path(ConfigFile);
    let Some(named) = call.arguments.first() else {
        let folder = flags.bundle();
        return Ok(Named { folder, config });
    };
    if let Some(other) = flags.path(Bundle) {
        return Err(format!("two bundles are named, {named:?} and --bundle {other:?}; it takes one").into());
    }
    let folder = folder_of(named.into());
    if folder.is_file() {
        return Err(format!("{folder:?} is a file, and a bundle is a folder with a file named config.json").into());
    }
    Ok(Named { folder, config })
}
