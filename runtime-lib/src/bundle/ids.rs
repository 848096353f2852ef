//! Mappings of user and group ids (man 7 user_namespaces).

object! {
    /// A range of ids in the container, and those that they are on the host.
    #[derive(Copy)]
    pub struct IdMapping {
        /// The first id in the container.
        container_id: u32 = "containerID",
        /// The first id on the host.
        host_id: u32 = "hostID",
        /// How many.
        size: u32 = "size",
    }
}

impl IdMapping {
    /// Who an id of the container's is on the host, by these mappings.
    pub(crate) fn on_host(mappings: &[Self], id: u32) -> Option<u32> {
        mappings.iter().find_map(|mapping| {
            let offset = id.checked_sub(mapping.container_id)?;
            (offset < mapping.size).then(|| mapping.host_id.checked_add(offset))?
        })
    }

    /// The mappings that lines like those of [`Self::line`] have, however the kernel spaces them.
    pub(crate) fn of_lines(lines: &str) -> Vec<Self> {
        let mappings = lines.lines().filter_map(|line| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(Self {
                container_id: next()?,
                host_id: next()?,
                size: next()?,
            })
        });
        mappings.collect()
    }

    /// As a line of `/proc/PID/uid_map` has it (`man 7 user_namespaces`).
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.container_id, self.host_id, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_looked_up_in_all_ranges() {
        let mappings = IdMapping::of_lines("         0       1000          1\n 1 100000 65535\n100000 4294967290 10\n");
        for (inside, on_host) in [
            (0, Some(1000)),
            (1, Some(100_000)),
            (65_535, Some(165_534)),
            (65_536, None),
            (100_005, Some(u32::MAX)),
            (100_006, None),
        ] {
            assert_eq!(IdMapping::on_host(&mappings, inside), on_host, "{inside}");
        }
        assert_eq!(IdMapping::of_lines("x y z\n1 2\n"), []);
    }
}
