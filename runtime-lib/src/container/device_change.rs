//! Other rules about devices for a container that runs.

use crate::bundle::DeviceRule;
use crate::cgroup::{Cgroup, LoadedProgram};
use crate::plan::{DeviceProgram, Knob, Rules};
use crate::problem::JsonPath;
use crate::store::{DeviceRecord, DevicesInForce, Entry, StateRecord};
use crate::{Error, Failure, Problem};
use rustix::io::Errno;
use std::sync::Arc;

/// What is to be changed.
pub(super) struct DeviceChange {
    rules: Arc<[DeviceRule]>,
    earlier: DeviceRecord,
    how: How,
}

enum How {
    /// The writes that lead from the rules that are in force to these.
    V1(Vec<Knob>),
    /// The program that is put in the place of the one that is attached.
    V2(DeviceProgram),
}

/// Where the rules stand in the resources.
const RULES: &str = "devices";

impl DeviceChange {
    /// What `rules` change of the container's; nothing if they mean what is in force, or if that is not the runtime's
    /// to change.
    ///
    /// # Errors
    /// A rule that says nothing, or that the host's version of cgroups cannot do, with its path.
    pub(super) fn of(
        rules: &[DeviceRule],
        record: &StateRecord,
        warnings: &mut Vec<Problem>,
    ) -> Result<Option<Self>, Error> {
        if rules.is_empty() {
            return Ok(None);
        }
        let (wanted, _) = Rules::of(rules, &JsonPath::from(RULES))?;
        let Some(earlier) = &record.devices else {
            let text = "the container was created without rules about devices in force, or by an earlier version \
                        that did not record them: update changes none";
            warnings.push(Problem::warning(RULES, text));
            return Ok(None);
        };
        let in_force = |record: &DevicesInForce| Rules::of(&record.rules, &JsonPath::from(RULES));
        let now = in_force(&earlier.now)?.0;
        if earlier.next.is_none() && wanted.mean_the_same(&now) {
            return Ok(None);
        }
        let how = if earlier.now.program.is_some() {
            if record.cgroup.attached_of(&earlier.programs())?.is_none() {
                warnings.push(replaced());
                return Ok(None);
            }
            How::V2(wanted.program()?)
        } else {
            let next = earlier.next.as_ref().map(in_force).transpose()?;
            let mut all = vec![&now];
            all.extend(next.as_ref().map(|(rules, _)| rules));
            How::V1(wanted.writes_after(&all)?)
        };
        Ok(Some(Self {
            rules: rules.into(),
            earlier: earlier.clone(),
            how,
        }))
    }

    /// How it reads.
    pub(super) fn lines(&self) -> Vec<String> {
        match &self.how {
            How::V1(knobs) => knobs.iter().map(ToString::to_string).collect(),
            How::V2(program) => {
                let rules = program.rules.iter().map(ToString::to_string);
                let replace = "put a program of these rules in the place of the one that is attached";
                rules.chain([replace.to_owned()]).collect()
            }
        }
    }

    /// Makes the change. What it will be is on disk before it is made.
    ///
    /// # Errors
    /// The kernel refuses it, or the record cannot be written.
    pub(super) fn make(self, entry: &Entry, record: &mut StateRecord) -> Result<Vec<Problem>, Error> {
        let mut next = DevicesInForce {
            rules: self.rules,
            program: None,
        };
        let begin = |record: &mut StateRecord, next: &DevicesInForce| {
            record.devices = Some(DeviceRecord {
                next: Some(next.clone()),
                ..self.earlier.clone()
            });
            entry.write_state(record)
        };
        match &self.how {
            How::V1(knobs) => {
                begin(record, &next)?;
                write(&record.cgroup, knobs)?;
            }
            How::V2(program) => {
                let program = LoadedProgram::load(program)?;
                next.program = Some(program.id);
                begin(record, &next)?;
                if !record.cgroup.replace_program(&self.earlier.programs(), &program)? {
                    record.devices = Some(self.earlier);
                    entry.write_state(record)?;
                    return Ok(vec![replaced()]);
                }
            }
        }
        record.devices = Some(DeviceRecord::new(next.rules, next.program));
        entry.write_state(record)?;
        Ok(Vec::new())
    }
}

fn replaced() -> Problem {
    let text = "the program that decides about devices is not the runtime's any more (a hook puts its own there to \
                allow a device): update leaves it, and with it the rules as they are";
    Problem::warning(RULES, text)
}

fn write(cgroup: &Cgroup, knobs: &[Knob]) -> Result<(), Error> {
    if cgroup.apply(knobs)?.is_empty() {
        return Ok(());
    }
    Err(Failure::new("change the rules about devices", Errno::PERM)
        .at(RULES)
        .hint("it takes CAP_SYS_ADMIN over the whole machine")
        .into())
}
