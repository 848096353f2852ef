//! The one list that a plan is: acts of two hands, in the order in which they are done.

mod act;
mod origin;
mod strings;

pub(crate) use act::{Act, Phase, Place, What};
pub(crate) use origin::{NO_OPTION, Origin};
pub(crate) use strings::{StringList, c_string};

use super::deeds::Deed;
use super::leftover::Leftover;
use super::resources::Knob;
use orlop_init::step::turns::Turn;
use orlop_init::step::{Numbered, Step};
use orlop_init::wire::{Header, Reader, Sink, Wire};

/// The acts of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acts {
    /// What the runtime does before there is an init.
    before: Vec<Entry>,
    /// What it does beside init: no step waits for it.
    beside: Vec<Entry>,
    /// The steps of init, and what the runtime does at turns and after the start.
    list: Vec<Entry>,
    /// The steps as init reads them.
    steps: Bytes,
    deeds: Vec<Deed>,
    phase: Phase,
    turns: u32,
    /// Where in the list, and in its bytes, the steps of `start` begin.
    start: Option<Start>,
}

#[derive(Clone, Debug)]
struct Entry {
    phase: Phase,
    origin: Origin,
    if_allowed: bool,
    /// A deed, by its place and its number; a step of init where there is none.
    deed: Option<(Place, usize)>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    steps_before: usize,
    bytes_before: usize,
}

#[derive(Clone, Debug, Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Acts {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            steps: Bytes(Vec::with_capacity(bytes)),
            before: Vec::with_capacity(16),
            list: Vec::with_capacity(96),
            deeds: Vec::with_capacity(32),
            ..Self::default()
        }
    }

    /// Adds a step of init.
    pub(crate) fn step<'w, S: Numbered + Wire<'w>>(&mut self, step: &S, origin: Origin) {
        let (room, number) = S::NUMBER;
        self.steps.put(&[room, number]);
        step.put(&mut self.steps);
        self.list.push(Entry {
            phase: self.phase,
            origin,
            if_allowed: false,
            deed: None,
        });
    }

    /// Adds a deed of the runtime.
    pub(crate) fn deed(&mut self, place: Place, deed: impl Into<Deed>, origin: Origin) {
        self.add_deed(place, deed.into(), origin, false);
    }

    /// Adds a deed that nobody asked for outright: where the caller may not do it, it is left out.
    pub(crate) fn deed_if_allowed(&mut self, place: Place, deed: impl Into<Deed>, origin: Origin) {
        self.add_deed(place, deed.into(), origin, true);
    }

    fn add_deed(&mut self, place: Place, deed: Deed, origin: Origin, if_allowed: bool) {
        let entry = Entry {
            phase: self.phase,
            origin,
            if_allowed,
            deed: Some((place, self.deeds.len())),
        };
        self.deeds.push(deed);
        match place {
            Place::Before => self.before.push(entry),
            Place::Beside => self.beside.push(entry),
            Place::Turn(_) | Place::Alone => self.list.push(entry),
        }
    }

    /// The number of the next turn.
    pub(crate) fn next_turn(&mut self) -> u32 {
        self.turns += 1;
        self.turns - 1
    }

    /// Adds a step at which init waits while it is the runtime's turn. Gives the place of the deeds of that turn.
    pub(crate) fn turn(&mut self, origin: Origin) -> Place {
        let number = self.next_turn();
        self.step(&Turn { number }, origin);
        Place::Turn(number)
    }

    /// How many turns there are.
    pub(crate) fn turns(&self) -> u32 {
        self.turns
    }

    /// What follows belongs to this phase.
    pub(crate) fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        if phase == Phase::Start && self.start.is_none() {
            self.start = Some(Start {
                steps_before: self.list.iter().filter(|entry| entry.deed.is_none()).count(),
                bytes_before: self.steps.0.len(),
            });
        }
    }

    /// The steps as init reads them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.steps.0
    }

    /// The bytes that stand before the steps.
    pub(crate) fn head(&self, header: &Header<'_>, slots: &[i32]) -> Vec<u8> {
        let mut head = Bytes(Vec::with_capacity(64 + header.filter.len() + 4 * slots.len()));
        header.put(&mut head, slots.iter().copied());
        head.0
    }

    /// The steps of `start`: the number of the first, their bytes, and who asked for each.
    pub(crate) fn of_start(&self) -> (usize, &[u8], impl Iterator<Item = &Origin>) {
        let (first, bytes) = match self.start {
            Some(start) => (start.steps_before, self.steps.0.get(start.bytes_before..)),
            None => (usize::MAX, None),
        };
        let steps = self.list.iter().filter(|entry| entry.deed.is_none()).skip(first);
        (first, bytes.unwrap_or_default(), steps.map(|entry| &entry.origin))
    }

    /// The step of this number, as init counts them, and who asked for it.
    pub(crate) fn find_step(&self, number: usize) -> Option<(Step<'_>, &Origin)> {
        let mut reader = Reader::new(&self.steps.0);
        for _ in 0..number {
            Step::take(&mut reader).ok()?;
        }
        let entry = self.list.iter().filter(|entry| entry.deed.is_none()).nth(number)?;
        Some((Step::take(&mut reader).ok()?, &entry.origin))
    }

    /// All acts in the order in which they are done.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Act<'_>> {
        let mut reader = Reader::new(&self.steps.0);
        let entries = self.before.iter().chain(&self.beside).chain(&self.list);
        entries.map_while(move |entry| {
            let (place, what) = match entry.deed {
                Some((place, number)) => (Some(place), What::Deed(self.deeds.get(number)?)),
                None => (None, What::Step(Step::take(&mut reader).ok()?)),
            };
            Some(Act {
                phase: entry.phase,
                place,
                if_allowed: entry.if_allowed,
                origin: &entry.origin,
                what,
            })
        })
    }

    /// The slot of the file with what the filter's agent is told, if there is an agent.
    pub(crate) fn agent_state(&self) -> Option<u32> {
        self.deeds.iter().find_map(|deed| match deed {
            Deed::TellAgent(tell) => Some(tell.state.0),
            _ => None,
        })
    }

    /// What is written to the cgroup's files.
    pub(crate) fn knobs(&self) -> &[Knob] {
        let mut found = self.deeds.iter().filter_map(|deed| match deed {
            Deed::WriteKnobs(write) => Some(&*write.knobs),
            _ => None,
        });
        found.next().unwrap_or_default()
    }

    /// Whether init goes on as another process at this turn.
    pub(crate) fn follows_at(&self, turn: u32) -> bool {
        self.deeds_at(Place::Turn(turn))
            .any(|(deed, _)| matches!(deed, Deed::FollowInit(_)))
    }

    /// What the deeds leave, in their order.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = Leftover> {
        self.deeds.iter().filter_map(|deed| deed.told().leaves())
    }

    /// The deeds of a creation, or an exec, that have this place, and who asked for each.
    pub(crate) fn deeds_at(&self, place: Place) -> impl Iterator<Item = (&Deed, &Origin)> {
        let entries = match place {
            Place::Before => &self.before,
            Place::Beside => &self.beside,
            Place::Turn(_) | Place::Alone => &self.list,
        };
        let here = entries.iter().filter(move |entry| entry.phase.is_of_making());
        here.filter_map(move |entry| match entry.deed {
            Some((of, number)) if of == place => Some((self.deeds.get(number)?, &entry.origin)),
            _ => None,
        })
    }
}
