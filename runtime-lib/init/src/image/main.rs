//! The init image: carries out a plan from inside the new namespaces, and becomes the container's process.
//!
//! It has one argument, the number of the descriptor that holds the plan.

#![no_std]
#![no_main]

mod console;
mod copy;
mod credentials;
mod devices;
mod failure;
mod hooks;
mod kept;
mod label;
mod landlock;
mod long_parameters;
mod mounts;
mod namespaces;
mod network;
mod notify;
mod old_mount;
mod path;
mod proc;
mod program;
mod root;
mod sources;
mod start;
mod stdio;
mod sys;
#[path = "../wire.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the library uses the other half of the wire format"
)]
mod wire;

use core::ffi::CStr;
use failure::{Failure, Outcome, Text};
use sys::Fd;
use wire::{Header, Message, Part, Reader, Step, Wire};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::exit(254)
}

/// What init knows while it works.
struct Init<'a> {
    header: Header<'a>,
    /// Where failures are told: the parent's socket, then `start`'s connection.
    channel: Fd,
    /// The root of the container's mounts.
    root: Fd,
    root_is: root::Identity,
    /// The host's procfs, opened before anything of the container is mounted.
    proc: Fd,
    /// The host's `/dev/null`, opened before anything of the container is mounted.
    null: Fd,
    /// Where the AppArmor profile of the next execve is written, once it is open.
    apparmor: Fd,
    /// The same for the SELinux label.
    selinux: Fd,
    /// `start` has come.
    is_started: bool,
    /// The ruleset that the process will be bound by.
    landlock: Fd,
    /// Where the output of hooks goes: standard output and standard error.
    hook_output: [Fd; 2],
    /// The empty filesystem that hides directories, once there is one.
    mask: Fd,
    /// The file for the offsets of a time namespace, once it is open.
    time_offsets: Fd,
    /// The sources of bind mounts that were opened early, as descriptors.
    sources: &'static [usize],
    /// Mounts that something is still to be done to, as descriptors.
    kept: &'static mut [usize],
    /// What the next mount is to have besides its step.
    next: mounts::Next,
    /// The state for hooks' standard input.
    state: Fd,
    program: program::Program,
    /// The file mode creation mask that the process will have. Until then there is none: what init makes has the mode that it says.
    umask: u32,
    /// Namespaces, as `CLONE_NEW*` flags, that could not be joined yet.
    deferred: u64,
    /// Whether init is in a user namespace that it made or joined.
    in_user_namespace: bool,
    /// What a filesystem, or a hook, says about its failure.
    said: Text,
}

/// Begins; called by the kernel's entry.
fn begin(argument: Option<&CStr>) -> ! {
    let plan = argument.and_then(number).map(Fd).and_then(|file| {
        let plan = sys::map(file).ok();
        sys::close(file);
        plan
    });
    let mut reader = Reader::new(plan.unwrap_or_default());
    let Ok(header) = Header::take(&mut reader) else {
        sys::exit(253);
    };
    // Until the handshake is complete, init does not outlive its parent: the socket's end tells the same, should the parent be gone already.
    let _ = sys::process_control(sys::PR_SET_PDEATHSIG, u64::from(sys::SIGKILL.cast_unsigned()), 0);
    // Hidden from the container's other processes; but a parent without privileges has to reach its map files first.
    if !matches!(Step::take(&mut reader.clone()), Ok(Step::MapIds)) {
        let _ = sys::process_control(sys::PR_SET_DUMPABLE, 0, 0);
    }
    sys::set_name(c"orlop-init");
    let _ = sys::new_session();

    let mut init = Init {
        header,
        channel: Fd(header.socket),
        root: Fd::NONE,
        root_is: root::Identity::default(),
        proc: Fd::NONE,
        null: Fd::NONE,
        apparmor: Fd::NONE,
        selinux: Fd::NONE,
        is_started: false,
        landlock: Fd::NONE,
        hook_output: [Fd::NONE; 2],
        mask: Fd::NONE,
        time_offsets: Fd::NONE,
        sources: &[],
        kept: &mut [],
        next: mounts::Next::default(),
        state: Fd::NONE,
        program: program::Program::new(),
        umask: sys::set_umask(0),
        deferred: 0,
        in_user_namespace: false,
        said: Text::new(),
    };
    let mut index = 0;
    let failure = init.carry_out(reader, &mut index);
    failure.report(init.channel, index, &init.said);
    sys::exit(1)
}

fn number(text: &CStr) -> Option<i32> {
    core::str::from_utf8(text.to_bytes()).ok()?.parse().ok()
}

