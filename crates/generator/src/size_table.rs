//! SIZES: sizes from a table.

use std::sync::Arc;

use clap::builder::PossibleValue;
use cli::settings::Rule;
use cli::settings::form;
use cli::settings::table_file::{NO_WEIGHTS, TextFile, weight};
use failure::Failure;
use random::streams::Stream;
use random::weighted::Weighted;
use trace::decimal;

const TABLE: &str = "table:SIZE=WEIGHT,…";
const FILE: &str = "file:FILE";

/// The forms of SIZES, with their help.
const FORMS: [(&str, &str); 3] = [
    ("distribution", "Sizes follow DISTRIBUTION, with SIZE or MEAN and STDEV"),
    (TABLE, "Each SIZE in blocks has a probability in proportion to its WEIGHT"),
    (FILE, "The same from a CSV file, size,weight"),
];

/// The meaning of SIZES.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeChoice {
    /// Sizes follow DISTRIBUTION.
    Distribution,
    /// This table.
    Table(SizeTable),
    /// The table in this file.
    File(String),
}

/// Sizes with weights \[blocks\].
#[derive(Debug, Clone, PartialEq)]
pub struct SizeTable {
    sizes: Arc<[u32]>,
    rows: Arc<Weighted>,
    /// Its text for a report.
    pub(crate) used: String,
}

impl SizeChoice {
    /// The rule of SIZES.
    pub(crate) fn rule() -> Rule<Self> {
        Rule::of(parse).listing(FORMS.map(|(form, help)| PossibleValue::new(form).help(help)))
    }

    /// The file that it names.
    pub(crate) fn file(&self) -> Option<&str> {
        if let SizeChoice::File(path) = self { Some(path) } else { None }
    }

    /// The table of sizes up to `sas` \[blocks\], unless sizes follow DISTRIBUTION. `refuse` names the setting.
    pub(crate) fn table(self, sas: u64, refuse: impl Fn(&str) -> Failure) -> Result<Option<SizeTable>, Failure> {
        let table = match self {
            SizeChoice::Distribution => return Ok(None),
            SizeChoice::Table(table) => table,
            SizeChoice::File(path) => read(&TextFile::read(&path).map_err(|rule| refuse(&rule))?)?,
        };
        match table.sizes.iter().find(|size| u64::from(**size) > sas) {
            Some(size) => {
                Err(refuse(&format!("has the size {size} above SAS={sas}: a request lies within the storage array")))
            }
            None => Ok(Some(table)),
        }
    }
}

impl SizeTable {
    /// A sample \[blocks\].
    #[inline]
    pub(crate) fn sample(&self, stream: &mut Stream) -> u32 {
        self.sizes[self.rows.sample(stream)]
    }

    /// A table; None if its weights have no sum.
    fn new(sizes: Vec<u32>, weights: &[u64], used: String) -> Option<Self> {
        Some(Self { sizes: sizes.into(), rows: Arc::new(Weighted::new(weights)?), used })
    }
}

fn size(text: &str) -> Result<u32, &'static str> {
    let size = decimal::integer(text.as_bytes()).and_then(|size| u32::try_from(size).ok());
    size.filter(|size| *size > 0).ok_or("must be an integer from 1 to 4294967295")
}

fn parse(text: &str) -> Result<SizeChoice, String> {
    match form::split(text) {
        ("distribution", "") => Ok(SizeChoice::Distribution),
        ("file", path) if !path.is_empty() => Ok(SizeChoice::File(path.to_owned())),
        ("table", rows) if !rows.is_empty() => {
            let (mut sizes, mut weights) = (Vec::new(), Vec::new());
            for row in rows.split(',') {
                let (left, right) = row.split_once('=').unwrap_or((row, "1"));
                let wrong = |name, rule| {
                    let shown = failure::printable(row.as_bytes(), 40);
                    format!("is not {TABLE}: in {shown}, {name} {rule}")
                };
                sizes.push(size(left).map_err(|rule| wrong("SIZE", rule))?);
                weights.push(weight(right).map_err(|rule| wrong("WEIGHT", rule))?);
            }
            let table = SizeTable::new(sizes, &weights, text.to_owned());
            table.map(SizeChoice::Table).ok_or_else(|| format!("is not {TABLE}: {NO_WEIGHTS}"))
        }
        _ => Err(format!("must be one of {}", FORMS.map(|(form, _)| form).join(", "))),
    }
}

/// The table in a file.
fn read(file: &TextFile) -> Result<SizeTable, Failure> {
    let (mut sizes, mut weights) = (Vec::new(), Vec::new());
    for row in file.rows(&["size"], "weight", None)?.rows {
        let (line, [left, right]) = row?;
        sizes.push(size(left).map_err(|rule| file.refuse_value(line, "size", left, rule))?);
        weights.push(weight(right).map_err(|rule| file.refuse_value(line, "weight", right, rule))?);
    }
    SizeTable::new(sizes, &weights, format!("file:sha256:{}", file.sha256))
        .ok_or_else(|| file.refuse(file.last_line(), NO_WEIGHTS))
}

#[cfg(test)]
#[path = "size_table_tests.rs"]
mod tests;
