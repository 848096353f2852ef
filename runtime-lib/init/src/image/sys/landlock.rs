//! Landlock's three calls (Linux 5.13, `man 7 landlock`).

use super::{Fd, Result, call, descriptor, number};

/// The structure may be larger than an old kernel's, as long as what that does not know is 0.
pub(crate) fn create_ruleset(filesystem: u64, network: u64, scoped: u64) -> Result<Fd> {
    let handled = [filesystem, network, scoped];
    call(
        number::LANDLOCK_CREATE_RULESET,
        [handled.as_ptr().expose_provenance(), size_of_val(&handled), 0, 0, 0, 0],
    )
    .map(descriptor)
}

pub(crate) fn allow_beneath(ruleset: Fd, place: Fd, access: u64) -> Result<()> {
    const LANDLOCK_RULE_PATH_BENEATH: usize = 1;
    // struct landlock_path_beneath_attr is packed: the descriptor is behind the bits, and nothing behind that is read.
    let rule = [access, u64::from(place.0.cast_unsigned()).to_le()];
    add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule)
}

pub(crate) fn allow_port(ruleset: Fd, port: u64, access: u64) -> Result<()> {
    const LANDLOCK_RULE_NET_PORT: usize = 2;
    add_rule(ruleset, LANDLOCK_RULE_NET_PORT, &[access, port])
}

fn add_rule(ruleset: Fd, kind: usize, rule: &[u64; 2]) -> Result<()> {
    let address = rule.as_ptr().expose_provenance();
    call(number::LANDLOCK_ADD_RULE, [ruleset.word(), kind, address, 0, 0, 0]).map(drop)
}

pub(crate) fn restrict_self(ruleset: Fd) -> Result<()> {
    call(number::LANDLOCK_RESTRICT_SELF, [ruleset.word(), 0, 0, 0, 0, 0]).map(drop)
}
