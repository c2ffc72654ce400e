//! The cells of one row.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// The cells of one row, which are reused for the next.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Removes all cells.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends a cell.
    pub(crate) fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
    }

    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `place`, which must be below [`Cells::len`].
    pub(crate) fn get(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    /// All cells.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place))
    }
}

/// What reading a row needs, which is reused for the next.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) cells: Cells,
    /// The parser of quoted rows, and its separator.
    csv: Option<(u8, Reader)>,
}

impl Scratch {
    /// Divides the row with quoted cells at the start of `bytes`, which may have several lines; returns its length with
    /// its line break.
    ///
    /// # Errors
    /// The rule, if a quoted cell has no end.
    pub(crate) fn record(&mut self, separator: u8, bytes: &[u8]) -> Result<usize, String> {
        let (of, reader) = self.csv.get_or_insert_with(|| (separator, reader(separator)));
        if *of != separator {
            (*of, *reader) = (separator, self::reader(separator));
        }
        reader.reset();
        let Cells { bytes: output, ends } = &mut self.cells;
        let (mut read, mut written, mut columns) = (0, 0, 0);
        output.resize(output.len().max(1 << 10), 0);
        ends.resize(ends.len().max(32), 0);
        loop {
            let (result, used, wrote, ended) =
                reader.read_record(&bytes[read..], &mut output[written..], &mut ends[columns..]);
            read += used;
            written += wrote;
            columns += ended;
            match result {
                ReadRecordResult::OutputFull => output.resize(output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                // Each line of a block has its line break, so that the parser ends here only within quotes.
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    if read == bytes.len() && bytes.last() != Some(&b'\n') {
                        // The first line of a trace, without its line break: the parser needs to see the end.
                        let (result, _, wrote, ended) =
                            reader.read_record(&[], &mut output[written..], &mut ends[columns..]);
                        if result == ReadRecordResult::Record {
                            written += wrote;
                            columns += ended;
                            break;
                        }
                    }
                    self.cells.clear();
                    return Err("a quoted cell has no end".to_owned());
                }
            }
        }
        output.truncate(written);
        ends.truncate(columns);
        // The parser ends lines at the line feed alone, so that other carriage returns stay where they are: also that of the
        // cell before an empty last one.
        let last_start = ends.len().checked_sub(2).map_or(0, |before| ends[before]);
        if output.last() == Some(&b'\r') && ends.last() == Some(&written) && last_start < written {
            output.pop();
            if let Some(end) = ends.last_mut() {
                *end -= 1;
            }
        }
        Ok(read)
    }
}

fn reader(separator: u8) -> Reader {
    ReaderBuilder::new().delimiter(separator).terminator(Terminator::Any(b'\n')).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriage_return_is_removed_from_the_end_of_the_line_alone() {
        let mut scratch = Scratch::default();
        for (row, cells) in [
            ("\"a\",b\r\n", ["a", "b"]),
            ("\"a\r\",\n", ["a\r", ""]),
            ("\"a\r\",\r\n", ["a\r", ""]),
            ("\"a\r\"\r,b", ["a\r\r", "b"]),
        ] {
            assert_eq!(scratch.record(b',', row.as_bytes()), Ok(row.len()));
            assert!(scratch.cells.iter().eq(cells.map(str::as_bytes)), "{row:?}: {:?}", scratch.cells);
        }
    }
}
