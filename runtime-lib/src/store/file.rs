//! Files in a container's folder.

use super::Entry;
use crate::{Error, Failure};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{IoSlice, Write};

impl Entry {
    /// What is in the file `name`; `None` if there is no such file. What is no regular file is not waited on.
    pub(super) fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let attempted = || format!("read {:?}", self.path().join(name));
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match openat(self.folder(), name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(Failure::new(attempted(), errno).into()),
        };
        let status = rustix::fs::fstat(&file).map_err(|errno| Failure::new(attempted(), errno))?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(Failure::plain(attempted(), "it is not a regular file").into());
        }
        let mut text = Vec::with_capacity(usize::try_from(status.st_size).unwrap_or(0) + 1);
        loop {
            // A read that leaves room has come to the end: these files only grow by whole writes.
            match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut text)) {
                Ok(0) => return Ok(Some(text)),
                Ok(_) if text.len() < text.capacity() => return Ok(Some(text)),
                Ok(_) => text.reserve(4096),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::new(attempted(), errno).into()),
            }
        }
    }

    /// Makes a file that is not there yet, for writing.
    pub(super) fn new_file(&self, name: &str) -> Result<File, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::APPEND | OFlags::CLOEXEC;
        openat(self.folder(), name, flags, Mode::from_raw_mode(0o600))
            .map(File::from)
            .map_err(|errno| Failure::new(format!("write {:?}", self.path().join(name)), errno).into())
    }

    /// Writes a file that is not there yet.
    pub(super) fn write_new(&self, name: &str, parts: &[&[u8]]) -> Result<(), Error> {
        let mut file = self.new_file(name)?;
        let failed = |error: std::io::Error| Failure::io(format!("write {:?}", self.path().join(name)), &error);
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let written = file.write_vectored(&slices).map_err(failed)?;
        if written == parts.iter().map(|part| part.len()).sum::<usize>() {
            return Ok(());
        }
        file.write_all(parts.concat().get(written..).unwrap_or_default())
            .map_err(failed)?;
        Ok(())
    }

    /// Replaces a file, whole or not at all.
    pub(super) fn replace_file(&self, name: &str, by_way_of: &str, text: &[u8]) -> Result<(), Error> {
        let path = self.path().join(name);
        let failed = |errno| Failure::new(format!("write {path:?}"), errno);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let make = || openat(self.folder(), by_way_of, flags, Mode::from_raw_mode(0o600));
        let file = match make() {
            // Left by whoever was killed here; and what is no regular file is not written to.
            Err(Errno::EXIST) => unlinkat(self.folder(), by_way_of, AtFlags::empty()).and_then(|()| make()),
            result => result,
        };
        File::from(file.map_err(failed)?)
            .write_all(text)
            .map_err(|error| Failure::io(format!("write {path:?}"), &error))?;
        renameat(self.folder(), by_way_of, self.folder(), name).map_err(failed)?;
        Ok(())
    }
}
