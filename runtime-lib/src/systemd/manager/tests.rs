//! Calls of a bus that does as it likes.

use super::super::dbus::Address;
use super::*;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Instant;

/// A bus that a test plays: a socket of its own, served by a thread.
struct Stage {
    path: PathBuf,
    actor: Option<std::thread::JoinHandle<()>>,
}

impl Stage {
    fn new(name: &str, act: impl FnOnce(UnixStream) + Send + 'static) -> Self {
        let path = std::env::temp_dir().join(format!("orlop-bus-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let actor = std::thread::spawn(move || act(listener.accept().unwrap().0));
        Self {
            path,
            actor: Some(actor),
        }
    }

    fn connect(&self) -> Result<Systemd, Failure> {
        let connection = Connection::open(&Address::from(self.path.as_path()))?;
        Ok(Systemd {
            bus: Bus::System,
            connection,
            is_direct: true,
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        if let Some(actor) = self.actor.take() {
            let _ = actor.join();
        }
    }
}

fn let_in(stream: &mut UnixStream) {
    read_until(stream, b"\r\nDATA\r\nBEGIN\r\n");
    stream.write_all(b"DATA\r\nOK 0123\r\n").unwrap();
}

fn read_until(stream: &mut UnixStream, end: &[u8]) {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
}

/// The serial and the bytes of the next call.
fn next_call(stream: &mut UnixStream) -> Option<(u32, Vec<u8>)> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).ok()?;
    let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
    let mut rest = vec![0; number(12).next_multiple_of(8) + number(4)];
    stream.read_exact(&mut rest).ok()?;
    Some((u32::try_from(number(8)).unwrap(), rest))
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// A message with these fields (code, type, value as bytes) and this body.
fn message(kind: u8, fields: &[(u8, char, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'l', kind, 0, 1];
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&[9, 0, 0, 0, 0, 0, 0, 0]);
    for (code, kind, value) in fields {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes.extend_from_slice(&[*code, 1, u8::try_from(*kind).unwrap(), 0]);
        bytes.extend_from_slice(value);
    }
    let length = u32::try_from(bytes.len() - 16).unwrap();
    bytes[12..16].copy_from_slice(&length.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend_from_slice(body);
    bytes
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

fn signature(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes(), &[0]].concat()
}

fn serial(serial: u32) -> (u8, char, Vec<u8>) {
    (5, 'u', serial.to_le_bytes().into())
}

fn reply(to: u32, types: &str, body: &[u8]) -> Vec<u8> {
    let mut fields = vec![serial(to)];
    if !types.is_empty() {
        fields.push((8, 'g', signature(types)));
    }
    message(2, &fields, body)
}

fn error(to: u32, name: &str, text: &str) -> Vec<u8> {
    message(
        3,
        &[serial(to), (4, 's', string(name)), (8, 'g', signature("s"))],
        &string(text),
    )
}

fn job_removed(job: &str, result: &str) -> Vec<u8> {
    let mut body = vec![1, 0, 0, 0];
    for text in [job, "x.scope", result] {
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(string(text));
    }
    let fields = [
        (1, 'o', string(OBJECT)),
        (2, 's', string(MANAGER)),
        (3, 's', string("JobRemoved")),
        (8, 'g', signature("uoss")),
    ];
    message(4, &fields, &body)
}

/// Answers Subscribe, and StartTransientUnit with what `act` gives for its serial, until nobody calls.
fn systemd_that(stream: &mut UnixStream, mut act: impl FnMut(u32, &[u8]) -> Vec<u8>) {
    let_in(stream);
    while let Some((serial, bytes)) = next_call(stream) {
        let answer = match has(&bytes, "Subscribe") {
            true => reply(serial, "", &[]),
            false => act(serial, &bytes),
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_unit_is_started_when_its_job_is_done_whatever_else_is_told() {
    // The end is told before the answer to the call, too, by a systemd that is quick.
    for is_early in [false, true] {
        let stage = Stage::new(&format!("done-{is_early}"), move |mut stream| {
            systemd_that(&mut stream, |serial, _| {
                let answer = reply(serial, "o", &string("/job/7"));
                let ends = [job_removed("/job/6", "failed"), job_removed("/job/7", "done")].concat();
                match is_early {
                    true => [ends, answer].concat(),
                    false => [answer, ends].concat(),
                }
            });
        });
        let started = stage.connect().unwrap().start("x.scope", &[]).unwrap();
        assert!(matches!(started, Started::Done), "{started:?}");
    }
}

#[test]
fn a_job_that_ends_otherwise_is_an_error() {
    for result in ["failed", "canceled", "timeout", "skipped"] {
        let stage = Stage::new(&format!("job-{result}"), move |mut stream| {
            systemd_that(&mut stream, |serial, _| {
                [reply(serial, "o", &string("/job/7")), job_removed("/job/7", result)].concat()
            });
        });
        match stage.connect().unwrap().start("x.scope", &[]).unwrap() {
            Started::Unknown(failure) => assert!(failure.to_string().contains(result), "{failure}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_failed_unit_of_that_name_is_forgotten_and_a_living_one_is_not() {
    for (state, calls) in [("failed", 2), ("active", 1), ("deactivating", 1)] {
        let stage = Stage::new(&format!("exists-{state}"), move |mut stream| {
            let mut starts = 0;
            let mut is_reset = false;
            systemd_that(&mut stream, |serial, bytes| {
                if has(bytes, "StartTransientUnit") {
                    starts += 1;
                    return match is_reset {
                        true => [reply(serial, "o", &string("/job/7")), job_removed("/job/7", "done")].concat(),
                        false => error(serial, EXISTS, "Unit x.scope was already loaded"),
                    };
                }
                if has(bytes, "GetUnit") {
                    return reply(serial, "o", &string("/unit/x"));
                }
                if has(bytes, "ActiveState") {
                    return reply(serial, "v", &[signature("s"), vec![0], string(state)].concat());
                }
                assert!(has(bytes, "ResetFailedUnit"));
                is_reset = true;
                reply(serial, "", &[])
            });
            assert_eq!(starts, calls);
        });
        let started = stage.connect().unwrap().start("x.scope", &[]).unwrap();
        match state {
            "failed" => assert!(matches!(started, Started::Done), "{started:?}"),
            _ => assert!(
                matches!(&started, Started::Taken(found) if found == state),
                "{started:?}"
            ),
        }
    }
}

#[test]
fn what_systemd_refuses_is_told_in_its_words() {
    let stage = Stage::new("refused", |mut stream| {
        systemd_that(&mut stream, |serial, _| {
            error(
                serial,
                "org.freedesktop.DBus.Error.InvalidArgs",
                "Cannot set property Y",
            )
        });
    });
    let failure = stage.connect().unwrap().start("x.scope", &[]).unwrap_err().to_string();
    assert!(failure.contains("StartTransientUnit"), "{failure}");
    assert!(failure.contains(&stage.path.display().to_string()), "{failure}");
    assert!(
        failure.ends_with("org.freedesktop.DBus.Error.InvalidArgs: Cannot set property Y"),
        "{failure}"
    );
}

#[test]
fn a_bus_that_says_nothing_is_an_error_within_seconds() {
    let began = Instant::now();
    let stage = Stage::new("silent", |mut stream| {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
    });
    let failure = stage.connect().unwrap_err().to_string();
    assert!(failure.contains("authenticate with the bus unix:path="), "{failure}");
    assert!(failure.ends_with("no answer within 5 s"), "{failure}");
    let took = began.elapsed().as_secs();
    assert!((5..9).contains(&took), "{took} s");
}

#[test]
fn a_systemd_that_lets_in_and_says_nothing_is_an_error_within_seconds() {
    let stage = Stage::new("mute", |mut stream| {
        let_in(&mut stream);
        // Signals that mean nothing do not put the end off.
        while stream.write_all(&job_removed("/job/1", "done")).is_ok() {
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let mut systemd = stage.connect().unwrap();
    let began = Instant::now();
    let failure = systemd.stop("x.scope").unwrap_err().to_string();
    assert!(failure.contains("StopUnit"), "{failure}");
    assert!(failure.ends_with("no answer within 10 s"), "{failure}");
    let took = began.elapsed().as_secs();
    assert!((10..14).contains(&took), "{took} s");
}

#[test]
fn a_bus_that_ends_or_talks_nonsense_is_an_error_at_once() {
    type Act = fn(&mut UnixStream);
    let acts: [(&str, Act, &str); 6] = [
        ("end", |_| (), "the connection was closed"),
        (
            "rejects",
            |stream| stream.write_all(b"REJECTED EXTERNAL\r\n").unwrap(),
            "does not let this user in",
        ),
        (
            "http",
            |stream| stream.write_all(b"HTTP/1.1 400\r\n").unwrap(),
            "no word of D-Bus",
        ),
        (
            "endless",
            |stream| stream.write_all(&[b'x'; 9000]).unwrap(),
            "no word of D-Bus",
        ),
        (
            "half",
            |stream| {
                let_in(stream);
                let (serial, _) = next_call(stream).unwrap();
                let whole = reply(serial, "o", &string("/job/7"));
                stream.write_all(&whole[..whole.len() - 3]).unwrap();
            },
            "the connection was closed",
        ),
        (
            "garbage",
            |stream| {
                let_in(stream);
                next_call(stream).unwrap();
                stream.write_all(&[b'l'; 64]).unwrap();
            },
            "a message that is too long",
        ),
    ];
    for (name, act, words) in acts {
        let began = Instant::now();
        let stage = Stage::new(name, move |mut stream| {
            act(&mut stream);
            if name == "endless" {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let outcome = stage.connect().and_then(|mut systemd| systemd.start("x.scope", &[]));
        let failure = match outcome {
            Err(failure) => failure.to_string(),
            Ok(other) => panic!("{name}: {other:?}"),
        };
        assert!(failure.contains(words), "{name}: {failure}");
        assert!(failure.contains(&format!("orlop-bus-{name}-")), "{name}: {failure}");
        assert!(began.elapsed().as_secs() < 3, "{name}");
    }
}

#[test]
fn a_wrong_answer_leaves_open_what_became_of_the_unit() {
    for types in ["s", "u", ""] {
        let stage = Stage::new(&format!("types-{types}"), move |mut stream| {
            systemd_that(&mut stream, |serial, _| reply(serial, types, &string("/job/7")));
        });
        let started = stage.connect().unwrap().start("x.scope", &[]).unwrap();
        assert!(matches!(started, Started::Unknown(_)), "{types}: {started:?}");
    }
}

#[test]
fn a_version_is_the_first_number() {
    for (text, version) in [
        ("252 (252.39-1~deb12u2)", Some(252)),
        ("v255", Some(255)),
        ("257~rc1-1", Some(257)),
        ("systemd 249 (v249.11)", Some(249)),
        ("", None),
        ("unknown", None),
    ] {
        assert_eq!(version_of(text), version, "{text}");
    }
}
