//! The version, in the lines that engines parse.

/// Which commit the program is built from.
pub(crate) const COMMIT: &str = match option_env!("ORLOP_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// `orlop version X.Y.Z`, `commit: ...`, `spec: X.Y.Z`.
pub(crate) fn text(program: &str) -> String {
    let name = if crate::misuse::is_runc(program) {
        "runc"
    } else {
        "orlop"
    };
    format!(
        "{name} version {}\ncommit: {COMMIT}\nspec: {}\n",
        env!("CARGO_PKG_VERSION"),
        orlop::SPEC_VERSION
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_what_engines_parse() {
        assert!(text("orlop").starts_with("orlop version 0."));
        assert!(text("runc").starts_with("runc version 0."));
        assert!(
            text("/x")
                .lines()
                .nth(2)
                .is_some_and(|line| line.starts_with("spec: 1.3."))
        );
    }
}
