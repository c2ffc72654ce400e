//! Completions, valid and corrupted ones, for the rules of the host. It must accept and reject the same as the oracle,
//! and measure the same.

use contract::{Capabilities, Completion, CompletionHeader, Request};
use measure::Outcome;
use random::streams::Stream;
use sandbox::native::replay;
use sim_wasm::Queue;

use super::case::Case;
use super::requests::OneChunk;
use super::{check_words, oracle};
use crate::End;
use crate::edit::{edit, number, once_in, pick, place};

/// The default simulator over random requests, whose completions may be changed.
pub(super) fn make(random: &mut Stream) -> Vec<u8> {
    let odds = |random: &mut Stream| if once_in(random, 3) { 127 + random.below(20) as u8 } else { 0 };
    let count = random.below(40) as u8;
    let capabilities = [0u64, 79, 79, 111, 111, 127, random.below(128)];
    let (kind, capabilities) = (random.bits() as u8, pick(random, &capabilities) as u8);
    let limit = if once_in(random, 4) { random.below(40) as u8 } else { 255 };
    let discipline = if once_in(random, 3) { 0 } else { random.below(7) as u8 };
    let mut bytes = vec![kind, odds(random), odds(random), limit, count, capabilities, discipline, odds(random)];
    for _ in 0..count {
        let large = |random: &mut Stream| if once_in(random, 50) { 224 + random.below(32) } else { random.below(20) };
        bytes.extend([random.below(3) as u8, large(random) as u8, large(random) as u8]);
    }
    let Case { job, record_len, requests, .. } = Case::read(&bytes);
    let changes = pick(random, &[0, 0, 0, 1, 1, 2, 5]);
    let odds = (requests.len() as u64 / changes.max(1)).max(1);
    let model = job.queue();
    let (mut queue, mut running) = (Queue::new(model), true);
    let shuffled = once_in(random, 4);
    let mut pending = CompletionHeader { capabilities: Capabilities(capabilities.into()) }.to_bytes().to_vec();
    let mut held_back = Vec::new();
    let (mut read, mut seen) = (0, 0);
    while read < record_len * (requests.len() + 1) {
        // A simulator that reads everything at once, one record, or uneven chunks.
        let chunks = pick(random, &[127, record_len as u64 / 12, random.clone().below(128)]);
        bytes.push(chunks as u8);
        read += 12 * chunks as usize;
        let whole = (read / record_len).saturating_sub(1).min(requests.len());
        let mut due = Vec::new();
        for request in &requests[seen..whole] {
            // Demands whose sum exceeds the host's limit: the model does not support them.
            running = running && request.arrival_ns + request.service_ns < 1 << 61;
            running = running && queue.arrive(request, &mut |completion| due.push((*request, completion)));
        }
        seen = whole;
        if whole == requests.len() && running {
            std::mem::replace(&mut queue, Queue::new(model))
                .end(&mut |completion| due.push((Request::default(), completion)));
        }
        for (request, completion) in due {
            let mut completions = vec![completion];
            if changes > 0 && once_in(random, odds) {
                change(random, &request, &mut completions);
            }
            let to = if shuffled && once_in(random, 2) { &mut held_back } else { &mut pending };
            completions.iter().for_each(|completion| to.extend_from_slice(&completion.to_bytes()));
        }
        if once_in(random, 2) {
            write(random, &mut pending, &mut bytes);
        }
    }
    pending.extend(held_back);
    write(random, &mut pending, &mut bytes);
    if once_in(random, 4) {
        let edits = 1 + random.below(3);
        edit(&mut bytes, random, edits, &[]);
    }
    bytes
}

/// The steps that write `pending`.
fn write(random: &mut Stream, pending: &mut Vec<u8>, bytes: &mut Vec<u8>) {
    while !pending.is_empty() {
        let most = pick(random, &[128, 32, 1 + random.clone().below(128) as usize]);
        let chunk = pending.len().min(most);
        bytes.push(127 + chunk as u8);
        bytes.extend(pending.drain(..chunk));
    }
}

/// Changes a completion, to a valid or an invalid one.
fn change(random: &mut Stream, request: &Request, completions: &mut Vec<Completion>) {
    let Some(completion) = completions.first_mut() else { return };
    let delta = random.below(30);
    match random.below(12) {
        0 => {
            completion.start_ns = completion.start_ns.saturating_add(delta);
            completion.finish_ns = completion.finish_ns.saturating_add(delta);
        }
        1 => {
            completion.service_ns = random.below(completion.service_ns.saturating_add(1));
            completion.finish_ns = completion.start_ns.saturating_add(completion.service_ns);
        }
        2 | 3 => {
            let finish_ns = request.arrival_ns + if delta < 10 { 0 } else { delta };
            *completion = Completion { start_ns: Completion::NOT_SERVED, finish_ns, service_ns: 0, ..*completion };
        }
        4 => completion.finish_ns = Completion::IN_SERVICE,
        5 => completion.finish_ns = completion.finish_ns.saturating_add(delta),
        6 => {
            let again = *completion;
            completions.push(again);
        }
        7 => completions.clear(),
        field => {
            let (number, add) = (number(random), random.below(3).wrapping_sub(1));
            let field = match field {
                8 => &mut completion.id,
                9 => &mut completion.start_ns,
                10 => &mut completion.finish_ns,
                _ => &mut completion.service_ns,
            };
            *field = if place(random, 2) == 0 { number } else { field.wrapping_add(add) };
        }
    }
}

pub(super) fn run(bytes: &[u8]) -> Result<End, String> {
    let case = Case::read(bytes);
    let Outcome { offered, result, .. } =
        replay(&case.job, OneChunk::new(&case.requests, case.record_len), &case.steps);
    let expected = oracle::judge(&case);
    if offered != case.requests.len() as u64 {
        return Err(format!("{} requests are counted as {offered}", case.requests.len()));
    }
    match (result, expected) {
        (Ok(measured), Ok(expected)) => expected.agrees(&measured).map(|()| "accepted"),
        (Err(failure), Err(broken)) => {
            check_words(&failure)?;
            match broken.classes.iter().find(|&&class| class == failure.class()) {
                Some(class) => Ok(class.name()),
                None => Err(format!("refused as {}: {failure}; but {broken:?}", failure.class())),
            }
        }
        (Ok(_), Err(broken)) => Err(format!("accepted, but {broken:?}")),
        (Err(failure), Ok(_)) => Err(format!("refused, but no rule is broken: {failure}")),
    }
}
