//! Flags that orlop does not have, and that users of engines and of other runtimes type: what does the same here.

/// Flags of some commands, long and short, and what does the same.
struct Foreign {
    commands: &'static str,
    /// With spaces between them: a pointer each would be one more to relocate at each start of the program.
    flags: &'static str,
    instead: &'static str,
}

const fn foreign(commands: &'static str, flags: &'static str, instead: &'static str) -> Foreign {
    Foreign {
        commands,
        flags,
        instead,
    }
}

const RUN: &str = "create run";

#[rustfmt::skip]
const FLAGS: &[Foreign] = &[
    foreign("try", "t tty", "there is a terminal where standard input and output are one"),
    foreign("run", "rm", "the container is deleted at its end anyway (--keep leaves it)"),
    foreign("try", "rm", "everything is deleted at the end anyway (--keep DIR leaves the bundle)"),
    foreign("try", "b bundle cap-add cap-drop cpus device e env hostname m memory mount name net network p privileged u user v volume w",
            "`orlop try --keep DIR` makes a bundle, whose config.json can be changed and run"),
    foreign(RUN, "t tty", "process.terminal in config.json asks for a terminal"),
    foreign("create run try exec", "i interactive", "standard input is passed on anyway"),
    foreign(RUN, "name", "the argument is the name: the container's id"),
    foreign(RUN, "c f file spec", "--bundle names the folder with config.json"),
    foreign(RUN, "mount tmpfs v volume", "mounts in config.json"),
    foreign(RUN, "e env env-file", "process.env in config.json"),
    foreign(RUN, "cwd w workdir", "process.cwd in config.json"),
    foreign(RUN, "additional-gids g group-add u user", "process.user in config.json"),
    foreign(RUN, "entrypoint", "process.args in config.json"),
    foreign(RUN, "hostname", "hostname in config.json"),
    foreign(RUN, "expose net network p publish",
            "linux.namespaces in config.json says which network; a hook or an engine sets a new one up"),
    foreign(RUN, "cgroupns ipc pid userns uts", "linux.namespaces in config.json"),
    foreign(RUN, "cap cap-add cap-drop privileged", "process.capabilities in config.json"),
    foreign(RUN, "security-opt", "linux.seccomp and process.noNewPrivileges in config.json"),
    foreign(RUN, "read-only", "root.readonly in config.json"),
    foreign(RUN, "device", "linux.devices in config.json"),
    foreign(RUN, "ulimit", "process.rlimits in config.json"),
    foreign(RUN, "sysctl", "linux.sysctl in config.json"),
    foreign(RUN, "blkio-weight cpu-period cpu-quota cpu-shares cpus cpuset-cpus cpuset-mems m memory memory-swap pids-limit",
            "linux.resources in config.json"),
    foreign(RUN, "annotation l label", "annotations in config.json"),
    foreign(RUN, "restart", "whoever calls it may call it again"),
    foreign("kill", "s signal", "the signal follows the id: orlop kill ID TERM"),
    foreign("delete start state", "a all", "one container at a time; orlop list --quiet names all"),
    foreign("delete", "v", "everything of the container is removed anyway"),
    foreign("list", "a all", "all containers are listed anyway"),
    foreign("start", "a attach i interactive", "`orlop run` stays with the process"),
    foreign("state features", "f format json", "it is JSON anyway"),
    foreign("check explain", "f format", "--json prints JSON"),
    foreign("spec", "o output", "--bundle names the folder"),
];

/// What does the same as a flag of this name that the command does not have.
pub(super) fn instead(command: &str, flag: &str) -> Option<&'static str> {
    let has = |words: &str, word| words.split(' ').any(|other| other == word);
    let is_meant = |foreign: &&Foreign| has(foreign.commands, command) && has(foreign.flags, flag);
    FLAGS.iter().find(is_meant).map(|foreign| foreign.instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::find;
    use crate::verbs;

    #[test]
    fn no_command_has_a_flag_that_is_said_to_be_foreign_to_it() {
        for foreign in FLAGS {
            assert!(foreign.flags.split(' ').is_sorted(), "{:?}", foreign.flags);
            for name in foreign.commands.split(' ') {
                let command = verbs::command(name).unwrap();
                for flag in foreign.flags.split(' ') {
                    assert!(find(command.flags, flag).is_none(), "{name} --{flag}");
                }
            }
        }
    }
}
