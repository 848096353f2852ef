//! The file that the caller wants init's pid in.

use crate::process::Pid;
use crate::{Error, Failure};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Decimal, no newline, and never seen half-written.
pub(crate) fn write_pid_file(path: &Path, pid: Pid) -> Result<(), Error> {
    let failed = |error: std::io::Error| Failure::io(format!("write the pid file {path:?}"), &error);
    let name = path
        .file_name()
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    // A name that nobody else has: what is there already is not ours to remove, and a link would be followed.
    let new = path.with_file_name(format!(".{}.{pid}.orlop", name.to_string_lossy()));
    let attempt = || -> std::io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o644).open(&new)?;
        file.write_all(pid.to_string().as_bytes())?;
        std::fs::rename(&new, path)
    };
    attempt().map_err(|error| {
        let _ = std::fs::remove_file(&new);
        failed(error).into()
    })
}
