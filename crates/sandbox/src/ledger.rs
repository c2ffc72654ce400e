//! The ledger of one worker: its outstanding requests. Each completion is checked against its request by the rules, and
//! folded into the tally.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use contract::{Capabilities, Completion, NONE, Request};
use failure::{Failure, Limit};

use crate::rules::{COMPLETED, Outstanding, Rules};
use crate::verify::Verifier;
use measure::Tally;

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
    /// Requests read, in the order of ids, which is that of arrivals. Completed ones are removed when they reach the
    /// front or outnumber the outstanding ones.
    read: VecDeque<Outstanding>,
    outstanding: usize,
    /// Number of completions so far, for messages.
    records: u64,
    verifier: Option<Verifier>,
    completions: Option<Box<dyn Completions>>,
    /// Completions that wait for one with a smaller id; only if there is a receiver.
    held: BTreeMap<u64, (Outstanding, Completion)>,
}

impl Ledger {
    /// An empty ledger of a worker with `servers` and `delay`, with at most `limit` outstanding requests. Each
    /// completion is compared with that of `verifier`, if there is one, and goes to `completions`.
    pub(crate) fn new(
        servers: u32,
        delay: u64,
        limit: usize,
        verifier: Option<Verifier>,
        completions: Option<Box<dyn Completions>>,
    ) -> Self {
        Self {
            rules: Rules::new(servers, delay),
            limit,
            read: VecDeque::new(),
            outstanding: 0,
            records: 0,
            verifier,
            completions,
            held: BTreeMap::new(),
        }
    }

    /// The capabilities of the simulator, after its header.
    pub(crate) fn capabilities(&self) -> Option<Capabilities> {
        self.rules.capabilities
    }

    /// Requests read so far.
    pub(crate) fn requests(&self) -> u64 {
        self.rules.tally.counts.offered
    }

    /// Enters the requests of whole `records`, of `length` bytes each, that the simulator has just read.
    ///
    /// # Errors
    /// If too many are outstanding, or times exceed 62 bits.
    pub(crate) fn read(&mut self, records: &[u8], length: usize) -> Result<(), Failure> {
        if self.read.len() > 2 * self.outstanding + 4096 {
            self.read.retain(|request| request.demand != COMPLETED);
        }
        match records.as_chunks() {
            // The usual length, as a constant.
            (records, []) if length == Request::LEN => {
                self.enter(records.iter().map(|record: &[u8; Request::LEN]| Request::from_bytes(record)))?;
            }
            _ => self.enter(records.chunks_exact(length).map(Request::from_bytes))?,
        }
        if self.outstanding + self.held.len() > self.limit {
            let rule = format!(
                "more than {} requests are outstanding, or their completions wait for an earlier one: the simulator completes \
                 requests late, or its queue is that long (--limit-unanswered)",
                self.limit
            );
            return Err(Failure::limit(Limit::UnansweredRequests, rule));
        }
        Ok(())
    }

    /// Enters `requests`: all at once, or one by one if one of them may be rejected or there is a verifier.
    fn enter(&mut self, mut requests: impl Iterator<Item = Request> + Clone) -> Result<(), Failure> {
        let from = self.read.len();
        let (mut latest, mut demands) = (0, 0);
        self.read.extend(requests.clone().map(|request| {
            latest = request.arrival_ns.max(latest);
            demands += u128::from(request.service_ns);
            Outstanding::new(&request)
        }));
        let number = self.read.len() - from;
        self.outstanding += number;
        if self.verifier.is_none() && self.rules.offer_all(number as u64, latest, demands) {
            return Ok(());
        }
        requests.try_for_each(|request| self.offer(&request))
    }

    /// Counts a request as offered.
    fn offer(&mut self, request: &Request) -> Result<(), Failure> {
        self.rules.offer(&Outstanding::new(request))?;
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
        let (oldest, _) = self.read.as_slices();
        let taken = self.rules.fold_plain(oldest, records);
        self.read.drain(..taken);
        self.outstanding -= taken;
        self.records += taken as u64;
        if self.read.len() > self.outstanding {
            self.drop_completed();
        }
        taken
    }

    /// Enters one completion.
    ///
    /// # Errors
    /// The rule that it breaks, or the receiver's error.
    pub(crate) fn complete(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        let completion = Completion::from_bytes(record);
        self.records += 1;
        // The common case: the completion of the oldest outstanding request.
        let request = match self.read.front() {
            Some(front) if front.id == completion.id && front.demand != COMPLETED => self.read.pop_front(),
            _ => self.find(completion.id),
        };
        let Some(request) = request else {
            let surplus = "no outstanding request has this id: more completions than requests read";
            let rule = if self.outstanding == 0 { surplus } else { "no outstanding request has this id" };
            return Err(self.broken(&completion, rule));
        };
        self.outstanding -= 1;
        if self.read.len() > self.outstanding {
            self.drop_completed();
        }
        if let Err(rule) = self.rules.fold(request.arrival, request.demand, &completion) {
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

    /// A completion out of order: the request stays, marked as completed, until those before it are completed.
    #[cold]
    fn find(&mut self, id: u64) -> Option<Outstanding> {
        let place = self.read.binary_search_by_key(&id, |request| request.id).ok()?;
        let found = &mut self.read[place];
        let demand = std::mem::replace(&mut found.demand, COMPLETED);
        let request = Outstanding { id, arrival: found.arrival, demand };
        (demand != COMPLETED).then_some(request)
    }

    /// Removes completed requests from the front.
    fn drop_completed(&mut self) {
        while self.read.front().is_some_and(|front| front.demand == COMPLETED) {
            self.read.pop_front();
        }
    }

    /// Passes the completion on to the receiver, as soon as no request with a smaller id is outstanding.
    fn collect(&mut self, request: Outstanding, completion: Completion) -> Result<(), Failure> {
        let Some(take) = &mut self.completions else { return Ok(()) };
        self.held.insert(completion.id, (request, completion));
        let front = self.read.front().map_or(u64::MAX, |front| front.id);
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
        let first_open = self.read.iter().find(|request| request.demand != COMPLETED).map(|request| request.id);
        let reached = self.rules.finish(self.outstanding, first_open)?;
        for request in self.read.iter().filter(|request| request.demand != COMPLETED) {
            self.rules.tally.add_without_completion(request.arrival);
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
            self.ledger.rules.tally.add_without_completion(request.arrival_ns);
        }
        Ok(())
    }

    /// The measurements, and whether DELAY was reached.
    ///
    /// # Errors
    /// With a verifier, the first completion that is missing or too many.
    pub(crate) fn result(self) -> Result<(Tally, bool), Failure> {
        let Ledger { rules, verifier, .. } = self.ledger;
        verifier.map_or(Ok(()), Verifier::end).map(|()| (rules.tally, self.reached))
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
