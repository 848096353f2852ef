//! The parts of a step, for the sentence that tells its failure.

/// What a signal's number has more than itself where a byte would be an exit status.
pub const KILLED: u32 = 256;

/// Which part of a step failed, for the error's sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    /// The step as a whole.
    Whole = 0,
    /// Finding, or making, the place in the rootfs.
    Target = 1,
    /// Opening what is mounted.
    Source = 2,
    /// A parameter, whose index is in `detail`.
    Parameter = 3,
    /// Setting attributes or propagation.
    Attributes = 4,
    /// Putting the mount in its place.
    Attach = 5,
    /// Copying what was below the mount point.
    CopyUp = 6,
    /// A verified procfs.
    Proc = 7,
    /// `/dev/null` is not what it should be.
    Null = 8,
    /// Something else is at the path.
    Exists = 9,
    /// A hook ended with a status other than 0: it is in `detail`; of a signal, its number and [`KILLED`].
    HookStatus = 10,
    /// A hook ran too long.
    HookTimeout = 11,
    /// The program was not found in `PATH`.
    NotFound = 12,
    /// The program is a directory.
    IsDirectory = 13,
    /// The supplementary groups.
    Groups = 14,
    /// The group.
    Gid = 15,
    /// The user.
    Uid = 16,
    /// The bounding set; the capability is in `detail`.
    Bounding = 17,
    /// The ambient set; the capability is in `detail`.
    Ambient = 18,
    /// The place is outside of the rootfs.
    Outside = 19,
    /// The plan itself is broken.
    Plan = 20,
    /// Mapping ids.
    Mapping = 21,
    /// The place is the root itself.
    Root = 22,
    /// Taking Landlock's rules on.
    Landlock = 23,
    /// Loading the system call filter.
    Filter = 24,
    /// Handing the filter's listener to its agent.
    Agent = 25,
    /// Putting a directory in its place, which is a file.
    OntoFile = 26,
    /// Putting a file in its place, which is a directory.
    OntoDirectory = 27,
    /// The filesystem's type.
    Kind = 28,
    /// The place is in the container's `/proc`.
    InProc = 29,
    /// What is to be `/proc` is no procfs.
    NoProc = 30,
    /// The place is on a mount whose changes show outside of the container.
    Shared = 31,
    /// Something else is where a mount was: that is below it, or elsewhere.
    Covered = 32,
}

impl Part {
    /// The part of this number.
    pub fn from_number(number: u32) -> Self {
        const ALL: [Part; 33] = [
            Part::Whole,
            Part::Target,
            Part::Source,
            Part::Parameter,
            Part::Attributes,
            Part::Attach,
            Part::CopyUp,
            Part::Proc,
            Part::Null,
            Part::Exists,
            Part::HookStatus,
            Part::HookTimeout,
            Part::NotFound,
            Part::IsDirectory,
            Part::Groups,
            Part::Gid,
            Part::Uid,
            Part::Bounding,
            Part::Ambient,
            Part::Outside,
            Part::Plan,
            Part::Mapping,
            Part::Root,
            Part::Landlock,
            Part::Filter,
            Part::Agent,
            Part::OntoFile,
            Part::OntoDirectory,
            Part::Kind,
            Part::InProc,
            Part::NoProc,
            Part::Shared,
            Part::Covered,
        ];
        ALL.get(number as usize).copied().unwrap_or(Part::Whole)
    }
}
