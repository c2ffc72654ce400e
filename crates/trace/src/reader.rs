//! Reads a trace of any format, from one or several files, as requests.
//!
//! Three stages: cut the input into blocks of whole rows; decode a block, which is a pure function, so that several
//! threads may do it; put the requests in sequence: check their order, take a part of them, and set the origin of time.
//! Several files, and those that are to be sorted, pass through an external sort between the last two.

mod coarse;
mod cut;
mod decode;
mod errors;
mod file;
mod flags;
mod moment;
mod parse;
mod recognise;
mod sequence;
mod sorted;
mod stage;
#[cfg(test)]
pub(crate) mod tests;
mod ticks;
mod wrong;

use std::collections::BTreeMap;
use std::path::Path;

use contract::Request;
use failure::Failure;
use random::demand::Demands;

use crate::clock::Clock;
use crate::field::Field;
use crate::ordered;

pub use crate::lines::LINE_LIMIT;
use coarse::Looking;
use cut::BLOCK_SIZE;
use errors::stopped;
use file::TraceFile;
pub use flags::ReadFlags;
use flags::{Options, OriginFlag};
use parse::Parsed;
use sequence::{Origin, Window};
use stage::Stage;
use wrong::Wrong;

/// A trace that is being read. Memory is bounded for any length.
pub struct TraceReader {
    files: Vec<TraceFile>,
    options: Options,
    given: Vec<(&'static str, String)>,
    demands: Demands,
    stage: Stage,
}

/// A summary of a trace, complete after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSummary {
    /// Its files.
    pub files: Vec<FileSummary>,
    /// Number of its requests.
    pub requests: u64,
    /// Number of demands that were sampled because the trace does not give them.
    pub sampled: u64,
    /// The offset that was subtracted from each arrival \[ns\].
    pub offset_ns: i64,
    /// The flags that decided how it was read, with their values.
    pub flags: Vec<(&'static str, String)>,
    /// Number of rows that were skipped, by the reason.
    pub skipped: BTreeMap<String, u64>,
}

/// A summary of one file of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// Name of its format.
    pub format: &'static str,
    /// BLAKE3 of all its bytes, decompressed, in hexadecimal digits.
    pub blake3: String,
    /// Its length, decompressed \[bytes\].
    pub bytes: u64,
    /// Name of its compression, if it has one.
    pub compression: Option<&'static str>,
}

impl TraceReader {
    /// Opens the trace in the files at `paths`, `-` for stdin, and recognises their formats, unless `flags` name one.
    /// Several files are merged by arrival. `demands` samples the demands that the trace does not give.
    ///
    /// # Errors
    /// [`Failure::Trace`] if there is no trace, it is empty or its format is not recognised; [`Failure::Usage`] if a flag
    /// breaks its rule or does not fit the format; [`Failure::Host`] if it can't be read.
    pub fn open(paths: &[impl AsRef<Path>], flags: &ReadFlags, demands: Demands) -> Result<Self, Failure> {
        let options = flags.options()?;
        if paths.iter().filter(|path| path.as_ref() == Path::new("-")).count() > 1 {
            return Err(Failure::usage("- is standard input, which can be read once"));
        }
        let files = paths.iter().map(|path| TraceFile::open(path.as_ref(), &options, BLOCK_SIZE));
        Self::of_files(files.collect::<Result<_, _>>()?, options, flags.given(), demands)
    }

    fn of_files(
        files: Vec<TraceFile>,
        options: Options,
        given: Vec<(&'static str, String)>,
        demands: Demands,
    ) -> Result<Self, Failure> {
        let Some(first) = files.first() else { return Err(Failure::usage("no trace is named")) };
        let declared = first.origin_ns.filter(|_| files.iter().all(|file| file.origin_ns == first.origin_ns));
        let origin = match options.origin {
            Some(OriginFlag::First) => Origin::First,
            Some(OriginFlag::At(ns)) => Origin::At(ns),
            None => declared.map_or(Origin::First, Origin::At),
        };
        let Options { from, until, speed, spread, .. } = options;
        let window = Window { origin, is_asked: options.origin.is_some(), from, until, speed };
        let is_whole = from.is_none() && until.is_none() && options.keep.keeps_all();
        let samples = options.sort || files.len() > 1 || !is_whole;
        let stage = Stage::new(window, options.keep, spread, demands.clone(), samples);
        let reader = Self { files, options, given, demands, stage };
        if reader.options.samples_blocks && !reader.has_blocks() {
            return Err(Failure::usage("--sample by block needs a trace with the block that each request addresses"));
        }
        if reader.options.needs_op && !reader.has_ops() {
            return Err(Failure::usage("--only needs a trace that distinguishes reads and writes"));
        }
        Ok(reader)
    }

    /// Reads the trace to its end. `each` receives all its requests, in order and in batches, with the position that
    /// was read \[bytes\]. Each request is complete, including its demand. Several threads read rows at once.
    ///
    /// # Errors
    /// [`Failure::Trace`], with file and line, if a row does not follow the format, ids do not increase, arrivals
    /// decrease, or the trace is cut short; `each` has received requests before it. [`Failure::Host`] if a file can't be
    /// read, or `--sort` finds no room on the disk. Any error of `each`.
    pub fn read<E: From<Failure> + Send>(
        &mut self,
        each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        self.read_with_threads(ordered::threads(), each)
    }

    fn read_with_threads<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        if self.options.sort || self.files.len() > 1 {
            return self.read_sorted(threads, each);
        }
        let Self { files, demands, stage, .. } = self;
        let samples = !stage.samples();
        let Some(file) = files.first_mut() else { return Ok(()) };
        let (mut wrong, looking) = (Wrong::new(file.guess()), Looking::new());
        let (location, cutter, decoder) = (&file.location, &mut file.cutter, &file.decoder);
        let (others, is_piped) = (&mut file.others, file.is_piped);
        let demands = samples.then_some(&*demands);
        let complete = |requests: &mut [Request]| decode::complete(demands, requests, looking.is_on());
        parse::parse(location, cutter, decoder, threads, complete, |parsed| -> Result<(), E> {
            let Parsed { block, requests, defects, completed, position } = wrong.first(parsed, location)?;
            // Rows before a wrong one are checked first, so that the first error in the file is reported.
            if wrong.is_empty() {
                let passed = stage.pass(requests, completed, &looking, |requests| each(requests, position));
                passed.map_err(|stop| stopped(stop, location, decoder, Some(block)))?;
            }
            Ok(wrong.add(defects, others, block, is_piped, location)?)
        })?;
        wrong.end(location).map_err(E::from)?;
        let position = file.cutter.position();
        let ended = stage.end(|requests| each(requests, position));
        ended.map_err(|stop| stopped(stop, &file.location, &file.decoder, None))?;
        Ok(file.check_count()?)
    }

