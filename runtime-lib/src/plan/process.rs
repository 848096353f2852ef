//! `process`: who it is, what it may do, and the way to its execve.

use super::compile::Compiler;
use super::notify;
use super::steps::{Input, Origin, StringList, c_string};
use crate::bundle::{Capabilities, CapabilityName, Process, Rlimit, landlock_place};
use crate::problem::{JsonPath, Severity};
use orlop_init::wire::Step;
use std::collections::HashSet;

const CAP_SYS_ADMIN: u64 = 1 << 21;

impl Compiler<'_> {
    pub(crate) fn process(&mut self) {
        let listener = self.inputs.add(Input::StartSocket);
        let Some(process) = &self.config.process else {
            self.steps.push(Step::Idle { listener }, Origin::Default);
            return;
        };
        let uid = process.user.uid;
        if !process.terminal {
            self.steps
                .push(Step::StdioOwner { uid }, Origin::Member("process.user.uid"));
        }
        // In a user namespace nobody may raise a hard limit: there the parent sets them all.
        if !self.in_user_namespace() {
            self.limits(process, |limit| !limit.is_too_small_for_init());
        }
        self.attributes(process);
        // With the runtime's own rights, as runc does: the container's process may stand where it could not have gone.
        self.steps.push(
            Step::WorkingDirectory {
                path: &c_string(&process.cwd),
            },
            Origin::Member("process.cwd"),
        );
        let filter = self.filter();
        let has_landlock = self.begin_landlock();
        self.credentials(process, filter.is_some() || has_landlock);
        if let Some(mask) = process.user.umask {
            self.steps.push(
                Step::Umask {
                    mask: mask.bits().into(),
                },
                Origin::Member("process.user.umask"),
            );
        }
        let env = self.find_program(process);
        if process.no_new_privileges {
            self.steps
                .push(Step::NoNewPrivileges, Origin::Member("process.noNewPrivileges"));
        }
        let preserve = self.arguments.preserve_fds.saturating_add(self.arguments.listen_fds);
        self.steps
            .push(Step::WaitForStart { listener, preserve }, Origin::Default);
        // Before the hooks: their programs are the container's, and are not to do what its process may not.
        self.labels(process);
        self.hooks("hooks.startContainer", &self.config.hooks.start_container);
        self.small_limits(process);
        if has_landlock {
            self.steps.push(Step::LandlockRestrict, Origin::Named(landlock_place()));
        }
        if let Some((filter, flags)) = filter {
            self.steps.push(
                Step::Seccomp { filter: &filter, flags },
                Origin::Member("linux.seccomp"),
            );
        }
        let args: StringList = process.args.iter().collect();
        self.steps.push(
            Step::Exec {
                args: args.as_strings(),
                env: env.as_strings(),
            },
            Origin::Member("process.args"),
        );
    }

    /// The system call filter and its flags.
    fn filter(&mut self) -> Option<(Vec<u8>, u64)> {
        let profile = self.config.linux.seccomp.as_ref()?;
        match crate::seccomp::compile(profile, crate::seccomp::Native::CURRENT) {
            Ok(program) => {
                self.problems_of_the_filter(&program);
                Some((program.to_bytes(), u64::from(program.flags)))
            }
            Err(problems) => {
                self.problems.append(problems);
                None
            }
        }
    }

    fn limits(&mut self, process: &Process, are_now: impl Fn(&Rlimit) -> bool) {
        for (index, limit) in process.rlimits.iter().enumerate().filter(|(_, limit)| are_now(limit)) {
            let step = Step::Rlimit {
                resource: limit.resource as u32,
                soft: limit.soft,
                hard: limit.hard,
            };
            self.steps.push(step, Origin::Element("process.rlimits", index));
        }
    }

    /// Those that would leave init itself without descriptors; nobody needs a privilege for them.
    fn small_limits(&mut self, process: &Process) {
        self.limits(process, Rlimit::is_too_small_for_init);
    }

    /// What is said of a profile that is right: a call that is unknown to us may be one of a newer kernel's, unless the user takes it for a fault.
    fn problems_of_the_filter(&mut self, program: &crate::seccomp::Program) {
        let is_fault = self.bundle.annotated().fail_unknown_syscall;
        for warning in &program.warnings {
            let mut problem = warning.clone().into_notice();
            if is_fault && program.unknown.contains(&problem.path) {
                problem.severity = Severity::Error;
            }
            self.problems.push(problem);
        }
    }

    /// The supplementary groups; those that the process has anyway if an annotation says so.
    fn groups(&mut self, process: &Process) -> (Vec<u8>, bool) {
        let gids = &process.user.additional_gids;
        let keep = self.bundle.annotated().keep_original_groups;
        if keep && !gids.is_empty() {
            let text = "the process stays in the caller's groups (annotation run.oci.keep_original_groups), and these are ignored";
            self.problems.warning("process.user.additionalGids", text);
        }
        (gids.iter().flat_map(|gid| gid.to_ne_bytes()).collect(), keep)
    }

    fn credentials(&mut self, process: &Process, needs_admin: bool) {
        let user = &process.user;
        let (groups, keep_groups) = self.groups(process);
        let none = Capabilities::default();
        let sets = process.capabilities.as_ref().unwrap_or(&none);
        let bounding = self.capability_set("bounding", &sets.bounding);
        let mut permitted = self.capability_set("permitted", &sets.permitted);
        let mut effective = self.capability_set("effective", &sets.effective);
        let mut inheritable = self.capability_set("inheritable", &sets.inheritable);
        let mut ambient = self.capability_set("ambient", &sets.ambient);
        let mut within = |name: &str, set: &mut u64, limit: u64, of: &str| {
            if *set & !limit != 0 {
                let path = JsonPath::from("process.capabilities").member(name);
                let beyond = names(*set & !limit);
                let raise = if name == "ambient" {
                    format!("can't raise ambient capability {beyond}: ")
                } else {
                    String::new()
                };
                self.problems.warning(
                    path,
                    format!("{raise}{beyond} not {of}, which the kernel requires; ignored"),
                );
                *set &= limit;
            }
        };
        within("effective", &mut effective, permitted, "permitted");
        within("inheritable", &mut inheritable, bounding, "in the bounding set");
        within(
            "ambient",
            &mut ambient,
            permitted & inheritable,
            "both permitted and inheritable",
        );
        // A filter is loaded, and a ruleset taken on, with no_new_privs or as CAP_SYS_ADMIN (`man 2 seccomp`, `man 7 landlock`). The execve that follows takes the capability away again: it is not in
        // the ambient set, and for root the bounding set is the limit.
        if needs_admin && !process.no_new_privileges {
            let borrowed = CAP_SYS_ADMIN & self.available_capabilities();
            permitted |= borrowed;
            effective |= borrowed;
        }
        let (uid, gid) = (user.uid, user.gid);
        let step = Step::Credentials {
            uid,
            gid,
            groups: &groups,
            keep_groups,
            bounding,
            permitted,
            effective,
            inheritable,
            ambient,
        };
        self.steps.push(step, Origin::Member("process.user"));
    }

    /// What there is to give: in a user namespace everything.
    fn available_capabilities(&self) -> u64 {
        if self.in_user_namespace() {
            u64::MAX
        } else {
            self.host.permitted_capabilities
        }
    }

    /// The bits of a list of names. What is unknown has been warned of by the bundle; what the caller does not have itself it cannot give.
    fn capability_set(&mut self, name: &str, list: &[CapabilityName]) -> u64 {
        let asked = list
            .iter()
            .filter_map(CapabilityName::known)
            .fold(0, |set, capability| set | 1 << capability.number());
        let beyond = asked & !self.available_capabilities();
        if beyond != 0 {
            let path = JsonPath::from("process.capabilities").member(name);
            self.problems.warning(
                path,
                format!("the runtime itself does not have {}, and cannot give it", names(beyond)),
            );
        }
        asked & !beyond
    }

    /// Pushes the search for the program, and gives the environment that it will have.
    fn find_program(&mut self, process: &Process) -> StringList {
        let listen_fds = self.arguments.listen_fds;
        let mut env = environment(process.env.iter().map(|variable| &**variable));
        if listen_fds > 0 {
            env.retain(|variable| !["LISTEN_FDS", "LISTEN_PID"].contains(&key(variable)));
        }
        let notifies = self.arguments.notify_folder.is_some();
        if notifies {
            env.retain(|variable| key(variable) != notify::VARIABLE);
        }
        let has_home = env
            .iter()
            .any(|variable| key(variable) == "HOME" && variable.len() > "HOME=".len());
        if !has_home {
            env.retain(|variable| key(variable) != "HOME");
        }
        let search = env
            .iter()
            .find_map(|variable| variable.strip_prefix("PATH="))
            .unwrap_or_default();
        let name = process.args.first().map(|name| &**name).unwrap_or_default();
        let step = Step::FindProgram {
            name: &c_string(name),
            search: &c_string(search),
            home: !has_home,
            uid: process.user.uid,
        };
        self.steps.push(step, Origin::Member("process.args"));
        let mut list: StringList = env.iter().collect();
        if listen_fds > 0 {
            list.push(&format!("LISTEN_FDS={listen_fds}"));
            list.push("LISTEN_PID=1");
        }
        if notifies {
            list.push(notify::VALUE);
        }
        list
    }
}

/// The variables of an environment, each once: the last one of a name is what counts.
fn environment<'a>(variables: impl DoubleEndedIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let mut env: Vec<&str> = variables.rev().filter(|variable| seen.insert(key(variable))).collect();
    env.reverse();
    env
}

fn key(variable: &str) -> &str {
    variable.split('=').next().unwrap_or_default()
}

/// The names of a set of capabilities.
pub(crate) fn names(set: u64) -> String {
    let known = crate::bundle::Capability::ALL
        .iter()
        .filter(|capability| set >> capability.number() & 1 == 1);
    known
        .map(|capability| capability.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_variable_that_is_set_twice_the_last_one_counts() {
        assert_eq!(environment(["A=1", "B=2", "A=3", "C"].into_iter()), ["B=2", "A=3", "C"]);
    }
}
