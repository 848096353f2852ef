//! `conformance inject`: what becomes of a runtime whose system calls fail, or that is killed, at each of its calls in
//! turn. Whatever happens, it ends, does not panic, and leaves nothing that `delete --force` does not remove.

mod fault;
mod options;
mod point;
mod scenario;
mod tally;
mod tracer;
mod world;

use std::collections::HashMap;
use std::fs;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use options::Options;
use point::{Point, places, spread, thinned};
use scenario::Scenario;
use tally::{Tally, table};
use world::{Findings, World};

use crate::ground::Ground;
use crate::output::complain;

/// Injects, tells what is wrong, and prints the table.
pub(crate) fn run(words: &[String]) -> ExitCode {
    if cfg!(not(target_arch = "x86_64")) {
        return complain("inject: built for x86_64 only, since it changes a process's registers");
    }
    match Options::parse(words).and_then(|options| inject(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => complain(&text),
    }
}

fn inject(options: &Options) -> Result<bool, String> {
    let failed = |error: std::io::Error| error.to_string();
    let (impossible, possible): (Vec<_>, Vec<_>) = options
        .scenarios
        .iter()
        .map(|it| (*it, it.is_impossible()))
        .partition(|(_, why)| why.is_some());
    for (scenario, why) in &impossible {
        println!("{}: skipped: {}", scenario.name, why.as_deref().unwrap_or_default());
    }
    let scenarios: Vec<&'static Scenario> = possible.into_iter().map(|(scenario, _)| scenario).collect();
    if scenarios.is_empty() {
        return Err("none of these verbs can be tried on this host".to_owned());
    }
    let begin = Instant::now();
    let ground = Ground::take().map_err(failed)?;
    ground.make_cgroups().map_err(failed)?;
    let mounts = mounts();
    let new_world = |number| {
        let place = (ground.dir.as_path(), ground.probe.as_path());
        let known = (number, ground.tag.as_str());
        World::new(&options.runtime.path, known, place, &scenarios, options.limit).map_err(failed)
    };
    let worlds: Vec<World<'_>> = (0..options.workers).map(new_world).collect::<Result<_, String>>()?;
    let first = worlds.first().ok_or("no worker")?;
    let has_ended = AtomicBool::new(false);
    let tallies = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                worlds.iter().for_each(|world| world.guard.strike());
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let tallies = points(options, &scenarios, first).and_then(|points| work(options, &scenarios, &points, &worlds));
        has_ended.store(true, Ordering::Relaxed);
        tallies
    })?;
    let (text, mut is_well) = table(&scenarios, &tallies);
    print!("{text}");
    if options.whole.is_some() {
        println!("as many as the time was enough for");
    }
    if self::mounts() != mounts {
        println!("mounts were left, or taken away");
        is_well = false;
    }
    println!("in {} s", begin.elapsed().as_secs());
    Ok(is_well)
}

/// Where what is injected.
fn points(options: &Options, scenarios: &[&'static Scenario], world: &World<'_>) -> Result<Vec<Point>, String> {
    if !options.only.is_empty() {
        return Ok(options.only.clone());
    }
    let mut points = Vec::new();
    for scenario in scenarios {
        let calls = world.count(scenario)?;
        println!("{}: calls of each process: {calls:?}", scenario.name);
        let with_each_fault = |place| {
            let point = move |fault: &_| Point {
                scenario: scenario.name,
                place,
                fault: *fault,
            };
            options.faults.iter().map(point)
        };
        points.extend(places(&calls).flat_map(with_each_fault));
    }
    let chosen = thinned(points, options.faults.len(), options.every);
    Ok(match options.whole {
        Some(_) => spread(chosen),
        None => chosen,
    })
}

/// Shares the points out among the workers.
fn work(
    options: &Options,
    scenarios: &[&Scenario],
    points: &[Point],
    worlds: &[World<'_>],
) -> Result<Vec<Tally>, String> {
    let tallies = Mutex::new(vec![Tally::default(); scenarios.len()]);
    let next = AtomicUsize::new(0);
    let names = call_names();
    let end = options.whole.map(|whole| Instant::now() + whole);
    let work_in = |world: &World<'_>| -> Result<(), String> {
        while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
            if end.is_some_and(|end| Instant::now() > end) {
                return Ok(());
            }
            let at = scenarios.iter().position(|scenario| scenario.name == point.scenario);
            let Some((at, scenario)) = at.and_then(|at| Some((at, scenarios.get(at)?))) else {
                return Err(format!("{point} is of none of the chosen verbs"));
            };
            let scenario: &Scenario = scenario;
            let findings = world.inject(scenario, point)?;
            if !findings.are_well() || !options.only.is_empty() {
                print!("{}", told(point, &findings, &names));
            }
            let mut tallies = tallies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            tallies[at].add(&findings);
        }
        Ok(())
    };
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let workers: Vec<_> = worlds.iter().map(|world| scope.spawn(|| work_in(world))).collect();
        let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|outcome| outcome.unwrap_or_else(|_| Err("a worker panicked".to_owned())))
            .collect()
    });
    outcomes.into_iter().collect::<Result<(), String>>()?;
    Ok(tallies.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// A finding in a few lines.
fn told(point: &Point, findings: &Findings, names: &HashMap<i64, String>) -> String {
    let call = findings.call.map_or("not reached".to_owned(), |number| {
        names.get(&number).cloned().unwrap_or_else(|| number.to_string())
    });
    let mut text = format!("{point} ({call}):");
    if findings.hang {
        text += " hang;";
    }
    if findings.panic.is_some() {
        text += " panic;";
    }
    if let Some(why) = &findings.stuck {
        text += &format!(" stuck: {why};");
    }
    if !findings.leftovers.is_empty() {
        text += &format!(" left: {};", findings.leftovers.join(", "));
    }
    format!("{text} it said: {}\n", findings.said)
}

/// The names of system calls, where the kernel's headers are installed.
fn call_names() -> HashMap<i64, String> {
    let header = fs::read_to_string("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.strip_prefix("#define __NR_")?.split_whitespace();
        let name = words.next()?.to_owned();
        Some((words.next()?.parse().ok()?, name))
    };
    header.lines().filter_map(line).collect()
}

fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}
