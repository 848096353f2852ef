//! Words of an option list that are for whoever reads `/etc/fstab`: mount(8), its helpers, systemd, desktops (`man 8
//! mount`, `man 5 systemd.mount`). People copy them. They are no flags of the kernel's and mean nothing to a runtime.

/// What a word asks of others, for the words that are not for the kernel or its filesystems.
pub(super) fn meaning(word: &str, is_bind: bool) -> Option<&'static str> {
    const ALL_AT_ONCE: &str = "says whether `mount -a` mounts it; here it is mounted in any case";
    const FAILURES: &str = "lets mount(8) go on without it; here a mount that fails is an error";
    const NETWORK: &str = "has the network waited for at boot; nothing waits here";
    const USERS: &str =
        "says who may mount it by mount(8), which implies nosuid, nodev and noexec there; here it sets nothing";
    const NOBODY_ELSE: &str = "says who may mount it by mount(8); here it sets nothing";
    const LOOP: &str = "has mount(8) make a loop device; none is made here";
    const HELPERS: &str = "names a program for mount(8) and umount(8); none is called here";
    const COMMENT: &str = "is a note for the readers of fstab; here it sets nothing";
    if word.starts_with("x-") || word.starts_with("X-") {
        return Some(COMMENT);
    }
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    match (name, value) {
        ("auto" | "noauto", None) => Some(ALL_AT_ONCE),
        ("nofail", None) => Some(FAILURES),
        ("_netdev", None) => Some(NETWORK),
        ("user" | "users" | "owner" | "group", None) => Some(USERS),
        // Some network filesystems have a parameter of this name.
        ("user", Some(_)) if is_bind => Some(USERS),
        ("nouser" | "nousers" | "noowner" | "nogroup", None) => Some(NOBODY_ELSE),
        ("loop", _) | ("offset" | "sizelimit" | "encryption", Some(_)) => Some(LOOP),
        ("helper" | "uhelper", Some(_)) => Some(HELPERS),
        ("comment", Some(_)) => Some(COMMENT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_filesystems_stay_theirs() {
        for word in [
            "size=64k",
            "user=guest",
            "group=5",
            "user_id=0",
            "group_id=0",
            "comment",
            "auto_da_alloc",
            "owner=1",
            "nofail=1",
            "x",
            "loops",
        ] {
            assert_eq!(meaning(word, false), None, "{word}");
        }
        assert!(meaning("user=guest", true).is_some());
    }
}
