//! The file of completions. Each worker writes a part in the order of ids; the parts are merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished};
use contract::{Capabilities, CompletionHeader};
use failure::Failure;
use sandbox::Completions;

use part::{CHUNK_BYTES, PartRecord};
use row::{COLUMNS, CompletionRow};

pub use part::{PART_RECORD, check_part, write_part};

mod part;
mod row;

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
        let parts = workers.map(|worker| (worker, self.path(worker)));
        let rows = Merged::new(parts, capabilities).with_context(name)?;
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

/// The parts, merged in the order of ids.
struct Merged {
    parts: Vec<PartReader>,
    capabilities: Capabilities,
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
    fn new(parts: impl Iterator<Item = (u32, PathBuf)>, capabilities: Capabilities) -> io::Result<Self> {
        let mut merged = Self { parts: Vec::new(), capabilities, next: BinaryHeap::new() };
        for (number, (worker, path)) in parts.enumerate() {
            merged.parts.push(PartReader { worker, path, offset: 0, chunk: Vec::new(), at: 0 });
            merged.look(number)?;
        }
        Ok(merged)
    }

    /// Enters the next id of part `number`, if it has one.
    fn look(&mut self, number: usize) -> io::Result<()> {
        if let Some(record) = self.parts[number].record()? {
            self.next.push(Reverse((PartRecord::from_bytes(record).completion.id, number)));
        }
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = io::Result<CompletionRow>;

    fn next(&mut self) -> Option<io::Result<CompletionRow>> {
        let Reverse((_, number)) = self.next.pop()?;
        let row = self.parts[number].row(self.capabilities);
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

    /// Returns the current record as a row, and advances.
    fn row(&mut self, capabilities: Capabilities) -> CompletionRow {
        let record = self.chunk[self.at..].first_chunk().expect("a record that was looked at");
        self.at += PART_RECORD;
        CompletionRow::new(&PartRecord::from_bytes(record), self.worker, capabilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Completion;

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
                part.take(id, 1, &completion(id)).unwrap();
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
        assert_eq!(lines[..2], ["id,arrival_ns,start_ns,finish_ns,service_ns,worker,outcome", "0,0,1,2,1,1,completed"]);
        assert_eq!((lines[5], lines.len()), ("4,4,5,,1,2,in_service", 5001));
        assert!(lines[1..].iter().enumerate().all(|(id, line)| line.starts_with(&format!("{id},"))));

        let target = folder.path().join("all");
        write(&target);
        let bytes = std::fs::read(&target).unwrap();
        let (records, _) = bytes.as_chunks();
        assert_eq!(CompletionHeader::from_bytes(&records[0]).unwrap().capabilities, Capabilities(9));
        assert_eq!((records.len(), Completion::from_bytes(&records[5]).finish_ns), (5001, Completion::IN_SERVICE));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no other file remains");
    }
}
