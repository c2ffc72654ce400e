//! What the simulator has read and not yet answered: every answer is held against its request by the rules of contract 1,
//! and folded.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use trace::{Completion, CompletionHeader, Failure, NONE, Request, Says};

use crate::limits::LATEST_NS;
use crate::measure::Tally;
use crate::verify::Verifier;

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

/// One request that the simulator has read.
struct Open {
    id: u64,
    arrival: u64,
    /// Its demand; [`NONE`] once it is answered.
    demand: u64,
}

/// The books of one worker.
pub(crate) struct Ledger {
    servers: u64,
    delay: u64,
    /// Most requests that may be open at once.
    limit: usize,
    says: Option<Says>,
    /// Requests read, in the order of ids, which is that of arrival. Answered ones stay until they get to the front or are
    /// more than those still open.
    read: VecDeque<Open>,
    open: usize,
    /// Completions seen, for messages.
    records: u64,
    /// The largest start and the largest finish so far \[ns\].
    last_start: u64,
    last_finish: u64,
    in_service: InService,
    tally: Tally,
    verifier: Option<Verifier>,
    completions: Option<Box<dyn Completions>>,
    /// Answers that wait for one of a smaller id, only where completions are wanted.
    held: BTreeMap<u64, (u64, Completion)>,
}

/// Those written as in service at T, before T is known.
#[derive(Default)]
struct InService {
    number: u64,
    arrivals: u128,
    /// The T that start and partial service say, the same for all; only without [`Says::SHARED`].
    claimed_end: Option<u64>,
    /// The earliest T that their service allows; only with [`Says::SHARED`].
    least_end: u64,
}

impl Ledger {
    /// Empty books of a worker with `servers` and `delay`; `limit` requests may be open at once. Each answer is held against
    /// `verifier`'s, if there is one, and goes to `completions`.
    pub(crate) fn new(
        servers: u32,
        delay: u64,
        limit: usize,
        verifier: Option<Verifier>,
        completions: Option<Box<dyn Completions>>,
    ) -> Self {
        Self {
            servers: u64::from(servers),
            delay,
            limit,
            says: None,
            read: VecDeque::new(),
            open: 0,
            records: 0,
            last_start: 0,
            last_finish: 0,
            in_service: InService::default(),
            tally: Tally::default(),
            verifier,
            completions,
            held: BTreeMap::new(),
        }
    }

    /// What the simulator says of itself, once its header came.
    pub(crate) fn says(&self) -> Option<Says> {
        self.says
    }

    /// Requests read so far.
    pub(crate) fn requests(&self) -> u64 {
        self.tally.counts.offered
    }

    /// Enters the requests of whole `records`, of `length` each, that the simulator has just read.
    ///
    /// # Errors
    /// Where too many are open, or times pass what 62 bits hold.
    pub(crate) fn read(&mut self, records: &[u8], length: usize) -> Result<(), Failure> {
        if self.read.len() > 2 * self.open + 4096 {
            self.read.retain(|request| request.demand != NONE);
        }
        for record in records.chunks_exact(length) {
            let request = Request::from_bytes(record);
            self.offer(&request)?;
            self.read.push_back(Open { id: request.id, arrival: request.arrival_ns, demand: request.service_ns });
            self.open += 1;
        }
        if self.open + self.held.len() > self.limit {
            return Err(Failure::Limit(format!(
                "unanswered requests: more than {} are read and not yet answered, or wait for an earlier one's answer \
                 (--limit-unanswered)",
                self.limit
            )));
        }
        Ok(())
    }

    /// Counts a request in.
    fn offer(&mut self, request: &Request) -> Result<(), Failure> {
        self.tally.counts.offered += 1;
        self.tally.demand_sum_ns += u128::from(request.service_ns);
        if u128::from(request.arrival_ns) + self.tally.demand_sum_ns >= u128::from(LATEST_NS) {
            return Err(Failure::Trace(format!(
                "request {}: its arrival and all demands up to it, together, reach 2^62 ns (146 years)",
                request.id
            )));
        }
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
        let header = CompletionHeader::from_bytes(record);
        let header = header.map_err(|rule| Failure::Contract(format!("the header of its answers: {rule}")))?;
        self.says = Some(header.says);
        Ok(())
    }

