//! What a cgroup's files say about what is used. v1 and v2 are told apart by controller.

mod block_io;
#[cfg(test)]
mod by_cgroups_rs;
mod cpu;
mod cpuset;
pub(super) mod fields;
mod huge_pages;
mod memory;

use super::directory::Directory;
use super::{Cgroup, processes};
use crate::error::{Error, Failure};
use crate::host::CgroupVersion;
use crate::stats::{Pids, Pressure, PressureAverages, Stats};
use fields::{number_or_max, words};
use rustix::io::Errno;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

impl Cgroup {
    /// Everything but the network's. A controller that the cgroup does not have is left out.
    ///
    /// # Errors
    /// A file that cannot be read, other than one that this kernel does not have.
    pub(crate) fn statistics(&self) -> Result<Stats, Error> {
        let mut stats = Stats::default();
        let cgroup = Directories::of(self);
        if let Some(files) = cgroup.files("cpu")? {
            stats.cpu = cpu::cpu(&files, cgroup.files("cpuacct")?.as_ref());
            files.outcome()?;
        }
        if let Some(files) = cgroup.files("cpuset")? {
            stats.cpuset = cpuset::cpuset(&files);
            files.outcome()?;
        }
        if let Some(files) = cgroup.files("memory")? {
            stats.memory = memory::memory(&files);
            files.outcome()?;
        }
        if let Some(files) = cgroup.files("pids")? {
            stats.pids = pids(&files);
            files.outcome()?;
        }
        let block = match self.0.v1_with("blkio") {
            Some(_) => "blkio",
            None => "io",
        };
        if let Some(files) = cgroup.files(block)? {
            stats.block_io = block_io::block_io(&files);
            files.outcome()?;
        }
        if let Some(files) = cgroup.files("hugetlb")? {
            stats.hugetlb = huge_pages::huge_pages(&files);
            files.outcome()?;
        }
        Ok(stats)
    }
}

/// A cgroup's directories, each opened once for all of its controllers.
struct Directories<'a> {
    cgroup: &'a Cgroup,
    open: RefCell<Vec<(PathBuf, Rc<Directory>)>>,
}

impl<'a> Directories<'a> {
    fn of(cgroup: &'a Cgroup) -> Self {
        let open = RefCell::default();
        Self { cgroup, open }
    }

    /// The files of a controller; `None` if the cgroup is not there.
    fn files(&self, controller: &str) -> Result<Option<Files>, Error> {
        let Some((version, place)) = self.cgroup.0.with(controller) else {
            return Ok(None);
        };
        let path = place.path();
        let mut open = self.open.borrow_mut();
        let known = open.iter().find(|(other, _)| *other == path);
        let directory = match known.map(|(_, directory)| Rc::clone(directory)) {
            Some(directory) => directory,
            None => match processes::open(place) {
                Ok(directory) => {
                    let directory = Rc::new(directory);
                    open.push((path.clone(), Rc::clone(&directory)));
                    directory
                }
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(processes::not_opened(place, errno).into()),
            },
        };
        Ok(Some(Files {
            directory,
            version,
            path,
            fault: RefCell::default(),
        }))
    }
}

/// The files of a cgroup in one hierarchy.
pub(super) struct Files {
    directory: Rc<Directory>,
    version: CgroupVersion,
    path: PathBuf,
    /// The first that could not be read.
    fault: RefCell<Option<(String, Errno)>>,
}

impl Files {
    fn is_v2(&self) -> bool {
        self.version == CgroupVersion::V2
    }

    /// The text of a file; `None` if there is none.
    fn text(&self, file: &str) -> Option<String> {
        match self.directory.read(Path::new(file)) {
            Ok(text) => Some(text),
            // OPNOTSUPP: the kernel was started without what the file tells, as with psi=0. NODEV: the cgroup is gone.
            Err(Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV) => None,
            Err(errno) => {
                self.fault.borrow_mut().get_or_insert((file.to_owned(), errno));
                None
            }
        }
    }

    /// A file with one number, or `max`; 0 if there is none.
    fn number(&self, file: &str) -> u64 {
        self.text(file).map_or(0, |text| number_or_max(&text))
    }

    /// The value of a key in a file of lines `key value`; 0 if there is none.
    fn value(&self, file: &str, key: &str) -> u64 {
        self.text(file).map_or(0, |text| fields::value(&text, key))
    }

    /// The names of its files.
    fn names(&self) -> Vec<String> {
        match self.directory.files() {
            Ok(names) => names,
            Err(errno) => {
                self.fault.borrow_mut().get_or_insert((".".to_owned(), errno));
                Vec::new()
            }
        }
    }

    fn pressure(&self, file: &str) -> Option<Pressure> {
        self.text(file).map(|text| pressure(&text))
    }

    fn outcome(self) -> Result<(), Error> {
        match self.fault.into_inner() {
            None => Ok(()),
            Some((file, errno)) => Err(Failure::new(format!("read {}", self.path.join(file).display()), errno).into()),
        }
    }
}

fn pids(files: &Files) -> Option<Pids> {
    let limit = files.number("pids.max");
    Some(Pids {
        current: number_or_max(&files.text("pids.current")?),
        limit: if limit == u64::MAX { 0 } else { limit },
    })
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same of `full`.
fn pressure(text: &str) -> Pressure {
    let mut pressure = Pressure::default();
    for line in text.lines() {
        let mut words = words(line);
        let averages = match words.next() {
            Some("some") => &mut pressure.some,
            Some("full") => &mut pressure.full,
            _ => continue,
        };
        *averages = PressureAverages::default();
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            match key {
                "avg10" => averages.avg10 = value.parse().unwrap_or_default(),
                "avg60" => averages.avg60 = value.parse().unwrap_or_default(),
                "avg300" => averages.avg300 = value.parse().unwrap_or_default(),
                "total" => averages.total = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
    }
    pressure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_read_by_its_names() {
        let text =
            "some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.75 avg60=0.00 avg300=0.00 total=7\n";
        let seen = pressure(text);
        assert_eq!((seen.some.avg10, seen.some.avg60, seen.some.total), (1.5, 0.25, 12345));
        assert_eq!((seen.full.avg10, seen.full.total), (0.75, 7));
        assert_eq!(pressure(""), Pressure::default());
        assert_eq!(pressure("other avg10=1\nsome\n"), Pressure::default());
    }
}
