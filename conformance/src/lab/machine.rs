//! A virtual machine: started from its disks, read until it says how what it ran has ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::options::Options;
use crate::sys::own_session;

/// What the machine says last, before the exit status.
const ENDED: &str = "lab: ended with ";

/// A machine that runs.
pub(super) struct Machine {
    child: Child,
    console: PathBuf,
}

impl Machine {
    /// Starts it; its images are made if they are not there.
    ///
    /// # Errors
    /// A sentence about what could not be made or started.
    pub(super) fn new(options: &Options, [form, release, kernel]: [&str; 3], disk: &Disk) -> Result<Self, String> {
        let images = images(options, release, kernel)?;
        let [root, vmlinuz, initrd, modules] = &images;
        let console = options
            .console
            .clone()
            .unwrap_or_else(|| disk.path.with_file_name("console"));
        let first = if form == "systemd" {
            ""
        } else {
            "lab.init=/lab/inside.sh"
        };
        let lab = disk.path.display().to_string();
        // What is written to the first two disks is thrown away in the end.
        let drives = [(root.as_str(), "on"), (modules, "on"), (&lab, "off")];
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-accel", options.accelerator, "-cpu", "max", "-m", "4096", "-smp", "2"])
            .args(["-display", "none", "-monitor", "none", "-no-reboot", "-nic", "none"])
            .args(["-kernel", vmlinuz, "-initrd", initrd])
            .args(["-append", &format!("console=ttyS0 panic=-1 quiet {first}")])
            .args(["-serial", &format!("file:{}", console.display()), "-serial", "stdio"]);
        for (file, snapshot) in drives {
            let text = format!("file={file},if=virtio,format=raw,cache=unsafe,snapshot={snapshot}");
            command.args(["-drive", &text]);
        }
        own_session(&mut command);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("qemu-system-x86_64: {error}"))?;
        Ok(Self { child, console })
    }

    /// Passes on what it prints, until it has ended or the time is over; the exit status of what it ran.
    ///
    /// # Errors
    /// It ended, or was ended, without having told one.
    pub(super) fn run(mut self, limit: Duration) -> Result<i32, String> {
        let out = self.child.stdout.take().ok_or("no output")?;
        let has_ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_ended);
        let reader = std::thread::spawn(move || {
            let mut status = None;
            for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                let line = line.trim_end_matches('\r');
                match line.strip_prefix(ENDED) {
                    Some(number) => status = number.parse().ok(),
                    None => println!("{line}"),
                }
            }
            flag.store(true, Ordering::Relaxed);
            status
        });
        let end = Instant::now() + limit;
        while !has_ended.load(Ordering::Relaxed) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(100));
        }
        let is_late = !has_ended.load(Ordering::Relaxed);
        self.stop();
        let status = reader.join().ok().flatten();
        status.ok_or_else(|| {
            let why = if is_late {
                "the machine was ended, as its time was over"
            } else {
                "the machine ended before what it ran"
            };
            format!("{why}; its console said last:\n{}", last_lines(&self.console))
        })
    }

    fn stop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The images: root, kernel, initrd, modules.
fn images(options: &Options, release: &str, kernel: &str) -> Result<[String; 4], String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/images.sh");
    let output = Command::new("sh")
        .arg(&script)
        .arg(&options.images)
        .args([release, kernel])
        .args(options.has_engines().then_some("engines"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", script.display()))?;
    let names: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    if !output.status.success() {
        return Err("the images could not be made".into());
    }
    names
        .try_into()
        .map_err(|names| format!("{} says {names:?}", script.display()))
}

fn last_lines(console: &Path) -> String {
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
