//! `linux.seccomp`: the system call filter.

use crate::plan::Filter;
use crate::plan::compile::Compiler;
use crate::problem::Severity;

impl Compiler<'_> {
    /// Compiles the filter, if the config has one.
    pub(super) fn compile_filter(&mut self) {
        let Some(profile) = self.config.linux.seccomp.as_ref() else {
            return;
        };
        match crate::seccomp::compile(profile, crate::seccomp::Native::CURRENT) {
            Ok(program) => {
                self.problems_of_the_filter(&program);
                self.filter = Some(Filter {
                    program: program.to_bytes(),
                    flags: u64::from(program.flags),
                });
            }
            Err(problems) => self.problems.append(problems),
        }
    }

    /// What is said of a profile that is right: a call that is unknown to us may be one of a newer kernel's, unless
    /// the user takes it for a fault.
    fn problems_of_the_filter(&mut self, program: &crate::seccomp::Program) {
        let is_fault = self.bundle.annotated().fail_unknown_syscall;
        for warning in &program.warnings {
            let mut problem = warning.clone().into_notice();
            if is_fault && program.unknown.contains(&problem.path) {
                problem.severity = Severity::Error;
            }
            self.problems.push(problem);
        }
    }
}
