//! One call of the runtime's binary.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use crate::failure::{Failure, Verdict, wrong};
use crate::runtime::Runtime;
use crate::setting::Setting;
use crate::sys::{Inherit, prepare};

/// A call that is being put together.
pub(crate) struct Call<'t> {
    setting: &'t Setting<'t>,
    runtime: &'t Runtime,
    globals: Vec<String>,
    words: Vec<String>,
    stdin: Stdio,
    streams: Option<(Stdio, Stdio)>,
    inherit: Inherit,
    environment: Vec<(String, String)>,
    folder: Option<PathBuf>,
    script: Option<String>,
}

impl<'t> Call<'t> {
    pub(crate) fn new(setting: &'t Setting<'t>, words: &[&str]) -> Self {
        Self {
            setting,
            runtime: setting.runtime,
            globals: vec!["--root".into(), setting.root.to_string_lossy().into_owned()],
            words: words.iter().map(|&word| word.to_owned()).collect(),
            stdin: Stdio::null(),
            streams: None,
            inherit: Inherit {
                descriptors: Vec::new(),
                terminal: false,
                ignored: Vec::new(),
                missing: None,
            },
            environment: Vec::new(),
            folder: None,
            script: None,
        }
    }

    /// Another binary in place of the one under test.
    pub(crate) fn by(mut self, runtime: &'t Runtime) -> Self {
        self.runtime = runtime;
        self
    }

    /// Flags that stand before the verb.
    pub(crate) fn global(mut self, words: &[&str]) -> Self {
        self.globals.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Replaces the state folder.
    pub(crate) fn root(mut self, root: &str) -> Self {
        self.globals = vec!["--root".into(), root.into()];
        self
    }

    /// One more word.
    pub(crate) fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// What the runtime reads on stdin.
    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    /// Where stdout and stderr go, instead of files.
    pub(crate) fn streams(mut self, out: impl Into<Stdio>, err: impl Into<Stdio>) -> Self {
        self.streams = Some((out.into(), err.into()));
        self
    }

    /// Hands a descriptor over under a number.
    pub(crate) fn descriptor(mut self, descriptor: OwnedFd, number: RawFd) -> Self {
        self.inherit.descriptors.push((descriptor, number));
        self
    }

    /// Stdin, stdout and stderr are this terminal, and it controls a new session.
    pub(crate) fn terminal(mut self, terminal: &OwnedFd) -> io::Result<Self> {
        self.stdin = terminal.try_clone()?.into();
        self.streams = Some((terminal.try_clone()?.into(), terminal.try_clone()?.into()));
        self.inherit.terminal = true;
        Ok(self)
    }

    /// The runtime, and all that it starts, runs as if the kernel had no system call of this number.
    pub(crate) fn without_call(mut self, number: u32) -> Self {
        self.inherit.missing = Some(number);
        self
    }

    /// Starts the runtime with this signal ignored.
    pub(crate) fn ignoring(mut self, signal: i32) -> Self {
        self.inherit.ignored.push(signal);
        self
    }

    /// A variable of the runtime's environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets a shell start the runtime, as `"$0" "$@"`.
    pub(crate) fn script(mut self, script: &str) -> Self {
        self.script = Some(script.to_owned());
        self
    }

    /// The folder the runtime is started in.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Starts it.
    pub(crate) fn spawn(self) -> Result<Running<'t>, Failure> {
        let setting = self.setting;
        let (out_path, err_path) = setting.fresh_streams();
        let (out, err) = match self.streams {
            Some(streams) => streams,
            None => (File::create(&out_path)?.into(), File::create(&err_path)?.into()),
        };
        let mut command = match &self.script {
            Some(script) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", script]).arg(&self.runtime.path);
                shell
            }
            None => Command::new(&self.runtime.path),
        };
        command
            .args(&self.globals)
            .args(&self.words)
            .stdin(self.stdin)
            .stdout(out)
            .stderr(err);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.environment);
        if let Some(folder) = self.folder {
            command.current_dir(folder);
        }
        setting.note(
            &self
                .globals
                .iter()
                .chain(&self.words)
                .skip(2)
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
        );
        prepare(&mut command, self.inherit);
        let child = command.spawn()?;
        Ok(Running {
            setting,
            child,
            out_path,
            err_path,
            ended: Cell::new(false),
        })
    }

    /// Starts it and waits for its end.
    pub(crate) fn finish(self) -> Result<Done, Failure> {
        self.spawn()?.wait()
    }

    /// Starts it, waits, and fails the test unless it succeeds.
    pub(crate) fn succeed(self) -> Result<Done, Failure> {
        let words = self.words.join(" ");
        let done = self.finish()?;
        if done.code == 0 {
            Ok(done)
        } else {
            wrong(format!("`{words}` ended with {}: {}", done.code, done.err.trim()))
        }
    }

    /// Starts it, waits, and fails the test unless it fails with all the phrases in its stderr.
    pub(crate) fn refuse(self, phrases: &[&str]) -> Verdict {
        self.refusal(phrases).map(drop)
    }

    /// The same; what the call left to look at.
    pub(crate) fn refusal(self, phrases: &[&str]) -> Result<Done, Failure> {
        let words = self.words.join(" ");
        let done = self.finish()?;
        if done.code == 0 {
            return wrong(format!("`{words}` succeeded, wanted an error"));
        }
        match phrases.iter().find(|phrase| !done.err.contains(**phrase)) {
            Some(phrase) => wrong(format!("`{words}` says {:?}, without {phrase:?}", done.err.trim())),
            None => Ok(done),
        }
    }
}

