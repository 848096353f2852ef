//! Everything that is wrong or doubtful in a bundle.

use crate::bundle;
use crate::{Arguments, Error, Host, Id, Plan, Problem, Problems};
use std::path::Path;

/// Collects everything that is wrong or doubtful in the bundle in the folder `dir`, without running it: the faults of
/// its config (of one that cannot be parsed, the first), what this host cannot do of it, and whether its rootfs is
/// there.
///
/// # Errors
/// The config cannot be read, or the host cannot be looked at.
pub fn check(dir: impl AsRef<Path>) -> Result<Problems, Error> {
    let (bundle, mut problems) = bundle::check(dir)?;
    if let Some(bundle) = bundle {
        let id = Id::new("ID")?;
        let (_, more) = Plan::compile(&bundle, &Host::look(&bundle)?, &Arguments::new(id));
        problems.append(more);
        if let Err(failure) = crate::launch::check_rootfs(bundle.rootfs()) {
            let path = failure.path.clone().unwrap_or_default();
            problems.push(Problem::error(path, failure.without_path()));
        }
    }
    Ok(problems)
}
