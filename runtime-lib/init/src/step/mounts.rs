//! Filesystems and bound trees inside the rootfs, and what is done to them afterwards.

use super::reads::{Failed, Member, Reads};
use super::rootfs::MOUNT_API;
use super::words::{Escaped, List, Propagating, Quoted, attributes, cleared};
use crate::linux::errno;
use crate::wire::{Malformed, Part, Reader, Sink, Slot, Strings, Wire};
use core::ffi::CStr;
use core::fmt::{Formatter, Result};

/// So many bytes can a source or a parameter of a filesystem have where it is made by `man 2 fsconfig`.
pub const LONGEST_PARAMETER: usize = 255;

/// So many bytes can all parameters have together, with commas between them, where the filesystem is mounted by
/// `man 2 mount`.
pub const LONGEST_DATA: usize = 4095;

/// Whether a parameter, `key` or `key=value`, is too long for `fsconfig`.
pub fn is_too_long(parameter: &CStr) -> bool {
    parameter
        .to_bytes()
        .splitn(2, |byte| *byte == b'=')
        .any(|part| part.len() > LONGEST_PARAMETER)
}

/// Places below the root where a mount may lie in `/proc`: itself, where nothing but a procfs may be, and the files that
/// lxcfs and its like stand in for. All else there is what programs, and runtimes, have to believe (CVE-2019-16884).
const IN_PROC: [&CStr; 11] = [
    c"proc",
    c"proc/cpuinfo",
    c"proc/diskstats",
    c"proc/loadavg",
    c"proc/meminfo",
    c"proc/slabinfo",
    c"proc/stat",
    c"proc/swaps",
    c"proc/sys/crypto/fips_enabled",
    c"proc/sys/kernel/ns_last_pid",
    c"proc/uptime",
];

/// Whether a mount may lie at this place below the root if that is in `/proc`.
pub fn may_lie_in_proc(target: &CStr) -> bool {
    IN_PROC.contains(&target)
}

/// How a mount is to propagate: operations that are done one after the other, each `MS_SHARED` or the like, with
/// `MS_REC` if that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagations<'a>(&'a [u8]);

impl<'a> Propagations<'a> {
    /// It stays as it is.
    pub const EMPTY: Self = Self(&[]);

    /// The operations that stand in `bytes`, each a `u32`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The operations in their order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'a> {
        let operations = self.0.as_chunks::<4>().0.iter();
        operations.map(|flags| u64::from(u32::from_ne_bytes(*flags)))
    }
}

/// Declares a value that is made of others, each with a form on the wire.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Wire<'_> for $name {
            fn put(&self, sink: &mut impl Sink) {
                $(self.$field.put(sink);)*
            }
            fn take(reader: &mut Reader<'_>) -> core::result::Result<Self, Malformed> {
                Ok(Self { $($field: Wire::take(reader)?,)* })
            }
        }
    )*};
}

