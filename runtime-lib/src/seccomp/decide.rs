//! Rules with conditions on the arguments of one call: the first whose conditions all hold decides.
//!
//! What several rules compare is compared once. A rule's equality is taken apart into the halves of the argument, since
//! a filter loads 32 bits at a time: so the upper halves, which are mostly zero, are shared as well.

use super::arguments::{Halves, by_upper_half, compare, load, lower_half, offset, upper_half};
use super::assemble::{Assembler, Target, Test};
use crate::bundle::{SeccompOperator, SyscallArg};
use std::collections::BTreeMap;

/// A rule's conditions, as far as they are not known to hold, and what the call ends with if they do.
pub(super) struct Case {
    comparisons: Vec<Comparison>,
    value: u32,
}

/// A condition, or a part of one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Half of an argument, masked, is a number: rules with other numbers for it cannot hold at the same time.
    Half { word: Word, value: u32 },
    /// Any other condition on a whole argument: that it is another number, or above or below one.
    Whole(SyscallArg),
}

/// What is loaded to be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word {
    at: u32,
    mask: u32,
}

impl Word {
    /// How many instructions bring it into the accumulator.
    const fn cost(self) -> usize {
        if self.mask == u32::MAX { 1 } else { 2 }
    }
}

impl Comparison {
    fn word(&self) -> Option<Word> {
        match self {
            Self::Half { word, .. } => Some(*word),
            Self::Whole(_) => None,
        }
    }
}

impl Case {
    pub(super) fn new(conditions: &[SyscallArg], value: u32, wide: bool) -> Self {
        let mut comparisons = Vec::with_capacity(2 * conditions.len());
        for condition in conditions {
            let (mask, wanted) = match condition.op {
                SeccompOperator::Equal => (u64::MAX, condition.value),
                // man 3 seccomp_rule_add: the masked argument is compared with the masked datum.
                SeccompOperator::MaskedEqual => (
                    condition.value,
                    condition.value & condition.value_two.unwrap_or_default(),
                ),
                _ => {
                    let value = if wide {
                        condition.value
                    } else {
                        condition.value & u64::from(u32::MAX)
                    };
                    let value_two = None;
                    comparisons.push(Comparison::Whole(SyscallArg {
                        value,
                        value_two,
                        ..*condition
                    }));
                    continue;
                }
            };
            let (mask, wanted) = (Halves::new(mask, wide), Halves::new(wanted, wide));
            let at = offset(condition);
            let upper = mask.upper.zip(wanted.upper).map(|halves| (at + 4, halves));
            let halves = upper.into_iter().chain([(at, (mask.lower, wanted.lower))]);
            for (at, (mask, value)) in halves.filter(|(_, (mask, _))| *mask != 0) {
                let word = Word { at, mask };
                comparisons.push(Comparison::Half { word, value });
            }
        }
        Self { comparisons, value }
    }

    fn number(&self, word: Word) -> Option<u32> {
        self.comparisons.iter().find_map(|comparison| match comparison {
            Comparison::Half { word: other, value } if *other == word => Some(*value),
            _ => None,
        })
    }

    /// Its last comparison, if that is one of a whole argument.
    fn only_whole(&self) -> Option<&SyscallArg> {
        match &self.comparisons[..] {
            [Comparison::Whole(argument)] => Some(argument),
            _ => None,
        }
    }

    fn without(mut self, known: impl Fn(&Comparison) -> bool) -> Self {
        self.comparisons.retain(|comparison| !known(comparison));
        self
    }
}

/// What the last cases of several have in common.
#[derive(Clone, Copy)]
enum Common {
    /// Each compares this word with some number.
    Switch(Word),
    /// Each has this condition.
    Same(SyscallArg),
    /// Each has nothing left but a condition on the argument of this one, with the same upper half.
    Row(SyscallArg),
}

/// Decisions that were put down, and where they are.
#[derive(Default)]
pub(super) struct Known(BTreeMap<Vec<u32>, Target>);

/// The part of the program that is put down for one call, as arguments of this width have it.
pub(super) struct Decision<'a> {
    pub(super) code: &'a mut Assembler,
    pub(super) known: &'a mut Known,
    pub(super) wide: bool,
}

