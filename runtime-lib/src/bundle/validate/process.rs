//! The process (runtime-spec: config.md#process).

use super::super::process::{ConsoleSize, Process, RlimitType, User};
use super::super::quote::Quoted;
use super::super::schedule::{Scheduler, SchedulerPolicy};
use super::super::text::Text;
use super::{NO_ID, absolute, is_number_list};
use crate::bundle::Capability;
use crate::nearest::meant;
use crate::problem::{JsonPath, Problem, Problems};

/// Collects the faults of a process; `at` is its path, empty for a `process.json`.
pub(in super::super) fn process(process: &Process, at: &'static str, problems: &mut Problems) {
    let member = |name: &str| JsonPath::from(at).member(name);
    absolute(&process.cwd, || member("cwd").to_string(), problems);
    match process.args.first() {
        None => problems.error(member("args"), "at least the program's name is needed"),
        Some(program) if program.is_empty() => {
            // Engines give the exit status by the words, as of any program that is not there.
            problems.error(member("args").index(0), "is empty: executable file not found in $PATH");
        }
        Some(_) => {}
    }
    environment(&process.env, &member("env"), problems);
    user(&process.user, &member("user"), problems);
    if let Some(size) = process.console_size {
        console_size(size, process.terminal, &member("consoleSize"), problems);
    }
    if process.command_line.is_some() {
        problems.warning(member("commandLine"), "not for Linux, ignored");
    }
    for (index, limit) in process.rlimits.iter().enumerate() {
        let path = || member("rlimits").index(index);
        if process
            .rlimits
            .iter()
            .take(index)
            .any(|other| other.resource == limit.resource)
        {
            problems.error(path().member("type"), format!("{} is given twice", limit.resource));
        }
        if limit.soft > limit.hard {
            problems.error(
                path(),
                format!("the soft limit {} is above the hard limit {}", limit.soft, limit.hard),
            );
        }
        // More than all types means doubles without end: one word about them is enough.
        if index > RlimitType::ALL.len() {
            break;
        }
    }
    if let Some(capabilities) = &process.capabilities {
        for (set, names) in capabilities.sets() {
            let unknown = names.iter().enumerate().filter(|(_, name)| name.known().is_none());
            warn_of_some(unknown, &member("capabilities").member(set), problems, |name| {
                let known = Capability::ALL.iter().map(|known| known.as_str());
                let hint = meant(name.as_str(), known);
                format!("unknown capability {}, ignored{hint}", Quoted(name.as_str()))
            });
        }
    }
    if let Some(scheduler) = &process.scheduler {
        scheduling(scheduler, &member("scheduler"), problems);
    }
    if let Some(io) = process.io_priority
        && !(0..=7).contains(&io.priority)
    {
        problems.error(
            member("ioPriority").member("priority"),
            format!("{} is not from 0 to 7", io.priority),
        );
    }
    if let Some(affinity) = &process.exec_cpu_affinity {
        for (name, list) in [("initial", &affinity.initial), ("final", &affinity.last)] {
            if let Some(list) = list
                && !is_number_list(list)
            {
                let text = format!("{} is not a list of CPUs such as 0-3,7", Quoted(list));
                problems.error(member("execCPUAffinity").member(name), text);
            }
        }
    }
}

/// Faults of an environment, of a process or a hook.
pub(super) fn environment(variables: &[Text], path: &JsonPath, problems: &mut Problems) {
    let named = |variable: &Text| variable.as_str().bytes().skip(1).any(|byte| byte == b'=');
    let odd = variables.iter().enumerate().filter(|(_, variable)| !named(variable));
    warn_of_some(odd, path, problems, |variable| {
        format!(
            "{} is not of the form NAME=value; it is passed on as it is",
            Quoted(variable)
        )
    });
}

/// Warns about elements of a list, of so many that a person would read them: a hostile list can have millions.
fn warn_of_some<'a, T: 'a>(
    elements: impl Iterator<Item = (usize, &'a T)>,
    path: &JsonPath,
    problems: &mut Problems,
    text: impl Fn(&T) -> String,
) {
    for (told, (index, element)) in elements.enumerate() {
        if told == 32 {
            problems.warning(path.index(index), "and more like these from here on");
            return;
        }
        problems.warning(path.index(index), text(element));
    }
}

fn console_size(size: ConsoleSize, has_terminal: bool, path: &JsonPath, problems: &mut Problems) {
    if !has_terminal {
        if (size.height.unwrap_or(0), size.width.unwrap_or(0)) != (0, 0) {
            problems.push(Problem::warning(path.clone(), "there is no terminal, ignored").into_notice());
        }
        return;
    }
    for (name, value) in [("height", size.height), ("width", size.width)] {
        match value {
            None => problems.error(path.member(name), "missing"),
            Some(value) if value > u16::MAX.into() => {
                let text = format!("expected a number from 0 to {}, found {value}", u16::MAX);
                problems.error(path.member(name), text);
            }
            Some(_) => {}
        }
    }
}

fn user(user: &User, path: &JsonPath, problems: &mut Problems) {
    let mut id = |id: u32, path: JsonPath| {
        if id == NO_ID {
            problems.error(path, format!("{NO_ID} stands for no id"));
        }
    };
    id(user.uid, path.member("uid"));
    id(user.gid, path.member("gid"));
    for (index, gid) in user.additional_gids.iter().enumerate() {
        if *gid == NO_ID {
            id(*gid, path.member("additionalGids").index(index));
        }
    }
    if let Some(mask) = user.umask
        && mask.bits() > 0o777
    {
        problems.error(path.member("umask"), "has bits above 0777, which the kernel would drop");
    }
    if user.username.is_some() {
        problems.warning(path.member("username"), "not for Linux, ignored");
    }
}

/// What a policy has no use for is refused: the kernel would drop it silently, or refuse it without saying what. A nice
/// value is noticed only: peers let it pass with each policy, and the kernel keeps to it where it has a meaning.
fn scheduling(scheduler: &Scheduler, path: &JsonPath, problems: &mut Problems) {
    use SchedulerPolicy::{Batch, Deadline, Fifo, Other, Rr};
    let policy = scheduler.policy;
    if let Some(nice) = scheduler.nice {
        if !(-20..=19).contains(&nice) {
            problems.error(path.member("nice"), format!("{nice} is not from -20 to 19"));
        } else if nice != 0 && !matches!(policy, Other | Batch) {
            let problem = Problem::warning(path.member("nice"), format!("has no meaning for {policy}, ignored"));
            problems.push(problem.into_notice());
        }
    }
    match scheduler.priority {
        Some(priority) if matches!(policy, Fifo | Rr) && !(1..=99).contains(&priority) => {
            problems.error(path.member("priority"), format!("{priority} is not from 1 to 99"));
        }
        Some(priority) if priority != 0 && !matches!(policy, Fifo | Rr) => {
            problems.error(path.member("priority"), format!("has no meaning for {policy}"));
        }
        None if matches!(policy, Fifo | Rr) => {
            problems.error(path.member("priority"), format!("missing, {policy} needs one"))
        }
        _ => {}
    }
    if policy != Deadline {
        for (name, time) in [
            ("runtime", scheduler.runtime),
            ("deadline", scheduler.deadline),
            ("period", scheduler.period),
        ] {
            if time.is_some_and(|time| time != 0) {
                problems.error(path.member(name), format!("has no meaning for {policy}"));
            }
        }
    }
}
