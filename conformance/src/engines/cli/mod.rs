//! The command line that docker and podman share, and the checks that they share.

pub(in crate::engines) mod basics;
mod limits;

use crate::engines::call::{Call, reads};
use crate::engines::check::Check;
use crate::engines::lab::Lab;
use crate::engines::service::Service;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict};
use std::sync::Arc;

/// The checks of this folder, a file each.
pub(in crate::engines) const CHECKS: &[&[Check<Cli>]] = &[basics::CHECKS, limits::CHECKS];

/// An engine with docker's command line.
#[derive(Debug)]
pub(in crate::engines) struct Cli {
    pub(in crate::engines) lab: Arc<Lab>,
    /// The program and the options before the subcommand.
    pub(in crate::engines) prefix: Vec<String>,
    pub(in crate::engines) variables: Vec<(String, String)>,
    pub(in crate::engines) image: &'static str,
    /// The capabilities of a container by default.
    pub(in crate::engines) default_capabilities: u64,
    /// Docker's, or podman's, who does some things differently.
    pub(in crate::engines) is_docker: bool,
    /// Whether an ordinary user calls it.
    pub(in crate::engines) is_rootless: bool,
    pub(in crate::engines) service: Service,
}

impl Cli {
    /// A subcommand.
    pub(in crate::engines) fn call(&self, words: &[&str]) -> Call {
        let (program, options) = self
            .prefix
            .split_first()
            .map_or(("", &[] as &[String]), |(p, o)| (p.as_str(), o));
        let call = Call::new(program).args(options).args(words);
        self.variables
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value))
    }

    /// A subcommand of another client of the same daemon.
    pub(in crate::engines) fn by(&self, client: &str, words: &[&str]) -> Call {
        let call = Call::new(client).args(words);
        self.variables
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value))
    }

    /// `systemctl` for the manager that makes the engine's cgroups.
    pub(in crate::engines) fn systemctl(&self, words: &[&str]) -> Call {
        let whose: &[&str] = if self.is_rootless { &["--user"] } else { &[] };
        Call::new("systemctl").args(whose).args(words)
    }

    /// `run --rm OPTIONS IMAGE COMMAND`.
    pub(in crate::engines) fn run(&self, options: &[&str], command: &[&str]) -> Call {
        self.call(&["run", "--rm"])
            .args(options)
            .args([self.image])
            .args(command)
    }

    /// `run --rm OPTIONS IMAGE sh -c SCRIPT`.
    pub(in crate::engines) fn script(&self, options: &[&str], script: &str) -> Call {
        self.run(options, &["sh", "-c", script])
    }

    /// A container that is created and not started, and stays until this is dropped.
    pub(in crate::engines) fn created(&self, options: &[&str], command: &[&str]) -> Result<Background<'_>, Failure> {
        let call = self
            .call(&["create", "--stop-timeout", "0"])
            .args(options)
            .args([self.image])
            .args(command);
        let id = call.succeed()?.out.trim().to_owned();
        Ok(Background { cli: self, id })
    }

    /// Makes a call once this is dropped, whatever has become of the check: what a check has made goes with it.
    pub(in crate::engines) fn afterwards(&self, words: &[&str]) -> Afterwards {
        Afterwards(self.call(words))
    }

    /// A container in the background that stays until this is dropped.
    pub(in crate::engines) fn background(&self, options: &[&str], command: &[&str]) -> Result<Background<'_>, Failure> {
        let call = self
            .call(&["run", "--detach", "--stop-timeout", "0"])
            .args(options)
            .args([self.image])
            .args(command);
        let id = call.succeed()?.out.trim().to_owned();
        Ok(Background { cli: self, id })
    }
}

/// A call that is made when this is dropped.
#[derive(Debug)]
pub(in crate::engines) struct Afterwards(Call);

impl Drop for Afterwards {
    fn drop(&mut self) {
        let _ = self.0.finish();
    }
}

/// A container in the background; dropped, it is removed by force, and its anonymous volumes with it.
#[derive(Debug)]
pub(in crate::engines) struct Background<'c> {
    cli: &'c Cli,
    pub(in crate::engines) id: String,
}

impl Background<'_> {
    /// A subcommand whose last word is this container.
    pub(in crate::engines) fn call(&self, words: &[&str]) -> Call {
        self.cli.call(words).args([&self.id])
    }

    /// `exec OPTIONS ID COMMAND`.
    pub(in crate::engines) fn exec(&self, options: &[&str], command: &[&str]) -> Call {
        self.cli.call(&["exec"]).args(options).args([&self.id]).args(command)
    }

    /// A member of `inspect`, by Go template.
    pub(in crate::engines) fn inspect(&self, template: &str) -> Result<String, Failure> {
        let outcome = self.call(&["inspect", "--format", template]).succeed()?;
        Ok(outcome.out.trim().to_owned())
    }

    /// Compares a member of `inspect`, by Go template.
    pub(in crate::engines) fn shows(&self, template: &str, wanted: &str) -> Verdict {
        reads(template, &self.inspect(template)?, wanted)
    }

    /// Waits until a member of `inspect` is the one wanted.
    pub(in crate::engines) fn comes_to(&self, template: &str, wanted: &str) -> Verdict {
        in_time(&format!("{template} is not {wanted:?}"), 15, || {
            let seen = self.inspect(template)?;
            Ok((seen == wanted, seen))
        })
    }

    /// Waits until the container's log has a text.
    pub(in crate::engines) fn logs(&self, text: &str) -> Verdict {
        in_time(&format!("no {text:?} in the log"), 10, || {
            let outcome = self.call(&["logs"]).succeed()?;
            Ok((outcome.out.contains(text), outcome.to_string()))
        })
    }
}

impl Background<'_> {
    /// Waits until the container has ended, and compares its exit code.
    pub(in crate::engines) fn ended_with(&self, code: &str) -> Verdict {
        reads("wait", self.call(&["wait"]).seconds(60).succeed()?.out.trim(), code)
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        let _ = self.call(&["rm", "--force", "--volumes"]).finish();
    }
}
