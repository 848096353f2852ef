//! The container's program: where it stands, which file it is, and its execve.

use super::reads::{Failed, Member, Reads};
use super::words::{Escaped, List, Quoted};
use crate::linux::errno;
use crate::wire::{Malformed, Part, Reader, Sink, Slot, Strings, Wire};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

/// The agent that answers a filter's notifications (`man 2 seccomp_unotify`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// A connection with it.
    pub socket: Slot,
    /// A file with the state that goes to it together with the listener.
    pub state: Slot,
}

impl Wire<'_> for Agent {
    fn put(&self, sink: &mut impl Sink) {
        self.socket.put(sink);
        self.state.put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> core::result::Result<Self, Malformed> {
        Ok(Self {
            socket: Wire::take(reader)?,
            state: Wire::take(reader)?,
        })
    }
}

/// Sets of capabilities, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilitySets {
    /// `CapEff` of `man 5 proc_pid_status`.
    pub effective: u64,
    /// `CapPrm`
    pub permitted: u64,
    /// `CapInh`
    pub inheritable: u64,
}

impl Wire<'_> for CapabilitySets {
    fn put(&self, sink: &mut impl Sink) {
        self.effective.put(sink);
        self.permitted.put(sink);
        self.inheritable.put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> core::result::Result<Self, Malformed> {
        Ok(Self {
            effective: Wire::take(reader)?,
            permitted: Wire::take(reader)?,
            inheritable: Wire::take(reader)?,
        })
    }
}

steps! { 11<'a>;
    /// Enter the working directory.
    WorkingDirectory<'a> = 1 {
        /// Where, absolute, in the container.
        path: &'a CStr,
    }
    /// Find the program, as `execvp` would, and `HOME` if it is unset.
    FindProgram<'a> = 2 {
        /// The program, as `process.args[0]` says.
        name: &'a CStr,
        /// The value of `PATH` in the container's environment.
        search: &'a CStr,
        /// Look up the user's home.
        home: bool,
        /// The user whose home it is.
        uid: u32,
    }
    /// Become the container's process: take Landlock's rules on, load the filter, execute the program. These are one
    /// step, since behind the filter nothing is sure to be allowed but the execve.
    Execute<'a> = 3 {
        /// Take the ruleset on that was made (`man 2 landlock_restrict_self`).
        landlock: bool,
        /// Load the filter of the plan's header (`man 2 seccomp`), which has so many instructions; 0 for none.
        instructions: u32,
        /// Who gets the filter's listener.
        agent: Option<Agent>,
        /// The program's arguments.
        args: Strings<'a>,
        /// Its environment.
        env: Strings<'a>,
    }
    /// Load the filter, which allows what is left to do, before init goes on as a process that the container can see:
    /// nobody finds that one without its filter. Landlock's rules are taken on before.
    LoadFilter = 4 {
        /// Take the ruleset on that was made.
        landlock: bool,
        /// The filter of the plan's header has so many instructions.
        instructions: u32,
        /// The capabilities to be left with, where one was borrowed for the filter.
        back_to: Option<CapabilitySets>,
    }
}

impl Reads for WorkingDirectory<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "chdir to cwd ({})", Quoted(self.path))
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        if failed.errno != 0 {
            out.write_str("set in config.json")?;
        }
        Ok(())
    }
}

impl Reads for FindProgram<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "find the program {}", Quoted(self.name))?;
        if !self.name.to_bytes().contains(&b'/') {
            write!(out, " in {}", Escaped(self.search))?;
        }
        if self.home {
            out.write_str(", and HOME in /etc/passwd")?;
        }
        Ok(())
    }
}

impl Reads for Execute<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        if self.landlock {
            write!(out, "{TAKE_RULES_ON}; ")?;
        }
        if self.instructions > 0 {
            load(self.instructions, out)?;
            if self.agent.is_some() {
                out.write_str(", and hand its listener to the agent")?;
            }
            out.write_str("; ")?;
        }
        let mut list = List::new(out, ("execute ", " ", ""));
        for arg in self.args.iter() {
            list.word(Quoted(arg))?;
        }
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Landlock => out.write_str(TAKE_RULES_ON),
            Part::Filter => load(self.instructions, out),
            Part::Agent => out.write_str("send the container's state to the seccomp agent"),
            _ => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match failed.part {
            Part::Agent => Some(Member::At("linux.seccomp.listenerPath")),
            _ => member_of_a_bound(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        hint_of_a_filter(failed, out)
    }
}

const TAKE_RULES_ON: &str = "take the Landlock rules on";

fn load(instructions: u32, out: &mut Formatter<'_>) -> Result {
    write!(out, "load the system call filter of {instructions} instructions")
}

fn member_of_a_bound(failed: &Failed<'_>) -> Option<Member> {
    match failed.part {
        Part::Landlock => Some(Member::At("annotations[\"org.orlop.landlock\"]")),
        Part::Filter => Some(Member::At("linux.seccomp")),
        _ => None,
    }
}

fn hint_of_a_filter(failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
    if (failed.part, failed.errno) == (Part::Filter, errno::ACCES) {
        out.write_str("a filter without noNewPrivileges needs CAP_SYS_ADMIN")?;
    }
    Ok(())
}

impl Reads for LoadFilter {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        if self.landlock {
            write!(out, "{TAKE_RULES_ON}; ")?;
        }
        load(self.instructions, out)?;
        if self.back_to.is_some() {
            out.write_str(", and give back the capability that was borrowed for it")?;
        }
        Ok(())
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Landlock => out.write_str(TAKE_RULES_ON),
            Part::Filter => load(self.instructions, out),
            _ => out.write_str("give back the capability that was borrowed for the filter"),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        member_of_a_bound(failed)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        hint_of_a_filter(failed, out)
    }
}
