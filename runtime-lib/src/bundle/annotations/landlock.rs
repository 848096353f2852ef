//! `org.orlop.landlock`: what the container's process may do to files, the network and others, whoever it is
//! (`man 7 landlock`).
//!
//! The spec has no member for it yet, so it is a JSON text in an annotation; docs/annotations.md tells its form.

use super::super::fault;
use super::super::json::Json;
use super::super::text::Text;
use crate::problem::{JsonPath, Problem, Problems};

object! {
    /// The rules.
    pub struct Landlock {
        /// What may be done to files.
        filesystem: Option<LandlockFilesystem> = "filesystem",
        /// Which ports may be used.
        network: Option<LandlockNetwork> = "network",
        /// What does not reach processes outside of the container's.
        scoped: Vec<LandlockScope> = "scoped",
        /// What the kernel does not know is left out, with a warning, rather than refused.
        best_effort: bool = "bestEffort",
    }
}

object! {
    /// Rules for files.
    pub struct LandlockFilesystem {
        /// What is denied unless a rule allows it.
        handled: Vec<LandlockAccess> = "handled",
        /// What is allowed, by places.
        allowed: Vec<LandlockPaths> = "allowed",
    }
}

object! {
    /// What is allowed at and below some places.
    pub struct LandlockPaths {
        /// Absolute, in the container.
        paths: Vec<Text> = "paths",
        /// What may be done there.
        access: Vec<LandlockAccess> = "access",
    }
}

object! {
    /// Rules for the network.
    pub struct LandlockNetwork {
        /// What is denied unless a rule allows it.
        handled: Vec<LandlockPort> = "handled",
        /// What is allowed, by ports.
        allowed: Vec<LandlockPorts> = "allowed",
    }
}

object! {
    /// What is allowed with some ports.
    pub struct LandlockPorts {
        /// TCP ports.
        ports: Vec<u16> = "ports",
        /// What may be done with them.
        access: Vec<LandlockPort> = "access",
    }
}

words! {
    /// What may be done to files, in the order of the kernel's bits (`LANDLOCK_ACCESS_FS_*`).
    pub enum LandlockAccess: "access" {
        Execute = "execute",
        WriteFile = "write_file",
        ReadFile = "read_file",
        ReadDir = "read_dir",
        RemoveDir = "remove_dir",
        RemoveFile = "remove_file",
        MakeChar = "make_char",
        MakeDir = "make_dir",
        MakeReg = "make_reg",
        MakeSock = "make_sock",
        MakeFifo = "make_fifo",
        MakeBlock = "make_block",
        MakeSym = "make_sym",
        Refer = "refer",
        Truncate = "truncate",
        IoctlDev = "ioctl_dev",
    }
}

words! {
    /// What may be done with ports, in the order of the kernel's bits (`LANDLOCK_ACCESS_NET_*`).
    pub enum LandlockPort: "access" {
        BindTcp = "bind_tcp",
        ConnectTcp = "connect_tcp",
    }
}

words! {
    /// What does not reach out, in the order of the kernel's bits (`LANDLOCK_SCOPE_*`).
    pub enum LandlockScope: "scope" {
        AbstractUnixSocket = "abstract_unix_socket",
        Signal = "signal",
    }
}

/// A right that Landlock handles: its bit, and the version of the kernel's interface that has it first.
pub(crate) trait Right: Copy + std::fmt::Display {
    /// The kernel's bit.
    fn bit(self) -> u64;
    /// The interface's version, and the Linux that has it.
    fn since(self) -> (u32, &'static str);
}

impl Right for LandlockAccess {
    fn bit(self) -> u64 {
        1 << self as u64
    }

    fn since(self) -> (u32, &'static str) {
        match self {
            Self::Refer => (2, "5.19"),
            Self::Truncate => (3, "6.2"),
            Self::IoctlDev => (5, "6.10"),
            _ => (1, "5.13"),
        }
    }
}

impl Right for LandlockPort {
    fn bit(self) -> u64 {
        1 << self as u64
    }

    fn since(self) -> (u32, &'static str) {
        (4, "6.7")
    }
}

impl Right for LandlockScope {
    fn bit(self) -> u64 {
        1 << self as u64
    }

