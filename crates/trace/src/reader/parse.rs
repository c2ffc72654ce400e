//! Runs the first two stages: blocks are cut one after another, decoded by several threads, and put back in order.

use std::sync::Mutex;

use crate::input::StopAtEnd;
use crate::ordered::{Turns, on_threads};
use contract::Request;
use failure::Failure;

use super::cut::{Block, Cutter};
use super::decode::{Completed, Decoder, Defects};
use crate::location::Location;

/// A decoded block, passed on in the order of the trace.
pub(super) struct Parsed<'a> {
    pub(super) block: &'a Block,
    /// Its requests, up to the first wrong row.
    pub(super) requests: &'a mut [Request],
    /// Its rows that are not requests.
    pub(super) defects: Defects,
    /// Properties of the requests.
    pub(super) completed: Completed,
    /// The position in the trace at the block's end \[bytes\].
    pub(super) position: u64,
}

/// Passes the blocks that `cutter` cuts to `take`, in their order, and the error if the trace can't be read further. `complete` processes the requests of one block
/// alone; like decoding, it runs on `threads` threads at once.
///
/// # Errors
/// Those of `take`; after one, nothing else is passed.
pub(super) fn parse<E: Send>(
    location: &Location,
    cutter: &mut Cutter,
    decoder: &Decoder,
    threads: usize,
    complete: impl Fn(&mut [Request]) -> Completed + Sync,
    take: impl FnMut(Result<Parsed<'_>, Failure>) -> Result<(), E> + Send,
) -> Result<(), E> {
    let stop = cutter.stop.clone();
    let input = Mutex::new((cutter, 0));
    let turns = Turns::new(take);
    on_threads(threads, || {
        let _at_end = stop.clone().map(StopAtEnd);
        let (mut block, mut requests) = (Block::default(), Vec::new());
        loop {
            let (cut, position, turn) = {
                // After a panic on another thread, the panic is reported, not this error.
                let Ok(mut input) = input.lock() else { return Ok(()) };
                let (cutter, blocks) = &mut *input;
                let cut = cutter.next(location, &mut block);
                if let Ok(false) = cut {
                    return Ok(());
                }
                *blocks += 1;
                (cut, cutter.position(), turns.turn(*blocks - 1))
            };
            requests.clear();
            let defects = if cut.is_ok() { decoder.decode(&block, &mut requests) } else { Defects::default() };
            let completed = complete(&mut requests);
            let parsed = cut.map(|_| Parsed { block: &block, requests: &mut requests, defects, completed, position });
            let taken = turn.take(|take| take(parsed));
            match taken {
                Some(taken) => taken?,
                None => return Ok(()),
            }
        }
    })
}
