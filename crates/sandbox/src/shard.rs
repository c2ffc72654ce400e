//! Where a worker's requests come from.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use contract::Request;
use failure::Failure;

/// The part of a trace that one worker serves, in pieces.
pub trait Shard: Send {
    /// Length of each record, at least a request's \[bytes\].
    fn record_len(&self) -> usize {
        Request::LEN
    }

    /// The next whole records, without a header; None at the end. `spent` is an earlier piece, to be used again.
    ///
    /// # Errors
    /// Where the shard can't be had to its end.
    fn next(&mut self, spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure>;
}

/// No requests at all.
pub struct Empty;

impl Shard for Empty {
    fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }
}

/// A bounded pipe of request records from who reads a trace to one worker's thread. Pieces hold `bytes` at most.
pub fn pipe(bytes: usize) -> (Feeder, Fed) {
    let (pieces, received) = sync_channel(2);
    let (give_back, spent) = channel();
    let piece_len = (bytes / Request::LEN).max(1) * Request::LEN;
    (Feeder { pieces, spent, piece: Vec::with_capacity(piece_len), piece_len }, Fed { pieces: received, give_back })
}

/// The writing end of [`pipe`]. Dropped without [`Feeder::finish`] it tells the worker that its shard is not whole.
pub struct Feeder {
    pieces: SyncSender<Vec<u8>>,
    spent: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    piece_len: usize,
}

impl Feeder {
    /// Sends one request; waits while the worker is behind.
    #[inline]
    pub fn send(&mut self, request: &Request) {
        self.piece.extend_from_slice(&request.to_bytes());
        if self.piece.len() >= self.piece_len {
            self.pass_on();
        }
    }

    /// The shard is whole.
    pub fn finish(mut self) {
        if !self.piece.is_empty() {
            self.pass_on();
        }
        // An empty piece is the end. Where the worker's thread is gone, its own error tells more.
        let _ = self.pieces.send(Vec::new());
    }

    fn pass_on(&mut self) {
        let mut next = self.spent.try_recv().unwrap_or_else(|_| Vec::with_capacity(self.piece_len));
        next.clear();
        let _ = self.pieces.send(std::mem::replace(&mut self.piece, next));
    }
}

/// The reading end of [`pipe`].
pub struct Fed {
    pieces: Receiver<Vec<u8>>,
    give_back: Sender<Vec<u8>>,
}

impl Shard for Fed {
    fn next(&mut self, spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        if spent.capacity() > 0 {
            // The feeder may have finished; then nobody needs it.
            let _ = self.give_back.send(spent);
        }
        match self.pieces.recv() {
            Ok(piece) if piece.is_empty() => Ok(None),
            Ok(piece) => Ok(Some(piece)),
            Err(_) => Err(Failure::Host("the trace could not be read to its end".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_an_unfinished_shard_is_an_error() {
        let (mut feeder, mut fed) = pipe(Request::LEN * 3);
        let requests: Vec<Request> = (0..8).map(|id| Request { id, ..Request::default() }).collect();
        let sent = requests.clone();
        let sender = std::thread::spawn(move || {
            sent.iter().for_each(|request| feeder.send(request));
            feeder.finish();
        });
        let (mut received, mut spent) = (Vec::new(), Vec::new());
        while let Some(piece) = fed.next(spent).unwrap() {
            received.extend(piece.chunks_exact(Request::LEN).map(Request::from_bytes));
            spent = piece;
        }
        sender.join().unwrap();
        assert_eq!(received, requests);

        let (feeder, mut fed) = pipe(100);
        drop(feeder);
        assert!(fed.next(Vec::new()).is_err());
    }
}
