//! Each step as a person reads it: `explain` prints the phrase, and an error says that it "cannot" be done.

use super::mount_options::{attribute, propagation};
use super::process::names;
use super::steps::shown;
use orlop_init::wire::{Propagations, Step, Strings};
use std::fmt::Write;

/// `SECCOMP_FILTER_FLAG_NEW_LISTENER`
const NEW_LISTENER: u64 = 1 << 3;

/// What a step does, in words that can follow "cannot".
pub(crate) fn phrase(step: &Step<'_>) -> String {
    match *step {
        Step::NewKeyring { name } => format!("take a session keyring of its own, {:?}", shown(name)),
        Step::JoinCgroup { .. } => "join the cgroup".to_owned(),
        Step::Unshare { flags } => format!("make a new {} namespace", namespaces(flags)),
        Step::JoinNamespace { kind, .. } => format!("join an existing {} namespace", namespaces(kind)),
        Step::JoinDeferred { kind, .. } => format!(
            "join an existing {} namespace, if it could not be before",
            namespaces(kind)
        ),
        Step::DropGroups => "leave the caller's supplementary groups, if it may".to_owned(),
        Step::EnterTimeNamespace => "enter the new time namespace".to_owned(),
        Step::OpenTimeOffsets => "open /proc/self/timens_offsets for the clocks' offsets".to_owned(),
        Step::OpenSources { paths } => {
            let paths: Vec<String> = paths.iter().map(|path| format!("{:?}", shown(path))).collect();
            format!("open what will be bound: {}", paths.join(", "))
        }
        Step::EitherSource { first, second } => {
            format!(
                "take {:?}, or {:?} if that is not there, for the next step",
                shown(first),
                shown(second)
            )
        }
        Step::TakeSource { .. } => "use what was opened before for the next step".to_owned(),
        Step::MapIds => "wait for its user and group ids to be mapped".to_owned(),
        Step::BecomeRoot { keep_groups: false } => "become root of the user namespace".to_owned(),
        Step::BecomeRoot { keep_groups: true } => {
            "become root of the user namespace, and stay in the supplementary groups".to_owned()
        }
        Step::EnterPidNamespace => "go on in a child, the first process of the new pid namespace".to_owned(),
        Step::TimeOffsets { text } => format!("set the clocks' offsets to {:?}", shown(text)),
        Step::JoinPidNamespace { .. } => "join an existing pid namespace, and go on in a child".to_owned(),
        Step::HostPropagation { propagation } => {
            format!(
                "make its copy of the host's mounts {}",
                propagations(propagation | propagation::REC)
            )
        }
        Step::PrivateAround { path } => format!("make the mount that holds {:?} private", shown(path)),
        Step::OpenRoot { path, .. } => format!("open the rootfs {:?}", shown(path)),
        Step::Mount {
            kind,
            source,
            target,
            parameters,
            attributes,
            propagation,
            copy_up,
            ..
        } => {
            let mut words: Vec<String> = attribute_words(attributes).into_iter().map(str::to_owned).collect();
            words.extend(parameters.iter().map(|parameter| shown(parameter).into_owned()));
            if copy_up {
                words.push("with a copy of what is there".to_owned());
            }
            let source = if source == kind || source.is_empty() {
                String::new()
            } else {
                format!(" {:?}", shown(source))
            };
            let options = options(words, propagation);
            format!("mount{source} of type {} on /{}{options}", shown(kind), shown(target))
        }
        Step::Bind {
            source,
            target,
            recursive,
            set,
            clear,
            set_all,
            clear_all,
            propagation,
            ..
        } => {
            let words = changes(set, clear, set_all, clear_all);
            let what = if recursive { " with all mounts below it" } else { "" };
            let options = options(words, propagation);
            format!("bind {:?}{what} on /{}{options}", shown(source), shown(target))
        }
        Step::MapNextMount { recursive: false, .. } => "map the ids of the next mount".to_owned(),
        Step::MapNextMount { recursive: true, .. } => "map the ids of the next mount and of those below it".to_owned(),
        Step::TakeTree { .. } => "take the next mount's tree, with its ids mapped, from the runtime".to_owned(),
        Step::NextLinks { copy: true, .. } => "make a link instead of the next mount, if its source is one".to_owned(),
        Step::NextLinks { .. } => "take links in the next mount's paths as they are".to_owned(),
        Step::ChangeMount {
            target,
            parameters,
            set,
            clear,
            set_all,
            clear_all,
            propagation,
            ..
        } => {
            let mut words = changes(set, clear, set_all, clear_all);
            words.extend(parameters.iter().map(|parameter| shown(parameter).into_owned()));
            format!(
                "change what is mounted on /{}{}",
                shown(target),
                options(words, propagation)
            )
        }
        Step::Attributes { target, set, .. } => format!("set {} on /{}", attribute_words(set).join(","), shown(target)),
        Step::KeepNextMount { .. } => "keep hold of the next mount".to_owned(),
        Step::ReadonlyKept { target, .. } => format!("set ro on /{}", shown(target)),
        Step::PropagateKept { propagation, .. } => {
            let words: Vec<String> = propagation.iter().map(propagations).collect();
            format!("make a mount {} again", words.join(", "))
        }
        Step::Remount { target, flags } => format!(
            "change the flags of what is mounted on /{} to {flags:#x}",
            shown(target)
        ),
        Step::Directory { path, mode } => {
            format!("make the directory /{} (mode {mode:04o}) if it is missing", shown(path))
        }
        Step::Node {
            path,
            mode,
            major,
            minor,
            uid,
            gid,
            ..
        } => {
            let kind = match mode & 0o170_000 {
                0o010_000 => {
                    return format!(
                        "make the FIFO /{} (mode {:04o}, owner {uid}:{gid})",
                        shown(path),
                        mode & 0o7777
                    );
                }
                0o060_000 => "block",
                _ => "character",
            };
            format!(
                "make the {kind} device /{} ({major}:{minor}, mode {:04o}, owner {uid}:{gid})",
                shown(path),
                mode & 0o7777
            )
        }
        Step::Link { path, target, .. } => format!("link /{} to {:?}", shown(path), shown(target)),
        Step::Console { rows, columns, .. } => {
            let size = if (rows, columns) == (0, 0) {
                String::new()
            } else {
                format!(" of {columns} columns and {rows} rows")
            };
            format!("make a terminal{size}, also as /dev/console, and hand it over")
        }
        Step::RuntimeHooks => "wait for the hooks that run outside".to_owned(),
        Step::Hook { path, timeout, .. } => {
            let limit = if timeout == 0 {
                String::new()
            } else {
                format!(" for at most {timeout} s")
            };
            format!("run the hook {:?} in the container's namespaces{limit}", shown(path))
        }
        Step::HookOutput {
            stdout: None,
            stderr: None,
        } => "close the files for the output of hooks".to_owned(),
        Step::HookOutput { stdout, stderr } => {
            let names = [("standard output", stdout), ("standard error", stderr)];
            let names = names.iter().filter(|(_, slot)| slot.is_some()).map(|(name, _)| *name);
            format!(
                "append the {} of hooks to a file",
                names.collect::<Vec<_>>().join(" and ")
            )
        }
        Step::Loopback => "bring the loopback interface up".to_owned(),
        Step::NetworkDevice { from, to } if from == to => format!("move the network device {} in", shown(from)),
        Step::NetworkDevice { from, to } => format!("move the network device {} in, as {}", shown(from), shown(to)),
        Step::Pivot => "make the rootfs the root, and let the host's mounts go".to_owned(),
        Step::MoveRoot => "move the rootfs over the root".to_owned(),
        Step::RootPropagation { propagation } => format!("make the rootfs {}", propagations(propagation)),
        Step::ReadonlyRoot => "make the rootfs read-only".to_owned(),
        Step::ReadonlyPath { path } => format!("make /{} read-only, if it is there", shown(path)),
        Step::MaskPath { path } => format!("hide /{}, if it is there", shown(path)),
        Step::Sysctl { path, value } => format!("set the kernel parameter {} to {:?}", shown(path), shown(value)),
        Step::Hostname { name } => format!("set the hostname to {:?}", shown(name)),
        Step::Domainname { name } => format!("set the domain name to {:?}", shown(name)),
        Step::OomScore { value } => format!("set the OOM score adjustment to {value}"),
        Step::Rlimit { resource, soft, hard } => format!(
            "set {} to {} (hard limit {})",
            limit_name(resource),
            limit(soft),
            limit(hard)
        ),
        Step::StdioOwner { uid } => format!("give stdio to user {uid}"),
        Step::WorkingDirectory { path } => format!("chdir to cwd ({:?})", shown(path)),
        Step::FindProgram { name, search, home, .. } => {
            let home = if home { ", and HOME in /etc/passwd" } else { "" };
            let place = if name.to_bytes().contains(&b'/') {
                String::new()
            } else {
                format!(" in {}", shown(search))
            };
            format!("find the program {:?}{place}{home}", shown(name))
        }
        Step::Credentials {
            uid,
            gid,
            groups,
            keep_groups,
            bounding,
            permitted,
            effective,
            inheritable,
            ambient,
        } => {
            let mut text = format!("become user {uid}, group {gid}");
            let groups: Vec<String> = groups
                .as_chunks::<4>()
                .0
                .iter()
                .map(|gid| u32::from_ne_bytes(*gid).to_string())
                .collect();
            if keep_groups {
                text.push_str(", in the supplementary groups of the caller");
            } else if !groups.is_empty() {
                let _ = write!(text, ", supplementary groups {}", groups.join(","));
            }
            let sets = [
                ("bounding", bounding),
                ("permitted", permitted),
                ("effective", effective),
                ("inheritable", inheritable),
                ("ambient", ambient),
            ];
            for (name, set) in sets {
                let names = if set == 0 { "none".to_owned() } else { names(set) };
                let _ = write!(text, "; {name} capabilities: {names}");
            }
            text
        }
        Step::Umask { mask } => format!("set the umask to {mask:04o}"),
        Step::NoNewPrivileges => "give up the gain of privileges by execve".to_owned(),
        Step::WaitForStart { .. } => "wait for start".to_owned(),
        Step::Seccomp { filter, flags } if flags & NEW_LISTENER != 0 => format!(
            "load the system call filter of {} instructions, and hand its listener to the agent",
            filter.len() / 8
        ),
        Step::Seccomp { filter, .. } => format!("load the system call filter of {} instructions", filter.len() / 8),
        Step::Exec { args, .. } => format!("execute {}", command(args)),
        Step::Idle { .. } => "wait to be deleted: there is no process to start".to_owned(),
        Step::OpenLabel { .. } | Step::Label { .. } | Step::KeyLabel { .. } | Step::LabelMount { .. } => {
            super::labels::phrase(step)
        }
        Step::LandlockRuleset { .. }
        | Step::LandlockPath { .. }
        | Step::LandlockPort { .. }
        | Step::LandlockRestrict => super::landlock::phrase(step),
        Step::Scheduling { .. } | Step::IoPriority { .. } | Step::Personality { .. } | Step::MemoryPolicy { .. } => {
            super::attributes::phrase(step)
        }
    }
}

