//! `try`: a container without an image. Its root is a new folder with this machine's own `/usr` bound into it,
//! read-only.

use super::create::Named;
use super::create::surroundings;
use super::passed::descriptors;
use super::run::{Manner, run_bundle};
use crate::call::Call;
use crate::command::{Command, Count, Verb};
use crate::flag::{Declared, flags};
use crate::global::Root;
use crate::matches::Given;
use crate::refusal::{Outcome, Refusal};
use crate::root;
use crate::shared_flags::Help;
use orlop::{Arguments, Console, Failure, Id, Io};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::io::{Error, ErrorKind, IsTerminal};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

/// The folder of the state root, for a user who has none.
const STATE: &str = "state";

/// What runs without a command.
const TOUR: &str = include_str!("tour.sh");

/// Folders that are links into `/usr` where `/usr` is merged, and folders of their own where it is not.
const LINKS: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Mount points and other folders.
const FOLDERS: [&str; 10] = ["dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var"];

/// Files of `/etc` that programs need and that differ by container.
const FILES: [(&str, &str); 5] = [
    (
        "passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    ),
    ("group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
    ("hostname", "orlop\n"),
    ("hosts", "127.0.0.1 localhost orlop\n::1 localhost\n"),
    ("profile", "PS1='orlop:$PWD# '\n"),
];

/// What else of `/etc` programs below `/usr` need, if the host has it.
const OF_HOST: [&str; 4] = ["alternatives", "ld.so.cache", "ld.so.conf", "terminfo"];

flags! {
    Keep: Text("keep", "make the bundle in this new folder and leave it there").folder();
}

#[derive(Debug)]
pub(crate) struct Try;

impl Verb for Try {
    const COMMAND: Command = Command {
        name: "try",
        summary: "run a command, or a short tour, in a container made of this machine's own /usr",
        arguments: "[command [arguments...]]",
        count: Count::Any,
        stops_at_arguments: true,
        flags: &[Keep::FLAG, Help::FLAG],
        description: "Makes a temporary bundle: a new root folder with the host's /usr bound into it, read-only.\nNo image and no network is needed. For an ordinary user the container gets a user namespace.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let kept = flags.path(Keep);
        let dir = match &kept {
            Some(dir) => new_folder(
                std::path::absolute(dir).map_err(|error| failed("find", dir, &error))?,
                0o755,
            )?,
            None => new_folder(
                std::env::temp_dir().join(format!("orlop-try-{}", std::process::id())),
                0o700,
            )?,
        };
        let outcome = fill(&dir, call.arguments).and_then(|()| {
            let runtime = call.runtime_in(own_root(call, &dir))?;
            let arguments = surroundings(call, &runtime, &Id::new(format!("try-{}", std::process::id()))?)?;
            let manner = Manner {
                io: io(&arguments)?,
                arguments,
                detach: false,
                keep: false,
                subreaper: true,
            };
            let named = Named {
                folder: dir.clone(),
                config: None,
            };
            run_bundle(call, &runtime, &named, manner)
        });
        // Empty by now; whatever is left of a container is not to be lost.
        let _ = fs::remove_dir(dir.join(STATE));
        if kept.is_none() {
            remove(&dir)?;
        }
        outcome
    }
}

/// The state root, where the user has none: in the bundle's own folder, for so long.
fn own_root(call: &Call<'_>, dir: &Path) -> Option<PathBuf> {
    let has_root = call.global.path(Root).is_some() || root::is_own();
    (!has_root).then(|| dir.join(STATE))
}

fn io(arguments: &Arguments) -> Result<Io, Refusal> {
    let mut io = Io::default();
    io.console = Console::Return;
    io.passed = descriptors(arguments)?;
    Ok(io)
}

fn new_folder(path: PathBuf, mode: u32) -> Result<PathBuf, Refusal> {
    match fs::DirBuilder::new().mode(mode).create(&path) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::io(format!("make {path:?}"), &error)
            .hint("--keep names a new folder")
            .into()),
        Err(error) => Err(failed("make", &path, &error)),
    }
}

fn failed(verb: &str, path: &Path, error: &Error) -> Refusal {
    Failure::io(format!("{verb} {path:?}"), error).into()
}

/// Removes the bundle, no folder of it by looking into more than was made here: were the host's `/usr` still mounted
/// in it, its files would not be touched.
fn remove(dir: &Path) -> Result<(), Refusal> {
    let rootfs = dir.join("rootfs");
    for folder in [&rootfs.join("etc"), &rootfs, dir] {
        remove_shallow(folder).map_err(|error| failed("remove", folder, &error))?;
    }
    Ok(())
}

