//! Sources of a worker's requests.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use contract::Request;
use failure::Failure;

/// The part of a trace that one worker serves, in chunks.
pub trait Shard: Send {
    /// Length of each record, at least a request's \[bytes\].
    fn record_len(&self) -> usize {
        Request::LEN
    }

    /// The next whole records, without a header; None at the end. `spent` is an earlier chunk, whose memory is reused.
    ///
    /// # Errors
    /// If the shard can't be read to its end.
    fn next(&mut self, spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure>;
}

/// A shard without requests.
pub struct Empty;

impl Shard for Empty {
    fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }
}

/// A bounded pipe of request records from the thread that reads a trace to one worker's thread. A chunk holds at most
/// `bytes`.
pub fn pipe(bytes: usize) -> (ShardSender, ShardReceiver) {
    let (chunks, received) = sync_channel(2);
    let (give_back, spent) = channel();
    let chunk_len = (bytes / Request::LEN).max(1) * Request::LEN;
    (
        ShardSender { chunks, spent, chunk: Vec::with_capacity(chunk_len), chunk_len },
        ShardReceiver { chunks: received, give_back },
    )
}

/// The writing end of [`pipe`]. If it is dropped without [`ShardSender::finish`], the worker's shard ends with an
/// error.
pub struct ShardSender {
    chunks: SyncSender<Vec<u8>>,
    spent: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    chunk_len: usize,
}

impl ShardSender {
    /// Sends one request; waits while the pipe is full.
    #[inline]
    pub fn send(&mut self, request: &Request) {
        self.chunk.extend_from_slice(&request.to_bytes());
        if self.chunk.len() >= self.chunk_len {
            self.flush();
        }
    }

    /// Marks the shard as complete.
    pub fn finish(mut self) {
        if !self.chunk.is_empty() {
            self.flush();
        }
        // An empty chunk marks the end. If the worker's thread has gone, its own error is reported.
        let _ = self.chunks.send(Vec::new());
    }

    fn flush(&mut self) {
        let mut next = self.spent.try_recv().unwrap_or_else(|_| Vec::with_capacity(self.chunk_len));
        next.clear();
        let _ = self.chunks.send(std::mem::replace(&mut self.chunk, next));
    }
}

/// The reading end of [`pipe`].
pub struct ShardReceiver {
    chunks: Receiver<Vec<u8>>,
    give_back: Sender<Vec<u8>>,
}

impl Shard for ShardReceiver {
    fn next(&mut self, spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        if spent.capacity() > 0 {
            // If the sender has finished, the chunk is dropped.
            let _ = self.give_back.send(spent);
        }
        match self.chunks.recv() {
            Ok(chunk) if chunk.is_empty() => Ok(None),
            Ok(chunk) => Ok(Some(chunk)),
            Err(_) => Err(Failure::host("the trace could not be read to its end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_arrive_in_order_and_an_unfinished_shard_is_an_error() {
        let (mut sender, mut receiver) = pipe(Request::LEN * 3);
        let requests: Vec<Request> = (0..8).map(|id| Request { id, ..Request::default() }).collect();
        let sent = requests.clone();
        let sender = std::thread::spawn(move || {
            sent.iter().for_each(|request| sender.send(request));
            sender.finish();
        });
        let (mut received, mut spent) = (Vec::new(), Vec::new());
        while let Some(chunk) = receiver.next(spent).unwrap() {
            received.extend(chunk.chunks_exact(Request::LEN).map(Request::from_bytes));
            spent = chunk;
        }
        sender.join().unwrap();
        assert_eq!(received, requests);

        let (sender, mut receiver) = pipe(100);
        drop(sender);
        assert!(receiver.next(Vec::new()).is_err());
    }
}
