//! libCacheSim's oracleGeneral (<https://github.com/1a1a11a/libCacheSim#open-source-cache-traces>): binary records without a
//! header, mostly compressed. Little-endian, 24 bytes: u32 time \[s\], from the start of the trace or since 1970; u64 object;
//! u32 size \[bytes\]; i64 number of the object's next request among all, −1 or i64::MAX if there is none.

use contract::Request;

use super::{Format, S, Shape};
use crate::clock::Clock;
use crate::field::{Field, Identity};

const LEN: usize = 24;

pub(super) const FORMAT: Format = Format {
    name: "oracle-general",
    shape: Shape::Fixed { len: LEN, fits, read },
    fields: &[
        ("time", Field::Arrival(Clock::Unit(S))),
        ("object", Field::Block(Identity::Number)),
        ("size", Field::Size),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

/// More requests than any trace has.
const NUMBERS: i64 = 1 << 40;

struct Record {
    time_s: u32,
    object: u64,
    size: u32,
    next: i64,
}

impl Record {
    /// None if it is cut short.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            time_s: u32::from_le_bytes(*bytes.first_chunk()?),
            object: u64::from_le_bytes(*bytes.get(4..)?.first_chunk()?),
            size: u32::from_le_bytes(*bytes.get(12..)?.first_chunk()?),
            next: i64::from_le_bytes(*bytes.get(16..)?.first_chunk()?),
        })
    }
}

/// Whether the records at the start are possible: times before 2038 that do not go back, sizes, and next requests that
/// come later. Some tools count requests from 0, and others from 1.
fn fits(start: &[u8]) -> bool {
    let mut last_s = 0;
    let is_possible = |(number, bytes): (i64, &[u8])| {
        let Some(record) = Record::from_bytes(bytes) else { return false };
        let comes_later = match record.next {
            -1 | i64::MAX => true,
            next => number < next && next < NUMBERS,
        };
        let in_order = last_s <= record.time_s && record.time_s <= i32::MAX as u32;
        last_s = record.time_s;
        comes_later && in_order && 0 < record.size && record.size <= i32::MAX as u32
    };
    start.len() >= LEN && (0..).zip(start.chunks_exact(LEN)).all(is_possible)
}

fn read(bytes: &[u8]) -> Result<Request, String> {
    let record = Record::from_bytes(bytes).ok_or("the record is cut short")?;
    if record.next < -1 {
        return Err(format!("the number of the next request, {}, is neither −1 nor from 0", record.next));
    }
    Ok(Request {
        arrival_ns: u64::from(record.time_s) * S,
        service_ns: Request::TO_SAMPLE,
        block: record.object,
        size: record.size,
        ..Request::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use super::*;
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, format, open, read as read_trace, refused_with};

    fn record(time_s: u32, object: u64, size: u32, next: i64) -> Vec<u8> {
        let (time_s, object) = (time_s.to_le_bytes(), object.to_le_bytes());
        [&time_s[..], &object, &size.to_le_bytes(), &next.to_le_bytes()].concat()
    }

    #[test]
    fn records_are_requests() {
        const FIRST_S: u32 = 1_633_771_873;
        const OBJECT: u64 = 0x0a0a_0a0a_0a0a_0a0a;
        let bytes = [record(FIRST_S, OBJECT, 512, 3), record(FIRST_S, 8, 1, -1), record(FIRST_S + 2, 7, 512, i64::MAX)];
        assert_eq!(bytes.concat(), sample("oracle-general"));
        let read = read_trace(sample("oracle-general"));
        assert_eq!(arrivals(&read), (vec![0, 0, 2_000_000_000], i64::from(FIRST_S) * 1_000_000_000));
        let first = Request { block: OBJECT, size: 512, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        assert_eq!((read.summary.sampled, read.requests[2].id), (3, 2));
        assert!(read.remarks.iter().any(|remark| remark.contains("read as oracle-general")), "{:?}", read.remarks);
        let reader = open(sample("oracle-general"), &ReadFlags::default(), 64, true).unwrap();
        assert_eq!((reader.has_service(), reader.has_ops(), reader.has_blocks()), (false, false, true));
    }

    #[test]
    fn broken_records_are_named() {
        let good = sample("oracle-general");
        let refused = |trace: Vec<u8>| refused_with(trace, &format("oracle-general"));
        assert_eq!(
            refused([good, &record(u32::MAX, 7, 512, -2)].concat()),
            "t.csv: record 4: the number of the next request, -2, is neither −1 nor from 0"
        );
        assert_eq!(refused([good, &[0; 5]].concat()), "t.csv: record 4: the file is cut short (5 of 24 bytes)");
        assert_eq!(
            refused([good, &record(9, 7, 512, -1)].concat()),
            "t.csv: record 4: arrival_ns goes back (9000000000 after 1633771875000000000); --sort puts them in order"
        );
    }

    #[test]
    fn other_bytes_do_not_fit() {
        assert!(fits(&record(0, 0, 1, -1)) && fits(&record(u32::MAX >> 1, 0, 1, 1)));
        let wrong = [
            record(0, 0, 0, -1),
            record(0, 0, 1, -2),
            record(0, 0, 1, 0),
            record(0, 0, 1, NUMBERS),
            record(1 << 31, 0, 1, -1),
            record(0, 0, 1 << 31, -1),
            [record(5, 0, 1, -1), record(4, 0, 1, -1)].concat(),
            [record(5, 0, 1, -1), record(5, 0, 1, 1)].concat(),
            vec![0; 240],
            vec![0xff; 240],
            b"arrival_ns,service_ns\n0,0\n0,0\n0,0\n".to_vec(),
            record(0, 0, 1, -1)[..LEN - 1].to_vec(),
        ];
        for bytes in wrong {
            assert!(!fits(&bytes), "{bytes:?}");
        }
        let mut state = 1u64;
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for len in [LEN, 2 * LEN, 100 * LEN] {
            for _ in 0..20_000 {
                let bytes: Vec<u8> = (0..len).map(|_| byte()).collect();
                assert!(!fits(&bytes), "{bytes:?}");
            }
        }
    }
}
