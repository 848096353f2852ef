//! Names and parameters of the kernel's that belong to the container's namespaces.

use super::acts::{Origin, c_string};
use super::compile::Compiler;
use crate::problem::JsonPath;
use orlop_init::step::kernel::{Domainname, Hostname, Sysctl};

impl Compiler<'_> {
    pub(crate) fn names_and_parameters(&mut self) {
        if let Some(name) = &self.config.hostname {
            let name = &c_string(name);
            self.step(&Hostname { name }, Origin::Member("hostname"));
        }
        if let Some(name) = &self.config.domainname {
            let name = &c_string(name);
            self.step(&Domainname { name }, Origin::Member("domainname"));
        }
        for (name, value) in &self.config.linux.sysctl {
            let step = Sysctl {
                path: &c_string(&crate::bundle::sysctl_file(name).unwrap_or_default()),
                value: &c_string(value),
            };
            let origin = JsonPath::from("linux.sysctl").member(name);
            self.step(&step, Origin::Named(origin));
        }
        self.oom_score();
    }
}
