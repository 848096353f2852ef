//! How a process is scheduled, on CPUs and for input and output.

use super::text::Text;

object! {
    /// CPU scheduling (man 2 sched_setattr).
    pub struct Scheduler {
        /// The policy.
        policy: SchedulerPolicy = "policy",
        /// The nice value, for `SCHED_OTHER` and `SCHED_BATCH`.
        nice: Option<i32> = "nice",
        /// The static priority, for `SCHED_FIFO` and `SCHED_RR`.
        priority: Option<i32> = "priority",
        /// Flags.
        flags: Vec<SchedulerFlag> = "flags",
        /// For `SCHED_DEADLINE`: nanoseconds of CPU time in each period.
        runtime: Option<u64> = "runtime",
        /// For `SCHED_DEADLINE`: the deadline, in nanoseconds.
        deadline: Option<u64> = "deadline",
        /// For `SCHED_DEADLINE`: the period's length in nanoseconds.
        period: Option<u64> = "period",
    }
}

words! {
    /// A scheduling policy (man 7 sched).
    pub enum SchedulerPolicy: "scheduling policy" {
        Other = "SCHED_OTHER",
        Fifo = "SCHED_FIFO",
        Rr = "SCHED_RR",
        Batch = "SCHED_BATCH",
        Iso = "SCHED_ISO",
        Idle = "SCHED_IDLE",
        Deadline = "SCHED_DEADLINE",
    }
}

words! {
    /// A flag of `sched_setattr`.
    pub enum SchedulerFlag: "scheduling flag" {
        ResetOnFork = "SCHED_FLAG_RESET_ON_FORK",
        Reclaim = "SCHED_FLAG_RECLAIM",
        DlOverrun = "SCHED_FLAG_DL_OVERRUN",
        KeepPolicy = "SCHED_FLAG_KEEP_POLICY",
        KeepParams = "SCHED_FLAG_KEEP_PARAMS",
        UtilClampMin = "SCHED_FLAG_UTIL_CLAMP_MIN",
        UtilClampMax = "SCHED_FLAG_UTIL_CLAMP_MAX",
    }
}

object! {
    /// Priority for input and output (man 2 ioprio_set).
    #[derive(Copy)]
    pub struct IoPriority {
        /// The class.
        class: IoPriorityClass = "class",
        /// The priority in the class, 0 is first.
        priority: i32 = "priority",
    }
}

words! {
    /// A class of priorities for input and output.
    pub enum IoPriorityClass: "I/O priority class" {
        Rt = "IOPRIO_CLASS_RT",
        Be = "IOPRIO_CLASS_BE",
        Idle = "IOPRIO_CLASS_IDLE",
    }
}

object! {
    /// The CPUs on which `exec` runs a process, as lists: `0-3,7`.
    pub struct ExecCpuAffinity {
        /// Before it is moved to the container's cgroup.
        initial: Option<Text> = "initial",
        /// After that.
        last: Option<Text> = "final",
    }
}
