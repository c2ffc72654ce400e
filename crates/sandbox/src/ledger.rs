//! The ledger of one worker: its outstanding requests. Each completion is checked against its request by the rules, and
//! folded into the tally.

use std::collections::BTreeMap;
use std::io;

use contract::{Capabilities, Completion, NONE, Request};
use failure::{Failure, Limit};

use crate::outstanding::{Backlog, Outstanding};
use crate::rules::Rules;
use crate::verify::Verifier;
use measure::{Course, Measured};

/// Receives checked completions with their requests' arrivals and demands, in the order of ids.
pub trait Completions: Send {
    /// Receives the next completion.
    ///
    /// # Errors
    /// If it can't be written.
    fn take(&mut self, arrival_ns: u64, demand_ns: u64, completion: &Completion) -> io::Result<()>;

    /// There are no more.
    ///
    /// # Errors
    /// If they can't be written.
    fn end(&mut self) -> io::Result<()>;
}

/// The ledger of one worker.
pub(crate) struct Ledger {
    rules: Rules,
    /// Upper limit of outstanding requests.
    limit: usize,
    read: Backlog,
    /// Number of completions so far, for messages.
    records: u64,
    verifier: Option<Verifier>,
    completions: Option<Box<dyn Completions>>,
    /// Completions that wait for one with a smaller id; only if there is a receiver.
    held: BTreeMap<u64, (Outstanding, Completion)>,
}

impl Ledger {
    /// An empty ledger that checks `rules`, with at most `limit` outstanding requests. Each
    /// completion is compared with that of `verifier`, if there is one, and goes to `completions`.
    pub(crate) fn new(
        rules: Rules,
        limit: usize,
        verifier: Option<Verifier>,
        completions: Option<Box<dyn Completions>>,
    ) -> Self {
        Self { rules, limit, read: Backlog::default(), records: 0, verifier, completions, held: BTreeMap::new() }
    }

    /// Of the only worker of a run.
    #[cfg(test)]
    pub(crate) fn of(servers: u32, delay: u64, limit: usize) -> Self {
        Self::new(Rules::new(servers, delay, measure::Measurement::new(1, 0)), limit, None, None)
    }

    /// The capabilities of the simulator, after its header.
    pub(crate) fn capabilities(&self) -> Option<Capabilities> {
        self.rules.capabilities
    }

    /// Requests read so far.
    pub(crate) fn requests(&self) -> u64 {
        self.rules.measured.all.tally.counts.offered
    }

    /// Enters the requests of whole `records`, of `length` bytes each, that the simulator has just read.
    ///
    /// # Errors
    /// If too many are outstanding, or times exceed 62 bits.
    pub(crate) fn read(&mut self, records: &[u8], length: usize) -> Result<(), Failure> {
        match records.as_chunks() {
            // The usual length, as a constant.
            (records, []) if length == Request::LEN => {
                self.enter(records.iter().map(|record: &[u8; Request::LEN]| Request::from_bytes(record)))?;
            }
            _ => self.enter(records.chunks_exact(length).map(Request::from_bytes))?,
        }
        if self.read.open() + self.held.len() > self.limit {
            let rule = format!(
                "more than {} requests are outstanding, or their completions wait for an earlier one: the simulator completes \
                 requests late, or its queue is that long (--limit-unanswered)",
                self.limit
            );
            return Err(Failure::limit(Limit::UnansweredRequests, rule));
        }
        Ok(())
    }

    /// Enters `requests`: all at once, or one by one if one of them may be rejected, there is a verifier, or classes are
    /// measured separately.
    fn enter(&mut self, mut requests: impl ExactSizeIterator<Item = Request> + Clone) -> Result<(), Failure> {
        let (mut latest, mut demands, mut classes) = (0, 0, 0);
        let number = self.read.extend(requests.clone().map(|request| {
            latest = request.arrival_ns.max(latest);
            demands += u128::from(request.service_ns);
            classes |= request.class;
            Outstanding::new(&request)
        }));
        let has_classes = classes > 0 || self.rules.measured.has_classes();
        if has_classes || self.rules.measured.has_selections() {
            let measured = &self.rules.measured;
            self.read.extend_kinds(requests.clone().map(|request| measured.kind(request.class, request.client)));
        }
        if !has_classes && self.verifier.is_none() && self.rules.offer_all(number as u64, latest, demands) {
            return Ok(());
        }
        requests.try_for_each(|request| self.offer(&request))
    }

    /// Counts a request as offered.
    fn offer(&mut self, request: &Request) -> Result<(), Failure> {
        self.rules.offer(request)?;
        match &mut self.verifier {
            Some(verifier) => verifier.arrive(request),
            None => Ok(()),
        }
    }

    /// Checks the header of the completions.
    ///
    /// # Errors
    /// If it is invalid.
    pub(crate) fn header(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        self.rules.header(record)
    }

    /// Enters completions.
    ///
    /// # Errors
    /// The first one that breaks a rule, with the rule; or the receiver's error.
    pub(crate) fn complete_all(&mut self, mut records: &[[u8; Completion::LEN]]) -> Result<(), Failure> {
        loop {
            records = &records[self.in_order(records)..];
            let Some((record, rest)) = records.split_first() else { return Ok(()) };
            self.complete(record)?;
            records = rest;
        }
    }

