//! The version, in the lines that engines parse.

/// `orlop version X.Y.Z`, `commit: ...`, `spec: X.Y.Z`.
pub(crate) fn text(program: &str) -> String {
    let name = if crate::misuse::is_runc(program) {
        "runc"
    } else {
        "orlop"
    };
    let commit = option_env!("ORLOP_COMMIT").unwrap_or("unknown");
    format!(
        "{name} version {}\ncommit: {commit}\nspec: {}\n",
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