parts! {
    /// Attributes of mounts to change, `MOUNT_ATTR_*`.
    Changes {
        /// To set.
        set: u64,
        /// To clear.
        clear: u64,
        /// To clear as well, unless they are locked (`man 7 mount_namespaces`): nobody asked for just these.
        clear_unlocked: u64,
        /// To set on all mounts of the tree.
        set_all: u64,
        /// To clear on all mounts of the tree.
        clear_all: u64,
    }
    /// Which links of a bind's paths are taken for what they are.
    Links {
        /// A source that is a link is bound as such.
        source: bool,
        /// A target that is a link is bound onto.
        target: bool,
        /// A link like a source that is one is made, instead of binding it.
        copy: bool,
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

parts! {
    /// How the ids of a mount are mapped (`man 2 mount_setattr`, `MOUNT_ATTR_IDMAP`).
    Mapping {
        /// A user namespace with the maps.
        namespace: Slot,
        /// The ids of the mounts below are mapped, too.
        recursive: bool,
    }
}

impl Changes {
    /// Changes of a single mount.
    pub const fn one(set: u64, clear: u64) -> Self {
        Self {
            set,
            clear,
            clear_unlocked: 0,
            set_all: 0,
            clear_all: 0,
        }
    }

    fn words(&self, list: &mut List<'_, '_>) -> Result {
        attributes(list, self.set, "")?;
        cleared(list, self.set, self.clear, "")?;
        attributes(list, self.set_all, " on all below")?;
        cleared(list, self.set_all, self.clear_all, " on all below")
    }
}

/// Where the tree of a bind mount comes from. All but the last are looked up by init, at paths of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A path.
    Path(&'a CStr),
    /// The first of two paths that is there.
    Either(&'a CStr, &'a CStr),
    /// What was opened early at this path, under this number; by the path if it could not be.
    Opened(u32, &'a CStr),
    /// A tree that the parent has opened, and perhaps mapped: it may do what a user namespace may not.
    Tree(Slot, &'a CStr),
    /// A tree that was taken early at this path, under this number.
    Taken(u32, &'a CStr),
}

impl<'a> Source<'a> {
    /// Its path on the host.
    pub fn path(&self) -> &'a CStr {
        match self {
            Self::Path(path)
            | Self::Either(path, _)
            | Self::Opened(_, path)
            | Self::Tree(_, path)
            | Self::Taken(_, path) => path,
        }
    }
}

impl<'w: 'a, 'a> Wire<'w> for Source<'a> {
    fn put(&self, sink: &mut impl Sink) {
        match self {
            Self::Path(path) => {
                0u8.put(sink);
                path.put(sink);
            }
            Self::Either(first, second) => {
                1u8.put(sink);
                first.put(sink);
                second.put(sink);
            }
            Self::Opened(number, path) => {
                2u8.put(sink);
                number.put(sink);
                path.put(sink);
            }
            Self::Tree(slot, path) => {
                3u8.put(sink);
                slot.put(sink);
                path.put(sink);
            }
            Self::Taken(number, path) => {
                4u8.put(sink);
                number.put(sink);
                path.put(sink);
            }
        }
    }
    fn take(reader: &mut Reader<'w>) -> core::result::Result<Self, Malformed> {
        Ok(match u8::take(reader)? {
            0 => Self::Path(Wire::take(reader)?),
            1 => Self::Either(Wire::take(reader)?, Wire::take(reader)?),
            2 => Self::Opened(Wire::take(reader)?, Wire::take(reader)?),
            3 => Self::Tree(Wire::take(reader)?, Wire::take(reader)?),
            4 => Self::Taken(Wire::take(reader)?, Wire::take(reader)?),
            _ => return Err(Malformed),
        })
    }
}

impl<'w: 'a, 'a> Wire<'w> for Propagations<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'w>) -> core::result::Result<Self, Malformed> {
        <&[u8]>::take(reader).map(Self)
    }
}

steps! { 4<'a>;
    /// Mount a new filesystem inside the rootfs (`man 2 fsopen`).
    Mount<'a> = 1 {
        /// The filesystem's type.
        kind: &'a CStr,
        /// What is mounted; empty for none.
        source: &'a CStr,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The filesystem's own parameters: `key` or `key=value`.
        parameters: Strings<'a>,
        /// `MOUNT_ATTR_*` of the mount.
        attributes: u64,
        /// How its ids are mapped.
        mapping: Option<Mapping>,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
        /// Copy what is below the mount point into the filesystem.
        copy_up: bool,
        /// The permissions of the mount point, if it has to be made.
        mode: u32,
        /// The number by which init keeps hold of it, for what is done to it when something else may be mounted on its
        /// place.
        hold: Option<u32>,
    }
    /// Bind a file or a tree into the rootfs.
    Bind<'a> = 2 {
        /// What is bound.
        source: Source<'a>,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// Take the mounts below the source too.
        recursive: bool,
        /// Which links are taken for what they are.
        links: Links,
        /// Its attributes.
        changes: Changes,
        /// How its ids are mapped.
        mapping: Option<Mapping>,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
        /// The number by which init keeps hold of it.
        hold: Option<u32>,
    }
    /// Change what is mounted inside the rootfs: the attributes of the mount, and the parameters of its filesystem
    /// (`man 2 fspick`).
    ChangeMount<'a> = 3 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The number by which init holds the mount whose filesystem it is: another's is not changed.
        made: Option<u32>,
        /// The filesystem's parameters to change: `key` or `key=value`.
        parameters: Strings<'a>,
        /// Its attributes.
        changes: Changes,
        /// How it propagates from then on.
        propagation: Propagations<'a>,
        /// The number by which init keeps hold of it.
        hold: Option<u32>,
    }
    /// Change the flags of a filesystem that is mounted inside the rootfs (`man 2 mount`, `MS_REMOUNT`): those that
    /// the mount API has no word for.
    Remount<'a> = 4 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MS_*` flags: all that the mount and its filesystem are to have.
        flags: u64,
    }
    /// Change the attributes of what is mounted inside the rootfs.
    ChangeAttributes<'a> = 5 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MOUNT_ATTR_*` to set.
        set: u64,
        /// `MOUNT_ATTR_*` to clear.
        clear: u64,
    }
    /// Make a mount read-only that init keeps hold of.
    ReadonlyHeld<'a> = 6 {
        /// Its number.
        number: u32,
        /// Where it is, below the rootfs.
        target: &'a CStr,
    }
    /// Set how a mount propagates that init keeps hold of.
    PropagateHeld<'a> = 7 {
        /// Its number.
        number: u32,
        /// How it propagates.
        propagation: Propagations<'a>,
    }
    /// Set the SELinux label of what is mounted inside the rootfs.
    LabelMount<'a> = 8 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The label.
        label: &'a CStr,
    }
    /// Take what is mounted on a place of the container off it, with all mounts below (`man 2 umount2`, `MNT_DETACH`).
    Unmount<'a> = 9 {
        /// Where, below the root.
        target: &'a CStr,
    }
    /// Take trees of mounts at their paths of the host's, in a copy of the host's mounts that is made for that: the
    /// caller's own are not its to take.
    TakeTrees<'a> = 10 {
        /// Paths of the host's.
        paths: Strings<'a>,
        /// For each a byte: 1 for one that is taken with the mounts below it.
        recursive: &'a [u8],
    }
}

