//! Names of users.

use std::fs;

/// Names of users, read from `/etc/passwd` once: a static program must not ask the C library's name services.
#[derive(Debug)]
pub(crate) struct Users {
    passwd: String,
}

impl Users {
    pub(crate) fn read() -> Self {
        let bytes = fs::read("/etc/passwd").unwrap_or_default();
        Self {
            passwd: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The user's name, or `#uid`.
    pub(crate) fn name(&self, uid: u32) -> String {
        self.passwd
            .lines()
            .find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
            })
            .unwrap_or_else(|| format!("#{uid}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_name_or_a_number() {
        let users = Users {
            passwd: "root:x:0:0::/root:/bin/sh\nbroken\nada:x:1000:1000::/:/bin/sh\n".to_owned(),
        };
        assert_eq!(users.name(0), "root");
        assert_eq!(users.name(1000), "ada");
        assert_eq!(users.name(4), "#4");
    }
}
