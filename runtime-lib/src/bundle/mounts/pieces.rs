//! Several options in one string, with commas between them, as `man 8 mount` has them.

use std::borrow::Cow;

/// The options in `option`. A comma behind a backslash, or between double quotes, belongs to the option itself, and
/// so do those of a list of nodes (`mpol=bind:0,2`; Linux: `Documentation/filesystems/tmpfs.rst`).
pub(super) fn pieces(option: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let (mut is_escaped, mut is_quoted) = (false, false);
    let has_nodes = option.starts_with("mpol=") || option.contains(",mpol=");
    let mut at = 0;
    let pieces = option.split(move |letter: char| {
        at += letter.len_utf8();
        let is_in_nodes = has_nodes && letter == ',' && continues_nodes(option, at);
        let was_escaped = std::mem::take(&mut is_escaped);
        match letter {
            '\\' => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        letter == ',' && !was_escaped && !is_quoted && !is_in_nodes
    });
    pieces.map(unquoted)
}

/// Whether what follows a comma, from `at` on, is more of a list of nodes.
fn continues_nodes(option: &str, at: usize) -> bool {
    let (before, after) = option.split_at_checked(at).unwrap_or((option, ""));
    let last = before
        .rsplit(',')
        .find(|piece| !piece.starts_with(|letter: char| letter.is_ascii_digit()) && !piece.is_empty());
    after.starts_with(|letter: char| letter.is_ascii_digit()) && last.is_some_and(|piece| piece.starts_with("mpol="))
}

/// A label without the quotes around it, which keep its commas: the mount API, other than the old call, does not take
/// them away.
fn unquoted(piece: &str) -> Cow<'_, str> {
    if let Some((key @ ("context" | "fscontext" | "defcontext" | "rootcontext"), value)) = piece.split_once('=')
        && let Some(value) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'))
    {
        return Cow::Owned(format!("{key}={value}"));
    }
    Cow::Borrowed(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(option: &str) -> Vec<Cow<'_, str>> {
        pieces(option).collect()
    }

    #[test]
    fn commas_stand_between_options() {
        assert_eq!(split("size=64k,mode=700"), ["size=64k", "mode=700"]);
        assert_eq!(split("ro"), ["ro"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split("a,,b,"), ["a", "", "b", ""]);
    }

    #[test]
    fn a_comma_can_belong_to_an_option() {
        assert_eq!(split(r"lowerdir=/a\,b,upperdir=/c"), [r"lowerdir=/a\,b", "upperdir=/c"]);
        assert_eq!(split(r"lowerdir=/a\\,ro"), [r"lowerdir=/a\\", "ro"]);
        assert_eq!(
            split("size=1k,mpol=bind:0,2-3,7,mode=700"),
            ["size=1k", "mpol=bind:0,2-3,7", "mode=700"]
        );
        assert_eq!(split("a=1,2"), ["a=1", "2"]);
        assert_eq!(
            split(r#"context="u:r:t:s0:c1,c2",size=1k"#),
            ["context=u:r:t:s0:c1,c2", "size=1k"]
        );
    }
}
