//! How the process is run and fed: scheduling, priority for input and output, execution domain, and where its memory
//! comes from.

use super::compile::Compiler;
use super::steps::Origin;
use crate::bundle::{
    IoPriorityClass, MemoryPolicy, MemoryPolicyFlag, MemoryPolicyMode, PersonalityDomain, Process, Scheduler,
    SchedulerFlag, SchedulerPolicy,
};
use orlop_init::wire::Step;

/// So many nodes a kernel can be built for (Linux: `NODES_SHIFT`).
const MOST_NODES: u32 = 1024;

impl Compiler<'_> {
    /// Pushes the steps that still need the runtime's own rights.
    pub(crate) fn attributes(&mut self, process: &Process) {
        if let Some(personality) = &self.config.linux.personality {
            let domain = match personality.domain {
                PersonalityDomain::Linux => 0,
                PersonalityDomain::Linux32 => 8,
            };
            self.steps
                .push(Step::Personality { domain }, Origin::Member("linux.personality"));
        }
        if let Some(policy) = &self.config.linux.memory_policy {
            self.memory_policy(policy);
        }
        if let Some(scheduler) = &process.scheduler {
            self.check_scheduler(scheduler);
        }
        if !self.outside().priorities {
            for (step, path) in priorities(process) {
                self.steps.push(step, Origin::Member(path));
            }
        }
    }

    fn check_scheduler(&mut self, scheduler: &Scheduler) {
        let resets = scheduler.flags.contains(&SchedulerFlag::ResetOnFork);
        if scheduler.policy == SchedulerPolicy::Deadline && !resets && !self.config.hooks.start_container.is_empty() {
            self.problems.error(
                "process.scheduler.policy",
                "a process under SCHED_DEADLINE cannot run hooks.startContainer, since it must not fork: add SCHED_FLAG_RESET_ON_FORK",
            );
        }
    }

    fn memory_policy(&mut self, policy: &MemoryPolicy) {
        let list = policy.nodes.as_deref().unwrap_or_default();
        let Some(nodes) = node_mask(list) else {
            self.problems.error(
                "linux.memoryPolicy.nodes",
                format!("invalid memory policy node: {list:?} is beyond the {MOST_NODES} nodes that Linux knows"),
            );
            return;
        };
        let count: u32 = nodes.iter().map(|word| word.count_ones()).sum();
        match policy.mode {
            MemoryPolicyMode::Default | MemoryPolicyMode::Local if count > 0 => {
                self.problems.error(
                    "linux.memoryPolicy.nodes",
                    format!("{}: mode requires 0 nodes but got {count}", policy.mode),
                );
                return;
            }
            MemoryPolicyMode::Default | MemoryPolicyMode::Local | MemoryPolicyMode::Preferred => {}
            _ if count == 0 => {
                self.problems.error(
                    "linux.memoryPolicy.nodes",
                    format!("{}: mode requires at least 1 node but got 0", policy.mode),
                );
                return;
            }
            _ => {}
        }
        let flags = policy.flags.iter().fold(0, |flags, flag| flags | memory_flag(*flag));
        let nodes: Vec<u8> = nodes.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let step = Step::MemoryPolicy {
            mode: memory_mode(policy.mode) | flags,
            nodes: &nodes,
        };
        self.steps.push(step, Origin::Member("linux.memoryPolicy"));
    }
}

/// What the runtime sets for init, which is in a user namespace by then, where nobody may: real time, good priorities,
/// a lower OOM score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    pub(crate) oom_score: bool,
    pub(crate) priorities: bool,
}

impl Compiler<'_> {
    /// A runtime without privileges leaves them to init, which may do to itself what the runtime may not do to another
    /// user.
    pub(crate) fn outside(&self) -> Outside {
        const CAP_DAC_OVERRIDE: u64 = 1 << 1;
        const CAP_SYS_NICE: u64 = 1 << 23;
        let has = |capability| self.in_user_namespace() && self.host.permitted_capabilities & capability != 0;
        Outside {
            oom_score: has(CAP_DAC_OVERRIDE),
            priorities: has(CAP_SYS_NICE),
        }
    }
}

impl Outside {
    /// The steps that are the runtime's, with their places in the config.
    pub(crate) fn steps(self, process: &Process) -> Vec<(Step<'static>, &'static str)> {
        let mut steps = Vec::new();
        if self.priorities {
            steps = priorities(process);
        }
        if let Some(step) = oom_score(process).filter(|_| self.oom_score) {
            steps.push((step, "process.oomScoreAdj"));
        }
        steps
    }
}

/// The step for `process.oomScoreAdj`.
pub(crate) fn oom_score(process: &Process) -> Option<Step<'static>> {
    let value = i32::from(process.oom_score_adj?.get());
    Some(Step::OomScore { value })
}

