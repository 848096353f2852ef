//! A config to start from.

const ROOT: &str = include_str!("template/root.json");
const ROOTLESS: &str = include_str!("template/rootless.json");

/// The text of a `config.json` that runs `sh` on the terminal, in namespaces of its own, with a read-only root and few
/// rights.
///
/// With `rootless` it is for the ordinary user of this uid and gid, who becomes root in a user namespace. It is close
/// to what `runc spec` writes. Masked are also `/proc/interrupts` and `/sys/devices/virtual/powercap`, through which a
/// container can listen to the machine's other work. Its `ociVersion` is 1.1.0, since it needs nothing newer and older
/// runtimes refuse newer ones.
pub fn template(rootless: Option<(u32, u32)>) -> String {
    match rootless {
        None => ROOT.to_owned(),
        Some((uid, gid)) => ROOTLESS
            .replace("\"HOST_UID\"", &uid.to_string())
            .replace("\"HOST_GID\"", &gid.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::template;
    use crate::bundle::{Bundle, NamespaceType};

    #[test]
    fn the_template_has_nothing_to_warn_about() {
        let bundle = Bundle::parse("/b", &template(None)).unwrap();
        assert!(bundle.warnings().is_empty());
        assert!(bundle.config().linux.namespace(NamespaceType::Cgroup).is_some());
    }

    #[test]
    fn the_rootless_template_maps_the_user() {
        let bundle = Bundle::parse("/b", &template(Some((1000, 100)))).unwrap();
        assert!(bundle.warnings().is_empty());
        let linux = &bundle.config().linux;
        assert!(linux.namespace(NamespaceType::User).is_some());
        assert!(linux.namespace(NamespaceType::Network).is_none());
        assert!(template(Some((1000, 100))).contains("\"hostID\": 1000,"));
        assert!(template(Some((1000, 100))).contains("\"hostID\": 100,"));
    }
}
