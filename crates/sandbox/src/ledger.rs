//! The ledger of one worker: what its simulator has read and not yet answered. Every answer finds its request here, and is held
//! against it by the rules and folded.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use contract::{Capabilities, Completion, NONE, Request};
use failure::{Failure, Limit};

use crate::rules::{Open, Rules};
use crate::verify::Verifier;
use measure::Tally;

/// Takes checked answers with their requests' arrivals, in the order of ids.
pub trait Completions: Send {
    /// The next one.
    ///
    /// # Errors
    /// Where it can't be written.
    fn take(&mut self, arrival_ns: u64, completion: &Completion) -> io::Result<()>;

    /// There are no more.
    ///
    /// # Errors
    /// Where they can't be written.
    fn end(&mut self) -> io::Result<()>;
}

/// The ledger of one worker.
pub(crate) struct Ledger {
    rules: Rules,
    /// Most requests that may be open at once.
    limit: usize,
    /// Requests read, in the order of ids, which is that of arrival. Answered ones stay until they get to the front or are
    /// more than those still open.
    read: VecDeque<Open>,
    open: usize,
    /// Completions seen, for messages.
    records: u64,
    verifier: Option<Verifier>,
    completions: Option<Box<dyn Completions>>,
    /// Answers that wait for one of a smaller id, only where completions are wanted.
    held: BTreeMap<u64, (u64, Completion)>,
}

