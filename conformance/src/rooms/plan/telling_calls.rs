//! The system call that tells that an act is done, for each kind of act.

use super::acts::Act;
use super::trace::Event;

/// What the acts are about, as the host knows it.
pub(super) struct Scene {
    /// All of them, in order.
    pub(super) acts: Vec<Act>,
    pub(super) id: String,
    /// The rootfs.
    pub(super) rootfs: String,
    /// The container's folder in the state root.
    pub(super) state: String,
}

impl Scene {
    /// A path in the container.
    fn inside(&self, act: &Act) -> String {
        format!("{}{}", self.rootfs, act.inside())
    }

    /// How many acts before this one are so.
    fn before(&self, act: &Act, is_so: impl Fn(&str) -> bool) -> usize {
        let before = self.acts.iter().take_while(|other| !std::ptr::eq(*other, act));
        before.filter(|other| is_so(&other.text)).count()
    }
}

/// How an act shows in a trace.
pub(super) enum How {
    /// By the first call that is like one of these, or by a later one of them.
    By { calls: Vec<Like>, number: usize },
    /// The same, of a cgroup: the caller may not be allowed to make it, and then it is left out.
    InCgroup(Vec<Like>),
    /// By no call, since there is none.
    Not,
}

/// What a call is like.
pub(super) struct Like {
    /// Its name, or several with blanks between.
    names: &'static str,
    /// A path that it is about.
    place: Option<String>,
    /// What one of those paths has in it, and how it ends.
    place_like: Option<(String, String)>,
    /// Words in its arguments.
    words: Vec<String>,
    /// The beginning of its result.
    result: &'static str,
}

impl Like {
    fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    fn at_some(mut self, part: String, end: String) -> Self {
        self.place_like = Some((part, end));
        self
    }

