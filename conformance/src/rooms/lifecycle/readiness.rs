//! `NOTIFY_SOCKET`: a service manager is told when the container's process is ready (`man 3 sd_notify`).

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::failure::{Failure, Verdict, ensure, same};
use crate::report::{has, has_start, mount_at};
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;
use crate::unprivileged::mapped;

pub(crate) const TESTS: &[Test] = &[
    test!(start_waits_until_the_process_is_ready, RUNC, CRUN),
    test!(detached_run_waits_until_the_process_is_ready, RUNC, CRUN),
    test!(run_in_the_foreground_passes_the_readiness_on, RUNC, CRUN),
    test!(only_the_readiness_is_passed_on, RUNC, CRUN),
    test!(
        process_that_ends_before_it_is_ready_is_not_waited_for,
        ("runc", "1.1", "waits as long as nobody has reaped it")
    ),
    test!(
        processs_socket_is_in_its_environment_and_read_only,
        ("crun", "1.8", "waits for the manager")
    ),
    test!(
        managers_own_socket_is_not_for_the_container,
        ("crun", "1.8", "waits for the manager")
    ),
    test!(abstract_socket_is_reached, CRUN),
    test!(readiness_works_in_a_user_namespace, CRUN),
    test!(manager_that_is_not_there_keeps_nothing_from_starting, CRUN),
    test!(
        process_knows_no_manager_that_is_not_there,
        ("runc", "1.1", "gives it a socket all the same"),
        ("crun", "1.8", "gives it a socket all the same")
    ),
    test!(second_start_changes_nothing_behind_a_link_of_the_containers, CRUN),
    test!(
        second_start_leaves_the_socket_of_a_container_that_runs,
        ("runc", "1.1", "makes a new socket first"),
        CRUN
    ),
];

const RUNC: Known = ("runc", "1.1", "does not wait until the manager has handled it");
const CRUN: Known = ("crun", "1.8", "passes other messages on, in another order");

/// The manager, which is told.
pub(in crate::rooms) struct Manager {
    socket: UnixDatagram,
    pub(in crate::rooms) path: PathBuf,
}

impl Manager {
    fn at(t: &Trial<'_>) -> Result<Self, Failure> {
        Self::waiting(t, Duration::from_secs(5))
    }

    /// One that waits so long for each message.
    pub(in crate::rooms) fn waiting(t: &Trial<'_>, limit: Duration) -> Result<Self, Failure> {
        let path = t.dir.join("manager");
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(limit))?;
        Ok(Self { socket, path })
    }

    pub(in crate::rooms) fn next(&self) -> Result<String, Failure> {
        let mut buffer = [0; 4096];
        let length = self
            .socket
            .recv(&mut buffer)
            .map_err(|error| Failure::Wrong(format!("the manager heard nothing: {error}")))?;
        Ok(String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned())
    }

    /// Ready, which process it is, and the question whether all was handled.
    fn expect(&self, pid: i32) -> Verdict {
        same("first", &self.next()?, "READY=1")?;
        same("second", &self.next()?, format!("MAINPID={pid}"))?;
        same("third", &self.next()?, "BARRIER=1")
    }
}

fn start_waits_until_the_process_is_ready(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let path = manager.path.to_string_lossy().into_owned();
    let bundle = t.bundle()?.probe("sleep 0.3 , notify READY=1 , sleep 20");
    let call = t.with_bundle(&["create"], &bundle)?.variable("NOTIFY_SOCKET", &path);
    let created = t.create_with(call, &bundle)?;
    let begin = std::time::Instant::now();
    let start = t
        .call(&["start", &created.id])
        .variable("NOTIFY_SOCKET", &path)
        .spawn()?;
    manager.expect(t.pid(&created.id)?.as_raw_nonzero().get())?;
    same("exit status", &start.wait()?.code, 0)?;
    let took = begin.elapsed();
    ensure(
        took > Duration::from_millis(250) && took < Duration::from_secs(15),
        || format!("took {took:?}"),
    )
}

