//! What `strace -f -y` writes, read as the calls of the runtime and of init.

use std::collections::HashMap;

/// Whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The runtime's, with its verb; also of a child of it that has not become another program yet.
    Runtime(Verb),
    /// Init's; also a hook's execve.
    Init,
    /// Somebody else's: a hook's, the container's process's.
    Other,
}

/// What the runtime was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Start,
    Delete,
    Other,
}

/// One system call.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) by: By,
    pub(super) name: String,
    /// All that stands between the parentheses.
    pub(super) text: String,
    /// What it returned, in strace's words.
    pub(super) result: String,
    /// The paths that it is about, absolute, as the host knows them.
    pub(super) places: Vec<String>,
}

impl Event {
    /// How it reads in a failure.
    pub(super) fn line(&self) -> String {
        let text: String = self.text.chars().take(120).collect();
        format!("{}({text}) = {}", self.name, self.result)
    }
}

/// The calls in the order in which they began. `runtime` is the path of the binary that is traced.
pub(super) fn read(trace: &str, runtime: &str) -> Vec<Event> {
    let calls = calls(trace);
    let parents: HashMap<u32, (u32, bool)> = calls
        .iter()
        .filter(|call| matches!(call.name.as_str(), "clone" | "clone3" | "fork" | "vfork"))
        .filter_map(|call| Some((child(&call.result)?, (call.pid, call.text.contains("CLONE_PARENT")))))
        .collect();
    // The same image holds the user namespaces for the maps of mounts, before there is an init.
    let is_init = |call: &&Call| call.name.starts_with("execve") && call.result == "0" && is_image(&call.text);
    let init = calls.iter().rfind(is_init).map(|call| call.pid);
    let mut roles: HashMap<u32, By> = HashMap::new();
    let mut events = Vec::new();
    for call in calls {
        let parent = parents
            .get(&call.pid)
            .and_then(|(parent, is_same)| Some((*roles.get(parent)?, *is_same)));
        let own = roles.get(&call.pid).copied();
        let is_execve = call.name.starts_with("execve");
        let by = match (own, parent) {
            (Some(own), _) => own,
            // A hook's process prepares itself with the calls that init makes for the container's.
            (None, Some((By::Init, false))) if !is_execve => By::Other,
            (None, Some((parent, _))) => parent,
            (None, None) => By::Other,
        };
        if is_execve && call.result == "0" {
            let is_init = is_image(&call.text) && init == Some(call.pid);
            roles.insert(call.pid, if is_init { By::Init } else { role(&call.text, runtime) });
        } else if own.is_none() && !matches!(parent, Some((By::Init, false))) {
            roles.insert(call.pid, by);
        }
        events.push(Event {
            by,
            places: places(&call.text),
            name: call.name,
            text: call.text,
            result: call.result,
        });
    }
    events
}

/// Whether this execve is that of the init image.
fn is_image(text: &str) -> bool {
    text.contains("[\"orlop-init\"")
}

/// Who a process is after this execve, which is not init's.
fn role(text: &str, runtime: &str) -> By {
    let words: Vec<String> = quoted(text);
    if words.first().is_some_and(|path| path == runtime) {
        let verbs = [
            ("create", Verb::Create),
            ("start", Verb::Start),
            ("delete", Verb::Delete),
        ];
        let found = verbs.iter().find(|(name, _)| words.iter().any(|word| word == name));
        By::Runtime(found.map_or(Verb::Other, |(_, verb)| *verb))
    } else {
        By::Other
    }
}

struct Call {
    pid: u32,
    name: String,
    text: String,
    result: String,
}

/// Puts calls together that strace has written in two halves.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<(u32, String)> = Vec::new();
    let mut open: HashMap<u32, usize> = HashMap::new();
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(pid) = pid.parse() else { continue };
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix("<... ") {
            let tail = rest.split_once(" resumed>").map_or("", |(_, tail)| tail);
            if let Some(at) = open.remove(&pid) {
                calls[at].1.push_str(tail);
            }
        } else if let Some(head) = rest.strip_suffix("<unfinished ...>") {
            open.insert(pid, calls.len());
            calls.push((pid, head.to_owned()));
        } else if !rest.starts_with(['-', '+']) {
            calls.push((pid, rest.to_owned()));
        }
    }
    calls.into_iter().filter_map(|(pid, text)| call(pid, &text)).collect()
}

/// `name(text) = result`; a call that never returned has no result.
fn call(pid: u32, line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let end = rest.rmatch_indices(')').find_map(|(at, _)| {
        let result = rest[at + 1..].trim_start().strip_prefix("= ")?;
        Some((&rest[..at], result))
    });
    let (text, result) = end.unwrap_or((rest, "?"));
    Some(Call {
        pid,
        name: name.to_owned(),
        text: text.trim().to_owned(),
        result: result.trim().to_owned(),
    })
}

