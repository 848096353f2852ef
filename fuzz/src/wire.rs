use crate::step::{self, Bytes};
use orlop_init::wire::{Header, Message, Part, Reader, Slot};

/// Any bytes, as a plan and as a message: what can be read is written back as it was, and nothing is read past the
/// end.
pub fn wire(input: &[u8]) {
    let mut reader = Reader::new(input);
    if let Ok(header) = Header::take(&mut reader) {
        let slots: Vec<i32> = (0..).map_while(|slot| header.descriptor(Slot(slot)).ok()).collect();
        assert!(header.descriptor(Slot(u32::MAX)).is_err());
        let mut written = Bytes(Vec::new());
        header.put(&mut written, slots.into_iter());
        let mut before = Reader::new(input);
        assert_eq!(
            before.bytes(written.0.len()),
            Ok(&written.0[..]),
            "{header:?} is written as it was read"
        );
        assert_eq!(before.is_at_end(), reader.is_at_end());
        assert_eq!(Header::take(&mut Reader::new(&written.0)), Ok(header));
        while !reader.is_at_end() && step::one(&mut reader).is_ok() {}
    }
    let _ = step::all(input);

    if let Ok((message, text)) = Message::from_bytes(input) {
        assert_eq!(message.to_bytes(), input[..Message::SIZE]);
        assert_eq!(text, &input[Message::SIZE..][..text.len()]);
        let part = Part::from_number(message.part);
        assert!(part as u32 == message.part || part == Part::Whole);
        // Behind the message: the step that it is about.
        let mut reader = Reader::new(&input[Message::SIZE + text.len()..]);
        if let Ok(step) = step::one(&mut reader) {
            step::failure(&step, &message, &String::from_utf8_lossy(text));
        }
    }
}
