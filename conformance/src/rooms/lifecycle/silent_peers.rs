//! Programs that connect to what a created container listens on, and say nothing: a `state` that was stopped half-way,
//! or anything else of the same user.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, send, socket_with};

use crate::failure::{Failure, Verdict, ensure, same};
use crate::sentence::{Test, test};
use crate::trial::{Created, Trial};

pub(crate) const TESTS: &[Test] = &[
    test!(silent_peers_do_not_hold_up_start),
    test!(silent_peers_do_not_hold_up_delete),
    test!(peer_that_says_something_else_starts_nothing),
];

/// So many at once: more than a listener may care to remember.
const PEERS: usize = 6;

/// Connections to every socket in the container's state folder. A runtime that has none waits otherwise.
fn peers(t: &Trial<'_>, created: &Created) -> Result<Vec<OwnedFd>, Failure> {
    let mut peers = Vec::new();
    for file in fs::read_dir(t.root.join(&created.id))? {
        let file = file?;
        if !file.file_type()?.is_socket() {
            continue;
        }
        let address = SocketAddrUnix::new(file.path())?;
        for _ in 0..PEERS {
            let kind = SocketType::SEQPACKET;
            let peer = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
            connect(&peer, &address)?;
            peers.push(peer);
        }
    }
    ensure(t.runtime.name != "orlop" || !peers.is_empty(), || "no socket".into())?;
    Ok(peers)
}

fn silent_peers_do_not_hold_up_start(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("exit 5"))?;
    let pid = t.pid(&created.id)?;
    let _peers = peers(t, &created)?;
    same("status", &t.status(&created.id)?, "created")?;
    t.call(&["start", &created.id]).succeed()?;
    same("exit status", &t.exit_of(pid)?, 5)
}

fn silent_peers_do_not_hold_up_delete(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("exit 5"))?;
    let _peers = peers(t, &created)?;
    t.call(&["delete", "--force", &created.id]).succeed()?;
    t.call(&["state", &created.id]).refuse(&[])
}

fn peer_that_says_something_else_starts_nothing(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?.probe("stdout began , sleep 60"))?;
    for peer in &peers(t, &created)? {
        // The eldest have been let go of.
        let _ = send(peer, b"x", rustix::net::SendFlags::NOSIGNAL);
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    same("status", &t.status(&created.id)?, "created")?;
    t.call(&["start", &created.id]).succeed()?;
    same("status", &t.status(&created.id)?, "running")
}
