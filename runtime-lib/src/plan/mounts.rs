//! `mounts`: filesystems and bound trees inside the rootfs.

use super::attribute_changes::Changes;
use super::cgroup_mount;
use super::compile::Compiler;
use super::mount_maps::Mapping;
use super::mount_options::{COUNT_VERSIONS, Effect, Link, attribute, effect, old_filesystem_flag, old_flags};
use super::option_pieces::pieces;
use super::propagation_list::PropagationList;
use super::steps::{Origin, StringList, below_root, c_string};
use crate::bundle::Mount;
use crate::bundle::Quoted;
use crate::problem::{JsonPath, Problem};
use orlop_init::wire::Step;
use std::ffi::CStr;

/// What a mount's options add up to.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// `Some(true)` for a bind with the mounts below.
    pub(crate) bind: Option<bool>,
    /// Of the mount itself: what is said of a whole tree counts for it, too.
    pub(crate) one: Changes,
    /// Of all mounts of the tree.
    pub(crate) all: Changes,
    /// What words of the mount alone set: if there is any, a bind mount takes on just what the list says.
    pub(crate) set_alone: u64,
    pub(crate) propagation: PropagationList,
    pub(crate) copy_up: bool,
    pub(crate) parameters: StringList,
    /// The places in the list of options that the parameters come from.
    pub(crate) parameter_places: Vec<u32>,
    /// The place of the option that asks for mapped ids, and whether also those of the mounts below are.
    pub(crate) map_ids: Option<(usize, bool)>,
    pub(crate) is_remount: bool,
    pub(crate) links: Links,
    /// Whether inodes' versions are counted, if that was said.
    pub(crate) versions: Option<bool>,
    /// `MS_*` of the filesystem's flags.
    pub(crate) filesystem_flags: u64,
}

/// Which links of a bind's paths are not followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) keep_source: bool,
    pub(crate) keep_target: bool,
    pub(crate) copy: bool,
}

impl Options {
    /// A parameter of the filesystem, and the place of the option that it comes from.
    fn parameter(&mut self, place: usize, parameter: &str) {
        self.parameters.push(parameter);
        self.parameter_places.push(u32::try_from(place).unwrap_or(u32::MAX));
    }

    /// What is not named is cleared too, as soon as the list sets an attribute (as with runc); the times of access stay. A word that clears names
    /// all that it clears: engines write `rw` for every volume, and nobody asks for its source's `nosuid` to end by that.
    pub(crate) fn cleared_by_the_way(&self) -> u64 {
        if self.set_alone != 0 {
            attribute::CLEARED_UNLESS_NAMED & !self.one.set & !self.one.clear
        } else {
            0
        }
    }
}

