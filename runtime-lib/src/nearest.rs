//! The known word that a mistyped one was meant to be.

/// Words of fewer letters are alike by chance.
const SHORTEST: usize = 3;

/// The known word that `word` was probably meant to be: the same but for capitals and dashes, its beginning or end, an
/// abbreviation of it, or one with few letters wrong. `None` if no word is near, or two are as near.
///
/// For messages only. The time grows with the product of the lengths, so words of more than 64 bytes have no
/// neighbour.
///
/// ```
/// let verbs = ["create", "delete", "start", "state"];
/// assert_eq!(orlop::nearest("delet", verbs), Some("delete"));
/// assert_eq!(orlop::nearest("sta", verbs), None);
/// ```
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let typed = plain(word);
    let known: Vec<(&str, Vec<char>)> = known
        .into_iter()
        .filter(|known| *known != word)
        .map(|known| (known, plain(known)))
        .collect();
    let only = |is_meant: &dyn Fn(&[char]) -> bool| {
        let mut meant = known.iter().filter(|(_, letters)| is_meant(letters));
        meant.next().filter(|_| meant.next().is_none()).map(|(known, _)| *known)
    };
    if typed.is_empty() {
        return None;
    }
    only(&|letters| *letters == typed[..])
        .or_else(|| only(&|letters| typed.len() >= 2 && letters.starts_with(&typed)))
        .or_else(|| closest(&typed, &known))
        .or_else(|| only(&|letters| typed.len() >= SHORTEST && letters.ends_with(&typed)))
        .or_else(|| longest_beginning(&typed, &known))
        .or_else(|| only(&|letters| abbreviates(&typed, letters) || abbreviates(letters, &typed)))
}

/// What stands behind a message about a word that is not known: a question, if there is a word to ask for.
pub(crate) fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(asked).unwrap_or_default()
}

/// The question.
pub(crate) fn asked(known: &str) -> String {
    format!("; did you mean `{known}`?")
}

/// Letters and digits, small.
fn plain(word: &str) -> Vec<char> {
    let letters = word.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The longest word that the typed one begins with.
fn longest_beginning<'a>(typed: &[char], known: &[(&'a str, Vec<char>)]) -> Option<&'a str> {
    let is_beginning = |letters: &[char]| letters.len() >= SHORTEST && typed.starts_with(letters);
    let beginnings = known.iter().filter(|(_, letters)| is_beginning(letters));
    beginnings
        .max_by_key(|(_, letters)| letters.len())
        .map(|(word, _)| *word)
}

/// The word with the fewest letters wrong, if they are few for its length.
fn closest<'a>(typed: &[char], known: &[(&'a str, Vec<char>)]) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    let mut is_alone = true;
    for (word, letters) in known {
        let shorter = typed.len().min(letters.len());
        let few = (shorter / 3).min(3);
        if shorter < SHORTEST || typed.len().abs_diff(letters.len()) > few {
            continue;
        }
        let wrong = distance(typed, letters);
        if wrong > few {
            continue;
        }
        // Few people mistype the first letter.
        let weight = 2 * wrong + usize::from(typed.first() != letters.first());
        match best {
            Some((least, _)) if weight > least => {}
            Some((least, _)) if weight == least => is_alone = false,
            _ => (best, is_alone) = (Some((weight, *word)), true),
        }
    }
    best.filter(|_| is_alone).map(|(_, word)| word)
}

/// Whether these are letters of the word in their order, the first one its first.
fn abbreviates(short: &[char], word: &[char]) -> bool {
    let mut rest = word.iter();
    (SHORTEST..=4).contains(&short.len())
        && short.len() < word.len()
        && short.first() == word.first()
        && short.iter().all(|letter| rest.any(|other| other == letter))
}

/// How many letters are missing, too many, wrong, or in the place of their neighbours.
fn distance(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut rows = vec![0; (one.len() + 1) * width];
    for row in 0..=one.len() {
        for column in 0..width {
            let at = row * width + column;
            rows[at] = match (row, column) {
                (0, many) | (many, 0) => many,
                _ => {
                    let is_same = one[row - 1] == other[column - 1];
                    let changed = rows[at - width - 1] + usize::from(!is_same);
                    let mut least = changed.min(rows[at - 1] + 1).min(rows[at - width] + 1);
                    let swapped = row > 1 && column > 1 && one[row - 1] == other[column - 2];
                    if swapped && one[row - 2] == other[column - 1] {
                        least = least.min(rows[at - 2 * width - 2] + 1);
                    }
                    least
                }
            };
        }
    }
    rows.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [&str; 9] = [
        "create", "delete", "exec", "explain", "kill", "list", "run", "start", "state",
    ];
    const MEMBERS: [&str; 9] = [
        "args",
        "capabilities",
        "cwd",
        "env",
        "noNewPrivileges",
        "oomScoreAdj",
        "rlimits",
        "terminal",
        "user",
    ];

    #[test]
    fn a_word_with_few_letters_wrong_has_its_neighbour() {
        for (typed, meant) in [
            ("delet", "delete"),
            ("dlete", "delete"),
            ("creaet", "create"),
            ("KILL", "kill"),
            ("lst", "list"),
            ("stat", "state"),
            ("expalin", "explain"),
            ("rnu", "run"),
            ("tsart", "start"),
        ] {
            assert_eq!(nearest(typed, VERBS), Some(meant), "{typed}");
        }
        for (typed, meant) in [
            ("enf", "env"),
            ("users", "user"),
            ("environment", "env"),
            ("arguments", "args"),
            ("no_new_privileges", "noNewPrivileges"),
            ("capability", "capabilities"),
            ("caps", "capabilities"),
            ("Terminal", "terminal"),
            ("rlimit", "rlimits"),
        ] {
            assert_eq!(nearest(typed, MEMBERS), Some(meant), "{typed}");
        }
        assert_eq!(nearest("mnt", ["mount", "network", "pid"]), Some("mount"));
        assert_eq!(
            nearest("nofile", ["RLIMIT_NOFILE", "RLIMIT_NPROC"]),
            Some("RLIMIT_NOFILE")
        );
    }

    #[test]
    fn a_word_like_none_or_like_two_has_none() {
        for typed in ["", "-", "frobnicate", "sta", "ex", "x", "e", &"e".repeat(1 << 20)] {
            assert_eq!(nearest(typed, VERBS), None, "{typed:.10}");
        }
        assert_eq!(nearest("ab", ["ac", "cb"]), None);
        assert_eq!(nearest("run", ["run"]), None, "a known word has no need of one");
    }
}
