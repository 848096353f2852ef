//! Hooks that run in the container's namespaces.

use crate::Init;
use crate::failure::{Failure, In, Outcome, Text};
use crate::linux::seccomp;
use crate::step::Act;
use crate::step::hooks::{Hook, HookOutput};
use crate::sys::{self, Errno, Fd};
use crate::wire::{Header, Message, Part, Slot};

impl Act<Init> for HookOutput {
    fn act(&self, init: &mut Init) -> Outcome {
        let open = |slot: Option<Slot>| slot.map_or(Ok(Fd::NONE), |slot| init.descriptor(slot));
        init.hook_output = [open(self.stdout)?, open(self.stderr)?];
        Ok(())
    }
}

impl Act<Init> for Hook<'_> {
    /// Runs one hook: the state on its standard input, what it writes to standard error kept for the error's sentence,
    /// killed when its time is over.
    #[inline(never)]
    fn act(&self, init: &mut Init) -> Outcome {
        let timeout = self.timeout;
        if init.state != Fd::NONE {
            sys::rewind(init.state)?;
        }
        let (stderr, stderr_end) = sys::pipe()?;
        let [_, log] = init.hook_output;
        let log_begins = sys::status(log, c"", sys::AT_EMPTY_PATH).map_or(0, |status| status.size);
        let (verdict, verdict_end) = sys::pipe()?;
        let child = sys::fork(sys::SIGCHLD)?;
        if child == 0 {
            let errno = init.become_hook(stderr_end, self);
            let _ = sys::write(verdict_end, &errno.0.to_ne_bytes());
            sys::exit(127);
        }
        sys::close(stderr_end);
        sys::close(verdict_end);
        let in_time = watch(child, stderr, timeout, &mut init.said)?;
        if !in_time {
            // What else it has started ends with the container's pid namespace or with its cgroup, where there are any.
            let _ = sys::kill_group(child);
            let _ = sys::kill(child, sys::SIGKILL);
        }
        let status = sys::wait(child)?;
        let mut errno = [0; 4];
        // The child is gone: what it had to say is there. To wait for the end of the pipe could be for ever.
        let failed = sys::poll([verdict], Some(0)) == Ok([true]) && sys::read(verdict, &mut errno) == Ok(4);
        sys::close(stderr);
        sys::close(verdict);
        if log != Fd::NONE {
            let mut buffer = [0; Message::TEXT];
            let length = sys::read_at(log, &mut buffer, log_begins).unwrap_or(0);
            init.said.push(buffer.get(..length).unwrap_or_default());
        }
        if failed {
            return Err(Failure::new(Part::Source, Errno(i32::from_ne_bytes(errno))));
        }
        if !in_time {
            return Err(Failure::from(Part::HookTimeout).detail(timeout));
        }
        if status != 0 {
            return Err(Failure::from(Part::HookStatus).detail(status));
        }
        init.said = Text::new();
        Ok(())
    }
}

impl Init {
    fn become_hook(&self, stderr: Fd, hook: &Hook<'_>) -> Errno {
        // After the pivot the hook is the container's program: the host's inode is not for it.
        let null = match self.null {
            Fd::NONE => sys::open(Fd::CWD, c"/dev/null", sys::O_RDWR, 0).unwrap_or(stderr),
            null => null,
        };
        let stdin = if self.state == Fd::NONE { null } else { self.state };
        let [stdout, log] = self.hook_output;
        let or = |file: Fd, other| if file == Fd::NONE { other } else { file };
        for (file, number) in [(stdin, 0), (or(stdout, null), 1), (or(log, stderr), 2)] {
            if let Err(errno) = sys::duplicate(file, number) {
                return errno;
            }
        }
        sys::set_umask(self.umask);
        if hook.timeout != 0 {
            // So that its group is known when its time is over.
            let _ = sys::new_session();
        }
        if let Err(errno) = sys::close_on_exec_from(3) {
            return errno;
        }
        let Hook {
            path, args, env, home, ..
        } = *hook;
        let home = self.program.home().filter(|_| home);
        let attempt = || -> sys::Result<Errno> {
            let count = env.len() + usize::from(home.is_some());
            let room = sys::room_for(args.len() + count)?;
            if hook.bound {
                self.bind_like_the_process()?;
            }
            let env = env.iter().chain(home);
            Ok(sys::execute(room, path, args.iter(), args.len(), env, count))
        };
        attempt().unwrap_or_else(|errno| errno)
    }

    /// A hook of `start` is a program of the container's, and may be the image's own: what binds the process binds it,
    /// too. (The labels are set already, and a child has them.)
    fn bind_like_the_process(&self) -> sys::Result<()> {
        // The agent is for the process. What it would be asked about fails.
        let of_a_listener = seccomp::SECCOMP_FILTER_FLAG_NEW_LISTENER | seccomp::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        if self.landlock != Fd::NONE {
            sys::restrict_self(self.landlock)?;
        }
        let Header {
            filter, filter_flags, ..
        } = self.header;
        if !filter.is_empty() {
            sys::load_filter(filter, filter_flags & !of_a_listener)?;
        }
        Ok(())
    }
}

/// Collects what the hook says until it ends; `false` if its time is over before. Its end is what counts, not the end
/// of its stderr, which a daemon that it leaves behind may hold open.
#[inline(never)]
fn watch(child: usize, stderr: Fd, timeout: u32, said: &mut Text) -> Result<bool, Failure> {
    let process = sys::open_process(child)?;
    let deadline = (timeout != 0).then(|| sys::monotonic_milliseconds() + u64::from(timeout) * 1000);
    let mut listening = stderr;
    let in_time = loop {
        let left = deadline.map(|deadline| deadline.saturating_sub(sys::monotonic_milliseconds()));
        if left == Some(0) {
            break false;
        }
        let [ended, speaks] = match sys::poll([process, listening], left) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        if speaks && !collect(stderr, said) {
            listening = Fd::NONE;
        }
        if ended {
            break true;
        }
    };
    while listening != Fd::NONE && sys::poll([stderr], Some(0)).of(Part::Whole)? == [true] && collect(stderr, said) {}
    sys::close(process);
    Ok(in_time)
}

/// Reads once; `false` at the end.
fn collect(stderr: Fd, said: &mut Text) -> bool {
    let mut buffer = [0; 512];
    match sys::read(stderr, &mut buffer) {
        Ok(length) if length > 0 => {
            said.push(buffer.get(..length).unwrap_or_default());
            true
        }
        _ => false,
    }
}
