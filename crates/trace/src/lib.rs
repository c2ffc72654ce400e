//! Trace files: reading and writing, and the decimal numbers in them.
//!
//! Start with [`reader::TraceReader`], which recognises the format of a file and reads it as requests, and
//! [`writer::TraceWriter`]. Times are whole nanoseconds, cut from the unit of the format; docs/traces.md describes all
//! formats. A trace of any length is read in bounded memory, by several threads.
//!
//! ```
//! use contract::Request;
//! use failure::Failure;
//! use random::demand::{Demands, ServiceDistribution};
//! use trace::reader::{ReadFlags, TraceReader};
//! use trace::writer::{TraceFormat, TraceWriter};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("trace.csv");
//! let requests = [0, 1].map(|id| Request { id, arrival_ns: 100 * id, service_ns: 250, ..Request::default() });
//! let mut writer = TraceWriter::new(std::fs::File::create(&path)?, TraceFormat::FullCsv)?;
//! writer.write(&requests)?;
//! writer.finish()?;
//!
//! // Samples a demand for each request whose trace gives none; here it is not used.
//! let demands = Demands::new(1_000, ServiceDistribution::Exponential, 1);
//! let mut reader = TraceReader::open(&[&path], &ReadFlags::default(), demands)?;
//! let mut read = Vec::new();
//! reader.read(|requests, _bytes| {
//!     read.extend_from_slice(requests);
//!     Ok::<(), Failure>(())
//! })?;
//! assert_eq!(read, requests);
//! # Ok::<(), anyhow::Error>(())
//! ```

mod cells;
mod clock;
pub mod decimal;
pub mod duration;
mod field;
mod format;
mod input;
mod lines;
mod location;
pub mod ordered;
pub mod reader;
pub mod shape;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod writer;
