//! The agent that answers a filter's notifications (runtime-spec: config-linux.md#seccomp, runtime.md#state: the container process state).

use super::console::connect;
use super::message::send;
use crate::store::SeccompAgent;
use crate::{Error, Failure, State, Status};
use rustix::fd::{AsFd, BorrowedFd};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A connection with the agent. It is for one container's process.
pub(crate) struct Agent {
    stream: UnixStream,
    path: PathBuf,
    state: Vec<u8>,
}

/// `ContainerProcessState`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    oci_version: &'a str,
    fds: [&'static str; 1],
    pid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    state: super::hooks::Document<'a>,
}

impl Agent {
    /// Connects with the agent, which will be told of the process `pid` of the container with this state.
    pub(crate) fn connect(agent: &SeccompAgent, state: &State, pid: i32) -> Result<Self, Error> {
        let stream = connect(Path::new(&agent.path)).map_err(|error| {
            let why = format!("failed to connect with seccomp agent {:?}: {error}", agent.path);
            Failure::plain("start the container", why).at("linux.seccomp.listenerPath")
        })?;
        let document = Document {
            oci_version: &state.oci_version,
            fds: ["seccompFd"],
            pid,
            metadata: agent.metadata.as_deref(),
            state: super::hooks::Document::new(state, Status::Created, pid),
        };
        Ok(Self {
            stream,
            path: agent.path.clone().into(),
            state: serde_json::to_vec(&document).unwrap_or_default(),
        })
    }

    /// Gives it the listener. The connection ends with that, as the spec wants it.
    pub(crate) fn hand_over(mut self, listener: BorrowedFd<'_>) -> Result<(), Error> {
        let failed = |error: std::io::Error| {
            Failure::io(
                format!("send the container's state to the seccomp agent {:?}", self.path),
                &error,
            )
            .at("linux.seccomp.listenerPath")
        };
        // In one piece, which agents read by one recvmsg; but a stream may also take a part of it.
        let sent = send(self.stream.as_fd(), &self.state, Some(listener)).map_err(|errno| failed(errno.into()))?;
        let rest = self.state.get(sent..).unwrap_or_default();
        self.stream.write_all(rest).map_err(failed)?;
        Ok(())
    }
}
