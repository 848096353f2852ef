//! What is done, told while it is done.

use crate::plan::ExplainedAct;
use crate::problem::JsonPath;
use std::fmt;
use std::sync::Arc;

/// Somebody who hears, in their order, of the acts of a container as they are done: each deed of the runtime when it is
/// begun, and the steps of init when the runtime learns that they are done, which is at its next turn. Given to a
/// [`Runtime`](crate::Runtime) by [`Runtime::traced`](crate::Runtime::traced). Without one, nothing is put into words.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Hears>>);

type Hears = dyn Fn(&ExplainedAct) + Send + Sync;

impl Trace {
    /// One that calls this function, on the thread that creates, starts, kills or deletes. It should not take long:
    /// the container waits for it.
    pub fn new(hears: impl Fn(&ExplainedAct) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hears)))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn tell(&self, act: &ExplainedAct) {
        if let Some(hears) = &self.0 {
            hears(act);
        }
    }

    /// Tells of things that the runtime does in a phase.
    pub(crate) fn deed(&self, phase: &'static str, lines: impl FnOnce() -> Vec<String>) {
        if self.is_on() {
            lines().into_iter().for_each(|text| self.line(phase, text, None));
        }
    }

    /// Tells of the hooks of a list that the runtime runs, one after the other.
    pub(crate) fn hook(&self, phase: &'static str, kind: &str, index: usize, path: &str) {
        if self.is_on() {
            let place = JsonPath::new(format!("hooks.{kind}[{index}]"));
            self.line(phase, format!("run the hook {path:?} on the host"), Some(place));
        }
    }

    fn line(&self, phase: &'static str, text: String, path: Option<JsonPath>) {
        self.tell(&ExplainedAct {
            phase,
            by: "runtime",
            place: None,
            text,
            path,
        });
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_on() { "Trace(on)" } else { "Trace(off)" })
    }
}
