//! What the probe does when told to: each action answers with one line of JSON.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::impersonate::impersonate;
use crate::json::{Json, map};
use crate::programs;
use crate::report::report;
use crate::sys;
use crate::watch::watch;

const WATCHED: [i32; 13] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGILL,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
];

/// Carries out one action; what it answers is printed. `Err` holds the exit code that the action asked for.
pub(crate) fn act(words: &[String], all: &[String]) -> Result<Json, i32> {
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let number = |index: usize| word(index).parse::<i64>().unwrap_or(0);
    let answer = match word(0) {
        "report" => return Ok(report(all)),
        "hook" => hook(word(1), all).map(Json::from),
        "write" => write(word(1), word(2)).map(Json::from),
        "read" => read(word(1)).map(Json::from),
        "read-raw" => read(word(1)).map(|text| {
            sys::write_all(1, text.as_bytes());
            Json::Null
        }),
        "exec" => Command::new(word(1))
            .args(words.get(2..).unwrap_or_default())
            .status()
            .map(|status| status.code().into()),
        "stat" => look(word(1)),
        "list" => list(word(1)).map(Json::from),
        "mkdir" => fs::DirBuilder::new().mode(0o755).create(word(1)).map(|()| Json::Null),
        "unlink" => fs::remove_file(word(1)).map(|()| Json::Null),
        "chmod" => fs::set_permissions(word(1), fs::Permissions::from_mode(mode(word(2)))).map(|()| Json::Null),
        "mknod" => {
            let kind = if word(2) == "b" { libc::S_IFBLK } else { libc::S_IFCHR };
            let half = |index| u32::try_from(number(index)).unwrap_or(0);
            sys::make_node(word(1), kind, half(3), half(4)).map(|()| Json::Null)
        }
        "read-and-write" => OpenOptions::new()
            .read(true)
            .write(true)
            .open(word(1))
            .map(|_| Json::Null),
        "programs" => programs::attached(word(1)).map(Json::from),
        "allow-all-devices" => programs::allow_all(word(1)).map(|()| Json::Null),
        "mount" => sys::mount(word(1), word(2), word(3), number(4).unsigned_abs()).map(|()| Json::Null),
        "unmount" => sys::unmount(word(1)).map(|()| Json::Null),
        "cover" => cover(word(1), word(2)),
        "escape" => escape(word(1), word(2)).map(|()| Json::Null),
        "sethostname" => sys::set_hostname(word(1)).map(|()| Json::Null),
        "statfs" => sys::filesystem(word(1)).map(Json::from),
        "syscall" => sys::syscall(number(1), [2, 3, 4, 5, 6, 7].map(number)).map(Json::from),
        "notify" => notify(word(1)).map(|()| Json::Null),
        "listen" => TcpListener::bind(("127.0.0.1", port(word(1)))).map(|_| Json::Null),
        "sleep" => {
            std::thread::sleep(Duration::from_secs_f64(word(1).parse().unwrap_or(0.0)));
            Ok(Json::Null)
        }
        "collect-keys" => Ok(sys::collect_keys().into()),
        "fill" => fill(number(1)).map(Json::from),
        "spin" => spin(word(1)),
        "await" => wait_for(word(1)),
        "watch" => watch(word(1)).map(Json::from),
        "impersonate" => impersonate(word(1), word(2)).map(Json::from),
        "stderr" => {
            sys::write_all(2, word(1).as_bytes());
            Ok(Json::Null)
        }
        "stdout" => {
            sys::write_all(1, word(1).as_bytes());
            Ok(Json::Null)
        }
        "stdin" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text.into())
        }
        "kill" => sys::kill(
            i32::try_from(number(1)).unwrap_or(0),
            i32::try_from(number(2)).unwrap_or(0),
        )
        .map(|()| Json::Null),
        "leave" => sys::leave_sleeper(u32::try_from(number(1)).unwrap_or(1), word(2) == "session").map(Json::from),
        "signals" => {
            watch_signals();
            return Err(0);
        }
        "exit" => return Err(i32::try_from(number(1)).unwrap_or(255)),
        other => {
            sys::write_all(2, format!("probe: unknown action {other}\n").as_bytes());
            return Err(254);
        }
    };
    Ok(map([
        ("action", words.join(" ").into()),
        ("errno", answer.as_ref().err().map(errno).into()),
        ("value", answer.unwrap_or(Json::Null)),
    ]))
}

