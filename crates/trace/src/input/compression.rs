//! Compressed traces, recognised by their first bytes.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

/// Bytes of one read of compressed data.
const BUFFER: usize = 64 << 10;

/// The largest window of Zstandard \[bytes\], which is held in memory: the limit of the command `zstd` without options.
const MAX_WINDOW: u64 = 128 << 20;

/// A compression that is read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// gzip, of one or several members (RFC 1952).
    Gzip,
    /// Zstandard, of one or several frames (RFC 8878).
    Zstd,
}

/// Files that are not read: their first bytes, their kind, and a command that makes a trace of them.
const OTHERS: [(&[u8], &str, &str); 5] = [
    (
        b"PAR1",
        "a Parquet file",
        "python3 -c 'import sys, pandas; pandas.read_parquet(sys.argv[1]).to_csv(sys.stdout, index=False)' FILE > trace.csv",
    ),
    (b"\xfd7zXZ\0", "compressed with xz", "xz -dc FILE | … --trace -"),
    (b"BZh", "compressed with bzip2", "bzip2 -dc FILE | … --trace -"),
    (b"PK\x03\x04", "a zip archive (as .xlsx is)", "unzip -p FILE NAME | … --trace -, or export the sheet as CSV"),
    (b"SQLite format 3", "an SQLite database", "sqlite3 -csv -header FILE 'select * from TABLE' > trace.csv"),
];

/// Refuses files of [`OTHERS`].
///
/// # Errors
/// The rule, with the command that makes a trace of such a file.
pub(super) fn refuse_others(start: &[u8]) -> Result<(), String> {
    match OTHERS.iter().find(|(magic, ..)| start.starts_with(&magic[..magic.len().min(super::START)])) {
        None => Ok(()),
        Some((_, name, command)) => Err(format!("is {name}, which is not read; this makes a trace of it: {command}")),
    }
}

impl Compression {
    /// The compression of a file that starts with `start`.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A skippable frame.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The decompressed bytes of `compressed`. Memory is bounded: windows above [`MAX_WINDOW`] are an error.
    pub(super) fn reader(self, compressed: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let compressed = BufReader::with_capacity(BUFFER, compressed);
        match self {
            Self::Gzip => Box::new(Named(MultiGzDecoder::new(compressed), "gzip")),
            Self::Zstd => {
                let mut frame = FrameDecoder::new();
                frame.set_max_window_size(MAX_WINDOW);
                Box::new(Named(Frames { compressed, frame, in_frame: false }, "zstd"))
            }
        }
    }
}

/// Adds the name of the compression to errors.
struct Named<R>(R, &'static str);

impl<R: Read> Read for Named<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(io::ErrorKind::InvalidData, format!("the {} data is cut short", self.1))
            }
            io::ErrorKind::Unsupported => io::Error::new(io::ErrorKind::InvalidData, error),
            _ => io::Error::new(io::ErrorKind::InvalidData, format!("the {} data is damaged: {error}", self.1)),
        })
    }
}

/// Zstandard frames, one after another.
struct Frames<R> {
    compressed: R,
    frame: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.in_frame {
                while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                    let one = ruzstd::decoding::BlockDecodingStrategy::UptoBlocks(1);
                    self.frame.decode_blocks(&mut self.compressed, one).map_err(end_or_damage)?;
                }
                let read = self.frame.read(into)?;
                if read > 0 || into.is_empty() {
                    return Ok(read);
                }
                let stored = self.frame.get_checksum_from_data();
                if stored.is_some() && stored != self.frame.get_calculated_checksum() {
                    return Err(io::Error::other("the checksum differs"));
                }
                self.in_frame = false;
            }
            if self.compressed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            match self.frame.init(&mut self.compressed) {
                Ok(()) => self.in_frame = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.compressed).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(end_or_damage(error)),
            }
        }
    }
}

/// The error of a frame. ruzstd has no kind of error for data that is cut short, so its causes are searched for one of I/O.
fn end_or_damage(error: FrameDecoderError) -> io::Error {
    let way_out = match error {
        FrameDecoderError::WindowSizeTooBig { requested, .. } => Some(format!(
            "the zstd data needs a window of {} MiB, above the limit of {} MiB; zstd -dc --long=31 FILE | … --trace - reads it",
            requested.div_ceil(1 << 20),
            MAX_WINDOW >> 20
        )),
        FrameDecoderError::DictNotProvided { .. } => {
            Some("the zstd data needs a dictionary; zstd -dc -D DICTIONARY FILE | … --trace - reads it".to_owned())
        }
        _ => None,
    };
    if let Some(way_out) = way_out {
        return io::Error::new(io::ErrorKind::Unsupported, way_out);
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = error.source();
    }
    io::Error::other(error.to_string())
}
