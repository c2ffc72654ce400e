//! Opens a trace and recognises its format.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::path::Path;

use contract::{Request, RequestHeader};
use failure::{Failure, printable};
use random::demand::Demands;

use super::cut::{BLOCK_SIZE, Cutter, LINE_LIMIT, too_long};
use super::decode::Decoder;
use super::formats::{self, FORMATS, Format, Header, Origin, Shape};
use super::location::{Location, Rows};
use super::row::{self, Row};
use super::sequence::Sequencer;
use super::sort::SORT_LIMIT;
use super::{ReadFlags, TraceReader};

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

impl TraceReader {
    /// Opens the trace at `path`, `-` for stdin, and recognises its format, unless `flags` name it. `demands` samples
    /// the demands that the trace does not give.
    ///
    /// # Errors
    /// [`Failure::Trace`] if there is no trace, it is empty or its format is not recognised; [`Failure::Usage`] if the
    /// flag names no format; [`Failure::Host`] if it can't be read.
    pub fn open(path: &Path, flags: &ReadFlags, demands: Demands) -> Result<Self, Failure> {
        let location = Location::new(path);
        let (input, size): (Box<dyn Read + Send>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path).map_err(|error| location.whole(&error.to_string()))?;
            let metadata = file.metadata().map_err(|error| location.whole(&error.to_string()))?;
            if metadata.is_dir() {
                return Err(location.whole("is a folder, not a trace"));
            }
            (Box::new(file), Some(metadata.len()).filter(|_| metadata.is_file()))
        };
        let mut reader = Self::start(location, input, size, flags, demands, BLOCK_SIZE, SORT_LIMIT)?;
        reader.is_piped &= path != Path::new("-") || !stdin_is_file();
        Ok(reader)
    }

    /// Reads `input` in blocks of `block_size` \[bytes\]; `--sort` holds at most `sort_limit` requests.
    pub(super) fn start(
        mut location: Location,
        input: Box<dyn Read + Send>,
        size: Option<u64>,
        flags: &ReadFlags,
        demands: Demands,
        block_size: usize,
        sort_limit: usize,
    ) -> Result<Self, Failure> {
        let asked = flags.trace_format.as_deref().map(asked).transpose()?;
        let mut cutter = Cutter::new(input, block_size);
        let format = match asked {
            Some(format) => {
                if matches!(format.shape, Shape::Lines { .. }) {
                    skip_bom(&location, &mut cutter)?;
                }
                format
            }
            None => recognise(&location, &mut cutter)?,
        };
        let mut declared = None;
        let decoder = match format.shape {
            Shape::Records => {
                let header = records_header(&location, &mut cutter)?;
                declared = Some(header.requests).filter(|&requests| requests != RequestHeader::UNKNOWN);
                Decoder::Records { len: header.record_len as usize }
            }
            Shape::Lines { .. } => Decoder::Lines(columns(&location, format, &mut cutter)?),
        };
        location.rows = match (&decoder, format.shape) {
            (Decoder::Records { len }, _) => Rows::Records { len: *len },
            (_, Shape::Lines { header: Header::Absent, .. }) => Rows::Lines { first: 1 },
            _ => Rows::Lines { first: 2 },
        };
        Ok(Self {
            location,
            format,
            size,
            is_piped: size.is_none(),
            declared,
            demands,
            cutter,
            decoder,
            sequencer: Sequencer::new(flags.rebase || format.origin == Origin::Foreign),
            sampled: 0,
            sort_limit: flags.sort.then_some(sort_limit),
        })
    }
}

/// Whether standard input is a regular file, as after `<` in a shell.
fn stdin_is_file() -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    stdin.and_then(|stdin| stdin.metadata()).is_ok_and(|metadata| metadata.is_file())
}

fn asked(name: &str) -> Result<&'static Format, Failure> {
    FORMATS.iter().find(|format| format.name == name).ok_or_else(|| {
        let name = printable(name.as_bytes(), 40);
        Failure::usage(format!("--trace-format {name} is none of {}", formats::names()))
    })
}

/// Recognises the format by the start of the trace: records by their first bytes, CSV by its header, formats without a
/// header by whether the first row can be read.
fn recognise(location: &Location, cutter: &mut Cutter) -> Result<&'static Format, Failure> {
    let is_records = cutter.peek(location, |bytes| bytes.len() >= 8)?.starts_with(&RequestHeader::MAGIC);
    skip_bom(location, cutter)?;
    let first = first_line(location, cutter)?;
    let starts = |format: &&Format| match format.shape {
        Shape::Records => is_records,
        Shape::Lines { header: Header::Absent, .. } => {
            matches!(Row::new(format, first), Some(Ok(row)) if row.read(first, 0).is_ok())
        }
        Shape::Lines { header, .. } => row::fits(format, header, first),
    };
    FORMATS.iter().find(starts).ok_or_else(|| {
        let (shown, names) = (printable(first, 80), formats::names());
        location.at(0, &format!("unrecognised trace format (first line: \"{shown}\"): a CSV needs a header with arrival_ns, _us, _ms or _s; --trace-format selects one of {names}"))
    })
}

/// The columns of a trace of `format`; skips its header.
fn columns(location: &Location, format: &Format, cutter: &mut Cutter) -> Result<Row, Failure> {
    let first = first_line(location, cutter)?;
    let row = match Row::new(format, first) {
        Some(row) => row.map_err(|rule| location.at(0, &rule))?,
        None => return Err(location.whole("is not a text trace")),
    };
    if matches!(format.shape, Shape::Lines { header: Header::All | Header::Subset, .. }) {
        cutter.skip_line();
    }
    Ok(row)
}

/// Skips a byte order mark at the start.
fn skip_bom(location: &Location, cutter: &mut Cutter) -> Result<(), Failure> {
    if cutter.peek(location, |bytes| bytes.len() >= BOM.len())?.starts_with(BOM) {
        cutter.skip(BOM.len());
    }
    Ok(())
}

/// The first line, without its line break.
fn first_line<'a>(location: &Location, cutter: &'a mut Cutter) -> Result<&'a [u8], Failure> {
    let bytes = cutter.peek(location, |bytes| bytes.contains(&b'\n') || bytes.len() > LINE_LIMIT + 1)?;
    let line = match memchr::memchr(b'\n', bytes) {
        Some(end) => bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]),
        None if bytes.is_empty() => return Err(location.whole("the file is empty")),
        None => bytes,
    };
    if line.len() > LINE_LIMIT {
        return Err(location.at(0, &too_long()));
    }
    Ok(line)
}

/// Reads the header of records.
fn records_header(location: &Location, cutter: &mut Cutter) -> Result<RequestHeader, Failure> {
    let short = |have: usize, need: usize| {
        location.whole(&format!("the file is cut short: {have} of the header's {need} bytes"))
    };
    let bytes = cutter.peek(location, |bytes| bytes.len() >= Request::LEN)?;
    let start = bytes.first_chunk().ok_or_else(|| short(bytes.len(), Request::LEN))?;
    let header = RequestHeader::from_bytes(start).map_err(|rule| location.whole(&rule))?;
    let len = header.record_len as usize;
    let have = cutter.peek(location, |bytes| bytes.len() >= len)?.len();
    if have < len {
        return Err(short(have, len));
    }
    cutter.skip(len);
    Ok(header)
}
