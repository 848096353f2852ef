//! `create`.

use super::{Console, Container, CreateOptions, Created, Process, Runtime};
use crate::bundle::{Bundle, NamespaceType, SeccompAction};
use crate::cgroup::{self, Made, Need, Paths};
use crate::launch::{EXEC, Launch, send_descriptor};
use crate::plan::{Arguments, Host, Plan, phrase, shown};
use crate::resctrl::Group;
use crate::store::{Entry, Identity, Phase, Record, SeccompAgent, StartStep, Store, now};
use crate::{Error, Failure, Problem, Severity};
use orlop_init::wire::Step;
use rustix::fd::{AsFd, OwnedFd};
use std::fs::File;
use std::io::Write;
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

impl Runtime {
    /// Creates the container `id` of a bundle: everything is set up, and its init waits for [`Container::start`].
    ///
    /// Its init is a child of the caller; it lives on when the caller ends. May be called from any thread, and from several at once.
    ///
    /// # Errors
    /// What the bundle asks for is refused, the id is taken, or the host refuses a step. Nothing is left of the container then.
    pub fn create(&self, id: &str, bundle: &Bundle, options: &CreateOptions) -> Result<Created, Error> {
        let mut hooks_began = false;
        self.try_to_create(id, bundle, options, &mut hooks_began)
            .inspect_err(|_| {
                // runtime-spec: runtime.md#lifecycle: what the first hooks did is for the last ones to undo. That one of these fails, too, would only be another
                // word about the same.
                if hooks_began {
                    let state = super::state::before_its_time(id, bundle);
                    let hooks = &bundle.config().hooks.poststop;
                    let _ = super::delete::run_poststop_hooks(hooks, &state, &bundle.annotated().hooks);
                }
            })
    }

    fn try_to_create(
        &self,
        id: &str,
        bundle: &Bundle,
        options: &CreateOptions,
        hooks_began: &mut bool,
    ) -> Result<Created, Error> {
        let arguments = Arguments {
            id: id.to_owned(),
            no_pivot: options.no_pivot,
            no_new_keyring: options.no_new_keyring,
            preserve_fds: options.preserve_fds,
            listen_fds: options.listen_fds,
            notify_folder: options
                .notify
                .then(|| Store::new(self.root()).notify_folder(id))
                .transpose()?,
        };
        let host = Host::detect()?;
        let (plan, problems) = Plan::compile(bundle, &host, &arguments);
        let mut warnings = bundle.warnings().to_vec();
        let told = problems.into_warnings()?.into_iter();
        warnings.extend(told.filter(|problem| problem.severity == Severity::Warning));
        let Some(plan) = plan else {
            return Err(Failure::plain("plan the container", "no plan").into());
        };
        check_console(bundle, options)?;
        let passed = passed_descriptors(options)?;
        bundle.check_rootfs()?;

        let mut creation = Creation {
            entry: Store::new(self.root()).reserve(id)?,
            cgroup: plan.cgroup.clone(),
            made: None,
            resctrl: None,
            pid_file: None,
            is_complete: false,
        };
        if options.notify {
            creation.entry.make_notify_folder()?;
        }
        let mut record = record(bundle, &plan);
        // Where the cgroup will be is on disk before it is made: whoever is killed from here on leaves something that can be cleaned.
        creation.entry.write(&record)?;
        let asked = bundle.config().linux.cgroups_path.is_some();
        let made = creation.made.insert(cgroup::make(
            &plan.cgroup,
            if asked { Need::Asked } else { Need::NotAsked },
        )?);
        if !made.reused.is_empty() {
            record.cgroup.mark_as_there(&made.reused);
            creation.cgroup.mark_as_there(&made.reused);
            // The next time that the record is written may be when init is there.
            creation.entry.write(&record)?;
        }
        warnings.extend(made.reused.iter().map(|path| {
            Problem::warning(
                "linux.cgroupsPath",
                format!("the cgroup {path:?} exists already; it is empty, and used"),
            )
        }));
        cgroup::hand_over(made, bundle.config())?;
        if let (Some(rdt), Some(group)) = (&bundle.config().linux.intel_rdt, &record.resctrl) {
            group.make(rdt)?;
            creation.resctrl = Some(group.clone());
        }
        let state = super::state::of(id, &record);
        let launch = Launch {
            bundle,
            plan: &plan,
            options,
            passed: &passed,
            entry: &creation.entry,
            cgroup: made,
            state: &state,
        };
        let launched = launch.run(|pid, pidfd| {
            record.init = Some(identity(pid, pidfd)?);
            record.hooks_began = true;
            *hooks_began = true;
            creation.entry.write(&record)
        })?;
        // Not before: mounting a filesystem from a device opens it, which the container itself may not be allowed to.
        if !cgroup::devices::apply(made, bundle.config())? && host.cgroups.has_v1_devices() {
            warnings.extend(cgroup::devices::left_out(bundle.config()));
        }
        record.init = Some(identity(launched.pid(), launched.pidfd()?)?);
        if let Some(group) = &creation.resctrl {
            group.add(launched.pid())?;
        }
        record.phase = Phase::Created;
        creation.entry.write(&record)?;
        let pid = launched.pid().as_raw_nonzero().get();
        if let Some(path) = &options.pid_file {
            write_pid_file(path, pid)?;
            creation.pid_file = Some(path);
        }
        let annotated = bundle.annotated().pidfd_receiver.as_deref().map(Path::new);
        for path in options.pidfd_socket.as_deref().into_iter().chain(annotated) {
            send_descriptor(path, "pidfd socket", "pidfd", launched.pidfd()?.as_fd())?;
        }
        let released = launched.release(&state)?;
        creation.is_complete = true;
        drop(creation);
        Ok(Created {
            container: Container::new(self.root(), id),
            init: Process {
                pid,
                pidfd: released.pidfd,
            },
            console: released.console,
            warnings,
        })
    }
}

