//! The init image: carries out a plan from inside the new namespaces, and becomes the container's process.
//!
//! It has one argument, the number of the descriptor that holds the plan.

#![no_std]
#![no_main]

mod credentials;
mod devices;
mod digits;
mod failure;
mod hooks;
mod kernel;
mod labels;
mod landlock;
mod mounts;
mod move_root;
mod namespaces;
mod network;
mod path;
mod proc;
mod process;
mod program;
mod rootfs;
mod seccomp_agent;
mod start;
mod stdio;
mod sys;
mod terminal;
mod turns;

#[path = "../linux.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses the other half")]
mod linux;
#[path = "../step/mod.rs"]
#[macro_use]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "how a step is written and reads is the library's business"
)]
mod step;
#[path = "../wire/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the library uses the other half of the wire format"
)]
mod wire;

use core::ffi::CStr;
use failure::{Failure, Outcome, Text};
use step::Hand;
use sys::Fd;
use wire::{Header, Malformed, Part, Reader, Wire};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::exit(254)
}

/// What init knows while it works.
struct Init {
    header: Header<'static>,
    /// The place in the plan of the step that is being carried out.
    at: u32,
    /// Where failures are told: the parent's socket, then `start`'s connection.
    channel: Fd,
    /// What goes to the parent with the next turn.
    offer: turns::Offer,
    /// The root of the container's mounts.
    root: Fd,
    root_is: rootfs::Identity,
    /// The host's procfs, opened before anything of the container is mounted.
    proc: Fd,
    /// The mount at the container's `/proc`, by its id.
    procfs: Option<u64>,
    /// The host's `/dev/null`, opened before anything of the container is mounted.
    null: Fd,
    /// Where the AppArmor profile of the next execve is written, once it is open.
    apparmor: Fd,
    /// The same for the SELinux label.
    selinux: Fd,
    /// The ruleset that the process will be bound by.
    landlock: Fd,
    /// Where the output of hooks goes: standard output and standard error.
    hook_output: [Fd; 2],
    /// The empty filesystem that hides directories, once there is one.
    mask: Fd,
    /// The file for the offsets of a time namespace, once it is open.
    time_offsets: Fd,
    /// The sources of bind mounts that were opened early, as descriptors.
    sources: &'static mut [usize],
    /// Mounts that something is still to be done to, as descriptors.
    held: &'static mut [usize],
    /// In a container that exists: what is taken off again when a step fails.
    added: mounts::Added,
    /// The state for hooks' standard input.
    state: Fd,
    program: program::Program,
    /// The file mode creation mask of the programs that are executed. Until it is set there is none: what init makes
    /// has the mode that it says.
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
        // Such as a container's program that is /proc/self/exe.
        let _ = sys::write(
            Fd(2),
            b"orlop-init: this program sets containers up, and orlop alone starts it\n",
        );
        sys::exit(253);
    };
    // Until it outlives its parent: the socket's end tells the same, should the parent be gone already.
    namespaces::die_with_parent();
    sys::set_name(c"orlop-init");
    let _ = sys::new_session();

    let mut init = Init {
        header,
        at: 0,
        channel: Fd(header.socket),
        offer: turns::Offer::NOTHING,
        root: Fd::NONE,
        root_is: rootfs::Identity::default(),
        proc: Fd::NONE,
        procfs: None,
        null: Fd::NONE,
        apparmor: Fd::NONE,
        selinux: Fd::NONE,
        landlock: Fd::NONE,
        hook_output: [Fd::NONE; 2],
        mask: Fd::NONE,
        time_offsets: Fd::NONE,
        sources: &mut [],
        held: &mut [],
        added: mounts::Added::NOTHING,
        state: Fd::NONE,
        program: program::Program::new(),
        umask: sys::set_umask(0),
        deferred: 0,
        in_user_namespace: false,
        said: Text::new(),
    };
    let failure = init.carry_out(reader);
    init.take_back();
    failure.report(init.channel, init.at, &init.said);
    sys::exit(1)
}

fn number(text: &CStr) -> Option<i32> {
    core::str::from_utf8(text.to_bytes()).ok()?.parse().ok()
}

impl Hand for Init {
    type Outcome = Outcome;
}

impl Init {
    /// Carries out all steps; comes back only with a failure.
    fn carry_out(&mut self, mut reader: Reader<'static>) -> Failure {
        if let Err(failure) = stdio::take_over(self.header.stdio).and_then(|()| self.make_room_for_held()) {
            return failure;
        }
        while !reader.is_at_end() {
            let outcome = self.step(&mut reader).unwrap_or_else(|malformed| Err(malformed.into()));
            if let Err(failure) = outcome {
                return failure;
            }
            self.at += 1;
        }
        Failure::from(Part::Plan)
    }

    fn step(&mut self, reader: &mut Reader<'static>) -> Result<Outcome, Malformed> {
        let (room, number) = (u8::take(reader)?, u8::take(reader)?);
        macro_rules! perform {
            ($($room:ident $module:ident ($($life:lifetime)?) = $room_number:literal,)*) => {
                match room {
                    $($room_number => step::$module::Steps::perform(number, reader, self),)*
                    _ => Err(Malformed),
                }
            };
        }
        each_room! { perform! {} }
    }

    fn descriptor(&self, slot: wire::Slot) -> Result<Fd, Failure> {
        Ok(Fd(self.header.descriptor(slot)?))
    }
}