/// The steps for the process's priorities, on CPUs and for input and output, with their places in the config.
fn priorities(process: &Process) -> Vec<(Step<'static>, &'static str)> {
    let mut steps = Vec::new();
    if let Some(io) = process.io_priority {
        let step = Step::IoPriority {
            class: match io.class {
                IoPriorityClass::Rt => 1,
                IoPriorityClass::Be => 2,
                IoPriorityClass::Idle => 3,
            },
            priority: u32::try_from(io.priority).unwrap_or(0),
        };
        steps.push((step, "process.ioPriority"));
    }
    if let Some(scheduler) = &process.scheduler {
        steps.push((scheduling(scheduler), "process.scheduler"));
    }
    steps
}

fn scheduling(scheduler: &Scheduler) -> Step<'static> {
    Step::Scheduling {
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

/// `MPOL_*` (Linux: `include/uapi/linux/mempolicy.h`).
fn memory_mode(mode: MemoryPolicyMode) -> u32 {
    match mode {
        MemoryPolicyMode::Default => 0,
        MemoryPolicyMode::Preferred => 1,
        MemoryPolicyMode::Bind => 2,
        MemoryPolicyMode::Interleave => 3,
        MemoryPolicyMode::Local => 4,
        MemoryPolicyMode::PreferredMany => 5,
        MemoryPolicyMode::WeightedInterleave => 6,
    }
}

fn memory_flag(flag: MemoryPolicyFlag) -> u32 {
    match flag {
        MemoryPolicyFlag::NumaBalancing => 1 << 13,
        MemoryPolicyFlag::RelativeNodes => 1 << 14,
        MemoryPolicyFlag::StaticNodes => 1 << 15,
    }
}

/// A list of nodes, `0-3,7`, as bits; `None` if one is beyond what Linux knows.
fn node_mask(list: &str) -> Option<Vec<u64>> {
    let mut words = Vec::new();
    for item in list.split(',').filter(|item| !item.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if last >= MOST_NODES {
            return None;
        }
        for node in first..=last {
            let word = (node / 64) as usize;
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            words[word] |= 1u64 << (node % 64);
        }
    }
    Some(words)
}

/// How a step of this file reads; empty for those of others.
pub(super) fn phrase(step: &Step<'_>) -> String {
    match *step {
        Step::Scheduling {
            policy,
            flags,
            nice,
            priority,
            runtime,
            deadline,
            period,
        } => {
            let name = SchedulerPolicy::ALL
                .get(policy as usize)
                .map_or("SCHED_?", |policy| policy.as_str());
            let mut words = Vec::new();
            match policy {
                0 | 3 => words.push(format!("nice {nice}")),
                1 | 2 => words.push(format!("priority {priority}")),
                6 => words.push(format!("{runtime} ns of each {period} ns, within {deadline} ns")),
                _ => {}
            }
            let set = SchedulerFlag::ALL
                .iter()
                .filter(|flag| flags & scheduler_flag(**flag) != 0);
            words.extend(set.map(|flag| flag.as_str().to_owned()));
            let details = if words.is_empty() {
                String::new()
            } else {
                format!(" ({})", words.join(", "))
            };
            format!("set the scheduling policy {name}{details}")
        }
        Step::IoPriority { class, priority } => {
            let class = (class as usize)
                .checked_sub(1)
                .and_then(|index| IoPriorityClass::ALL.get(index));
            let name = class.map_or("IOPRIO_CLASS_?", |class| class.as_str());
            format!("set the I/O priority {name} {priority}")
        }
        Step::Personality { domain } => {
            let name = if domain == 0 { "LINUX" } else { "LINUX32" };
            format!("set the personality {name}")
        }
        Step::MemoryPolicy { mode, nodes } => {
            let name = MemoryPolicyMode::ALL
                .iter()
                .find(|known| memory_mode(**known) == mode & 0xfff)
                .map_or("MPOL_?", |mode| mode.as_str());
            let flags: String = MemoryPolicyFlag::ALL
                .iter()
                .filter(|flag| mode & memory_flag(**flag) != 0)
                .map(|flag| format!(" with {flag}"))
                .collect();
            let on: Vec<String> = (0u32..)
                .zip(
                    nodes
                        .iter()
                        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)),
                )
                .filter(|(_, set)| *set)
                .map(|(node, _)| node.to_string())
                .collect();
            let on = if on.is_empty() {
                String::new()
            } else {
                format!(" on nodes {}", on.join(","))
            };
            format!("set the memory policy {name}{flags}{on}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_nodes_becomes_bits() {
        assert_eq!(node_mask("0-3,7").unwrap(), [0x8f]);
        assert_eq!(node_mask("64").unwrap(), [0, 1]);
        assert_eq!(node_mask("").unwrap(), [0u64; 0]);
        assert_eq!(node_mask("1023").unwrap().len(), 16);
        assert_eq!(node_mask("0-1024"), None);
    }
}