/// A call that has been started.
pub(crate) struct Running<'t> {
    setting: &'t Setting<'t>,
    child: Child,
    pub(crate) out_path: PathBuf,
    pub(crate) err_path: PathBuf,
    ended: Cell<bool>,
}

impl Running<'_> {
    /// The runtime's process id.
    pub(crate) fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Whether it has not ended yet.
    pub(crate) fn lives(&self) -> Result<bool, Failure> {
        match self.pid() {
            Some(pid) => Ok(!ends_before(pid, Instant::now())?),
            None => Ok(false),
        }
    }

    /// Sends a signal to the runtime.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        self.pid().map_or(Ok(()), |pid| Ok(kill_process(pid, signal)?))
    }

    /// Waits until stdout holds the text.
    pub(crate) fn until_out_has(&self, text: &str) -> Result<(), Failure> {
        self.setting.until(&format!("{text:?} on stdout"), || {
            Ok(fs::read_to_string(&self.out_path).unwrap_or_default().contains(text))
        })
    }

    /// Waits for the end; past the test's time limit the runtime is killed and the test fails.
    pub(crate) fn wait(mut self) -> Result<Done, Failure> {
        let Some(pid) = self.pid() else {
            return wrong("harness: no process id");
        };
        if !ends_before(pid, self.setting.deadline)? {
            return wrong("the time limit was reached while the runtime ran");
        }
        let status = self.child.wait()?;
        self.ended.set(true);
        let read = |path: &PathBuf| fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok(Done {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            out: read(&self.out_path).unwrap_or_default(),
            err: read(&self.err_path).unwrap_or_default(),
        })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended.get() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits for a process' end by pidfd; false if it does not come in time.
pub(crate) fn ends_before(pid: Pid, deadline: Instant) -> Result<bool, Failure> {
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let left = deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1));
    let left = Timespec::try_from(left).map_err(|_| Failure::Wrong("harness: time".into()))?;
    Ok(poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&left))? > 0)
}

/// What a finished call left to look at.
#[derive(Debug)]
pub(crate) struct Done {
    /// Exit status; 128 and the signal's number for one that was killed.
    pub(crate) code: i32,
    /// What it and its container wrote to stdout.
    pub(crate) out: String,
    /// What it and its container wrote to stderr.
    pub(crate) err: String,
}

impl Done {
    /// What the probe said, line by line.
    pub(crate) fn lines(&self) -> Result<Vec<Value>, Failure> {
        lines_of(&self.out)
    }

    /// Stdout as one JSON value.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.out).or_else(|error| wrong(format!("no JSON on stdout ({error}): {:?}", self.out)))
    }
}

/// What a probe wrote to a file, line by line; nothing where it did not come so far.
pub(crate) fn lines_in(file: &Path) -> Result<Vec<Value>, Failure> {
    lines_of(&fs::read_to_string(file).unwrap_or_default())
}

/// Each line as JSON.
pub(crate) fn lines_of(text: &str) -> Result<Vec<Value>, Failure> {
    let parse = |line| serde_json::from_str(line).or_else(|_| wrong(format!("the probe said {line:?}")));
    text.lines().map(parse).collect()
}

/// A pipe's two ends as something a call takes, and the text that is written into it.
pub(crate) fn text_on_stdin(text: &str) -> io::Result<Stdio> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(text.as_bytes())?;
    Ok(reader.into())
}
