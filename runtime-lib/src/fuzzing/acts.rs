//! A plan's acts, as far as the targets look at them.

use crate::plan::acts;
use crate::plan::deeds::{self, Later};
use crate::plan::inherited::Inherited;
use crate::problem::JsonPath;
use orlop_init::step::Step;
use orlop_init::wire::Slot;

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub struct Act<'p> {
    /// `create`, `start` or `delete`.
    pub phase: &'static str,
    /// When a deed is done.
    pub place: Option<Place>,
    /// Who asked for it.
    pub path: Option<JsonPath>,
    /// What is done.
    pub what: What<'p>,
}

/// When a deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in the plan")]
pub enum Place {
    Before,
    Beside,
    Turn(u32),
    Alone,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum What<'p> {
    /// By the runtime.
    Deed(Deed),
    /// By init.
    Step(Step<'p>),
}

/// A deed, with what it refers to.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "as in the plan")]
pub enum Deed {
    Open(Slot, Opened),
    StartInit,
    KeepPlan,
    MapIds,
    FollowInit,
    MoveDevice,
    HandOverTerminal,
    GiveState,
    TellAgent(Slot),
    Record {
        is_created: bool,
    },
    RunHook(&'static str),
    LetStart,
    EndInit,
    Undo,
    RemoveState,
    /// One that refers to nothing.
    Other,
}

/// What a slot's descriptor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in the plan")]
pub enum Opened {
    StartSocket,
    /// With its `CLONE_NEW*` flag.
    Namespace(u64),
    CgroupTasks,
    CgroupDirectory,
    HookOutput,
    Maps,
    Tree,
    /// With the slot of the namespace that maps it.
    MappedTree(Slot),
    SeccompAgent,
    AgentState,
    InitPidfd,
    InitRoot,
}

impl<'p> From<acts::Act<'p>> for Act<'p> {
    fn from(act: acts::Act<'p>) -> Self {
        Self {
            phase: act.phase.as_str(),
            place: act.place.map(|place| match place {
                acts::Place::Before => Place::Before,
                acts::Place::Beside => Place::Beside,
                acts::Place::Turn(number) => Place::Turn(number),
                acts::Place::Alone => Place::Alone,
            }),
            path: act.origin.path(),
            what: match act.what {
                acts::What::Deed(deed) => What::Deed(deed.into()),
                acts::What::Step(step) => What::Step(step),
            },
        }
    }
}

impl From<&deeds::Deed> for Deed {
    fn from(deed: &deeds::Deed) -> Self {
        match deed {
            deeds::Deed::OpenInherited(open) => Self::Open(open.slot, Opened::from(&open.inherited)),
            deeds::Deed::StartInit(_) => Self::StartInit,
            deeds::Deed::KeepPlan(_) => Self::KeepPlan,
            deeds::Deed::MapIds(_) => Self::MapIds,
            deeds::Deed::FollowInit(_) => Self::FollowInit,
            deeds::Deed::MoveDevice(_) => Self::MoveDevice,
            deeds::Deed::HandOverTerminal(_) => Self::HandOverTerminal,
            deeds::Deed::GiveState(_) => Self::GiveState,
            deeds::Deed::TellAgent(tell) => Self::TellAgent(tell.state),
            deeds::Deed::RecordState(record) => Self::Record {
                is_created: record.is_created,
            },
            deeds::Deed::RunHook(hook) => Self::RunHook(hook.kind),
            deeds::Deed::Later(Later::LetStart) => Self::LetStart,
            deeds::Deed::Later(Later::EndInit) => Self::EndInit,
            deeds::Deed::Later(Later::Undo(_)) => Self::Undo,
            deeds::Deed::Later(Later::RemoveState) => Self::RemoveState,
            deeds::Deed::MakeCgroup(_)
            | deeds::Deed::StartUnit(_)
            | deeds::Deed::MakeInnerCgroups(_)
            | deeds::Deed::HandOverCgroup(_)
            | deeds::Deed::EnterCgroup(_)
            | deeds::Deed::MakeGroup(_)
            | deeds::Deed::JoinGroup(_)
            | deeds::Deed::WriteKnobs(_)
            | deeds::Deed::LoadDeviceProgram(_)
            | deeds::Deed::AttachDeviceProgram(_)
            | deeds::Deed::GiveStdio(_)
            | deeds::Deed::SetAttribute(_)
            | deeds::Deed::SendPidfd(_)
            | deeds::Deed::OpenSource(_)
            | deeds::Deed::RecordMount(_)
            | deeds::Deed::ForgetMounts(_) => Self::Other,
        }
    }
}

impl From<&Inherited> for Opened {
    fn from(inherited: &Inherited) -> Self {
        match inherited {
            Inherited::StartSocket => Self::StartSocket,
            Inherited::Namespace { kind, .. } => Self::Namespace(*kind),
            Inherited::CgroupTasks { .. } | Inherited::TasksOfContainer { .. } => Self::CgroupTasks,
            Inherited::CgroupOfContainer { .. } | Inherited::CgroupOfInit => Self::CgroupDirectory,
            Inherited::HookOutput { .. } => Self::HookOutput,
            Inherited::IdMaps { .. } => Self::Maps,
            Inherited::Tree { .. } | Inherited::BoundTree { .. } => Self::Tree,
            Inherited::MappedTree { maps, .. } => Self::MappedTree(*maps),
            Inherited::SeccompAgent { .. } => Self::SeccompAgent,
            Inherited::AgentState => Self::AgentState,
            Inherited::InitPidfd => Self::InitPidfd,
            Inherited::InitRoot => Self::InitRoot,
        }
    }
}
