//! One call of an engine's command line.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::place::patience;
use crate::failure::{Failure, Verdict, wrong};

/// How long a call may take, in seconds, unless told.
const TIME_LIMIT: u32 = 30;

/// What `timeout` ends with when the time was over and it had to kill.
const TIMED_OUT: [i32; 2] = [124, 137];

/// A command line that is being put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    words: Vec<String>,
    variables: Vec<(String, String)>,
    stdin: Vec<u8>,
    stdin_stays: bool,
    seconds: u32,
    terminal: bool,
}

impl Call {
    pub(super) fn new(program: &str) -> Self {
        Self {
            words: vec![program.to_owned()],
            seconds: TIME_LIMIT,
            ..Self::default()
        }
    }

    /// Further words.
    pub(super) fn args<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words
            .extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// A variable of its environment.
    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What it reads; nothing unless told.
    pub(super) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// What it reads stays without an end while it runs.
    pub(super) fn stdin_stays(mut self) -> Self {
        self.stdin_stays = true;
        self
    }

    /// Its time limit in seconds on a host.
    pub(super) fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Gives it a new pty as stdin, stdout and stderr; what is written there is the outcome's `out`.
    pub(super) fn on_a_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Runs it to its end.
    pub(super) fn finish(&self) -> Result<Outcome, Failure> {
        self.start()?.finish()
    }

    /// Starts it.
    pub(super) fn start(&self) -> Result<Running, Failure> {
        let mut command = Command::new("timeout");
        let limit = patience(self.seconds.into()).as_secs();
        command.args(["--kill-after=2", &limit.to_string()]);
        if self.terminal {
            let line: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
            command.args([
                "script",
                "--quiet",
                "--return",
                "--command",
                &line.join(" "),
                "/dev/null",
            ]);
        } else {
            command.args(&self.words);
        }
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let writer = child.stdin.take().map(|mut pipe| {
            let text = self.stdin.clone();
            // It may end without reading everything.
            let stays = self.stdin_stays;
            thread::spawn(move || pipe.write_all(&text).is_ok_and(|()| stays).then_some(pipe))
        });
        Ok(Running {
            line: self.words.join(" "),
            child: Some(child),
            writer,
            stdin: None,
        })
    }

    /// Runs it to its end; anything but exit code 0 is a failure.
    pub(super) fn succeed(&self) -> Result<Outcome, Failure> {
        let outcome = self.finish()?;
        outcome.ended_with(0)?;
        Ok(outcome)
    }

    /// Runs it to its end; it must succeed and write just this.
    pub(super) fn says(&self, text: &str) -> Verdict {
        let outcome = self.succeed()?;
        if outcome.out == text {
            Ok(())
        } else {
            wrong(format!("{outcome}, wanted {text:?}"))
        }
    }

    /// Runs it to its end; it must succeed and write this among other things.
    pub(super) fn mentions(&self, text: &str) -> Verdict {
        self.succeed()?.out_has(text)
    }

    /// Runs it to its end; its exit code must be this.
    pub(super) fn ends_with(&self, code: i32) -> Verdict {
        self.finish()?.ended_with(code)
    }
}

/// A call that was started; dropped before its end, it is told to end.
#[derive(Debug)]
pub(super) struct Running {
    line: String,
    /// `timeout`, and the program is its only child; none once its end was waited for.
    child: Option<Child>,
    /// Has the pipe's end where it stays open.
    writer: Option<JoinHandle<Option<ChildStdin>>>,
    /// The pipe's end, once more is to be written.
    stdin: Option<ChildStdin>,
}

impl Running {
    /// Waits for its end.
    pub(super) fn finish(mut self) -> Result<Outcome, Failure> {
        let Some(child) = self.child.take() else {
            return wrong("harness: a call ends once");
        };
        let output = child.wait_with_output()?;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        Ok(Outcome {
            line: std::mem::take(&mut self.line),
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Writes more to what it reads, where that stays without an end.
    pub(super) fn types(&mut self, text: &str) -> Verdict {
        if let Some(writer) = self.writer.take() {
            self.stdin = writer.join().ok().flatten();
        }
        match &mut self.stdin {
            Some(pipe) => pipe.write_all(text.as_bytes()).map_err(Into::into),
            None => wrong("harness: the end of what the program reads was reached"),
        }
    }

    /// Sends the program a signal by its name.
    pub(super) fn signal(&self, name: &str) -> Verdict {
        let pid = self.child.as_ref().map_or(0, Child::id);
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        Call::new("kill")
            .args(["-s", name])
            .args(children.split_whitespace())
            .succeed()
            .map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
    }
}

/// What a finished call left to look at.
#[derive(Debug)]
pub(super) struct Outcome {
    line: String,
    /// Its exit code, or -1.
    pub(super) code: i32,
    /// What it wrote to stdout.
    pub(super) out: String,
    /// What it wrote to stderr.
    pub(super) err: String,
}

impl Outcome {
    /// Fails unless the exit code was this.
    pub(super) fn ended_with(&self, code: i32) -> Verdict {
        if self.code == code {
            return Ok(());
        }
        let late = if TIMED_OUT.contains(&self.code) {
            " (the time limit?)"
        } else {
            ""
        };
        wrong(format!("{self}, wanted {code}{late}"))
    }

    /// Fails unless stdout has this.
    pub(super) fn out_has(&self, text: &str) -> Verdict {
        if self.out.contains(text) {
            Ok(())
        } else {
            wrong(format!("{self}, wanted {text:?} in it"))
        }
    }

    /// Fails unless stdout or stderr has this.
    pub(super) fn said(&self, text: &str) -> Verdict {
        if self.out.contains(text) || self.err.contains(text) {
            Ok(())
        } else {
            wrong(format!("{self}, wanted {text:?} in it"))
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` ended with {}, wrote {:?} and on stderr {:?}",
            self.line,
            self.code,
            shortened(&self.out),
            shortened(&self.err)
        )
    }
}

fn shortened(text: &str) -> String {
    const ENOUGH: usize = 600;
    let text = text.trim_end_matches('\n');
    if text.chars().count() <= ENOUGH {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(ENOUGH).collect();
    short.push('…');
    short
}

/// A word as the shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Fails unless a text is the one wanted.
pub(super) fn reads(what: &str, seen: &str, wanted: &str) -> Verdict {
    if seen == wanted {
        Ok(())
    } else {
        wrong(format!("{what}: {:?}, wanted {wanted:?}", shortened(seen)))
    }
}