fn command(args: Strings<'_>) -> String {
    args.iter()
        .map(|arg| format!("{:?}", shown(arg)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn options(mut words: Vec<String>, propagation: Propagations<'_>) -> String {
    words.extend(propagation.iter().map(propagations));
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    }
}

/// The names of namespaces by their `CLONE_NEW*` flags.
pub(crate) fn namespaces(flags: u64) -> String {
    const NAMES: &[(u64, &str)] = &[
        (0x0002_0000, "mount"),
        (0x0400_0000, "uts"),
        (0x0800_0000, "ipc"),
        (0x2000_0000, "pid"),
        (0x4000_0000, "network"),
        (0x0200_0000, "cgroup"),
        (0x1000_0000, "user"),
        (0x0000_0080, "time"),
    ];
    let named = NAMES.iter().filter(|(flag, _)| flags & flag != 0);
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// Attributes to set and to clear, of a mount and of all of its tree.
fn changes(set: u64, clear: u64, set_all: u64, clear_all: u64) -> Vec<String> {
    let mut words: Vec<String> = attribute_words(set).into_iter().map(str::to_owned).collect();
    words.extend(cleared_words(set, clear).into_iter().map(str::to_owned));
    let all = attribute_words(set_all).into_iter();
    words.extend(all.map(|word| format!("{word} on all below")));
    let none = cleared_words(set_all, clear_all).into_iter();
    words.extend(none.map(|word| format!("{word} on all below")));
    words
}

fn attribute_words(attributes: u64) -> Vec<&'static str> {
    let mut words = Vec::new();
    for (flag, word) in [
        (attribute::RDONLY, "ro"),
        (attribute::NOSUID, "nosuid"),
        (attribute::NODEV, "nodev"),
        (attribute::NOEXEC, "noexec"),
        (attribute::NODIRATIME, "nodiratime"),
        (attribute::NOSYMFOLLOW, "nosymfollow"),
    ] {
        if attributes & flag != 0 {
            words.push(word);
        }
    }
    match attributes & attribute::ATIME {
        attribute::NOATIME => words.push("noatime"),
        attribute::STRICTATIME => words.push("strictatime"),
        _ => {}
    }
    words
}

/// The words for what is cleared and not set again.
fn cleared_words(set: u64, clear: u64) -> Vec<&'static str> {
    let mut words = Vec::new();
    for (flag, word) in [
        (attribute::RDONLY, "rw"),
        (attribute::NOSUID, "suid"),
        (attribute::NODEV, "dev"),
        (attribute::NOEXEC, "exec"),
        (attribute::NODIRATIME, "diratime"),
        (attribute::NOSYMFOLLOW, "symfollow"),
    ] {
        if clear & flag != 0 {
            words.push(word);
        }
    }
    match clear & attribute::ATIME {
        attribute::ATIME if set & attribute::ATIME == 0 => words.push("relatime"),
        attribute::ATIME => {}
        ended => {
            let ends = |value: u64, word: &'static str| (ended & value != 0).then_some(word);
            words.extend(ends(attribute::NOATIME, "atime"));
            words.extend(ends(attribute::STRICTATIME, "nostrictatime"));
        }
    }
    words
}

fn propagations(flags: u64) -> String {
    let recursive = if flags & propagation::REC != 0 { "r" } else { "" };
    let word = match flags & !propagation::REC {
        propagation::SHARED => "shared",
        propagation::SLAVE => "slave",
        propagation::UNBINDABLE => "unbindable",
        _ => "private",
    };
    format!("{recursive}{word}")
}

fn limit_name(resource: u32) -> &'static str {
    let all = crate::bundle::RlimitType::ALL;
    all.get(resource as usize).map_or("RLIMIT_?", |kind| kind.as_str())
}

fn limit(number: u64) -> String {
    if number == u64::MAX {
        "unlimited".to_owned()
    } else {
        number.to_string()
    }
}
