//! Landlock's three calls (Linux 5.13, `man 7 landlock`).

use super::{Arg, Fd, Result, call, number};

/// A ruleset that forbids these accesses but for its rules (`man 2 landlock_create_ruleset`). E2BIG from a kernel that
/// does not know what is asked.
pub(crate) fn create_ruleset(filesystem: u64, network: u64, scoped: u64) -> Result<Fd> {
    // The structure may be larger than an old kernel's, as long as what that does not know is 0.
    let handled = [filesystem, network, scoped];
    let arguments = [Arg::from_ref(&handled), size_of_val(&handled).into(), Arg::NULL];
    // SAFETY: the kernel reads as many bytes as are given as the size, and these are borrowed.
    unsafe { call(number::LANDLOCK_CREATE_RULESET, arguments) }.map(Fd::new)
}

/// Allows accesses beneath a place (`man 2 landlock_add_rule`).
pub(crate) fn allow_beneath(ruleset: Fd, place: Fd, access: u64) -> Result<()> {
    const LANDLOCK_RULE_PATH_BENEATH: u32 = 1;
    // struct landlock_path_beneath_attr is packed: the descriptor is behind the bits, and nothing behind that is read.
    let rule = [access, u64::from(place.0.cast_unsigned()).to_le()];
    add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule)
}

/// Allows accesses to a port of TCP (`man 2 landlock_add_rule`, Linux 6.7).
pub(crate) fn allow_port(ruleset: Fd, port: u64, access: u64) -> Result<()> {
    const LANDLOCK_RULE_NET_PORT: u32 = 2;
    add_rule(ruleset, LANDLOCK_RULE_NET_PORT, &[access, port])
}

fn add_rule(ruleset: Fd, kind: u32, rule: &[u64; 2]) -> Result<()> {
    let arguments = [ruleset.into(), kind.into(), Arg::from_ref(rule), Arg::NULL];
    // SAFETY: the kernel reads the structure of this kind: 12 or 16 bytes, of 16 that are borrowed.
    unsafe { call(number::LANDLOCK_ADD_RULE, arguments) }.map(drop)
}

/// Binds this thread, and what it executes (`man 2 landlock_restrict_self`).
pub(crate) fn restrict_self(ruleset: Fd) -> Result<()> {
    // SAFETY: the arguments are a descriptor and a number.
    unsafe { call(number::LANDLOCK_RESTRICT_SELF, [ruleset.into(), Arg::NULL]) }.map(drop)
}
