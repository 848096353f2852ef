use crate::plan;
use orlop::Bundle;
use serde_json::json;

/// Lines of text: the type of a mount (or none), its place, and its options. Each option is told of in the plan, in a
/// warning, or as the reason why there is no plan.
pub fn mount_options(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let kind = lines.next().unwrap_or_default();
    let destination = lines.next().unwrap_or_default();
    let options: Vec<&str> = lines.collect();
    let mut mount = json!({"destination": destination, "source": "/srv", "options": options});
    if !kind.is_empty() {
        mount["type"] = json!(kind);
    }
    let config = json!({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
        "mounts": [mount],
        "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}
    });
    let config = config.to_string();
    crate::bundle(config.as_bytes());
    if let Ok(bundle) = Bundle::parse("/bundle", &config) {
        plan::compile(&bundle);
    }
}