/// Mounts an empty filesystem on a directory and takes it off, again and again, until a file is there; how often.
fn cover(directory: &str, until: &str) -> io::Result<Json> {
    let mut count = 0;
    let end = Instant::now() + Duration::from_secs(300);
    while fs::symlink_metadata(until).is_err() && Instant::now() < end {
        sys::mount("cover", directory, "tmpfs", 0)?;
        sys::unmount(directory)?;
        count += 1;
    }
    Ok(i64::from(count).into())
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(-1)
}

fn port(text: &str) -> u16 {
    text.parse().unwrap_or(0)
}

/// Takes so many MiB of memory, and gives them back.
fn fill(mebibytes: i64) -> io::Result<i64> {
    let size = usize::try_from(mebibytes << 20).unwrap_or(0);
    let memory = std::hint::black_box(vec![1_u8; size]);
    i64::try_from(memory.len() >> 20).map_err(io::Error::other)
}

/// Says something to the service manager that the environment names.
fn notify(text: &str) -> io::Result<()> {
    let manager = std::env::var_os("NOTIFY_SOCKET").ok_or(io::ErrorKind::NotFound)?;
    UnixDatagram::unbound()?
        .send_to(text.replace("\\n", "\n").as_bytes(), manager)
        .map(drop)
}

fn mode(text: &str) -> u32 {
    u32::from_str_radix(text, 8).unwrap_or(0)
}

fn write(path: &str, text: &str) -> io::Result<bool> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(if text.is_empty() { b"probe" } else { text.as_bytes() })?;
    Ok(true)
}

fn read(path: &str) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(path)?.take(1 << 20).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn list(path: &str) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(path)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn look(path: &str) -> io::Result<Json> {
    let found = fs::symlink_metadata(path)?;
    let kind = found.file_type();
    let name = match () {
        () if kind.is_symlink() => "link",
        () if kind.is_dir() => "dir",
        () if kind.is_char_device() => "char",
        () if kind.is_block_device() => "block",
        () if kind.is_fifo() => "fifo",
        () if kind.is_socket() => "socket",
        () => "file",
    };
    let (major, minor) = sys::device_numbers(found.rdev());
    Ok(map([
        ("kind", name.into()),
        ("mode", (found.mode() & 0o7777).into()),
        ("uid", found.uid().into()),
        ("gid", found.gid().into()),
        ("size", found.size().into()),
        ("rdev", vec![major, minor].into()),
        (
            "target",
            fs::read_link(path)
                .ok()
                .map(|target| target.to_string_lossy().into_owned())
                .into(),
        ),
    ]))
}

/// A hook: appends what it sees and what it was told on stdin to a file.
fn hook(file: &str, all: &[String]) -> io::Result<bool> {
    let mut state = String::new();
    io::stdin().read_to_string(&mut state)?;
    let line = map([("hook", report(all)), ("state", state.into())]);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(format!("{line}\n").as_bytes())?;
    Ok(true)
}

fn wait_for(path: &str) -> io::Result<Json> {
    let end = Instant::now() + Duration::from_secs(30);
    while fs::symlink_metadata(path).is_err() {
        if Instant::now() > end {
            return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Json::Null)
}

/// Uses the processor for some seconds.
fn spin(seconds: &str) -> io::Result<Json> {
    let end = Instant::now() + Duration::from_secs_f64(seconds.parse().unwrap_or(0.1));
    let mut turns = 0_u64;
    while Instant::now() < end {
        turns += 1;
    }
    Ok(turns.into())
}

/// Says "ready", then names each signal that arrives; SIGTERM ends it.
fn watch_signals() {
    sys::block_signals(&WATCHED);
    sys::write_all(1, b"ready\n");
    loop {
        let signal = sys::wait_for_signal(&WATCHED);
        let size = sys::window_size(0).map_or(String::new(), |(rows, columns)| format!(" {rows}x{columns}"));
        sys::write_all(1, format!("signal {signal}{size}\n").as_bytes());
        if signal == libc::SIGTERM {
            return;
        }
    }
}

/// Tries to leave the root: by a root that the working directory is outside of (`man 2 chroot`), or by joining the
/// mount namespace that the process is in (`man 2 setns`).
fn escape(inner: &str, way: &str) -> io::Result<()> {
    if way == "join" {
        let namespace = fs::File::open("/proc/self/ns/mnt")?;
        return sys::join(&namespace);
    }
    fs::DirBuilder::new().mode(0o755).recursive(true).create(inner)?;
    std::os::unix::fs::chroot(inner)?;
    for _ in 0..64 {
        std::env::set_current_dir("..")?;
    }
    std::os::unix::fs::chroot(".")
}
