//! What is given away, the guard of a created container, and the place that an error tells.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod launch;

use launch::host::is_alive;
use launch::{Stage, with};
use orlop::{Arguments, Bundle, Error, Id, Io, Plan, Runtime, Status};
use serde_json::{Value, json};
use std::io::Read;

fn bundle(stage: &Stage, config: &Value) -> Bundle {
    Bundle::parse(&stage.dir, &config.to_string()).unwrap()
}

#[test]
fn a_reader_of_captured_output_meets_its_end_while_the_caller_still_has_the_container() {
    let stage = Stage::new();
    let config = stage.config(&["/bin/busybox", "echo", "hello"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut io = Io::default();
    io.stdio[1] = Some(writer.into());
    let runtime = Runtime::new(stage.path("state"));
    let created = runtime
        .run(&Id::new("captured").unwrap(), &bundle(&stage, &config), io)
        .unwrap();
    let mut said = String::new();
    // With a copy of the writing end in this process it would wait for ever.
    reader.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello\n");
    assert!(created.init.wait().unwrap().is_success());
    created.container.delete().unwrap();
}

#[test]
fn a_guard_deletes_what_was_created_or_runs_or_has_ended() {
    let stage = Stage::new();
    let runtime = Runtime::new(stage.path("state"));
    for (number, (start, end)) in [(false, false), (true, false), (true, true)].into_iter().enumerate() {
        let program: &[&str] = if end {
            &["/bin/busybox", "true"]
        } else {
            &["/bin/busybox", "sleep", "60"]
        };
        let bundle = bundle(&stage, &stage.config(program));
        let id = Id::new(format!("guarded{number}")).unwrap();
        let (plan, _) = Plan::for_this_host(&bundle, &Arguments::new(id.clone())).unwrap();
        let guard = runtime.create(&plan, Io::default()).unwrap().guard();
        if start {
            guard.container.start().unwrap();
        }
        if end {
            guard.init.wait().unwrap();
        }
        let pid = guard.init.pid();
        drop(guard);
        assert!(matches!(runtime.container(&id), Err(Error::NotFound(_))), "{id}");
        assert!(!is_alive(pid.get()), "{id}: init is not reaped");
    }
}

#[test]
fn what_is_kept_outlives_its_guard() {
    let stage = Stage::new();
    let runtime = Runtime::new(stage.path("state"));
    let bundle = bundle(&stage, &stage.config(&["/bin/busybox", "sleep", "60"]));
    let id = Id::new("kept").unwrap();
    let created = runtime.run(&id, &bundle, Io::default()).unwrap().guard().keep();
    assert_eq!(created.container.state().unwrap().status, Status::Running);
    runtime.delete_by_force(&id).unwrap();
    created.init.wait().unwrap();
}

#[test]
fn a_panic_between_create_and_start_leaves_no_container() {
    let stage = Stage::new();
    let runtime = Runtime::new(stage.path("state"));
    let bundle = bundle(&stage, &stage.config(&["/bin/busybox", "sleep", "60"]));
    let id = Id::new("panic").unwrap();
    let result = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let (plan, _) = Plan::for_this_host(&bundle, &Arguments::new(id.clone())).unwrap();
            let _guard = runtime.create(&plan, Io::default()).unwrap().guard();
            panic!("half-way");
        });
        thread.join()
    });
    assert!(result.is_err());
    assert!(matches!(runtime.container(&id), Err(Error::NotFound(_))));
}

#[test]
fn every_kind_of_error_tells_its_place_by_one_method() {
    let stage = Stage::new();
    let runtime = Runtime::new(stage.path("state"));
    let base = || stage.config(&["/bin/busybox", "true"]);
    let refused = |config: &Value| {
        let bundle = Bundle::parse(&stage.dir, &config.to_string())?;
        runtime
            .run(&Id::new("refused").unwrap(), &bundle, Io::default())
            .map(drop)
    };
    let hook = json!([{"path": "/bin/true"}, {"path": "/bin/false"}]);
    let mount = json!({"destination": "/mnt", "type": "nosuchfs", "source": "none"});
    for (config, kind, path) in [
        (with(base(), "/process/cwd", "relative"), "Config", Some("process.cwd")),
        (with(base(), "/mounts/-", mount), "Failure", Some("mounts[2].type")),
        (
            with(base(), "/hooks", json!({"createRuntime": hook})),
            "Hook",
            Some("hooks.createRuntime[1]"),
        ),
        (
            with(base(), "/hooks", json!({"poststart": hook})),
            "Hook",
            Some("hooks.poststart[1]"),
        ),
        (
            with(base(), "/process/args/0", "/missing"),
            "Exec",
            Some("process.args"),
        ),
    ] {
        let error = refused(&config).unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
        let told = error.path();
        assert_eq!(told.as_ref().map(orlop::JsonPath::as_str), path, "{error}");
        assert!(error.to_string().starts_with(path.unwrap()), "{error}");
    }
    let missing = runtime.container(&Id::new("missing").unwrap()).unwrap_err();
    assert_eq!(missing.path(), None, "{missing}");
    assert_eq!(Error::from(Id::new("/").unwrap_err()).path(), None);
}
