//! `update`.

use crate::call::Call;
use crate::command::{Command, Count, NOT_BUILT, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, Flag};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;

#[derive(Debug)]
pub(crate) struct Update;

impl Verb for Update {
    const COMMAND: Command = Command {
        name: "update",
        summary: "change a container's resources (not built yet)",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offer: Offer::Containers,
        flags: &[
            Flag::text("resources", "file with the new resources, or -").short("r"),
            Flag::text("blkio-weight", "I/O weight, 10 to 1000"),
            Flag::text("cpu-period", "CFS period in microseconds"),
            Flag::text("cpu-quota", "CFS quota in microseconds"),
            Flag::text("cpu-burst", "CFS burst in microseconds"),
            Flag::text("cpu-share", "CPU shares"),
            Flag::text("cpu-rt-period", "real-time period in microseconds"),
            Flag::text("cpu-rt-runtime", "real-time runtime in microseconds"),
            Flag::text("cpu-idle", "1 for SCHED_IDLE"),
            Flag::text("cpuset-cpus", "CPUs to use"),
            Flag::text("cpuset-mems", "memory nodes to use"),
            Flag::text("kernel-memory", "has no effect").hidden(),
            Flag::text("kernel-memory-tcp", "has no effect").hidden(),
            Flag::text("memory", "memory limit in bytes"),
            Flag::text("memory-reservation", "soft memory limit in bytes"),
            Flag::text("memory-swap", "limit of memory and swap in bytes; -1 for none"),
            Flag::text("pids-limit", "number of processes; -1 for no limit"),
            Flag::text("l3-cache-schema", "schema of the L3 cache"),
            Flag::text("mem-bw-schema", "schema of the memory bandwidth"),
            Help::FLAG,
        ],
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, _: &Given<'_, Self>) -> Outcome {
        call.id()?;
        Err(NOT_BUILT.into())
    }
}
