//! One place at which one fault is injected.

use std::collections::HashMap;

use super::fault::Fault;

/// A system call of a process of the traced tree: the processes are counted in the order in which they begin, the
/// runtime itself being 0, and the calls of each from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) process: usize,
    pub(super) call: usize,
}

/// A fault at a place of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The scenario's name.
    pub(super) scenario: &'static str,
    pub(super) place: Place,
    pub(super) fault: Fault,
}

impl std::fmt::Display for Point {
    /// As `--only` takes it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { process, call } = self.place;
        write!(formatter, "{}:{process}:{call}:{}", self.scenario, self.fault.name())
    }
}

/// The places of a scenario whose processes make so many calls.
pub(super) fn places(calls: &[usize]) -> impl Iterator<Item = Place> {
    calls
        .iter()
        .enumerate()
        .flat_map(|(process, calls)| (1..=*calls).map(move |call| Place { process, call }))
}

/// Each `every`th of the points, another fifth of the places for each of the faults.
pub(super) fn thinned(points: Vec<Point>, faults: usize, every: usize) -> Vec<Point> {
    let is_chosen = |number: usize| {
        let (place, fault) = (number / faults, number % faults);
        (place + fault * every / faults).is_multiple_of(every)
    };
    let numbered = points.into_iter().enumerate();
    numbered
        .filter(|(number, _)| is_chosen(*number))
        .map(|(_, point)| point)
        .collect()
}

/// The same points in an order in which all scenarios come to their end together.
pub(super) fn spread(points: Vec<Point>) -> Vec<Point> {
    let of = |scenario| points.iter().filter(|point| point.scenario == scenario).count();
    let mut before: HashMap<&str, usize> = HashMap::new();
    let part = |point: Point| {
        let number = before.entry(point.scenario).or_default();
        *number += 1;
        // Of a million, since a ratio has no order.
        (*number * 1_000_000 / of(point.scenario), point)
    };
    let mut parts: Vec<(usize, Point)> = points.iter().copied().map(part).collect();
    parts.sort_by_key(|(part, _)| *part);
    parts.into_iter().map(|(_, point)| point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fault::ALL;
    use super::*;

    fn all(calls: &[usize]) -> Vec<Point> {
        let at = |place| {
            ALL.map(|(_, fault)| Point {
                scenario: "create",
                place,
                fault,
            })
        };
        places(calls).flat_map(at).collect()
    }

    #[test]
    fn every_call_of_every_process_is_a_place() {
        let seen: Vec<(usize, usize)> = places(&[2, 0, 1]).map(|place| (place.process, place.call)).collect();
        assert_eq!(seen, [(0, 1), (0, 2), (2, 1)]);
    }

    #[test]
    fn scenarios_come_to_their_end_together() {
        let with = |scenario, count: usize| all(&[count]).into_iter().map(move |point| Point { scenario, ..point });
        let order = spread(with("create", 8).chain(with("start", 2)).collect());
        let first: Vec<&str> = order.iter().take(10).map(|point| point.scenario).collect();
        assert_eq!(order.len(), 50);
        assert_eq!(
            first.iter().filter(|scenario| **scenario == "start").count(),
            2,
            "{first:?}"
        );
    }

    #[test]
    fn a_twentieth_has_all_faults_and_is_a_twentieth() {
        let chosen = thinned(all(&[600, 400]), 5, 20);
        assert_eq!(chosen.len(), 5 * 1000 / 20);
        for (name, fault) in ALL {
            let of_it = chosen.iter().filter(|point| point.fault == fault).count();
            assert_eq!(of_it, 50, "{name}");
        }
        let places: std::collections::BTreeSet<_> = chosen
            .iter()
            .map(|point| (point.place.process, point.place.call))
            .collect();
        assert_eq!(places.len(), chosen.len(), "each fault has places of its own");
    }

    #[test]
    fn every_first_is_every_one() {
        let all = all(&[3, 4]);
        assert_eq!(thinned(all.clone(), 5, 1), all);
    }
}
