//! What the agent that answers a filter's notifications is told (runtime-spec: config-linux.md#seccomp,
//! runtime.md#state: the container process state).

use crate::launch::hooks::Document;
use crate::launch::launching::Launching;
use crate::launch::{broken, image};
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, TellAgent};
use crate::state::Status;
use crate::{Error, Failure};

/// `ContainerProcessState`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessState<'a> {
    oci_version: &'a str,
    fds: [&'static str; 1],
    pid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    state: Document<'a>,
}

impl Carry<Launching<'_>> for TellAgent {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let pid = launching.init()?.pid;
        let (plan, about) = (launching.plan, &launching.plan.about);
        let state = ProcessState {
            oci_version: &about.oci_version,
            fds: ["seccompFd"],
            pid: pid.get(),
            metadata: self.metadata.as_deref(),
            // That of the container, whose init a further process is not.
            state: match launching.joined() {
                Ok(joined) => Document::new(plan.id(), about, Status::Running, Some(joined.pid)),
                Err(_) => Document::new(plan.id(), about, Status::Created, Some(pid)),
            },
        };
        let text = serde_json::to_vec(&state)
            .map_err(|error| Failure::plain("write what the seccomp agent is told", error.to_string()))?;
        let file = launching.inherited.get(self.state.0 as usize).and_then(Option::as_ref);
        image::fill_and_seal(file.ok_or_else(|| broken("an agent without a file"))?, &[&text])
    }
}