    /// For commands that need requests: fails if the trace had none. Call it after its end.
    ///
    /// # Errors
    /// [`Failure::Trace`] if it had none.
    pub fn expect_requests(&self) -> Result<(), Failure> {
        match self.files.first() {
            Some(first) if self.stage.part.requests() == 0 => {
                let kept = self.given.iter().any(|(flag, _)| matches!(*flag, "from" | "until" | "only" | "sample"));
                let skipped = self.files.iter().find_map(|file| Some((file, file.others.remark()?)));
                let (file, rule) = match skipped {
                    Some((file, skipped)) => (file, format!("the trace has no requests: {skipped}")),
                    None if kept => (
                        first,
                        "none of the trace's requests is used: --from and --until count from its origin".to_owned(),
                    ),
                    None => (first, "the trace has no requests".to_owned()),
                };
                Err(file.location.whole(&rule))
            }
            _ => Ok(()),
        }
    }

    /// Its name in errors.
    pub fn name(&self) -> String {
        names(&self.files)
    }

    /// Name of the trace's format; of several files, all names.
    pub fn format(&self) -> String {
        let mut names: Vec<&str> = self.files.iter().map(|file| file.format.name).collect();
        names.dedup();
        names.join(", ")
    }

    /// Whether the trace has the blocks that requests address; records always have.
    pub fn has_blocks(&self) -> bool {
        self.has(|field| matches!(field, Field::Block(_) | Field::FirstOfBlocks))
    }

    /// Whether the trace distinguishes reads and writes; records always do.
    pub fn has_ops(&self) -> bool {
        self.has(|field| matches!(field, Field::Op(_) | Field::Method))
    }

    /// Whether the trace has demands; some cells of a CSV may be empty all the same.
    pub fn has_service(&self) -> bool {
        self.has(|field| matches!(field, Field::Service(_)))
    }

    /// Size of the input as it is stored \[bytes\], if it is known.
    pub fn size(&self) -> Option<u64> {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Remarks on the trace for the user, one line each; complete after its end.
    pub fn remarks(&self) -> Vec<String> {
        let of = |number: usize| if self.files.len() > 1 { format!("file {number}: ") } else { String::new() };
        let of_file = |(number, file): (usize, &TraceFile)| {
            file.remarks().into_iter().map(move |remark| of(number) + &remark).collect::<Vec<_>>()
        };
        let mut remarks: Vec<String> = (1..).zip(&self.files).flat_map(of_file).collect();
        if self.options.spread.is_none() {
            remarks.extend(self.stage.coarse.remark());
        }
        let offset_ns = self.stage.part.offset_ns();
        if let Some((first_ns, last_ns)) = self.stage.part.first_and_last_ns() {
            let (empty_ns, length_ns) = (first_ns - offset_ns, last_ns - first_ns);
            if empty_ns > length_ns {
                remarks.push(format!(
                    "nothing arrives in the first {} s, which is longer than the rest of the trace ({} s); \
                     --origin first starts at the first arrival",
                    seconds(empty_ns),
                    seconds(length_ns)
                ));
            }
        }
        remarks
    }

    /// The summary of the trace; complete after its end.
    pub fn summary(&self) -> TraceSummary {
        let mut skipped = BTreeMap::new();
        for (reason, &rows) in self.files.iter().flat_map(|file| &file.others.skipped) {
            decode::count(&mut skipped, reason.clone(), rows);
        }
        let file = |file: &TraceFile| FileSummary {
            format: file.format.name,
            blake3: file.cutter.blake3(),
            bytes: file.cutter.bytes(),
            compression: file.compression.map(|compression| compression.name()),
        };
        TraceSummary {
            files: self.files.iter().map(file).collect(),
            requests: self.stage.part.requests(),
            sampled: self.stage.sampled,
            offset_ns: self.stage.part.offset_ns(),
            flags: self.given.clone(),
            skipped,
        }
    }

    fn has(&self, wanted: impl Fn(Field) -> bool) -> bool {
        self.files.iter().all(|file| file.has(&wanted))
    }
}

/// The names of `files`.
fn names(files: &[TraceFile]) -> String {
    files.iter().map(|file| file.location.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A time in seconds, with its decimals.
fn seconds(ns: i64) -> String {
    Clock::Unit(1_000_000_000).show(ns)
}
