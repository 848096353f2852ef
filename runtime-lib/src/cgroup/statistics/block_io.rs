//! Block devices: v2's `io.stat`; v1's files of bfq, or else of the throttles (Linux: cgroup-v1/blkio-controller.rst).

use super::Files;
use super::fields::words;
use crate::stats::{BlockIo, BlockIoEntry};

pub(super) fn block_io(files: &Files) -> Option<BlockIo> {
    if files.is_v2() {
        let text = files.text("io.stat")?;
        return Some(BlockIo {
            psi: files.pressure("io.pressure"),
            ..v2(&text)
        });
    }
    let list = |file: &str| files.text(file).map(|text| v1(&text)).unwrap_or_default();
    let bfq = |name: &str| list(&format!("blkio.bfq.{name}_recursive"));
    let by_bfq = bfq("io_serviced");
    if !by_bfq.is_empty() {
        return Some(BlockIo {
            io_service_bytes_recursive: bfq("io_service_bytes"),
            io_serviced_recursive: by_bfq,
            io_queue_recursive: bfq("io_queued"),
            io_service_time_recursive: bfq("io_service_time"),
            io_wait_time_recursive: bfq("io_wait_time"),
            io_merged_recursive: bfq("io_merged"),
            io_time_recursive: bfq("time"),
            sectors_recursive: bfq("sectors"),
            psi: None,
        });
    }
    Some(BlockIo {
        io_service_bytes_recursive: list("blkio.throttle.io_service_bytes_recursive"),
        io_serviced_recursive: list("blkio.throttle.io_serviced_recursive"),
        ..BlockIo::default()
    })
}

/// Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`.
fn v2(text: &str) -> BlockIo {
    let mut io = BlockIo::default();
    for line in text.lines() {
        let mut words = words(line);
        let Some((major, minor)) = words.next().and_then(device) else {
            continue;
        };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let (list, op) = match key {
                "rbytes" => (&mut io.io_service_bytes_recursive, "Read"),
                "wbytes" => (&mut io.io_service_bytes_recursive, "Write"),
                "dbytes" => (&mut io.io_service_bytes_recursive, "Discard"),
                "rios" => (&mut io.io_serviced_recursive, "Read"),
                "wios" => (&mut io.io_serviced_recursive, "Write"),
                "dios" => (&mut io.io_serviced_recursive, "Discard"),
                _ => continue,
            };
            list.push(BlockIoEntry {
                major,
                minor,
                op: op.to_owned(),
                value: value.parse().unwrap_or_default(),
            });
        }
    }
    io
}

/// Lines `8:0 Read 4096` or `8:0 4096`; the sum of all devices at the end is left out.
fn v1(text: &str) -> Vec<BlockIoEntry> {
    let entry = |line: &str| {
        let mut words = words(line);
        let (major, minor) = device(words.next()?)?;
        let second = words.next()?;
        let (op, value) = match words.next() {
            Some(value) => (second, value),
            None => ("", second),
        };
        Some(BlockIoEntry {
            major,
            minor,
            op: op.to_owned(),
            value: value.parse().ok()?,
        })
    };
    text.lines().filter_map(entry).collect()
}

fn device(word: &str) -> Option<(u64, u64)> {
    let (major, minor) = word.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &[BlockIoEntry]) -> Vec<String> {
        let line = |one: &BlockIoEntry| format!("{}:{} {} {}", one.major, one.minor, one.op, one.value);
        list.iter().map(line).collect()
    }

    #[test]
    fn each_version_is_read() {
        let io = v2("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0 cost.usage=9\n7:1 \nx rbytes=1\n");
        assert_eq!(
            shown(&io.io_service_bytes_recursive),
            ["8:0 Read 1", "8:0 Write 2", "8:0 Discard 0"]
        );
        assert_eq!(shown(&io.io_serviced_recursive)[..2], ["8:0 Read 3", "8:0 Write 4"]);
        assert_eq!(
            shown(&v1("8:0 Read 4096\n8:0 Total 4096\n8:16 7\nTotal 4096\n")),
            ["8:0 Read 4096", "8:0 Total 4096", "8:16  7"]
        );
    }
}
