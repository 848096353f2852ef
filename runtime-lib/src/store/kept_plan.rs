//! `plan`: what start, exec and delete need of a container's plan. A line of JSON, and behind it the bytes whose
//! lengths it tells.

use super::Entry;
use super::state_record::Form;
use crate::bundle::{Hook, HookOutput};
use crate::plan::acts::{Origin, What};
use crate::plan::deeds::{Deed, RunHook};
use crate::plan::{Filter, ForExec, Plan};
use crate::problem::JsonPath;
use crate::{Error, Failure};
use orlop_init::step::Step;
use orlop_init::wire::{FORM, Reader, Wire};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub(super) const PLAN: &str = "plan";

/// What is kept of a plan.
#[derive(Debug)]
pub(crate) struct KeptPlan {
    head: Head,
    /// The steps of the start, as init has them.
    steps: Vec<u8>,
    /// The filter's instructions.
    filter: Vec<u8>,
    /// What is kept for exec, in JSON.
    exec: Vec<u8>,
    /// An earlier version has left it to the start to connect with the seccomp agent.
    owes_agent: bool,
}

/// The line of JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    version: u32,
    /// Which form the steps have.
    wire: u64,
    /// The number of the first step of the start.
    pub(super) first: usize,
    /// Who asked for each of them.
    pub(super) origins: Vec<Option<String>>,
    /// The program, as `process.args[0]` says.
    #[serde(default)]
    pub(super) program: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) poststart: Vec<Hook>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) poststop: Vec<Hook>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hook_stdout: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hook_stderr: Option<PathBuf>,
    /// How many bytes the steps have, the filter, and what is kept for exec.
    lengths: [usize; 3],
}

const VERSION: u32 = 2;

impl KeptPlan {
    /// Writes what is to be kept of a plan.
    pub(crate) fn write(entry: &Entry, plan: &Plan) -> Result<(), Error> {
        let (line, exec) = Self::json_of(plan)
            .map_err(|error| Failure::plain(format!("write {:?}", entry.path().join(PLAN)), error.to_string()))?;
        entry.write_new(PLAN, &[&line, Self::steps_of(plan), Self::filter_of(plan), &exec])
    }

