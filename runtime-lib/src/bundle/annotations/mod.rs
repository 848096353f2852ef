//! Annotations that are read: those of crun and runc that their users rely on, by the same names, and our own
//! (docs/annotations.md).
//!
//! All others are free words of the user's (runtime-spec: config.md#annotations).

mod cgroup_below;
mod landlock;
mod systemd;
mod unit_property;

pub(crate) use landlock::Right;
pub use landlock::{
    Landlock, LandlockAccess, LandlockFilesystem, LandlockNetwork, LandlockPaths, LandlockPort, LandlockPorts,
    LandlockScope,
};
pub(crate) use unit_property::{UnitProperty, UnitValue};

use super::config::Config;
use super::quote::Quoted;
use super::text::Text;
use crate::nearest::meant;
use crate::problem::{JsonPath, Problem, Problems};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Annotations that make this runtime do something: an engine should not let everybody set them. One that ends with a
/// dot stands for all that begin like it (runtime-spec: features.md#unsafe-annotations-in-configjson).
pub(crate) const UNSAFE: &[&str] = &[LANDLOCK, "org.systemd.property.", "run.oci."];

/// The annotations that a mistyped one may have been meant to be.
const KNOWN: [&str; 10] = [
    HookOutput::STDERR,
    HookOutput::STDOUT,
    LANDLOCK,
    DELEGATE_CGROUP,
    SECCOMP_RECEIVER,
    SYSTEMD_SUBGROUP,
    "run.oci.keep_original_groups",
    "run.oci.mount_context_type",
    "run.oci.pidfd_receiver",
    "run.oci.seccomp_fail_unknown_syscall",
];

const SECCOMP_RECEIVER: &str = "run.oci.seccomp.receiver";
const LANDLOCK: &str = "org.orlop.landlock";
pub(crate) const DELEGATE_CGROUP: &str = "run.oci.delegate-cgroup";
pub(crate) const SYSTEMD_SUBGROUP: &str = "run.oci.systemd.subgroup";

/// What the annotations ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Annotated {
    /// Where hooks' output goes.
    pub(crate) hooks: HookOutput,
    /// The caller's supplementary groups are kept.
    pub(crate) keep_original_groups: bool,
    /// Init's pidfd is sent over this socket.
    pub(crate) pidfd_receiver: Option<Text>,
    /// The listener of a filter is sent over this socket.
    pub(crate) seccomp_receiver: Option<Text>,
    /// A rule for a system call that nobody knows is a fault.
    pub(crate) fail_unknown_syscall: bool,
    /// How `linux.mountLabel` labels a filesystem.
    pub(crate) mount_context: MountContext,
    /// What the process may do besides what the kernel allows it anyway.
    pub(crate) landlock: Option<Landlock>,
    /// What the container's systemd unit is given, each with its annotation's name.
    pub(crate) unit: Vec<(String, UnitProperty)>,
    /// The cgroup below the container's in which the process is, and does what it likes.
    pub(crate) delegate_cgroup: Option<PathBuf>,
    /// The cgroup below that of the container's systemd unit which is the root of its cgroup namespace.
    pub(crate) systemd_subgroup: Option<PathBuf>,
}

/// Files that hooks' output is appended to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HookOutput {
    pub(crate) stdout: Option<PathBuf>,
    pub(crate) stderr: Option<PathBuf>,
}

impl HookOutput {
    pub(crate) const STDOUT: &'static str = "run.oci.hooks.stdout";
    pub(crate) const STDERR: &'static str = "run.oci.hooks.stderr";

    /// The files that the annotations of a recorded container name.
    pub(crate) fn recorded(annotations: &BTreeMap<String, String>) -> Self {
        let file = |name| annotations.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self {
            stdout: file(Self::STDOUT),
            stderr: file(Self::STDERR),
        }
    }
}

/// The parameter of a filesystem that takes a label (`man 8 mount`, SELinux).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MountContext {
    #[default]
    Context,
    Filesystem,
    Default,
    Root,
}

