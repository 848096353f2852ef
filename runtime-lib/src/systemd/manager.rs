//! systemd's manager object: units are started, changed and stopped by it (`man 5 org.freedesktop.systemd1`).

use super::dbus::{Call, CallFault, Connection, Deadline, Malformed, Message, Writer};
use super::{About, Bus, Started};
use crate::Failure;
use crate::bundle::UnitProperty;
use std::time::Duration;

/// systemd, as long as the connection holds.
#[derive(Debug)]
pub(crate) struct Systemd {
    bus: Bus,
    connection: Connection,
    /// No bus is in between.
    is_direct: bool,
}

/// So long a job may take: systemd does it after what it is at.
const FOR_A_JOB: Duration = Duration::from_secs(20);

const SERVICE: &str = "org.freedesktop.systemd1";
const OBJECT: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";

const EXISTS: &str = "org.freedesktop.systemd1.UnitExists";
const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";

/// The end of a job, of whichever unit.
const JOB_REMOVED: &str = "JobRemoved";
const ENDS_OF_JOBS: &str = "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
                            interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

impl Systemd {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there, or nobody answers.
    pub(crate) fn connect(bus: Bus) -> Result<Self, Failure> {
        let (connection, is_direct) = bus.connect()?;
        let mut systemd = Self {
            bus,
            connection,
            is_direct,
        };
        if !is_direct {
            systemd.of_the_bus("Hello", "", Writer::default())?;
        }
        Ok(systemd)
    }

    /// What a plan has to know of it.
    pub(crate) fn about(&mut self) -> Result<About, Failure> {
        let text = self.property(OBJECT, MANAGER, "Version")?;
        let version = version_of(&text).ok_or_else(|| {
            let attempted = format!("learn systemd's version over {}", self.connection.address());
            Failure::plain(attempted, format!("it says {text:?}"))
        })?;
        let root = self.property(OBJECT, MANAGER, "ControlGroup")?;
        Ok(About {
            bus: self.bus,
            version,
            root,
        })
    }

    /// Starts a unit that is not there yet, and waits for the end of its job. What is left of a failed one of that name
    /// is forgotten first.
    ///
    /// # Errors
    /// There is no such unit for sure, or there is and it is not ours.
    pub(crate) fn start(&mut self, unit: &str, properties: &[UnitProperty]) -> Result<Started, Failure> {
        self.listen_for_jobs()?;
        for is_again in [false, true] {
            let fault = match self.start_once(unit, properties) {
                Ok(started) => return Ok(started),
                Err(fault) => fault,
            };
            if !fault.is(EXISTS) {
                return match fault {
                    CallFault::Refused { failure, .. } => Err(failure),
                    CallFault::Lost(failure) => Ok(Started::Unknown(failure)),
                };
            }
            match self.state(unit)?.as_deref() {
                None | Some("failed" | "inactive") if !is_again => self.reset_failed(unit)?,
                Some(state) => return Ok(Started::Taken(state.to_owned())),
                None => return Err(fault.into()),
            }
        }
        Ok(Started::Taken("there again and again".to_owned()))
    }

    fn listen_for_jobs(&mut self) -> Result<(), Failure> {
        if !self.is_direct {
            let mut rule = Writer::default();
            rule.string(ENDS_OF_JOBS);
            self.of_the_bus("AddMatch", "s", rule)?;
        }
        self.manager("Subscribe", "", Writer::default(), |_| ())?;
        Ok(())
    }

    fn start_once(&mut self, unit: &str, properties: &[UnitProperty]) -> Result<Started, CallFault> {
        let mut body = Writer::default();
        body.string(unit);
        body.string("fail");
        body.properties(properties);
        // Units beside it: none.
        body.array(8, |_| ());
        let mut ended = Vec::new();
        let answer = self.manager("StartTransientUnit", "ssa(sv)a(sa(sv))", body, |signal| {
            ended.extend(end_of_job(signal));
        })?;
        let job = answer.read("o", |reader| reader.string().map(ToOwned::to_owned));
        let job = match job {
            Ok(job) => job,
            Err(malformed) => return Ok(Started::Unknown(self.nonsense("StartTransientUnit", malformed))),
        };
        Ok(match self.end_of(&job, unit, ended) {
            Ok(()) => Started::Done,
            Err(failure) => Started::Unknown(failure),
        })
    }

