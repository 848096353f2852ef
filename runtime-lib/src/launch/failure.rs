//! From a failure that init tells to a sentence.

use crate::Errno;
use crate::bundle::meant_option;
use crate::error::{Error, ExecFailure, ExecFault, Failure, HookEnd, HookFailure};
use crate::plan::acts::{Acts, Origin};
use crate::process::ExitStatus;
use orlop_init::linux::errno as numbers;
use orlop_init::step::{Attempted, Failed, Hint, Member, Step, hooks, mounts, program};
use orlop_init::wire::{Message, Part};
use std::ffi::CStr;
use std::time::Duration;

/// A failure of a step that is in the plan at hand.
pub(crate) fn of_plan(acts: &Acts, message: &Message, text: &str) -> Error {
    match acts.find_step(message.step as usize) {
        Some((step, origin)) => of_step(&step, origin, message, text),
        None => Failure::plain(
            "set the container up",
            "init does not understand its plan; this is a fault of orlop's",
        )
        .into(),
    }
}

/// A failure of a step.
pub(crate) fn of_step(step: &Step<'_>, origin: &Origin, message: &Message, text: &str) -> Error {
    let failed = Failed {
        part: Part::from_number(message.part),
        errno: message.errno,
        detail: message.detail,
        text,
    };
    match step {
        Step::Hooks(hooks::Steps::Hook(hook)) => return of_hook(origin, Some(word(hook.path)), message, text),
        Step::Program(program::Steps::FindProgram(find)) => return not_found(find, &failed).into(),
        Step::Program(program::Steps::Execute(execute)) if failed.part == Part::Whole => {
            return not_executed(&execute.args.iter().next().map(word).unwrap_or_default(), &failed).into();
        }
        _ => {}
    }
    let reads = step.reads();
    let hint = Hint(reads, &failed).to_string();
    let mut failure = Failure::plain(Attempted(reads, &failed).to_string(), hint);
    failure.hint = failure.hint.filter(|hint| !hint.is_empty());
    failure.errno = errno(message);
    failure.path = origin.path();
    match reads.member(&failed) {
        None => {}
        Some(Member::Of(name)) => failure.path = failure.path.map(|path| path.member(name)),
        Some(Member::At(path)) => failure.path = Some(path.into()),
        Some(Member::Option(parameter)) => failure.path = origin.option(parameter),
        Some(Member::Attribute(bit)) => failure.path = origin.option_of_attribute(bit),
        Some(Member::Nobody) => failure.path = None,
    }
    refine(&failed, &mut failure);
    if let Some(parameter) = refused_parameter(step, &failed) {
        let said = failure.hint.unwrap_or_default();
        let hint = format!("{}{}", said.trim_end(), meant_option(&parameter));
        failure.hint = Some(hint.trim_start_matches("; ").to_owned()).filter(|hint| !hint.is_empty());
    }
    failure.into()
}

/// A failure of a hook that init ran; its program, where the plan is known that far.
pub(super) fn of_hook(origin: &Origin, program: Option<String>, message: &Message, text: &str) -> Error {
    let (kind, index) = match origin {
        Origin::Element("hooks.startContainer", index) => ("startContainer", *index),
        Origin::Element(_, index) => ("createContainer", *index),
        _ => ("createContainer", 0),
    };
    let end = match (Part::from_number(message.part), errno(message)) {
        (Part::HookStatus, _) => HookEnd::Ended(ExitStatus::from_told(message.detail)),
        (Part::HookTimeout, _) => HookEnd::TimedOut(Duration::from_secs(message.detail.into())),
        (_, Some(errno)) => HookEnd::NotExecuted(program, errno),
        (_, None) => HookEnd::Unknown,
    };
    HookFailure {
        kind,
        index,
        end,
        stderr: text.to_owned(),
    }
    .into()
}

/// The filesystem's parameter that it refuses.
fn refused_parameter(step: &Step<'_>, failed: &Failed<'_>) -> Option<String> {
    let parameters = match step {
        Step::Mounts(mounts::Steps::Mount(mount)) => mount.parameters,
        Step::Mounts(mounts::Steps::ChangeMount(change)) => change.parameters,
        _ => return None,
    };
    let parameter = parameters.iter().nth(failed.detail as usize);
    parameter.filter(|_| failed.part == Part::Parameter).map(word)
}

/// Why there is no such program.
fn not_found(find: &program::FindProgram<'_>, failed: &Failed<'_>) -> ExecFailure {
    let is_absolute = |folder: &[u8]| folder.starts_with(b"/");
    let mut folders = find.search.to_bytes().split(|byte| *byte == b':');
    let fault = match failed.part {
        Part::IsDirectory => ExecFault::IsDirectory,
        Part::NotFound if find.search.is_empty() => ExecFault::NoPath,
        Part::NotFound if !folders.all(is_absolute) => ExecFault::OddPath,
        Part::NotFound => ExecFault::NotInPath,
        _ => ExecFault::NotExecutable(Errno::from_raw(failed.errno)),
    };
    ExecFailure {
        program: word(find.name),
        fault,
    }
}

/// Why the kernel does not execute a program that was found.
pub(super) fn not_executed(program: &str, failed: &Failed<'_>) -> ExecFailure {
    ExecFailure {
        program: program.to_owned(),
        fault: ExecFault::Refused(Errno::from_raw(failed.errno)),
    }
}

fn errno(message: &Message) -> Option<Errno> {
    (message.errno != 0).then(|| Errno::from_raw(message.errno))
}

fn word(text: &CStr) -> String {
    orlop_init::step::Escaped(text).to_string()
}

/// What is the same for all steps.
fn refine(failed: &Failed<'_>, failure: &mut Failure) {
    let hint = match failed.part {
        Part::Mapping => {
            failure.attempted = format!("map the ids to {}", failure.attempted);
            match failed.errno {
                numbers::INVAL => "the filesystem cannot map ids, or they are mapped already",
                numbers::NOSYS => "it needs Linux 5.12 or newer",
                numbers::PERM => "mapping ids needs CAP_SYS_ADMIN where the filesystem was mounted",
                _ => {
                    failure.hint = None;
                    return;
                }
            }
        }
        Part::Null => {
            failure.attempted = "use the host's /dev/null".to_owned();
            failure.path = None;
            "it has to be the character device 1:3"
        }
        Part::Proc => "/proc of the host is not a procfs",
        Part::Root => "it leads to the root itself",
        Part::Exists => "something else is there",
        Part::Covered => {
            "something else is there now, and stays: what was added is mounted still, below that or elsewhere"
        }
        Part::InProc => "the destination cannot be mounted because it is inside /proc",
        Part::NoProc => "the destination cannot be mounted because it is not of type proc",
        Part::Outside => "it is outside of the container's root",
        Part::Shared => {
            "the mount that it is on is shared with the host's (propagation \"shared\"): what is mounted there would show, \
             and stay, on the host"
        }
        _ => return,
    };
    failure.hint = Some(hint.to_owned());
}
