//! A pod and its containers.

use std::fs;

use serde_json::{Value, json};

use super::slice::Slice;
use super::{Cri, IMAGE};
use crate::engines::place::patience;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, wrong};

/// A pod that runs; dropped, it is removed with its containers.
#[derive(Debug)]
pub(super) struct Pod<'c> {
    cri: &'c Cri,
    pub(super) id: String,
    config: Value,
    is_gone: bool,
    /// Its cgroup, where systemd makes them; it goes after the pod.
    pub(super) slice: Option<Slice>,
}

impl<'c> Pod<'c> {
    pub(super) fn new(cri: &'c Cri, id: String, config: Value, slice: Option<Slice>) -> Self {
        Self {
            cri,
            id,
            config,
            is_gone: false,
            slice,
        }
    }

    fn request(&self) -> Value {
        json!({"pod_sandbox_id": self.id})
    }

    /// What the engine says about it.
    pub(super) fn status(&self) -> Result<Value, Failure> {
        let answer = self.cri.client.call("PodSandboxStatus", &self.request())?;
        Ok(answer["status"].clone())
    }

    /// Its address in the pods' network.
    pub(super) fn address(&self) -> Result<String, Failure> {
        let status = self.status()?;
        match status["network"]["ip"].as_str() {
            Some(address) if !address.is_empty() => Ok(address.to_owned()),
            _ => wrong(format!("no address: {status}")),
        }
    }

    /// Ends it and all of its containers.
    pub(super) fn stop(&self) -> Verdict {
        self.cri.client.call("StopPodSandbox", &self.request()).map(drop)
    }

    /// Ends and removes it.
    pub(super) fn remove(mut self) -> Verdict {
        self.is_gone = true;
        self.stop()?;
        self.cri.client.call("RemovePodSandbox", &self.request()).map(drop)
    }

    fn creation(&self, name: &str, command: &[&str], change: impl FnOnce(&mut Value)) -> Value {
        let mut config = json!({
            "metadata": {"name": name},
            "image": {"image": IMAGE},
            "command": command,
            "log_path": format!("{name}.log"),
            "linux": {
                "resources": {},
                "security_context": {"namespace_options": self.config["linux"]["security_context"]["namespace_options"]},
            },
        });
        change(&mut config);
        json!({"pod_sandbox_id": self.id, "config": config, "sandbox_config": self.config})
    }

    /// A container that is created and not started; the change is for its config.
    pub(super) fn create(
        &self,
        name: &str,
        command: &[&str],
        change: impl FnOnce(&mut Value),
    ) -> Result<Container<'c>, Failure> {
        let request = self.creation(name, command, change);
        let answer = self.cri.client.call("CreateContainer", &request)?;
        let logs = self.config["log_directory"].as_str().unwrap_or_default();
        match answer["container_id"].as_str() {
            Some(id) => Ok(Container {
                cri: self.cri,
                id: id.to_owned(),
                log: format!("{logs}/{name}.log"),
            }),
            None => wrong(format!("CreateContainer: {answer}")),
        }
    }

    /// A container that is started.
    pub(super) fn run(
        &self,
        name: &str,
        command: &[&str],
        change: impl FnOnce(&mut Value),
    ) -> Result<Container<'c>, Failure> {
        let container = self.create(name, command, change)?;
        container.start()?;
        Ok(container)
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        if !self.is_gone {
            let _ = self.stop();
            let _ = self.cri.client.call("RemovePodSandbox", &self.request());
        }
    }
}

/// A container of a pod, with which it is removed.
#[derive(Debug)]
pub(super) struct Container<'c> {
    cri: &'c Cri,
    pub(super) id: String,
    /// Where its log is.
    pub(super) log: String,
}

impl Container<'_> {
    pub(super) fn request(&self) -> Value {
        json!({"container_id": self.id})
    }

    pub(super) fn start(&self) -> Verdict {
        self.cri.client.call("StartContainer", &self.request()).map(drop)
    }

    /// What the engine says about it.
    pub(super) fn status(&self) -> Result<Value, Failure> {
        let answer = self.cri.client.call("ContainerStatus", &self.request())?;
        Ok(answer["status"].clone())
    }

    /// Waits until it has ended, and returns what the engine says about it then.
    pub(super) fn ended(&self) -> Result<Value, Failure> {
        let mut last = Value::Null;
        in_time("the end of the container", 20, || {
            last = self.status()?;
            Ok((last["state"] == "CONTAINER_EXITED", last.to_string()))
        })?;
        Ok(last)
    }

    /// Asks it to end, and ends it after so many seconds.
    pub(super) fn stop(&self, seconds: u64) -> Verdict {
        let request = json!({"container_id": self.id, "timeout": seconds});
        self.cri.client.call("StopContainer", &request).map(drop)
    }

    pub(super) fn remove(&self) -> Verdict {
        self.cri.client.call("RemoveContainer", &self.request()).map(drop)
    }

    /// The answer of `ExecSync`.
    pub(super) fn exec(&self, command: &[&str]) -> Result<Value, Failure> {
        let request = json!({"container_id": self.id, "cmd": command, "timeout": patience(20).as_secs()});
        self.cri.client.call("ExecSync", &request)
    }

    /// What a shell writes in it, which must succeed.
    pub(super) fn says(&self, script: &str) -> Result<String, Failure> {
        let answer = self.exec(&["sh", "-c", script])?;
        match answer["stdout"].as_str() {
            Some(text) if answer["exit_code"] == 0 => Ok(text.trim_end().to_owned()),
            _ => wrong(format!("{script}: {answer}")),
        }
    }

    /// The lines of its log: stream, whether it is the end of a line, and text.
    pub(super) fn log_lines(&self) -> Result<Vec<(String, bool, String)>, Failure> {
        let text = fs::read_to_string(&self.log)?;
        let mut lines = Vec::new();
        for line in text.lines() {
            // When, in which stream, and the full line or a part of it.
            let parts: Vec<&str> = line.splitn(4, ' ').collect();
            match parts[..] {
                [when, stream, tag @ ("F" | "P"), text] if when.contains('T') => {
                    lines.push((stream.to_owned(), tag == "F", text.to_owned()));
                }
                _ => return wrong(format!("no line of a log: {line:?}")),
            }
        }
        Ok(lines)
    }

    /// What it wrote, as far as it is in the log.
    pub(super) fn log_text(&self) -> Result<String, Failure> {
        let lines = self.log_lines()?;
        Ok(lines
            .into_iter()
            .map(|(_, is_full, text)| if is_full { text + "\n" } else { text })
            .collect())
    }
}
