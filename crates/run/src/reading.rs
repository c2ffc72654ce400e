//! The readings of a plan's trace. A source that can be read only once is copied to a temporary file if there is
//! another reading.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use anyhow::Context as _;
use cli::reporter::{Reporter, Unit};
use contract::Request;
use policy::{PolicySpec, Sizes};

use crate::source::Source;

/// Requests that are read from the copy at a time.
const BATCH_REQUESTS: usize = 8192;

/// A trace to be read several times.
pub(crate) struct Readings {
    source: Source,
    /// The requests, with their demands; None if the source itself can be read again, or nothing is read yet.
    copy: Option<File>,
    begun: bool,
}

impl Readings {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, copy: None, begun: false }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The source, after the last reading.
    pub(crate) fn into_source(self) -> Source {
        self.source
    }

    /// The demands of the trace, if one of `policies` must be fitted to them: that takes a reading of its own, before the
    /// one that assigns requests. Otherwise none.
    ///
    /// # Errors
    /// As [`Readings::read`].
    pub(crate) fn sizes<'a>(
        &mut self,
        mut policies: impl Iterator<Item = &'a PolicySpec>,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Sizes> {
        let mut sizes = Sizes::default();
        if let Some(policy) = policies.find(|policy| policy.needs_sizes()) {
            let (unit, length) = self.length();
            let progress = reporter.begin(&format!("fitting {policy}"), unit, length);
            self.read(true, |requests, position| {
                progress.reached(position);
                sizes.add(requests);
                Ok(())
            })?;
        }
        Ok(sizes)
    }

    /// The unit of the progress of the next reading, and its length, if it is known.
    pub(crate) fn length(&self) -> (Unit, Option<u64>) {
        match self.copy.as_ref().and_then(|copy| copy.metadata().ok()) {
            Some(copy) => (Unit::Bytes, Some(copy.len())),
            None => (self.source.unit(), self.source.length()),
        }
    }

    /// Reads the trace from its start: passes batches of requests to `each`, with the position in [`Readings::length`].
    /// `again`: there will be another reading.
    ///
    /// # Errors
    /// As [`Source::read`], or if there is no room for the copy.
    pub(crate) fn read(
        &mut self,
        again: bool,
        mut each: impl FnMut(&[Request], u64) -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<()> {
        if let Some(copy) = &self.copy {
            return read_copy(copy, each);
        }
        if self.begun {
            self.source = self.source.again()?;
        }
        self.begun = true;
        if !again || self.source.is_repeatable() {
            return self.source.read(each);
        }
        let copy = tempfile::tempfile().context("a temporary copy of the trace")?;
        let mut writer = std::io::BufWriter::with_capacity(1 << 20, copy);
        self.source.read(|requests, position| {
            let written = requests.iter().try_for_each(|request| writer.write_all(&request.to_bytes()));
            written.context("the temporary copy of the trace")?;
            each(requests, position)
        })?;
        self.copy =
            Some(writer.into_inner().map_err(|error| error.into_error()).context("the temporary copy of the trace")?);
        Ok(())
    }
}

fn read_copy(mut copy: &File, mut each: impl FnMut(&[Request], u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
    copy.rewind()?;
    let (mut bytes, mut position) = (Vec::new(), 0);
    loop {
        bytes.clear();
        copy.take((BATCH_REQUESTS * Request::LEN) as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let requests: Vec<Request> = bytes.chunks_exact(Request::LEN).map(Request::from_bytes).collect();
        position += bytes.len() as u64;
        each(&requests, position)?;
    }
}
