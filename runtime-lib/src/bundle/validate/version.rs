//! `ociVersion` (runtime-spec: config.md#specification-version).

use super::super::quote::Quoted;
use crate::problem::Problems;

pub(super) fn version(version: &str, problems: &mut Problems) {
    match major(version) {
        Some(1) => {}
        Some(_) => problems.error(
            "ociVersion",
            format!("version {} is not supported, only 1.x is", Quoted(version)),
        ),
        None => problems.error(
            "ociVersion",
            format!("{} is not a version such as 1.3.0", Quoted(version)),
        ),
    }
}

/// The first number, if the text is a version (semver.org, 2.0.0).
fn major(version: &str) -> Option<u64> {
    let (version, build) = version.split_once('+').unwrap_or((version, "0"));
    let (core, pre) = version.split_once('-').unwrap_or((version, "0"));
    let mut numbers = core.split('.');
    let major = number(numbers.next()?)?;
    number(numbers.next()?)?;
    number(numbers.next()?)?;
    let named = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let numbered = |part: &str| !part.bytes().all(|byte| byte.is_ascii_digit()) || number(part).is_some();
    let whole = numbers.next().is_none()
        && build.split('.').all(named)
        && pre.split('.').all(|part| named(part) && numbered(part));
    whole.then_some(major)
}

fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_first_major_pass() {
        for good in [
            "1.0.0",
            "1.0.2-dev",
            "1.3.0",
            "1.2.1",
            "1.9.0",
            "1.0.0-rc1.2+build.7",
            "1.0.0+001",
        ] {
            assert_eq!(major(good), Some(1), "{good}");
        }
        assert_eq!((major("2.0.0"), major("0.9.9")), (Some(2), Some(0)));
        for bad in [
            "", "banana", "1", "1.0", "1.0.0.0", "1.0.x", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "+1.0.0", "v1.0.0",
            " 1.0.0", "-1.0.0",
        ] {
            assert_eq!(major(bad), None, "{bad}");
        }
    }
}
