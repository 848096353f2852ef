//! Times as Go writes them, which is how runc takes them.

use std::time::Duration;

/// Nanoseconds of each unit.
const UNITS: [(&str, f64); 7] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// `1m30s`, `500ms`, `1.5h`; no time at all for a negative one. `None` for what is no time, and for what is too long for
/// Go.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (text, is_negative) = match text.split_at_checked(1) {
        Some(("-", rest)) => (rest, true),
        Some(("+", rest)) => (rest, false),
        _ => (text, false),
    };
    let length = length(text)?;
    Some(if is_negative { Duration::ZERO } else { length })
}

/// A time without a sign.
fn length(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (name, after) = after.split_at(unit);
        let (_, nanoseconds) = UNITS.iter().find(|(unit, _)| *unit == name)?;
        total += number.parse::<f64>().ok()? * nanoseconds;
        rest = after;
    }
    // Go counts nanoseconds in 63 bits.
    (total < 9.223_372_036_854_775e18)
        .then_some(total / 1e9)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn times_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("5s", 5000),
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("0", 0),
            ("0s", 0),
            ("2000us", 2),
            (".5s", 500),
            ("+5s", 5000),
            ("-5s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "--5s",
            "+",
            "99999999999999h",
            "5 s",
            "5d",
            "1.2.3s",
            "5sx",
            "99999999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
