//! What holds where rules about devices cannot be applied.

use super::rules::Rules;
use crate::bundle::DeviceRule;
use crate::problem::Problem;

/// Whether anybody misses a container's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RulesLeftOut {
    /// The config has rules, and they deny something.
    deny: bool,
    /// They are those that engines write for every container.
    are_usual: bool,
}

impl RulesLeftOut {
    pub(crate) fn of(rules: &Rules, asked: &[DeviceRule]) -> Self {
        Self {
            deny: !asked.is_empty() && !rules.allow_all(),
            are_usual: asked.is_empty() || rules.are_usual(),
        }
    }

    /// Whether somebody has asked for one that no engine writes by itself.
    pub(crate) fn are_missed(self) -> bool {
        !self.are_usual
    }

    /// What is to be told of that. `may_set_rules`: whether the caller has the right to; whoever does not have it can
    /// neither make nodes nor open what it may not open anyway.
    ///
    /// # Errors
    /// The container would have devices that it was not to have.
    pub(crate) fn told(self, may_set_rules: bool, why: &str) -> Result<Option<Problem>, Problem> {
        const RULES: &str = "linux.resources.devices";
        if may_set_rules {
            if !self.deny {
                return Ok(None);
            }
            return Err(Problem::error(RULES, format!("the rules cannot be applied: {why}")));
        }
        let text = "the caller may not set device rules here, and they are not applied";
        Ok((!self.are_usual).then(|| Problem::warning(RULES, text)))
    }
}
