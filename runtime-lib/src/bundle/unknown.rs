//! Members that the spec does not know: the parse ignores them, as it must, and the user is told of them.

use super::json::Shape;
use super::locate::{Event, Scanner, unquote};
use crate::nearest::{asked, nearest};
use crate::problem::{JsonPath, Problems};
use std::cell::Cell;

thread_local! {
    /// Whether the document that this thread parses has a member that is not known. The parse sees each name anyway;
    /// looking for their places costs another walk through the text, which is for those documents only that have one.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that there is an unknown member.
pub(crate) fn note() {
    NOTED.set(true);
}

/// Parses a document; also tells whether it has unknown members.
pub(crate) fn parse<T>(parse: impl FnOnce() -> T) -> (T, bool) {
    NOTED.set(false);
    (parse(), NOTED.get())
}

/// Warns about each unknown member of a text that was parsed as a value of this shape.
pub(crate) fn warn(text: &str, shape: &'static Shape, problems: &mut Problems) {
    let mut hints = Hints::new(shape);
    find(text, shape, |path, name, members| {
        let hint = hints.hint(&path, name, members);
        problems.warning(path, format!("unknown member, ignored{hint}"));
    });
}

/// Refuses them: in a text of our own form nobody has a reason to ignore what it says.
pub(crate) fn refuse(text: &str, shape: &'static Shape, problems: &mut Problems) {
    let mut hints = Hints::new(shape);
    find(text, shape, |path, name, members| {
        let hint = hints.hint(&path, name, members);
        problems.error(path, format!("unknown member{hint}"));
    });
}

/// The members of an object: their names and shapes.
type Members = [(&'static str, &'static Shape)];

/// What unknown members were meant to be.
struct Hints {
    document: &'static Shape,
    /// So many more are looked for: a document may have unknown members without end.
    left: usize,
}

impl Hints {
    fn new(document: &'static Shape) -> Self {
        Self { document, left: 64 }
    }

    /// What the member of this name was meant to be, beside the known ones of its object.
    fn hint(&mut self, path: &JsonPath, name: &str, members: &Members) -> String {
        if self.left == 0 {
            return String::new();
        }
        self.left -= 1;
        if let Some(known) = nearest(name, members.iter().map(|(known, _)| *known)) {
            return asked(known);
        }
        match self.elsewhere(name) {
            // In a list, and in what is unknown itself, many names are at home.
            Some(place) if !path.as_str().contains('[') => format!("; its place is {place}"),
            _ => String::new(),
        }
    }

    /// The place of a member with this name: at the top, or in one of the two objects that hold most of a config.
    fn elsewhere(&self, name: &str) -> Option<String> {
        let Shape::Object(top) = self.document else {
            return None;
        };
        if top.iter().any(|(known, _)| *known == name) {
            return Some(name.to_owned());
        }
        let objects = top.iter().filter(|(object, _)| ["process", "linux"].contains(object));
        let mut places = objects.filter_map(|(object, shape)| match shape {
            Shape::Object(members) if members.iter().any(|(known, _)| *known == name) => {
                Some(format!("{object}.{name}"))
            }
            _ => None,
        });
        places.next()
    }
}

/// Finds each unknown member: its path, its name, and the known ones beside it.
fn find(text: &str, shape: &'static Shape, mut tell: impl FnMut(JsonPath, &str, &'static Members)) {
    let mut scanner = Scanner::new(text);
    let mut containers: Vec<&'static Shape> = Vec::new();
    let mut next = shape;
    while let Some(event) = scanner.next(usize::MAX) {
        match event {
            Event::Key(token) => {
                next = match containers.last() {
                    Some(Shape::Object(members)) => {
                        let name = unquote(token);
                        match members.iter().find(|(known, _)| *known == name) {
                            Some((_, shape)) => shape,
                            None => {
                                tell(scanner.path(), &name, members);
                                &Shape::Leaf
                            }
                        }
                    }
                    Some(Shape::Map(shape)) => shape,
                    _ => &Shape::Leaf,
                };
            }
            Event::Object | Event::List => {
                containers.push(next);
                next = element(next);
            }
            Event::End => {
                containers.pop();
                next = containers.last().map_or(&Shape::Leaf, |shape| element(shape));
            }
            Event::Scalar(_) => {}
        }
    }
}

