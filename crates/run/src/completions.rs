//! The file of completions. Each worker writes a part in the order of ids; the parts are merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished};
use contract::{Capabilities, Completion, CompletionHeader, NONE, Request};
use failure::Failure;
use serde::Serialize;

use sandbox::Completions;

/// A record of a part: the completion and its request's arrival.
pub const PART_RECORD: usize = Completion::LEN + 8;

/// Bytes of a part in memory.
const CHUNK_BYTES: usize = 800 * PART_RECORD;

/// The parts of one run, in a folder beside the target file.
pub struct Parts {
    folder: Unfinished,
    target: PathBuf,
}

impl Parts {
    /// Makes the folder for the parts of `target`.
    ///
    /// # Errors
    /// If the folder can't be made; the error names `target`.
    pub fn new(target: &Path) -> anyhow::Result<Self> {
        // There is no room for a folder beside a pipe or a device.
        let is_special = std::fs::metadata(target).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
        let place = if is_special { std::env::temp_dir().join("completions") } else { target.to_owned() };
        if target.is_dir() || target == Path::new("-") {
            return Err(Failure::usage(format!("{}: completions go to a file", target.display())).into());
        }
        let folder = Unfinished::folder_beside(&place).with_context(|| target.display().to_string())?;
        Ok(Self { folder, target: target.to_owned() })
    }

    /// The receiver of the completions of worker `worker`.
    pub fn part(&self, worker: u32) -> Box<dyn Completions> {
        write_part(self.path(worker))
    }

    /// Merges the parts of `workers` into the file: as CSV if its name ends in .csv, otherwise as records.
    ///
    /// # Errors
    /// If it can't be written completely.
    pub fn merge(self, workers: impl Iterator<Item = u32>, capabilities: Capabilities) -> anyhow::Result<()> {
        let name = || self.target.display().to_string();
        let mut file = OutFile::create(&self.target)?;
        let rows = Merged::new(workers.map(|worker| (worker, self.path(worker)))).with_context(name)?;
        if self.target.extension().is_some_and(|extension| extension == "csv") {
            let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(&mut file);
            csv.write_record(COLUMNS).with_context(name)?;
            for row in rows {
                csv.serialize(row.with_context(name)?).with_context(name)?;
            }
            csv.flush().with_context(name)?;
        } else {
            file.write_all(&CompletionHeader { capabilities }.to_bytes()).with_context(name)?;
            for row in rows {
                file.write_all(&row.with_context(name)?.completion().to_bytes()).with_context(name)?;
            }
        }
        file.finish()
    }

    /// The file with the part of worker `worker`.
    pub fn path(&self, worker: u32) -> PathBuf {
        self.folder.path().join(worker.to_string())
    }
}

