//! Block traces in the format of the Storage Performance Council, as those of the UMass repository
//! (<https://traces.cs.umass.edu/docs/traces/storage/>, Financial and WebSearch): times in seconds from the start of the
//! trace. A row has five columns, and may have more, whose meaning is not defined.

use super::{Divider, Format, S, without_header};
use crate::cells::Cells;
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

/// The columns that every row has.
const COLUMNS: [&str; 5] = ["ASU", "LBA", "Size", "Opcode", "Timestamp"];

pub(super) const FORMAT: Format = Format {
    name: "spc",
    shape: without_header(Divider::Own(divide), &COLUMNS),
    fields: &[
        ("ASU", Field::Client(Identity::Number)),
        ("LBA", Field::Block(Identity::Number)),
        ("Size", Field::Size),
        ("Opcode", Field::Op(READ_WRITE)),
        ("Timestamp", Field::Arrival(Clock::Unit(S))),
    ],
    several_units: false,
    unknown: &[],
    notes: &["LBA counts blocks, mostly of 512 bytes (the trace's description has the length); Size is in bytes"],
};

/// The first five cells.
fn divide(line: &[u8], cells: &mut Cells) -> Result<bool, String> {
    line.split(|&byte| byte == b',').take(COLUMNS.len()).for_each(|cell| cells.push(cell));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;

    #[test]
    fn more_columns_and_blanks_are_accepted() {
        let read = read(sample("spc"));
        assert_eq!(arrivals(&read), (vec![0, 2_335_000, 2_335_000, 699_014_000], 551_706_000));
        let first = Request { block: 20_941_264, size: 8_192, op: Request::WRITE, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        assert_eq!((read.requests[2].client, read.requests[2].op), (3, Request::READ));
        let after = |row: &str| refused([sample("spc"), row.as_bytes()].concat());
        assert_eq!(after("0,1,512,x,2.5\n"), "t.csv:5: Opcode \"x\" is not one of r, w, read, write (read as spc)");
        assert_eq!(after("0,1,512,r\n"), "t.csv:5: the row has 4 columns, not 5 (read as spc)");
    }
}
