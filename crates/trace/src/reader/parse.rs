//! The first two stages at work: blocks are cut one after another, decoded by several threads, and put back in order.

use std::sync::Mutex;

use crate::turns::{Turns, on_threads};
use contract::Request;
use failure::Failure;

use super::cut::{Block, Cutter};
use super::decode::{Decoder, Wrong};
use super::place::Place;

/// A block whose turn it is.
pub(super) struct Parsed<'a, C> {
    /// Its requests, up to the first row that is wrong.
    pub(super) requests: &'a mut [Request],
    /// The first row that is wrong, if one is.
    pub(super) decoded: Result<(), Wrong>,
    /// What `complete` made of the requests.
    pub(super) completed: C,
    /// How far the trace is read with it \[bytes\].
    pub(super) bytes: u64,
}

/// Gives `take` the blocks that `cutter` cuts, in their order. `complete`, which like decoding is done on `threads` threads at
/// once, works on one block's requests alone.
///
/// # Errors
/// The first thing that is wrong in the trace, or that `take` fails with.
pub(super) fn parse<C, E: From<Failure> + Send>(
    place: &Place,
    cutter: &mut Cutter,
    decoder: &Decoder,
    threads: usize,
    complete: impl Fn(&mut [Request]) -> C + Sync,
    take: impl FnMut(Parsed<'_, C>) -> Result<(), E> + Send,
) -> Result<(), E> {
    let input = Mutex::new((cutter, 0));
    let turns = Turns::new(take);
    on_threads(threads, || {
        let (mut block, mut requests) = (Block::default(), Vec::new());
        loop {
            let (cut, bytes, turn) = {
                // Where a thread panicked with it, that is what is told.
                let Ok(mut input) = input.lock() else { return Ok(()) };
                let (cutter, blocks) = &mut *input;
                let cut = cutter.next(place, &mut block);
                if let Ok(false) = cut {
                    return Ok(());
                }
                *blocks += 1;
                (cut, cutter.bytes(), turns.turn(*blocks - 1))
            };
            requests.clear();
            let decoded = if cut.is_ok() { decoder.decode(&block, &mut requests) } else { Ok(()) };
            let completed = complete(&mut requests);
            let taken = turn.take(|take| {
                cut?;
                take(Parsed { requests: &mut requests, decoded, completed, bytes })
            });
            match taken {
                Some(taken) => taken?,
                None => return Ok(()),
            }
        }
    })
}
