//! Bundles whose root is not the host's, and calls by an ordinary user.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::call::{Call, Done, text_on_stdin};
use crate::failure::Failure;
use crate::trial::Trial;

/// The first id on the host of a mapped container.
pub(crate) const FIRST: u32 = 100_000;

/// The ordinary user.
pub(crate) const USER: u32 = 1000;

/// Gives a file, and a folder with all that is in it, to a user and its group.
pub(crate) fn give(path: &Path, id: u32) -> std::io::Result<()> {
    chown(path, Some(id), Some(id))?;
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?.path();
            if !entry.is_symlink() {
                give(&entry, id)?;
            }
        }
    }
    Ok(())
}

/// Lets others pass through the folders above the bundle.
fn open_way(t: &Trial<'_>, bundle: &Bundle) -> std::io::Result<()> {
    for folder in bundle
        .rootfs()
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(&t.dir))
    {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    let above = t.dir.parent().unwrap_or(&t.dir);
    std::fs::set_permissions(above, std::fs::Permissions::from_mode(0o755))
}

/// A bundle with a user namespace whose root is [`FIRST`] on the host, to whom its rootfs belongs.
pub(crate) fn mapped(t: &Trial<'_>) -> Result<Bundle, Failure> {
    let bundle = t.bundle()?;
    give(&bundle.rootfs(), FIRST)?;
    open_way(t, &bundle)?;
    let map = json!([{"containerID": 0, "hostID": FIRST, "size": 65536}]);
    Ok(bundle.new_namespace("user").id_maps(map))
}

/// A bundle that belongs to an ordinary user, who is root inside.
pub(crate) fn rootless(t: &Trial<'_>) -> Result<Bundle, Failure> {
    rootless_of(t, USER)
}

/// The same, of another user than the usual one.
pub(crate) fn rootless_of(t: &Trial<'_>, user: u32) -> Result<Bundle, Failure> {
    let bundle = t.bundle()?;
    let own = json!([{"containerID": 0, "hostID": user, "size": 1}]);
    give(&bundle.rootfs(), user)?;
    open_way(t, &bundle)?;
    let mut bundle = bundle
        .without_mount("/sys")
        .set("/linux/cgroupsPath", Value::Null)
        .set("/linux/resources", Value::Null);
    for mount in ["/dev/pts", "/sys/fs/cgroup"] {
        bundle = bundle.without_mount(mount);
    }
    Ok(bundle.new_namespace("user").id_maps(own))
}

/// The same call by the ordinary user, with a state folder of its own.
pub(crate) fn as_user<'t>(t: &'t Trial<'_>, call: Call<'t>) -> Result<Call<'t>, Failure> {
    by(t, call, USER)
}

/// The same call by another user than the usual one.
pub(crate) fn by<'t>(t: &'t Trial<'_>, call: Call<'t>, user: u32) -> Result<Call<'t>, Failure> {
    let root = t.dir.join("rootless");
    std::fs::create_dir_all(&root)?;
    chown(&root, Some(user), Some(user))?;
    Ok(call
        .root(&root.to_string_lossy())
        .variable("XDG_RUNTIME_DIR", &root.to_string_lossy())
        .script(&format!(
            "exec setpriv --reuid {user} --regid {user} --clear-groups \"$0\" \"$@\""
        )))
}

/// `run` of a bundle with a user namespace, with a pipe as its stdin: crun gives the host's `/dev/null` to the
/// container's user.
pub(crate) fn run_with_pipe(t: &Trial<'_>, bundle: &Bundle) -> Result<Done, Failure> {
    let stdin = text_on_stdin("")?;
    t.with_bundle(&["run"], bundle)?.stdin(stdin).finish()
}