    /// Waits for the end of a job, which may have been told already.
    fn end_of(&mut self, job: &str, unit: &str, ended: Vec<(String, String)>) -> Result<(), Failure> {
        let attempted = format!("start the unit {unit:?} by systemd over {}", self.connection.address());
        let deadline = Deadline::after(FOR_A_JOB);
        let mut ended = ended.into_iter();
        loop {
            let (ended, result) = match ended.next() {
                Some(end) => end,
                None => match end_of_job(&self.connection.signal(&attempted, &deadline)?) {
                    Some(end) => end,
                    None => continue,
                },
            };
            if ended == job {
                return match result.as_str() {
                    "done" => Ok(()),
                    result => Err(Failure::plain(attempted, format!("its job ended as {result:?}"))),
                };
            }
        }
    }

    /// Gives a unit these properties, as long as it lives. They are in its files when this returns.
    pub(crate) fn set_properties(&mut self, unit: &str, properties: &[UnitProperty]) -> Result<(), Failure> {
        let mut body = Writer::default();
        body.string(unit);
        body.boolean(true);
        body.properties(properties);
        self.manager("SetUnitProperties", "sba(sv)", body, |_| ())?;
        // It writes them to the unit's files after it has answered, and before it answers anything else.
        self.property(OBJECT, MANAGER, "Version").map(drop)
    }

    /// Has a unit stopped; what is not there is stopped. Does not wait for it.
    pub(crate) fn stop(&mut self, unit: &str) -> Result<(), Failure> {
        let mut body = Writer::default();
        body.string(unit);
        body.string("replace");
        self.unless_gone("StopUnit", "ss", body)
    }

    /// Has systemd forget that a unit failed, and with that the unit.
    pub(crate) fn reset_failed(&mut self, unit: &str) -> Result<(), Failure> {
        let mut body = Writer::default();
        body.string(unit);
        self.unless_gone("ResetFailedUnit", "s", body)
    }

    fn unless_gone(&mut self, method: &str, signature: &str, body: Writer) -> Result<(), Failure> {
        match self.manager(method, signature, body, |_| ()) {
            Ok(_) => Ok(()),
            Err(fault) if fault.is(NO_SUCH_UNIT) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// A unit's state; none where systemd knows none of that name.
    pub(crate) fn state(&mut self, unit: &str) -> Result<Option<String>, Failure> {
        let mut body = Writer::default();
        body.string(unit);
        let answer = match self.manager("GetUnit", "s", body, |_| ()) {
            Ok(answer) => answer,
            Err(fault) if fault.is(NO_SUCH_UNIT) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let path = answer.read("o", |reader| reader.string().map(ToOwned::to_owned));
        let path = path.map_err(|malformed| self.nonsense("GetUnit", malformed))?;
        self.property(&path, UNIT, "ActiveState").map(Some)
    }

    /// A property of an object that is a string.
    fn property(&mut self, path: &str, interface: &str, name: &str) -> Result<String, Failure> {
        let call = Call {
            destination: SERVICE,
            path,
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            signature: "ss",
        };
        let mut body = Writer::default();
        body.string(interface);
        body.string(name);
        let answer = self.connection.call(&call, body.into_bytes(), |_| ())?;
        let value = answer.read("v", |reader| reader.variant_string().map(ToOwned::to_owned));
        value.map_err(|malformed| self.nonsense(name, malformed))
    }

    fn manager(
        &mut self,
        member: &str,
        signature: &str,
        body: Writer,
        passes: impl FnMut(&Message),
    ) -> Result<Message, CallFault> {
        let call = Call {
            destination: SERVICE,
            path: OBJECT,
            interface: MANAGER,
            member,
            signature,
        };
        self.connection.call(&call, body.into_bytes(), passes)
    }

    fn of_the_bus(&mut self, member: &str, signature: &str, body: Writer) -> Result<(), Failure> {
        let call = Call {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member,
            signature,
        };
        self.connection.call(&call, body.into_bytes(), |_| ())?;
        Ok(())
    }

    fn nonsense(&self, asked: &str, Malformed(what): Malformed) -> Failure {
        let attempted = format!("understand the answer about {asked} over {}", self.connection.address());
        Failure::plain(attempted, format!("it has {what}"))
    }
}

/// The job whose end a signal tells, and how it ended.
fn end_of_job(signal: &Message) -> Option<(String, String)> {
    let is_such = signal.interface.as_deref() == Some(MANAGER) && signal.member.as_deref() == Some(JOB_REMOVED);
    if !is_such {
        return None;
    }
    let read = signal.read("uoss", |reader| {
        reader.number()?;
        let job = reader.string()?.to_owned();
        reader.string()?;
        Ok((job, reader.string()?.to_owned()))
    });
    read.ok()
}

/// The number in `252 (252.39-1~deb12u2)`, `v255` or `257~rc1`.
fn version_of(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = digits.find(|letter: char| !letter.is_ascii_digit());
    digits.get(..end.unwrap_or(digits.len()))?.parse().ok()
}

#[cfg(test)]
mod tests;
