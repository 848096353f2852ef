//! What the runtime does on the host. Each deed is a type of its own, declared once: what it needs, how it reads, and
//! what it leaves ([`Told`]). How a deed is carried out stands in `launch`, which does not compile as long as one is
//! missing ([`Carry`]).

mod added_mounts;
mod agent;
mod cgroup;
mod device_program;
mod ending;
mod hooks;
mod init;
mod network;
mod outside;
mod record;
mod resctrl;
mod source;
mod stdio;
mod terminal;

pub(crate) use added_mounts::{ForgetMounts, RecordMount};
pub(crate) use agent::TellAgent;
pub(crate) use cgroup::{EnterCgroup, HandOverCgroup, Inner, MakeCgroup, MakeInnerCgroups, StartUnit, WriteKnobs};
pub(crate) use device_program::{AttachDeviceProgram, LoadDeviceProgram};
pub(crate) use ending::Later;
pub(crate) use hooks::{GiveState, RunHook};
pub(crate) use init::{FollowInit, MapIds, OpenInherited, SendPidfd, StartInit};
pub(crate) use network::MoveDevice;
pub(crate) use outside::{Attribute, SetAttribute};
pub(crate) use record::{KeepPlan, RecordState};
pub(crate) use resctrl::{JoinGroup, MakeGroup};
pub(crate) use source::OpenSource;
pub(crate) use stdio::GiveStdio;
pub(crate) use terminal::HandOverTerminal;

use super::acts::Origin;
use super::leftover::Leftover;
use crate::Error;
use crate::problem::JsonPath;

/// How a deed reads, and what it leaves.
pub(crate) trait Told {
    /// What it does, a line for each thing, in words that can follow "cannot".
    fn lines(&self) -> Vec<String>;

    /// The place in the config that asks for the line of this number, where the lines of one deed differ in that.
    fn asked_by(&self, _line: usize) -> Option<JsonPath> {
        None
    }

    /// What is to be undone at the end. It is written down before the deed is done.
    fn leaves(&self) -> Option<Leftover> {
        None
    }
}

/// A deed as somebody carries it out.
pub(crate) trait Carry<R> {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn carry_out(&self, origin: &Origin, by: &mut R) -> Result<(), Error>;
}

macro_rules! deeds {
    ($($name:ident,)*) => {
        /// One thing that the runtime does.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Deed {
            $($name($name),)*
            /// Not at the creation.
            Later(Later),
        }

        impl From<Later> for Deed {
            fn from(later: Later) -> Self {
                Self::Later(later)
            }
        }

        $(impl From<$name> for Deed {
            fn from(deed: $name) -> Self {
                Self::$name(deed)
            }
        })*

        impl Deed {
            pub(crate) fn told(&self) -> &dyn Told {
                match self {
                    $(Self::$name(deed) => deed,)*
                    Self::Later(later) => later,
                }
            }

            /// Has it carried out by whoever creates the container.
            pub(crate) fn carry_out<R>(&self, origin: &Origin, by: &mut R) -> Result<(), Error>
            where
                $($name: Carry<R>,)*
            {
                match self {
                    $(Self::$name(deed) => deed.carry_out(origin, by),)*
                    // It is the business of start and delete, which go by what is kept of the plan.
                    Self::Later(_) => Ok(()),
                }
            }
        }
    };
}

deeds! {
    RecordState,
    MakeCgroup,
    StartUnit,
    MakeInnerCgroups,
    HandOverCgroup,
    EnterCgroup,
    MakeGroup,
    OpenInherited,
    StartInit,
    KeepPlan,
    LoadDeviceProgram,
    JoinGroup,
    MapIds,
    OpenSource,
    FollowInit,
    MoveDevice,
    HandOverTerminal,
    AttachDeviceProgram,
    WriteKnobs,
    RunHook,
    GiveState,
    TellAgent,
    GiveStdio,
    SetAttribute,
    SendPidfd,
    RecordMount,
    ForgetMounts,
}