/// What the next value is if no name tells.
fn element(shape: &'static Shape) -> &'static Shape {
    match shape {
        Shape::List(element) => element,
        _ => &Shape::Leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::super::json::Json;
    use super::*;

    #[test]
    fn unknown_members_are_told_wherever_they_are_and_data_is_not() {
        let text = r#"{"ociVersion": "1.3.0", "rot": {"path": 1}, "root": {"path": "x", "read only": true},
            "annotations": {"any": "thing"}, "windows": {"all": [{"b": 1}]},
            "mounts": [{"destination": "/"}, {"destinaton": "/x", "options": ["a"]}],
            "linux": {"resources": {"rdma": {"mlx": {"hcaHandles": 1, "x": 1}}, "devices": [{"allow": true, "typ": "c"}]}}}"#;
        let mut problems = Problems::default();
        warn(text, Config::SHAPE, &mut problems);
        let paths: Vec<_> = problems
            .all()
            .iter()
            .map(|problem| problem.path.as_str().to_owned())
            .collect();
        assert_eq!(
            paths,
            [
                "rot",
                "root[\"read only\"]",
                "mounts[1].destinaton",
                "linux.resources.rdma.mlx.x",
                "linux.resources.devices[0].typ"
            ]
        );
    }

    #[test]
    fn what_an_unknown_member_was_meant_to_be_is_told_where_it_can_be_known() {
        for (text, told) in [
            (
                r#"{"process": {"enf": []}}"#,
                "process.enf: unknown member, ignored; did you mean `env`?",
            ),
            (
                r#"{"process": {"users": {}}}"#,
                "process.users: unknown member, ignored; did you mean `user`?",
            ),
            (
                r#"{"mount": []}"#,
                "mount: unknown member, ignored; did you mean `mounts`?",
            ),
            (
                r#"{"root": {"readOnly": true}}"#,
                "root.readOnly: unknown member, ignored; did you mean `readonly`?",
            ),
            (
                r#"{"mounts": [{"target": "/"}]}"#,
                "mounts[0].target: unknown member, ignored",
            ),
            (
                r#"{"args": []}"#,
                "args: unknown member, ignored; its place is process.args",
            ),
            (
                r#"{"linux": {"hostname": "x"}}"#,
                "linux.hostname: unknown member, ignored; its place is hostname",
            ),
            (
                r#"{"process": {"seccomp": {}}}"#,
                "process.seccomp: unknown member, ignored; its place is linux.seccomp",
            ),
            (
                r#"{"mounts": [{"user": {}}]}"#,
                "mounts[0].user: unknown member, ignored",
            ),
            (r#"{"x-note": 1}"#, "[\"x-note\"]: unknown member, ignored"),
        ] {
            let mut problems = Problems::default();
            warn(text, Config::SHAPE, &mut problems);
            let lines: Vec<_> = problems.all().iter().map(ToString::to_string).collect();
            assert_eq!(lines, [told]);
        }
    }

    #[test]
    fn many_unknown_members_cost_no_endless_search() {
        let members: Vec<String> = (0..1000)
            .map(|at| format!("\"processs{at}\": 1, \"proces\": {at}"))
            .collect();
        let mut problems = Problems::default();
        warn(&format!("{{{}}}", members.join(",")), Config::SHAPE, &mut problems);
        let hinted = problems
            .all()
            .iter()
            .filter(|problem| problem.text.contains("did you mean"));
        assert!(problems.all().len() == 2000 && hinted.count() <= 64);
    }

    /// The mutation tests and the comparison with oci-spec start from this file, so they see what it has.
    #[test]
    fn the_corpus_has_a_config_with_each_known_member() {
        let text = include_str!("../../tests/corpus/bundle-full.json");
        let mut problems = Problems::default();
        warn(text, Config::SHAPE, &mut problems);
        assert_eq!(problems.all(), []);
        let mut missing = Vec::new();
        absent(&serde_json::from_str(text).unwrap(), Config::SHAPE, "", &mut missing);
        // Neither could be accepted.
        assert_eq!(missing, [".linux.personality.flags[]", ".vm"]);
    }

    /// The members of the shape that no value at their place has.
    fn absent(value: &serde_json::Value, shape: &Shape, path: &str, missing: &mut Vec<String>) {
        let values: Vec<_> = match value {
            serde_json::Value::Array(elements) => elements.iter().collect(),
            serde_json::Value::Object(members) => members.values().collect(),
            _ => Vec::new(),
        };
        match shape {
            Shape::Leaf => {}
            Shape::List(inner) | Shape::Map(inner) => {
                let of_each = values.iter().map(|value| {
                    let mut missing = Vec::new();
                    absent(value, inner, &format!("{path}[]"), &mut missing);
                    missing
                });
                let in_all =
                    of_each.reduce(|left, right| left.into_iter().filter(|path| right.contains(path)).collect());
                missing.extend(in_all.unwrap_or_else(|| vec![format!("{path}[]")]));
            }
            Shape::Object(members) => {
                for (name, inner) in *members {
                    let path = format!("{path}.{name}");
                    match value.get(name) {
                        Some(value) => absent(value, inner, &path, missing),
                        None => missing.push(path),
                    }
                }
            }
        }
    }
}
