//! Bytes as values. They come from somebody else: whatever they are, reading them ends in a value or in an error.

/// The bytes are no message of D-Bus: what is wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Malformed(pub(in super::super) &'static str);

/// So deep containers may stand in each other (D-Bus specification: "Valid Signatures").
const DEEPEST: u32 = 64;

/// A place in a message's bytes.
#[derive(Clone, Debug)]
pub(in super::super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

impl<'a> Reader<'a> {
    /// Where `bytes` begin is a multiple of 8 bytes in the message.
    pub(super) fn new(bytes: &'a [u8], is_big_endian: bool) -> Self {
        Self {
            bytes,
            at: 0,
            is_big_endian,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn align(&mut self, to: usize) -> Result<(), Malformed> {
        let aligned = self.at.next_multiple_of(to);
        self.take(aligned - self.at).map(drop)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(TOO_SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(TOO_SHORT)?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(TOO_SHORT)
    }

    pub(in super::super) fn number(&mut self) -> Result<u32, Malformed> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| TOO_SHORT)?;
        Ok(match self.is_big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.number()?).map_err(|_| TOO_SHORT)
    }

    /// A string, or the path of an object.
    pub(in super::super) fn string(&mut self) -> Result<&'a str, Malformed> {
        let length = self.length()?;
        self.text(length)
    }

    pub(super) fn signature(&mut self) -> Result<&'a str, Malformed> {
        let length = self.byte()?;
        self.text(length.into())
    }

    fn text(&mut self, length: usize) -> Result<&'a str, Malformed> {
        let text = self.take(length)?;
        if self.byte()? != 0 {
            return Err(Malformed("a string that does not end where it says"));
        }
        std::str::from_utf8(text).map_err(|_| Malformed("a string that is no UTF-8"))
    }

    /// A string in a variant.
    pub(in super::super) fn variant_string(&mut self) -> Result<&'a str, Malformed> {
        match self.signature()? {
            "s" | "o" => self.string(),
            _ => Err(Malformed("a value that is no string")),
        }
    }

    /// Passes over a variant.
    pub(super) fn skip_variant(&mut self) -> Result<(), Malformed> {
        self.variant_at(0)
    }

    fn variant_at(&mut self, depth: u32) -> Result<(), Malformed> {
        let signature = self.signature()?.as_bytes();
        match self.skip(signature, depth)? {
            [] => Ok(()),
            _ => Err(Malformed("a variant of several types")),
        }
    }

    /// Passes over one complete value; gives the rest of the signature.
    fn skip<'s>(&mut self, signature: &'s [u8], depth: u32) -> Result<&'s [u8], Malformed> {
        if depth > DEEPEST {
            return Err(Malformed("a value that is too deep"));
        }
        let (kind, rest) = signature.split_first().ok_or(BAD_SIGNATURE)?;
        let aligned = |reader: &mut Self, size| reader.align(size).and_then(|()| reader.take(size)).map(drop);
        match kind {
            b'y' => self.take(1).map(drop)?,
            b'n' | b'q' => aligned(self, 2)?,
            b'b' | b'i' | b'u' | b'h' => aligned(self, 4)?,
            b'x' | b't' | b'd' => aligned(self, 8)?,
            b's' | b'o' => self.string().map(drop)?,
            b'g' => self.signature().map(drop)?,
            b'v' => self.variant_at(depth + 1)?,
            b'a' => {
                let length = self.length()?;
                self.align(alignment(rest)?)?;
                self.take(length)?;
                return complete(rest, depth);
            }
            b'(' => {
                self.align(8)?;
                let mut rest = rest;
                while !rest.starts_with(b")") {
                    rest = self.skip(rest, depth + 1)?;
                }
                return rest.get(1..).ok_or(BAD_SIGNATURE);
            }
            _ => return Err(BAD_SIGNATURE),
        }
        Ok(rest)
    }
}

const TOO_SHORT: Malformed = Malformed("a message that is shorter than it says");
const BAD_SIGNATURE: Malformed = Malformed("a type that there is not");

/// At multiples of how many bytes a type stands.
fn alignment(signature: &[u8]) -> Result<usize, Malformed> {
    match signature.first() {
        Some(b'y' | b'g' | b'v') => Ok(1),
        Some(b'n' | b'q') => Ok(2),
        Some(b'b' | b'i' | b'u' | b'h' | b's' | b'o' | b'a') => Ok(4),
        Some(b'x' | b't' | b'd' | b'(' | b'{') => Ok(8),
        _ => Err(BAD_SIGNATURE),
    }
}

/// What follows one complete type.
fn complete(signature: &[u8], depth: u32) -> Result<&[u8], Malformed> {
    if depth > DEEPEST {
        return Err(Malformed("a value that is too deep"));
    }
    let (kind, mut rest) = signature.split_first().ok_or(BAD_SIGNATURE)?;
    let end = match kind {
        b'a' => return complete(rest, depth + 1),
        b'(' => b')',
        b'{' => b'}',
        _ => return Ok(rest),
    };
    while rest.first() != Some(&end) {
        rest = complete(rest, depth + 1)?;
    }
    rest.get(1..).ok_or(BAD_SIGNATURE)
}
