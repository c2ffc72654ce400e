//! What a trace is packed in: compressed, or in UTF-16.

use std::io::Write as _;

use contract::RequestHeader;
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// The bytes as they are.
    Plain,
    Gzip,
    Zstd,
    /// UTF-16 with a byte order mark; the trace must be text.
    Utf16 {
        is_big: bool,
    },
}

impl Container {
    /// The container that `byte` selects.
    pub(super) fn of(byte: u8) -> Self {
        match byte {
            1 => Self::Gzip,
            2 => Self::Zstd,
            3 => Self::Utf16 { is_big: false },
            4 => Self::Utf16 { is_big: true },
            _ => Self::Plain,
        }
    }

    /// `trace` in the container, in two parts if it has members; as it is if the container does not fit: records are not
    /// text, whatever their bytes are.
    pub(super) fn pack(self, trace: &[u8]) -> Vec<u8> {
        let (head, rest) = trace.split_at(trace.len() / 3);
        match self {
            Self::Plain => trace.to_vec(),
            Self::Gzip => [gzip(head), gzip(rest)].concat(),
            Self::Zstd => [zstd(head), skippable(head.len()), zstd(rest)].concat(),
            Self::Utf16 { is_big } => match std::str::from_utf8(trace) {
                Ok(text) if !text.contains('\0') && !trace.starts_with(&RequestHeader::MAGIC) => {
                    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
                    units.flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
                }
                _ => trace.to_vec(),
            },
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A frame of Zstandard that is not data.
fn skippable(len: usize) -> Vec<u8> {
    let len = len % 50;
    [&[0x5a, 0x2a, 0x4d, 0x18][..], &(len as u32).to_le_bytes(), &vec![0xff; len]].concat()
}

/// A frame of Zstandard of `blocks` blocks of 128 KiB of `byte`, with a window of 2^(10 + `exponent`) bytes: 4 bytes
/// each.
pub(super) fn zstd_bomb(byte: u8, blocks: usize, exponent: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3];
    for block in 1..=blocks {
        // The length, the kind (1: one byte, repeated), and whether it is the last.
        let header: u32 = (128 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}
