//! User namespaces, and the runtime without the host's root's rights.

mod foreseen;
mod hidden_birth;
mod hidden_init;
mod inside_user_namespace;
mod ordinary_user;
pub(super) mod own_cgroup;
mod reopened_stdio;
mod rootless;
mod rootless_cgroups;
mod rootless_rules;
pub(super) mod subordinate_ids;
mod user_joins;
mod user_namespaces;
mod user_units;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![
    user_namespaces,
    hidden_init,
    hidden_birth,
    foreseen,
    user_joins,
    subordinate_ids,
    ordinary_user,
    reopened_stdio,
    rootless,
    rootless_cgroups,
    own_cgroup,
    rootless_rules,
    inside_user_namespace,
    user_units
];
