//! The signal by which a system is told to shut down.

use super::bundle::system;
use super::{shuts_down, up};
use crate::failure::Verdict;
use crate::sentence::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(system_shuts_down_by_the_number_of_a_real_time_signal),
    test!(
        system_shuts_down_by_the_name_of_a_real_time_signal,
        ("runc", "1.1", "has no names of them")
    ),
    test!(
        name_of_a_real_time_signal_is_taken_in_its_short_form,
        ("runc", "1.1", "has no names of them")
    ),
];

/// As engines do it.
fn system_shuts_down_by_the_number_of_a_real_time_signal(t: &Trial<'_>) -> Verdict {
    ends_by(t, "37")
}

/// As images name it (`STOPSIGNAL`).
fn system_shuts_down_by_the_name_of_a_real_time_signal(t: &Trial<'_>) -> Verdict {
    ends_by(t, "SIGRTMIN+3")
}

fn name_of_a_real_time_signal_is_taken_in_its_short_form(t: &Trial<'_>) -> Verdict {
    ends_by(t, "RTMIN+3")
}

fn ends_by(t: &Trial<'_>, signal: &str) -> Verdict {
    let created = t.launch(&system(t.bundle()?)?)?;
    let pid = up(t, &created.id)?;
    shuts_down(t, &created, pid, signal)
}