impl Ledger {
    /// An empty ledger of a worker with `servers` and `delay`; `limit` requests may be open at once. Each answer is held against
    /// `verifier`'s, if there is one, and goes to `completions`.
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
            open: 0,
            records: 0,
            verifier,
            completions,
            held: BTreeMap::new(),
        }
    }

    /// The capabilities of the simulator, once its header came.
    pub(crate) fn capabilities(&self) -> Option<Capabilities> {
        self.rules.capabilities
    }

    /// Requests read so far.
    pub(crate) fn requests(&self) -> u64 {
        self.rules.tally.counts.offered
    }

    /// Enters the requests of whole `records`, of `length` each, that the simulator has just read.
    ///
    /// # Errors
    /// Where too many are open, or times pass what 62 bits hold.
    pub(crate) fn read(&mut self, records: &[u8], length: usize) -> Result<(), Failure> {
        if self.read.len() > 2 * self.open + 4096 {
            self.read.retain(|request| request.demand != NONE);
        }
        match records.as_chunks() {
            // The usual length, as a constant.
            (records, []) if length == Request::LEN => {
                self.enter(records.iter().map(|record: &[u8; Request::LEN]| Request::from_bytes(record)))?;
            }
            _ => self.enter(records.chunks_exact(length).map(Request::from_bytes))?,
        }
        if self.open + self.held.len() > self.limit {
            let rule = format!(
                "more than {} are read and not yet answered, or wait for an earlier one's answer (--limit-unanswered)",
                self.limit
            );
            return Err(Failure::limit(Limit::UnansweredRequests, rule));
        }
        Ok(())
    }

    /// Enters `requests`: counted all at once, or one by one where one of them may be refused or all go to a verifier.
    fn enter(&mut self, mut requests: impl Iterator<Item = Request> + Clone) -> Result<(), Failure> {
        let from = self.read.len();
        let (mut latest, mut demands) = (0, 0);
        self.read.extend(requests.clone().map(|request| {
            latest = request.arrival_ns.max(latest);
            demands += u128::from(request.service_ns);
            Open::new(&request)
        }));
        let number = self.read.len() - from;
        self.open += number;
        if self.verifier.is_none() && self.rules.offer_all(number as u64, latest, demands) {
            return Ok(());
        }
        requests.try_for_each(|request| self.offer(&request))
    }

    /// Counts a request in.
    fn offer(&mut self, request: &Request) -> Result<(), Failure> {
        self.rules.offer(&Open::new(request))?;
        match &mut self.verifier {
            Some(verifier) => verifier.arrive(request),
            None => Ok(()),
        }
    }

    /// Takes the header of the completions.
    ///
    /// # Errors
    /// Where it is not one.
    pub(crate) fn header(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        self.rules.header(record)
    }

    /// Takes answers.
    ///
    /// # Errors
    /// The first that breaks a rule, and which, or that the completions can't be written.
    pub(crate) fn answers(&mut self, mut records: &[[u8; Completion::LEN]]) -> Result<(), Failure> {
        loop {
            records = &records[self.in_order(records)..];
            let Some((record, rest)) = records.split_first() else { return Ok(()) };
            self.answer(record)?;
            records = rest;
        }
    }

    /// The common case, in one loop: takes the plain answers to the oldest open requests with which `records` begin, and
    /// returns how many.
    fn in_order(&mut self, records: &[[u8; Completion::LEN]]) -> usize {
        if self.verifier.is_some() || self.completions.is_some() {
            return 0;
        }
        let (oldest, _) = self.read.as_slices();
        let taken = self.rules.fold_plain(oldest, records);
        self.read.drain(..taken);
        self.open -= taken;
        self.records += taken as u64;
        if self.read.len() > self.open {
            self.drop_answered();
        }
        taken
    }

    /// Takes one answer.
    ///
    /// # Errors
    /// The rule that it breaks, or that the completions can't be written.
    pub(crate) fn answer(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        let answer = Completion::from_bytes(record);
        self.records += 1;
        // The common case: the oldest open request is answered.
        let request = match self.read.front() {
            Some(front) if front.id == answer.id && front.demand != NONE => self.read.pop_front(),
            _ => self.find(answer.id),
        };
        let Some(request) = request else {
            let surplus = "no request of this id is read and unanswered: more answers than requests read";
            let rule = if self.open == 0 { surplus } else { "no request of this id is read and unanswered" };
            return Err(self.broken(&answer, rule));
        };
        self.open -= 1;
        if self.read.len() > self.open {
            self.drop_answered();
        }
        if let Err(rule) = self.rules.fold(request.arrival, request.demand, &answer) {
            return Err(self.broken(&answer, rule));
        }
        if let Some(verifier) = &mut self.verifier {
            verifier.answer(&answer)?;
        }
        if self.completions.is_some() {
            self.pass_on(request.arrival, answer)?;
        }
        Ok(())
    }

    /// Answers out of order: the request stays as answered until those before it are.
    #[cold]
    fn find(&mut self, id: u64) -> Option<Open> {
        let place = self.read.binary_search_by_key(&id, |request| request.id).ok()?;
        let found = &mut self.read[place];
        let demand = std::mem::replace(&mut found.demand, NONE);
        let request = Open { id, arrival: found.arrival, demand };
        (demand != NONE).then_some(request)
    }

    /// Keeps an open request at the front.
    fn drop_answered(&mut self) {
        while self.read.front().is_some_and(|front| front.demand == NONE) {
            self.read.pop_front();
        }
    }

    /// Gives the answer to who collects completions, as soon as no smaller id is open.
    fn pass_on(&mut self, arrival: u64, answer: Completion) -> Result<(), Failure> {
        let Some(take) = &mut self.completions else { return Ok(()) };
        self.held.insert(answer.id, (arrival, answer));
        let front = self.read.front().map_or(NONE, |front| front.id);
        while let Some(first) = self.held.first_entry().filter(|first| *first.key() < front) {
            let (arrival, answer) = first.remove();
            take.take(arrival, &answer).map_err(completions_failed)?;
        }
        Ok(())
    }

    /// The simulator has ended: settles T and what its answers as a whole must be. What of the shard was not read goes
    /// through [`Closed::unread`].
    ///
    /// # Errors
    /// The rule that the answers break.
    pub(crate) fn close(mut self) -> Result<Closed, Failure> {
        let first_open = self.read.iter().find(|request| request.demand != NONE).map(|request| request.id);
        let reached = self.rules.settle(self.open, first_open)?;
        for request in self.read.iter().filter(|request| request.demand != NONE) {
            self.rules.tally.add_without_completion(request.arrival);
        }
        if let Some(take) = &mut self.completions {
            for (arrival, answer) in std::mem::take(&mut self.held).into_values() {
                take.take(arrival, &answer).map_err(completions_failed)?;
            }
            take.end().map_err(completions_failed)?;
        }
        Ok(Closed { ledger: self, reached })
    }

    fn broken(&self, answer: &Completion, rule: &str) -> Failure {
        let time = |ns: u64| if ns == NONE { "none".to_owned() } else { ns.to_string() };
        let rule = format!(
            "answer {} (id {}, start {}, finish {}, service {}): {rule}",
            self.records,
            answer.id,
            time(answer.start_ns),
            time(answer.finish_ns),
            answer.service_ns
        );
        Failure::Contract { request: Some(answer.id), rule }
    }
}

fn completions_failed(error: io::Error) -> Failure {
    Failure::host(format!("completions: {error}"))
}

/// The ledger after the simulator's end, when T is known.
pub(crate) struct Closed {
    ledger: Ledger,
    reached: bool,
}

impl Closed {
    /// Counts the requests of whole `records`, of `length` each, that the simulator left unread.
    ///
    /// # Errors
    /// Where it should have read them: DELAY was not reached.
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

    /// What was measured, and whether DELAY was reached.
    ///
    /// # Errors
    /// With a verifier, the first answer that is missing or too many.
    pub(crate) fn result(self) -> Result<(Tally, bool), Failure> {
        let Ledger { rules, verifier, .. } = self.ledger;
        verifier.map_or(Ok(()), Verifier::end).map(|()| (rules.tally, self.reached))
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
