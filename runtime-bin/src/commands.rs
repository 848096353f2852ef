//! The one table of commands and flags. Parsing, help, completions and the man page are made from it.

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing; `--flag=false` takes it back.
    Switch,
    /// A word.
    Text,
    /// A number from 0 on.
    Number,
    /// A word; may be given several times.
    List,
}

/// One flag.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) short: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    /// Accepted and not shown.
    pub(crate) hidden: bool,
}

/// How many arguments a command takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Any,
    Exactly(usize),
    AtLeast(usize),
    Between(usize, usize),
}

/// One command.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// The arguments as the usage line shows them.
    pub(crate) arguments: &'static str,
    pub(crate) count: Count,
    /// Everything from the first argument on is an argument, whatever it looks like.
    pub(crate) stops_at_arguments: bool,
    pub(crate) hidden: bool,
    pub(crate) flags: &'static [Flag],
    pub(crate) description: &'static str,
}

const fn flag(name: &'static str, kind: Kind, help: &'static str) -> Flag {
    Flag {
        name,
        short: None,
        kind,
        help,
        hidden: false,
    }
}

const fn switch(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Switch, help)
}

const fn text(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Text, help)
}

const fn number(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Number, help)
}

const fn list(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::List, help)
}

impl Flag {
    const fn short(self, short: &'static str) -> Self {
        Self {
            short: Some(short),
            ..self
        }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }
}

/// A command that takes one container id.
const fn of_container(name: &'static str, summary: &'static str, flags: &'static [Flag]) -> Command {
    Command {
        name,
        summary,
        arguments: "<container-id>",
        count: Count::Exactly(1),
        stops_at_arguments: false,
        hidden: false,
        flags,
        description: "",
    }
}

impl Command {
    const fn arguments(self, arguments: &'static str, count: Count) -> Self {
        Self {
            arguments,
            count,
            ..self
        }
    }

    const fn stops_at_arguments(self) -> Self {
        Self {
            stops_at_arguments: true,
            ..self
        }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    const fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }
}

