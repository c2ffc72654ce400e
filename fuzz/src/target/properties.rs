//! Properties of a trace that is read in two ways: what must be the same, and what a part of what.

use contract::Request;
use failure::{Class, Failure};
use trace::reader::ReadFlags;
use trace::shape::keep::Only;

use super::container::Container;
use super::input::{Input, Read, demands};

/// Checks one property of the trace that was `read` with `flags`; `number` selects it. The trace is in a container.
pub(super) fn hold(
    number: u8,
    input: &Input,
    flags: &ReadFlags,
    read: &Result<Read, Failure>,
    (container, trace): (Container, &[u8]),
) -> Result<(), String> {
    let with = |change: &dyn Fn(&mut ReadFlags)| {
        let mut flags = flags.clone();
        change(&mut flags);
        input.read(&flags)
    };
    if container != Container::Plain {
        return unpacked(flags, read, trace);
    }
    if number.is_multiple_of(8) {
        return piped(input, flags, read);
    }
    let Ok(read) = read else { return Ok(()) };
    let part =
        |change: &dyn Fn(&mut ReadFlags)| with(change).map_err(|failure| format!("a part is refused: {failure}"));
    // Times of a part count from the first request that is kept, and a sorted trace numbers those alone.
    let is_whole = flags.from.is_none() && flags.until.is_none();
    match number % 8 {
        1 if !flags.sort => same("sorted", read, with(&|flags| flags.sort = true)),
        2 => twice(input, flags, read),
        // What is skipped would be an error otherwise.
        3 if flags.skip_bad_rows => match with(&|flags| flags.skip_bad_rows = false) {
            Ok(all) if read.summary.skipped.is_empty() => same("without --skip-bad-rows", read, Ok(all)),
            Err(_) if !read.summary.skipped.is_empty() => Ok(()),
            other => Err(format!("{:?} are skipped, but without the flag {}", read.summary.skipped, show(&other))),
        },
        3 => same("with --skip-bad-rows", read, with(&|flags| flags.skip_bad_rows = true)),
        4 if is_whole => parts(flags, read, part),
        5 if flags.speed.is_none() => {
            let twice = part(&|flags| flags.speed = Some("2".to_owned()))?;
            pairs(read, &twice, "at speed 2", |one, other| one / 2 == other)
        }
        6 if flags.only.is_none() && is_whole && !flags.sort => only(read, with),
        7 if flags.sample.is_none() && is_whole && !flags.sort => {
            let half = part(&|flags| flags.sample = Some("0.5:client".to_owned()))?;
            let third = part(&|flags| flags.sample = Some("0.3:client".to_owned()))?;
            let is_part = is_part(&third, &half) && is_part(&half, read);
            let has_all = clients(&half).all(|client| of_client(&half, client).eq(of_client(read, client)));
            if is_part && has_all { Ok(()) } else { Err("a sample is no part of the whole".to_owned()) }
        }
        _ => Ok(()),
    }
}

fn ids(read: &Read) -> impl Iterator<Item = u64> {
    read.requests.iter().map(|request| request.id)
}

fn clients(read: &Read) -> impl Iterator<Item = u32> {
    read.requests.iter().map(|request| request.client).take(20)
}

fn of_client(read: &Read, client: u32) -> impl Iterator<Item = u64> {
    read.requests.iter().filter(move |request| request.client == client).map(|request| request.id)
}

fn is_part(part: &Read, whole: &Read) -> bool {
    let mut whole = ids(whole);
    ids(part).all(|id| whole.any(|other| other == id))
}

/// From a pipe it is the same; an error may list fewer wrong rows.
fn piped(input: &Input, flags: &ReadFlags, read: &Result<Read, Failure>) -> Result<(), String> {
    let piped = input.read_piped(flags);
    let first = |failure: &Failure| {
        let text = failure.to_string().replace(&input.pipe(), &input.name());
        // The error of an unknown format shows the rows that have arrived.
        let unknown = ["the format is not recognised", "is not text"].iter().find_map(|rule| text.find(rule));
        text[..unknown.unwrap_or(text.len())].lines().next().unwrap_or_default().to_owned()
    };
    // How much is unpacked before damage depends on how much is read at a time.
    let is_damage = |failure: &Failure| failure.to_string().contains(" data is ");
    let is_same = match (read, &piped) {
        (Ok(read), Ok(piped)) => read.requests == piped.requests && read.summary == piped.summary,
        (Err(one), Err(other)) => first(one) == first(other) || is_damage(one) || is_damage(other),
        _ => false,
    };
    if is_same { Ok(()) } else { Err(format!("from a file {}, from a pipe {}", show(read), show(&piped))) }
}

/// Unpacked it is the same.
fn unpacked(flags: &ReadFlags, read: &Result<Read, Failure>, trace: &[u8]) -> Result<(), String> {
    Input::with_other(trace, |input| {
        let plain = input.read(flags);
        let is_same = match (read, &plain) {
            (Ok(read), Ok(plain)) => {
                let [one, other] = [read, plain].map(|read| (&read.summary.skipped, read.summary.offset_ns));
                read.requests == plain.requests && one == other
            }
            (Err(one), Err(other)) => one.class() == other.class(),
            _ => false,
        };
        if is_same { Ok(()) } else { Err(format!("packed {}, plain {}", show(read), show(&plain))) }
    })
}

