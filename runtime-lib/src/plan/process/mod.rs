//! `process`: who it is, what it may do, and the way to its execve. The rooms here take a process, wherever it stands:
//! in a config, or in what exec is given.

mod attributes;
mod credentials;
mod environment;
mod filter;
mod labels;
mod landlock;
mod terminal;

use super::StdioUser;
use super::acts::{Acts, Origin, Place, StringList, c_string};
use super::compile::Compiler;
use super::deeds::GiveStdio;
use super::hooks::Surroundings;
use super::{Filter, readiness};
use crate::bundle::{Hook, IdMapping, Landlock, MemoryPolicy, NamespaceType, Personality, Process, Rlimit};
use crate::host::SecurityModules;
use crate::problem::Problems;
use environment::Environment;
use orlop_init::step::process::{NoNewPrivileges, StdioOwner, Umask};
use orlop_init::step::program::{Agent, Execute, FindProgram, WorkingDirectory};
use orlop_init::step::rootfs::HoldProc;
use orlop_init::step::start::CloseOnExecute;

/// What a process's plan depends on besides the process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around<'a> {
    /// The process is in another user namespace than the runtime.
    pub(crate) in_user_namespace: bool,
    /// The caller's permitted capabilities, as bits.
    pub(crate) permitted_capabilities: u64,
    /// Its user is given stdio by the runtime, and not by init.
    pub(crate) runtime_gives_stdio: bool,
    /// The process stays in the caller's supplementary groups.
    pub(crate) keep_groups: bool,
    /// Nobody can change groups where the process will be.
    pub(crate) denies_groups: bool,
    pub(crate) personality: Option<&'a Personality>,
    pub(crate) memory_policy: Option<&'a MemoryPolicy>,
    /// Instructions of the filter that it is bound by.
    pub(crate) instructions: u32,
    /// So many sockets are passed to it.
    pub(crate) listen_fds: u32,
    /// It is given a socket to tell when it is ready.
    pub(crate) notifies: bool,
    /// Hooks are run by init before it.
    pub(crate) has_start_hooks: bool,
    /// Rules that bind it, whoever it is.
    pub(crate) landlock: Option<&'a Landlock>,
    pub(crate) modules: SecurityModules,
    /// It is one more in a container that exists, and init goes on as a child of its own before it.
    pub(crate) is_further: bool,
}

/// The acts of a process that are being put together.
pub(crate) struct Rooms<'p> {
    pub(crate) acts: &'p mut Acts,
    pub(crate) problems: &'p mut Problems,
    pub(crate) process: &'p Process,
    pub(crate) around: Around<'p>,
}