    fn since(self) -> (u32, &'static str) {
        (6, "6.12")
    }
}

/// Parses the annotation's value, and checks what types cannot say.
pub(super) fn read(place: &JsonPath, value: &str, problems: &mut Problems) -> Option<Landlock> {
    let landlock: Landlock = match serde_json::from_str(value) {
        Ok(landlock) => landlock,
        Err(error) => {
            let fault = fault::explain("the rules", value, &error);
            problems.push(inside(place, fault));
            return None;
        }
    };
    let mut found = Problems::default();
    super::super::unknown::refuse(value, Landlock::SHAPE, &mut found);
    check(&landlock, &mut found);
    let is_right = found.all().is_empty();
    for problem in Vec::from(found) {
        problems.push(inside(place, problem));
    }
    is_right.then_some(landlock)
}

/// A fault of the text in the annotation, whose own place is the annotation.
fn inside(place: &JsonPath, problem: Problem) -> Problem {
    Problem {
        path: place.clone(),
        text: problem.to_string(),
        severity: problem.severity,
    }
}

fn check(landlock: &Landlock, problems: &mut Problems) {
    let filesystem = landlock.filesystem.as_ref();
    let network = landlock.network.as_ref();
    let denies_files = filesystem.is_some_and(|rules| !rules.handled.is_empty());
    let denies_ports = network.is_some_and(|rules| !rules.handled.is_empty());
    if !denies_files && !denies_ports && landlock.scoped.is_empty() {
        problems.error("", "nothing is handled or scoped, so nothing would be denied");
    }
    for (index, rule) in filesystem.iter().flat_map(|rules| &rules.allowed).enumerate() {
        let path = JsonPath::from("filesystem.allowed").index(index);
        let handled = filesystem.map(|rules| rules.handled.as_slice()).unwrap_or_default();
        check_access(&rule.access, handled, &path, problems);
        if rule.paths.is_empty() {
            problems.error(path.member("paths"), "names no path");
        }
        for (index, place) in rule.paths.iter().enumerate() {
            super::super::validate::absolute(place, || path.member("paths").index(index).to_string(), problems);
        }
    }
    for (index, rule) in network.iter().flat_map(|rules| &rules.allowed).enumerate() {
        let path = JsonPath::from("network.allowed").index(index);
        let handled = network.map(|rules| rules.handled.as_slice()).unwrap_or_default();
        check_access(&rule.access, handled, &path, problems);
        if rule.ports.is_empty() {
            problems.error(path.member("ports"), "names no port");
        }
    }
}

/// The kernel refuses a rule that allows nothing, or what is not denied anyway.
fn check_access<R: Right + PartialEq>(access: &[R], handled: &[R], path: &JsonPath, problems: &mut Problems) {
    if access.is_empty() {
        problems.error(path.member("access"), "allows nothing");
    }
    for (index, right) in access.iter().enumerate() {
        if !handled.contains(right) {
            let text = format!("{right} is not among what is handled, so it is allowed everywhere");
            problems.error(path.member("access").index(index), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(value: &str) -> Vec<String> {
        let mut problems = Problems::default();
        let landlock = read(&"at".into(), value, &mut problems);
        assert_eq!(landlock.is_some(), problems.all().is_empty());
        problems.all().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rules_are_read() {
        let text = r#"{"filesystem": {"handled": ["write_file", "ioctl_dev"], "allowed": [{"paths": ["/tmp"], "access": ["write_file"]}]},
            "network": {"handled": ["bind_tcp"], "allowed": [{"ports": [80], "access": ["bind_tcp"]}]}, "scoped": ["signal"]}"#;
        assert_eq!(faults(text), [""; 0]);
        let landlock = read(&"at".into(), text, &mut Problems::default()).unwrap();
        assert_eq!(
            landlock
                .filesystem
                .unwrap()
                .handled
                .iter()
                .map(|right| right.bit())
                .sum::<u64>(),
            0x8002
        );
        assert!(!landlock.best_effort);
    }

    #[test]
    fn faults_are_told_with_their_place_in_the_text() {
        for (text, fault) in [
            (
                "",
                "at: the rules: not JSON: EOF while parsing a value at line 1 column 0",
            ),
            ("{}", "at: nothing is handled or scoped, so nothing would be denied"),
            (
                r#"{"scoped": ["signals"]}"#,
                "at: scoped[0]: unknown scope \"signals\"; did you mean `signal`?",
            ),
            (
                r#"{"scoped": ["signal"], "netwrok": {}}"#,
                "at: netwrok: unknown member; did you mean `network`?",
            ),
            (
                r#"{"filesystem": {"handled": ["execute"], "allowed": [{"paths": ["bin"], "access": ["execute"]}]}}"#,
                "at: filesystem.allowed[0].paths[0]: \"bin\" is not absolute",
            ),
            (
                r#"{"filesystem": {"handled": ["execute"], "allowed": [{"paths": ["/bin"], "access": ["read_file"]}]}}"#,
                "at: filesystem.allowed[0].access[0]: read_file is not among what is handled, so it is allowed everywhere",
            ),
            (
                r#"{"network": {"handled": ["bind_tcp"], "allowed": [{"ports": [65536], "access": ["bind_tcp"]}]}}"#,
                "at: network.allowed[0].ports[0]: expected a number from 0 to 65535, found 65536",
            ),
        ] {
            assert_eq!(faults(text), [fault]);
        }
    }
}
