//! `events`.

use crate::call::Call;
use crate::command::{Command, Count, ONE_AT_A_TIME, Offer, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::output::print;
use crate::refusal::{Outcome, Refusal};
use crate::shared_flags::Help;
use orlop::{Container, Event};
use serde::Serialize;
use std::time::{Duration, Instant};

flags! {
    Interval: Time("interval", "time between two statistics: 500ms, 5s, 1m30s (default: 5s)");
    Stats: Switch("stats", "print the statistics once and exit");
}

#[derive(Debug)]
pub(crate) struct Events;

impl Verb for Events {
    const COMMAND: Command = Command {
        name: "events",
        summary: "print what a container uses, and when it is out of memory",
        arguments: "<container-id>",
        count: Count::Exactly(1),
        surplus: ONE_AT_A_TIME,
        offers: &[Offer::Containers],
        flags: &[Interval::FLAG, Stats::FLAG, Help::FLAG],
        description: "A line of JSON each: `{\"type\":\"stats\",\"id\":...,\"data\":...}` after every interval, `{\"type\":\"oom\",\"id\":...}` when the kernel\nends a process for want of memory. It ends with the container.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let id = call.id()?.to_string();
        let container = call.container()?;
        let interval = interval(flags)?;
        if flags.is_on(Stats) {
            print_stats(&container, &id)?;
            return Ok(0);
        }
        let mut events = container.events()?;
        let mut next = Instant::now() + interval;
        loop {
            match events.next_within(next.saturating_duration_since(Instant::now()))? {
                Some(Event::OutOfMemory { .. }) => line(&Line {
                    kind: "oom",
                    id: &id,
                    data: None,
                })?,
                Some(_) => return Ok(0),
                None => match print_stats(&container, &id) {
                    Ok(()) => next += interval,
                    // It may end at any time; then its end is the next event, and the last one.
                    Err(_) if events.next_within(Duration::ZERO)? == Some(Event::Ended) => return Ok(0),
                    Err(refusal) => return Err(refusal),
                },
            }
        }
    }
}

fn interval(flags: &Given<'_, Events>) -> Result<Duration, Refusal> {
    match flags.time(Interval) {
        Some(Duration::ZERO) => Err("duration interval must be greater than 0".into()),
        Some(interval) => Ok(interval),
        None => Ok(Duration::from_secs(5)),
    }
}

/// As runc has it: a part that the container has no controller for is told with zeros.
fn print_stats(container: &Container, id: &str) -> Result<(), Refusal> {
    let mut stats = container.stats()?;
    stats.cpu.get_or_insert_default();
    stats.cpuset.get_or_insert_default();
    stats.memory.get_or_insert_default();
    stats.pids.get_or_insert_default();
    stats.block_io.get_or_insert_default();
    line(&Line {
        kind: "stats",
        id,
        data: Some(stats),
    })
}

/// What is printed, as runc has it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<orlop::Stats>,
}

fn line(line: &Line<'_>) -> Result<(), Refusal> {
    print(&(serde_json::to_string(line).map_err(|error| error.to_string())? + "\n"))?;
    Ok(())
}
