//! `mounts`: filesystems and bound trees inside the rootfs.

use super::cgroup_mount;
use super::compile::Compiler;
use super::mount_options::{COUNT_VERSIONS, Effect, attribute, effect, old_filesystem_flag, old_flags};
use super::steps::{Origin, StringList, below_root, c_string};
use crate::bundle::Mount;
use crate::problem::JsonPath;
use orlop_init::wire::Step;

/// What a mount's options add up to.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// `Some(true)` for a bind with the mounts below.
    pub(crate) bind: Option<bool>,
    pub(crate) set: u64,
    pub(crate) clear: u64,
    /// Whether any attribute was named: then a bind mount takes on just what the list says.
    pub(crate) names_attributes: bool,
    pub(crate) set_all: u64,
    pub(crate) clear_all: u64,
    pub(crate) propagation: u64,
    pub(crate) copy_up: bool,
    pub(crate) parameters: StringList,
    /// Whether inodes' versions are counted, if that was said.
    pub(crate) versions: Option<bool>,
    /// `MS_*` of the filesystem's flags.
    pub(crate) filesystem_flags: u64,
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
        if target.is_empty() {
            self.problems.error(
                path.member("destination"),
                "a mount on the container's root is not built yet",
            );
            return;
        }
        for (list, mappings) in [
            ("uidMappings", &mount.uid_mappings),
            ("gidMappings", &mount.gid_mappings),
        ] {
            if !mappings.is_empty() {
                self.problems
                    .error(path.member(list), "id-mapped mounts are not built yet");
            }
        }
        let options = self.mount_options(&path, mount);
        let origin = Origin::Element("mounts", index);
        let kind = mount.fs_type.as_deref();
        if options.bind.is_some() {
            self.bind(&path, origin, mount, &options);
            return;
        }
        match kind {
            None => self.problems.error(
                path.member("type"),
                "missing: it may be left out for bind mounts only, and no option says \"bind\" or \"rbind\"",
            ),
            Some("cgroup" | "cgroup2") => cgroup_mount::push(self, index, &target, &options),
            Some(kind) => {
                let kind = c_string(kind);
                let source = c_string(mount.source.as_deref().unwrap_or_default());
                let step = Step::Mount {
                    kind: &kind,
                    source: &source,
                    target: &target,
                    parameters: options.parameters.as_strings(),
                    attributes: (options.set | options.set_all) & !(options.clear_all & !options.set_all),
                    propagation: options.propagation,
                    copy_up: options.copy_up,
                    mode: 0o755,
                };
                self.steps.push(step, origin.clone());
                if let Some(versions) = options.versions {
                    let counted = if versions { COUNT_VERSIONS } else { 0 };
                    let flags = old_flags(options.set | options.set_all) | options.filesystem_flags | counted;
                    self.steps.push(Step::Remount { target: &target, flags }, origin);
                }
            }
        }
    }

    fn bind(&mut self, path: &JsonPath, origin: Origin, mount: &Mount, options: &Options) {
        let Some(source) = mount.source.as_deref() else {
            self.problems
                .error(path.member("source"), "missing: a bind mount needs one");
            return;
        };
        let source = self.bundle.dir().join(source);
        // What is not named is cleared, as soon as the list names an attribute; the source's times of access stay.
        let clear = if options.names_attributes {
            attribute::CLEARED_UNLESS_NAMED | options.clear
        } else {
            0
        };
        let step = Step::Bind {
            source: &c_string(&source.to_string_lossy()),
            target: &below_root(&mount.destination),
            recursive: options.bind == Some(true),
            set: options.set,
            clear: clear & !options.set | options.clear & attribute::ATIME,
            set_all: options.set_all,
            clear_all: options.clear_all,
            propagation: options.propagation,
        };
        self.steps.push(step, origin);
    }

    fn mount_options(&mut self, path: &JsonPath, mount: &Mount) -> Options {
        let says_bind = |option: &str| matches!(effect(option), Some(Effect::Bind(_)));
        let is_bind = matches!(mount.fs_type.as_deref(), Some("bind" | "rbind"))
            || mount.options.iter().any(|option| says_bind(option));
        let mut options = Options::default();
        if is_bind {
            options.bind = Some(mount.fs_type.as_deref() == Some("rbind"));
        }
        for (index, option) in mount.options.iter().enumerate() {
            let place = || path.member("options").index(index);
            match effect(option) {
                Some(Effect::Nothing) => {}
                Some(Effect::Attributes { clear, set }) => {
                    options.set = options.set & !clear | set;
                    options.clear = options.clear & !set | clear;
                    options.names_attributes = true;
                }
                Some(Effect::AllAttributes { clear, set }) => {
                    options.set_all = options.set_all & !clear | set;
                    // The times of access are one value: the kernel wants all of its bits cleared when it is set.
                    options.clear_all = options.clear_all & !(set & !attribute::ATIME) | clear;
                }
                Some(Effect::Propagation(flags)) => options.propagation = flags,
                Some(Effect::Bind(recursive)) => options.bind = Some(recursive),
                Some(Effect::Filesystem(name)) if is_bind => {
                    self.problems.warning(
                        place(),
                        format!(
                            "{name:?} is a flag of the whole filesystem, which a bind mount cannot change; ignored"
                        ),
                    );
                }
                Some(Effect::Filesystem(name)) => {
                    options.parameters.push(name);
                    options.filesystem_flags |= old_filesystem_flag(name);
                }
                Some(Effect::Version(_)) if is_bind => {
                    let text = format!(
                        "{:?} is a flag of the whole filesystem, which a bind mount cannot change; ignored",
                        option.as_str()
                    );
                    self.problems.warning(place(), text);
                }
                Some(Effect::Version(counted)) => options.versions = Some(counted),
                Some(Effect::CopyUp) if mount.fs_type.as_deref() == Some("tmpfs") => options.copy_up = true,
                Some(Effect::CopyUp) => self
                    .problems
                    .error(place(), "\"tmpcopyup\" is for mounts of type tmpfs only"),
                Some(Effect::NotBuilt) => self
                    .problems
                    .error(place(), format!("the option {:?} is not built yet", option.as_str())),
                None if option.is_empty() => {}
                None if !is_bind => options.parameters.push(option),
                None if option.contains('=') => {
                    self.problems.warning(
                        place(),
                        format!(
                            "a bind mount has no filesystem options; {:?} is ignored",
                            option.as_str()
                        ),
                    );
                }
                None => self
                    .problems
                    .error(place(), format!("unknown option {:?}", option.as_str())),
            }
        }
        options
    }
}
