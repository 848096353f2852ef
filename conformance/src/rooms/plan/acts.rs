//! The acts that `explain` tells.

use serde_json::Value;

use super::trace::{By, Verb, quoted};
use crate::failure::{Failure, wrong};

/// One act of the list.
pub(super) struct Act {
    pub(super) by: By,
    /// `before`, `beside`, `turn 0`, `alone`; nothing for init's.
    pub(super) place: String,
    /// What it is, in words, with the container's own id.
    pub(super) text: String,
}

impl Act {
    /// Init does not wait for it.
    pub(super) fn is_beside(&self) -> bool {
        self.place == "beside"
    }

    pub(super) fn is_of_the_runtime(&self) -> bool {
        self.by != By::Init
    }

    /// The first text between quotes.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.text).into_iter().next().unwrap_or_default()
    }

    /// The path in the container that it names, without quotes around it.
    pub(super) fn inside(&self) -> &str {
        // What is between quotes is of the host.
        let mut at = 0;
        for (number, part) in self.text.split('"').enumerate() {
            if number % 2 == 0
                && let Some(begin) = part.find(" /")
            {
                let path = &self.text[at + begin + 1..];
                return path.split([' ', ',']).next().unwrap_or_default();
            }
            at += part.len() + 1;
        }
        ""
    }

    /// The number at the end.
    pub(super) fn number(&self) -> usize {
        let last = self.text.rsplit(' ').next();
        last.and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// What follows a beginning, up to a blank or the like.
    pub(super) fn word_after(&self, beginning: &str) -> &str {
        let rest = self.text.strip_prefix(beginning).unwrap_or_default();
        rest.split([' ', ',', ';']).next().unwrap_or_default()
    }

    /// How it reads in a failure.
    pub(super) fn line(&self) -> String {
        let by = if self.is_of_the_runtime() { "runtime" } else { "init" };
        let text: String = self.text.chars().take(110).collect();
        format!("{by} {}: {text}", self.place).replace(" :", ":")
    }
}

/// The acts in `explain --json`, for a container with this id.
pub(super) fn read(told: &Value, id: &str) -> Result<Vec<Act>, Failure> {
    let Some(list) = told.as_array() else {
        return wrong("explain tells no list");
    };
    list.iter().map(|act| one(act, id)).collect()
}

fn one(told: &Value, id: &str) -> Result<Act, Failure> {
    let word = |name: &str| told[name].as_str().unwrap_or_default();
    let by = match (word("by"), word("phase")) {
        ("init", _) => By::Init,
        ("runtime", "create") => By::Runtime(Verb::Create),
        ("runtime", "start") => By::Runtime(Verb::Start),
        ("runtime", "delete") => By::Runtime(Verb::Delete),
        _ => return wrong(format!("explain tells {told}")),
    };
    // `explain` knows no container, and says ID where its id would stand.
    let text = word("text")
        .replace("/ID\"", &format!("/{id}\""))
        .replace("_ses.ID\"", &format!("_ses.{id}\""));
    Ok(Act {
        by,
        place: word("place").to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_words_are_found() {
        let told = json!([
            {"phase": "create", "by": "init", "text": "bind \"/a /b\" with all mounts below it on /sys/x (ro)"},
            {"phase": "create", "by": "runtime", "place": "before", "text": "make the cgroup \"/c/ID\", if the caller may"},
            {"phase": "create", "by": "init", "text": "hide /proc/kcore, if it is there"},
            {"phase": "create", "by": "init", "text": "wait while the runtime takes its turn 3"},
        ]);
        let acts = read(&told, "one").unwrap();
        assert_eq!((acts[0].inside(), acts[0].quoted().as_str()), ("/sys/x", "/a /b"));
        assert_eq!(acts[1].quoted(), "/c/one");
        assert_eq!(acts[2].inside(), "/proc/kcore");
        assert_eq!(acts[3].number(), 3);
    }
}
