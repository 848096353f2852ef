//! Programs of rules about devices in a cgroup of v2. There is one on a hybrid host, too, where v1 has the controller.

use super::{Own, rules};
use crate::cgroup::device_program::{detach_from, detach_ours};
use crate::cgroup::{LoadedProgram, Made};
use crate::plan::{DeviceProgram, Need};
use crate::sys;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

/// A cgroup that has a place on v2; none where nobody may load programs.
fn own(name: &str) -> Option<(Own, Made)> {
    let own = Own::new(name, "")?;
    if own.cgroup.0.v2.is_none() || !sys::may_set_device_rules() {
        eprintln!("skipped: there is no cgroup v2, or no right to give it programs");
        return None;
    }
    let made = own.cgroup.make(Need::Asked, &[]).unwrap();
    Some((own, made))
}

fn program(json: &str) -> DeviceProgram {
    rules(json).program().unwrap()
}

/// What a shell in the cgroup says when it opens a node that it makes: block device 7:200 is one that need not be
/// there.
fn opening(own: &Own, redirection: &str) -> String {
    let procs = own.cgroup.0.v2.as_ref().unwrap().path().join("cgroup.procs");
    let folder = std::env::temp_dir().join(format!("orlop-test-{}-{}", std::process::id(), own.top));
    std::fs::create_dir(&folder).unwrap();
    let script = format!(
        "echo $$ > {} && mknod node b 7 200 && : {redirection} node",
        procs.display()
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(&folder).output();
    std::fs::remove_dir_all(&folder).unwrap();
    let output = output.unwrap();
    String::from_utf8(output.stderr).unwrap()
}

const DENIED: &str = "Operation not permitted";

#[test]
fn a_program_is_attached_and_decides() {
    let Some((own, made)) = own("program") else { return };
    let read = r#"[{"allow":true,"type":"b","major":7,"minor":200,"access":"r"}]"#;
    assert!(!opening(&own, "<").contains(DENIED), "without a program");
    let loaded = LoadedProgram::load(&program(read)).unwrap();
    assert!(made.attach(&loaded).unwrap());
    assert!(!opening(&own, "<").contains(DENIED), "reading is allowed");
    assert!(opening(&own, ">").contains(DENIED), "{}", opening(&own, ">"));
    assert_eq!(own.cgroup.attached_of(&[loaded.id]).unwrap(), Some(loaded.id));
}

#[test]
fn a_program_takes_the_place_of_ours_and_of_no_other() {
    let Some((own, made)) = own("replaced") else { return };
    let first = LoadedProgram::load(&program("[]")).unwrap();
    assert!(made.attach(&first).unwrap());
    assert!(opening(&own, "<").contains(DENIED));
    let second = LoadedProgram::load(&program(r#"[{"allow":true,"access":"rwm"}]"#)).unwrap();
    assert!(
        !own.cgroup.replace_program(&[second.id], &second).unwrap(),
        "none of these is attached"
    );
    assert!(own.cgroup.replace_program(&[first.id, second.id], &second).unwrap());
    assert!(!opening(&own, "<").contains(DENIED));
    assert_eq!(own.cgroup.attached_of(&[first.id]).unwrap(), None);
    assert_eq!(
        sys::attached_programs(made.v2.as_ref().unwrap().as_fd()).unwrap(),
        [second.id]
    );
}

#[test]
fn what_is_ours_is_detached_from_a_cgroup_that_stays() {
    let Some((own, made)) = own("stays") else { return };
    let cgroup = made.v2.as_ref().unwrap().as_fd();
    for _ in 0..2 {
        assert!(made.attach(&LoadedProgram::load(&program("[]")).unwrap()).unwrap());
    }
    detach_ours(cgroup).unwrap();
    assert!(sys::attached_programs(cgroup).unwrap().is_empty());
    own.cgroup.remove().unwrap();
    detach_from(own.cgroup.0.v2.as_ref().unwrap()).unwrap();
}

#[test]
fn the_kernel_takes_every_program() {
    let Some((_own, made)) = own("taken") else { return };
    let many = |number: &str| -> String {
        let rule = |minor: u32| {
            format!(r#"{{"allow":true,"type":"c","major":10,{number}"access":"rw"}}"#).replace("#", &minor.to_string())
        };
        format!("[{}]", (0..3_900).map(rule).collect::<Vec<_>>().join(","))
    };
    for json in [
        r#"[{"allow":true,"access":"rwm"}]"#,
        "[]",
        r#"[{"allow":true,"access":"rwm"},{"allow":false,"type":"b","major":8,"access":"w"},
            {"allow":false,"type":"c","minor":1,"access":"r"},{"allow":false,"type":"c","major":4095,"access":"m"}]"#,
        r#"[{"allow":true,"type":"b","minor":7,"access":"w"},{"allow":true,"type":"c","major":10,"access":"w"}]"#,
        &many(r#""minor":#,"#),
    ] {
        let program = program(json);
        let begin = Instant::now();
        let loaded = LoadedProgram::load(&program).unwrap();
        let time = begin.elapsed();
        assert!(
            time < Duration::from_secs(5),
            "{time:?} for {} instructions",
            program.instructions.len()
        );
        eprintln!("{} instructions: {time:?}", program.instructions.len());
        drop(loaded);
    }
    drop(made);
}

#[test]
fn what_the_verifier_says_is_told() {
    let Some(_own) = own("verifier") else { return };
    let mut wrong = program("[]");
    // It ends without an answer.
    wrong.instructions = vec![0x95];
    let error = LoadedProgram::load(&wrong).unwrap_err().to_string();
    assert!(error.contains("devices: ") && error.contains("R0 !read_ok"), "{error}");
}

/// How long a usual program takes: printed, not judged.
#[test]
#[ignore = "it measures"]
fn how_long_it_takes() {
    let Some((_own, made)) = own("time") else { return };
    let Some((_other, other)) = own("other") else { return };
    // The first program of all has the kernel rewrite its code.
    let first = LoadedProgram::load(&program("[]")).unwrap();
    assert!(other.attach(&first).unwrap());
    let cgroup = made.v2.as_ref().unwrap().as_fd();
    let usual = r#"[{"allow":false,"access":"rwm"},
        {"allow":true,"type":"c","major":1,"minor":5,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"},
        {"allow":true,"type":"c","major":1,"minor":9,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":8,"access":"rwm"},
        {"allow":true,"type":"c","major":5,"minor":0,"access":"rwm"},{"allow":true,"type":"c","major":5,"minor":1,"access":"rwm"},
        {"allow":true,"type":"c","major":10,"minor":200,"access":"rwm"},
        {"allow":false,"type":"c","major":10,"minor":229,"access":"rwm"}]"#;
    for json in [r#"[{"allow":true,"access":"rwm"}]"#, "[]", usual] {
        let made_in = Instant::now();
        let program = program(json);
        let made_in = made_in.elapsed();
        let mut times: Vec<[Duration; 2]> = (0..500)
            .map(|_| {
                let begin = Instant::now();
                let loaded = LoadedProgram::load(&program).unwrap();
                let middle = Instant::now();
                made.attach(&loaded).unwrap();
                let times = [middle - begin, middle.elapsed()];
                detach_ours(cgroup).unwrap();
                times
            })
            .collect();
        let mut median = |which: usize| {
            times.sort_by_key(|pair| pair[which]);
            (times[50][which], times[250][which])
        };
        let (load, attach) = (median(0), median(1));
        let count = program.instructions.len();
        eprintln!("{count} instructions, made in {made_in:?}; p10 and median: load {load:?}, attach {attach:?}");
    }
}
