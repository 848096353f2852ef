//! Getting through the door (D-Bus specification: "Authentication Protocol").

/// The mechanism EXTERNAL, without saying who is there: the bus looks at the socket's credentials. A uid that is named
/// would be that of the runtime's user namespace, and the bus may be in another.
///
/// With it goes the word that messages follow, as its own library sends it: where it came in one packet with the first
/// message, systemd 252 would let that lie until the next.
pub(super) const HELLO: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

/// A bus that sends more than that in the end means something else.
pub(super) const LONGEST_LINE: usize = 4096;

/// What the bus says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// Who is there?
    Challenge,
    Welcome,
    Refused,
    /// No word of the protocol.
    Unknown(&'a [u8]),
}

impl<'a> Answer<'a> {
    /// The first line of what was received, and how many bytes it has; none as long as it is not whole.
    pub(super) fn first(received: &'a [u8]) -> Option<(Self, usize)> {
        let end = received.windows(2).position(|pair| pair == b"\r\n")?;
        let line = received.get(..end)?;
        let word = line.split(|byte| *byte == b' ').next()?;
        let answer = match word {
            b"DATA" => Self::Challenge,
            b"OK" => Self::Welcome,
            b"REJECTED" | b"ERROR" => Self::Refused,
            _ => Self::Unknown(line),
        };
        Some((answer, end + 2))
    }
}
