//! Seccomp: from a profile to a program of the classic Berkeley packet filter, without libseccomp and without touching
//! the host.
//!
//! The program first looks at the architecture, then finds the call's number in a balanced tree over ranges of
//! numbers, then compares arguments where a rule asks for it. Docker's default profile takes about 12 steps a call,
//! and the kernel skips the filter for the calls that it proves to be always allowed.

mod abi;
mod action;
mod allows;
mod arguments;
mod assemble;
mod calls;
mod check;
mod decide;
mod emit;
mod foresee;
mod names;
mod program;
mod table;
mod tree;
mod walk;

pub use abi::Native;
pub(crate) use allows::allows_all;
pub(crate) use foresee::may_end_init;
pub use program::{Instruction, Program};

use crate::bundle::{Seccomp, SeccompAction, SeccompFlag};
use crate::problem::Problems;

/// Makes the program for a profile (runtime-spec: config-linux.md#seccomp).
///
/// Where the spec leaves a question open, the answer is runc's and libseccomp's:
///
/// - **Architectures.** The machine's own calls are always filtered by the rules, others if the profile lists them. A
///   call of an architecture that this kernel can run, and that the profile does not list, kills the thread.
///   Architectures that this kernel cannot run (s390x on x86_64) need no code: no call of theirs can come.
/// - **Unknown names** are ignored, with a warning. A name that only other architectures have is not unknown.
/// - **Several rules for one call.** Of rules without `args` the first one counts, and it overrides all rules with
///   `args`. Otherwise the first rule whose `args` match decides. (libseccomp orders rules with `args` and different
///   actions its own way.) A rule whose action is the default one is dropped. The user is warned where a rule has no
///   effect because of that.
/// - **`args`** of a rule must all match; but if two are on the same argument, each one is a rule of its own.
/// - **Width.** x86, x32 and arm have arguments of 32 bits: only the lower halves of `value` and `valueTwo` are looked
///   at.
/// - **`socketcall` and `ipc` of x86** are filtered by the rules for the calls they stand for (`connect`, `shmat`) as
///   well. Those calls' arguments are out of a filter's sight: there a rule with `args` counts as if it matched, the
///   most permissive one if there are several.
/// - **Newer calls.** A call with a number above all that the profile names on its architecture gives `ENOSYS`, so
///   that programs fall back to older ones, unless the default action is ALLOW, LOG or TRACE.
/// - **`SECCOMP_FILTER_FLAG_TSYNC`** is left out with a listener, where the kernel refuses it: the filter is loaded by
///   a process with one thread, so that there is nothing to synchronise.
///
/// # Errors
/// All that is wrong, each with its JSON path: what the spec forbids (an errno for an action that takes none,
/// `listenerMetadata` without `listenerPath`, a rule without names), what could not work (NOTIFY as default action,
/// for `write`, or without `listenerPath`), and a profile whose program the kernel would find too long.
pub fn compile(profile: &Seccomp, native: Native) -> Result<Program, Problems> {
    let mut problems = Problems::default();
    check::check(profile, &mut problems);
    let rules = calls::Rules::read(profile, native, &mut problems);
    if problems.has_errors() {
        return Err(problems);
    }
    let lenient = matches!(
        profile.default_action,
        SeccompAction::Allow | SeccompAction::Log | SeccompAction::Trace
    );
    let instructions = emit::emit(&rules, (!lenient).then_some(action::NO_SUCH_CALL));
    if instructions.len() > Program::LONGEST {
        let text = format!(
            "the filter has {} instructions, and Linux takes {}",
            instructions.len(),
            Program::LONGEST
        );
        problems.error(check::path().member("syscalls"), text);
        return Err(problems);
    }
    let needs_listener = profile.syscalls.iter().any(|rule| rule.action == SeccompAction::Notify);
    Ok(Program {
        instructions,
        flags: flags(profile, needs_listener),
        needs_listener,
        warnings: problems.into(),
        unknown: rules.unknown,
    })
}

/// `SECCOMP_FILTER_FLAG_*` of `linux/seccomp.h`.
fn flags(profile: &Seccomp, needs_listener: bool) -> u32 {
    const NEW_LISTENER: u32 = 1 << 3;
    let listener = if needs_listener { NEW_LISTENER } else { 0 };
    profile.flags.iter().fold(listener, |flags, flag| {
        flags
            | match flag {
                SeccompFlag::Tsync if needs_listener => 0,
                SeccompFlag::Tsync => 1,
                SeccompFlag::Log => 1 << 1,
                SeccompFlag::SpecAllow => 1 << 2,
                SeccompFlag::WaitKillableRecv => 1 << 5,
            }
    })
}
