//! The records of the store, without a store.

use crate::plan;
use crate::store::{KeptPlan, Leftovers, StateRecord, Version1};
use crate::{JsonPath, Plan};
use orlop_init::step::Step;

/// `leftovers`, read and written again.
///
/// # Errors
/// Why it cannot be read.
pub fn leftovers(bytes: &[u8]) -> Result<Vec<u8>, String> {
    written(&Leftovers::parse(bytes)?)
}

/// `state.json`, read and written again.
///
/// # Errors
/// Why it cannot be read.
pub fn state(bytes: &[u8]) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&StateRecord::parse(bytes)?).map_err(|error| error.to_string())
}

/// The one record of an earlier version: what the container has left, as it is written down now, and what there is of
/// its plan.
///
/// # Errors
/// Why it cannot be read.
pub fn version_1(bytes: &[u8]) -> Result<(Vec<u8>, Kept), String> {
    let read = || Version1::parse(bytes).map_err(|error| error.to_string());
    let left = written(&read()?.into_leftovers())?;
    Ok((left, Kept(read()?.into_kept_plan())))
}

fn written(leftovers: &Leftovers) -> Result<Vec<u8>, String> {
    leftovers.to_bytes().map_err(|error| error.to_string())
}

/// `plan`, as it was read.
#[derive(Debug)]
pub struct Kept(KeptPlan);

impl Kept {
    /// What is written of a plan.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn bytes_of(plan: &Plan) -> Result<Vec<u8>, String> {
        KeptPlan::bytes_of(plan).map_err(|error| error.to_string())
    }

    /// Reads it.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        KeptPlan::parse(bytes).map(Self)
    }

    /// The same, as if this version had written it: a seed's form is soon another's.
    #[must_use]
    pub fn of_this_form(self) -> Self {
        Self(self.0.of_this_form())
    }

    /// The number of the first step.
    pub fn first(&self) -> usize {
        self.0.first()
    }

    /// The step of this number.
    pub fn step(&self, number: usize) -> Option<Step<'_>> {
        self.0.step(number)
    }

    /// Who asked for the step of this number.
    pub fn origin(&self, number: usize) -> Option<JsonPath> {
        self.0.origin(number).path()
    }

    /// The program.
    pub fn program(&self) -> &str {
        self.0.program()
    }

    /// How many hooks follow the start and the deletion.
    pub fn hooks(&self) -> (usize, usize) {
        (self.0.poststart().len(), self.0.poststop().len())
    }
}

/// Whether what is kept for exec is read as it was written.
///
/// # Errors
/// It cannot be written or read.
pub fn keeps_what_exec_needs(plan: &Plan) -> Result<bool, String> {
    let bytes = serde_json::to_vec(&plan.for_exec).map_err(|error| error.to_string())?;
    let again: plan::ForExec = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    Ok(again == plan.for_exec)
}
