//! Bundles for the tests, made in one line.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::host::devices_of_v1;

/// The folders that every generated rootfs has.
const FOLDERS: [&str; 7] = ["proc", "sys", "dev", "tmp", "etc", "run", "data"];

/// A bundle: a config and a rootfs, on disk after [`Bundle::save`].
#[derive(Debug)]
pub(crate) struct Bundle {
    /// The container's id, unique on this machine.
    pub(crate) id: String,
    /// The bundle's folder.
    pub(crate) dir: PathBuf,
    /// What `config.json` will hold.
    pub(crate) config: Value,
}

impl Bundle {
    /// A bundle with the default config and a rootfs that holds the probe.
    ///
    /// # Errors
    /// Whatever the host's filesystem says.
    pub(crate) fn new(id: &str, dir: &Path, probe: &Path, cgroup: &str) -> io::Result<Self> {
        let rootfs = dir.join("rootfs");
        fs::create_dir_all(&rootfs)?;
        for folder in FOLDERS {
            fs::create_dir(rootfs.join(folder))?;
        }
        fs::set_permissions(rootfs.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        fs::hard_link(probe, rootfs.join("probe")).or_else(|_| fs::copy(probe, rootfs.join("probe")).map(drop))?;
        Ok(Self {
            id: id.to_owned(),
            dir: dir.to_owned(),
            config: default_config(cgroup),
        })
    }

    /// The rootfs on the host.
    pub(crate) fn rootfs(&self) -> PathBuf {
        self.dir.join("rootfs")
    }

    /// Sets a member by JSON pointer; missing objects on the way are made, `-` appends to a list.
    #[must_use]
    pub(crate) fn set(mut self, pointer: &str, value: Value) -> Self {
        let mut place = &mut self.config;
        for name in pointer.split('/').skip(1) {
            place = match place {
                Value::Array(items) => {
                    let index = name.parse().unwrap_or(items.len());
                    if index >= items.len() {
                        items.push(Value::Null);
                    }
                    let last = items.len() - 1;
                    &mut items[index.min(last)]
                }
                other => &mut other[name],
            };
        }
        *place = value;
        self
    }

    /// Removes a member by the JSON pointer of its object and its name.
    #[must_use]
    pub(crate) fn remove(mut self, object: &str, name: &str) -> Self {
        if let Some(members) = self.config.pointer_mut(object).and_then(Value::as_object_mut) {
            members.remove(name);
        }
        self
    }

    /// The process: the probe with these actions, words separated by spaces.
    #[must_use]
    pub(crate) fn probe(self, actions: &str) -> Self {
        let words: Vec<&str> = std::iter::once("/probe").chain(actions.split(' ')).collect();
        self.set("/process/args", json!(words))
    }

    /// The process, word by word.
    #[must_use]
    pub(crate) fn args(self, words: &[&str]) -> Self {
        self.set("/process/args", json!(words))
    }

    /// The root may be written to.
    #[must_use]
    pub(crate) fn writable(self) -> Self {
        self.set("/root/readonly", json!(false))
    }

    /// One more mount, after the default ones.
    #[must_use]
    pub(crate) fn mount(self, destination: &str, kind: &str, source: &str, options: &[&str]) -> Self {
        let mount = json!({"destination": destination, "type": kind, "source": source, "options": options});
        self.set("/mounts/-", mount)
    }

    /// A folder or file of the host's, after the default mounts.
    #[must_use]
    pub(crate) fn bind(self, destination: &str, source: &Path, options: &[&str]) -> Self {
        self.mount(destination, "bind", &source.to_string_lossy(), options)
    }

    /// Drops the default mount with this destination.
    #[must_use]
    pub(crate) fn without_mount(mut self, destination: &str) -> Self {
        if let Some(mounts) = self.config["mounts"].as_array_mut() {
            mounts.retain(|mount| mount["destination"] != destination);
        }
        self
    }

    /// Drops a namespace of the default ones.
    #[must_use]
    pub(crate) fn without_namespace(mut self, kind: &str) -> Self {
        if let Some(namespaces) = self.config["linux"]["namespaces"].as_array_mut() {
            namespaces.retain(|namespace| namespace["type"] != kind);
        }
        self
    }

    /// One more namespace, a new one.
    #[must_use]
    pub(crate) fn new_namespace(self, kind: &str) -> Self {
        self.set("/linux/namespaces/-", json!({"type": kind}))
    }

    /// A namespace is joined by its path instead of made.
    #[must_use]
    pub(crate) fn joining(self, kind: &str, path: &str) -> Self {
        self.without_namespace(kind)
            .set("/linux/namespaces/-", json!({"type": kind, "path": path}))
    }

    /// The maps of a user namespace, for users and groups alike; null for none.
    #[must_use]
    pub(crate) fn id_maps(self, maps: Value) -> Self {
        self.set("/linux/uidMappings", maps.clone())
            .set("/linux/gidMappings", maps)
    }

    /// All five capability sets.
    #[must_use]
    pub(crate) fn capabilities(self, names: &[&str]) -> Self {
        let sets = ["bounding", "effective", "permitted"];
        sets.into_iter().fold(self, |bundle, set| {
            bundle.set(&format!("/process/capabilities/{set}"), json!(names))
        })
    }

    /// The process' user and group.
    #[must_use]
    pub(crate) fn user(self, uid: u32, gid: u32) -> Self {
        self.set("/process/user/uid", json!(uid))
            .set("/process/user/gid", json!(gid))
    }

    /// A hook at a stage, run by the probe.
    #[must_use]
    pub(crate) fn hook(self, stage: &str, hook: Value) -> Self {
        let known = self.config["hooks"][stage].is_array();
        let bundle = if known {
            self
        } else {
            self.set(&format!("/hooks/{stage}"), json!([]))
        };
        bundle.set(&format!("/hooks/{stage}/-"), hook)
    }

    /// A file in the rootfs, with its folders.
    ///
    /// # Errors
    /// Whatever the host's filesystem says.
    pub(crate) fn file(self, path: &str, text: &str) -> io::Result<Self> {
        let path = self.rootfs().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
        Ok(self)
    }

    /// A folder in the rootfs.
    ///
    /// # Errors
    /// Whatever the host's filesystem says.
    pub(crate) fn folder(self, path: &str) -> io::Result<Self> {
        fs::create_dir_all(self.rootfs().join(path))?;
        Ok(self)
    }

    /// A symlink in the rootfs, in place of what the rootfs has there.
    ///
    /// # Errors
    /// Whatever the host's filesystem says.
    pub(crate) fn link(self, path: &str, target: &Path) -> io::Result<Self> {
        let path = self.rootfs().join(path);
        if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            fs::remove_dir(&path)?;
        }
        symlink(target, path)?;
        Ok(self)
    }

    /// Writes `config.json`.
    ///
    /// # Errors
    /// Whatever the host's filesystem says.
    pub(crate) fn save(&self) -> io::Result<()> {
        fs::write(self.dir.join("config.json"), serde_json::to_vec_pretty(&self.config)?)
    }
}

/// What `runc spec` asks for, with the probe as its process, no terminal and a cgroup of the harness' own.
pub(crate) fn default_config(cgroup: &str) -> Value {
    // Where the kernel cannot keep the rule, each call would tell that.
    let resources = match devices_of_v1() {
        Some(_) => json!({"devices": [{"allow": false, "access": "rwm"}]}),
        None => json!({"devices": []}),
    };
    let capabilities = json!(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]);
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": ["/probe", "report"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": true
        },
        "root": {"path": "rootfs", "readonly": true},
        "hostname": "conformance",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
                "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
        ],
        "linux": {
            "cgroupsPath": cgroup,
            "resources": resources,
            "namespaces": [
                {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}
            ],
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"
            ],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        }
    })
}