impl Decision<'_> {
    /// Goes where the first case that holds says, otherwise to `otherwise`.
    pub(super) fn first_that_holds(&mut self, mut cases: Vec<Case>, otherwise: Target) -> Target {
        let mut next = otherwise;
        if let Some(always) = cases.iter().position(|case| case.comparisons.is_empty()) {
            next = Target::Return(cases[always].value);
            cases.truncate(always);
        }
        if cases.is_empty() {
            return next;
        }
        let key = key(&cases, next, self.wide);
        if let Some(known) = self.known.0.get(&key) {
            return *known;
        }
        while let Some((common, length)) = common_to_last(&cases, self.wide) {
            let run = cases.split_off(cases.len() - length);
            next = match common {
                Common::Switch(word) => self.switch(word, run, next),
                Common::Same(argument) => {
                    let known = |comparison: &Comparison| *comparison == Comparison::Whole(argument);
                    let run = run.into_iter().map(|case| case.without(known)).collect();
                    let then = self.first_that_holds(run, next);
                    compare(self.code, &argument, self.wide, then, next)
                }
                Common::Row(argument) => self.row(&argument, &run, next),
            };
        }
        self.known.0.insert(key, next);
        next
    }

    /// Compares a word with each number that the cases have for it.
    fn switch(&mut self, word: Word, cases: Vec<Case>, otherwise: Target) -> Target {
        let mut groups: Vec<(u32, Vec<Case>)> = Vec::new();
        let mut places = BTreeMap::new();
        for case in cases {
            let Some(value) = case.number(word) else { continue };
            let place = *places.entry(value).or_insert_with(|| {
                groups.push((value, Vec::new()));
                groups.len() - 1
            });
            let is_known = |comparison: &Comparison| comparison.word() == Some(word);
            groups[place].1.push(case.without(is_known));
        }
        let mut next = otherwise;
        for (value, cases) in groups.into_iter().rev() {
            let then = self.first_that_holds(cases, otherwise);
            next = self.code.branch(Test::Equal, value, then, next);
        }
        if word.mask != u32::MAX {
            self.code.fall_into(next);
            next = self.code.and(word.mask);
        }
        load(self.code, word.at, next)
    }

    /// Cases of one condition each, on one argument with one upper half: that half is compared once, and the lower one
    /// loaded once.
    fn row(&mut self, argument: &SyscallArg, cases: &[Case], otherwise: Target) -> Target {
        let at = offset(argument);
        // Where arguments have 32 bits the lower halves are all.
        let key = key(cases, otherwise, false);
        let lower = match self.known.0.get(&key) {
            Some(known) => *known,
            None => {
                let mut next = otherwise;
                for (argument, yes) in conditions(cases).rev() {
                    next = lower_half(self.code, argument, yes, next);
                }
                let lower = load(self.code, at, next);
                self.known.0.insert(key, lower);
                lower
            }
        };
        let first = |holds: fn((bool, bool)) -> bool| {
            let found = conditions(cases).find(|(argument, _)| holds(by_upper_half(argument.op)));
            found.map_or(otherwise, |(_, yes)| yes)
        };
        let sides = [first(|(above, _)| above), first(|(_, below)| below)];
        match Halves::new(argument.value, self.wide).upper {
            None => lower,
            Some(upper) => upper_half(self.code, at, upper, lower, sides),
        }
    }
}

/// The conditions of cases that have one each on a whole argument, and where they lead.
fn conditions(cases: &[Case]) -> impl DoubleEndedIterator<Item = (&SyscallArg, Target)> {
    cases
        .iter()
        .filter_map(|case| Some((case.only_whole()?, Target::Return(case.value))))
}

/// What is decided, as numbers. Halves are the same whatever the argument's width is.
fn key(cases: &[Case], otherwise: Target, wide: bool) -> Vec<u32> {
    let mut key = Vec::with_capacity(4 * cases.len());
    match otherwise {
        Target::Return(value) => key.extend([0, value]),
        Target::At(at) => key.extend([1, u32::try_from(at).unwrap_or(u32::MAX)]),
    }
    for Case { comparisons, value } in cases {
        key.push(*value);
        for comparison in comparisons {
            match comparison {
                Comparison::Half { word, value } => key.extend([word.at, word.mask, *value]),
                Comparison::Whole(argument) => {
                    let Halves { upper, lower } = Halves::new(argument.value, wide);
                    let which = [offset(argument) + 2 + u32::from(wide), argument.op as u32];
                    key.extend(which);
                    key.extend([upper.unwrap_or_default(), lower]);
                }
            }
        }
        key.push(0);
    }
    key
}

/// What to compare first for the last cases, and for how many of them: whatever saves most instructions.
fn common_to_last(cases: &[Case], wide: bool) -> Option<(Common, usize)> {
    let last = cases.last()?;
    let mut best: Option<(Common, usize, usize)> = None;
    for comparison in &last.comparisons {
        let (common, length, saved) = match comparison {
            Comparison::Half { word, .. } => {
                let mut numbers: Vec<u32> = cases.iter().rev().map_while(|case| case.number(*word)).collect();
                let length = numbers.len();
                numbers.sort_unstable();
                numbers.dedup();
                let together = word.cost() + numbers.len();
                (Common::Switch(*word), length, length * (word.cost() + 1) - together)
            }
            Comparison::Whole(argument) if last.only_whole().is_some() => {
                let in_row = |case: &&Case| case.only_whole().is_some_and(|other| are_in_row(argument, other, wide));
                let length = cases.iter().rev().take_while(in_row).count();
                let alone = cost(argument, wide);
                (Common::Row(*argument), length, (length - 1) * (alone - 1))
            }
            Comparison::Whole(argument) => {
                let has_it = |case: &&Case| case.comparisons.contains(comparison);
                let length = cases.iter().rev().take_while(has_it).count();
                (Common::Same(*argument), length, (length - 1) * cost(argument, wide))
            }
        };
        if best.is_none_or(|(_, _, most)| saved > most) {
            best = Some((common, length, saved));
        }
    }
    best.map(|(common, length, _)| (common, length))
}

/// How many instructions a condition on a whole argument takes.
fn cost(argument: &SyscallArg, wide: bool) -> usize {
    match (wide, argument.op) {
        (false, _) => 2,
        (true, SeccompOperator::NotEqual) => 4,
        (true, _) => 5,
    }
}

fn are_in_row(one: &SyscallArg, other: &SyscallArg, wide: bool) -> bool {
    one.index == other.index && Halves::new(one.value, wide).upper == Halves::new(other.value, wide).upper
}
