//! `linux.memoryPolicy`: where the process's memory comes from.

use crate::bundle::{MemoryPolicy, MemoryPolicyFlag, MemoryPolicyMode, number_mask};
use crate::plan::acts::Origin;
use crate::plan::process::Rooms;
use orlop_init::step::process::MemoryPolicy as MemoryPolicyStep;

/// So many nodes a kernel can be built for (Linux: `NODES_SHIFT`).
const MOST_NODES: u32 = 1024;

impl Rooms<'_> {
    pub(super) fn memory_policy(&mut self, policy: &MemoryPolicy) {
        let list = policy.nodes.as_deref().unwrap_or_default();
        let Some(nodes) = number_mask(list, MOST_NODES) else {
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
        let step = MemoryPolicyStep {
            mode: memory_mode(policy.mode) | flags,
            nodes: &nodes,
        };
        self.acts.step(&step, Origin::Member("linux.memoryPolicy"));
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
