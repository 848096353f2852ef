//! The calls: by a program in Python, whose gRPC library Debian has.

use std::fs;

use serde_json::Value;

use crate::engines::call::{Call, Outcome};
use crate::engines::lab::Lab;
use crate::engines::place::patience;
use crate::failure::{Failure, wrong};

/// What is used of the interface.
const INTERFACE: &str = include_str!("../../../../engines/cri.proto");
/// One call.
const CALL: &str = include_str!("../../../../engines/cri.py");
/// The other end of an exec or attach.
const STREAM: &str = include_str!("../../../../engines/stream.py");

/// Debian's Python, for which Debian's libraries are.
const PYTHON: &str = "/usr/bin/python3";

/// How long a call may take, in seconds on a host.
const LONGEST: u32 = 60;

/// Who calls.
#[derive(Debug)]
pub(super) struct Client {
    /// The folder of the interface's compiled form and the programs.
    folder: String,
    socket: String,
}

impl Client {
    /// # Errors
    /// [`Failure::Skip`] where the libraries are not installed.
    pub(super) fn new(lab: &Lab, socket: &str) -> Result<Self, Failure> {
        let libraries = Call::new(PYTHON).args(["-c", "import grpc, google.protobuf"]).finish();
        if !libraries.is_ok_and(|outcome| outcome.code == 0) {
            let why = "there is no python3 with grpc and protobuf (python3-grpcio, python3-protobuf)";
            return Err(Failure::Skip(why.to_owned()));
        }
        let folder = lab.make_folder("interface")?;
        for (name, text) in [("cri.proto", INTERFACE), ("cri.py", CALL), ("stream.py", STREAM)] {
            fs::write(format!("{folder}/{name}"), text)?;
        }
        let output = format!("--descriptor_set_out={folder}/cri.pb");
        Call::new("protoc")
            .args(["-I", &folder, &output, "cri.proto"])
            .succeed()?;
        let socket = socket.to_owned();
        Ok(Self { folder, socket })
    }

    fn program(&self, name: &str) -> Call {
        Call::new(PYTHON).args([format!("{}/{name}", self.folder)])
    }

    fn outcome(&self, method: &str, request: &Value) -> Result<Outcome, Failure> {
        self.program("cri.py")
            .args([&format!("{}/cri.pb", self.folder), &self.socket, method])
            .args([patience(LONGEST.into()).as_secs().to_string()])
            .stdin(request.to_string())
            .seconds(LONGEST + 5)
            .finish()
    }

    /// A call that succeeds, and its answer.
    pub(super) fn call(&self, method: &str, request: &Value) -> Result<Value, Failure> {
        let outcome = self.outcome(method, request)?;
        outcome.ended_with(0)?;
        serde_json::from_str(&outcome.out).map_err(|error| Failure::Wrong(format!("{outcome}: {error}")))
    }

    /// A call that is refused, and how: `CODE: text`.
    pub(super) fn refused(&self, method: &str, request: &Value) -> Result<String, Failure> {
        let outcome = self.outcome(method, request)?;
        if outcome.code == 1 && !outcome.err.contains("Traceback") {
            return Ok(outcome.err);
        }
        wrong(format!("{outcome}, wanted a refusal"))
    }

    /// The other end of what `Exec` or `Attach` has answered with.
    pub(super) fn stream(&self, answer: &Value, size: &[&str]) -> Call {
        let url = answer["url"].as_str().unwrap_or_default();
        self.program("stream.py").args([url]).args(size)
    }
}
