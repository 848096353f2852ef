//! Looks at other processes through their files of /proc as they come and go, and tries what a hostile one would.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Watches until a file is there: for each process that has not this program yet, what could be seen of it, each once.
pub(crate) fn watch(until: &str) -> io::Result<Vec<String>> {
    let own = std::process::id();
    let end = Instant::now() + Duration::from_secs(300);
    let mut found = BTreeSet::new();
    while !Path::new(until).exists() && Instant::now() < end {
        for entry in fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // The first process has the container's program, and this one as well.
            if pid != own && pid != 1 {
                look_at(&entry.path(), &mut found);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn look_at(process: &Path, found: &mut BTreeSet<String>) {
    let name = || fs::read_to_string(process.join("comm")).unwrap_or_default();
    let before = name();
    if before.trim() == "probe" || before.is_empty() {
        return;
    }
    let mut seen = Vec::new();
    seen.push("seen".to_owned());
    let mut note = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            seen.push(format!("{what} {value}"));
        }
    };
    let link = |path: PathBuf| fs::read_link(path).ok().map(|path| path.to_string_lossy().into_owned());
    for place in ["root", "cwd"] {
        note(place, link(process.join(place)));
        let shell = process.join(place).join("bin/sh");
        note(
            place,
            fs::metadata(&shell)
                .ok()
                .map(|_| "leads to the host's files".to_owned()),
        );
    }
    note("exe", link(process.join("exe")));
    note(
        "environ",
        read(&process.join("environ")).filter(|text| !text.is_empty()),
    );
    note("maps", read(&process.join("maps")).map(|_| "can be read".to_owned()));
    let mem = OpenOptions::new().read(true).write(true).open(process.join("mem"));
    note("mem", mem.ok().map(|_| "can be written".to_owned()));
    let writable = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_CLOEXEC)
        .open(process.join("exe"));
    note("exe", writable.ok().map(|_| "can be written".to_owned()));
    for entry in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
        let number = entry.file_name().to_string_lossy().into_owned();
        if !["0", "1", "2"].contains(&number.as_str()) {
            note("descriptor", link(entry.path()));
        }
    }
    let status = read(&process.join("status")).unwrap_or_default();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    note("capabilities", line("CapPrm"));
    note("filter", line("Seccomp:"));
    // What was seen may be the program's that was executed meanwhile.
    if name() == before {
        found.extend(seen);
    }
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(1 << 16).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
