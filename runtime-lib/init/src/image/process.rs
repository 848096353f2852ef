//! What the process has: its limits, how it is run and fed.

use crate::Init;
use crate::digits::decimal;
use crate::failure::Outcome;
use crate::step::Act;
use crate::step::process::{
    Cpus, EveryCpu, IoPriority, MemoryPolicy, NoNewPrivileges, OomScore, Personality, RaiseLimit, Rlimit, Scheduling,
    StdioOwner, Umask,
};
use crate::{stdio, sys};

impl Act<Init> for OomScore {
    fn act(&self, init: &mut Init) -> Outcome {
        let mut digits = [0; 12];
        let file = init.open_own(c"self/oom_score_adj")?;
        sys::write(file, decimal(self.value, &mut digits))?;
        sys::close(file);
        Ok(())
    }
}

impl Act<Init> for Rlimit {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_limit(self.resource, self.soft, self.hard)?)
    }
}

impl Act<Init> for RaiseLimit {
    fn act(&self, _: &mut Init) -> Outcome {
        if sys::hard_limit(self.resource)? < self.hard {
            sys::set_limit(self.resource, self.hard, self.hard)?;
        }
        Ok(())
    }
}

impl Act<Init> for Scheduling {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_scheduling(sys::SchedulingAttributes {
            size: 0,
            policy: self.policy,
            flags: self.flags,
            nice: self.nice,
            priority: self.priority,
            runtime: self.runtime,
            deadline: self.deadline,
            period: self.period,
            utilization_min: 0,
            utilization_max: 0,
        })?)
    }
}

impl Act<Init> for EveryCpu {
    /// Nobody asked for it, so that a refusal, by a filter around the runtime for example, is no error.
    fn act(&self, _: &mut Init) -> Outcome {
        let _ = sys::allow_every_cpu();
        Ok(())
    }
}

impl Act<Init> for Cpus<'_> {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::allow_cpus(self.mask)?)
    }
}

impl Act<Init> for IoPriority {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_io_priority(self.class, self.priority)?)
    }
}

impl Act<Init> for Personality {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_personality(self.domain)?)
    }
}

impl Act<Init> for MemoryPolicy<'_> {
    fn act(&self, _: &mut Init) -> Outcome {
        Ok(sys::set_memory_policy(self.mode, self.nodes)?)
    }
}

impl Act<Init> for Umask {
    fn act(&self, init: &mut Init) -> Outcome {
        if let Some(mask) = self.mask {
            init.umask = mask;
        }
        sys::set_umask(init.umask);
        Ok(())
    }
}

impl Act<Init> for NoNewPrivileges {
    fn act(&self, _: &mut Init) -> Outcome {
        sys::process_control(sys::PR_SET_NO_NEW_PRIVS, 1, 0)?;
        Ok(())
    }
}

impl Act<Init> for StdioOwner {
    fn act(&self, init: &mut Init) -> Outcome {
        stdio::open_null_anew();
        if let Some(uid) = self.uid {
            stdio::give_to(uid, init.header.given);
        }
        Ok(())
    }
}
