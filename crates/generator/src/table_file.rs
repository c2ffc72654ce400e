//! CSV files of two columns of numbers, which settings name.

use std::fs::File;
use std::io::Read as _;

use failure::{Failure, Origin, Setting};
use sha2::{Digest as _, Sha256};

/// Largest size of a file that a setting names \[bytes\].
const MAX_BYTES: u64 = 64 << 20;

/// A text file that a setting names.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    name: String,
    pub(crate) text: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub(crate) sha256: String,
}

impl TextFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// What prevents it: the file is missing, too large, or no text.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(|error| format!("names a file that can't be read: {error}"))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("names a file of more than {} MiB", MAX_BYTES >> 20));
        }
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let text = String::from_utf8(bytes).map_err(|_| "names a file that is no UTF-8 text".to_owned())?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self { name: failure::printable(path.as_bytes(), 200), text, sha256 })
    }

    /// A line of the file, from 1.
    pub(crate) fn at(&self, line: u64) -> Origin {
        Origin::File { name: self.name.clone(), line }
    }

    /// The error that line `line` breaks `rule`.
    pub(crate) fn refuse(&self, line: u64, rule: impl Into<String>) -> Failure {
        Failure::Usage { origin: Some(self.at(line)), setting: None, rule: rule.into() }
    }

    /// The error that the value of `column` in `line` breaks `rule`.
    pub(crate) fn refuse_value(&self, line: u64, column: &str, value: &str, rule: impl Into<String>) -> Failure {
        let setting = Setting { key: column.to_owned(), value: failure::printable(value.as_bytes(), 40) };
        Failure::Usage { origin: Some(self.at(line)), setting: Some(setting), rule: rule.into() }
    }

    /// The rows of a CSV file with a header of two columns, `first` (one of several names) and `second`: the name of the
    /// first column, and for each row its line and its two cells. There is at least one row.
    ///
    /// # Errors
    /// If the header is another one, or a row has not two cells.
    pub(crate) fn rows(&self, first: &[&'static str], second: &str) -> Result<Table<'_>, Failure> {
        let mut lines = (1..).zip(self.text.lines());
        let header = lines.next().map_or("", |(_, line)| line);
        let name = first.iter().find(|name| header.split_once(',') == Some((**name, second))).ok_or_else(|| {
            let headers: Vec<String> = first.iter().map(|name| format!("{name},{second}")).collect();
            let shown = failure::printable(header.as_bytes(), 60);
            self.refuse(1, format!("the header \"{shown}\" is not {}", headers.join(" or ")))
        })?;
        let row = |(line, text): (u64, _)| match str::split_once(text, ',') {
            Some((first, second)) if !second.contains(',') => Ok((line, [first, second])),
            _ => {
                let shown = failure::printable(text.as_bytes(), 60);
                Err(self.refuse(line, format!("\"{shown}\" is not a row of two cells")))
            }
        };
        let rows = lines.map(row).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() { Err(self.refuse(1, "there is no row after the header")) } else { Ok((name, rows)) }
    }
}

/// The name of the first column, and the rows: each with its line and two cells.
pub(crate) type Table<'a> = (&'static str, Vec<(u64, [&'a str; 2])>);

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile { name: "f".to_owned(), text: text.to_owned(), sha256: String::new() }
    }

    #[test]
    fn rows_have_two_cells_below_a_known_header() {
        let good = file("b,weight\r\n1,2\r\n3,\n");
        assert_eq!(good.rows(&["a", "b"], "weight").unwrap(), ("b", vec![(2, ["1", "2"]), (3, ["3", ""])]));
        let refused = |text| file(text).rows(&["a", "b"], "weight").unwrap_err().to_string();
        assert_eq!(refused(""), "f:1: the header \"\" is not a,weight or b,weight");
        assert_eq!(refused("1,2\n"), "f:1: the header \"1,2\" is not a,weight or b,weight");
        assert_eq!(refused("a,weight\n"), "f:1: there is no row after the header");
        assert_eq!(refused("a,weight\n1,2\n\n"), "f:3: \"\" is not a row of two cells");
        assert_eq!(refused("a,weight\n1,2,3\n"), "f:2: \"1,2,3\" is not a row of two cells");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused() {
        assert!(TextFile::read("/no/such/file").unwrap_err().starts_with("names a file that can't be read: No such"));
        assert!(TextFile::read("/").unwrap_err().starts_with("names a file that can't be read: "));
        assert_eq!(TextFile::read("/dev/zero").unwrap_err(), "names a file of more than 64 MiB");
    }
}