fn remove_shallow(folder: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// Makes the rootfs and the config.json.
fn fill(dir: &Path, command: &[OsString]) -> Result<(), Refusal> {
    let mut config: Value = serde_json::from_str(&orlop::template(rootless())).map_err(|error| error.to_string())?;
    let rootfs = new_folder(dir.join("rootfs"), 0o755)?;
    let mut binds = vec![bind("/usr")];
    for name in FOLDERS {
        new_folder(rootfs.join(name), 0o755)?;
    }
    for name in LINKS {
        let on_host = Path::new("/").join(name);
        if let Ok(target) = fs::read_link(&on_host) {
            let link = rootfs.join(name);
            symlink(target, &link).map_err(|error| failed("make", &link, &error))?;
        } else if on_host.is_dir() {
            new_folder(rootfs.join(name), 0o755)?;
            binds.push(bind(&format!("/{name}")));
        }
    }
    for (name, text) in FILES {
        let file = rootfs.join("etc").join(name);
        fs::write(&file, text).map_err(|error| failed("write", &file, &error))?;
    }
    for name in OF_HOST {
        let path = format!("/etc/{name}");
        if let Ok(found) = fs::metadata(&path) {
            let point = rootfs.join("etc").join(name);
            let made = if found.is_dir() {
                fs::create_dir(&point)
            } else {
                fs::write(&point, "")
            };
            made.map_err(|error| failed("make", &point, &error))?;
            binds.push(bind(&path));
        }
    }
    config["process"]["args"] = args(command)?;
    config["process"]["terminal"] = (std::io::stdin().is_terminal() && std::io::stdout().is_terminal()).into();
    for variable in ["TERM", "LANG", "COLORTERM"] {
        if let (Ok(value), Some(env)) = (std::env::var(variable), config["process"]["env"].as_array_mut()) {
            env.push(format!("{variable}={value}").into());
        }
    }
    if let Some(mounts) = config["mounts"].as_array_mut() {
        mounts.extend(binds);
        mounts.extend(["/tmp", "/root"].map(scratch));
    }
    if rootless().is_some() {
        own_network(&mut config);
    }
    let text = serde_json::to_string_pretty(&config).map_err(|error| error.to_string())?;
    let file = dir.join("config.json");
    fs::write(&file, text + "\n").map_err(|error| failed("write", &file, &error))
}

/// A network of the container's own, which a rootless template leaves out, as nobody connects it. The /sys that shows
/// it is one of its own, too.
fn own_network(config: &mut Value) {
    if let Some(namespaces) = config["linux"]["namespaces"].as_array_mut() {
        namespaces.push(json!({"type": "network"}));
    }
    let mounts = config["mounts"].as_array_mut().into_iter().flatten();
    for mount in mounts.filter(|mount| mount["destination"] == "/sys") {
        *mount = json!({"destination": "/sys", "type": "sysfs", "source": "sysfs",
            "options": ["nosuid", "noexec", "nodev", "ro"]});
    }
}

/// An ordinary user's ids: its container gets a user namespace, in which they are root.
fn rootless() -> Option<(u32, u32)> {
    let uid = rustix::process::geteuid();
    (!uid.is_root()).then(|| (uid.as_raw(), rustix::process::getegid().as_raw()))
}

fn args(command: &[OsString]) -> Result<Value, Refusal> {
    if command.is_empty() {
        return Ok(json!(["/bin/sh", "-c", TOUR]));
    }
    let words: Option<Vec<&str>> = command.iter().map(|word| word.to_str()).collect();
    words
        .map(Value::from)
        .ok_or_else(|| "the command is no valid UTF-8, which config.json needs".into())
}

fn bind(path: &str) -> Value {
    json!({"destination": path, "type": "bind", "source": path, "options": ["rbind", "ro", "nosuid", "nodev"]})
}

fn scratch(path: &str) -> Value {
    json!({"destination": path, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777", "size=64m"]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_one_that_the_library_takes() {
        let dir = std::env::temp_dir().join(format!("orlop-tour-test-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fill(&dir, &["ls".into(), "-l".into()]).unwrap();
        let bundle = orlop::Bundle::load(&dir);
        let passwd = fs::read_to_string(dir.join("rootfs/etc/passwd"));
        remove(&dir).unwrap();
        assert!(!dir.exists());
        assert!(bundle.unwrap().warnings().is_empty());
        assert!(passwd.unwrap().starts_with("root:"));
    }
}
