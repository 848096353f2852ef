//! From a failure that init tells to a sentence.

use crate::error::{ErrnoInWords, Error, Failure, HookFailure};
use crate::plan::{Origin, Steps, phrase, shown};
use crate::store::StartStep;
use orlop_init::wire::{Message, Part, Step};
use rustix::io::Errno;

/// A failure of a step that is in the plan at hand.
pub(super) fn of_plan(steps: &Steps, message: &Message, text: &str) -> Error {
    let Some((step, origin)) = steps.get(message.step as usize) else {
        return Failure::plain(
            "set the container up",
            "init does not understand its plan; this is a fault of orlop's",
        )
        .into();
    };
    if let Step::Hook { .. } = step {
        return hook(origin, message, text);
    }
    if let Step::FindProgram { name, .. } = step {
        return Error::Exec(format!("process.args: {}", program(&shown(name), message)));
    }
    let mut failure = Failure {
        attempted: phrase(&step),
        errno: errno(message),
        path: origin.path(),
        hint: hint(&step, message),
    };
    refine(&step, origin, message, text, &mut failure);
    failure.into()
}

/// A failure of a step after `start`, of which the record keeps what has to be said.
pub(super) fn of_start(steps: &[StartStep], message: &Message, text: &str) -> Error {
    let step = steps.iter().find(|step| step.index == message.step);
    let phrase = step.map_or("start the container's process", |step| step.phrase.as_str());
    let path = step.and_then(|step| step.path.as_deref());
    if let Some(program) = phrase.strip_prefix(EXEC) {
        return Error::Exec(format!("process.args: {}", execve(program, errno(message))));
    }
    if let Some(index) = path.and_then(|path| path.strip_prefix("hooks.startContainer[")) {
        let index = index.trim_end_matches(']').parse().unwrap_or(0);
        return hook(&Origin::Element("hooks.startContainer", index), message, text);
    }
    let mut failure = Failure {
        attempted: phrase.to_owned(),
        errno: errno(message),
        path: None,
        hint: None,
    };
    failure.path = path.map(crate::JsonPath::from);
    failure.into()
}

/// How the record marks the step that executes the program, whose name follows.
pub(crate) const EXEC: &str = "exec ";

fn errno(message: &Message) -> Option<Errno> {
    (message.errno != 0).then(|| Errno::from_raw_os_error(message.errno))
}

fn hook(origin: &Origin, message: &Message, text: &str) -> Error {
    let (kind, index) = match origin {
        Origin::Element(list, index) => (list.strip_prefix("hooks.").unwrap_or(list), *index),
        _ => ("createContainer", 0),
    };
    let kind = if kind == "startContainer" {
        "startContainer"
    } else {
        "createContainer"
    };
    let ended = match (Part::from_number(message.part), errno(message)) {
        (Part::HookStatus, _) => super::hooks::exit_in_words(i32::try_from(message.detail).unwrap_or(-1)),
        (Part::HookTimeout, _) => format!("timed out after {} s", message.detail),
        (_, Some(errno)) => format!("exec: {}", ErrnoInWords(errno)),
        (_, None) => "it could not be run".to_owned(),
    };
    HookFailure {
        kind,
        index,
        ended,
        stderr: text.to_owned(),
    }
    .into()
}

/// Why there is no such program, in runc's words, by which engines choose their exit codes.
fn program(name: &str, message: &Message) -> String {
    match Part::from_number(message.part) {
        Part::NotFound => format!("exec: {name:?}: executable file not found in $PATH"),
        Part::IsDirectory => format!("exec: {name:?}: is a directory"),
        _ => match errno(message) {
            Some(Errno::NOENT) => format!("exec: {name:?}: stat {name}: {}", ErrnoInWords(Errno::NOENT)),
            Some(errno) => format!("exec: {name:?}: {}", ErrnoInWords(errno)),
            None => format!("exec: {name:?}: not found"),
        },
    }
}

