//! What the spec has and this runtime does not yet: refused with its path, never dropped.

use super::compile::Compiler;

impl Compiler<'_> {
    pub(crate) fn refuse_what_is_not_built(&mut self) {
        let linux = &self.config.linux;
        let refused = [
            ("linux.intelRdt", linux.intel_rdt.is_some(), "Intel RDT is"),
        ];
        for (path, is_set, what) in refused {
            if is_set {
                self.problems.error(path, format!("{what} not built yet"));
            }
        }
    }
}