    /// Takes one answer.
    ///
    /// # Errors
    /// The rule that it breaks, or that the completions can't be written.
    #[inline]
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
        if let Err(rule) = self.fold(&request, &answer) {
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

    #[inline]
    fn fold(&mut self, request: &Open, answer: &Completion) -> Result<(), &'static str> {
        let Completion { start_ns: start, finish_ns: finish, service_ns: service, .. } = *answer;
        let says = self.says.unwrap_or_default();
        let arrival = request.arrival;
        if start == NONE {
            return self.fold_unserved(arrival, finish, service, says);
        }
        if start < arrival {
            return Err("start is before arrival");
        }
        if service > request.demand && !says.has(Says::OWN_DEMANDS) {
            return Err("service is more than the request's demand");
        }
        self.last_start = self.last_start.max(start);
        if self.delay > 0 && self.tally.started == self.delay {
            return Err("one more start than DELAY");
        }
        if finish == NONE {
            return self.fold_in_service(arrival, start, service, says);
        }
        if finish < start {
            return Err("finish is before start");
        }
        if !says.has(Says::SHARED) {
            if finish - start != service {
                return Err("finish - start is not service");
            }
        } else if u128::from(service) > u128::from(self.servers) * u128::from(finish - start) {
            return Err("service is more than all servers give between start and finish");
        }
        self.last_finish = self.last_finish.max(finish);
        if service == request.demand || says.has(Says::OWN_DEMANDS) {
            self.tally.completed(arrival, start, finish, service);
        } else {
            self.tally.given_up_in_service(arrival, start, finish, service);
        }
        Ok(())
    }

    fn fold_unserved(&mut self, arrival: u64, finish: u64, service: u64, says: Says) -> Result<(), &'static str> {
        if service != 0 {
            return Err("never served, but service is not 0");
        }
        if finish == NONE {
            return Err("neither start nor finish");
        }
        if finish < arrival {
            return Err("finish is before arrival");
        }
        if finish == arrival && !says.has(Says::CAPACITY) {
            return Err("rejected by a simulator that does not say that it honours CAPACITY (bit 4)");
        }
        self.last_finish = self.last_finish.max(finish);
        self.tally.left_unserved(arrival, finish);
        Ok(())
    }

    fn fold_in_service(&mut self, arrival: u64, start: u64, service: u64, says: Says) -> Result<(), &'static str> {
        if self.delay == 0 {
            return Err("still in service at the end, though without DELAY all is served to the end");
        }
        if says.has(Says::SHARED) {
            let least = start.saturating_add(service.div_ceil(self.servers));
            self.in_service.least_end = self.in_service.least_end.max(least);
        } else {
            let end = start.saturating_add(service);
            if *self.in_service.claimed_end.get_or_insert(end) != end {
                return Err("start + service is not the end that others in service say");
            }
        }
        self.in_service.number += 1;
        self.in_service.arrivals += u128::from(arrival);
        self.tally.in_service(arrival, start, service);
        Ok(())
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
        let contract = |rule: String| Err(Failure::Contract(rule));
        if self.says.is_none() {
            return contract("it wrote no header".to_owned());
        }
        let reached = self.delay > 0 && self.tally.started == self.delay;
        let end = if reached { self.last_start } else { self.last_finish };
        self.tally.end_ns = end;
        if !reached && (self.open > 0 || self.in_service.number > 0) {
            let first = self.read.iter().find(|request| request.demand != NONE);
            return contract(match first {
                Some(request) => {
                    format!("it ended with {} requests unanswered, the first is {}", self.open, request.id)
                }
                None => "it left requests in service, though DELAY was not reached".to_owned(),
            });
        }
        if self.last_finish > end {
            return contract(format!(
                "a finish at {} ns is after the end at {end} ns, the DELAY-th start",
                self.last_finish
            ));
        }
        if let Some(claimed) = self.in_service.claimed_end.filter(|&claimed| claimed != end) {
            return contract(format!(
                "those in service say that the end was at {claimed} ns; the DELAY-th start was at {end} ns"
            ));
        }
        if self.in_service.least_end > end {
            return contract("those in service got more service than all servers give until the end".to_owned());
        }
        if self.tally.service_sum_ns > u128::from(self.servers) * u128::from(end) {
            return contract(format!(
                "all service together, {} ns, is more than SERVERS={} give in {end} ns",
                self.tally.service_sum_ns, self.servers
            ));
        }
        self.tally.still_here(self.in_service.number, self.in_service.arrivals);
        for request in self.read.iter().filter(|request| request.demand != NONE) {
            self.tally.unanswered(request.arrival);
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
        Failure::Contract(format!(
            "answer {} (id {}, start {}, finish {}, service {}): {rule}",
            self.records,
            answer.id,
            time(answer.start_ns),
            time(answer.finish_ns),
            answer.service_ns
        ))
    }
}

fn completions_failed(error: io::Error) -> Failure {
    Failure::Host(format!("completions: {error}"))
}

/// The books after the simulator's end, when T is known.
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
            return Err(Failure::Contract(
                "it ended before it had read its shard, though DELAY was not reached".to_owned(),
            ));
        }
        for record in records.chunks_exact(length) {
            let request = Request::from_bytes(record);
            self.ledger.offer(&request)?;
            self.ledger.tally.unanswered(request.arrival_ns);
        }
        Ok(())
    }

    /// What was measured, and whether DELAY was reached.
    ///
    /// # Errors
    /// With a verifier, the first answer that is missing or too many.
    pub(crate) fn result(self) -> Result<(Tally, bool), Failure> {
        let Ledger { tally, verifier, .. } = self.ledger;
        verifier.map_or(Ok(()), Verifier::end).map(|()| (tally, self.reached))
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
