//! The host's side of the simulator's stdin and stdout.

use contract::{Capabilities, Completion, RequestHeader};
use failure::Failure;

use crate::ledger::Ledger;
use crate::shard::Shard;

/// stdin: the shard's header and records. A request enters the ledger when its last byte is read.
pub(crate) struct Input {
    shard: Box<dyn Shard>,
    record_len: usize,
    chunk: Vec<u8>,
    /// Bytes of `chunk` that were read, and those of whole records that are in the ledger. Both count from after the
    /// header of 48 bytes.
    read: usize,
    entered: usize,
    /// `chunk` is the stream's header.
    is_header: bool,
    ended: bool,
}

impl Input {
    pub(crate) fn new(shard: Box<dyn Shard>) -> Self {
        // No executor declares the number of requests, so that a simulator reads the same bytes on all of them.
        let record_len = shard.record_len();
        let header = RequestHeader { record_len: record_len as u32, ..RequestHeader::new(RequestHeader::UNKNOWN) };
        let mut header = header.to_bytes().to_vec();
        header.resize(record_len, 0);
        Self { shard, record_len, chunk: header, read: 0, entered: 0, is_header: true, ended: false }
    }

    /// Fills `buffer`. It returns fewer bytes only at the end, so that what a simulator reads does not depend on
    /// timing.
    pub(crate) fn read(&mut self, buffer: &mut [u8], ledger: &mut Ledger) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.read == self.chunk.len() && !self.next_chunk()? {
                break;
            }
            let length = (buffer.len() - filled).min(self.chunk.len() - self.read);
            buffer[filled..filled + length].copy_from_slice(&self.chunk[self.read..self.read + length]);
            filled += length;
            self.read += length;
            if !self.is_header {
                let whole = self.read - self.read % self.record_len;
                let before = ledger.requests();
                let read = ledger.read(&self.chunk[self.entered..whole], self.record_len);
                // If a request is rejected, those from there on are still to be counted, and no other is counted twice.
                self.entered += (ledger.requests() - before) as usize * self.record_len;
                read?;
            }
        }
        Ok(filled)
    }

    fn next_chunk(&mut self) -> Result<bool, Failure> {
        if self.ended {
            return Ok(false);
        }
        (self.read, self.entered, self.is_header) = (0, 0, false);
        match self.shard.next(std::mem::take(&mut self.chunk))? {
            Some(chunk) => self.chunk = chunk,
            None => self.ended = true,
        }
        Ok(!self.ended)
    }

    /// Whole records that were not read to their last byte, and the length of one, chunk by chunk; None at the end.
    pub(crate) fn unread(&mut self) -> Result<Option<(&[u8], usize)>, Failure> {
        if self.is_header || self.entered == self.chunk.len() {
            self.read = self.chunk.len();
            if !self.next_chunk()? {
                return Ok(None);
            }
        }
        let from = std::mem::replace(&mut self.entered, self.chunk.len());
        Ok(Some((&self.chunk[from..], self.record_len)))
    }
}

/// stdout: the completions' header and records. Each whole record goes to the ledger.
#[derive(Default)]
pub(crate) struct Output {
    /// The whole output of a command that is not a simulator.
    plain: Option<Vec<u8>>,
    /// The expected capabilities in the header, known after the module was run on an empty shard.
    expected: Option<Capabilities>,
    part: [u8; Completion::LEN],
    filled: usize,
}

impl Output {
    pub(crate) fn new(expected: Option<Capabilities>) -> Self {
        Self { expected, ..Self::default() }
    }

    /// For a command that is not a simulator.
    #[cfg(feature = "testing")]
    pub(crate) fn plain() -> Self {
        Self { plain: Some(Vec::new()), ..Self::default() }
    }

