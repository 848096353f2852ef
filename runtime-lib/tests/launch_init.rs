//! The init image as it runs: what it is, what it shows, and how it gets there on unusual hosts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::{Stage, assert_says, helper, read, with};
use rustix::fs::{SealFlags, fcntl_get_seals};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[test]
fn the_executable_of_a_waiting_init_is_sealed_in_memory() {
    let stage = Stage::new();
    let created = stage.created("waiting", &stage.sleeper());
    let exe = format!("/proc/{}/exe", created.init.pid());
    assert_says(
        &std::fs::read_link(&exe).unwrap().display().to_string(),
        &["memfd:orlop-init"],
    );
    let image = File::open(&exe).unwrap();
    let seals = fcntl_get_seals(&image).unwrap();
    assert!(
        seals.contains(SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL),
        "{seals:?}"
    );
    for (mut options, how) in [
        (File::options(), "write"),
        (File::options(), "append"),
        (File::options(), "truncate"),
    ] {
        options
            .write(how != "append")
            .append(how == "append")
            .truncate(how == "truncate")
            .read(how == "write");
        match options.open(&exe) {
            Err(error) => println!("{how}: {error}"),
            // What is open can be written even less.
            Ok(file) => {
                use std::io::Write;
                assert!((&file).write_all(b"x").is_err() && file.set_len(0).is_err(), "{how}");
            }
        }
    }
    assert_eq!(image.metadata().unwrap().len(), orlop_init_length(&exe));
    stage.end(&created);
}

fn orlop_init_length(exe: &str) -> u64 {
    let bytes = std::fs::read(exe).unwrap();
    assert!(bytes.starts_with(b"\x7fELF"));
    bytes.len() as u64
}

#[test]
fn nobody_else_sees_into_a_waiting_init_even_as_the_user_it_has_become() {
    let stage = Stage::new();
    let config = with(
        stage.sleeper(),
        "/process/user",
        serde_json::json!({ "uid": 1000, "gid": 1000 }),
    );
    let created = stage.created("waiting", &config);
    for name in ["fd", "environ", "map_files", "cwd/", "root/"] {
        let path = format!("/proc/{}/{name}", created.init.pid());
        let status = Command::new("/bin/busybox")
            .args(["ls", &path])
            .uid(1000)
            .gid(1000)
            .output()
            .unwrap();
        let seen = Command::new("/bin/busybox")
            .args(["cat", &path])
            .uid(1000)
            .gid(1000)
            .output()
            .unwrap();
        assert!(seen.stdout.is_empty(), "{name}");
        assert!(name == "environ" || !status.status.success(), "{name}");
    }
    stage.end(&created);
}

#[test]
fn a_waiting_init_costs_less_than_100_kib() {
    let stage = Stage::new();
    let created = stage.created("waiting", &stage.sleeper());
    // It goes on for a moment when create is over.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let rollup = read(format!("/proc/{}/smaps_rollup", created.init.pid()));
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap();
    let size: u32 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("a waiting init: {line}");
    assert!(size < 100, "{rollup}");
    stage.end(&created);
}

#[test]
fn a_waiting_init_is_a_session_leader_in_the_cgroup_it_was_given_and_shows_no_arguments_of_ours() {
    let stage = Stage::new();
    let created = stage.created("waiting", &stage.sleeper());
    let pid = created.init.pid();
    assert_says(
        &read(format!("/proc/{pid}/cgroup")),
        &[&format!("0::/{}/waiting", stage.name)],
    );
    let all_in = read(format!("/proc/{pid}/cgroup"));
    assert!(
        all_in
            .lines()
            .all(|line| line.ends_with(&format!("/{}/waiting", stage.name))),
        "{all_in}"
    );
    assert_eq!(read(format!("/proc/{pid}/comm")), "orlop-init\n");
    let stat = read(format!("/proc/{pid}/stat"));
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(
        (fields[2], fields[3]),
        (pid.to_string().as_str(), pid.to_string().as_str()),
        "group and session: {stat}"
    );
    stage.end(&created);
}

#[test]
fn it_works_where_memfds_cannot_be_executed() {
    let stage = Stage::new();
    let unshare = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc"];
    stage.help(stage.helper_under(&unshare, "without-executable-memfds"));
}

#[test]
fn it_works_where_an_outer_filter_refuses_clone3() {
    let stage = Stage::new();
    stage.help(stage.helper("without-clone3"));
}

#[test]
fn it_works_where_an_outer_filter_refuses_close_range_and_pidfd_flags_of_new_kernels() {
    let stage = Stage::new();
    stage.help(stage.helper("without-close-range"));
}

fn refuse(call: libc::c_long) {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let rules = [(call, vec![])].into_iter().collect();
    let refused = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

/// Not a test of its own: see `launch::helper`.
#[test]
fn helper() {
    let Some(role) = helper::role() else {
        return;
    };
    let stage = Stage::of_parent();
    match role.as_str() {
        "without-executable-memfds" => {
            std::fs::write("/proc/sys/vm/memfd_noexec", "2").unwrap();
            let created = stage.created("waiting", &stage.sleeper());
            let exe = format!("/proc/{}/exe", created.init.pid());
            let target = std::fs::read_link(&exe).unwrap();
            println!("{target:?}");
            assert!(!target.display().to_string().contains("memfd"));
            assert!(File::options().write(true).open(&exe).is_err());
            stage.end(&created);
            // The hooks of init, and the plan, are memfds that nobody executes.
            let config = launch::with_hook(stage.script("echo here"), "createContainer", "cat >/dev/null");
            assert_eq!(stage.output(&config), "here\n");
        }
        "without-clone3" => {
            refuse(libc::SYS_clone3);
            let config = launch::with_hook(stage.script("cat /proc/self/cgroup"), "createRuntime", "cat >/dev/null");
            let config = with(config, "/linux/namespaces/-", serde_json::json!({ "type": "network" }));
            let said = stage.output(&config);
            assert!(
                said.lines().all(|line| line.ends_with(&format!("/{}/run", stage.name))),
                "{said}"
            );
        }
        "without-close-range" => {
            refuse(libc::SYS_close_range);
            let file = File::open(stage.rootfs()).unwrap();
            // SAFETY: numbers.
            assert!(unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&file), libc::F_DUPFD, 100) } >= 100);
            let said = stage.output(&stage.config(&["/bin/busybox", "ls", "/proc/self/fd"]));
            assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
        }
        role => panic!("{role}"),
    }
    helper::done();
}
