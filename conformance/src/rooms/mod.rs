//! The tests: a folder per part of the runtime, a room in it per concern.

mod cgroups;
mod command_line;
mod configs;
mod deviations;
mod devices;
mod exec;
mod hooks;
mod hostile;
mod killed;
mod lifecycle;
mod mounts;
mod namespaces;
mod opened_files;
mod plan;
mod process;
mod racing_links;
mod room;
mod seccomp;
mod systems;
mod users;

pub(crate) use cgroups::delegation::v2_is_alone;
pub(crate) use cgroups::units::{systemd_is_here, unit};
use room::{Room, rooms};

use crate::sentence::Test;

/// The rooms of every folder. A room whose tests are in no list does not compile without a warning.
const FOLDERS: &[&[Room]] = &[
    lifecycle::ROOMS,
    command_line::ROOMS,
    command_line::COMPARED,
    process::ROOMS,
    exec::ROOMS,
    namespaces::ROOMS,
    users::ROOMS,
    mounts::ROOMS,
    devices::ROOMS,
    hooks::ROOMS,
    seccomp::ROOMS,
    cgroups::ROOMS,
    systems::ROOMS,
    configs::ROOMS,
    plan::ROOMS,
    rooms![hostile, racing_links, opened_files],
];

/// A test and the room it is in.
pub(crate) type Placed = (&'static str, &'static Test);

/// Every test, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = Placed> {
    FOLDERS
        .iter()
        .copied()
        .flatten()
        .flat_map(|room| room.tests.iter().map(move |test| (room.name, test)))
}

/// The tests with one of these words in their `room: name`, blanks and `_` being the same; all, if there are no words.
///
/// # Errors
/// A sentence, where no test is found: a run of none proves nothing.
pub(crate) fn selected(filters: &[String]) -> Result<Vec<Placed>, String> {
    let filters: Vec<String> = filters.iter().map(|filter| filter.replace('_', " ")).collect();
    let wanted = |(room, test): &Placed| {
        let text = format!("{room}: {}", test.name).replace('_', " ");
        filters.is_empty() || filters.iter().any(|filter| text.contains(filter.as_str()))
    };
    let tests: Vec<Placed> = all().filter(wanted).collect();
    if tests.is_empty() {
        return Err(format!("--filter: none of {} tests has {filters:?}", all().count()));
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn filtered(words: &[&str]) -> Result<BTreeSet<String>, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let tests = selected(&words)?;
        Ok(tests
            .iter()
            .map(|(room, test)| format!("{room}: {}", test.name))
            .collect())
    }

    #[test]
    fn filter_that_finds_no_test_is_an_error() {
        let text = filtered(&["nosuch"]).unwrap_err();
        assert!(text.contains("nosuch"), "{text}");
    }

    #[test]
    fn filters_are_alternatives() {
        let both = filtered(&["masks: ", "sysctl: ", "nosuch"]).unwrap();
        let (masks, sysctl) = (filtered(&["masks: "]).unwrap(), filtered(&["sysctl: "]).unwrap());
        assert_eq!(both, masks.union(&sysctl).cloned().collect());
    }

    #[test]
    fn names_are_found_as_they_are_shown_and_as_they_are_written() {
        let shown = filtered(&["rootless rules: "]).unwrap();
        assert_eq!(shown, filtered(&["rootless_rules: "]).unwrap());
    }

    #[test]
    fn no_room_and_no_test_in_it_has_the_name_of_another() {
        let rooms: Vec<&str> = FOLDERS.iter().copied().flatten().map(|room| room.name).collect();
        assert_eq!(rooms.iter().collect::<BTreeSet<_>>().len(), rooms.len());
        assert_eq!(filtered(&[]).unwrap().len(), all().count());
    }
}
