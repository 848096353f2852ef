use crate::step;
use orlop::fuzzing::{self, Kept};
use orlop_init::wire::Message;

/// Any bytes, as each of the records that are kept of a container, and as the one that version 1 kept: they are read
/// or refused, and what was read and is written again is read as the same.
pub fn store(input: &[u8]) {
    same_again(input, fuzzing::leftovers);
    same_again(input, fuzzing::state);
    if let Ok(kept) = Kept::parse(input) {
        look_at(&kept);
        look_at(&kept.of_this_form());
    }
    if let Ok((left, kept)) = fuzzing::version_1(input) {
        let again = fuzzing::leftovers(&left);
        assert_eq!(
            again.as_deref(),
            Ok(&*left),
            "what version 1 left reads as it is written now"
        );
        look_at(&kept);
    }
}

fn same_again(input: &[u8], read_and_write: fn(&[u8]) -> Result<Vec<u8>, String>) {
    match read_and_write(input) {
        Ok(written) => {
            let again = read_and_write(&written);
            assert_eq!(again.as_deref(), Ok(&*written), "{}", String::from_utf8_lossy(&written));
        }
        Err(why) => assert!(!why.is_empty(), "refused, and no reason"),
    }
}

/// The steps of a start, whatever number init tells of.
fn look_at(kept: &Kept) {
    let _ = (kept.program(), kept.hooks());
    let first = kept.first();
    for number in (0..4)
        .map(|more| first.saturating_add(more))
        .chain([0, first / 2, usize::MAX])
    {
        let _ = kept.origin(number);
        if let Some(step) = kept.step(number) {
            let message = Message {
                kind: Message::FAILED,
                step: 0,
                errno: 2,
                part: 0,
                detail: 0,
                length: 0,
            };
            step::failure(&step, &message, "");
        }
    }
}