fn mapped(list: &mut List<'_, '_>, mapping: Option<Mapping>) -> Result {
    match mapping {
        None => Ok(()),
        Some(Mapping { recursive: false, .. }) => list.word("with its ids mapped"),
        Some(Mapping { recursive: true, .. }) => list.word("with its ids and those below mapped"),
    }
}

fn propagating(list: &mut List<'_, '_>, propagation: Propagations<'_>) -> Result {
    propagation.iter().try_for_each(|flags| list.word(Propagating(flags)))
}

/// What the kernel said, if it did.
fn said(failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
    if failed.text.is_empty() {
        return Ok(());
    }
    write!(out, "the kernel says: {}", failed.text)
}

/// How the parameter reads that the filesystem refuses.
fn refused_parameter(
    phrase: &dyn Reads,
    parameters: Strings<'_>,
    failed: &Failed<'_>,
    out: &mut Formatter<'_>,
) -> Result {
    phrase.phrase(out)?;
    let parameter = parameters.iter().nth(failed.detail as usize).unwrap_or_default();
    write!(out, ": the option {} is refused", Quoted(parameter))
}

/// The member of a mount's entry that a part of its step comes from.
fn member_of_a_mount(failed: &Failed<'_>) -> Option<Member> {
    Some(match failed.part {
        Part::Parameter => Member::Option(failed.detail),
        Part::Source => Member::Of("source"),
        Part::Target
        | Part::Attach
        | Part::OntoFile
        | Part::OntoDirectory
        | Part::Root
        | Part::Outside
        | Part::InProc
        | Part::NoProc
        | Part::Shared => Member::Of("destination"),
        Part::Attributes if failed.errno == errno::PERM => Member::Attribute(failed.detail),
        Part::Attributes | Part::CopyUp => Member::Of("options"),
        _ => return None,
    })
}

