//! What has passed through the interfaces of a process's network namespace.

use crate::process::Pid;
use crate::stats::NetworkInterface;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The counters of all interfaces; `None` if the process is in the caller's own network namespace, or is gone.
pub(crate) fn interfaces_of(pid: Pid) -> Option<Vec<NetworkInterface>> {
    let namespace = |process: &str| fs::metadata(format!("/proc/{process}/ns/net")).map(|found| found.ino());
    let process = pid.to_string();
    if namespace(&process).ok()? == namespace("self").ok()? {
        return None;
    }
    let text = fs::read_to_string(format!("/proc/{process}/net/dev")).ok()?;
    Some(text.lines().filter_map(interface).collect())
}

/// A line `name: ` with eight numbers of what came and eight of what went (`man 5 proc_pid_net`); the head has no colon.
fn interface(line: &str) -> Option<NetworkInterface> {
    let (name, numbers) = line.rsplit_once(':')?;
    let numbers: Vec<u64> = numbers
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    let number = |index: usize| numbers.get(index).copied().unwrap_or_default();
    Some(NetworkInterface {
        name: name.trim_start().to_owned(),
        rx_bytes: number(0),
        rx_packets: number(1),
        rx_errors: number(2),
        rx_dropped: number(3),
        tx_bytes: number(8),
        tx_packets: number(9),
        tx_errors: number(10),
        tx_dropped: number(11),
    })
}

#[cfg(test)]
mod tests {
    use super::interface;

    #[test]
    fn a_line_is_an_interface() {
        let seen = interface("  eth0:5: 1 2 3 4 0 0 0 0 9 10 11 12 0 0 0 0").unwrap();
        assert_eq!((&*seen.name, seen.rx_bytes, seen.rx_dropped), ("eth0:5", 1, 4));
        assert_eq!(
            (seen.tx_bytes, seen.tx_packets, seen.tx_errors, seen.tx_dropped),
            (9, 10, 11, 12)
        );
        assert_eq!(interface("Inter-|   Receive  |  Transmit"), None);
    }
}
