//! The daemon behind an engine's command line, and how it is started again.

use std::sync::{Arc, Mutex};

use super::call::Call;
use super::lab::{Daemon, Lab};
use crate::failure::{Failure, Verdict, wrong};

/// What an engine's commands are carried out by.
#[derive(Debug)]
pub(super) enum Service {
    /// The command itself.
    None,
    /// A program that the harness has started.
    Own(Own),
    /// A unit of systemd's, by its name.
    Unit(&'static str),
}

/// A program that the harness has started, and can start again.
#[derive(Debug)]
pub(super) struct Own {
    lab: Arc<Lab>,
    program: &'static str,
    words: Vec<String>,
    variables: Vec<(String, String)>,
    daemon: Mutex<Option<Daemon>>,
}

impl Own {
    /// Starts it.
    pub(super) fn start(
        lab: &Arc<Lab>,
        program: &'static str,
        words: Vec<String>,
        variables: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let own = Self {
            lab: Arc::clone(lab),
            program,
            words,
            variables,
            daemon: Mutex::new(None),
        };
        own.start_again()?;
        Ok(own)
    }

    /// Ends it if it runs.
    fn stop(&self) -> Verdict {
        match self.daemon.lock() {
            Ok(mut daemon) => {
                drop(daemon.take());
                Ok(())
            }
            Err(_) => wrong("harness: a check ended while it started a daemon"),
        }
    }

    /// Ends it if it runs, and starts it.
    fn start_again(&self) -> Verdict {
        let Ok(mut daemon) = self.daemon.lock() else {
            return wrong("harness: a check ended while it started a daemon");
        };
        drop(daemon.take());
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        *daemon = Some(self.lab.start(self.program, &words, &variables)?);
        Ok(())
    }

    /// Waits until a call to it succeeds.
    fn answers(&self, call: &Call) -> Verdict {
        match self.daemon.lock().as_deref_mut() {
            Ok(Some(daemon)) => daemon.answers(call),
            _ => wrong("harness: the daemon was not started"),
        }
    }
}

impl Service {
    /// Waits until a call to it succeeds.
    pub(super) fn answers(&self, call: &Call) -> Verdict {
        match self {
            Self::Own(own) => own.answers(call),
            Self::None | Self::Unit(_) => call.succeed().map(drop),
        }
    }

    /// Ends it; without a daemon nothing is done.
    pub(super) fn stop(&self) -> Verdict {
        match self {
            Self::None => Ok(()),
            Self::Own(own) => own.stop(),
            // Its socket would start it again at the next call.
            Self::Unit(name) => Call::new("systemctl")
                .args(["stop", &format!("{name}.socket"), name])
                .succeed()
                .map(drop),
        }
    }

    /// Ends it if it runs and starts it again; then a call to it succeeds.
    pub(super) fn restart(&self, call: &Call) -> Verdict {
        match self {
            Self::None => return Err(Failure::Skip("the engine has no daemon".to_owned())),
            Self::Own(own) => own.start_again()?,
            Self::Unit(name) => {
                Call::new("systemctl").args(["restart", name]).succeed()?;
            }
        }
        self.answers(call)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Self::Unit(name) = self {
            // Its socket would start it again; the machine is ours, and goes.
            let _ = Call::new("systemctl")
                .args(["stop", &format!("{name}.socket"), name])
                .finish();
        }
    }
}
