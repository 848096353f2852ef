//! The disk with what a machine is to run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::Options;

/// A folder of its own, with the disk in it; removed in the end.
pub(super) struct Disk {
    folder: PathBuf,
    pub(super) path: PathBuf,
}

/// How the folder is called, before the number of its process.
const PREFIX: &str = "orlop-lab-";

/// Removes the folders of processes that were killed.
fn remove_left(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(PREFIX).and_then(|number| number.parse::<u32>().ok());
        if number.is_some_and(|number| !Path::new(&format!("/proc/{number}")).exists()) {
            // Another one may remove it as well.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Room for what the tests write, in MB.
const SPARE: u64 = 1024;

impl Disk {
    /// # Errors
    /// A sentence about what could not be made.
    pub(super) fn new(options: &Options, form: &str) -> Result<Self, String> {
        let temporary = std::env::temp_dir();
        remove_left(&temporary);
        let folder = temporary.join(format!("{PREFIX}{}", std::process::id()));
        let disk = Self {
            path: folder.join("lab.ext4"),
            folder,
        };
        disk.fill(options, form)
            .map_err(|error| format!("{}: {error}", disk.folder.display()))?;
        Ok(disk)
    }

    fn fill(&self, options: &Options, form: &str) -> Result<(), std::io::Error> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let content = self.folder.join("content");
        fs::create_dir_all(&content)?;
        let own = std::env::current_exe()?;
        let mut files = vec![
            (own.clone(), "conformance".to_owned()),
            (own.with_file_name("probe"), "probe".to_owned()),
            (source.join("lab/inside.sh"), "inside.sh".to_owned()),
        ];
        files.extend(own.parent().map(|folder| (folder.join("floor"), "floor".to_owned())));
        files.extend(options.taken.iter().cloned());
        for (from, to) in &files {
            let to = content.join(to);
            fs::create_dir_all(to.parent().unwrap_or(&content))?;
            fs::copy(from, &to).map_err(|error| std::io::Error::other(format!("{}: {error}", from.display())))?;
        }
        // Where this program was built, it looks for the configs of engines.
        let corpus = source.join("../runtime-lib/tests/corpus");
        let status = Command::new("cp").arg("-r").arg(&corpus).arg(&content).status()?;
        fs::write(
            content.join("words"),
            format!("/lab/conformance\n{}\n", options.words.join("\n")),
        )?;
        fs::write(content.join("form"), format!("{form}\n"))?;
        fs::write(content.join("source"), format!("{}\n", source.display()))?;
        let size = Command::new("du").arg("-sm").arg(&content).output()?;
        let used: u64 = String::from_utf8_lossy(&size.stdout)
            .split_whitespace()
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(SPARE);
        let made = Command::new("/sbin/mke2fs")
            .args(["-q", "-t", "ext4", "-m", "0", "-d"])
            .args([&content, &self.path])
            .arg(format!("{}M", used + used / 5 + SPARE))
            .stdout(std::process::Stdio::null())
            .status()?;
        if status.success() && made.success() {
            fs::remove_dir_all(&content)
        } else {
            Err(std::io::Error::other("the disk could not be made"))
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What stays is in the temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