/// A container in the making; undone when dropped before it is complete.
struct Creation<'a> {
    entry: Entry,
    cgroup: Paths,
    made: Option<Made>,
    resctrl: Option<Group>,
    pid_file: Option<&'a Path>,
    is_complete: bool,
}

impl Drop for Creation<'_> {
    fn drop(&mut self) {
        if !self.is_complete {
            if let Some(path) = self.pid_file {
                let _ = std::fs::remove_file(path);
            }
            let mut is_clean = true;
            if let Some(made) = &self.made {
                // What a hook left behind in the container's cgroup is not init's child, and would keep the cgroup.
                let _ = cgroup::kill_all(&self.cgroup);
                is_clean = made.undo().is_ok();
            }
            if let Some(group) = &self.resctrl {
                is_clean &= group.remove().is_ok();
            }
            // What could not be cleaned is left with its record: `delete --force` tries again.
            if is_clean {
                let _ = self.entry.remove();
            }
        }
    }
}

fn identity(pid: rustix::process::Pid, pidfd: &OwnedFd) -> Result<Identity, Error> {
    Identity::of(pid, pidfd).map_err(|errno| Failure::new("identify init", errno).into())
}

fn record(bundle: &Bundle, plan: &Plan) -> Record {
    let config = bundle.config();
    let after_start = plan
        .steps
        .iter()
        .enumerate()
        .skip_while(|(_, (step, _))| !matches!(step, Step::WaitForStart { .. }))
        .skip(1);
    let start_steps = after_start
        .filter_map(|(index, (step, origin))| {
            let phrase = match step {
                Step::Exec { args, .. } => format!("{EXEC}{}", program(&shown(args.iter().next()?))),
                step => phrase(&step),
            };
            let path = origin.path().map(|path| path.as_str().to_owned());
            Some(StartStep {
                index: u32::try_from(index).ok()?,
                phrase,
                path,
            })
        })
        .collect();
    Record {
        version: Record::VERSION,
        phase: Phase::Creating,
        oci_version: config.oci_version.to_string(),
        bundle: bundle.dir().to_owned(),
        rootfs: bundle.rootfs().to_owned(),
        created: now(),
        annotations: config
            .annotations
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        cgroup: plan.cgroup.clone(),
        resctrl: plan.resctrl.clone().map(Group::looked_at),
        init: None,
        hooks_began: false,
        startable: config.process.is_some(),
        own_pid_namespace: config
            .linux
            .namespace(NamespaceType::Pid)
            .is_some_and(|namespace| namespace.path.is_none()),
        poststart: config.hooks.poststart.clone(),
        poststop: config.hooks.poststop.clone(),
        start_steps,
        seccomp_agent: seccomp_agent(bundle),
    }
}

