//! The reader on recorded outputs.

use super::*;

fn read(text: impl AsRef<[u8]>) -> Results {
    let mut reader = Reader::default();
    reader.feed(text.as_ref());
    reader.finish()
}

/// The same text byte by byte must read the same.
fn read_slowly(text: &[u8]) -> Results {
    let mut reader = Reader::default();
    for byte in text {
        reader.feed(&[*byte]);
    }
    reader.finish()
}

fn counts(results: &Results) -> (Option<u64>, u64, u64, u64, u64) {
    (results.plan, results.ok, results.not_ok, results.skipped, results.todo)
}

fn detail(results: &Results, index: usize) -> String {
    results.failing[index].detail.lines().join("\n")
}

const PASSING: &str = "\
TAP version 13
ok 1 - the root filesystem is there
ok 2 - the host name is as configured
ok 3 - mounts stand in the order of the config
1..3
";

#[test]
fn a_passing_file() {
    assert_eq!(counts(&read(PASSING)), (Some(3), 3, 0, 0, 0));
    assert_eq!(counts(&read_slowly(PASSING.as_bytes())), (Some(3), 3, 0, 0, 0));
}

const YAML_BEHIND: &str = r#"TAP version 13
1..3
ok 1 - create without an id is an error
not ok 2 - kill of a stopped container is an error
  ---
  {
    "error": "exit status 0",
    "level": "MUST",
    "reference": "runtime.md#kill"
  }
  ...
# took 1.2 s
ok 3 - delete of a created container is an error
  ---
  {
    "error": "nothing to see"
  }
  ...
"#;

#[test]
fn a_failing_test_has_the_yaml_and_the_comments_behind_it() {
    let results = read(YAML_BEHIND);
    assert_eq!(counts(&results), (Some(3), 2, 1, 0, 0));
    assert_eq!(results.failing[0].number, 2);
    assert_eq!(results.failing[0].text, "kill of a stopped container is an error");
    let detail = detail(&results, 0);
    assert!(detail.contains("\"level\": \"MUST\""), "{detail}");
    assert!(detail.ends_with("# took 1.2 s"), "{detail}");
}

const YAML_BEFORE: &str = r#"TAP version 13
  ---
  {
    "stderr": "",
    "stdout": "TAP version 13\nok 1 - masked: /one\nok 2 - masked: /two\n1..2\n"
  }
  ...
ok 1 - masked paths
  ---
  {
    "stderr": "",
    "stdout": "TAP version 13\nok 1 - masked: /one\nnot ok 2 - /two can be read\n1..2\n"
  }
  ...
not ok 2 - masked links
1..2
"#;

#[test]
fn a_failing_test_has_the_yaml_before_it_where_the_file_has_it_so() {
    let results = read(YAML_BEFORE);
    assert_eq!(counts(&results), (Some(2), 1, 1, 0, 0));
    let detail = detail(&results, 0);
    assert!(detail.contains("not ok 2 - /two can be read"), "{detail}");
    assert!(!detail.contains("masked: /one"), "{detail}");
}

#[test]
fn a_plan_of_none_skips_the_file() {
    for (text, reason) in [
        ("TAP version 13\n1..0 # SKIP needs cgroup v1\n", Some("needs cgroup v1")),
        ("1..0 # skipped: not on this machine\n", Some("not on this machine")),
        ("TAP version 14\n1..0 # needs a disk\n", Some("needs a disk")),
        ("1..0\n", None),
    ] {
        let results = read(text);
        assert_eq!(results.plan, Some(0), "{text}");
        assert_eq!(results.skip_reason.as_deref(), reason, "{text}");
        assert_eq!(results.count(), 0, "{text}");
    }
}

#[test]
fn skipped_tests_in_any_case() {
    let results = read("ok 1 # SKIP no hugetlb\nok 2 - limits # skip\nnot ok 3 - other # Skip not now\n1..3\n");
    assert_eq!(counts(&results), (Some(3), 0, 0, 3, 0));
    assert_eq!(results.skip_reason.as_deref(), Some("no hugetlb"));
}

#[test]
fn tests_to_do_are_no_failures() {
    let results =
        read("1..4\nnot ok 1 # TODO time namespaces\nok 2 - done after all # todo\nnot ok 3 - a # Todo: b\nok 4\n");
    assert_eq!(counts(&results), (Some(4), 1, 0, 0, 3));
}

#[test]
fn a_hash_that_begins_no_directive_is_text() {
    let results = read("not ok 1 - see issue #12\nnot ok 2 - a \\# SKIP in a text\nnot ok 3 - # todos\n1..3\n");
    assert_eq!(counts(&results), (Some(3), 0, 3, 0, 0));
    assert_eq!(results.failing[0].text, "see issue #12");
    assert_eq!(results.failing[1].text, "a # SKIP in a text");
}

