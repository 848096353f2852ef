//! Descriptors that init inherits.

use crate::bundle::IdMapping;
use crate::problem::JsonPath;
use orlop_init::linux::namespace;
use orlop_init::wire::Slot;
use std::fmt;
use std::path::{Path, PathBuf};

/// A descriptor that init inherits, and where the runtime gets it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inherited {
    /// The listening socket that `start` connects to.
    StartSocket,
    /// The file of a namespace to join, with its `CLONE_NEW*` flag.
    Namespace {
        path: String,
        kind: u64,
        origin: JsonPath,
        /// What in the config sets something of the namespace's, so that it must not be the runtime's own.
        set_by: Option<JsonPath>,
    },
    /// The file of the v1 cgroup hierarchy with these controllers that a process joins by.
    CgroupTasks { controllers: String },
    /// A file that the output of hooks is appended to.
    HookOutput { path: PathBuf, origin: JsonPath },
    /// A user namespace that nobody lives in: its maps are those of mounts.
    IdMaps {
        uids: Vec<IdMapping>,
        gids: Vec<IdMapping>,
        origin: JsonPath,
    },
    /// A tree of the host's that only the runtime has a way to.
    Tree { source: String, propagation: u64 },
    /// A tree of mounts of the host's whose ids are mapped by the namespace of this slot.
    MappedTree {
        source: String,
        recursive: bool,
        propagation: u64,
        maps: Slot,
        map_recursive: bool,
        origin: JsonPath,
    },
    /// A tree of mounts of the host's, as a bind mount has it.
    BoundTree {
        source: String,
        recursive: bool,
        /// A source that is a link is taken as such.
        keeps_link: bool,
        propagation: u64,
        origin: JsonPath,
    },
    /// A connection with the agent that answers the notifications of the filter.
    SeccompAgent { path: PathBuf },
    /// The file with what the agent is told, empty yet.
    AgentState,
    /// The same file of the cgroup of a container that exists, or of one below it.
    TasksOfContainer { controllers: String, below: PathBuf },
    /// The directory of the v2 cgroup of a container that exists, or the one below it that was asked for.
    CgroupOfContainer { below: Option<PathBuf> },
    /// The directory of the v2 cgroup that the container's init is in, if that is one below the container's.
    CgroupOfInit,
    /// The pidfd of the container's init.
    InitPidfd,
    /// The root of the container's init, where that is no mount namespace's.
    InitRoot,
}

impl fmt::Display for Inherited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartSocket => formatter.write_str("listen on the socket that start connects to"),
            Self::Namespace { path, kind, .. } => {
                let name = namespace::NAMES.iter().find(|(flag, _)| flag == kind);
                write!(
                    formatter,
                    "open the {} namespace {path:?}",
                    name.map_or("?", |(_, name)| name)
                )
            }
            Self::CgroupTasks { controllers } => write!(formatter, "open the tasks of the cgroup of {controllers}"),
            Self::HookOutput { path, .. } => write!(formatter, "open {path:?} for the output of hooks"),
            Self::IdMaps { .. } => formatter.write_str("make a user namespace for the maps of mounts"),
            Self::Tree { source, .. } | Self::BoundTree { source, .. } => {
                write!(formatter, "open {source:?} to bind it")
            }
            Self::MappedTree {
                source, map_recursive, ..
            } => {
                let below = if *map_recursive {
                    " and those of the mounts below"
                } else {
                    ""
                };
                write!(formatter, "open {source:?} to bind it, and map its ids{below}")
            }
            Self::SeccompAgent { path } => write!(formatter, "connect with the seccomp agent {path:?}"),
            Self::AgentState => formatter.write_str("make a file for what the seccomp agent is told"),
            Self::TasksOfContainer { controllers, below } => {
                write!(formatter, "open the tasks of the container's cgroup of {controllers}")?;
                told_below(Some(below), formatter)
            }
            Self::CgroupOfContainer { below } => {
                formatter.write_str("open the container's v2 cgroup")?;
                told_below(below.as_deref(), formatter)
            }
            Self::CgroupOfInit => {
                formatter.write_str("open the v2 cgroup of the container's init, if it is below the container's")
            }
            Self::InitPidfd => formatter.write_str("open the pidfd of the container's init"),
            Self::InitRoot => formatter.write_str("open the root of the container's init"),
        }
    }
}

fn told_below(below: Option<&Path>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match below.filter(|below| !below.as_os_str().is_empty()) {
        Some(below) => write!(formatter, ", {below:?} below it"),
        None => Ok(()),
    }
}
