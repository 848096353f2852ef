//! What is written down of mounts that are added to a container that exists, and taken off it.

use crate::launch::broken;
use crate::launch::launching::Launching;
use crate::plan::AddedMount;
use crate::plan::acts::Origin;
use crate::plan::deeds::{Carry, ForgetMounts, RecordMount};
use crate::store::{Entry, StateRecord};
use crate::{Error, Failure, Problem};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, StatxFlags, statx};
use rustix::io::Errno;

impl Carry<Launching<'_>> for RecordMount {
    fn carry_out(&self, _: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let mount = launching
            .offer
            .file
            .take()
            .ok_or_else(|| broken("no mount to write down"))?;
        let added = known_by(&mount, self.destination.clone()).map_err(|errno| {
            let attempted = format!("find out which mount it is that gets its place on {}", self.destination);
            Failure::new(attempted, errno)
        })?;
        change(launching.entry, |record| record.added_mounts.push(added))
    }
}

impl Carry<Launching<'_>> for ForgetMounts {
    fn carry_out(&self, origin: &Origin, launching: &mut Launching<'_>) -> Result<(), Error> {
        let told = &launching.offer.text;
        let gone: usize = told
            .parse()
            .map_err(|_| broken(&format!("{told:?} for a number of mounts")))?;
        // Those that are gone, and the one after them that was taken off.
        let off = self.mounts.iter().take(gone.saturating_add(1));
        change(launching.entry, |record| {
            record.added_mounts.retain(|added| !off.clone().any(|off| off == added));
        })?;
        if gone >= self.mounts.len() {
            let path = origin.path().unwrap_or_default().member("destination");
            let text = "what was added there is not mounted any more";
            launching.warnings.push(Problem::warning(path, text));
        }
        Ok(())
    }
}

/// What a mount is known by, from a descriptor of its root.
fn known_by(mount: &OwnedFd, destination: String) -> Result<AddedMount, Errno> {
    // Linux 6.8; rustix has no name for it.
    let unique = StatxFlags::from_bits_retain(0x4000);
    let ask = |flags| statx(mount, c"", AtFlags::EMPTY_PATH, flags);
    let told = ask(StatxFlags::MNT_ID | StatxFlags::INO)?;
    let with_unique = ask(unique)?;
    let has_unique = StatxFlags::from_bits_retain(with_unique.stx_mask).contains(unique);
    Ok(AddedMount {
        destination,
        id: told.stx_mnt_id,
        unique_id: has_unique.then_some(with_unique.stx_mnt_id),
        device: (told.stx_dev_major, told.stx_dev_minor),
        inode: told.stx_ino,
    })
}

/// Changes the record of a container that the caller has locked.
fn change(entry: &Entry, by: impl FnOnce(&mut StateRecord)) -> Result<(), Error> {
    let mut record = entry
        .read_state()?
        .ok_or_else(|| broken("a container without a record"))?;
    by(&mut record);
    entry.write_state(&record)
}
