//! The kernel takes our programs, and does what they say.
//!
//! A filter cannot be taken off again, so each one is loaded by a process of its own: this test program, started once
//! more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod seccomp_support;

use orlop::bundle::Seccomp;
use orlop::seccomp::Native;
use seccomp_support::random::{Kind, Random, draw};
use seccomp_support::{corpus, profile, program, seccompiler};
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The child's environment: a profile, and what to try under it.
const PROFILE: &str = "SECCOMP_TEST_PROFILE";
const LOADING: &str = "loading";
const REFUSED: i32 = 77;

/// How the child ended and what it said, or nothing if the filter left it unable to go on. That can only be after the
/// filter was loaded: until then the child goes on, and it ends if the kernel refuses the filter.
fn in_child(profile: &Seccomp) -> Option<(ExitStatus, String)> {
    program(profile, Native::CURRENT);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(PROFILE, serde_json::to_string(profile).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, said) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        // The line begins with what libtest says.
        while !said.recv_timeout(Duration::from_secs(20)).unwrap().ends_with(LOADING) {}
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return Some((status, said.iter().collect::<Vec<_>>().join("\n")));
            }
            if start.elapsed() > Duration::from_secs(1) {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    })
}

/// Not a test of its own: what the child runs.
#[test]
#[ignore = "runs in the processes that the other tests start"]
fn child() {
    let Ok(json) = std::env::var(PROFILE) else { return };
    let filter = seccompiler::loadable(&program(&profile(&json), Native::CURRENT).instructions);
    println!("{LOADING}");
    if let Err(error) = ::seccompiler::apply_filter(&filter) {
        println!("the kernel refuses: {error}");
        std::process::exit(REFUSED);
    }
    let folder = std::env::temp_dir().join(format!("seccomp-{}", std::process::id()));
    println!(
        "mkdir {:?}",
        std::fs::create_dir(&folder).map_err(|error| error.raw_os_error())
    );
    println!(
        "rmdir {:?}",
        std::fs::remove_dir(&folder).map_err(|error| error.raw_os_error())
    );
    println!(
        "unix {:?}",
        UnixDatagram::unbound().map(drop).map_err(|error| error.raw_os_error())
    );
    println!(
        "udp {:?}",
        std::net::UdpSocket::bind("127.0.0.1:0")
            .map(drop)
            .map_err(|error| error.raw_os_error())
    );
    std::process::exit(0);
}

#[test]
fn the_kernel_takes_every_program() {
    let mut loaded = 0;
    let mut profiles: Vec<Seccomp> = corpus().into_iter().map(|(_, profile)| profile).collect();
    for seed in 0..40 {
        let kind = [Kind::Plain, Kind::Conditions, Kind::Overlaps][seed % 3];
        let mut random = Random::new(7_000_000 + seed as u64);
        profiles.push(draw(
            &mut random,
            Native::CURRENT,
            kind,
            if seed % 4 == 0 { 60 } else { 15 },
        ));
    }
    for profile in profiles {
        // Most random filters leave the child unable to go on; that they were loaded is all that counts here.
        if let Some((status, said)) = in_child(&profile) {
            assert_ne!(
                status.code(),
                Some(REFUSED),
                "{said}\n{}",
                serde_json::to_string(&profile).unwrap()
            );
        }
        loaded += 1;
    }
    println!("{loaded} programs loaded");
}

#[test]
fn the_kernel_does_what_the_profile_says() {
    let (_, said) = in_child(&profile(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
            {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":77},
            {"names":["socket"],"action":"SCMP_ACT_ERRNO","errnoRet":97,"args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]}"#,
    ))
    .unwrap();
    for line in [
        "mkdir Err(Some(77))",
        "rmdir Err(Some(2))",
        "unix Err(Some(97))",
        "udp Ok(())",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn docker_default_profile_lets_ordinary_work_through() {
    let (_, docker) = corpus().into_iter().find(|(name, _)| name == "docker-plain").unwrap();
    let (status, said) = in_child(&docker).unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(said.matches("Ok(())").count(), 4, "{said}");
}

#[test]
fn a_killing_profile_kills() {
    let (status, said) = in_child(&profile(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"}]}"#,
    ))
    .unwrap();
    assert_eq!(status.signal(), Some(31), "SIGSYS: {status:?}, {said}");
}
