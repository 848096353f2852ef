//! How the process is run and fed: its limits, scheduling, priority for input and output, execution domain, and where
//! its memory comes from.

mod memory_policy;
mod scheduling;

use super::{Around, Rooms};
use crate::bundle::{PersonalityDomain, Process, Rlimit};
use crate::plan::acts::{Origin, Place};
use crate::plan::compile::Compiler;
use crate::plan::deeds::{Attribute, SetAttribute};
use orlop_init::step::process::{self as steps, OomScore, Personality, RaiseLimit};

/// What the runtime sets for init, which is in a user namespace by then, where nobody may: real time, good priorities,
/// a lower OOM score. A runtime without privileges leaves them to init, which may do to itself what the runtime may
/// not do to another user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outside {
    oom_score: bool,
    priorities: bool,
}

impl Compiler<'_> {
    /// Pushes `process.oomScoreAdj`, if it is init that sets it.
    pub(crate) fn oom_score(&mut self) {
        if let Some(process) = &self.config.process {
            self.rooms(process).oom_score();
        }
    }

    /// Pushes what the runtime sets in init's place.
    pub(crate) fn set_attributes(&mut self, turn: Place) {
        if let Some(process) = &self.config.process {
            self.rooms(process).set_attributes(turn);
        }
    }
}

impl Rooms<'_> {
    fn outside(&self) -> Outside {
        const CAP_DAC_OVERRIDE: u64 = 1 << 1;
        const CAP_SYS_NICE: u64 = 1 << 23;
        let has = |capability| self.around.permitted_capabilities & capability != 0;
        let Around {
            in_user_namespace,
            is_further,
            ..
        } = self.around;
        Outside {
            // A further process has its score from before it joins anything.
            oom_score: in_user_namespace && !is_further && has(CAP_DAC_OVERRIDE),
            // And is a child that has no more than the process's own capabilities, to which not all of them pass.
            priorities: (in_user_namespace || is_further) && has(CAP_SYS_NICE),
        }
    }

    pub(crate) fn limits(&mut self, are_now: impl Fn(&Rlimit) -> bool) {
        let limits = self.process.rlimits.iter().enumerate();
        for (index, limit) in limits.filter(|(_, limit)| are_now(limit)) {
            self.acts
                .step(&rlimit(limit), Origin::Element("process.rlimits", index));
        }
    }

    /// Pushes the limits that init sets while it has the runtime's own rights: in a user namespace nobody may raise a
    /// hard limit, and there the runtime sets them all. A further process is still to be copied. What is set later is
    /// at least allowed now.
    pub(crate) fn first_limits(&mut self) {
        if self.around.in_user_namespace {
            return;
        }
        let is_further = self.around.is_further;
        let is_later = |limit: &Rlimit| limit.is_too_small_for_init() || is_further && limit.is_for_copies();
        self.limits(|limit| !is_later(limit));
        let limits = self.process.rlimits.iter().enumerate();
        for (index, limit) in limits.filter(|(_, limit)| is_later(limit)) {
            let raise = RaiseLimit {
                resource: limit.resource as u32,
                soft: limit.soft,
                hard: limit.hard,
            };
            self.acts.step(&raise, Origin::Element("process.rlimits", index));
        }
    }

    /// Pushes `process.oomScoreAdj`, if it is init that sets it.
    pub(crate) fn oom_score(&mut self) {
        if !self.outside().oom_score
            && let Some(step) = oom_score(self.process)
        {
            self.acts.step(&step, Origin::Member("process.oomScoreAdj"));
        }
    }

    /// Pushes what the runtime sets in init's place. Not before all is ready: limits on files, processes and CPU time
    /// would stop init itself.
    pub(crate) fn set_attributes(&mut self, turn: Place) {
        let process = self.process;
        if self.around.in_user_namespace {
            let limits = process.rlimits.iter().enumerate();
            for (index, limit) in limits.filter_map(|(index, limit)| Some((index, limit.until_the_end()?))) {
                let set = SetAttribute(Attribute::Limit(rlimit(&limit)));
                self.acts.deed(turn, set, Origin::Element("process.rlimits", index));
            }
        }
        let outside = self.outside();
        if outside.priorities {
            if let Some(step) = process.io_priority.map(scheduling::io_priority) {
                let set = SetAttribute(Attribute::IoPriority(step));
                self.acts.deed(turn, set, Origin::Member("process.ioPriority"));
            }
            if let Some(step) = process.scheduler.as_ref().map(scheduling::scheduling) {
                let set = SetAttribute(Attribute::Scheduling(step));
                self.acts.deed(turn, set, Origin::Member("process.scheduler"));
            }
        }
        if let Some(step) = oom_score(process).filter(|_| outside.oom_score) {
            let set = SetAttribute(Attribute::OomScore(step));
            self.acts.deed(turn, set, Origin::Member("process.oomScoreAdj"));
        }
    }

    /// Pushes the steps that still need the runtime's own rights.
    pub(crate) fn attributes(&mut self) {
        if let Some(personality) = self.around.personality {
            let domain = match personality.domain {
                PersonalityDomain::Linux => 0,
                PersonalityDomain::Linux32 => 8,
            };
            self.acts
                .step(&Personality { domain }, Origin::Member("linux.personality"));
        }
        if let Some(policy) = self.around.memory_policy {
            self.memory_policy(policy);
        }
        if let Some(scheduler) = &self.process.scheduler {
            self.check_scheduler(scheduler);
        }
    }

    /// Whether [`Self::priorities`] has something to push.
    pub(crate) fn init_sets_priorities(&self) -> bool {
        !self.outside().priorities && (self.process.scheduler.is_some() || self.process.io_priority.is_some())
    }

    /// Pushes the priorities that init sets. Of a process that is gone on in they would not all pass to its child.
    pub(crate) fn priorities(&mut self) {
        if self.outside().priorities {
            return;
        }
        if let Some(step) = self.process.io_priority.map(scheduling::io_priority) {
            self.acts.step(&step, Origin::Member("process.ioPriority"));
        }
        if let Some(step) = self.process.scheduler.as_ref().map(scheduling::scheduling) {
            self.acts.step(&step, Origin::Member("process.scheduler"));
        }
    }
}

fn oom_score(process: &Process) -> Option<OomScore> {
    let value = i32::from(process.oom_score_adj?.get());
    Some(OomScore { value })
}

fn rlimit(limit: &Rlimit) -> steps::Rlimit {
    steps::Rlimit {
        resource: limit.resource as u32,
        soft: limit.soft,
        hard: limit.hard,
    }
}
