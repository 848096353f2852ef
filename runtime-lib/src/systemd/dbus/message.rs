//! Messages (D-Bus specification: "Message Protocol").

use super::marshal::Writer;
use super::unmarshal::{Malformed, Reader};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Call,
    Reply,
    Error,
    Signal,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Message {
    pub(in super::super) kind: Kind,
    pub(super) serial: u32,
    /// The serial of the call that it answers.
    pub(super) answers: Option<u32>,
    pub(super) path: Option<String>,
    pub(in super::super) interface: Option<String>,
    pub(in super::super) member: Option<String>,
    pub(super) error: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
    pub(super) is_big_endian: bool,
}

/// The fixed part of a header, with the length of what follows it.
pub(super) const HEAD: usize = 16;

/// What we read at most. The specification allows 128 MiB, which no message for us has.
const LONGEST: usize = 4 << 20;

const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

impl Default for Message {
    fn default() -> Self {
        Self {
            kind: Kind::Call,
            serial: 0,
            answers: None,
            path: None,
            interface: None,
            member: None,
            error: None,
            destination: None,
            signature: String::new(),
            body: Vec::new(),
            is_big_endian: false,
        }
    }
}

impl Message {
    /// The message on the wire.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut header = Writer::default();
        header.byte(b'l');
        header.byte(match self.kind {
            Kind::Call => 1,
            Kind::Reply => 2,
            Kind::Error => 3,
            Kind::Signal => 4,
        });
        header.byte(0);
        header.byte(1);
        header.number(u32::try_from(self.body.len()).unwrap_or(u32::MAX));
        header.number(self.serial);
        header.array(8, |header| self.fields(header));
        header.align(8);
        let mut bytes = header.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn fields(&self, header: &mut Writer) {
        for (code, kind, value) in [
            (PATH, "o", &self.path),
            (INTERFACE, "s", &self.interface),
            (MEMBER, "s", &self.member),
            (ERROR_NAME, "s", &self.error),
            (DESTINATION, "s", &self.destination),
        ] {
            if let Some(value) = value {
                header.align(8);
                header.byte(code);
                header.signature(kind);
                header.string(value);
            }
        }
        if let Some(serial) = self.answers {
            header.align(8);
            header.byte(REPLY_SERIAL);
            header.signature("u");
            header.number(serial);
        }
        if !self.signature.is_empty() {
            header.align(8);
            header.byte(SIGNATURE);
            header.signature("g");
            header.signature(&self.signature);
        }
    }

    /// How many bytes a message has that begins so.
    pub(super) fn length(head: &[u8; HEAD]) -> Result<usize, Malformed> {
        let mut reader = Reader::new(head, is_big_endian(head)?);
        reader.align(4)?;
        for _ in 0..4 {
            reader.byte()?;
        }
        let (body, _, fields) = (reader.number()?, reader.number()?, reader.number()?);
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let header = HEAD.saturating_add(size(fields));
        let whole = header.checked_next_multiple_of(8).unwrap_or(usize::MAX);
        match whole.saturating_add(size(body)) {
            length if length <= LONGEST => Ok(length),
            _ => Err(Malformed("a message that is too long")),
        }
    }

    /// Reads a message that is there whole.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let is_big_endian = is_big_endian(bytes)?;
        let mut reader = Reader::new(bytes, is_big_endian);
        reader.byte()?;
        let kind = match reader.byte()? {
            1 => Kind::Call,
            2 => Kind::Reply,
            3 => Kind::Error,
            4 => Kind::Signal,
            _ => return Err(Malformed("a message of a kind that there is not")),
        };
        reader.byte()?;
        if reader.byte()? != 1 {
            return Err(Malformed("a message of another version of the protocol"));
        }
        let body = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let mut message = Self {
            kind,
            serial: reader.number()?,
            is_big_endian,
            ..Self::default()
        };
        let fields = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let end = reader.position().saturating_add(fields);
        while reader.position() < end {
            reader.align(8)?;
            message.take_field(&mut reader)?;
        }
        if reader.position() != end {
            return Err(Malformed("a header of another length than it says"));
        }
        reader.align(8)?;
        let rest = bytes.get(reader.position()..).unwrap_or_default();
        if rest.len() != body {
            return Err(Malformed("a body of another length than it says"));
        }
        message.body = rest.to_vec();
        Ok(message)
    }

    fn take_field(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let code = reader.byte()?;
        let mut probe = reader.clone();
        let text = |reader: &mut Reader<'_>| reader.variant_string().map(|text| Some(text.to_owned()));
        match code {
            PATH => self.path = text(reader)?,
            INTERFACE => self.interface = text(reader)?,
            MEMBER => self.member = text(reader)?,
            ERROR_NAME => self.error = text(reader)?,
            DESTINATION => self.destination = text(reader)?,
            REPLY_SERIAL if probe.signature()? == "u" => {
                self.answers = Some(probe.number()?);
                *reader = probe;
            }
            SIGNATURE if probe.signature()? == "g" => {
                self.signature = probe.signature()?.to_owned();
                *reader = probe;
            }
            REPLY_SERIAL | SIGNATURE => return Err(Malformed("a header with a field of a wrong type")),
            _ => reader.skip_variant()?,
        }
        Ok(())
    }

    /// Reads the body, which has these types.
    pub(in super::super) fn read<'a, T>(
        &'a self,
        signature: &str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.signature != signature {
            return Err(Malformed("values of other types than expected"));
        }
        read(&mut Reader::new(&self.body, self.is_big_endian))
    }
}

fn is_big_endian(bytes: &[u8]) -> Result<bool, Malformed> {
    match bytes.first() {
        Some(b'l') => Ok(false),
        Some(b'B') => Ok(true),
        _ => Err(Malformed("bytes that are no message")),
    }
}