/// The agent, if a rule of the profile has something for it.
fn seccomp_agent(bundle: &Bundle) -> Option<SeccompAgent> {
    let profile = bundle.config().linux.seccomp.as_ref()?;
    let notifies = profile.syscalls.iter().any(|rule| rule.action == SeccompAction::Notify);
    let path = profile.listener_path.as_ref().filter(|_| notifies)?;
    Some(SeccompAgent {
        path: path.to_string(),
        metadata: profile.listener_metadata.as_ref().map(ToString::to_string),
    })
}

/// A program's name as it stands in an error: quoted only if it has to be, since engines look for `exec NAME: `.
fn program(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { name.to_owned() } else { format!("{name:?}") }
}

fn check_console(bundle: &Bundle, options: &CreateOptions) -> Result<(), Error> {
    let wants_terminal = bundle.config().process.as_ref().is_some_and(|process| process.terminal);
    match (&options.console, wants_terminal) {
        (Console::None, true) => {
            let text = "cannot allocate tty if runc will detach without setting console socket";
            Err(Problem::error("process.terminal", text).into())
        }
        (Console::Socket(_), false) => {
            let text = "cannot use console socket if runc will not detach or allocate tty";
            Err(Problem::error("process.terminal", text).into())
        }
        _ => Ok(()),
    }
}

/// The descriptors that are passed to the process. A socket of `LISTEN_FDS` has to be there. Among the preserved ones there may be gaps, which stay gaps:
/// callers give the highest number that they have.
fn passed_descriptors(options: &CreateOptions) -> Result<Vec<RawFd>, Error> {
    let (sockets, preserved) = (options.listen_fds, options.preserve_fds);
    let count = u64::from(sockets) + u64::from(preserved);
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if most.is_some_and(|most| count >= most) {
        let attempted = format!(
            "preserve descriptors: unable to stat preserved-fd {} (of {preserved})",
            preserved.saturating_sub(1)
        );
        let failure = Failure::new(attempted, rustix::io::Errno::BADF);
        return Err(failure
            .hint("it is more than a process may have (RLIMIT_NOFILE)")
            .into());
    }
    let is_open = |number: &RawFd| crate::sys::survives_execve(*number);
    let first: RawFd = 3;
    let first_preserved = first.saturating_add_unsigned(sockets);
    if let Some(number) = (first..first_preserved).find(|number| !is_open(number)) {
        let index = number.abs_diff(first);
        let attempted = format!("preserve descriptors: unable to stat listening socket {index} (of {sockets})");
        return Err(Failure::new(attempted, rustix::io::Errno::BADF).into());
    }
    let end = first_preserved.saturating_add_unsigned(preserved);
    Ok((first..end).filter(is_open).collect())
}

/// Decimal, no newline, and never seen half-written.
fn write_pid_file(path: &Path, pid: i32) -> Result<(), Error> {
    let failed = |error: std::io::Error| Failure::io(format!("write the pid file {path:?}"), &error);
    let name = path
        .file_name()
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    // A name that nobody else has: what is there already is not ours to remove, and a link would be followed.
    let new = path.with_file_name(format!(".{}.{pid}.orlop", name.to_string_lossy()));
    let attempt = || -> std::io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o644).open(&new)?;
        file.write_all(pid.to_string().as_bytes())?;
        std::fs::rename(&new, path)
    };
    attempt().map_err(|error| {
        let _ = std::fs::remove_file(&new);
        failed(error).into()
    })
}
