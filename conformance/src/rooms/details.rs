//! Small things that are easily lost: what is asked for is applied, refused or told of, and nothing that is somebody else's is touched.

use std::fs;

use serde_json::json;

use crate::failure::{Verdict, ensure, same};
use crate::suite::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(size_of_a_terminal_that_there_is_not_is_ignored),
    test!(
        few_descriptors_are_enough_for_the_process,
        ("runc", "1.1", "needs more itself"),
        ("crun", "1.8", "needs more itself")
    ),
    test!(
        signals_end_a_created_container,
        RUNC,
        ("crun", "1.8", "lets them be lost")
    ),
    test!(file_beside_the_pid_file_is_left_alone),
    test!(members_that_nobody_knows_are_told_of, RUNC, CRUN),
    test!(rootfs_that_is_a_link_is_refused_with_a_slash_too, CRUN),
    test!(folder_in_the_state_root_that_is_no_container_is_told_of, RUNC, CRUN),
    test!(parameter_without_a_value_is_refused, RUNC, CRUN),
    test!(parameter_of_the_hosts_own_network_by_its_path_is_refused, CRUN),
    test!(name_of_the_hosts_own_uts_namespace_by_its_path_is_refused, RUNC, CRUN),
    test!(filter_that_allows_neither_execve_nor_words_is_named, RUNC, CRUN),
    test!(agent_that_goes_before_the_execve_does_not_block),
];

const RUNC: Known = ("runc", "1.1", "says nothing, or something else");
const CRUN: Known = ("crun", "1.8", "says nothing, or something else");

fn size_of_a_terminal_that_there_is_not_is_ignored(t: &Trial<'_>) -> Verdict {
    for size in [json!({"height": 70000, "width": 5}), json!({"height": 7}), json!({})] {
        t.see(&t.bundle()?.set("/process/consoleSize", size))?;
    }
    Ok(())
}

fn few_descriptors_are_enough_for_the_process(t: &Trial<'_>) -> Verdict {
    for limit in [3, 4, 10] {
        let limits = json!([{"type": "RLIMIT_NOFILE", "soft": limit, "hard": limit}]);
        let (code, _) = t.full_life(&t.bundle()?.set("/process/rlimits", limits).probe("exit 7"))?;
        same("exit status", &code, 7)?;
    }
    Ok(())
}

fn signals_end_a_created_container(t: &Trial<'_>) -> Verdict {
    for signal in ["HUP", "INT", "QUIT", "USR1", "TERM"] {
        let created = t.create(&t.bundle()?.probe("sleep 20"))?;
        t.call(&["kill", &created.id, signal]).succeed()?;
        t.until("the container's end", || Ok(t.status(&created.id)? == "stopped"))?;
    }
    Ok(())
}

fn file_beside_the_pid_file_is_left_alone(t: &Trial<'_>) -> Verdict {
    let other = t.dir.join(".pid");
    fs::write(&other, "somebody's")?;
    let file = t.dir.join("pid").to_string_lossy().into_owned();
    let bundle = t.bundle()?;
    let call = t.with_bundle(&["create", "--pid-file", &file], &bundle)?;
    let done = call.finish()?;
    if done.code == 0 {
        t.adopt(&bundle.id);
    }
    same("the other file", &fs::read_to_string(&other)?, "somebody's")
}

fn members_that_nobody_knows_are_told_of(t: &Trial<'_>) -> Verdict {
    let bundle = t
        .bundle()?
        .set("/root/readOnly", json!(true))
        .set("/hooks/createruntime", json!([]));
    let done = t.run(&bundle)?;
    same("exit status", &done.code, 0)?;
    for member in ["root.readOnly", "hooks.createruntime"] {
        ensure(done.err.contains(&format!("warning: {member}: unknown member")), || {
            done.err.clone()
        })?;
    }
    Ok(())
}

fn rootfs_that_is_a_link_is_refused_with_a_slash_too(t: &Trial<'_>) -> Verdict {
    for path in ["link", "link/", "link/."] {
        let bundle = t.bundle()?;
        std::os::unix::fs::symlink("rootfs", bundle.dir.join("link"))?;
        t.refused(&bundle.set("/root/path", json!(path)), &[])?;
    }
    Ok(())
}

fn folder_in_the_state_root_that_is_no_container_is_told_of(t: &Trial<'_>) -> Verdict {
    let created = t.create(&t.bundle()?)?;
    fs::create_dir(t.root.join("broken"))?;
    fs::write(t.root.join("broken/state.json"), "{")?;
    let done = t.call(&["list", "--quiet"]).succeed()?;
    t.call(&["delete", "--force", "broken"]).succeed()?;
    ensure(done.out.contains(&created.id), || done.out.clone())?;
    ensure(done.err.contains("broken"), || {
        format!("nothing about it: {}", done.err)
    })
}

fn parameter_without_a_value_is_refused(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.set("/linux/sysctl", json!({"net.ipv4.ip_forward": ""}));
    t.refused(&bundle, &["net.ipv4.ip_forward"]).map(drop)
}

fn parameter_of_the_hosts_own_network_by_its_path_is_refused(t: &Trial<'_>) -> Verdict {
    let name = "net.ipv4.ip_forward";
    let before = fs::read_to_string("/proc/sys/net/ipv4/ip_forward")?;
    let bundle = t
        .bundle()?
        .without_namespace("network")
        .without_mount("/sys")
        .set(
            "/linux/namespaces/-",
            json!({"type": "network", "path": "/proc/self/ns/net"}),
        )
        .set("/linux/sysctl", json!({name: before.trim()}));
    t.refused(&bundle, &["not allowed in"]).map(drop)
}

fn name_of_the_hosts_own_uts_namespace_by_its_path_is_refused(t: &Trial<'_>) -> Verdict {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")?;
    let bundle = t
        .bundle()?
        .without_namespace("uts")
        .set(
            "/linux/namespaces/-",
            json!({"type": "uts", "path": "/proc/self/ns/uts"}),
        )
        .set("/hostname", json!(name.trim()));
    t.refused(&bundle, &["hostname"]).map(drop)
}

fn filter_that_allows_neither_execve_nor_words_is_named(t: &Trial<'_>) -> Verdict {
    for names in [json!(["nanosleep"]), json!(["exit_group"])] {
        let profile =
            json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}]});
        t.refused(&t.bundle()?.set("/linux/seccomp", profile), &["linux.seccomp"])?;
    }
    Ok(())
}

fn agent_that_goes_before_the_execve_does_not_block(t: &Trial<'_>) -> Verdict {
    let path = t.dir.join("agent");
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    let agent = std::thread::spawn(move || super::terminal::take(&listener).map(drop));
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path.to_string_lossy(),
        "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_NOTIFY"}]});
    let begin = std::time::Instant::now();
    let done = t.run(&t.bundle()?.set("/linux/seccomp", profile))?;
    let _ = agent.join();
    ensure(done.code != 0 && begin.elapsed().as_secs() < 5, || {
        format!("{} {:?}", done.err, begin.elapsed())
    })
}
