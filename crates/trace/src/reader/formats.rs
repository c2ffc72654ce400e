//! The trace formats that can be read, as data: a new one is an entry of [`FORMATS`].

use super::field::Field;
use contract::Request;

/// A format: its rows and the meanings of their columns.
#[derive(Debug)]
pub(super) struct Format {
    /// Its name in `--trace-format` and in reports.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Name (as in errors) and meaning of each column; without a header in this order.
    pub(super) columns: &'static [(&'static str, Field)],
    pub(super) origin: Origin,
}

/// How the input is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Records of contract 1.
    Records,
    /// Lines of cells.
    Lines { separator: Separator, header: Header },
}

/// The separator of two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// One comma.
    Comma,
    /// One or more spaces or tabs.
    Blanks,
}

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// The first line is a row.
    Absent,
    /// It names every column of the format, in any order; other columns are ignored.
    All,
    /// It names an arrival and any of the other columns, in any order; unknown columns are ignored.
    Subset,
}

/// The origin of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The trace's start, 0: times are kept, unless `--rebase` is given.
    Start,
    /// Any other: times are counted from the earliest arrival.
    Foreign,
}

const NS: u64 = 1;
const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

const LETTERS: Field =
    Field::Op(&[("r", Request::READ), ("w", Request::WRITE), ("R", Request::READ), ("W", Request::WRITE)]);

const COMMAS: Separator = Separator::Comma;

/// Every format, in the order in which they are tried.
pub(super) static FORMATS: &[Format] = &[
    Format { name: "records", shape: Shape::Records, columns: &[], origin: Origin::Start },
    Format {
        name: "csv",
        shape: Shape::Lines { separator: COMMAS, header: Header::Subset },
        columns: &[
            ("id", Field::Id),
            ("arrival_ns", Field::Arrival(NS)),
            ("arrival_us", Field::Arrival(US)),
            ("arrival_ms", Field::Arrival(MS)),
            ("arrival_s", Field::Arrival(S)),
            ("service_ns", Field::Service(NS)),
            ("service_us", Field::Service(US)),
            ("service_ms", Field::Service(MS)),
            ("service_s", Field::Service(S)),
            ("client", Field::Client),
            ("class", Field::Class),
            ("op", LETTERS),
            ("block", Field::Block),
            ("size", Field::Size),
            ("reply_size", Field::ReplySize),
        ],
        origin: Origin::Start,
    },
    // The output of the original generator, from which Queuebox descends.
    Format {
        name: "original",
        shape: Shape::Lines { separator: COMMAS, header: Header::Absent },
        columns: &[
            ("arrival_us", Field::Arrival(US)),
            ("system", Field::Client),
            ("op", LETTERS),
            ("block", Field::Block),
            ("size", Field::Size),
        ],
        origin: Origin::Start,
    },
    // https://github.com/Azure/AzurePublicDataset/blob/master/AzureFunctionsInvocationTrace2021.md
    Format {
        name: "azure-functions-2021",
        shape: Shape::Lines { separator: COMMAS, header: Header::All },
        columns: &[
            ("app", Field::ClientName),
            ("func", Field::BlockName),
            ("end_timestamp", Field::End(S)),
            ("duration", Field::Duration(S)),
        ],
        origin: Origin::Foreign,
    },
    // https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2023.md
    Format {
        name: "azure-llm",
        shape: Shape::Lines { separator: COMMAS, header: Header::All },
        columns: &[("TIMESTAMP", Field::Date), ("ContextTokens", Field::Size), ("GeneratedTokens", Field::ReplySize)],
        origin: Origin::Foreign,
    },
    // https://github.com/CMU-SAFARI/MQSim#trace-based-workload
    Format {
        name: "mqsim",
        shape: Shape::Lines { separator: Separator::Blanks, header: Header::Absent },
        columns: &[
            ("arrival_ns", Field::Arrival(NS)),
            ("device", Field::Client),
            ("sector", Field::Block),
            ("sectors", Field::Size),
            ("type", Field::Op(&[("0", Request::WRITE), ("1", Request::READ)])),
        ],
        origin: Origin::Foreign,
    },
];

/// The names of all formats, for help and errors.
pub(super) fn names() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}