    fn with(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    fn returning(mut self, result: &'static str) -> Self {
        self.result = result;
        self
    }

    pub(super) fn is_like(&self, event: &Event) -> bool {
        let at = |place: &String| event.places.contains(place);
        let at_some = |(part, end): &(String, String)| {
            event
                .places
                .iter()
                .any(|place| place.contains(part.as_str()) && place.ends_with(end.as_str()))
        };
        self.names.split(' ').any(|name| name == event.name)
            && self.place.as_ref().is_none_or(at)
            && self.place_like.as_ref().is_none_or(at_some)
            && self.words.iter().all(|word| event.text.contains(word))
            && event.result.starts_with(self.result)
    }

    /// How it reads in a failure.
    pub(super) fn line(&self) -> String {
        format!(
            "{} {:?} {:?} {:?} {}",
            self.names, self.place, self.place_like, self.words, self.result
        )
    }
}

fn call(names: &'static str) -> Like {
    Like {
        names,
        place: None,
        place_like: None,
        words: Vec::new(),
        result: "",
    }
}

fn by(like: Like) -> How {
    first_of(vec![like])
}

fn first_of(calls: Vec<Like>) -> How {
    How::By { calls, number: 1 }
}

/// A mount on the act's path, or the look that found nothing there.
fn mounted_if_there(act: &Act, scene: &Scene) -> How {
    let place = scene.inside(act);
    first_of(vec![
        call("move_mount mount").at(&place),
        call("openat2").at(&place).returning("-1 ENOENT"),
    ])
}

/// The flags of namespaces by their names: `mount, uts` become `CLONE_NEWNS` and `CLONE_NEWUTS`.
fn flags(names: &str, like: Like) -> Like {
    let flag = |name: &str| match name {
        "mount" => "CLONE_NEWNS".to_owned(),
        "network" => "CLONE_NEWNET".to_owned(),
        other => format!("CLONE_NEW{}", other.to_uppercase()),
    };
    names
        .split(", ")
        .filter(|name| !name.is_empty())
        .fold(like, |like, name| like.with(flag(name)))
}

/// The file of the container's cgroup in the v1 hierarchy of some controllers that a process joins by.
fn tasks(controllers: &str, scene: &Scene, like: Like) -> How {
    let mount = controllers.strip_prefix("name=").unwrap_or(controllers);
    How::InCgroup(vec![like.at_some(format!("/{mount}/"), format!("/{}/tasks", scene.id))])
}

const MAPS_OF_MOUNTS: &str = "make a user namespace for the maps of mounts";

/// One kind of act, by how its sentence begins.
struct Row(&'static str, fn(&Act, &Scene) -> How);

/// Longer beginnings stand before shorter ones that are theirs, too.
const TABLE: &[Row] = &[
    // The runtime's, before there is an init and beside it.
    Row("look at the rootfs ", |act, _| {
        by(call("newfstatat statx fstatat64").at(act.quoted()))
    }),
    Row("write the state: ", |act, scene| {
        let status = act.word_after("write the state: ");
        let file = call("write").at(format!("{}/.state.json.new", scene.state));
        by(file.with(format!(r#"\"phase\":\"{status}\""#)))
    }),
    Row("make the cgroup ", |act, _| by(call("mkdirat mkdir").at(act.quoted()))),
    Row("give the cgroup \"", |act, _| {
        by(call("fchownat fchown chown").at(act.quoted()))
    }),
    Row("put init into the cgroup ", |act, _| {
        by(call("write").at(format!("{}/cgroup.procs", act.quoted())))
    }),
    Row("have the controllers passed on to the cgroup ", |act, _| {
        let above = act.quoted();
        let above = above.rsplit_once('/').map_or("", |(above, _)| above);
        by(call("write").at(format!("{above}/cgroup.subtree_control")))
    }),
    Row("give the cgroup to user ", |act, scene| {
        let user = act.word_after("give the cgroup to user ");
        How::InCgroup(vec![
            call("fchownat fchown chown")
                .with(&scene.id)
                .with(format!(", {user}, ")),
        ])
    }),
    Row("open the tasks of the cgroup of ", |act, scene| {
        tasks(
            act.word_after("open the tasks of the cgroup of "),
            scene,
            call("openat"),
        )
    }),
    Row("open \"", |act, _| by(call("open openat open_tree").at(act.quoted()))),
    Row("open the pid namespace ", namespace_file),
    Row("open the ipc namespace ", namespace_file),
    Row("open the uts namespace ", namespace_file),
    Row("open the network namespace ", namespace_file),
    Row("listen on the socket that start connects to", |_, _| by(call("listen"))),
    Row("connect with the seccomp agent ", |act, _| {
        by(call("connect").with(act.quoted()))
    }),
    Row("make a file for what the seccomp agent is told", |_, _| {
        by(call("memfd_create").with("orlop-agent-state"))
    }),
    Row(MAPS_OF_MOUNTS, |_, _| {
        by(call("clone3 clone unshare").with("CLONE_NEWUSER"))
    }),
    Row("start init", |act, _| {
        let names = act
            .text
            .strip_prefix("start init in new namespaces: ")
            .unwrap_or_default();
        by(flags(names, call("clone3 clone").with("CLONE_PIDFD")))
    }),
    Row("write what start, exec and delete need", |_, scene| {
        by(call("openat").at(format!("{}/plan", scene.state)).with("O_CREAT"))
    }),
    Row("load these rules about devices as a program ", |_, _| {
        How::InCgroup(vec![call("bpf").with("BPF_PROG_LOAD")])
    }),
    // The runtime's, at turns.
    Row("attach the program of rules about devices to the cgroup ", |_, _| {
        How::InCgroup(vec![call("bpf").with("BPF_PROG_ATTACH")])
    }),
    Row("map its groups: ", |act, scene| {
        mapped(act, scene, "/gid_map>", "newgidmap")
    }),
    Row("map its users: ", |act, scene| {
        mapped(act, scene, "/uid_map>", "newuidmap")
    }),
    Row("take hold of the process that init goes on as", |_, _| {
        by(call("pidfd_open"))
    }),
    Row("hand the terminal over", |_, _| {
        by(call("sendmsg").with("SCM_RIGHTS").with("ptmx"))
    }),
    Row("write \"", |act, _| {
        let file = act.text.rsplit(' ').next().unwrap_or_default();
        let value = format!("\"{}\"", act.quoted());
        How::InCgroup(vec![call("write").with(format!("/{file}>")).with(value)])
    }),
    Row("deny ", device_rule),
    Row("allow all devices", device_rule),
    Row("allow devices ", device_rule),
    Row("run the hook ", |act, _| by(call("execve execveat").at(act.quoted()))),
    Row("give init the state for its hooks ", |act, scene| How::By {
        calls: vec![call("memfd_create").with("\"orlop-state\"")],
        // Each hook of the host has got one, too.
        number: 1 + scene.before(act, |text| {
            text.ends_with(" on the host") || text.starts_with("give init the state")
        }),
    }),
    Row("write what the seccomp agent is told with the listener", |_, _| {
        by(call("write writev").with("orlop-agent-state"))
    }),
    Row("send init's pidfd to ", |act, _| by(call("connect").with(act.quoted()))),
    // The runtime's, at start and delete.
    Row("connect to init's socket, and let it start the process", |_, _| {
        by(call("sendto sendmsg").with(r#""G""#))
    }),
    Row(
        "kill init, if it waits for start or the container is deleted by force",
        |_, _| by(call("pidfd_send_signal").with("SIGKILL")),
    ),
    Row("kill what is left in the cgroup", |_, scene| {
        How::InCgroup(vec![
            call("openat").at_some(format!("/{}/", scene.id), "/cgroup.procs".to_owned()),
        ])
    }),
    Row("remove the cgroup ", |act, _| {
        How::InCgroup(vec![call("unlinkat rmdir").at(act.quoted())])
    }),
    Row("remove the state", |_, scene| {
        by(call("unlinkat rmdir").at(&scene.state))
    }),
    // Init's: its namespaces.
    Row("let the runtime reach init's files in /proc", |_, _| {
        by(call("prctl").with("PR_SET_DUMPABLE, SUID_DUMP_USER"))
    }),
    Row("hide init's memory and files from other processes", |_, _| {
        by(call("prctl").with("PR_SET_DUMPABLE, SUID_DUMP_DISABLE"))
    }),
    Row("take a session keyring of its own, ", |act, _| {
        by(call("keyctl").with("KEYCTL_JOIN_SESSION_KEYRING").with(act.quoted()))
    }),
    Row("join the cgroup of ", |act, scene| {
        tasks(act.word_after("join the cgroup of "), scene, call("write"))
    }),
    Row("join an existing ", |act, _| {
        by(flags(act.word_after("join an existing "), call("setns")))
    }),
    Row("make a new ", |act, _| {
        by(flags(act.word_after("make a new "), call("unshare")))
    }),
    Row("become root of the user namespace", |_, _| {
        by(call("setresuid").with("0, 0, 0"))
    }),
    Row(
        "open what will be bound: ",
        |act, _| by(call("openat").at(act.quoted())),
    ),
    Row("open /proc/self/timens_offsets for the clocks' offsets", |_, _| {
        by(call("openat openat2").with("timens_offsets"))
    }),
    Row("set the clocks' offsets to ", |_, _| {
        by(call("write").with("timens_offsets>"))
    }),
    Row("enter the new time namespace", |_, _| {
        by(call("setns").with("CLONE_NEWTIME"))
    }),
    // Init's: the rootfs, and what is in it.
    Row("make its copy of the host's mounts ", |act, _| {
        by(call("mount").with(r#""/""#).with(flag(&act.text)))
    }),
    Row("make the mount that holds ", |_, _| {
        by(call("mount mount_setattr").with("MS_PRIVATE"))
    }),
    Row("open the rootfs ", |act, _| by(call("open_tree").at(act.quoted()))),
    // Init has it open already where an earlier act needed it.
    Row("take hold of the host's procfs", |_, _| How::Not),
    Row("make the rootfs read-only", |_, scene| {
        by(call("mount_setattr").at(&scene.rootfs).with("MOUNT_ATTR_RDONLY"))
    }),
    Row("make the rootfs the root, and let the host's mounts go", |_, _| {
        by(call("pivot_root"))
    }),
    Row("make the rootfs ", |act, _| {
        by(call("mount_setattr").at("/").with(flag(act.text.as_str())))
    }),
    Row("make a mount ", |act, scene| {
        let word = act.word_after("make a mount ").to_owned();
        let flag = flag(&word);
        How::By {
            calls: vec![call("mount_setattr").with(flag)],
            // What it has been set to once is set again.
            number: 1 + scene.before(act, |text| text.contains(" on /") && text.contains(&word)),
        }
    }),
    Row("make the directory ", |act, scene| {
        by(call("openat2 mkdirat").at(scene.inside(act)))
    }),
    Row("make the character device ", node),
    Row("make the block device ", node),
    Row("make the FIFO ", node),
    Row("make a terminal", |_, _| by(call("ioctl").with("TIOCSPTLCK"))),
    Row("make /", mounted_if_there),
    Row("hide /", mounted_if_there),
    Row(
        "mount ",
        |act, scene| by(call("move_mount mount").at(scene.inside(act))),
    ),
    Row("bind ", |act, scene| by(call("move_mount").at(scene.inside(act)))),
    Row("link /", |act, scene| by(call("symlinkat").at(scene.inside(act)))),
    Row("set ro on /", |act, scene| {
        by(call("mount_setattr").at(scene.inside(act)).with("MOUNT_ATTR_RDONLY"))
    }),
    Row("bring the loopback interface up", |_, _| {
        by(call("ioctl").with("SIOCSIFFLAGS"))
    }),
    Row("set the hostname to ", |act, _| {
        by(call("sethostname").with(act.quoted()))
    }),
    Row("set the domain name to ", |act, _| {
        by(call("setdomainname").with(act.quoted()))
    }),
    Row("set the kernel parameter ", |act, _| {
        let file = act.word_after("set the kernel parameter ");
        by(call("write").with(format!("/proc/sys/{file}>")).with(act.quoted()))
    }),
    // Init's: the process.
    Row("raise the hard limit of ", |act, _| {
        by(call("prlimit64").with(format!(
            "{}, NULL, {{rlim_cur",
            act.word_after("raise the hard limit of ")
        )))
    }),
    Row("set RLIMIT_", |act, _| {
        by(call("prlimit64").with(format!("{}, {{rlim_cur", act.word_after("set "))))
    }),
    Row("set the OOM score adjustment to ", |_, _| {
        by(call("write").with("oom_score_adj>"))
    }),
    Row("set the scheduling policy ", |_, _| by(call("sched_setattr"))),
    Row("run on every CPU ", |_, _| by(call("sched_setaffinity"))),
    Row("set the I/O priority ", |_, _| by(call("ioprio_set"))),
    Row("set the personality ", |_, _| by(call("personality"))),
    // Pivoting ends with a chdir to the root, too; only here init asks where it is then.
    Row("chdir to cwd ", |_, _| by(call("getcwd"))),
    Row("become user ", |_, _| by(call("capset"))),
    // Init begins with a mask of none.
    Row("set the umask to ", |_, _| by(call("umask").returning("000"))),
    Row("find the program ", |act, _| {
        let name = act.quoted();
        by(call("statx newfstatat").with(format!("/{}\"", name.trim_start_matches('/'))))
    }),
    Row("give up the gain of privileges by execve", |_, _| {
        by(call("prctl").with("PR_SET_NO_NEW_PRIVS, 1"))
    }),
    Row("give stdio to user ", |_, _| by(call("fchown"))),
    // Stdin is the host's.
    Row("open stdio anew where it is the host's null device", |_, _| {
        by(call("statx").with("\"/dev/null\""))
    }),
    Row("make Landlock rules: ", |_, _| {
        by(call("landlock_create_ruleset").with("handled_access"))
    }),
    Row("allow ", |_, _| by(call("landlock_add_rule"))),
    // Init's: from a container that is set up to its process.
    Row("close what is open of the host", |_, _| {
        by(call("close_range").with(", 0"))
    }),
    Row("end on SIGTERM and the like", |_, _| {
        by(call("rt_sigaction").with("SIGTERM, {sa_handler=0x"))
    }),
    Row("live on when the runtime ends", |_, _| {
        by(call("prctl").with("PR_SET_PDEATHSIG, 0"))
    }),
    Row("wait while the runtime takes its turn ", |act, _| How::By {
        calls: vec![call("sendmsg")],
        number: act.number() + 1,
    }),
    Row("go on in a child, which is in the pid namespace, at turn ", |_, _| {
        by(call("clone clone3"))
    }),
    Row("wait for start", |_, _| by(call("accept4"))),
    Row("have the execve close what is not the process's", |_, _| {
        by(call("close_range").with("CLOSE_RANGE_CLOEXEC"))
    }),
    Row("take the Landlock rules on; ", |_, _| {
        by(call("landlock_restrict_self"))
    }),
    Row("load the system call filter of ", |_, _| {
        by(call("seccomp").with("SECCOMP_SET_MODE_FILTER"))
    }),
    Row("execute ", |act, _| {
        by(call("execve").with(format!("[\"{}\"", act.quoted())))
    }),
    // The file is the runtime's to open, and init only notes which it is.
    Row("append the standard ", |_, _| How::Not),
];

/// How an act shows; nothing for a kind that nobody has put into the table.
pub(super) fn how(act: &Act, scene: &Scene) -> Option<How> {
    let Row(_, how) = TABLE.iter().find(|Row(beginning, _)| act.text.starts_with(beginning))?;
    Some(how(act, scene))
}

/// Maps are written by the runtime itself, or by a program that may write those of subordinate ids.
fn mapped(act: &Act, scene: &Scene, file: &str, program: &str) -> How {
    How::By {
        calls: vec![call("write").with(file), call("execve").with(program)],
        // The namespaces for mounts have got theirs before.
        number: 1 + scene.before(act, |text| text == MAPS_OF_MOUNTS),
    }
}

fn namespace_file(act: &Act, _: &Scene) -> How {
    by(call("openat").at(act.quoted()))
}

fn device_rule(act: &Act, scene: &Scene) -> How {
    // The second version has a program of them all in place of files.
    if scene
        .acts
        .iter()
        .any(|act| act.text.starts_with("load these rules about devices"))
    {
        return How::Not;
    }
    let (file, rest) = match act.text.strip_prefix("deny ") {
        Some(rest) => ("devices.deny", rest),
        None => ("devices.allow", act.text.trim_start_matches("allow ")),
    };
    let value = rest.strip_prefix("devices ").unwrap_or("a");
    How::InCgroup(vec![
        call("write").with(format!("/{file}>")).with(format!("\"{value}\"")),
    ])
}

/// A node that is made, or bound where none can be made.
fn node(act: &Act, scene: &Scene) -> How {
    by(call("mknodat move_mount").at(scene.inside(act)))
}

/// The flag of how mounts propagate, by the last word: `MS_SLAVE` for `rslave`.
fn flag(text: &str) -> String {
    let word = text.rsplit(' ').next().unwrap_or_default();
    let kinds = ["shared", "slave", "private", "unbindable"];
    let kind = kinds.into_iter().find(|kind| word.ends_with(kind)).unwrap_or("?");
    format!("MS_{}", kind.to_uppercase())
}