/// Why the kernel does not execute a program that was found.
fn execve(program: &str, errno: Option<Errno>) -> String {
    let errno = errno.unwrap_or(Errno::IO);
    let hint = match errno {
        Errno::NOENT => "; its interpreter (the first line of a script, or the dynamic loader) is not in the container",
        Errno::NOEXEC => {
            "; it is neither a program for this machine nor a script with a first line that names its interpreter"
        }
        Errno::ACCESS => {
            "; it may be on a filesystem that is mounted noexec, or its user, or Landlock, may not execute it"
        }
        Errno::TOOBIG => "; its arguments and environment are larger than the kernel takes",
        _ => "",
    };
    format!("exec {program}: {}{hint}", ErrnoInWords(errno))
}

/// A failure of what the parent did in init's place.
pub(super) fn from_outside(step: &Step<'_>, path: &'static str, errno: Errno) -> Error {
    let failure = Failure::new(phrase(step), errno).at(path);
    match advice(step, errno) {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}

/// What the user may do about it.
fn hint(step: &Step<'_>, message: &Message) -> Option<String> {
    advice(step, errno(message)?)
}

fn advice(step: &Step<'_>, errno: Errno) -> Option<String> {
    let hint = match (step, errno) {
        (Step::Mount { kind, .. }, Errno::NODEV) => format!("the kernel has no filesystem {:?} loaded", shown(kind)),
        (
            Step::Mount { .. }
            | Step::Bind { .. }
            | Step::OpenRoot { .. }
            | Step::ReadonlyRoot
            | Step::ReadonlyPath { .. },
            Errno::NOSYS,
        ) => "the mount API needs Linux 5.12 or newer".to_owned(),
        (Step::Rlimit { .. }, Errno::PERM) => "raising a hard limit needs CAP_SYS_RESOURCE".to_owned(),
        (Step::OomScore { .. }, Errno::ACCESS) => {
            "only raising it, or lowering it to what it once was, needs no CAP_SYS_RESOURCE".to_owned()
        }
        (Step::Label { .. }, Errno::NOENT) => "no such profile is loaded".to_owned(),
        (Step::Label { .. }, Errno::INVAL) => "no policy knows it".to_owned(),
        (Step::Scheduling { policy: 4, .. }, Errno::INVAL) => "Linux has no SCHED_ISO".to_owned(),
        (Step::Scheduling { policy: 6, .. }, Errno::PERM) => {
            "SCHED_DEADLINE needs CAP_SYS_NICE, and can't be used together with AllowedCPUs (linux.resources.cpu.cpus)"
                .to_owned()
        }
        (Step::Scheduling { policy: 6, .. }, Errno::BUSY) => "the CPUs have no such time left".to_owned(),
        (Step::Scheduling { .. }, Errno::PERM) => {
            "it needs CAP_SYS_NICE, and a cgroup v1 whose cpu.rt_runtime_us is not 0".to_owned()
        }
        (Step::Scheduling { .. }, Errno::OPNOTSUPP) => "the kernel has no utilization clamps".to_owned(),
        (Step::IoPriority { class: 1, .. }, Errno::PERM) => "it needs CAP_SYS_NICE".to_owned(),
        (Step::MemoryPolicy { .. }, Errno::INVAL) => {
            "no such node is usable, the flags exclude one another, or the kernel is too old for the mode".to_owned()
        }
        (Step::MemoryPolicy { .. }, Errno::NOSYS) => "the kernel is built without NUMA".to_owned(),
        (Step::Sysctl { .. }, Errno::NOENT) => "the kernel has no such parameter".to_owned(),
        (Step::Pivot, Errno::INVAL) => "the root may be a ramdisk, where only --no-pivot works".to_owned(),
        (Step::WorkingDirectory { .. }, _) => "set in config.json".to_owned(),
        (Step::Seccomp { .. }, Errno::ACCESS) => "a filter without noNewPrivileges needs CAP_SYS_ADMIN".to_owned(),
        _ => return None,
    };
    Some(hint)
}

/// Says which part of a step it was.
fn refine(step: &Step<'_>, origin: &Origin, message: &Message, text: &str, failure: &mut Failure) {
    let part = Part::from_number(message.part);
    let said = |failure: &mut Failure| {
        if !text.is_empty() {
            failure.hint = Some(format!("the kernel says: {text}"));
        }
    };
    match (step, part) {
        (Step::Mount { kind, target, .. }, Part::Target)
            if (*kind == c"proc" || *kind == c"sysfs") && failure.errno == Some(Errno::LOOP) =>
        {
            failure.hint = Some(format!(
                "/{} must be mounted on ordinary directory, not on a link",
                shown(target)
            ));
        }
        (Step::Mount { parameters, .. } | Step::ChangeMount { parameters, .. }, Part::Parameter) => {
            let parameter = parameters
                .iter()
                .nth(message.detail as usize)
                .map(|parameter| shown(parameter).into_owned());
            let parameter = parameter.unwrap_or_default();
            failure.attempted = format!("{}: the option {parameter:?} is refused", failure.attempted);
            failure.path = origin.path().map(|path| path.member("options"));
            if let Origin::Mount { options, .. } = origin
                && let Some(option) = options.get(message.detail as usize)
                // The mount's label is no option of its list.
                && *option != u32::MAX
            {
                failure.path = failure.path.take().map(|path| path.index(*option as usize));
            }
            said(failure);
        }
        (Step::Mount { .. } | Step::ChangeMount { .. }, Part::Whole) | (Step::Mount { .. }, Part::Source) => {
            said(failure);
        }
        (Step::ChangeMount { .. }, Part::Source | Part::Attributes) if failure.errno == Some(Errno::INVAL) => {
            failure.hint = Some("nothing is mounted there".to_owned());
        }
        (Step::Bind { .. } | Step::ChangeMount { .. }, Part::Attributes) if failure.errno == Some(Errno::PERM) => {
            failure.hint = Some(
                "the mount comes from a more privileged user namespace, where a flag that is to be cleared was set"
                    .to_owned(),
            );
        }
        (_, Part::Mapping) => {
            failure.attempted = format!("map the ids to {}", failure.attempted);
            failure.hint = match failure.errno {
                Some(Errno::INVAL) => Some("the filesystem cannot map ids, or they are mapped already".to_owned()),
                Some(Errno::NOSYS) => Some("it needs Linux 5.12 or newer".to_owned()),
                Some(Errno::PERM) => {
                    Some("mapping ids needs CAP_SYS_ADMIN where the filesystem was mounted".to_owned())
                }
                _ => None,
            };
        }
        (Step::Mount { target, .. } | Step::Bind { target, .. }, Part::Target) => {
            failure.attempted = format!("make the mount point /{} to {}", shown(target), failure.attempted);
        }
        (Step::Bind { source, .. }, Part::Source) => {
            failure.attempted = format!("open {:?} to {}", shown(source), failure.attempted);
            failure.path = origin.path().map(|path| path.member("source"));
        }
        (Step::OpenRoot { .. }, Part::Null) | (_, Part::Null) => {
            failure.attempted = "use the host's /dev/null".to_owned();
            failure.path = None;
            failure.hint = Some("it has to be the character device 1:3".to_owned());
        }
        (_, Part::Proc) => {
            failure.hint = Some("/proc of the host is not a procfs".to_owned());
        }
        (_, Part::Root) => failure.hint = Some("it leads to the root itself".to_owned()),
        (_, Part::Exists) => failure.hint = Some("something else is there".to_owned()),
        (_, Part::Outside) => failure.hint = Some("it is outside of the container's root".to_owned()),
        (Step::Credentials { groups, .. }, Part::Groups) => {
            failure.attempted = format!("set {} supplementary groups", groups.len() / 4);
            failure.path = Some("process.user.additionalGids".into());
        }
        (Step::Credentials { gid, .. }, Part::Gid) => {
            failure.attempted = format!("become group {gid}");
            failure.path = Some("process.user.gid".into());
        }
        (Step::Credentials { uid, .. }, Part::Uid) => {
            failure.attempted = format!("become user {uid}");
            failure.path = Some("process.user.uid".into());
        }
        (Step::Credentials { .. }, Part::Bounding | Part::Ambient | Part::Whole) => {
            let set = match part {
                Part::Bounding => "bounding",
                Part::Ambient => "ambient",
                _ => "process's",
            };
            failure.attempted = format!("set the {set} capabilities");
            failure.path = Some("process.capabilities".into());
        }
        (Step::Console { .. }, Part::Source) => {
            failure.hint = Some("a terminal needs a devpts at /dev/pts, and /dev/pts/ptmx in it".to_owned());
        }
        _ => {}
    }
}
