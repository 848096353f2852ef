//! Reads numbers and structures out of the image's source.

#![allow(unreachable_pub, reason = "a module of a test")]

use std::fmt::Write as _;
use std::path::Path;

/// The text of a file of the image.
pub fn image(file: &str) -> String {
    text(&format!("image/{file}"))
}

/// The words that both halves share: each module of `linux.rs`, by its name.
pub fn modules() -> Vec<(String, String)> {
    let text = text("linux.rs");
    let modules = text.split("pub mod ").skip(1);
    modules
        .map(|module| module.split_once(" {\n").unwrap())
        .map(|(name, body)| (name.to_owned(), body.to_owned()))
        .collect()
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The files of the image, but for those that are one machine's.
pub fn image_files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/image").join(&folder);
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                folders.push(format!("{name}/"));
            } else if name.ends_with(".rs") && !matches!(name.as_str(), "sys/x86_64.rs" | "sys/aarch64.rs") {
                found.push(name);
            }
        }
    }
    found
}

/// All constants that are numbers, but for `others`: name and value, in the order of the file.
pub fn constants(source: &str, others: &[&str]) -> Vec<(String, i128)> {
    let mut found = Vec::new();
    for line in source.lines() {
        let line = line.trim();
        let line = without_visibility(line);
        let Some(declaration) = line.strip_prefix("const ").filter(|rest| !rest.starts_with('_')) else {
            continue;
        };
        let Some((name, rest)) = declaration.split_once(": ") else {
            continue;
        };
        let Some((kind, value)) = rest.split_once(" = ").filter(|_| !others.contains(&name)) else {
            continue;
        };
        if !matches!(
            kind,
            "u16" | "u32" | "u64" | "usize" | "i16" | "i32" | "Self" | "Operation"
        ) {
            continue;
        }
        let value = value
            .strip_suffix(';')
            .unwrap_or_else(|| panic!("{line}: not one line"));
        let value = value
            .strip_prefix(kind)
            .and_then(|value| value.strip_prefix('(')?.strip_suffix(')'))
            .unwrap_or(value);
        let value = number(value).unwrap_or_else(|| panic!("{line}: no number"));
        // The image's `Errno::NOENT` is C's ENOENT; the other constants of a type of their own are descriptors, and
        // negative.
        let errno = if kind == "Self" && value > 0 { "E" } else { "" };
        found.push((format!("{errno}{name}"), value));
    }
    found
}

fn without_visibility(line: &str) -> &str {
    ["pub(crate) ", "pub(super) ", "pub "]
        .iter()
        .find_map(|visibility| line.strip_prefix(visibility))
        .unwrap_or(line)
}

/// The number that stands behind `before`.
pub fn number_behind(source: &str, before: &str) -> i128 {
    let (_, rest) = source
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in the source"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

fn number(text: &str) -> Option<i128> {
    if let Some((left, right)) = text.split_once(" | ") {
        return Some(number(left)? | number(right)?);
    }
    if let Some((left, right)) = text.split_once(" << ") {
        return Some(number(left)? << number(right)?);
    }
    let text = text.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return i128::from_str_radix(digits, radix).ok();
        }
    }
    text.parse().ok()
}

/// A `repr(C)` structure: the name, offset and size of each field, and the size of the whole.
pub struct Layout {
    pub fields: Vec<(String, usize, usize)>,
    pub size: usize,
}

impl Layout {
    /// Of the structure `name`, by the rules of C.
    pub fn of(source: &str, name: &str) -> Self {
        let body = source
            .split("#[repr(C)]\n")
            .find_map(|part| {
                let (head, body) = part
                    .split_once(&format!("struct {name} {{\n"))
                    .or_else(|| part.split_once(&format!("struct {name}<'a> {{\n")))?;
                (!head.contains("\n\n")).then_some(body)
            })
            .unwrap_or_else(|| panic!("no repr(C) structure {name}"));
        let mut fields = Vec::new();
        let (mut end, mut widest) = (0usize, 1);
        for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
            if line.starts_with("///") || line.contains(": PhantomData<") {
                continue;
            }
            let line = line.trim_end_matches(',');
            let (field, kind) = without_visibility(line).split_once(": ").unwrap();
            let (unit, count) = match kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
                Some(array) => array.split_once("; ").unwrap(),
                None => (kind, "1"),
            };
            let width = match unit {
                "u8" => 1,
                "u16" | "i16" => 2,
                "u32" | "i32" => 4,
                "u64" | "usize" => 8,
                pointer if pointer.starts_with(['*', '&']) || pointer.contains("fn(") => 8,
                pointer if pointer.starts_with("Option<&") => 8,
                other => panic!("{line}: {other} is not known here"),
            };
            let offset = end.next_multiple_of(width);
            let size = width * count.parse::<usize>().unwrap();
            fields.push((field.to_owned(), offset, size));
            end = offset + size;
            widest = widest.max(width);
        }
        Self {
            fields,
            size: end.next_multiple_of(widest),
        }
    }

    /// C that asserts that the fields of `structure` stand where ours do. `pairs` are our names and C's; every field
    /// that is not private to us must be among them.
    pub fn assertions(&self, structure: &str, pairs: &[(&str, &str)]) -> String {
        let mut text = format!(
            "_Static_assert(sizeof({structure}) == {}, \"size of {structure}\");\n",
            self.size
        );
        for (ours, theirs) in pairs {
            let (_, offset, size) = self
                .fields
                .iter()
                .find(|(name, ..)| name == ours)
                .unwrap_or_else(|| panic!("no field {ours}"));
            let _ = writeln!(
                text,
                "_Static_assert(offsetof({structure}, {theirs}) == {offset}, \"{structure} {theirs}\");"
            );
            let _ = writeln!(
                text,
                "_Static_assert(sizeof((({structure} *)0)->{theirs}) == {size}, \"{structure} {theirs}\");"
            );
        }
        text
    }
}