    /// The common case, in one loop: enters the leading `records` that are plain completions of the oldest outstanding
    /// requests, and returns their number.
    fn in_order(&mut self, records: &[[u8; Completion::LEN]]) -> usize {
        if self.verifier.is_some() || self.completions.is_some() {
            return 0;
        }
        let oldest = self.read.oldest();
        let taken = self.rules.fold_plain(oldest, records);
        if self.rules.measured.has_classes() || self.rules.measured.has_counters() {
            self.rules.fold_kinds(&oldest[..taken], self.read.kinds(), records);
        }
        self.read.remove_oldest(taken);
        self.records += taken as u64;
        taken
    }

    /// Enters one completion.
    ///
    /// # Errors
    /// The rule that it breaks, or the receiver's error.
    pub(crate) fn complete(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        let completion = Completion::from_bytes(record);
        self.records += 1;
        let Some((request, kind)) = self.read.remove(completion.id) else {
            let surplus = "no outstanding request has this id: more completions than requests read";
            let rule = if self.read.open() == 0 { surplus } else { "no outstanding request has this id" };
            return Err(self.broken(&completion, rule));
        };
        if let Err(rule) = self.rules.fold(&request, kind, &completion) {
            return Err(self.broken(&completion, rule));
        }
        if let Some(verifier) = &mut self.verifier {
            verifier.complete(&completion)?;
        }
        if self.completions.is_some() {
            self.collect(request, completion)?;
        }
        Ok(())
    }

    /// Passes the completion on to the receiver, as soon as no request with a smaller id is outstanding.
    fn collect(&mut self, request: Outstanding, completion: Completion) -> Result<(), Failure> {
        let Some(take) = &mut self.completions else { return Ok(()) };
        self.held.insert(completion.id, (request, completion));
        let front = self.read.first_id().unwrap_or(u64::MAX);
        while let Some(first) = self.held.first_entry().filter(|first| *first.key() < front) {
            let (request, completion) = first.remove();
            take.take(request.arrival, request.demand, &completion).map_err(completions_failed)?;
        }
        Ok(())
    }

    /// Finalises the ledger after the simulator's end: determines T and checks the rules for all completions together.
    /// The unread rest of the shard goes through [`Closed::unread`].
    ///
    /// # Errors
    /// The rule that the completions break.
    pub(crate) fn close(mut self) -> Result<Closed, Failure> {
        let first_open = self.read.iter().next().map(|(request, _)| request.id);
        let reached = self.rules.finish(self.read.open(), first_open)?;
        for (request, kind) in self.read.iter() {
            self.rules.measured.add_without_completion(kind, request.arrival);
        }
        if let Some(take) = &mut self.completions {
            for (request, completion) in std::mem::take(&mut self.held).into_values() {
                take.take(request.arrival, request.demand, &completion).map_err(completions_failed)?;
            }
            take.end().map_err(completions_failed)?;
        }
        Ok(Closed { ledger: self, reached })
    }

    fn broken(&self, completion: &Completion, rule: &str) -> Failure {
        let time = |ns: u64| if ns == NONE { "none".to_owned() } else { ns.to_string() };
        let rule = format!(
            "completion {} (id {}, start {}, finish {}, service {}): {rule}",
            self.records,
            completion.id,
            time(completion.start_ns),
            time(completion.finish_ns),
            completion.service_ns
        );
        Failure::Contract { request: Some(completion.id), rule }
    }
}

fn completions_failed(error: io::Error) -> Failure {
    Failure::host(format!("completions: {error}"))
}

/// The ledger after the simulator's end, with T known.
pub(crate) struct Closed {
    ledger: Ledger,
    reached: bool,
}

impl Closed {
    /// Counts the requests of whole `records`, of `length` bytes each, that the simulator left unread.
    ///
    /// # Errors
    /// If it should have read them because DELAY was not reached.
    pub(crate) fn unread(&mut self, records: &[u8], length: usize) -> Result<(), Failure> {
        if !self.reached && !records.is_empty() {
            return Err(Failure::contract("it ended before it had read its shard, though DELAY was not reached"));
        }
        for record in records.chunks_exact(length) {
            let request = Request::from_bytes(record);
            self.ledger.offer(&request)?;
            let measured = &mut self.ledger.rules.measured;
            measured.add_without_completion(measured.kind(request.class, request.client), request.arrival_ns);
        }
        Ok(())
    }

    /// The measurements.
    ///
    /// # Errors
    /// With a verifier, the first completion that is missing or too many.
    pub(crate) fn result(self) -> Result<Measured, Failure> {
        let Ledger { rules, verifier, .. } = self.ledger;
        verifier.map_or(Ok(()), Verifier::end)?;
        let capabilities = rules.capabilities.unwrap_or_default();
        let (Course { tally, windows }, classes, counted) = rules.measured.finish();
        Ok(Measured { tally, windows, classes, counted, delay_reached: self.reached, capabilities })
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
