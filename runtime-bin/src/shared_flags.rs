//! Flags that stand in more than one row.

use crate::flag::flags;

flags! {
    Help: Switch("help", "show help").short("h");
    Bundle: Text("bundle", "the bundle's folder (default: the current one)").short("b").folder();
    ConfigFile: Text("config", "another file than the bundle's config.json; relative to the bundle");
    ConsoleSocket: Text("console-socket", "unix socket that gets the terminal's master");
    PidfdSocket: Text("pidfd-socket", "unix socket that gets the process's pidfd");
    PidFile: Text("pid-file", "file that gets the process's pid");
    NoPivot: Switch("no-pivot", "move the root instead of pivot_root, for a root on a ramdisk; less safe");
    NoNewKeyring: Switch("no-new-keyring", "keep the caller's session keyring");
    PreserveFds: Number("preserve-fds", "pass so many descriptors after stdio and $LISTEN_FDS (default: 0)");
    Detach: Switch("detach", "do not wait for the process").short("d");
    ByRegex: Switch("regex", "the argument is a regular expression: for every container whose id has a match in it").short("r");
    Json: Switch("json", "print JSON");
    Format: Text("format", "table or json (default: \"table\")").short("f").choices("table json", "invalid format option");
}
