//! Filesystems' parameters that are longer than the mount API takes: the old call takes them, as long as all together are not longer than a page.

use super::compile::Compiler;
use super::mounts::Options;
use super::steps::c_string;
use crate::JsonPath;
use orlop_init::wire::{LONGEST_DATA, LONGEST_PARAMETER, is_too_long};

impl Compiler<'_> {
    /// Refuses what no call of the kernel's takes.
    pub(crate) fn check_lengths(&mut self, path: &JsonPath, source: &str, options: &Options) {
        let parameters = options.parameters.as_strings();
        let mut places = parameters.iter().zip(&options.parameter_places);
        let long = places.find(|(parameter, _)| is_too_long(parameter));
        if options.is_remount {
            if let Some((_, place)) = long {
                let text = format!("a remount takes at most {LONGEST_PARAMETER} bytes in an option");
                self.problems.error(path.member("options").index(*place as usize), text);
            }
            return;
        }
        if long.is_none() && c_string(source).count_bytes() <= LONGEST_PARAMETER {
            return;
        }
        let together = parameters
            .iter()
            .map(|parameter| parameter.count_bytes() + 1)
            .sum::<usize>();
        if together > LONGEST_DATA + 1 {
            let text = format!(
                "the filesystem's options are {} bytes together; where one of them, or the source, has more than {LONGEST_PARAMETER}, the kernel takes {LONGEST_DATA}",
                together - 1
            );
            self.problems.error(path.member("options"), text);
        }
    }
}