#[test]
fn bailing_out_ends_it() {
    let results = read("1..5\nok 1 - bundle\nbail out!  no space left on device\nnot ok 2 - never looked at\n");
    assert_eq!(counts(&results), (Some(5), 1, 0, 0, 0));
    assert_eq!(results.bail_out.as_deref(), Some("no space left on device"));
}

#[test]
fn a_missing_plan_and_a_wrong_one_are_seen() {
    assert_eq!(read("TAP version 13\nok 1\nok 2\n").plan, None);
    assert_eq!(counts(&read("1..4\nok 1\nok 2\nok 3\n")), (Some(4), 3, 0, 0, 0));
    let twice = read("1..2\nok 1\nok 2\n1..3\n");
    assert_eq!((twice.plan, twice.other_plan), (Some(2), Some(3)));
    assert_eq!(read("1..2\nok 1\nok 2\n1..2\n").other_plan, None);
    assert_eq!(read("1..3\nok 1\nok 2\nok 9\n").highest, 9);
}

#[test]
fn tests_without_numbers_are_counted() {
    let results = read("ok\nnot ok\nnot ok - second\nok 4th\n1..4\n");
    assert_eq!(counts(&results), (Some(4), 2, 2, 0, 0));
    let numbers: Vec<u64> = results.failing.iter().map(|test| test.number).collect();
    assert_eq!(numbers, [2, 3]);
}

const SUBTESTS: &str = "\
TAP version 14
# Subtest: namespaces
    1..2
    ok 1 - pid
    not ok 2 - network is the host's
      ---
      inode: 4026531840
      ...
not ok 1 - namespaces
# Subtest: mounts
    ok 1 - proc
    1..1
ok 2 - mounts
1..2
";

#[test]
fn subtests_do_not_count_and_tell_about_their_parent() {
    let results = read(SUBTESTS);
    assert_eq!(counts(&results), (Some(2), 1, 1, 0, 0));
    let detail = detail(&results, 0);
    assert!(detail.contains("not ok 2 - network is the host's"), "{detail}");
    assert!(!detail.contains("proc"), "{detail}");
}

#[test]
fn lines_that_end_as_on_windows() {
    let results = read(PASSING.replace('\n', "\r\n"));
    assert_eq!(counts(&results), (Some(3), 3, 0, 0, 0));
    let results = read(YAML_BEHIND.replace('\n', "\r\n"));
    assert_eq!(counts(&results), (Some(3), 2, 1, 0, 0));
    assert!(detail(&results, 0).contains("MUST"));
}

#[test]
fn bytes_that_are_no_text() {
    let results = read(b"\xff\xfe\x00\n1..1\nnot ok 1 - name \xc3\x28 and \x1b[31mred\n");
    assert_eq!(counts(&results), (Some(1), 0, 1, 0, 0));
    assert_eq!(results.failing[0].text, "name \u{fffd}( and ?[31mred");
}

const NO_TAP: &str = "\
panic: runtime error: invalid memory address or nil pointer dereference

goroutine 1 [running]:
main.main()
okay, that was not a result
1..2 and that no plan
";

#[test]
fn output_that_is_no_tap() {
    let results = read(NO_TAP);
    assert_eq!(counts(&results), (None, 0, 0, 0, 0));
    assert_eq!(results.noise.lines().len(), 5);
    assert!(results.noise.lines()[0].starts_with("panic: "));
}

#[test]
fn a_text_of_several_lines_stays_with_its_test() {
    let results = read("TAP version 13\nnot ok 1 - exit status 1\ncontainer does not exist\nok 2\n1..2\n");
    assert_eq!(counts(&results), (Some(2), 1, 1, 0, 0));
    assert_eq!(detail(&results, 0), "container does not exist");
}

#[test]
fn a_block_that_is_not_ended_does_not_swallow_what_follows() {
    let results = read("1..2\nnot ok 1 - first\n  ---\n  message: cut\nok 2 - second\n");
    assert_eq!(counts(&results), (Some(2), 1, 1, 0, 0));
    assert_eq!(detail(&results, 0), "  message: cut");
}

#[test]
fn a_last_line_without_its_end_counts() {
    assert_eq!(counts(&read("ok 1\nok 2\n1..2")), (Some(2), 2, 0, 0, 0));
}

#[test]
fn an_endless_output_takes_no_memory() {
    let mut reader = Reader::default();
    let line = [b'x'; 4096];
    for _ in 0..1000 {
        reader.feed(&line);
    }
    assert!(reader.line.len() <= LINE_LIMIT);
    reader.feed(b"\n");
    for number in 1..=50_000 {
        reader.feed(format!("not ok {number} - again\n# and\n# again\n").as_bytes());
    }
    reader.feed(b"1..50000\n");
    let results = reader.finish();
    assert_eq!(counts(&results), (Some(50_000), 0, 50_000, 0, 0));
    assert_eq!(results.failing.len(), FAILING_LIMIT);
}
