//! Values as bytes (D-Bus specification: "Marshaling (Wire Format)"), the least significant first.

use crate::bundle::{UnitProperty, UnitValue};

/// A message's body, or its header, in the making. It begins where a multiple of 8 bytes stands before it.
#[derive(Debug, Default)]
pub(in super::super) struct Writer(Vec<u8>);

impl Writer {
    pub(in super::super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Fills up to a multiple of so many bytes.
    pub(super) fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(in super::super) fn boolean(&mut self, yes: bool) {
        self.number(u32::from(yes));
    }

    pub(in super::super) fn number(&mut self, number: u32) {
        self.align(4);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn long_number(&mut self, number: u64) {
        self.align(8);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A string, or the path of an object. Without a NUL byte within, which whoever has it sees to.
    pub(in super::super) fn string(&mut self, text: &str) {
        self.number(length(text.len()));
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    pub(super) fn signature(&mut self, signature: &str) {
        self.byte(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(signature.as_bytes());
        self.0.push(0);
    }

    /// An array whose elements stand at multiples of so many bytes.
    pub(in super::super) fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Self)) {
        self.number(0);
        let length_at = self.0.len() - 4;
        self.align(alignment);
        let begin = self.0.len();
        elements(self);
        let bytes = length(self.0.len() - begin).to_le_bytes();
        if let Some(place) = self.0.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&bytes);
        }
    }

    /// `a(sv)`.
    pub(in super::super) fn properties<'p>(&mut self, properties: impl IntoIterator<Item = &'p UnitProperty>) {
        self.array(8, |writer| {
            for property in properties {
                writer.align(8);
                writer.string(&property.name);
                writer.variant(&property.value);
            }
        });
    }

    fn variant(&mut self, value: &UnitValue) {
        match value {
            UnitValue::Boolean(yes) => {
                self.signature("b");
                self.boolean(*yes);
            }
            UnitValue::Int32(number) => {
                self.signature("i");
                self.align(4);
                self.0.extend_from_slice(&number.to_le_bytes());
            }
            UnitValue::Uint32(number) => {
                self.signature("u");
                self.number(*number);
            }
            UnitValue::Uint64(number) => {
                self.signature("t");
                self.long_number(*number);
            }
            UnitValue::String(text) => {
                self.signature("s");
                self.string(text);
            }
            UnitValue::Strings(texts) => {
                self.signature("as");
                self.array(4, |writer| texts.iter().for_each(|text| writer.string(text)));
            }
            UnitValue::Bits(bits) => {
                self.signature("ay");
                self.array(1, |writer| writer.0.extend_from_slice(bits));
            }
            UnitValue::Pids(pids) => {
                self.signature("au");
                self.array(4, |writer| pids.iter().for_each(|pid| writer.number(*pid)));
            }
            UnitValue::PerDevice(devices) => {
                self.signature("a(st)");
                self.array(8, |writer| {
                    for (device, number) in devices {
                        writer.align(8);
                        writer.string(device);
                        writer.long_number(*number);
                    }
                });
            }
        }
    }
}

/// What is sent is short: the receiver refuses what claims to be as long as that.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