/// Where a mount point was to be made.
const READ_ONLY: &str = "no mount point can be made there: mount on what is there";

/// A directory that was to be opened or made is none.
fn on_the_way(target: &CStr, out: &mut Formatter<'_>) -> Result {
    write!(out, "/{} is a file, or something on the way there is", Escaped(target))
}

fn locked_flag(out: &mut Formatter<'_>) -> Result {
    out.write_str("the mount comes from a more privileged user namespace, where a flag that is to be cleared was set")
}

/// Why a filesystem may not be mounted in a user namespace.
fn not_permitted(kind: &CStr) -> &'static str {
    match kind.to_bytes() {
        b"proc" => {
            "it needs a pid namespace of the user namespace's own, and a procfs outside of which no part is masked: bind \
             /proc instead"
        }
        b"sysfs" => {
            "it needs a network namespace of the user namespace's own, and a sysfs outside of which no part is masked: \
             bind /sys instead"
        }
        b"mqueue" => "it needs an ipc namespace of the user namespace's own: bind /dev/mqueue instead",
        _ => "it needs CAP_SYS_ADMIN, in a user namespace a filesystem that may be mounted there: bind it instead",
    }
}

impl Reads for Mount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("mount")?;
        if self.source != self.kind && !self.source.is_empty() {
            write!(out, " {}", Quoted(self.source))?;
        }
        write!(out, " of type {} on /{}", Escaped(self.kind), Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        attributes(&mut list, self.attributes, "")?;
        for parameter in self.parameters.iter() {
            list.word(Escaped(parameter))?;
        }
        if self.copy_up {
            list.word("with a copy of what is there")?;
        }
        mapped(&mut list, self.mapping)?;
        propagating(&mut list, self.propagation)?;
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Parameter => refused_parameter(self, self.parameters, failed, out),
            Part::Target => {
                write!(out, "make the mount point /{} to ", Escaped(self.target))?;
                self.phrase(out)
            }
            _ => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match failed.part {
            Part::Kind => Some(Member::Of("type")),
            // What the kernel says of something that is to be a filesystem's device.
            Part::Whole if matches!(failed.errno, errno::NOTBLK | errno::NXIO) => Some(Member::Of("source")),
            _ => member_of_a_mount(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let is_special = self.kind == c"proc" || self.kind == c"sysfs";
        match (failed.part, failed.errno) {
            (Part::Target, errno::LOOP) if is_special => {
                let target = Escaped(self.target);
                write!(out, "/{target} must be mounted on ordinary directory, not on a link")
            }
            (Part::OntoFile, _) => {
                let target = Escaped(self.target);
                write!(
                    out,
                    "/{target} is a file, and a filesystem must be mounted on ordinary directory"
                )
            }
            (Part::Parameter | Part::Whole | Part::Source, _) if !failed.text.is_empty() => said(failed, out),
            (Part::Target, errno::NOTDIR) => on_the_way(self.target, out),
            (Part::Target, errno::ROFS) => out.write_str(READ_ONLY),
            (_, errno::PERM) => out.write_str(not_permitted(self.kind)),
            (_, errno::NODEV) => write!(out, "the kernel has no filesystem {} loaded", Quoted(self.kind)),
            (_, errno::NOSYS) => out.write_str(MOUNT_API),
            _ => Ok(()),
        }
    }
}

impl Reads for Bind<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "bind {}", Quoted(self.source.path()))?;
        if let Source::Either(_, second) = self.source {
            write!(out, ", or {} if that is not there,", Quoted(second))?;
        }
        if self.recursive {
            out.write_str(" with all mounts below it")?;
        }
        write!(out, " on /{}", Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        self.changes.words(&mut list)?;
        mapped(&mut list, self.mapping)?;
        propagating(&mut list, self.propagation)?;
        if self.links.copy {
            list.word("a link is copied")?;
        } else if self.links.source || self.links.target {
            list.word("links are taken as they are")?;
        }
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Target => write!(out, "make the mount point /{} to ", Escaped(self.target))?,
            Part::Source => write!(out, "open {} to ", Quoted(self.source.path()))?,
            _ => {}
        }
        self.phrase(out)
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        member_of_a_mount(failed)
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let (source, target) = (Quoted(self.source.path()), Escaped(self.target));
        match (failed.part, failed.errno) {
            (Part::OntoFile, _) => write!(out, "{source} is a directory, and /{target} a file"),
            (Part::OntoDirectory, _) => write!(out, "{source} is a file, and /{target} a directory"),
            (Part::Target, errno::NOTDIR) => on_the_way(self.target, out),
            (Part::Target, errno::ROFS) => out.write_str(READ_ONLY),
            (Part::Attributes, errno::PERM) => locked_flag(out),
            (_, errno::NOSYS) => out.write_str(MOUNT_API),
            _ => Ok(()),
        }
    }
}