/// The process id that a clone returned, as strace's own pid namespace knows it.
fn child(result: &str) -> Option<u32> {
    let own = result.split_once("/* ").map_or(result, |(_, rest)| rest);
    own.split_whitespace().next()?.parse().ok()
}

/// What stands between quotes, with only the escapes of quotes and backslashes undone.
pub(super) fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut letters = text.chars();
    while letters.by_ref().any(|letter| letter == '"') {
        let mut word = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => match letters.next() {
                    Some(escaped @ ('"' | '\\')) => word.push(escaped),
                    Some(other) => word.extend(['\\', other]),
                    None => {}
                },
                other => word.push(other),
            }
        }
        found.push(word);
    }
    found
}

/// The paths of a call: those of its descriptors, and those that it names, below the descriptor that stands before
/// them.
fn places(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folder: Option<String> = None;
    for word in arguments(text) {
        if let Some(path) = descriptor(word) {
            found.push(path.to_owned());
            folder = Some(path.to_owned());
            continue;
        }
        let below = folder.take();
        if !word.starts_with('"') {
            continue;
        }
        match (quoted(word).into_iter().next().unwrap_or_default(), below) {
            (path, _) if path.starts_with('/') => found.push(path),
            (path, Some(folder)) if !path.is_empty() && path != "." => {
                found.push(format!("{}/{path}", folder.trim_end_matches('/')));
            }
            _ => {}
        }
    }
    found
}

/// The path in `5</a/path>` or `AT_FDCWD</a/path>`.
fn descriptor(word: &str) -> Option<&str> {
    let (number, path) = word.split_once('<')?;
    let is_descriptor = number == "AT_FDCWD" || number.parse::<u32>().is_ok();
    let end = path.rfind('>')?;
    is_descriptor.then_some(&path[..end])
}

/// The arguments of a call: commas in strings, lists and paths do not part them.
fn arguments(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut is_quoted, mut is_escaped, mut is_path) = (false, false, false);
    let mut last = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '>' if is_path => is_path = false,
            _ if is_path => {}
            '<' if (last.is_ascii_digit() || last == 'D') && !text[at + 1..].starts_with('<') => is_path = true,
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
        last = letter;
    }
    found.push(text[begin..].trim());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
10 execve(\"/bin/orlop\", [\"/bin/orlop\", \"create\", \"id\"], 0x1 /* 3 vars */) = 0
10 mkdirat(5</sys/fs/cgroup/pids>, \"a/b\", 0755) = -1 EACCES (Permission denied)
10 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD <unfinished ...>
11 execveat(21</memfd:orlop-init>(deleted), \"\", [\"orlop-init\", \"20\"], 0x2 /* 0 vars */, AT_EMPTY_PATH <unfinished ...>
10 <... clone3 resumed> => {pidfd=[22<anon_inode:[pidfd]>]}, 88) = 11
11 <... execveat resumed>)           = 0
11 --- SIGCHLD {si_signo=SIGCHLD} ---
11 move_mount(23</>, \"\", 21</r/s, t>, \"\", MOVE_MOUNT_F_EMPTY_PATH) = 0
11 vfork()  = 2 /* 12 in strace's PID NS */
12 umask(022) = 000
12 execve(\"/hook\", [\"hook\"], 0x2 /* 0 vars */) = 0
12 chdir(\"/\") = 0
";

    #[test]
    fn calls_belong_to_whom_they_are_made_by() {
        let events = read(TRACE, "/bin/orlop");
        let by: Vec<(By, &str)> = events.iter().map(|event| (event.by, event.name.as_str())).collect();
        let create = By::Runtime(Verb::Create);
        let wanted = [
            (By::Other, "execve"),
            (create, "mkdirat"),
            (create, "clone3"),
            (create, "execveat"),
            (By::Init, "move_mount"),
            (By::Init, "vfork"),
            (By::Other, "umask"),
            (By::Init, "execve"),
            (By::Other, "chdir"),
        ];
        assert_eq!(by, wanted);
    }

    #[test]
    fn halves_are_put_together() {
        let events = read(TRACE, "/bin/orlop");
        assert_eq!(events[2].result, "11");
        assert_eq!(events[3].result, "0");
        assert!(events[1].result.contains("EACCES"), "{}", events[1].result);
    }

    #[test]
    fn paths_stand_below_their_folders() {
        let events = read(TRACE, "/bin/orlop");
        assert_eq!(events[1].places, ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/a/b"]);
        assert_eq!(events[4].places, ["/", "/r/s, t"]);
    }
}