impl MountContext {
    const WORDS: [(&'static str, Self); 4] = [
        ("context", Self::Context),
        ("fscontext", Self::Filesystem),
        ("defcontext", Self::Default),
        ("rootcontext", Self::Root),
    ];

    /// The parameter's name.
    pub(crate) fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("context", |(word, _)| word)
    }
}

/// The place of an annotation in the config.
pub(crate) fn place(name: &str) -> JsonPath {
    JsonPath::from("annotations").member(name)
}

/// The place of the annotation with the Landlock rules.
pub(crate) fn landlock_place() -> JsonPath {
    place(LANDLOCK)
}

/// Reads what there is to read, and collects its faults. What has a member of the config to say it is put there.
pub(super) fn apply(config: &mut Config, problems: &mut Problems) -> Annotated {
    let annotated = read(&config.annotations, problems);
    if let (Some(receiver), Some(profile)) = (&annotated.seccomp_receiver, &mut config.linux.seccomp) {
        match &profile.listener_path {
            None => profile.listener_path = Some(receiver.clone()),
            Some(path) if path == receiver => {}
            Some(_) => problems.warning(place(SECCOMP_RECEIVER), "linux.seccomp.listenerPath overrides it"),
        }
    }
    annotated
}

fn read(annotations: &BTreeMap<Text, Text>, problems: &mut Problems) -> Annotated {
    let mut annotated = Annotated::default();
    for (name, value) in annotations {
        let mut reading = Reading { name, value, problems };
        match name.as_str() {
            "" => problems.error("annotations[\"\"]", "a key must not be empty"),
            HookOutput::STDOUT => annotated.hooks.stdout = reading.path().map(|path| path.as_path().to_owned()),
            HookOutput::STDERR => annotated.hooks.stderr = reading.path().map(|path| path.as_path().to_owned()),
            "run.oci.keep_original_groups" => annotated.keep_original_groups = reading.switch(),
            "run.oci.pidfd_receiver" => annotated.pidfd_receiver = reading.path(),
            SECCOMP_RECEIVER => annotated.seccomp_receiver = reading.path(),
            "run.oci.seccomp_fail_unknown_syscall" => annotated.fail_unknown_syscall = reading.switch(),
            "run.oci.mount_context_type" => annotated.mount_context = reading.mount_context(),
            LANDLOCK => annotated.landlock = landlock::read(&place(name), value, problems),
            "run.oci.handler" => reading.refuse("this runtime has no handlers: it executes the process itself"),
            "run.oci.seccomp.plugins" => {
                reading.refuse("this runtime loads no plug-ins; linux.seccomp.listenerPath names an agent")
            }
            "run.oci.seccomp_bpf_data" => {
                reading.refuse("this runtime takes no ready-made filters; linux.seccomp says what is to be filtered")
            }
            "run.oci.systemd.force_cgroup_v1" => reading.refuse("this runtime mounts no cgroup v1 beside the host's"),
            DELEGATE_CGROUP => annotated.delegate_cgroup = reading.cgroup_below(),
            SYSTEMD_SUBGROUP => annotated.systemd_subgroup = reading.cgroup_below(),
            "org.criu.config" => reading.notice("it is for checkpoints, which are not built yet"),
            _ => match name.strip_prefix(systemd::PREFIX) {
                Some(property) => {
                    let read = systemd::read(property, &reading.place(), value, problems);
                    annotated.unit.extend(read.map(|property| (name.to_string(), property)));
                }
                None if name.starts_with("run.oci.") || name.starts_with("org.orlop.") => {
                    reading.notice(&format!("unknown to this runtime, ignored{}", meant(name, KNOWN)));
                }
                None => {}
            },
        }
    }
    annotated
}

