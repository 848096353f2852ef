//! Containers that an earlier version made, whose one record was `state.json`: they are started, and cleaned, all the
//! same.

use super::kept_plan::{Head, KeptPlan};
use super::leftovers::Leftovers;
use super::state_record::{Form, STATE};
use super::{Entry, Phase};
use crate::bundle::{Hook, HookOutput};
use crate::plan::{CgroupLeft, Leftover, Placement};
use crate::process::Identity;
use crate::resctrl::Group;
use crate::{Error, Failure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What that record had besides what `state.json` has now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    phase: Phase,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    cgroup: Arc<Placement>,
    #[serde(default)]
    resctrl: Option<Group>,
    #[serde(default)]
    hooks_began: bool,
    #[serde(default)]
    init: Option<Identity>,
    own_pid_namespace: bool,
    #[serde(default)]
    poststart: Vec<Hook>,
    #[serde(default)]
    poststop: Vec<Hook>,
    #[serde(default)]
    start_steps: Vec<StartStep>,
    #[serde(default)]
    seccomp_agent: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct StartStep {
    index: usize,
    phrase: String,
    #[serde(default)]
    path: Option<String>,
}

/// The record; `None` if there is none, one of a later version, or something that no version wrote: records are
/// written whole or not at all.
fn read(entry: &Entry) -> Result<Option<Record>, Error> {
    let Some(text) = entry.read_file(STATE)? else {
        return Ok(None);
    };
    let is_first = |form: Form| form.version == 1;
    if !serde_json::from_slice(&text).is_ok_and(is_first) {
        return Ok(None);
    }
    Record::parse(&text).map(Some).map_err(|error| {
        let attempted = format!("find out what the container {:?} has left", entry.id().as_str());
        Failure::plain(attempted, format!("{:?}: {error}", entry.path().join(STATE))).into()
    })
}

pub(super) fn leftovers(entry: &Entry) -> Result<Option<Leftovers>, Error> {
    let record = match read(entry) {
        // The kernel has refused nothing: it is no record, and tells nothing. So it was for that version, too.
        Err(Error::Failure(failure)) if failure.errno.is_none() => None,
        outcome => outcome?,
    };
    Ok(record.map(Record::into_leftovers))
}

pub(super) fn kept_plan(entry: &Entry) -> Result<Option<KeptPlan>, Error> {
    Ok(read(entry)?.map(Record::into_kept_plan))
}

impl Record {
    pub(crate) fn parse(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }

    /// What the container has left, as it is written down now.
    pub(crate) fn into_leftovers(self) -> Leftovers {
        let has_strays = !self.own_pid_namespace;
        let mut list = vec![Leftover::Cgroup(CgroupLeft {
            placement: self.cgroup,
            has_strays,
            is_promised: false,
            has_program: false,
        })];
        list.extend(self.resctrl.map(Leftover::Resctrl));
        list.extend(self.init.map(Leftover::Init));
        if self.hooks_began || self.phase == Phase::Created {
            list.push(Leftover::Poststop);
        }
        Leftovers::of(list)
    }

    /// What there is of a plan.
    pub(crate) fn into_kept_plan(self) -> KeptPlan {
        let has_agent = self.seccomp_agent.is_some();
        let output = HookOutput::recorded(&self.annotations);
        let mut head = Head::default();
        head.first = self.start_steps.first().map_or(0, |step| step.index);
        (head.poststart, head.poststop) = (self.poststart, self.poststop);
        (head.hook_stdout, head.hook_stderr) = (output.stdout, output.stderr);
        for step in self.start_steps {
            if let Some(program) = step.phrase.strip_prefix("exec ") {
                head.program = program.to_owned();
            }
            head.origins.push(step.path);
        }
        KeptPlan::of_version_1(head, has_agent)
    }
}