    /// The output of such a command.
    #[cfg(feature = "testing")]
    pub(crate) fn into_plain(self) -> Vec<u8> {
        self.plain.unwrap_or_default()
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8], ledger: &mut Ledger) -> Result<(), Failure> {
        if let Some(plain) = &mut self.plain {
            plain.extend_from_slice(bytes);
            return Ok(());
        }
        if self.filled > 0 || ledger.capabilities().is_none() {
            let length = bytes.len().min(Completion::LEN - self.filled);
            self.part[self.filled..self.filled + length].copy_from_slice(&bytes[..length]);
            self.filled += length;
            bytes = &bytes[length..];
            if self.filled < Completion::LEN {
                return Ok(());
            }
            self.filled = 0;
            self.record(&self.part, ledger)?;
        }
        let (records, rest) = bytes.as_chunks::<{ Completion::LEN }>();
        ledger.complete_all(records)?;
        self.part[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
        Ok(())
    }

    fn record(&self, record: &[u8; Completion::LEN], ledger: &mut Ledger) -> Result<(), Failure> {
        if ledger.capabilities().is_some() {
            return ledger.complete(record);
        }
        ledger.header(record)?;
        match self.expected {
            Some(expected) if ledger.capabilities() != Some(expected) => Err(Failure::contract(format!(
                "the header of its completions declares capabilities {}, but {} on the empty shard",
                ledger.capabilities().unwrap_or_default().0,
                expected.0
            ))),
            _ => Ok(()),
        }
    }

    /// At the end of the stream.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        match self.filled {
            0 => Ok(()),
            bytes => Err(Failure::contract(format!("its last completion is cut short, {bytes} of 32 bytes"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{CompletionHeader, Request};

    /// Records of ids 0…`n`−1 in chunks of two.
    struct Chunks(u64, u64);

    impl Shard for Chunks {
        fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
            let ids = self.0..(self.0 + 2).min(self.1);
            self.0 = ids.end;
            let chunk: Vec<u8> = ids.flat_map(|id| Request { id, ..Request::default() }.to_bytes()).collect();
            Ok((!chunk.is_empty()).then_some(chunk))
        }
    }

    #[test]
    fn a_request_enters_the_ledger_with_its_last_byte() {
        for size in [1, 47, 48, 49, 1000] {
            let mut ledger = Ledger::of(1, 0, 100);
            let mut input = Input::new(Box::new(Chunks(0, 5)));
            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                let read = input.read(&mut buffer, &mut ledger).unwrap();
                all.extend_from_slice(&buffer[..read]);
                assert_eq!(ledger.requests(), (all.len() as u64 / 48).saturating_sub(1));
                if read < size {
                    break;
                }
            }
            assert_eq!(all.len(), 48 * 6);
            assert!(input.unread().unwrap().is_none());
        }
    }

    #[test]
    fn unread_requests_remain_to_be_counted() {
        for (bytes, left) in [(0, 5), (48, 5), (95, 5), (96, 4), (150, 3), (288, 0)] {
            let mut ledger = Ledger::of(1, 0, 100);
            let mut input = Input::new(Box::new(Chunks(0, 5)));
            input.read(&mut vec![0; bytes], &mut ledger).unwrap();
            let mut records = 0;
            while let Some((chunk, length)) = input.unread().unwrap() {
                records += chunk.len() / length;
            }
            assert_eq!(records, left, "after {bytes} bytes");
        }
    }

    #[test]
    fn each_request_is_counted_once_after_an_error() {
        let mut ledger = Ledger::of(1, 0, 1);
        let mut input = Input::new(Box::new(Chunks(0, 5)));
        assert!(matches!(input.read(&mut [0; 1000], &mut ledger), Err(Failure::Limit { .. })));
        let mut requests = ledger.requests();
        while let Some((chunk, length)) = input.unread().unwrap() {
            requests += (chunk.len() / length) as u64;
        }
        assert_eq!(requests, 5);
    }

    #[test]
    fn completions_may_be_written_in_any_chunks() {
        let mut bytes = CompletionHeader { capabilities: Capabilities(1) }.to_bytes().to_vec();
        for id in 0..5 {
            bytes.extend_from_slice(&Completion { id, ..Completion::default() }.to_bytes());
        }
        for size in [1, 31, 32, 33, 100, 1000] {
            let mut ledger = Ledger::of(1, 0, 100);
            Input::new(Box::new(Chunks(0, 5))).read(&mut [0; 1000], &mut ledger).unwrap();
            let mut output = Output::default();
            bytes.chunks(size).for_each(|chunk| output.write(chunk, &mut ledger).unwrap());
            output.end().unwrap();
            assert_eq!(ledger.close().unwrap().result().unwrap().tally.counts.completed, 5);
        }
        let mut output = Output::new(Some(Capabilities(3)));
        let error = output.write(&bytes[..40], &mut Ledger::of(1, 0, 1)).unwrap_err();
        assert!(error.to_string().contains("declares capabilities 1, but 3 on the empty shard"));
        let mut output = Output::default();
        output.write(&bytes[..40], &mut Ledger::of(1, 0, 1)).unwrap();
        assert!(output.end().unwrap_err().to_string().contains("8 of 32 bytes"));
    }
}
