//! Messages there and back, and bytes that are none.

use super::message::{HEAD, Kind, Message};
use super::{Malformed, Writer};
use crate::bundle::{UnitProperty, UnitValue};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn messages() -> impl Strategy<Value = Message> {
    let kind = prop_oneof![
        Just(Kind::Call),
        Just(Kind::Reply),
        Just(Kind::Error),
        Just(Kind::Signal)
    ];
    let text = || option::of("[ -~ü]{0,40}");
    let fields = (text(), text(), text(), text(), text());
    let rest = ("[a-z(){}]{0,20}", vec(any::<u8>(), 0..200));
    (kind, any::<u32>(), option::of(any::<u32>()), fields, rest).prop_map(
        |(kind, serial, answers, (path, interface, member, error, destination), (signature, body))| Message {
            kind,
            serial,
            answers,
            path,
            interface,
            member,
            error,
            destination,
            signature,
            body,
            is_big_endian: false,
        },
    )
}

fn head(bytes: &[u8]) -> &[u8; HEAD] {
    bytes.first_chunk().unwrap()
}

proptest! {
    #[test]
    fn a_message_is_what_it_was_before(message in messages()) {
        let bytes = message.to_bytes();
        prop_assert_eq!(Message::length(head(&bytes)), Ok(bytes.len()));
        prop_assert_eq!(Message::parse(&bytes), Ok(message));
    }

    #[test]
    fn bytes_that_are_no_message_are_an_error_or_one(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Message::parse(&bytes);
        if let Some(head) = bytes.first_chunk() {
            let _ = Message::length(head);
        }
    }

    /// Bytes that are nearly right lead deeper than those that are not.
    #[test]
    fn a_message_with_a_wrong_byte_is_an_error_or_another(
        message in messages(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = message.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = Message::parse(&bytes) {
            for signature in ["uoss", "v", "o", "s"] {
                let _ = message.read(signature, |reader| {
                    reader.number()?;
                    reader.string()?;
                    reader.variant_string()
                });
            }
        }
        bytes.truncate(cut.index(bytes.len()));
        let _ = Message::parse(&bytes);
    }
}

/// A field that nobody knows, of any type, is passed over.
#[test]
fn unknown_fields_are_passed_over() {
    let values: [(&str, &[u8]); 7] = [
        ("y", &[1]),
        ("as", &[0, 0, 0, 0]),
        ("(yu)", &[0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]),
        ("a{sv}", &[0, 0, 0, 0, 0, 0, 0, 0]),
        ("v", &[1, b'y', 0, 9]),
        ("t", &[0; 16]),
        ("aai", &[4, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (signature, value) in values {
        let mut bytes = vec![b'l', 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 77];
        bytes.push(u8::try_from(signature.len()).unwrap());
        bytes.extend_from_slice(signature.as_bytes());
        bytes.push(0);
        let alignment = match signature {
            "as" | "aai" | "a{sv}" => 4,
            "(yu)" | "t" => 8,
            _ => 1,
        };
        bytes.resize(bytes.len().next_multiple_of(alignment), 0);
        if signature == "(yu)" {
            bytes.extend_from_slice(&value[4..]);
        } else if signature == "t" {
            bytes.extend_from_slice(&value[..8]);
        } else {
            bytes.extend_from_slice(value);
            if signature == "a{sv}" {
                bytes.resize(bytes.len() - 4, 0);
                bytes.resize(bytes.len().next_multiple_of(8), 0);
            }
        }
        let fields = u32::try_from(bytes.len() - HEAD).unwrap();
        bytes[12..16].copy_from_slice(&fields.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let read = Message::parse(&bytes);
        assert_eq!(
            read.as_ref().map(|message| message.serial),
            Ok(1),
            "{signature}: {read:?}"
        );
    }
}

/// Arrays of arrays of arrays: no recursion goes deeper than the specification allows.
#[test]
fn a_type_that_is_too_deep_is_an_error() {
    for deep in ["(", "a", "a("] {
        let signature = deep.repeat(200 / deep.len());
        let mut bytes = vec![b'l', 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 77, 200];
        bytes.extend_from_slice(signature.as_bytes());
        bytes.resize(700, 0);
        let fields = u32::try_from(bytes.len() - HEAD).unwrap();
        bytes[12..16].copy_from_slice(&fields.to_le_bytes());
        assert!(Message::parse(&bytes).is_err(), "{deep}");
    }
}

#[test]
fn a_message_of_the_other_byte_order_is_read() {
    let bytes = [
        b'B', 4, 1, 1, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 7, 8, 1, b'g', 0, 1, b's', 0, 0, 0, 0, 0, 3, b'y', b'e', b's',
        0,
    ];
    let message = Message::parse(&bytes).unwrap();
    assert_eq!((message.kind, message.serial), (Kind::Signal, 5));
    assert_eq!(message.read("s", |reader| reader.string()), Ok("yes"));
    assert!(matches!(message.read("u", |reader| reader.number()), Err(Malformed(_))));
}

/// zbus 6 makes the same bytes of them.
#[test]
fn properties_are_an_array_of_structures() {
    let mut writer = Writer::default();
    writer.properties(&[
        UnitProperty::new("A", UnitValue::Boolean(true)),
        UnitProperty::new("BC", UnitValue::Strings(vec!["x".into()])),
        UnitProperty::new("D", UnitValue::PerDevice(vec![("/d".into(), 1)])),
        UnitProperty::new("E", UnitValue::Bits(vec![3, 4])),
    ]);
    let expected: &[u8] = &[
        98, 0, 0, 0, 0, 0, 0, 0, // the length, and up to a multiple of 8
        1, 0, 0, 0, b'A', 0, 1, b'b', 0, 0, 0, 0, 1, 0, 0, 0, // A
        2, 0, 0, 0, b'B', b'C', 0, 2, b'a', b's', 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, b'x', 0, // BC
        0, 0, 1, 0, 0, 0, b'D', 0, 5, b'a', b'(', b's', b't', b')', 0, 0, 0, 0, // D
        16, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, b'/', b'd', 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, // its elements
        1, 0, 0, 0, b'E', 0, 2, b'a', b'y', 0, 0, 0, 2, 0, 0, 0, 3, 4, // E
    ];
    assert_eq!(writer.into_bytes(), expected);
}
