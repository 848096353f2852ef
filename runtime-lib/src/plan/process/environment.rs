//! The process's environment.

use crate::bundle::Process;
use crate::plan::acts::StringList;
use crate::plan::readiness;
use std::collections::BTreeSet;

/// The variables of a process, each once.
pub(super) struct Environment<'p> {
    variables: Vec<&'p str>,
    /// It says where the user's home is.
    pub(super) has_home: bool,
}

impl<'p> Environment<'p> {
    /// What the runtime itself has a value for is left out: sockets that are passed, and the one to tell readiness on.
    pub(super) fn of(process: &'p Process, listen_fds: u32, notifies: bool) -> Self {
        let mut variables = once_each(process.env.iter().map(|variable| &**variable));
        if listen_fds > 0 {
            variables.retain(|variable| !["LISTEN_FDS", "LISTEN_PID"].contains(&key(variable)));
        }
        if notifies {
            variables.retain(|variable| key(variable) != readiness::VARIABLE);
        }
        let has_home = variables
            .iter()
            .any(|variable| key(variable) == "HOME" && variable.len() > "HOME=".len());
        if !has_home {
            variables.retain(|variable| key(variable) != "HOME");
        }
        Self { variables, has_home }
    }

    /// The value of `PATH`.
    pub(super) fn search(&self) -> &'p str {
        let mut values = self
            .variables
            .iter()
            .filter_map(|variable| variable.strip_prefix("PATH="));
        values.next().unwrap_or_default()
    }

    /// As init reads it, with what the runtime adds.
    pub(super) fn list(&self, listen_fds: u32, notify: Option<&str>) -> StringList {
        let mut list: StringList = self.variables.iter().collect();
        if listen_fds > 0 {
            list.push(&format!("LISTEN_FDS={listen_fds}"));
            list.push("LISTEN_PID=1");
        }
        if let Some(notify) = notify {
            list.push(notify);
        }
        list
    }
}

/// The variables of an environment, each once: the last one of a name is what counts. (A hashed set asks the kernel for
/// random numbers, and panics without.)
fn once_each<'a>(variables: impl DoubleEndedIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let mut env: Vec<&str> = variables.rev().filter(|variable| seen.insert(key(variable))).collect();
    env.reverse();
    env
}

fn key(variable: &str) -> &str {
    variable.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_variable_that_is_set_twice_the_last_one_counts() {
        assert_eq!(once_each(["A=1", "B=2", "A=3", "C"].into_iter()), ["B=2", "A=3", "C"]);
    }
}
