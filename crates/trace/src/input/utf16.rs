//! UTF-16 with a byte order mark, as spreadsheets write it, as UTF-8.

use std::io::{self, Read};

/// Code units that are read at a time.
const UNITS: usize = 32 << 10;

/// The order of the bytes of a code unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    /// The order in a text that starts with `start`; None if that is no byte order mark of UTF-16.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }
}

/// The text as UTF-8, the byte order mark included. A lone surrogate becomes U+FFFD.
pub(super) struct Utf8<R> {
    utf16: R,
    endian: Endian,
    /// Half a code unit, or half a surrogate pair.
    rest: Vec<u8>,
    utf8: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf8<R> {
    pub(super) fn new(utf16: R, endian: Endian) -> Self {
        Self { utf16, endian, rest: Vec::new(), utf8: Vec::new(), taken: 0 }
    }

    /// Transcodes the next bytes; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut bytes = std::mem::take(&mut self.rest);
        let kept = bytes.len();
        bytes.resize(kept + 2 * UNITS, 0);
        let read = self.utf16.read(&mut bytes[kept..])?;
        bytes.truncate(kept + read);
        let mut whole = bytes.len() / 2 * 2;
        let unit = |pair: &[u8]| match self.endian {
            Endian::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Endian::Big => u16::from_be_bytes([pair[0], pair[1]]),
        };
        // A high surrogate waits for the low one, but not at the end.
        if read > 0 && whole > 0 && (0xd800..0xdc00).contains(&unit(&bytes[whole - 2..whole])) {
            whole -= 2;
        }
        let (units, rest) = bytes.split_at(whole);
        if read == 0 && !rest.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the UTF-16 text ends within a character"));
        }
        let text: String = char::decode_utf16(units.chunks_exact(2).map(unit))
            .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.rest = rest.to_vec();
        (self.utf8, self.taken) = (text.into_bytes(), 0);
        Ok(read > 0 || !self.utf8.is_empty())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.utf8.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let len = into.len().min(self.utf8.len() - self.taken);
        into[..len].copy_from_slice(&self.utf8[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time.
    struct Slowly(Vec<u8>);

    impl Read for Slowly {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() || into.is_empty() {
                return Ok(0);
            }
            into[0] = self.0.remove(0);
            Ok(1)
        }
    }

    fn read(bytes: Vec<u8>, endian: Endian) -> io::Result<String> {
        let mut text = String::new();
        Utf8::new(Slowly(bytes), endian).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn both_byte_orders_are_transcoded() {
        let text = "\u{feff}arrival_s;Größe\n0,5;𝄞\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((Endian::of(&little), Endian::of(&big)), (Some(Endian::Little), Some(Endian::Big)));
        assert_eq!(read(little, Endian::Little).unwrap(), text);
        assert_eq!(read(big, Endian::Big).unwrap(), text);
    }

    #[test]
    fn a_lone_surrogate_is_replaced_and_half_a_unit_is_an_error() {
        assert_eq!(read(vec![0x41, 0, 0x34, 0xd8, 0x42, 0], Endian::Little).unwrap(), "A\u{fffd}B");
        assert_eq!(read(vec![0x34, 0xd8], Endian::Little).unwrap(), "\u{fffd}");
        assert!(read(vec![0x41, 0, 0x42], Endian::Little).unwrap_err().to_string().contains("within a character"));
    }
}