/// Checks the part in the file `part`, which comes from another process, against the requests in the file `shard`: each
/// completion belongs to a different request, in the order of ids, and has its arrival.
///
/// # Errors
/// If one does not, or a file can't be read.
pub fn check_part(part: &Path, shard: &Path) -> io::Result<()> {
    let wrong = |rule: String| Err(io::Error::new(io::ErrorKind::InvalidData, rule));
    let mut requests = BufReader::with_capacity(CHUNK_BYTES, File::open(shard)?);
    let mut completions = BufReader::with_capacity(CHUNK_BYTES, File::open(part)?);
    let (mut request, mut completion) = ([0; Request::LEN], [0; PART_RECORD]);
    requests.read_exact(&mut request)?; // the header
    while !completions.fill_buf()?.is_empty() {
        completions.read_exact(&mut completion)?;
        let (given, arrival) = completion.split_at(Completion::LEN);
        let id = Completion::from_bytes(given.first_chunk().expect("a completion's length")).id;
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
        if arrival != of.arrival_ns.to_le_bytes() {
            return wrong(format!("the completion of id {id} has a different arrival than its request"));
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
    fn take(&mut self, arrival_ns: u64, completion: &Completion) -> io::Result<()> {
        self.chunk.extend_from_slice(&completion.to_bytes());
        self.chunk.extend_from_slice(&arrival_ns.to_le_bytes());
        if self.chunk.len() < CHUNK_BYTES { Ok(()) } else { self.end() }
    }

    fn end(&mut self) -> io::Result<()> {
        File::options().append(true).create(true).open(&self.path)?.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

/// The columns of the CSV.
const COLUMNS: [&str; 6] = ["id", "arrival_ns", "start_ns", "finish_ns", "service_ns", "worker"];

/// A row of the CSV.
#[derive(Serialize)]
struct CompletionRow {
    id: u64,
    arrival_ns: u64,
    start_ns: Option<u64>,
    finish_ns: Option<u64>,
    service_ns: u64,
    worker: u32,
}

impl CompletionRow {
    fn completion(&self) -> Completion {
        let Self { id, start_ns, finish_ns, service_ns, .. } = *self;
        Completion {
            id,
            start_ns: start_ns.unwrap_or(Completion::NOT_SERVED),
            finish_ns: finish_ns.unwrap_or(Completion::IN_SERVICE),
            service_ns,
        }
    }
}

/// The parts, merged in the order of ids.
struct Merged {
    parts: Vec<PartReader>,
    /// The next id of each part.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

struct PartReader {
    worker: u32,
    path: PathBuf,
    /// Offset in the file of the next chunk.
    offset: u64,
    chunk: Vec<u8>,
    at: usize,
}

impl Merged {
    fn new(parts: impl Iterator<Item = (u32, PathBuf)>) -> io::Result<Self> {
        let mut merged = Self { parts: Vec::new(), next: BinaryHeap::new() };
        for (number, (worker, path)) in parts.enumerate() {
            merged.parts.push(PartReader { worker, path, offset: 0, chunk: Vec::new(), at: 0 });
            merged.look(number)?;
        }
        Ok(merged)
    }

    /// Enters the next id of part `number`, if it has one.
    fn look(&mut self, number: usize) -> io::Result<()> {
        if let Some(record) = self.parts[number].record()? {
            self.next
                .push(Reverse((Completion::from_bytes(record.first_chunk().expect("a part's record")).id, number)));
        }
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = io::Result<CompletionRow>;

    fn next(&mut self) -> Option<io::Result<CompletionRow>> {
        let Reverse((_, number)) = self.next.pop()?;
        let row = self.parts[number].row();
        Some(self.look(number).map(|()| row))
    }
}

impl PartReader {
    /// The current record, which is read from the file if necessary.
    fn record(&mut self) -> io::Result<Option<&[u8; PART_RECORD]>> {
        if self.at == self.chunk.len() {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.offset))?;
            self.chunk.clear();
            self.at = 0;
            self.offset += file.take(CHUNK_BYTES as u64).read_to_end(&mut self.chunk)? as u64;
            if !self.chunk.len().is_multiple_of(PART_RECORD) {
                return Err(io::Error::other(format!("the completions of worker {} are cut short", self.worker)));
            }
        }
        Ok(self.chunk[self.at..].first_chunk())
    }

    /// Returns the current record and advances.
    fn row(&mut self) -> CompletionRow {
        let (completion, arrival) = self.chunk[self.at..self.at + PART_RECORD].split_at(Completion::LEN);
        self.at += PART_RECORD;
        let Completion { id, start_ns, finish_ns, service_ns } =
            Completion::from_bytes(completion.first_chunk().expect("a completion's length"));
        let given = |ns: u64| (ns != NONE).then_some(ns);
        CompletionRow {
            id,
            arrival_ns: u64::from_le_bytes(*arrival.first_chunk().expect("eight bytes")),
            start_ns: given(start_ns),
            finish_ns: given(finish_ns),
            service_ns,
            worker: self.worker,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(target: &Path) {
        let parts = Parts::new(target).unwrap();
        let completion = |id| Completion {
            id,
            start_ns: id + 1,
            finish_ns: if id == 4 { Completion::IN_SERVICE } else { id + 2 },
            service_ns: 1,
        };
        for worker in 1..=3 {
            let mut part = parts.part(worker);
            for id in (0..5000u64).filter(|id| id % 3 + 1 == u64::from(worker)) {
                part.take(id, &completion(id)).unwrap();
            }
            part.end().unwrap();
        }
        parts.merge(1..=3, Capabilities(9)).unwrap();
    }

    #[test]
    fn parts_are_merged_in_the_order_of_ids() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("all.csv");
        write(&target);
        let text = std::fs::read_to_string(&target).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["id,arrival_ns,start_ns,finish_ns,service_ns,worker", "0,0,1,2,1,1"]);
        assert_eq!((lines[5], lines.len()), ("4,4,5,,1,2", 5001));
        assert!(lines[1..].iter().enumerate().all(|(id, line)| line.starts_with(&format!("{id},"))));

        let target = folder.path().join("all");
        write(&target);
        let bytes = std::fs::read(&target).unwrap();
        let (records, _) = bytes.as_chunks();
        assert_eq!(CompletionHeader::from_bytes(&records[0]).unwrap().capabilities, Capabilities(9));
        assert_eq!((records.len(), Completion::from_bytes(&records[5]).finish_ns), (5001, Completion::IN_SERVICE));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no other file remains");
    }
    #[test]
    fn a_part_of_another_process_must_match_its_shard() {
        let folder = tempfile::tempdir().unwrap();
        let (part, shard) = (folder.path().join("part"), folder.path().join("shard"));
        let requests = [3, 5, 9].map(|id| Request { id, arrival_ns: 10 * id, ..Request::default() }.to_bytes());
        std::fs::write(&shard, [[0; Request::LEN]].iter().chain(&requests).flatten().copied().collect::<Vec<u8>>())
            .unwrap();
        let check = |completions: &[(u64, u64)]| {
            let _ = std::fs::remove_file(&part);
            let mut to = write_part(part.clone());
            for &(id, arrival_ns) in completions {
                to.take(arrival_ns, &Completion { id, ..Completion::default() }).unwrap();
            }
            to.end().unwrap();
            check_part(&part, &shard).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[(3, 30), (5, 50), (9, 90)]), Ok(()));
        assert_eq!(check(&[(9, 90)]), Ok(()));
        assert!(check(&[(4, 40)]).unwrap_err().contains("id 4"));
        assert!(check(&[(5, 50), (3, 30)]).unwrap_err().contains("id 3"));
        assert!(check(&[(9, 90), (9, 90)]).unwrap_err().contains("id 9"));
        assert!(check(&[(3, 31)]).unwrap_err().contains("a different arrival"));
        std::fs::write(&part, [0; PART_RECORD - 1]).unwrap();
        assert!(check_part(&part, &shard).is_err());
    }
}