fn detached_run_waits_until_the_process_is_ready(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let bundle = t.bundle()?.probe("sleep 0.2 , notify READY=1 , sleep 20");
    let call = t.with_bundle(&["run", "--detach"], &bundle)?;
    let running = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    same("first", &manager.next()?, "READY=1")?;
    t.adopt(&bundle.id);
    same(
        "second",
        &manager.next()?,
        format!("MAINPID={}", t.pid(&bundle.id)?.as_raw_nonzero()),
    )?;
    same("third", &manager.next()?, "BARRIER=1")?;
    same("exit status", &running.wait()?.code, 0)
}

fn run_in_the_foreground_passes_the_readiness_on(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let bundle = t.bundle()?.probe("notify READY=1 , sleep 0.3");
    let call = t.with_bundle(&["run"], &bundle)?;
    let running = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    let pid = running.pid().map_or(0, |pid| pid.as_raw_nonzero().get());
    manager.expect(pid)?;
    same("exit status", &running.wait()?.code, 0)
}

fn only_the_readiness_is_passed_on(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let words = [
        "/probe",
        "notify",
        "STATUS=not yet",
        ",",
        "notify",
        "MAINPID=1\\nREADY=1\\nSTATUS=there",
        ",",
        "sleep",
        "20",
    ];
    let bundle = t.bundle()?.args(&words);
    let call = t.with_bundle(&["run", "--detach"], &bundle)?;
    let running = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    same("first", &manager.next()?, "READY=1")?;
    t.adopt(&bundle.id);
    manager.next()?;
    same("third", &manager.next()?, "BARRIER=1")?;
    same("exit status", &running.wait()?.code, 0)
}

fn process_that_ends_before_it_is_ready_is_not_waited_for(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let bundle = t.bundle()?.probe("exit 0");
    let call = t.with_bundle(&["run", "--detach"], &bundle)?;
    let done = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .finish()?;
    t.adopt(&bundle.id);
    same("exit status", &done.code, 0)
}

fn processs_socket_is_in_its_environment_and_read_only(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let bundle = t.bundle()?.probe("notify READY=1 , report , write /run/notify/file");
    let call = t.with_bundle(&["run"], &bundle)?;
    let lines = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .succeed()?
        .lines()?;
    let report = &lines[1];
    ensure(has(&report["env"], "NOTIFY_SOCKET=/run/notify/notify.sock"), || {
        report["env"].to_string()
    })?;
    let mount = mount_at(report, "/run/notify")?;
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        ensure(has(&mount["options"], option), || mount.to_string())?;
    }
    same("errno of writing there", &lines[2]["errno"], libc::EROFS)
}

fn managers_own_socket_is_not_for_the_container(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let path = manager.path.to_string_lossy().into_owned();
    let bundle = t
        .bundle()?
        .set("/process/env", json!([format!("NOTIFY_SOCKET={path}")]))
        .probe("report , notify READY=1");
    let lines = t
        .with_bundle(&["run"], &bundle)?
        .variable("NOTIFY_SOCKET", &path)
        .succeed()?
        .lines()?;
    ensure(!lines[0]["env"].to_string().contains(&path), || {
        lines[0]["env"].to_string()
    })
}

fn abstract_socket_is_reached(t: &Trial<'_>) -> Verdict {
    let name = format!("orlop-test-{}", t.fresh_id());
    let address = <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&name)?;
    let socket = UnixDatagram::bind_addr(&address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let manager = Manager {
        socket,
        path: format!("@{name}").into(),
    };
    let call = t.with_bundle(&["run"], &t.bundle()?.probe("notify READY=1 , sleep 0.3"))?;
    let running = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    same("first", &manager.next()?, "READY=1")?;
    same("exit status", &running.wait()?.code, 0)
}

fn readiness_works_in_a_user_namespace(t: &Trial<'_>) -> Verdict {
    let manager = Manager::at(t)?;
    let bundle = mapped(t)?.probe("notify READY=1 , sleep 0.3");
    let call = t.with_bundle(&["run"], &bundle)?;
    let running = call
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .spawn()?;
    let first = manager.next();
    let done = running.wait()?;
    same("exit status", &done.code, 0)?;
    same("first", &first?, "READY=1")
}

