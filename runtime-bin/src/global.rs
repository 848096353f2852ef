//! The flags that stand before the command.

use crate::flag::{Declared, Flag, HasFlags, flags};
use crate::shared_flags::Help;

flags! {
    Debug: Switch("debug", "log each thing that is done; on stderr without --log");
    LogFile: Text("log", "file that gets the log; errors go to stderr as well");
    LogFormat: Text("log-format", "text or json (default: \"text\")").choices("text json", "invalid log-format:").also(" ");
    Root: Text("root", "folder that holds the containers' states (default: /run/orlop, or $XDG_RUNTIME_DIR/orlop)").folder();
    SystemdCgroup: Switch("systemd-cgroup", "let systemd make the cgroups; cgroupsPath is slice:prefix:name");
    CgroupManager: Text("cgroup-manager", "who makes the cgroups: cgroupfs (the runtime itself), systemd or disabled (nobody)")
        .choices("cgroupfs systemd disabled", "invalid value for --cgroup-manager:");
    Rootless: Text("rootless", "ignore missing cgroup permissions: true, false or auto (default: \"auto\")")
        .choices("true false auto", "invalid value for --rootless:").also("1 0 t f T F True False TRUE FALSE Auto AUTO ");
    Criu: Text("criu", "has no effect").hidden();
    Version: Switch("version", "print the version").short("v");
}

/// The program, before a command is named.
#[derive(Debug)]
pub(crate) struct Global;

impl HasFlags for Global {
    const FLAGS: &'static [Flag] = &[
        Debug::FLAG,
        LogFile::FLAG,
        LogFormat::FLAG,
        Root::FLAG,
        Criu::FLAG,
        SystemdCgroup::FLAG,
        CgroupManager::FLAG,
        Rootless::FLAG,
        Help::FLAG,
        Version::FLAG,
    ];
}
