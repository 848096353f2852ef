//! System call filters, and the agent that answers for them.

mod many_rules;
mod seccomp_agent;
mod seccomp_filters;
mod seccomp_words;

pub(super) use seccomp_agent::bare;

use super::room::{Room, rooms};

pub(super) const ROOMS: &[Room] = rooms![seccomp_filters, seccomp_words, seccomp_agent, many_rules];