impl Compiler<'_> {
    pub(crate) fn process(&mut self) {
        let Some(process) = &self.config.process else {
            self.step_umask();
            self.wait_for_start(None);
            return;
        };
        self.compile_filter();
        let agent = self.seccomp_agent();
        self.rooms(process).before_the_credentials();
        let mut rooms = self.rooms(process);
        let landlock = rooms.landlock();
        rooms.credentials(landlock);
        rooms.umask();
        let environment = rooms.find_program();
        rooms.no_new_privileges();
        self.wait_for_start(agent);
        let hooks: &[Hook] = &self.config.hooks.start_container;
        let preserve = self.arguments.passed();
        self.step(&CloseOnExecute { preserve }, Origin::Default);
        self.rooms(process).labels();
        // Their programs are the container's, and are not to do what its process may not.
        if !hooks.is_empty() {
            let surroundings = self.surroundings_of_start_hooks(process);
            self.inner_hooks("hooks.startContainer", hooks, &surroundings);
        }
        let mut rooms = self.rooms(process);
        rooms.limits(Rlimit::is_too_small_for_init);
        rooms.execute(landlock, agent, &environment);
    }

    /// Where the process's home is read from a file of the container's, which is opened by way of procfs.
    pub(crate) fn hold_proc_for_home(&mut self) {
        let Some(process) = &self.config.process else {
            return;
        };
        if !Environment::of(process, 0, false).has_home {
            self.step(&HoldProc {}, Origin::Member("process.env"));
        }
    }

    /// In another user namespace init cannot give what the namespace has no owner for. Where the runtime may not
    /// either, an ordinary user's files have an owner there, if that user is mapped.
    fn runtime_gives_stdio(&self) -> bool {
        self.in_user_namespace() && self.host.may_change_owners()
    }

    /// Pushes that stdio becomes the process's, where the runtime does that.
    pub(crate) fn give_stdio(&mut self, turn: Place) {
        if let Some(StdioUser { uid, on_host }) = self.stdio_user().filter(|_| self.runtime_gives_stdio()) {
            self.deed(turn, GiveStdio { uid, on_host }, Origin::Member("process.user.uid"));
        }
    }

    /// Whose stdio is the caller's.
    pub(crate) fn stdio_user(&self) -> Option<StdioUser> {
        let process = self.config.process.as_ref().filter(|process| !process.terminal)?;
        let uid = process.user.uid;
        let on_host = match (self.makes(NamespaceType::User), self.in_user_namespace()) {
            (true, _) => IdMapping::on_host(&self.config.linux.uid_mappings, uid),
            (false, true) => None,
            (false, false) => Some(uid),
        };
        Some(StdioUser { uid, on_host })
    }

    /// They see what the process sees, but for what only the process is given.
    fn surroundings_of_start_hooks(&self, process: &Process) -> Surroundings {
        let environment = Environment::of(
            process,
            self.arguments.listen_fds,
            self.arguments.notify_folder.is_some(),
        );
        Surroundings {
            bound: true,
            environment: environment.list(0, None),
            home: !environment.has_home,
        }
    }

    /// A container without a process takes the caller's mask again, too.
    fn step_umask(&mut self) {
        self.step(&Umask { mask: None }, Origin::Default);
    }

    pub(super) fn rooms<'p>(&'p mut self, process: &'p Process) -> Rooms<'p> {
        let linux = &self.config.linux;
        let around = Around {
            in_user_namespace: self.in_user_namespace(),
            permitted_capabilities: self.host.permitted_capabilities,
            runtime_gives_stdio: self.runtime_gives_stdio(),
            keep_groups: self.bundle.annotated().keep_original_groups,
            denies_groups: self.host.denies_groups,
            personality: linux.personality.as_ref(),
            memory_policy: linux.memory_policy.as_ref(),
            instructions: self.filter.as_ref().map_or(0, Filter::instructions),
            listen_fds: self.arguments.listen_fds,
            notifies: self.arguments.notify_folder.is_some(),
            has_start_hooks: !self.config.hooks.start_container.is_empty(),
            landlock: self.bundle.landlock(),
            modules: self.host.security_modules,
            is_further: false,
        };
        Rooms {
            acts: &mut self.acts,
            problems: &mut self.problems,
            process,
            around,
        }
    }
}

impl Rooms<'_> {
    /// Pushes what is done with the runtime's own rights.
    pub(crate) fn before_the_credentials(&mut self) {
        if !self.process.terminal {
            let uid = (!self.around.runtime_gives_stdio).then_some(self.process.user.uid);
            self.acts.step(&StdioOwner { uid }, Origin::Member("process.user.uid"));
        }
        self.first_limits();
        self.attributes();
        if !self.around.is_further {
            self.priorities();
        }
        // With the runtime's own rights, as runc does: the container's process may stand where it could not have gone.
        let path = &c_string(&self.process.cwd);
        self.acts
            .step(&WorkingDirectory { path }, Origin::Member("process.cwd"));
    }

    pub(crate) fn umask(&mut self) {
        let mask = self.process.user.umask.map(|mask| mask.bits().into());
        let origin = mask.map_or(Origin::Default, |_: u32| Origin::Member("process.user.umask"));
        self.acts.step(&Umask { mask }, origin);
    }

    /// Pushes the search for the program, and gives the environment that it will have.
    pub(crate) fn find_program(&mut self) -> StringList {
        let environment = Environment::of(self.process, self.around.listen_fds, self.around.notifies);
        let name = self.process.args.first().map(|name| &**name).unwrap_or_default();
        let step = FindProgram {
            name: &c_string(name),
            search: &c_string(environment.search()),
            home: !environment.has_home,
            uid: self.process.user.uid,
        };
        self.acts.step(&step, Origin::Member("process.args"));
        environment.list(self.around.listen_fds, self.around.notifies.then_some(readiness::VALUE))
    }

    pub(crate) fn no_new_privileges(&mut self) {
        if self.process.no_new_privileges {
            let origin = Origin::Member("process.noNewPrivileges");
            self.acts.step(&NoNewPrivileges {}, origin);
        }
    }

    pub(crate) fn execute(&mut self, landlock: bool, agent: Option<Agent>, environment: &StringList) {
        let args: StringList = self.process.args.iter().collect();
        let step = Execute {
            landlock,
            instructions: self.around.instructions,
            agent,
            args: args.as_strings(),
            env: environment.as_strings(),
        };
        self.acts.step(&step, Origin::Member("process.args"));
    }
}
