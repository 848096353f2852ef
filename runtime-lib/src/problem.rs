//! What is wrong, or doubtful, in a config: a JSON path and a sentence.

use std::fmt;

/// A place in `config.json`, written as a person would: `mounts[3].options[1]`, `process.user.uid`.
///
/// The empty path is the document itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPath(String);

impl JsonPath {
    /// The path as it is given, `process.args` for example.
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The member `name` of the object at this path. A name that is no plain word is quoted:
    /// `linux.sysctl["net.core.x"]`.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        Self(match (plain, self.0.is_empty()) {
            (true, true) => name.to_owned(),
            (true, false) => format!("{}.{name}", self.0),
            (false, _) => format!("{}[{name:?}]", self.0),
        })
    }

    /// The element `index` of the array at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl serde::Serialize for JsonPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<&str> for JsonPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

/// How much a [`Problem`] weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The bundle is refused.
    Error,
    /// The bundle runs, and the user is told: the spec asks for a warning here, or the part is not built yet and
    /// harmless to miss.
    Warning,
    /// The bundle runs as it says, and yet a reader may be surprised, by a rule that another one overrides for
    /// example. Told to whoever checks a bundle, not to whoever runs it.
    Notice,
}

/// One fault of a config: where it is and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in `config.json`.
    pub path: JsonPath,
    /// What is wrong there, in words that follow the path and a colon.
    pub text: String,
    /// Whether it stops the bundle from running.
    pub severity: Severity,
}

impl Problem {
    /// A fault that stops the bundle from running.
    pub fn error(path: impl Into<JsonPath>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            severity: Severity::Error,
        }
    }

    /// The same, told to whoever checks the bundle only.
    #[must_use]
    pub fn into_notice(mut self) -> Self {
        self.severity = Severity::Notice;
        self
    }

    /// A fault that the user is told of, no more.
    pub fn warning(path: impl Into<JsonPath>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            severity: Severity::Warning,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.as_str().is_empty() {
            formatter.write_str(&self.text)
        } else {
            write!(formatter, "{}: {}", self.path, self.text)
        }
    }
}

impl std::error::Error for Problem {}

/// Collects problems, so that `check` can list all of them and `create` can stop at the first.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a fault that stops the bundle from running.
    pub fn error(&mut self, path: impl Into<JsonPath>, text: impl Into<String>) {
        self.0.push(Problem::error(path, text));
    }

    /// Notes a fault that the user is told of, no more.
    pub fn warning(&mut self, path: impl Into<JsonPath>, text: impl Into<String>) {
        self.0.push(Problem::warning(path, text));
    }

    /// Notes a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// All problems, in the order in which they were found.
    pub fn all(&self) -> &[Problem] {
        &self.0
    }

    /// Whether one of them refuses the bundle.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Those that only warn.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| problem.severity == Severity::Warning)
    }

    /// The warnings and notices if nothing worse was found.
    ///
    /// # Errors
    /// The first fault that stops the bundle from running.
    pub fn into_warnings(self) -> Result<Vec<Problem>, Problem> {
        match self.0.iter().position(|problem| problem.severity == Severity::Error) {
            None => Ok(self.0),
            Some(at) => Err(self
                .0
                .into_iter()
                .nth(at)
                .unwrap_or_else(|| Problem::error("", "unknown fault"))),
        }
    }

    /// Adds what another collection holds.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Self {
        problems.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_a_person_would_write_it() {
        let options = JsonPath::default().member("mounts").index(3).member("options").index(1);
        assert_eq!(options.as_str(), "mounts[3].options[1]");
        let sysctl = JsonPath::from("linux").member("sysctl").member("net.core.somaxconn");
        assert_eq!(sysctl.as_str(), "linux.sysctl[\"net.core.somaxconn\"]");
    }

    #[test]
    fn the_first_error_wins_and_warnings_do_not_stop() {
        let mut problems = Problems::default();
        problems.warning("a", "odd");
        problems.error("b", "wrong");
        problems.error("c", "worse");
        assert_eq!(problems.into_warnings().unwrap_err().to_string(), "b: wrong");
    }
}