fn manager_that_is_not_there_keeps_nothing_from_starting(t: &Trial<'_>) -> Verdict {
    let call = t.with_bundle(&["run"], &t.bundle()?.probe("stdout began"))?;
    let done = call.variable("NOTIFY_SOCKET", "/nowhere/at/all").succeed()?;
    ensure(done.out.contains("began"), || done.out.clone())
}

fn process_knows_no_manager_that_is_not_there(t: &Trial<'_>) -> Verdict {
    for manager in ["/nowhere/at/all", "nowhere", "@nobody-listens-here"] {
        let call = t.with_bundle(&["run"], &t.bundle()?)?;
        let report = call.variable("NOTIFY_SOCKET", manager).succeed()?.json()?;
        ensure(!has_start(&report["env"], "NOTIFY_SOCKET"), || {
            report["env"].to_string()
        })?;
    }
    Ok(())
}

/// A container that runs and has said that it is ready, and the folder of its socket.
fn ready(t: &Trial<'_>, manager: &Manager) -> Result<(String, PathBuf), Failure> {
    let path = manager.path.to_string_lossy().into_owned();
    let bundle = t.bundle()?.probe("notify READY=1 , sleep 60");
    let call = t.with_bundle(&["create"], &bundle)?.variable("NOTIFY_SOCKET", &path);
    let created = t.create_with(call, &bundle)?;
    let start = t
        .call(&["start", &created.id])
        .variable("NOTIFY_SOCKET", &path)
        .spawn()?;
    manager.expect(t.pid(&created.id)?.as_raw_nonzero().get())?;
    same("exit status", &start.wait()?.code, 0)?;
    Ok((created.id.clone(), t.root.join(&created.id).join("notify")))
}

fn start_again(t: &Trial<'_>, id: &str, manager: &Manager) -> Verdict {
    let again = t.call(&["start", id]);
    again
        .variable("NOTIFY_SOCKET", &manager.path.to_string_lossy())
        .refuse(&[])
}

fn second_start_changes_nothing_behind_a_link_of_the_containers(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let manager = Manager::at(t)?;
    let (id, folder) = ready(t, &manager)?;
    let canary = t.dir.join("canary");
    std::fs::write(&canary, "")?;
    std::fs::set_permissions(&canary, std::fs::Permissions::from_mode(0o640))?;
    let stop = Arc::new(AtomicBool::new(false));
    let (told, target) = (Arc::clone(&stop), canary.clone());
    // As a container's root may do by way of its mount: as soon as there is a new socket it is a link.
    let container = std::thread::spawn(move || {
        let (link, socket) = (folder.join("link"), folder.join("notify.sock"));
        while !told.load(Ordering::Relaxed) {
            let _ = symlink(&target, &link);
            let is_socket = |found: std::fs::Metadata| std::os::unix::fs::FileTypeExt::is_socket(&found.file_type());
            if socket.symlink_metadata().is_ok_and(is_socket) {
                let _ = std::fs::rename(&link, &socket);
            }
        }
    });
    let mut outcome = Ok(());
    for _ in 0..40 {
        outcome = outcome.and_then(|()| start_again(t, &id, &manager));
    }
    stop.store(true, Ordering::Relaxed);
    let _ = container.join();
    outcome?;
    let mode = canary.metadata()?.permissions().mode() & 0o7777;
    same("mode of the host's file", &mode, 0o640)
}

fn second_start_leaves_the_socket_of_a_container_that_runs(t: &Trial<'_>) -> Verdict {
    use std::os::unix::fs::MetadataExt;
    let manager = Manager::at(t)?;
    let (id, folder) = ready(t, &manager)?;
    // A new one may get the number of the old one's inode.
    let socket = || std::fs::metadata(folder.join("notify.sock")).map(|found| (found.ino(), found.ctime_nsec()));
    let before = socket()?;
    start_again(t, &id, &manager)?;
    same("the socket", &socket()?, before)
}
