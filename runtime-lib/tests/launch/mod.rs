//! What the tests of launching share: a place of their own on the host, configs, and the look around afterwards.

#![allow(dead_code, unreachable_pub, reason = "not each test needs all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

pub mod helper;
pub mod host;

use host::Look;
use orlop::{Arguments, Bundle, Container, Created, Error, Id, Io, Plan, Runtime, Signal};
use serde_json::{Value, json};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tests change, and look at, what belongs to the whole process: they take turns.
static TURN: Mutex<()> = Mutex::new(());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder with a rootfs and a state root, and a cgroup of its own. When it is dropped the host has to be as it was.
pub struct Stage {
    pub dir: PathBuf,
    /// The name of the cgroup that the containers' are below.
    pub name: String,
    before: Option<Look>,
    turn: Option<MutexGuard<'static, ()>>,
}

/// How a container's process ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    /// As shells have it: 128 and more for a signal.
    pub status: u8,
    pub stdout: String,
    pub stderr: String,
}

impl Stage {
    pub fn new() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "containers with the host's network are launched by root"
        );
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!(
            "orlop-lib-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(&name);
        let rootfs = dir.join("rootfs");
        for folder in ["bin", "proc", "dev", "tmp", "etc", "sys"] {
            std::fs::create_dir_all(rootfs.join(folder)).unwrap();
        }
        std::fs::copy("/bin/busybox", rootfs.join("bin/busybox")).unwrap();
        symlink("busybox", rootfs.join("bin/sh")).unwrap();
        Self {
            dir,
            name,
            before: Some(Look::around()),
            turn: Some(turn),
        }
    }

    /// The stage of the test that started this helper process; that one looks around and tidies up.
    pub fn of_parent() -> Self {
        let dir = PathBuf::from(std::env::var_os(helper::STAGE).unwrap());
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        Self {
            dir,
            name,
            before: None,
            turn: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn rootfs(&self) -> PathBuf {
        self.dir.join("rootfs")
    }

    pub fn runtime(&self) -> Runtime {
        Runtime::new(self.dir.join("state"))
    }

    /// A config that runs `args` as root in namespaces of its own, but for the host's network, which is quicker.
    pub fn config(&self, args: &[&str]) -> Value {
        json!({
            "ociVersion": "1.2.0",
            "root": { "path": self.rootfs() },
            "process": {
                "user": { "uid": 0, "gid": 0 },
                "args": args,
                "env": ["PATH=/bin"],
                "cwd": "/",
            },
            "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc" },
                { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] },
            ],
            "linux": {
                "namespaces": [{ "type": "mount" }, { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }],
            },
        })
    }

    /// The same for a shell script; busybox has all its commands built in.
    pub fn script(&self, script: &str) -> Value {
        self.config(&["/bin/busybox", "sh", "-c", script])
    }

    /// A config whose process only waits.
    pub fn sleeper(&self) -> Value {
        self.config(&["/bin/busybox", "sleep", "1000"])
    }

    /// The same in a user namespace whose root is this user of the host's.
    pub fn mapped(&self, config: Value, root: u32) -> Value {
        let mapping = json!([{ "containerID": 0, "hostID": root, "size": 65536 }]);
        let config = with(config, "/linux/namespaces/-", json!({ "type": "user" }));
        with(
            with(config, "/linux/uidMappings", mapping.clone()),
            "/linux/gidMappings",
            mapping,
        )
    }

    /// The bundle of a config, with the container's cgroup below the stage's if the config names none.
    pub fn bundle(&self, id: &str, config: &Value) -> Bundle {
        let mut config = config.clone();
        let linux = config["linux"].as_object_mut().unwrap();
        linux
            .entry("cgroupsPath")
            .or_insert_with(|| format!("/{}/{id}", self.name).into());
        Bundle::parse(&self.dir, &config.to_string()).unwrap()
    }

    pub fn create_with(&self, id: &str, config: &Value, io: Io) -> Result<Created, Error> {
        self.create_chosen(id, config, |_| {}, io)
    }

    /// Creates, with what `choose` changes of the usual choices.
    pub fn create_chosen(
        &self,
        id: &str,
        config: &Value,
        choose: impl FnOnce(&mut Arguments),
        io: Io,
    ) -> Result<Created, Error> {
        let mut arguments = Arguments::new(Id::new(id)?);
        choose(&mut arguments);
        let (plan, _) = Plan::for_this_host(&self.bundle(id, config), &arguments)?;
        self.runtime().create(&plan, io)
    }

    /// Creates, with stdio that nobody reads.
    pub fn create(&self, id: &str, config: &Value) -> Result<Created, Error> {
        self.create_with(id, config, quiet())
    }

    /// A container of the stage's.
    pub fn container(&self, id: &str) -> Result<Container, Error> {
        self.runtime().container(&Id::new(id)?)
    }

    pub fn delete_by_force(&self, id: &str) -> Result<Vec<Error>, Error> {
        self.runtime().delete_by_force(&Id::new(id)?)
    }

    pub fn created(&self, id: &str, config: &Value) -> Created {
        self.create(id, config).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates a container of the sleeper and starts it.
    pub fn running(&self, id: &str) -> Created {
        let created = self.created(id, &self.sleeper());
        created.container.start().unwrap();
        created
    }

    /// Kills, reaps and deletes.
    pub fn end(&self, created: &Created) {
        self.runtime().delete_by_force(created.container.id()).unwrap();
        let _ = created.init.wait();
    }

    /// Creates, starts, waits and deletes.
    pub fn run(&self, config: &Value) -> Result<Ran, Error> {
        self.run_with(config, Io::default())
    }

    pub fn run_with(&self, config: &Value, io: Io) -> Result<Ran, Error> {
        self.run_chosen(config, |_| {}, io)
    }

    pub fn run_chosen(&self, config: &Value, choose: impl FnOnce(&mut Arguments), mut io: Io) -> Result<Ran, Error> {
        let [out, err] = [self.path("stdout"), self.path("stderr")];
        for (place, path) in io.stdio[1..].iter_mut().zip([&out, &err]) {
            if place.is_none() {
                *place = Some(File::create(path).unwrap().into());
            }
        }
        io.stdio[0].get_or_insert_with(null);
        let created = self.create_chosen("run", config, choose, io)?;
        let status = created.container.start().and_then(|()| created.init.wait());
        self.end(&created);
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        Ok(Ran {
            status: status?.code(),
            stdout: text(out),
            stderr: text(err),
        })
    }

    /// What a script prints; it has to succeed.
    pub fn output(&self, config: &Value) -> String {
        let ran = self.run(config).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ran.status, 0, "{ran:?}");
        ran.stdout
    }

    /// The sentence that create, or start, fails with. Nothing is left then.
    pub fn refusal(&self, config: &Value) -> String {
        match self.run(config) {
            Ok(ran) => panic!("this should have failed: {ran:?}"),
            Err(error) => {
                self.assert_empty();
                error.to_string()
            }
        }
    }

    /// No state folder, no cgroup, no mount.
    pub fn assert_empty(&self) {
        let left: Vec<_> = self.runtime().root().read_dir().into_iter().flatten().collect();
        assert!(left.is_empty(), "state folders are left: {left:?}");
        let left = host::cgroups_below(&self.name);
        assert!(left.is_empty(), "cgroups are left: {left:?}");
        let left = host::mounts_below(&self.dir);
        assert!(left.is_empty(), "mounts are left: {left:?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        let failed = std::thread::panicking();
        if failed {
            for id in self.runtime().ids().unwrap_or_default() {
                let _ = self.runtime().delete_by_force(&id);
            }
            host::kill_cgroups(&self.name);
        } else {
            self.assert_empty();
        }
        host::remove_cgroups(&self.name);
        std::fs::remove_dir_all(&self.dir).unwrap_or_else(|error| assert!(failed, "{error}"));
        if !failed {
            before.assert_same();
        }
        drop(self.turn.take());
    }
}