impl Compiler<'_> {
    pub(crate) fn mounts(&mut self) {
        for (index, mount) in self.config.mounts.iter().enumerate() {
            self.mount(index, mount);
        }
    }

    fn mount(&mut self, index: usize, mount: &Mount) {
        let path = JsonPath::from("mounts").index(index);
        let target = below_root(&mount.destination);
        let mut options = self.mount_options(&path, mount);
        let kind = mount.fs_type.as_deref();
        if options.bind.is_none()
            && let Some(context) = kind.and_then(|kind| self.mount_context(kind))
        {
            options.parameter(usize::MAX, &context);
        }
        if options.bind.is_none() || options.is_remount {
            self.check_lengths(&path, mount.source.as_deref().unwrap_or_default(), &options);
        }
        if options.is_remount {
            self.change_mount(index, &target, mount, &options);
            return;
        }
        if target.is_empty() && index > 0 {
            let hidden = "everything that is mounted before it is hidden by this mount on the root";
            self.problems.warning(path.member("destination"), hidden);
        }
        let is_cgroup = options.bind.is_none() && matches!(kind, Some("cgroup" | "cgroup2"));
        if is_cgroup && target.is_empty() {
            self.problems
                .error(path.member("destination"), "the cgroups cannot be the container's root");
            return;
        }
        let mapping = self.mapping(index, mount, &options);
        if is_cgroup && mapping.is_some() {
            self.problems
                .error(path, "the ids of a cgroup filesystem cannot be mapped");
            return;
        }
        let origin = Origin::Mount {
            index,
            options: options.parameter_places.clone(),
        };
        if options.bind.is_some() {
            self.bind(index, origin, mount, &options, mapping);
            return;
        }
        match kind {
            None => self.problems.error(
                path.member("type"),
                "missing: it may be left out for bind mounts only, and no option says \"bind\" or \"rbind\"",
            ),
            Some("cgroup" | "cgroup2") => {
                self.warn_of_what_cgroups_ignore(&path, &options);
                cgroup_mount::push(self, index, &target, &options);
            }
            Some(kind) => {
                if let Some(mapping) = mapping {
                    self.map_next(index, mapping);
                }
                let mut attributes = options.one.set;
                let mut is_late = false;
                if attributes & attribute::RDONLY != 0 {
                    match kind {
                        // What is mounted and made below it later needs it writable, as with runc.
                        "tmpfs" if !target.is_empty() => {
                            attributes &= !attribute::RDONLY;
                            is_late = true;
                        }
                        // One superblock for all who mount them: read-only is each mount's own affair.
                        "tmpfs" | "proc" | "sysfs" | "mqueue" | "devpts" => {}
                        // A disk that cannot be written refuses to be mounted otherwise.
                        _ => options.parameter(usize::MAX, "ro"),
                    }
                }
                if is_late {
                    self.make_next_read_only_later(index, index, &target);
                }
                self.keep_propagation(index, &target, &options.propagation);
                let kind = c_string(kind);
                let source = c_string(mount.source.as_deref().unwrap_or_default());
                let step = Step::Mount {
                    kind: &kind,
                    source: &source,
                    target: &target,
                    parameters: options.parameters.as_strings(),
                    attributes,
                    propagation: options.propagation.as_propagations(),
                    copy_up: options.copy_up,
                    mode: 0o755,
                };
                self.steps.push(step, origin.clone());
                if let Some(versions) = options.versions {
                    let counted = if versions { COUNT_VERSIONS } else { 0 };
                    let flags = old_flags(attributes) | options.filesystem_flags | counted;
                    self.steps.push(Step::Remount { target: &target, flags }, origin);
                }
            }
        }
    }

    fn bind(&mut self, index: usize, origin: Origin, mount: &Mount, options: &Options, mapping: Option<Mapping>) {
        let path = JsonPath::from("mounts").index(index);
        let Some(source) = mount.source.as_deref() else {
            self.problems
                .error(path.member("source"), "missing: a bind mount needs one");
            return;
        };
        let source = self.bundle.dir().join(source).to_string_lossy().into_owned();
        let recursive = options.bind == Some(true);
        if let Some(mapping) = mapping {
            self.map_next_bind(index, &source, recursive, mapping);
        }
        let links = options.links;
        if links != Links::default() {
            let step = Step::NextLinks {
                source: links.keep_source,
                target: links.keep_target,
                copy: links.copy,
            };
            self.steps.push(step, Origin::Element("mounts", index));
        }
        let says_more = |option: &str| !matches!(option, "" | "bind" | "rbind" | "copy-symlink");
        if links.copy && mount.options.iter().any(|option| says_more(option)) {
            let text = "a source that is a link is copied, and not mounted: then the other options have no effect";
            self.problems
                .push(Problem::warning(path.member("options"), text).into_notice());
        }
        self.take_source(index);
        self.keep_propagation(index, &below_root(&mount.destination), &options.propagation);
        let one = options.one.after(options.all);
        let step = Step::Bind {
            source: &c_string(&source),
            target: &below_root(&mount.destination),
            recursive,
            set: one.set,
            clear: one.clear,
            clear_unlocked: options.cleared_by_the_way(),
            set_all: options.all.set,
            clear_all: options.all.clear,
            propagation: options.propagation.as_propagations(),
        };
        self.steps.push(step, origin);
    }

    /// The hierarchies are the host's: a container does not change them by mounting its part.
    fn warn_of_what_cgroups_ignore(&mut self, path: &JsonPath, options: &Options) {
        let text = "the hierarchies of cgroups have the options that the host gave them; ignored";
        for place in &options.parameter_places {
            self.problems
                .warning(path.member("options").index(*place as usize), text);
        }
        if options.versions.is_some() {
            self.problems.warning(path.member("options"), text);
        }
    }

    /// `remount`: it changes what an earlier mount put there.
    fn change_mount(&mut self, index: usize, target: &CStr, mount: &Mount, options: &Options) {
        let path = JsonPath::from("mounts").index(index);
        let has_mappings = !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty();
        let is_for_new_mounts = options.copy_up
            || options.versions.is_some()
            || options.map_ids.is_some()
            || options.links != Links::default();
        if is_for_new_mounts || has_mappings {
            let text = "\"remount\" cannot be combined with \"tmpcopyup\", \"iversion\", \"idmap\", words on links, or mappings: they are for new mounts";
            self.problems.error(path.member("options"), text);
            return;
        }
        let one = self.read_only_by_remount(index, target, options);
        self.keep_propagation(index, target, &options.propagation);
        let step = Step::ChangeMount {
            target,
            parameters: options.parameters.as_strings(),
            set: one.set,
            clear: one.clear,
            clear_unlocked: options.cleared_by_the_way(),
            set_all: options.all.set,
            clear_all: options.all.clear,
            propagation: options.propagation.as_propagations(),
        };
        let origin = Origin::Mount {
            index,
            options: options.parameter_places.clone(),
        };
        self.steps.push(step, origin);
    }

    /// How a mount on `/` propagates: said when it is the root.
    pub(crate) fn propagation_of_a_mount_on_the_root(&mut self) {
        let mounts = self.config.mounts.iter().enumerate();
        let on_the_root = mounts.filter(|(_, mount)| below_root(&mount.destination).is_empty());
        for (index, mount) in on_the_root {
            let options = mount.options.iter().flat_map(|option| pieces(option));
            let words = options.filter_map(|option| match effect(&option) {
                Some(Effect::Propagation(flags)) => Some(flags),
                _ => None,
            });
            for propagation in words {
                let step = Step::RootPropagation { propagation };
                self.steps.push(step, Origin::Element("mounts", index));
            }
        }
    }

    fn mount_options(&mut self, path: &JsonPath, mount: &Mount) -> Options {
        let says_bind = |option: &str| matches!(effect(option), Some(Effect::Bind(_)));
        let is_bind = matches!(mount.fs_type.as_deref(), Some("bind" | "rbind"))
            || mount
                .options
                .iter()
                .flat_map(|option| pieces(option))
                .any(|option| says_bind(&option));
        let mut options = Options::default();
        if is_bind {
            options.bind = Some(mount.fs_type.as_deref() == Some("rbind"));
        }
        let places = mount.options.iter().enumerate();
        for (index, option) in places.flat_map(|(index, option)| pieces(option).map(move |piece| (index, piece))) {
            let option = &*option;
            let place = || path.member("options").index(index);
            match effect(option) {
                Some(Effect::Nothing) => {}
                Some(Effect::Attributes { clear, set }) => {
                    options.one.add(Changes { set, clear });
                    options.set_alone = options.set_alone & !clear | set;
                }
                Some(Effect::AllAttributes { clear, set }) => {
                    options.all.add(Changes { set, clear });
                    options.one.add(Changes { set, clear });
                    options.set_alone &= !clear;
                }
                Some(Effect::Propagation(flags)) => options.propagation.push(flags),
                Some(Effect::Bind(recursive)) => options.bind = Some(recursive || options.bind == Some(true)),
                Some(Effect::Filesystem(name)) if is_bind => {
                    self.problems.warning(
                        place(),
                        format!(
                            "{name:?} is a flag of the whole filesystem, which a bind mount cannot change; ignored"
                        ),
                    );
                }
                Some(Effect::Filesystem(name)) => {
                    options.parameter(index, name);
                    options.filesystem_flags |= old_filesystem_flag(name);
                }
                Some(Effect::Version(_)) if is_bind => {
                    let text = format!(
                        "{option:?} is a flag of the whole filesystem, which a bind mount cannot change; ignored"
                    );
                    self.problems.warning(place(), text);
                }
                Some(Effect::Version(counted)) => options.versions = Some(counted),
                Some(Effect::CopyUp) if is_bind => self.problems.warning(
                    place(),
                    "a bind mount copies nothing into what it shows; \"tmpcopyup\" is ignored",
                ),
                Some(Effect::CopyUp) if mount.fs_type.as_deref() == Some("tmpfs") => options.copy_up = true,
                Some(Effect::CopyUp) => self
                    .problems
                    .error(place(), "\"tmpcopyup\" is for mounts of type tmpfs only"),
                Some(Effect::MapIds(recursive)) => options.map_ids = Some((index, recursive)),
                Some(Effect::Remount) => options.is_remount = true,
                Some(Effect::Link(_)) if !is_bind => {
                    let text = format!("{option:?} is for bind mounts only");
                    self.problems.error(place(), text);
                }
                Some(Effect::Link(Link::KeepSource)) => options.links.keep_source = true,
                Some(Effect::Link(Link::KeepTarget)) => options.links.keep_target = true,
                Some(Effect::Link(Link::Copy)) => options.links.copy = true,
                None if option.is_empty() => {}
                None if option.starts_with("idmap=") || option.starts_with("ridmap=") => self.problems.error(
                    place(),
                    "mappings in an option are crun's own; uidMappings and gidMappings of the mount are the spec's",
                ),
                None if !is_bind => options.parameter(index, option),
                None if option.contains('=') => {
                    self.problems.warning(
                        place(),
                        format!("a bind mount has no filesystem options; {} is ignored", Quoted(option)),
                    );
                }
                None => self
                    .problems
                    .error(place(), format!("unknown option {}", Quoted(option))),
            }
        }
        options
    }
}