impl Reads for ChangeMount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "change what is mounted on /{}", Escaped(self.target))?;
        let mut list = List::in_parentheses(out);
        self.changes.words(&mut list)?;
        for parameter in self.parameters.iter() {
            list.word(Escaped(parameter))?;
        }
        propagating(&mut list, self.propagation)?;
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Parameter => refused_parameter(self, self.parameters, failed, out),
            _ => self.phrase(out),
        }
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match (failed.part, failed.errno) {
            (Part::Source | Part::Attributes, errno::INVAL) => Some(Member::Of("destination")),
            _ => member_of_a_mount(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match (failed.part, failed.errno) {
            (Part::Source, errno::XDEV) => out
                .write_str("something else is mounted there, and may be the host's, too: its options stay as they are"),
            (Part::Source | Part::Attributes, errno::INVAL) => out.write_str("nothing is mounted there"),
            (Part::Attributes, errno::PERM) => locked_flag(out),
            (Part::Parameter | Part::Whole, _) => said(failed, out),
            _ => Ok(()),
        }
    }
}

impl Reads for Remount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let target = Escaped(self.target);
        write!(
            out,
            "change the flags of what is mounted on /{target} to {:#x}",
            self.flags
        )
    }
}

impl Reads for ChangeAttributes<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("set ", ",", ""));
        attributes(&mut list, self.set, "")?;
        cleared(&mut list, self.set, self.clear, "")?;
        list.end()?;
        write!(out, " on /{}", Escaped(self.target))
    }
}

impl Reads for ReadonlyHeld<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "set ro on /{}", Escaped(self.target))
    }
}

impl Reads for PropagateHeld<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(out, ("make a mount ", ", ", " again"));
        propagating(&mut list, self.propagation)?;
        list.end()
    }
}

impl Reads for LabelMount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "label /{} {}", Escaped(self.target), Quoted(self.label))
    }
}

impl Reads for Unmount<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "take off what is mounted on /{}", Escaped(self.target))
    }

    fn member(&self, failed: &Failed<'_>) -> Option<Member> {
        match failed.part {
            Part::Source => Some(Member::Of("destination")),
            _ => member_of_a_mount(failed),
        }
    }

    fn hint(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        match failed.part {
            Part::Source => out.write_str("nothing is mounted there"),
            _ => Ok(()),
        }
    }
}

impl Reads for TakeTrees<'_> {
    fn phrase(&self, out: &mut Formatter<'_>) -> Result {
        let mut list = List::new(
            out,
            ("take what will be bound, from a copy of the host's mounts: ", ", ", ""),
        );
        for (path, recursive) in self.paths.iter().zip(self.recursive) {
            let below = if *recursive == 0 {
                ""
            } else {
                " with all mounts below it"
            };
            list.word(format_args!("{}{below}", Quoted(path)))?;
        }
        list.end()
    }

    fn attempted(&self, failed: &Failed<'_>, out: &mut Formatter<'_>) -> Result {
        let path = self.paths.iter().nth(failed.detail as usize);
        match path.filter(|_| failed.part == Part::Source) {
            Some(path) => write!(out, "open {} to bind it", Quoted(path)),
            None => self.phrase(out),
        }
    }
}
