//! How the process is scheduled, on CPUs and for input and output.

use crate::bundle::{self, IoPriorityClass, Scheduler, SchedulerFlag, SchedulerPolicy};
use crate::plan::process::Rooms;
use orlop_init::step::process::{IoPriority, Scheduling};

impl Rooms<'_> {
    pub(super) fn check_scheduler(&mut self, scheduler: &Scheduler) {
        let resets = scheduler.flags.contains(&SchedulerFlag::ResetOnFork);
        if scheduler.policy == SchedulerPolicy::Deadline && !resets && self.around.has_start_hooks {
            self.problems.error(
                "process.scheduler.policy",
                "a process under SCHED_DEADLINE cannot run hooks.startContainer, since it must not fork: add SCHED_FLAG_RESET_ON_FORK",
            );
        }
    }
}

pub(super) fn io_priority(io: bundle::IoPriority) -> IoPriority {
    IoPriority {
        class: match io.class {
            IoPriorityClass::Rt => 1,
            IoPriorityClass::Be => 2,
            IoPriorityClass::Idle => 3,
        },
        priority: u32::try_from(io.priority).unwrap_or(0),
    }
}

pub(super) fn scheduling(scheduler: &Scheduler) -> Scheduling {
    Scheduling {
        policy: match scheduler.policy {
            SchedulerPolicy::Other => 0,
            SchedulerPolicy::Fifo => 1,
            SchedulerPolicy::Rr => 2,
            SchedulerPolicy::Batch => 3,
            SchedulerPolicy::Iso => 4,
            SchedulerPolicy::Idle => 5,
            SchedulerPolicy::Deadline => 6,
        },
        flags: scheduler
            .flags
            .iter()
            .fold(0, |flags, flag| flags | scheduler_flag(*flag)),
        nice: scheduler.nice.unwrap_or(0),
        priority: scheduler
            .priority
            .and_then(|priority| u32::try_from(priority).ok())
            .unwrap_or(0),
        runtime: scheduler.runtime.unwrap_or(0),
        deadline: scheduler.deadline.unwrap_or(0),
        period: scheduler.period.unwrap_or(0),
    }
}

/// `SCHED_FLAG_*` (Linux: `include/uapi/linux/sched.h`).
fn scheduler_flag(flag: SchedulerFlag) -> u64 {
    match flag {
        SchedulerFlag::ResetOnFork => 0x01,
        SchedulerFlag::Reclaim => 0x02,
        SchedulerFlag::DlOverrun => 0x04,
        SchedulerFlag::KeepPolicy => 0x08,
        SchedulerFlag::KeepParams => 0x10,
        SchedulerFlag::UtilClampMin => 0x20,
        SchedulerFlag::UtilClampMax => 0x40,
    }
}
