//! Numbers as text, without the formatting machinery of `core`, which is larger than all of this program.

use crate::failure::Failure;
use crate::wire::Part;
use core::ffi::CStr;

pub(crate) fn decimal(number: i32, buffer: &mut [u8; 12]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

/// The permissions of a file, seven digits.
pub(crate) fn octal(mode: u32, buffer: &mut [u8; 8]) -> Result<&CStr, Failure> {
    for (index, place) in (0u32..).zip(buffer.iter_mut().take(7)) {
        *place = b'0' + u8::try_from(mode >> (3 * (6 - index)) & 7).unwrap_or(0);
    }
    CStr::from_bytes_until_nul(buffer).map_err(|_| Failure::from(Part::Plan))
}
