//! The completions of one worker, as a file of records.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use contract::{Completion, Request};
use sandbox::Completions;

/// Bytes of a record.
pub const PART_RECORD: usize = Completion::LEN + 16;

/// Bytes of a part in memory.
pub(super) const CHUNK_BYTES: usize = 800 * PART_RECORD;

/// A record: a completion, with what its outcome depends on of its request.
pub(super) struct PartRecord {
    pub(super) completion: Completion,
    /// The arrival of the request \[ns\].
    pub(super) arrival_ns: u64,
    /// The demand of the request \[ns\].
    pub(super) demand_ns: u64,
}

impl PartRecord {
    fn to_bytes(&self) -> [u8; PART_RECORD] {
        let mut bytes = [0; PART_RECORD];
        let (completion, request) = bytes.split_at_mut(Completion::LEN);
        completion.copy_from_slice(&self.completion.to_bytes());
        request[..8].copy_from_slice(&self.arrival_ns.to_le_bytes());
        request[8..].copy_from_slice(&self.demand_ns.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(record: &[u8; PART_RECORD]) -> Self {
        let (completion, request) = record.split_first_chunk().expect("a completion's length");
        let (arrival, demand) = request.split_first_chunk().expect("eight bytes");
        Self {
            completion: Completion::from_bytes(completion),
            arrival_ns: u64::from_le_bytes(*arrival),
            demand_ns: u64::from_le_bytes(*demand.first_chunk().expect("eight bytes")),
        }
    }
}

/// Checks the part in the file `part`, which comes from another process, against the requests in the file `shard`: each
/// completion belongs to a different request, in the order of ids, and has its arrival and its demand.
///
/// # Errors
/// If one does not, or a file can't be read.
pub fn check_part(part: &Path, shard: &Path) -> io::Result<()> {
    let wrong = |rule: String| Err(io::Error::new(io::ErrorKind::InvalidData, rule));
    let mut requests = BufReader::with_capacity(CHUNK_BYTES, File::open(shard)?);
    let mut completions = BufReader::with_capacity(CHUNK_BYTES, File::open(part)?);
    let (mut request, mut record) = ([0; Request::LEN], [0; PART_RECORD]);
    requests.read_exact(&mut request)?; // the header
    while !completions.fill_buf()?.is_empty() {
        completions.read_exact(&mut record)?;
        let PartRecord { completion: Completion { id, .. }, arrival_ns, demand_ns } = PartRecord::from_bytes(&record);
        let of = loop {
            match requests.read_exact(&mut request) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return wrong(format!(
                        "the completion of id {id} is out of order, or its shard has no such request"
                    ));
                }
                read => read?,
            }
            let of = Request::from_bytes(&request);
            if of.id == id {
                break of;
            }
        };
        if (arrival_ns, demand_ns) != (of.arrival_ns, of.service_ns) {
            return wrong(format!("the completion of id {id} has a different arrival or demand than its request"));
        }
    }
    Ok(())
}

/// Writes one worker's completions to the file `path`.
pub fn write_part(path: PathBuf) -> Box<dyn Completions> {
    Box::new(Part { path, chunk: Vec::with_capacity(CHUNK_BYTES) })
}

/// One worker's completions. The file is open only while a chunk is written, because 1,000 workers have 1,000 files.
struct Part {
    path: PathBuf,
    chunk: Vec<u8>,
}

impl Completions for Part {
    fn take(&mut self, arrival_ns: u64, demand_ns: u64, completion: &Completion) -> io::Result<()> {
        let record = PartRecord { completion: *completion, arrival_ns, demand_ns };
        self.chunk.extend_from_slice(&record.to_bytes());
        if self.chunk.len() < CHUNK_BYTES { Ok(()) } else { self.end() }
    }

    fn end(&mut self) -> io::Result<()> {
        File::options().append(true).create(true).open(&self.path)?.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_another_process_must_match_its_shard() {
        let folder = tempfile::tempdir().unwrap();
        let (part, shard) = (folder.path().join("part"), folder.path().join("shard"));
        let requests =
            [3, 5, 9].map(|id| Request { id, arrival_ns: 10 * id, service_ns: 7, ..Request::default() }.to_bytes());
        std::fs::write(&shard, [[0; Request::LEN]].iter().chain(&requests).flatten().copied().collect::<Vec<u8>>())
            .unwrap();
        let check = |completions: &[(u64, u64)], demand_ns| {
            let _ = std::fs::remove_file(&part);
            let mut to = write_part(part.clone());
            for &(id, arrival_ns) in completions {
                to.take(arrival_ns, demand_ns, &Completion { id, ..Completion::default() }).unwrap();
            }
            to.end().unwrap();
            check_part(&part, &shard).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[(3, 30), (5, 50), (9, 90)], 7), Ok(()));
        assert_eq!(check(&[(9, 90)], 7), Ok(()));
        assert!(check(&[(4, 40)], 7).unwrap_err().contains("id 4"));
        assert!(check(&[(5, 50), (3, 30)], 7).unwrap_err().contains("id 3"));
        assert!(check(&[(9, 90), (9, 90)], 7).unwrap_err().contains("id 9"));
        assert!(check(&[(3, 31)], 7).unwrap_err().contains("a different arrival or demand"));
        assert!(check(&[(3, 30)], 8).unwrap_err().contains("a different arrival or demand"));
        std::fs::write(&part, [0; PART_RECORD - 1]).unwrap();
        assert!(check_part(&part, &shard).is_err());
    }
}
