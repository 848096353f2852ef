//! Hooks (runtime-spec: config.md#posix-platform-hooks).

use super::text::Text;

object! {
    /// What is run beside the container, each kind at its moment and in the given order.
    #[derive(Default)]
    pub struct Hooks {
        /// Deprecated; as `createRuntime`, and before it.
        prestart: Vec<Hook> = "prestart",
        /// After the namespaces are made, before the root is changed; in the runtime's namespaces.
        create_runtime: Vec<Hook> = "createRuntime",
        /// The same moment, in the container's namespaces, with the host's program.
        create_container: Vec<Hook> = "createContainer",
        /// On start, before the user's program; in the container.
        start_container: Vec<Hook> = "startContainer",
        /// After the user's program was started; in the runtime's namespaces.
        poststart: Vec<Hook> = "poststart",
        /// After the container was deleted; in the runtime's namespaces.
        poststop: Vec<Hook> = "poststop",
    }
}

object! {
    /// A program to run.
    pub struct Hook {
        /// The program; absolute.
        path: Text = "path",
        /// Its arguments, with its name (`argv[0]`) first.
        args: Vec<Text> = "args",
        /// Its environment, `NAME=value` each. Unset is the runtime's own, or the process's for `startContainer`.
        env: Option<Vec<Text>> = "env",
        /// Seconds after which it is stopped; more than 0.
        timeout: Option<i64> = "timeout",
    }
}

impl Hooks {
    /// All kinds, by their names in the config, in the order of a container's life.
    pub fn kinds(&self) -> [(&'static str, &[Hook]); 6] {
        [
            ("prestart", &self.prestart),
            ("createRuntime", &self.create_runtime),
            ("createContainer", &self.create_container),
            ("startContainer", &self.start_container),
            ("poststart", &self.poststart),
            ("poststop", &self.poststop),
        ]
    }
}
