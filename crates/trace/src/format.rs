//! The trace formats that can be read, as data: a new one is a file of this folder and an entry of [`FORMATS`].

mod access_log;
mod alibaba_block;
mod azure_functions;
mod azure_llm;
mod burstgpt;
mod cloudphysics;
mod combined;
mod csv;
mod fio_iolog;
mod haproxy;
mod jmeter;
mod k6;
mod libcachesim_csv;
mod mooncake;
mod mqsim;
mod msr;
mod nginx;
mod oracle_general;
mod original;
mod records;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod samples;
mod spc;
mod splitwise;
mod swf;
mod systor17;
mod vegeta;
mod vidur;

use contract::Request;

use crate::cells::Cells;
use crate::field::Field;

/// A format: how the input is divided into requests, and the meanings of the parts.
#[derive(Debug)]
pub(crate) struct Format {
    /// Its name in `--trace-format` and in reports.
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Columns with their meanings. A column may have several meanings, and be absent here if it is not read.
    pub(crate) fields: &'static [(&'static str, Field)],
    /// Whether its files come in several units of time, so that `--time-unit` may name another one than that of `fields`.
    pub(crate) several_units: bool,
    /// The texts that stand for an unknown value: the demand is sampled then, and any other field but the arrival is 0.
    pub(crate) unknown: &'static [&'static str],
    /// What a reader of the report must know about this format's times or values, one sentence each.
    pub(crate) notes: &'static [&'static str],
}

/// How the input is divided.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Records of contract 1.
    Records,
    /// Binary records of `len` bytes without a header.
    Fixed {
        len: usize,
        /// Whether a file that starts with these bytes, 2,400 if it has so many, is of this format.
        fits: fn(&[u8]) -> bool,
        /// The request in one record; its arrival may be negative (two's complement).
        read: fn(&[u8]) -> Result<Request, String>,
    },
    /// Lines of cells.
    Lines {
        divider: Divider,
        header: Header,
        /// Lines that start with this byte are comments.
        comment: Option<u8>,
        /// Recognises the format by the first line, if reading that as a request is not the way.
        sign: Option<fn(&[u8]) -> bool>,
    },
}

/// How a line is divided into cells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Divider {
    /// By this byte; cells may be quoted (RFC 4180). The separator of a file with a header may be another one.
    Delimited(u8),
    /// By spaces and tabs, one or more.
    Blanks,
    /// The line is a JSON object; its values become the cells of the names.
    Json,
    /// By the format's own function: it appends the cells of the line, one for each name of [`Header::Absent`], an empty
    /// one for each that is absent. False: the line is no request.
    Own(fn(&[u8], &mut Cells) -> Result<bool, String>),
}

/// Where the names of the columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// The first line is a row; the columns are called so.
    Absent(&'static [&'static str]),
    /// The first line names every column of `fields`, in any order; other columns are ignored.
    All,
    /// It names these columns and any of the others of `fields`, in any order; other columns are ignored.
    Required(&'static [&'static str]),
    /// It names an arrival and any of the other columns, in any order; unknown columns are ignored.
    Subset,
}

pub(crate) const NS: u64 = 1;
pub(crate) const US: u64 = 1_000;
pub(crate) const MS: u64 = 1_000_000;
pub(crate) const S: u64 = 1_000_000_000;

/// Every format.
pub(crate) static FORMATS: &[&Format] = &[
    RECORDS,
    CSV,
    &original::FORMAT,
    &azure_functions::FORMAT,
    &azure_llm::FORMAT,
    &mqsim::FORMAT,
    &burstgpt::FORMAT,
    &mooncake::FORMAT,
    &vidur::FORMAT,
    &splitwise::FORMAT,
    &spc::FORMAT,
    &msr::FORMAT,
    &systor17::FORMAT,
    &alibaba_block::FORMAT,
    &cloudphysics::FORMAT,
    &libcachesim_csv::FORMAT,
    &oracle_general::FORMAT,
    &fio_iolog::FORMAT,
    &nginx::FORMAT,
    &combined::FORMAT,
    &haproxy::FORMAT,
    &jmeter::FORMAT,
    &vegeta::FORMAT,
    &k6::FORMAT,
    &swf::FORMAT,
];

/// The records of the contract.
pub(crate) static RECORDS: &Format = &records::FORMAT;

/// The native CSV, which files with another header become by `--columns`.
pub(crate) static CSV: &Format = &csv::FORMAT;

impl Format {
    /// The columns that its first line must name.
    pub(crate) fn required(&self) -> Vec<&'static str> {
        match self.shape {
            Shape::Lines { header: Header::All, .. } => self.fields.iter().map(|&(name, _)| name).collect(),
            Shape::Lines { header: Header::Required(names), .. } => names.to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The names of all formats, for help and errors.
pub(crate) fn names() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

/// Lines with a header that names all columns.
const fn with_header(divider: Divider) -> Shape {
    Shape::Lines { divider, header: Header::All, comment: None, sign: None }
}

/// Lines without a header.
const fn without_header(divider: Divider, names: &'static [&'static str]) -> Shape {
    Shape::Lines { divider, header: Header::Absent(names), comment: None, sign: None }
}