fn show(read: &Result<Read, Failure>) -> String {
    match read {
        Ok(read) => format!("{:?} of {} requests {:.300?}", read.summary, read.requests.len(), read.requests),
        Err(failure) => format!("{}: {failure}", failure.class()),
    }
}

/// Another way of reading gives the same requests, except for ids that are numbered anew, and demands that are sampled.
fn same(how: &str, read: &Read, other: Result<Read, Failure>) -> Result<(), String> {
    let other = other.map_err(|failure| format!("{how} it is refused: {failure}"))?;
    let is_sampled = |request: &Request| request.service_ns == demands().sample(request.id);
    let is_same = |(one, other): (&Request, &Request)| {
        let renumbered = Request { id: one.id, ..*other };
        renumbered == *one
            || is_sampled(one) && is_sampled(other) && Request { service_ns: one.service_ns, ..renumbered } == *one
    };
    let is_as_long = read.requests.len() == other.requests.len();
    if is_as_long
        && read.requests.iter().zip(&other.requests).all(is_same)
        && other.summary.skipped == read.summary.skipped
    {
        Ok(())
    } else {
        Err(format!("{how} it is {:?}, not {:?}", other.requests, read.requests))
    }
}

/// The file named twice gives every request twice.
fn twice(input: &Input, flags: &ReadFlags, read: &Read) -> Result<(), String> {
    if flags.spread.is_some() {
        return Ok(());
    }
    let twice = input.read_twice(flags).map_err(|failure| format!("twice it is refused: {failure}"))?;
    let mut doubled: Vec<_> = read.requests.iter().flat_map(|one| [one, one]).map(what).collect();
    let mut requests: Vec<_> = twice.requests.iter().map(what).collect();
    // Requests of the same time come file by file.
    doubled.sort_unstable();
    requests.sort_unstable();
    if doubled == requests { Ok(()) } else { Err(format!("twice it is {:?}, not {:?}", twice.requests, read.requests)) }
}

/// What does not depend on a request's number.
fn what(request: &Request) -> (u64, u64, u32, u32) {
    (request.arrival_ns, request.block, request.client, request.size)
}

/// The parts before and from a time are the whole.
fn parts(
    flags: &ReadFlags,
    read: &Read,
    with: impl Fn(&dyn Fn(&mut ReadFlags)) -> Result<Read, String>,
) -> Result<(), String> {
    let middle = read.requests.get(read.requests.len() / 2).map_or(1, |request| request.arrival_ns);
    // With --origin first, times count from the first request that is kept, but a part from the first of the trace.
    let is_subset = flags.only.is_some() || flags.sample.is_some();
    let is_shifted = is_subset && flags.origin.as_deref() == Some("first");
    if flags.speed.is_some() || middle == 0 || is_shifted {
        return Ok(());
    }
    let time = format!("{middle}ns");
    let (before, after) =
        (with(&|flags| flags.until = Some(time.clone()))?, with(&|flags| flags.from = Some(time.clone()))?);
    let is_before = ids(&before).eq(read.requests.iter().filter(|one| one.arrival_ns < middle).map(|one| one.id));
    if is_before && ids(&before).chain(ids(&after)).eq(ids(read)) {
        Ok(())
    } else {
        Err(format!("before {time} {:?}, from then {:?}, of {:?}", before.requests, after.requests, read.requests))
    }
}

/// Reads and writes alone are the whole.
fn only(read: &Read, with: impl Fn(&dyn Fn(&mut ReadFlags)) -> Result<Read, Failure>) -> Result<(), String> {
    for (only, op) in [(Only::Read, Request::READ), (Only::Write, Request::WRITE)] {
        match with(&|flags| flags.only = Some(only)) {
            Ok(part) => {
                if !ids(&part).eq(read.requests.iter().filter(|one| one.op == op).map(|one| one.id)) {
                    return Err(format!("{only:?} alone: {:?} of {:?}", part.requests, read.requests));
                }
            }
            Err(failure) if failure.class() == Class::Usage => {}
            Err(failure) => return Err(format!("{only:?} alone is refused: {failure}")),
        }
    }
    Ok(())
}

/// Each request has the arrival that `is_right` wants.
fn pairs(read: &Read, other: &Read, how: &str, is_right: impl Fn(u64, u64) -> bool) -> Result<(), String> {
    let is_same = ids(read).eq(ids(other));
    let pairs = read.requests.iter().zip(&other.requests);
    if is_same && pairs.into_iter().all(|(one, other)| is_right(one.arrival_ns, other.arrival_ns)) {
        Ok(())
    } else {
        Err(format!("{how} it is {:?}, not {:?}", other.requests, read.requests))
    }
}
