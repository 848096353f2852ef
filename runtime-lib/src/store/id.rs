//! Container ids.

use crate::Error;

/// A folder's name can have 255 bytes, and a few are for names beside it.
const LONGEST: usize = 240;

/// Whether `id` can name a container: runc's letters (word characters and `+-.`), and nothing that a path gives a meaning to.
pub(super) fn check(id: &str) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::InvalidId(why.to_owned()));
    if id.is_empty() {
        return refuse("container id cannot be empty");
    }
    if id.len() > LONGEST {
        return refuse(&format!("it has {} bytes, and an id has at most {LONGEST}", id.len()));
    }
    if !id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte))
    {
        return refuse(&format!(
            "{id:?} has other characters than letters, digits, and \"_+-.\""
        ));
    }
    if id == "." || id == ".." {
        return refuse(&format!("{id:?} is a directory's name for itself or for the one above"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_id_is_a_plain_name() {
        for good in ["a", "0f3c", "my.box+1-x_y", "...", &"x".repeat(240)] {
            check(good).unwrap();
        }
        for bad in ["", ".", "..", "a/b", "/", "a b", "é", "a\nb", &"x".repeat(241)] {
            assert!(
                check(bad)
                    .unwrap_err()
                    .to_string()
                    .starts_with("invalid container ID format"),
                "{bad}"
            );
        }
    }
}