/// One annotation that is being read. An empty value is the same as none.
struct Reading<'a> {
    name: &'a Text,
    value: &'a Text,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn place(&self) -> JsonPath {
        place(self.name)
    }

    fn switch(&mut self) -> bool {
        match self.value.as_str() {
            "" | "0" | "false" => false,
            "1" | "true" => true,
            value => {
                let text = format!("{} is neither 1 nor 0", Quoted(value));
                self.problems.error(self.place(), text);
                false
            }
        }
    }

    fn path(&mut self) -> Option<Text> {
        if self.value.is_empty() {
            return None;
        }
        if !self.value.starts_with('/') {
            let text = format!("{} is not absolute", Quoted(self.value));
            self.problems.error(self.place(), text);
            return None;
        }
        Some(self.value.clone())
    }

    fn cgroup_below(&mut self) -> Option<PathBuf> {
        match cgroup_below::read(self.value) {
            Ok(below) => below,
            Err(text) => {
                self.problems.error(self.place(), text);
                None
            }
        }
    }

    fn mount_context(&mut self) -> MountContext {
        let known = MountContext::WORDS
            .iter()
            .find(|(word, _)| *word == self.value.as_str());
        if known.is_none() && !self.value.is_empty() {
            let text = format!(
                "{} is not context, fscontext, defcontext or rootcontext",
                Quoted(self.value)
            );
            self.problems.error(self.place(), text);
        }
        known.map(|(_, kind)| *kind).unwrap_or_default()
    }

    fn refuse(&mut self, why: &str) {
        if !self.value.is_empty() {
            self.problems.error(self.place(), why);
        }
    }

    fn notice(&mut self, what: &str) {
        self.problems.push(Problem::warning(self.place(), what).into_notice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;

    fn read_one(name: &str, value: &str) -> (Annotated, Vec<Problem>) {
        let mut problems = Problems::default();
        let text = |text: &str| Text::new(text).unwrap();
        let annotated = read(&BTreeMap::from([(text(name), text(value))]), &mut problems);
        (annotated, problems.all().to_vec())
    }

    #[track_caller]
    fn assert_refused(name: &str, value: &str, text: &str) {
        let (annotated, problems) = read_one(name, value);
        assert_eq!(annotated, Annotated::default());
        assert_eq!(problems, [Problem::error(place(name), text)]);
    }

    #[test]
    fn free_words_are_not_looked_at() {
        for name in [
            "com.example.key",
            "io.podman.annotations.init",
            "run.ocicle",
            "org.orlopper.x",
        ] {
            assert_eq!(read_one(name, "anything"), (Annotated::default(), vec![]));
        }
    }

    #[test]
    fn what_looks_like_ours_and_is_unknown_is_noticed() {
        for name in ["run.oci.keep_original_group", "org.orlop.landlok"] {
            let (_, problems) = read_one(name, "1");
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].severity, Severity::Notice);
        }
    }

    #[test]
    fn switches_are_on_or_off_and_nothing_else() {
        assert!(read_one("run.oci.keep_original_groups", "1").0.keep_original_groups);
        assert!(!read_one("run.oci.keep_original_groups", "0").0.keep_original_groups);
        assert_refused("run.oci.keep_original_groups", "yes", "\"yes\" is neither 1 nor 0");
    }

    #[test]
    fn paths_are_absolute_and_an_empty_one_is_none() {
        let (annotated, problems) = read_one("run.oci.hooks.stderr", "/var/log/hooks");
        assert_eq!(annotated.hooks.stderr, Some("/var/log/hooks".into()));
        assert_eq!(problems, []);
        assert_eq!(read_one("run.oci.pidfd_receiver", ""), (Annotated::default(), vec![]));
        assert_refused("run.oci.pidfd_receiver", "socket", "\"socket\" is not absolute");
    }

    #[test]
    fn what_is_not_built_is_refused_where_it_is_asked_for() {
        assert_refused(
            "run.oci.handler",
            "krun",
            "this runtime has no handlers: it executes the process itself",
        );
        assert_eq!(read_one("run.oci.handler", ""), (Annotated::default(), vec![]));
    }

    #[test]
    fn a_label_goes_to_the_parameter_that_is_named() {
        let (annotated, _) = read_one("run.oci.mount_context_type", "rootcontext");
        assert_eq!(annotated.mount_context.as_str(), "rootcontext");
        assert_eq!(Annotated::default().mount_context.as_str(), "context");
        assert_refused(
            "run.oci.mount_context_type",
            "selinux",
            "\"selinux\" is not context, fscontext, defcontext or rootcontext",
        );
    }
}
