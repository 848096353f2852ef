use orlop_init::wire::{Header, Malformed, Message, Part, Reader, Sink, Slot, Step, Strings, Wire};

/// Any bytes, as a plan and as a message: what can be read is written back as it was, and nothing is read past the end.
pub fn wire(input: &[u8]) {
    let mut reader = Reader::new(input);
    if let Ok(header) = Header::take(&mut reader) {
        let slots: Vec<i32> = (0..).map_while(|slot| header.descriptor(Slot(slot)).ok()).collect();
        assert!(header.descriptor(Slot(u32::MAX)).is_err());
        let mut written = Bytes(Vec::new());
        Header::put(&mut written, header.socket, header.stdio, slots.into_iter());
        let mut again = Reader::new(&written.0);
        assert_eq!(
            Header::take(&mut again).map(|again| (again.socket, again.stdio)),
            Ok((header.socket, header.stdio))
        );
        while !reader.is_at_end() && one_step(&mut reader).is_ok() {}
    }
    let _ = all_steps(input);

    if let Ok((message, text)) = Message::from_bytes(input) {
        assert_eq!(message.to_bytes(), input[..Message::SIZE]);
        assert_eq!(text, &input[Message::SIZE..][..text.len()]);
        let _ = Part::from_number(message.part);
    }
}

/// Reads steps to the end.
pub(crate) fn all_steps(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut count = 0;
    while !reader.is_at_end() {
        one_step(&mut reader)?;
        count += 1;
    }
    Ok(count)
}

fn one_step(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let before = *reader;
    let step = Step::take(reader)?;
    let mut written = Bytes(Vec::new());
    step.put(&mut written);
    let mut before = before;
    assert_eq!(
        before.bytes(written.0.len()),
        Ok(&written.0[..]),
        "{step:?} is written as it was read"
    );
    match step {
        Step::Mount { parameters, .. } => check(parameters),
        Step::Exec { args, env } => {
            check(args);
            check(env);
        }
        Step::Hook { args, env, .. } => {
            check(args);
            check(env);
        }
        _ => {}
    }
    Ok(())
}

/// Init makes room for as many pointers as there are strings: there must not be more.
fn check(strings: Strings<'_>) {
    assert_eq!(strings.iter().count(), strings.len());
    assert_eq!(strings.is_empty(), strings.iter().next().is_none());
}

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}
