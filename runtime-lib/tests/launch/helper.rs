//! Processes that stand in for a program that embeds the library: this test program, started once more in a role.

use super::Stage;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "ORLOP_LAUNCH_ROLE";
pub const STAGE: &str = "ORLOP_LAUNCH_STAGE";

impl Stage {
    /// The command of a helper in this role: the file's test `helper`, which otherwise does nothing. What it prints
    /// goes to a file.
    pub fn helper(&self, role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        self.dress(&mut command, role);
        command
    }

    /// The same, with a program and its arguments before it.
    pub fn helper_under(&self, before: &[&str], role: &str) -> Command {
        let mut command = Command::new(before[0]);
        command.args(&before[1..]).arg(std::env::current_exe().unwrap());
        self.dress(&mut command, role);
        command
    }

    fn dress(&self, command: &mut Command, role: &str) {
        let said = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.said())
            .unwrap();
        command
            .args(["--exact", "helper", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(STAGE, &self.dir)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
    }

    /// Runs a helper to its end; it has to succeed.
    #[track_caller]
    pub fn help(&self, mut command: Command) {
        let mut child = command.spawn().unwrap();
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(
            status.success(),
            "{status}: {}",
            std::fs::read_to_string(self.said()).unwrap()
        );
    }

    fn said(&self) -> std::path::PathBuf {
        self.path("helper.txt")
    }
}

/// The role of this process, if it is a helper.
pub fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// The end of a helper that did what it was to do; nothing is unwound, dropped or flushed.
pub fn done() -> ! {
    // SAFETY: it takes a number.
    unsafe { libc::_exit(0) }
}
