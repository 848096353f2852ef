//! How far a plan has come, for whoever traces it.

use crate::plan::acts::{Acts, What};
use crate::plan::deeds::Deed;
use crate::plan::explained;
use crate::trace::Trace;

/// How far the acts of a creation have come.
pub(super) struct Progress<'a> {
    trace: &'a Trace,
    acts: &'a Acts,
    /// So many acts have been told of.
    told: usize,
}

impl<'a> Progress<'a> {
    pub(super) fn new(trace: &'a Trace, acts: &'a Acts) -> Self {
        Self { trace, acts, told: 0 }
    }

    /// A deed is begun: what stands before it in the list is done.
    pub(super) fn begin(&mut self, deed: &Deed) {
        self.tell_to(
            |what, _| matches!(what, What::Deed(other) if std::ptr::eq(*other, deed)),
            true,
        );
    }

    /// Init has failed at the step of this number.
    pub(super) fn fail_at(&mut self, step: usize) {
        self.tell_to(|what, steps| matches!(what, What::Step(_)) && steps == step, false);
    }

    /// The creation is done.
    pub(super) fn end(&mut self) {
        self.tell_to(|_, _| false, true);
    }

    /// Tells of the acts of the creation up to the one that is looked for; of that as well, if it is `included`.
    fn tell_to(&mut self, is_last: impl Fn(&What<'_>, usize) -> bool, included: bool) {
        if !self.trace.is_on() {
            return;
        }
        let (mut at, mut steps) = (0, 0);
        for act in self.acts.iter().take_while(|act| act.phase.is_of_making()) {
            let is_last = is_last(&act.what, steps);
            if is_last && !included {
                break;
            }
            if at >= self.told {
                explained(&act).iter().for_each(|line| self.trace.tell(line));
            }
            at += 1;
            steps += usize::from(matches!(act.what, What::Step(_)));
            if is_last {
                break;
            }
        }
        self.told = self.told.max(at);
    }
}
