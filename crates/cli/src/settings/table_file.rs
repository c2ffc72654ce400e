//! CSV files of numbers, which settings name.

use std::fs::File;
use std::io::Read as _;

use failure::{Failure, Origin, Setting};
use sha2::{Digest as _, Sha256};
use trace::decimal;

/// Largest size of a file that a setting names \[bytes\].
const MAX_BYTES: u64 = 64 << 20;

/// A text file that a setting names.
#[derive(Debug, Clone)]
pub struct TextFile {
    name: String,
    /// Its text, without a byte order mark.
    pub text: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl TextFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// What prevents it: the file is missing, too large, or no text.
    pub fn read(path: &str) -> Result<Self, String> {
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
    pub fn at(&self, line: u64) -> Origin {
        Origin::File { name: self.name.clone(), line }
    }

    /// The error that line `line` breaks `rule`.
    pub fn refuse(&self, line: u64, rule: impl Into<String>) -> Failure {
        Failure::Usage { origin: Some(self.at(line)), setting: None, rule: rule.into() }
    }

    /// The error that the value of `column` in `line` breaks `rule`.
    pub fn refuse_value(&self, line: u64, column: &str, value: &str, rule: impl Into<String>) -> Failure {
        let setting = Setting { key: column.to_owned(), value: failure::printable(value.as_bytes(), 40) };
        Failure::Usage { origin: Some(self.at(line)), setting: Some(setting), rule: rule.into() }
    }

    /// The rows of a CSV file with a header of two columns, `first` (one of several names) and `second`. If that has a
    /// `default`, it may be absent. There is at least one row.
    ///
    /// # Errors
    /// If the header is another one; in the rows, if one has another number of cells.
    pub fn rows<'a>(
        &'a self,
        first: &[&'static str],
        second: &str,
        default: Option<&'static str>,
    ) -> Result<Table<impl Iterator<Item = Result<Row<'a>, Failure>> + use<'a>>, Failure> {
        let mut lines = (1..).zip(self.text.lines());
        let header = lines.next().map_or("", |(_, line)| line);
        let (name, both) = match header.split_once(',') {
            Some((name, rest)) if rest == second => (name, true),
            _ => (header, default.is_none()),
        };
        let is_known = both == header.contains(',');
        let column = first.iter().find(|known| **known == name && is_known).ok_or_else(|| {
            let second = if default.is_some() { format!("[,{second}]") } else { format!(",{second}") };
            let headers: Vec<String> = first.iter().map(|name| format!("{name}{second}")).collect();
            let shown = failure::printable(header.as_bytes(), 60);
            self.refuse(1, format!("the header \"{shown}\" is not {}", headers.join(" or ")))
        })?;
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Err(self.refuse(1, "there is no row after the header"));
        }
        let rows = lines.map(move |(line, text): (u64, &str)| {
            let cells = match text.split_once(',') {
                Some((first, second)) if both && !second.contains(',') => Some([first, second]),
                None if !both => default.map(|default| [text, default]),
                _ => None,
            };
            cells.map(|cells| (line, cells)).ok_or_else(|| {
                let shown = failure::printable(text.as_bytes(), 60);
                let cells = if both { "two cells" } else { "one cell" };
                self.refuse(line, format!("\"{shown}\" is not a row of {cells}"))
            })
        });
        Ok(Table { column, rows })
    }

    /// The number of its last line.
    pub fn last_line(&self) -> u64 {
        self.text.lines().count() as u64
    }
}

/// A CSV file of two columns.
#[derive(Debug)]
pub struct Table<R> {
    /// The name of the first column.
    pub column: &'static str,
    /// Its rows.
    pub rows: R,
}

/// The line of a row, and its two cells.
pub type Row<'a> = (u64, [&'a str; 2]);

/// The error of weights that [`random::weighted::Weighted`] does not take.
pub const NO_WEIGHTS: &str = "the sum of the weights must be above 0, and at most 18446744073";

/// A weight in 10⁻⁹: a decimal number of up to nine places.
///
/// # Errors
/// If it is none, or has no place in 64 bits.
pub fn weight(text: &str) -> Result<u64, &'static str> {
    let rule = "must be a decimal number of at least 0 and at most 18446744073";
    decimal::scaled(text.as_bytes(), 1_000_000_000).ok_or(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile { name: "f".to_owned(), text: text.to_owned(), sha256: String::new() }
    }

    /// The column and the rows of `text`; the weight is optional if it has a default.
    fn rows<'a>(file: &'a TextFile, default: Option<&'static str>) -> Result<(&'static str, Vec<Row<'a>>), String> {
        let table = file.rows(&["a", "b"], "weight", default).map_err(|error| error.to_string())?;
        let rows = table.rows.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok((table.column, rows))
    }

    #[test]
    fn rows_have_two_cells_below_a_known_header() {
        let good = file("b,weight\r\n1,2\r\n3,\n");
        for default in [None, Some("1")] {
            assert_eq!(rows(&good, default), Ok(("b", vec![(2, ["1", "2"]), (3, ["3", ""])])));
        }
        let refused = |text| rows(&file(text), None).unwrap_err();
        assert_eq!(refused(""), "f:1: the header \"\" is not a,weight or b,weight");
        assert_eq!(refused("1,2\n"), "f:1: the header \"1,2\" is not a,weight or b,weight");
        assert_eq!(refused("a\n1\n"), "f:1: the header \"a\" is not a,weight or b,weight");
        assert_eq!(refused("a,weight\n"), "f:1: there is no row after the header");
        assert_eq!(refused("a,weight\n1,2\n\n"), "f:3: \"\" is not a row of two cells");
        assert_eq!(refused("a,weight\n1,2,3\n"), "f:2: \"1,2,3\" is not a row of two cells");
    }

    #[test]
    fn a_second_column_with_a_default_may_be_absent() {
        assert_eq!(rows(&file("a\n7\n"), Some("1")), Ok(("a", vec![(2, ["7", "1"])])));
        let refused = |text| rows(&file(text), Some("1")).unwrap_err();
        assert_eq!(refused("a,w\n"), "f:1: the header \"a,w\" is not a[,weight] or b[,weight]");
        assert_eq!(refused("a,weight\n7\n"), "f:2: \"7\" is not a row of two cells");
        assert_eq!(refused("a\n7,1\n"), "f:2: \"7,1\" is not a row of one cell");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused() {
        assert!(TextFile::read("/no/such/file").unwrap_err().starts_with("names a file that can't be read: No such"));
        assert!(TextFile::read("/").unwrap_err().starts_with("names a file that can't be read: "));
        assert_eq!(TextFile::read("/dev/zero").unwrap_err(), "names a file of more than 64 MiB");
    }
}
