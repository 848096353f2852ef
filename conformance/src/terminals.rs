//! Terminals: console sockets, and pairs of a terminal's two sides.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::descriptor::descriptor_from;
use crate::failure::{Failure, Verdict, wrong};
use crate::trial::Trial;

/// A console socket in a thread that takes one descriptor.
pub(crate) struct Console {
    pub(crate) path: std::path::PathBuf,
    taker: std::thread::JoinHandle<Result<OwnedFd, String>>,
}

pub(crate) fn console(t: &Trial<'_>, name: &str) -> Result<Console, Failure> {
    let path = t.dir.join(name);
    let folder = File::open(path.parent().unwrap_or(&t.dir))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    // Bound through the folder's descriptor, since a socket's path is limited to 108 bytes.
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{file}", folder.as_raw_fd()))?;
    let taker = std::thread::spawn(move || descriptor_from(&listener).map_err(|error| error.to_string()));
    Ok(Console { path, taker })
}

impl Console {
    pub(crate) fn terminal(self) -> Result<File, Failure> {
        match self.taker.join() {
            Ok(Ok(descriptor)) => Ok(File::from(descriptor)),
            Ok(Err(text)) => wrong(text),
            Err(_) => wrong("harness: the console's thread"),
        }
    }

    /// Ends the thread of a socket that nobody used.
    pub(crate) fn give_up(self) {
        let _ = std::os::unix::net::UnixStream::connect(&self.path);
        let _ = self.taker.join();
    }
}

/// All that comes from a terminal until its other side is closed.
pub(crate) fn read_all(mut terminal: File) -> String {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length) = terminal.read(&mut part) {
        if length == 0 {
            break;
        }
        text.extend_from_slice(part.get(..length).unwrap_or_default());
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A terminal of the harness: our side and the side that programs use.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd), Failure> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let theirs = rustix::fs::open(&name, flags, rustix::fs::Mode::empty())?;
    tcsetwinsize(
        &ours,
        Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )?;
    Ok((ours, theirs))
}

pub(crate) fn wait_for(t: &Trial<'_>, terminal: &mut File, phrase: &str) -> Verdict {
    let mut text = String::new();
    t.until(&format!("{phrase:?} on the terminal"), || {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        if poll(&mut [PollFd::new(&*terminal, PollFlags::IN)], Some(&wait))? > 0 {
            let mut part = [0; 4096];
            let length = terminal.read(&mut part)?;
            text.push_str(&String::from_utf8_lossy(part.get(..length).unwrap_or_default()));
        }
        Ok(text.contains(phrase))
    })
}