pub fn null() -> OwnedFd {
    File::options().read(true).write(true).open("/dev/null").unwrap().into()
}

/// For a container that says nothing.
pub fn quiet() -> Io {
    with_stdio([Some(null()), Some(null()), Some(null())])
}

pub fn with_stdio(stdio: [Option<OwnedFd>; 3]) -> Io {
    let mut io = Io::default();
    io.stdio = stdio;
    io
}

/// Plans a bundle for this host, and creates its container.
pub fn create(runtime: &Runtime, id: &str, bundle: &Bundle, io: Io) -> Result<Created, Error> {
    let (plan, _) = Plan::for_this_host(bundle, &Arguments::new(Id::new(id)?))?;
    runtime.create(&plan, io)
}

/// The signal of this number.
pub fn numbered(signal: i32) -> Signal {
    Signal::new(signal).unwrap()
}

/// The config with one member set, by its JSON pointer; what is missing above the last name is made.
pub fn with(mut config: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (above, name) = pointer.rsplit_once('/').unwrap();
    let mut place = &mut config;
    for name in above.split('/').skip(1) {
        place = match place {
            Value::Array(list) => &mut list[name.parse::<usize>().unwrap()],
            place => &mut place[name],
        };
    }
    match (place, name) {
        (Value::Array(list), "-") => list.push(value.into()),
        (Value::Array(list), index) => list[index.parse::<usize>().unwrap()] = value.into(),
        (place, name) => place[name] = value.into(),
    }
    config
}

/// The config with a hook.
pub fn with_hook(config: Value, kind: &str, script: &str) -> Value {
    let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", script] }]);
    with(config, &format!("/hooks/{kind}"), hook)
}

/// Waits until something is so; a test that waits in vain fails.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Whether the text has each of these parts; the whole text is shown if not.
#[track_caller]
pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}
