//! The same calls on the runtime under test, under runc's name, and on the host's own runc: exit statuses, streams,
//! phrases, JSON members, columns, files.
//!
//! A host without runc skips these tests. Debian's is 1.1.5: where it is older than the command line that is
//! followed (runc 1.5), or faulty, the test says so and looks at less.

mod error_phrases;
mod flags_of_exec;
mod flags_of_run;
mod flags_of_update;
mod json_shapes;
mod log_files;
mod output_formats;
mod shown_help;
mod side;
mod wrong_calls;

use std::fmt::Debug;

use side::{Side, host_runc, under_runcs_name};

use crate::failure::{Failure, Verdict, same};
use crate::rooms::room::{Room, rooms};
use crate::sentence::Known;
use crate::trial::Trial;

pub(in crate::rooms) const ROOMS: &[Room] = rooms![
    wrong_calls,
    shown_help,
    output_formats,
    error_phrases,
    flags_of_run,
    flags_of_exec,
    flags_of_update,
    log_files,
];

/// Of tests of the command line's very form.
const CRUN_IS_NOT_RUNC: Known = ("crun", "", "has a command line of its own");

/// Does the same on both runtimes; what is seen has to be the same.
fn compare<T: PartialEq + Debug>(
    t: &Trial<'_>,
    what: &str,
    scenario: impl Fn(&Side<'_, '_>) -> Result<T, Failure>,
) -> Verdict {
    let (ours, theirs) = both(t, scenario)?;
    same(what, &ours, theirs)
}

/// Does the same on both runtimes: what is seen of the one under test, and of the host's runc.
fn both<T>(t: &Trial<'_>, scenario: impl Fn(&Side<'_, '_>) -> Result<T, Failure>) -> Result<(T, T), Failure> {
    let (peer, own) = (host_runc()?, under_runcs_name(t)?);
    let theirs = scenario(&Side::new(t, peer, "runc")).map_err(|failure| match failure {
        Failure::Wrong(text) => Failure::Wrong(format!("harness: the host's runc: {text}")),
        skip => skip,
    })?;
    let ours = scenario(&Side::new(t, own, "own"))?;
    Ok((ours, theirs))
}
