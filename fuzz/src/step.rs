use orlop::fuzzing;
use orlop_init::step::{Failed, Phrase, Step, hooks, mounts, program, rootfs};
use orlop_init::wire::{Malformed, Message, Part, Reader, Sink, Strings, Wire};

/// Reads steps to the end.
pub(crate) fn all(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut count = 0;
    while !reader.is_at_end() {
        one(&mut reader)?;
        count += 1;
    }
    Ok(count)
}

/// Reads a step: it is written as it was read, and can be told of.
pub(crate) fn one<'a>(reader: &mut Reader<'a>) -> Result<Step<'a>, Malformed> {
    let mut before = *reader;
    let step = Step::take(reader)?;
    let mut written = Bytes(Vec::new());
    step.put(&mut written);
    assert_eq!(
        before.bytes(written.0.len()),
        Ok(&written.0[..]),
        "{step:?} is written as it was read"
    );
    assert_eq!(
        before.is_at_end(),
        reader.is_at_end(),
        "{step:?}: as much is read as is written"
    );
    match step {
        Step::Mounts(mounts::Steps::Mount(mount)) => check(mount.parameters),
        Step::Mounts(mounts::Steps::ChangeMount(change)) => check(change.parameters),
        Step::Rootfs(rootfs::Steps::OpenSources(open)) => check(open.paths),
        Step::Program(program::Steps::Execute(execute)) => {
            check(execute.args);
            check(execute.env);
        }
        Step::Hooks(hooks::Steps::Hook(hook)) => {
            check(hook.args);
            check(hook.env);
        }
        _ => {}
    }
    one_line(&Phrase(step.reads()).to_string());
    Ok(step)
}

/// What is said when a step failed in this way: whatever init says, it is one line.
pub(crate) fn failure(step: &Step<'_>, message: &Message, text: &str) {
    let reads = step.reads();
    let failed = Failed {
        part: Part::from_number(message.part),
        errno: message.errno,
        detail: message.detail,
        text,
    };
    let _ = reads.member(&failed);
    let error = fuzzing::failure_of_step(step, message, text).to_string();
    assert!(!error.is_empty(), "{step:?}: a failure without words");
    if !text.chars().any(char::is_control) {
        one_line(&error);
    }
}

/// Init makes room for as many pointers as there are strings: there must not be more.
fn check(strings: Strings<'_>) {
    assert_eq!(strings.iter().count(), strings.len());
    assert_eq!(strings.is_empty(), strings.iter().next().is_none());
}

fn one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "control characters: {text:?}");
}

pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}
