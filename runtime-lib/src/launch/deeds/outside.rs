//! Attributes of init that nobody may set inside its user namespace.

use crate::launch::launching::Launching;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Attribute, Carry, SetAttribute};
use crate::process::{Pid, number_in_proc};
use crate::{Error, Failure, sys};
use orlop_init::step::{Failed, Hint, Member, Phrase};
use orlop_init::wire::Part;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

impl Carry<Launching<'_>> for SetAttribute {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let init = launching.init()?;
        let set = match &self.0 {
            Attribute::OomScore(step) => set_oom_score(number_in_proc(init.pidfd()?, init.pid), step.value),
            Attribute::Limit(step) => sys::set_limit(init.pid.rustix(), step),
            Attribute::Scheduling(step) => sys::set_scheduling(init.pid.rustix(), step),
            Attribute::IoPriority(step) => sys::set_io_priority(init.pid.rustix(), step),
        };
        set.map_err(|errno| self.failure(origin, errno).into())
    }
}

impl SetAttribute {
    /// As init would have told it.
    fn failure(&self, origin: &Origin, errno: Errno) -> Failure {
        let reads = self.0.reads();
        let failed = Failed {
            part: Part::Whole,
            errno: errno.raw_os_error(),
            detail: 0,
            text: "",
        };
        let mut failure = Failure::new(Phrase(reads).to_string(), errno);
        failure.path = origin.path();
        if let Some(Member::Of(name)) = reads.member(&failed) {
            failure.path = failure.path.map(|path| path.member(name));
        }
        match Hint(reads, &failed).to_string() {
            hint if hint.is_empty() => failure,
            hint => failure.hint(hint),
        }
    }
}

fn set_oom_score(pid: Pid, value: i32) -> Result<(), Errno> {
    let path = format!("/proc/{pid}/oom_score_adj");
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, value.to_string().as_bytes()).map(drop)
}
