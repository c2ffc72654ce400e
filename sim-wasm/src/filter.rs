//! The contract around the model: a filter from a shard to its completions.

use std::io::{self, Read, Write};

use contract::{CompletionHeader, Request, RequestHeader};

use crate::model::Model;
use crate::queue::Queue;

/// Bytes of one read or write: a call takes as long as several requests.
const CHUNK_BYTES: usize = 1 << 16;

/// The reason for which a shard can't be simulated.
#[derive(Debug)]
pub enum Refusal {
    /// The input is not a shard of contract 1: exit code 65.
    Input(String),
    /// A stream failed.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Io(error)
    }
}

/// Reads a shard from `input` and writes its completions to `output`.
///
/// # Errors
/// If the input is not a valid shard, or a stream fails.
pub fn filter(input: &mut impl Read, output: &mut impl Write, model: Model) -> Result<(), Refusal> {
    let mut out = Vec::with_capacity(CHUNK_BYTES / Request::LEN + 1);
    out.push(CompletionHeader { capabilities: model.capabilities() }.to_bytes());

    let mut start = [0; Request::LEN];
    input.read_exact(&mut start).map_err(|_| Refusal::Input("the input ends within its header".into()))?;
    let header = RequestHeader::from_bytes(&start).map_err(Refusal::Input)?;
    let record_len = header.record_len as usize;
    let rest = (record_len - Request::LEN) as u64;
    if io::copy(&mut input.take(rest), &mut io::sink())? < rest {
        return Err(Refusal::Input("the input ends within its header".into()));
    }

    let mut queue = Queue::new(model);
    let mut buffer = vec![0; CHUNK_BYTES / record_len * record_len];
    let mut requests = 0u64;
    loop {
        let filled = fill(input, &mut buffer)?;
        if filled % record_len != 0 {
            return Err(Refusal::Input("the input ends within a record".into()));
        }
        let records = &buffer[..filled];
        let goes_on = match records.as_chunks() {
            (records, []) if record_len == Request::LEN => queue.arrive_all(records, &mut out),
            _ => records
                .chunks_exact(record_len)
                .all(|record| queue.arrive(&Request::from_bytes(record), &mut |done| out.push(done.to_bytes()))),
        };
        if !goes_on {
            output.write_all(out.as_flattened())?;
            return Ok(output.flush()?);
        }
        requests += (filled / record_len) as u64;
        if filled < buffer.len() {
            break;
        }
        output.write_all(out.as_flattened())?;
        out.clear();
    }
    if header.requests != RequestHeader::UNKNOWN && header.requests != requests {
        return Err(Refusal::Input(format!("the header declares {} requests, but {requests} follow", header.requests)));
    }
    queue.end(&mut |done| out.push(done.to_bytes()));
    output.write_all(out.as_flattened())?;
    Ok(output.flush()?)
}

/// Reads until `buffer` is full or the input ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Completion;

    fn shard(record_len: usize, requests: u64, records: u64) -> Vec<u8> {
        let mut bytes =
            RequestHeader { record_len: record_len as u32, ..RequestHeader::new(requests) }.to_bytes().to_vec();
        bytes.resize(record_len, 0);
        for id in 0..records {
            bytes.extend_from_slice(&Request { id, arrival_ns: id, service_ns: 2, ..Request::default() }.to_bytes());
            bytes.resize((id as usize + 2) * record_len, 0xff);
        }
        bytes
    }

    fn completions(mut shard: &[u8], delay: u64) -> Result<Vec<Completion>, Refusal> {
        let mut out = Vec::new();
        filter(&mut shard, &mut out, Model { delay, ..Model::default() })?;
        let (records, rest) = out.as_chunks::<{ Completion::LEN }>();
        assert!(rest.is_empty());
        assert_eq!(CompletionHeader::from_bytes(&records[0]).unwrap().capabilities, Model::default().capabilities());
        Ok(records[1..].iter().map(Completion::from_bytes).collect())
    }

    #[test]
    fn unknown_bytes_of_longer_records_are_skipped() {
        for records in [0, 1, 1000, 5000] {
            let plain = completions(&shard(48, records, records), 0).unwrap();
            assert_eq!(plain.len() as u64, records);
            assert_eq!(completions(&shard(56, RequestHeader::UNKNOWN, records), 0).unwrap(), plain);
            assert_eq!(completions(&shard(4096, records, records), 0).unwrap(), plain);
        }
    }

    #[test]
    fn an_invalid_shard_is_rejected() {
        let capabilities = |bytes: &[u8]| match completions(bytes, 0).unwrap_err() {
            Refusal::Input(rule) => rule,
            Refusal::Io(error) => panic!("{error}"),
        };
        let whole = shard(48, 3, 3);
        assert!(capabilities(b"").contains("within its header"));
        assert!(capabilities(&shard(4096, 0, 0)[..4095]).contains("within its header"));
        assert!(capabilities(&whole[1..]).contains("first bytes"));
        assert!(capabilities(&whole[..whole.len() - 1]).contains("within a record"));
        assert!(capabilities(&shard(48, 4, 3)).contains("declares 4 requests, but 3 follow"));
    }

    #[test]
    fn with_delay_the_rest_stays_unread() {
        let shard = shard(48, 100, 100);
        assert_eq!(completions(&shard, 3).unwrap().len(), 3);
    }
}