/// The flag of the list with this name, long or short.
pub(crate) fn find(flags: &'static [Flag], name: &str) -> Option<&'static Flag> {
    flags.iter().find(|flag| flag.name == name || flag.short == Some(name))
}

/// The command of this name.
pub(crate) fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

const HELP: Flag = switch("help", "show help").short("h");
const BUNDLE: Flag = text("bundle", "the bundle's folder (default: the current one)").short("b");
const CONSOLE_SOCKET: Flag = text("console-socket", "unix socket that gets the terminal's master");
const PIDFD_SOCKET: Flag = text("pidfd-socket", "unix socket that gets the process's pidfd");
const PID_FILE: Flag = text("pid-file", "file that gets the process's pid");
const NO_PIVOT: Flag = switch(
    "no-pivot",
    "move the root instead of pivot_root, for a root on a ramdisk; less safe",
);
const NO_NEW_KEYRING: Flag = switch("no-new-keyring", "keep the caller's session keyring");
const PRESERVE_FDS: Flag = number(
    "preserve-fds",
    "pass so many descriptors after stdio and $LISTEN_FDS (default: 0)",
);
const DETACH: Flag = switch("detach", "do not wait for the process").short("d");
const JSON: Flag = switch("json", "print JSON");
const FORMAT: Flag = text("format", "table or json (default: \"table\")").short("f");

/// The flags that stand before the command.
pub(crate) const GLOBAL: &[Flag] = &[
    switch("debug", "log more"),
    text("log", "file that gets the log; errors go to stderr as well"),
    text("log-format", "text or json (default: \"text\")"),
    text(
        "root",
        "folder that holds the containers' states (default: /run/orlop, or $XDG_RUNTIME_DIR/orlop)",
    ),
    switch(
        "systemd-cgroup",
        "let systemd make the cgroups; cgroupsPath is slice:prefix:name (not built yet)",
    ),
    text(
        "rootless",
        "ignore missing cgroup permissions: true, false or auto (default: \"auto\")",
    ),
    HELP,
    switch("version", "print the version").short("v"),
];

/// All commands, as the help lists them.
pub(crate) const COMMANDS: &[Command] = &[
    of_container(
        "check",
        "tell everything that is wrong or doubtful in a bundle, without running it",
        &[BUNDLE, JSON, HELP],
    )
    .arguments("", Count::Exactly(0))
    .description(
        "One line for each fault: `error: JSON path: what`, or `warning: ...`.\nThe exit status is 1 if there is an error.",
    ),
    of_container("completion", "print the completions for a shell: bash, zsh or fish", &[HELP])
        .arguments("<shell>", Count::Exactly(1)),
    of_container(
        "create",
        "create a container",
        &[
            BUNDLE,
            CONSOLE_SOCKET,
            PIDFD_SOCKET,
            PID_FILE,
            NO_PIVOT,
            NO_NEW_KEYRING,
            PRESERVE_FDS,
            HELP,
        ],
    )
    .description("Sets everything up and leaves the container's process waiting for `start`."),
    of_container(
        "delete",
        "delete a container that is stopped, or was never started",
        &[switch("force", "kill it first if it runs; an unknown container is no error").short("f"), HELP],
    ),
    of_container(
        "events",
        "print statistics and out-of-memory events (not built yet)",
        &[text("interval", "time between two statistics (default: 5s)"), switch("stats", "print one and exit"), HELP],
    ),
    of_container(
        "exec",
        "run another process in a container (not built yet)",
        &[
            CONSOLE_SOCKET,
            PIDFD_SOCKET,
            text("cwd", "working directory"),
            list("env", "set a variable, NAME=VALUE").short("e"),
            switch("tty", "give it a terminal").short("t"),
            text("user", "UID[:GID]").short("u"),
            list("additional-gids", "one more group").short("g"),
            text("process", "file with the process, as in config.json").short("p"),
            DETACH,
            PID_FILE,
            text("process-label", "SELinux label"),
            text("apparmor", "AppArmor profile"),
            switch("no-new-privs", "set no_new_privs"),
            list("cap", "one more capability").short("c"),
            PRESERVE_FDS,
            list("cgroup", "cgroup below the container's, [CONTROLLER,...:]PATH"),
            switch("ignore-paused", "allow a paused container"),
            HELP,
        ],
    )
    .arguments("<container-id> <command> [arguments...]", Count::AtLeast(1))
    .stops_at_arguments(),
    of_container(
        "explain",
        "tell, step by step, what running a bundle will do, without doing it",
        &[BUNDLE, JSON, HELP],
    )
    .arguments("", Count::Exactly(0))
    .description("Each step stands with the place in config.json that asks for it."),
    of_container(
        "features",
        "print what is built, as JSON",
        &[switch("probe", "also try what this kernel can do"), HELP],
    )
    .arguments("", Count::Any),
    of_container(
        "kill",
        "send a signal (default: SIGTERM) to a container's init",
        &[switch("all", "send it to all processes of the container").short("a").hidden(), HELP],
    )
    .arguments("<container-id> [signal]", Count::Between(1, 2))
    .description("The signal is a name, with or without SIG, or a number."),
    of_container(
        "list",
        "list the containers of the state root",
        &[FORMAT, switch("quiet", "print the ids only").short("q"), HELP],
    )
    .arguments("", Count::Any),
    of_container("man", "print the man page", &[HELP]).arguments("", Count::Exactly(0)).hidden(),
    of_container("pause", "freeze a container's processes (not built yet)", &[HELP]),
    of_container("ps", "list a container's processes (not built yet)", &[FORMAT, HELP])
        .arguments("<container-id> [ps arguments...]", Count::AtLeast(1))
        .stops_at_arguments(),
    of_container("resume", "thaw a container's processes (not built yet)", &[HELP]),
    of_container(
        "run",
        "create a container, start it and wait for its end",
        &[
            BUNDLE,
            CONSOLE_SOCKET,
            DETACH,
            switch("keep", "do not delete the container when it has ended"),
            switch("no-subreaper", "do not reap processes that lose their parents"),
            PIDFD_SOCKET,
            PID_FILE,
            NO_PIVOT,
            NO_NEW_KEYRING,
            PRESERVE_FDS,
            HELP,
        ],
    )
    .description(
        "The exit status is the process's own, or 128 and the number of the signal that ended it.\nSignals are passed on to the container.",
    ),
    of_container(
        "spec",
        "write a config.json to start from",
        &[
            text("bundle", "folder to write it in (default: the current one)").short("b"),
            switch("rootless", "for an ordinary user"),
            HELP,
        ],
    )
    .arguments("", Count::Any),
    of_container("start", "run the process of a created container", &[HELP]),
    of_container("state", "print a container's state, as JSON", &[HELP]),
    of_container(
        "try",
        "run a command, or a short tour, in a container made of this machine's own /usr",
        &[text("keep", "make the bundle in this new folder and leave it there"), HELP],
    )
    .arguments("[command [arguments...]]", Count::Any)
    .stops_at_arguments()
    .description(
        "Makes a temporary bundle: a new root folder with the host's /usr bound into it, read-only.\nNo image and no network is needed. For an ordinary user the container gets a user namespace.",
    ),
    of_container(
        "update",
        "change a container's resources (not built yet)",
        &[
            text("resources", "file with the new resources, or -").short("r"),
            text("blkio-weight", "I/O weight, 10 to 1000"),
            text("cpu-period", "CFS period in microseconds"),
            text("cpu-quota", "CFS quota in microseconds"),
            text("cpu-burst", "CFS burst in microseconds"),
            text("cpu-share", "CPU shares"),
            text("cpu-rt-period", "real-time period in microseconds"),
            text("cpu-rt-runtime", "real-time runtime in microseconds"),
            text("cpu-idle", "1 for SCHED_IDLE"),
            text("cpuset-cpus", "CPUs to use"),
            text("cpuset-mems", "memory nodes to use"),
            text("kernel-memory", "has no effect").hidden(),
            text("kernel-memory-tcp", "has no effect").hidden(),
            text("memory", "memory limit in bytes"),
            text("memory-reservation", "soft memory limit in bytes"),
            text("memory-swap", "limit of memory and swap in bytes; -1 for none"),
            text("pids-limit", "number of processes; -1 for no limit"),
            text("l3-cache-schema", "schema of the L3 cache"),
            text("mem-bw-schema", "schema of the memory bandwidth"),
            HELP,
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(COMMANDS.is_sorted_by(|one, next| one.name < next.name));
        for flags in COMMANDS.iter().map(|command| command.flags).chain([GLOBAL]) {
            for (at, flag) in flags.iter().enumerate() {
                assert!(
                    flags[..at]
                        .iter()
                        .all(|other| other.name != flag.name && (flag.short.is_none() || other.short != flag.short))
                );
            }
        }
    }

    #[test]
    fn every_command_has_help() {
        assert!(COMMANDS.iter().all(|command| find(command.flags, "h").is_some()));
    }
}
