//! Rows with quoted cells, which may hold separators and line breaks: where they end, and their cells. The rules are
//! those of the `csv` crate (RFC 4180): a quote begins a quoted cell only at the start of the cell, and two quotes
//! within it are one.

use super::LINE_LIMIT;
use crate::cells::Cells;

/// Bytes in which a row ends, with its line break.
const WINDOW: usize = LINE_LIMIT + 2;

/// The rule of a quoted row that does not end.
pub(super) fn no_end() -> String {
    format!("a quoted cell has no end, or the row is longer than {LINE_LIMIT} bytes")
}

/// The length of the row at the start of `bytes`, with its line break. A row whose quoted cells do not end within the
/// limit of a line is its first line alone, so that it affects no other row. None: the bytes after these decide.
pub(crate) fn row_len(separator: u8, bytes: &[u8]) -> Option<usize> {
    let line = memchr::memchr(b'\n', bytes)? + 1;
    if line > WINDOW || memchr::memchr(b'"', &bytes[..line]).is_none() {
        return Some(line);
    }
    let row = ended(separator, bytes, |_, _| ());
    if row.is_none() && bytes.len() >= WINDOW { Some(line) } else { row }
}

/// Divides the row at the start of `bytes`, which end with a line break, into `cells`; returns the row's length with its
/// line break. None: it does not end within the limit.
pub(super) fn divide(separator: u8, bytes: &[u8], cells: &mut Cells) -> Option<usize> {
    cells.clear();
    let len = ended(separator, bytes, |part, is_end| cells.append(part, is_end))?;
    if bytes[..len].ends_with(b"\r\n") {
        cells.strip_carriage_return();
    }
    Some(len)
}

/// Divides `line`, which has no line break, into `cells`; false: it ends within quotes.
pub(super) fn divide_line(separator: u8, line: &[u8], cells: &mut Cells) -> bool {
    cells.clear();
    walk(separator, line, |part, is_end| cells.append(part, is_end)).is_some()
}

/// The length of the row at the start of `bytes`, if it ends with a line break within the limit.
fn ended(separator: u8, bytes: &[u8], take: impl FnMut(&[u8], bool)) -> Option<usize> {
    let window = &bytes[..bytes.len().min(WINDOW)];
    walk(separator, window, take).filter(|&len| window[..len].ends_with(b"\n"))
}

/// Passes the parts of all cells of the row at the start of `bytes` to `take`, with whether the part is the last of its
/// cell; returns the row's length, with its line break if it has one. None: it ends within quotes.
fn walk(separator: u8, bytes: &[u8], mut take: impl FnMut(&[u8], bool)) -> Option<usize> {
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            loop {
                let start = at + 1;
                at = start + memchr::memchr(b'"', &bytes[start..])?;
                let is_doubled = bytes.get(at + 1) == Some(&b'"');
                at += 1;
                take(&bytes[start..if is_doubled { at } else { at - 1 }], false);
                if !is_doubled {
                    break;
                }
            }
        }
        let end = memchr::memchr2(separator, b'\n', &bytes[at..]).map(|len| at + len);
        take(&bytes[at..end.unwrap_or(bytes.len())], true);
        match end {
            Some(end) if bytes[end] == separator => at = end + 1,
            Some(end) => return Some(end + 1),
            None => return Some(bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut cells = Cells::default();
        divide(b',', bytes, &mut cells).map(|_| cells.iter().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn a_quote_within_a_cell_is_a_character() {
        for (row, expected) in [
            ("5\" disk,7\n", &["5\" disk", "7"][..]),
            (" \"a\",b\n", &[" \"a\"", "b"]),
            ("\"a\"b\"c,\",\"\n", &["ab\"c", ","]),
            ("\"\",\"\"\"\"\r\n", &["", "\""]),
            ("\"a\nb\r\n\",\r\n", &["a\nb\r\n", ""]),
            ("\"\r\",x\r\r\n", &["\r", "x\r"]),
            ("x,\"\r\"\n", &["x", "\r"]),
        ] {
            let expected: Vec<Vec<u8>> = expected.iter().map(|cell| cell.as_bytes().to_vec()).collect();
            assert_eq!(cells(row.as_bytes()), Some(expected), "{row:?}");
            assert_eq!(row_len(b',', row.as_bytes()), Some(row.len()), "{row:?}");
        }
    }

    #[test]
    fn a_row_that_does_not_end_is_its_first_line() {
        let long = [&b"1,\"a\n"[..], &b"x\n".repeat(LINE_LIMIT)].concat();
        assert_eq!((row_len(b',', &long), cells(&long)), (Some(5), None));
        // More bytes may bring the quote.
        assert_eq!(row_len(b',', &long[..100]), None);
        assert_eq!(row_len(b',', b"1,\"a\""), None);
        let mut longest = [&b"\""[..], &b"\n".repeat(LINE_LIMIT - 2), b"\"\r\n"].concat();
        assert_eq!(row_len(b',', &longest), Some(LINE_LIMIT + 2));
        longest.insert(1, b'x');
        assert_eq!(row_len(b',', &longest), Some(3));
    }

    proptest! {
        #[test]
        fn rows_end_and_are_divided_as_by_the_csv_crate(
            bytes in prop::collection::vec(prop::sample::select(b"a\",\n\r".to_vec()), 0..30),
        ) {
            // The crate skips blank lines, and takes a text that ends within quotes as if they ended there.
            let text = [&b"x"[..], &bytes, b"\n"].concat();
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .terminator(csv::Terminator::Any(b'\n'))
                .from_reader(text.as_slice());
            let mut record = csv::ByteRecord::new();
            prop_assert!(reader.read_byte_record(&mut record).unwrap());
            match cells(&text) {
                Some(mut cells) => {
                    prop_assert_eq!(row_len(b',', &text), Some(reader.position().byte() as usize));
                    // divide() takes the carriage return of the line break for itself.
                    if text[..reader.position().byte() as usize].ends_with(b"\r\n") {
                        cells.last_mut().unwrap().push(b'\r');
                    }
                    prop_assert_eq!(record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>(), cells);
                }
                None => prop_assert_eq!(reader.position().byte() as usize, text.len()),
            }
        }
    }
}