impl Init<'_> {
    /// Carries out all steps; comes back only with a failure.
    fn carry_out(&mut self, mut reader: Reader<'_>, index: &mut u32) -> Failure {
        if let Err(failure) = stdio::take_over(self.header.stdio) {
            return failure;
        }
        while !reader.is_at_end() {
            let outcome = match Step::take(&mut reader) {
                Ok(step) => self
                    .look_ahead(&step, &reader)
                    .and_then(|()| self.step(&step, &reader, *index)),
                Err(malformed) => Err(malformed.into()),
            };
            if let Err(failure) = outcome {
                return failure;
            }
            *index += 1;
        }
        Failure::from(Part::Plan)
    }

    /// After a filter nothing is sure to be allowed but the execve itself: what that needs is made ready before.
    fn look_ahead(&mut self, step: &Step<'_>, rest: &Reader<'_>) -> Outcome {
        match step {
            Step::Seccomp { .. } => match Step::take(&mut rest.clone())? {
                Step::Exec { args, env } => self.make_room(args, env),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn step(&mut self, step: &Step<'_>, rest: &Reader<'_>, index: u32) -> Outcome {
        match *step {
            Step::NewKeyring { name } => namespaces::new_keyring(name),
            Step::JoinCgroup { file } => namespaces::join_cgroup(self.descriptor(file)?),
            Step::Unshare { flags } => Ok(sys::unshare(flags)?),
            Step::JoinNamespace { file, kind, defer } => self.join_namespace(file, kind, defer),
            Step::JoinDeferred { file, kind } => self.join_deferred(file, kind),
            Step::MapIds => self.map_ids(index),
            Step::BecomeRoot { keep_groups } => self.become_root(keep_groups),
            Step::EnterPidNamespace => self.enter_pid_namespace(index),
            Step::DropGroups => {
                let _ = sys::set_groups(&[]);
                Ok(())
            }
            Step::OpenTimeOffsets => self.open_time_offsets(),
            Step::TimeOffsets { text } => self.time_offsets(text),
            Step::EnterTimeNamespace => self.enter_time_namespace(),
            Step::OpenSources { paths } => self.open_sources(paths),
            Step::EitherSource { first, second } => {
                let open = |path| sys::open(Fd::CWD, path, sys::O_PATH, 0);
                self.next.source = open(first).or_else(|_| open(second)).ok();
                Ok(())
            }
            Step::TakeSource { index } => {
                self.next.source = self.source(index);
                Ok(())
            }
            Step::JoinPidNamespace { file } => self.join_pid_namespace(file, index),
            Step::HostPropagation { propagation } => Ok(sys::mount(c"none", c"/", propagation | sys::MS_REC)?),
            Step::PrivateAround { path } => root::make_private_around(path),
            Step::OpenRoot { path, propagation } => self.open_root(path, propagation),
            Step::Mount {
                kind,
                source,
                target,
                parameters,
                attributes,
                propagation,
                copy_up,
                mode,
            } => {
                let filesystem = mounts::Filesystem {
                    kind,
                    source,
                    parameters,
                    attributes,
                    copy_up,
                };
                self.mount(&filesystem, target, mode, propagation)
            }
            Step::Bind {
                source,
                target,
                recursive,
                set,
                clear,
                clear_unlocked,
                set_all,
                clear_all,
                propagation,
            } => {
                let tree = mounts::Tree {
                    source,
                    recursive,
                    set,
                    clear,
                    clear_unlocked,
                    set_all,
                    clear_all,
                    propagation,
                };
                self.bind(&tree, target)
            }
            Step::MapNextMount { namespace, recursive } => {
                self.next.mapping = Some((self.descriptor(namespace)?, recursive));
                Ok(())
            }
            Step::TakeTree { tree } => {
                self.next.tree = Some(self.descriptor(tree)?);
                Ok(())
            }
            Step::NextLinks { source, target, copy } => {
                self.next.links = mounts::Links { source, target, copy };
                Ok(())
            }
            Step::ChangeMount {
                target,
                parameters,
                set,
                clear,
                clear_unlocked,
                set_all,
                clear_all,
                propagation,
            } => {
                let tree = mounts::Tree {
                    source: c"",
                    recursive: true,
                    set,
                    clear,
                    clear_unlocked,
                    set_all,
                    clear_all,
                    propagation,
                };
                self.change_mount(target, parameters, &tree)
            }
            Step::Attributes { target, set, clear } => self.change_attributes(target, set, clear),
            Step::KeepNextMount { number, of } => self.keep_next(number, of),
            Step::ReadonlyKept { number, .. } => self.readonly_kept(number),
            Step::PropagateKept { number, propagation } => self.propagate_kept(number, propagation),
            Step::Remount { target, flags } => self.remount(target, flags),
            Step::Directory { path, mode } => path::make_directories(self.root, path, mode).map(drop),
            Step::Node {
                path,
                mode,
                major,
                minor,
                uid,
                gid,
                demands,
            } => devices::make_node(
                self.root,
                path,
                &devices::Node {
                    mode,
                    major,
                    minor,
                    uid,
                    gid,
                    demands,
                },
            ),
            Step::Link { path, target, replace } => devices::make_link(self.root, path, target, replace),
            Step::Console { rows, columns, uid } => self.console(rows, columns, uid),
            Step::RuntimeHooks => self.runtime_hooks(index),
            Step::Hook {
                path,
                args,
                env,
                timeout,
            } => self.hook(
                &hooks::Hook {
                    path,
                    args,
                    env,
                    timeout,
                },
                rest,
            ),
            Step::HookOutput { stdout, stderr } => self.set_hook_output(stdout, stderr),
            Step::Loopback => network::bring_loopback_up(),
            Step::NetworkDevice { .. } => self.network_device(index),
            Step::Pivot => self.pivot(),
            Step::MoveRoot => self.move_root(),
            Step::RootPropagation { propagation } => self.root_propagation(propagation),
            Step::ReadonlyRoot => self.readonly_root(),
            Step::ReadonlyPath { path } => self.readonly_path(path),
            Step::MaskPath { path } => self.mask_path(path),
            Step::Sysctl { path, value } => self.sysctl(path, value),
            Step::Hostname { name } => Ok(sys::set_hostname(name)?),
            Step::Domainname { name } => Ok(sys::set_domainname(name)?),
            Step::OomScore { value } => self.oom_score(value),
            Step::Rlimit { resource, soft, hard } => Ok(sys::set_limit(resource, soft, hard)?),
            Step::StdioOwner { uid } => stdio::give_to(uid, self.null),
            Step::WorkingDirectory { path } => program::enter_working_directory(path),
            Step::FindProgram {
                name,
                search,
                home,
                uid,
            } => self.find_program(name, search, home, uid),
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
                let sets = credentials::Sets {
                    bounding,
                    permitted,
                    effective,
                    inheritable,
                    ambient,
                };
                let groups = (!keep_groups).then_some(groups);
                credentials::take_on(uid, gid, groups, &sets, || self.denies_groups())
            }
            Step::Umask { mask } => {
                self.umask = mask;
                Ok(())
            }
            Step::NoNewPrivileges => {
                sys::process_control(sys::PR_SET_NO_NEW_PRIVS, 1, 0)?;
                Ok(())
            }
            Step::LandlockRuleset {
                filesystem,
                network,
                scoped,
            } => self.begin_ruleset(filesystem, network, scoped),
            Step::LandlockPath { path, access } => self.allow_beneath(path, access),
            Step::LandlockPort { port, access } => Ok(sys::allow_port(self.landlock, port, access)?),
            Step::LandlockRestrict => Ok(sys::restrict_self(self.landlock)?),
            Step::WaitForStart { listener, preserve } => self.wait_for_start(listener, preserve, index),
            Step::Seccomp { filter, flags } if flags & notify::NEW_LISTENER != 0 => {
                self.load_notifying_filter(filter, flags, index)
            }
            Step::Seccomp { filter, flags } => {
                sys::load_filter(filter, flags)?;
                Ok(())
            }
            Step::Exec { args, env } => self.execute(args, env),
            Step::Idle { listener } => self.idle(listener, index),
            Step::Scheduling {
                policy,
                flags,
                nice,
                priority,
                runtime,
                deadline,
                period,
            } => Ok(sys::set_scheduling(sys::SchedulingAttributes {
                size: 0,
                policy,
                flags,
                nice,
                priority,
                runtime,
                deadline,
                period,
                utilization_min: 0,
                utilization_max: 0,
            })?),
            Step::IoPriority { class, priority } => Ok(sys::set_io_priority(class, priority)?),
            Step::Personality { domain } => Ok(sys::set_personality(domain)?),
            Step::OpenLabel { module } => self.open_label(module),
            Step::Label { module, text } => self.label(module, text),
            Step::KeyLabel { label } => self.label_keys(label),
            Step::LabelMount { target, label } => self.label_mount(target, label),
            Step::MemoryPolicy { mode, nodes } => Ok(sys::set_memory_policy(mode, nodes)?),
        }
    }

    fn descriptor(&self, slot: wire::Slot) -> Result<Fd, Failure> {
        Ok(Fd(self.header.descriptor(slot)?))
    }

    /// Tells the parent something, and waits for its word to go on. What comes with that word is the state for the hooks.
    fn handshake(&mut self, kind: u32, step: u32, detail: u32) -> Outcome {
        let message = Message {
            kind,
            step,
            errno: 0,
            part: 0,
            detail,
            length: 0,
        };
        sys::send(self.channel, &message.to_bytes(), None)?;
        self.await_go()
    }

    fn await_go(&mut self) -> Outcome {
        let mut buffer = [0; Message::SIZE];
        let (length, passed) = sys::receive(self.channel, &mut buffer)?;
        match Message::from_bytes(buffer.get(..length).unwrap_or_default()) {
            Ok((Message { kind: Message::GO, .. }, _)) => {
                if let Some(state) = passed {
                    self.state = state;
                }
                Ok(())
            }
            // The parent is gone, or lost: nobody would clean up after a container that goes on.
            _ => sys::exit(252),
        }
    }
}