    /// The bytes of what is to be kept of a plan.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn bytes_of(plan: &Plan) -> serde_json::Result<Vec<u8>> {
        let (line, exec) = Self::json_of(plan)?;
        Ok([&line, Self::steps_of(plan), Self::filter_of(plan), &exec].concat())
    }

    fn steps_of(plan: &Plan) -> &[u8] {
        let (_, steps, _) = plan.acts.of_start();
        steps
    }

    fn filter_of(plan: &Plan) -> &[u8] {
        plan.filter.as_ref().map_or(&[], |filter| &filter.program)
    }

    /// The line of JSON, and what is kept for exec.
    fn json_of(plan: &Plan) -> serde_json::Result<(Vec<u8>, Vec<u8>)> {
        let (first, steps, origins) = plan.acts.of_start();
        let exec = serde_json::to_vec(&plan.for_exec)?;
        let mut head = Head {
            version: VERSION,
            wire: FORM,
            first,
            origins: origins
                .map(|origin| origin.path().map(|path| path.as_str().to_owned()))
                .collect(),
            lengths: [steps.len(), Self::filter_of(plan).len(), exec.len()],
            ..Head::default()
        };
        let arguments = plan.for_exec.process.as_ref().map(|process| &process.args);
        head.program = arguments
            .and_then(|args| args.first())
            .map(ToString::to_string)
            .unwrap_or_default();
        head.take_hooks(plan);
        let mut line = serde_json::to_vec(&head)?;
        line.push(b'\n');
        Ok((line, exec))
    }

    /// What is kept in these bytes.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let end = text.iter().position(|byte| *byte == b'\n');
        let (line, rest) = text.split_at(end.ok_or("it is not whole")?);
        let wrong = |error: serde_json::Error| error.to_string();
        let form: Form = serde_json::from_slice(line).map_err(wrong)?;
        if form.version > VERSION {
            return Err("it is of a later version than this program knows".to_owned());
        }
        let head: Head = serde_json::from_slice(line).map_err(wrong)?;
        let mut rest = rest.get(1..).unwrap_or_default();
        let mut parts = head.lengths.iter().map(|length| {
            let part = rest.split_off(..*length).ok_or("it is not whole")?;
            Ok::<_, String>(part.to_vec())
        });
        let mut part = || parts.next().unwrap_or_else(|| Ok(Vec::new()));
        let (steps, filter, exec) = (part()?, part()?, part()?);
        Ok(Self {
            steps,
            filter,
            exec,
            head,
            owes_agent: false,
        })
    }

    pub(super) fn of_version_1(head: Head, owes_agent: bool) -> Self {
        Self {
            head,
            steps: Vec::new(),
            filter: Vec::new(),
            exec: Vec::new(),
            owes_agent,
        }
    }

    /// # Errors
    /// The container can be told of and deleted, but not started: its init would wait for a descriptor that start does
    /// not send any more.
    pub(crate) fn check_start(&self) -> Result<(), Error> {
        if !self.owes_agent {
            return Ok(());
        }
        let why =
            "an earlier version created it, and its seccomp agent is to be connected with at the start; create it anew";
        Err(Failure::plain("start the container", why)
            .at("linux.seccomp.listenerPath")
            .into())
    }

    /// What is kept for exec.
    ///
    /// # Errors
    /// It cannot be read, or an earlier version has not kept it.
    pub(crate) fn for_exec(&self) -> Result<(ForExec, Option<Filter>), Error> {
        if self.exec.is_empty() {
            let why = "an earlier version created it, and has not kept what that takes; create it anew";
            return Err(Failure::plain("run a further process in the container", why).into());
        }
        let kept: ForExec = serde_json::from_slice(&self.exec)
            .map_err(|error| Failure::plain("read what is kept of the container's plan", error.to_string()))?;
        let filter = (!self.filter.is_empty()).then(|| Filter {
            program: self.filter.clone(),
            flags: kept.filter_flags,
        });
        Ok((kept, filter))
    }

    /// The filter that binds the process, as `struct sock_filter`s; nothing without one.
    pub(crate) fn filter(&self) -> &[u8] {
        &self.filter
    }

    pub(crate) fn poststart(&self) -> &[Hook] {
        &self.head.poststart
    }

    pub(crate) fn poststop(&self) -> &[Hook] {
        &self.head.poststop
    }

    /// Where the output of hooks goes.
    pub(crate) fn hook_output(&self) -> HookOutput {
        HookOutput {
            stdout: self.head.hook_stdout.clone(),
            stderr: self.head.hook_stderr.clone(),
        }
    }

    pub(crate) fn program(&self) -> &str {
        &self.head.program
    }

    /// The same, as if this version had written it.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn of_this_form(mut self) -> Self {
        self.head.wire = FORM;
        self
    }

    /// The number of the first step of the start.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn first(&self) -> usize {
        self.head.first
    }

    /// The numbers of the steps of the start.
    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        self.head.first..self.head.first.saturating_add(self.head.origins.len())
    }

    /// Who asked for the step of this number.
    pub(crate) fn origin(&self, number: usize) -> Origin {
        let at = number.checked_sub(self.head.first);
        let path = at.and_then(|at| self.head.origins.get(at)?.as_deref());
        let Some(path) = path else {
            return Origin::Default;
        };
        let hook = path.strip_prefix("hooks.startContainer[");
        match hook.and_then(|index| index.strip_suffix(']')?.parse().ok()) {
            Some(index) => Origin::Element("hooks.startContainer", index),
            None => Origin::Named(JsonPath::from(path)),
        }
    }

    /// Whether hooks run before the process is executed.
    pub(crate) fn has_start_hooks(&self) -> bool {
        self.numbers()
            .any(|number| matches!(self.origin(number), Origin::Element(..)))
    }

    /// The step of this number; `None` if it is none of the start's, or the steps are of another version's form.
    pub(crate) fn step(&self, number: usize) -> Option<Step<'_>> {
        if self.head.wire != FORM || number < self.head.first {
            return None;
        }
        let mut reader = Reader::new(&self.steps);
        for _ in self.head.first..number {
            Step::take(&mut reader).ok()?;
        }
        Step::take(&mut reader).ok()
    }
}

impl Head {
    fn take_hooks(&mut self, plan: &Plan) {
        for act in plan.acts.iter() {
            if let What::Deed(Deed::RunHook(RunHook { kind, hook, output, .. })) = act.what {
                match *kind {
                    "poststart" => self.poststart.push(hook.clone()),
                    "poststop" => self.poststop.push(hook.clone()),
                    _ => {}
                }
                self.hook_stdout.clone_from(&output.stdout);
                self.hook_stderr.clone_from(&output.stderr);
            }
        }
    }
}
