//! A second implementation of the rules of contract 1 (docs/contract.md, "End of the simulation" and "Rules that the
//! host checks"), as plain as possible: every completion is kept and looked up as often as necessary.

use std::collections::BTreeMap;

use contract::{Capabilities, Completion, Request};
use failure::Class;
use measure::Measured;
use sandbox::native::Step;
use sim_wasm::Queue;

use super::case::Case;

/// Upper limit of times and of sums of demands.
const LATEST: u128 = 1 << 62;

/// A broken rule.
#[derive(Debug)]
pub(super) struct Broken {
    /// The classes that the host may report: more than one if a step breaks two rules.
    pub(super) classes: Vec<Class>,
    #[expect(dead_code, reason = "it is for the message")]
    rule: String,
}

fn contract<T>(rule: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { classes: vec![Class::Contract], rule: rule.into() })
}

/// The measurements that the host must have made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    capabilities: Capabilities,
    delay_reached: bool,
    end_ns: u64,
    /// Completed, in service, rejected, abandoned, waiting, not yet arrived.
    counts: [u64; 6],
    /// Demands, delays in queue, service, and the integrals of the numbers waiting and in the system.
    sums: [u128; 5],
}

impl Expected {
    /// Whether the host measured the same.
    pub(super) fn agrees(&self, measured: &Measured) -> Result<(), String> {
        let (tally, counts) = (&measured.tally, &measured.tally.counts);
        let measured = Self {
            capabilities: measured.capabilities,
            delay_reached: measured.delay_reached,
            end_ns: tally.end_ns,
            counts: [
                counts.completed,
                counts.in_service,
                counts.rejected,
                counts.abandoned,
                counts.waiting,
                counts.not_yet_arrived,
            ],
            sums: [
                tally.demand_sum_ns,
                tally.delay_sum_ns,
                tally.service_sum_ns,
                tally.waiting_area_ns,
                tally.system_area_ns,
            ],
        };
        if *self == measured { Ok(()) } else { Err(format!("measured {measured:?}, which is {self:?}")) }
    }
}

/// The state during the steps.
struct Ledger<'a> {
    case: &'a Case,
    /// Bytes of stdin that were read; bytes of stdout that were written.
    read: usize,
    record: Vec<u8>,
    capabilities: Option<Capabilities>,
    completions: BTreeMap<u64, Completion>,
}

/// The result of `case`: the first broken rule, or the measurements.
pub(super) fn judge(case: &Case) -> Result<Expected, Broken> {
    let mut ledger = Ledger { case, read: 0, record: Vec::new(), capabilities: None, completions: BTreeMap::new() };
    let outcome = ledger.go_through();
    if !case.job.verify {
        return outcome;
    }
    match outcome {
        // The model may report its difference before a rule is broken.
        Err(mut broken) => {
            broken.classes.push(Class::Contract);
            Err(broken)
        }
        Ok(_) if ledger.completions != of_the_model(case) => {
            contract("--verify: the completions differ from the model's")
        }
        accepted => accepted,
    }
}

fn of_the_model(case: &Case) -> BTreeMap<u64, Completion> {
    let mut queue = Queue::new(case.job.queue());
    let mut completions = BTreeMap::new();
    for request in &case.requests {
        if !queue.arrive(request, &mut |completion| _ = completions.insert(completion.id, completion)) {
            return completions;
        }
    }
    queue.end(&mut |completion| _ = completions.insert(completion.id, completion));
    completions
}

/// Whether a request arrives so late, or the demands are so large, that times could exceed 62 bits.
fn too_late(requests: &[Request]) -> bool {
    let mut demands = 0;
    requests.iter().any(|request| {
        demands += u128::from(request.service_ns);
        u128::from(request.arrival_ns) + demands >= LATEST
    })
}

impl Ledger<'_> {
    fn go_through(&mut self) -> Result<Expected, Broken> {
        for step in &self.case.steps {
            match step {
                Step::Read(length) => self.read(*length)?,
                Step::Write(bytes) => bytes.iter().try_for_each(|byte| self.write(*byte))?,
            }
        }
        self.end()
    }

    /// The requests that were read to their last byte.
    fn requests(&self) -> &[Request] {
        let whole = (self.read / self.case.record_len).saturating_sub(1);
        &self.case.requests[..whole]
    }

    fn read(&mut self, length: usize) -> Result<(), Broken> {
        self.read = (self.read + length).min(self.case.record_len * (self.case.requests.len() + 1));
        let unanswered = self.requests().len() - self.completions.len();
        let rules =
            [(Class::Trace, too_late(self.requests())), (Class::Limit, unanswered > self.case.job.limits.unanswered)];
        let classes: Vec<_> = rules.into_iter().filter_map(|(class, broken)| broken.then_some(class)).collect();
        if classes.is_empty() { Ok(()) } else { Err(Broken { classes, rule: "while reading".to_owned() }) }
    }

    fn write(&mut self, byte: u8) -> Result<(), Broken> {
        self.record.push(byte);
        match <[u8; Completion::LEN]>::try_from(self.record.as_slice()) {
            Err(_) => Ok(()),
            Ok(record) => {
                self.record.clear();
                if self.capabilities.is_some() {
                    self.completion(Completion::from_bytes(&record))
                } else {
                    self.header(&record)
                }
            }
        }
    }

    fn header(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Broken> {
        let capabilities = u64::from_le_bytes(record[16..24].try_into().expect("eight bytes"));
        let start = [&b"QBOXCPL\n"[..], &1u32.to_le_bytes(), &32u32.to_le_bytes()].concat();
        if record[..16] != start || capabilities >= 64 || record[24..] != [0; 8] {
            return contract("the header");
        }
        if self.case.job.capabilities.is_some_and(|expected| expected != Capabilities(capabilities)) {
            return contract("the header is not as on the empty shard");
        }
        self.capabilities = Some(Capabilities(capabilities));
        Ok(())
    }

    fn capabilities(&self, bit: Capabilities) -> bool {
        self.capabilities.is_some_and(|capabilities| capabilities.has(bit))
    }

    /// The server time of all servers in `time`.
    fn capacity(&self, time: u64) -> u128 {
        u128::from(self.case.job.model.servers) * u128::from(time)
    }

    fn started(&self) -> u64 {
        self.completions.values().filter(|completion| completion.start_ns != Completion::NOT_SERVED).count() as u64
    }

    fn completion(&mut self, completion: Completion) -> Result<(), Broken> {
        let Completion { id, start_ns: start, finish_ns: finish, service_ns: service } = completion;
        let Some(request) = self.requests().iter().find(|request| request.id == id).copied() else {
            return contract(format!("{id} is not read"));
        };
        let (own, shared) = (self.capabilities(Capabilities::OWN_DEMANDS), self.capabilities(Capabilities::SHARED));
        let arrival = request.arrival_ns;
        let delay = self.case.job.model.delay;
        let rules = match (start, finish) {
            (Completion::NOT_SERVED, _) => {
                vec![
                    service == 0,
                    finish != Completion::IN_SERVICE,
                    finish >= arrival,
                    finish > arrival || self.capabilities(Capabilities::CAPACITY),
                ]
            }
            (_, Completion::IN_SERVICE) => vec![start >= arrival, service <= request.service_ns || own, delay > 0],
            _ => vec![
                start >= arrival,
                finish >= start,
                service <= request.service_ns || own,
                finish < start
                    || if shared {
                        u128::from(service) <= self.capacity(finish - start)
                    } else {
                        finish - start == service
                    },
            ],
        };
        if let Some(number) = rules.iter().position(|held| !held) {
            return contract(format!("rule {number} of {completion:?} for {request:?}"));
        }
        if self.completions.insert(id, completion).is_some() {
            return contract(format!("{id} is completed twice"));
        }
        if delay > 0 && self.started() > delay {
            return contract("more starts than DELAY");
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Expected, Broken> {
        if !self.record.is_empty() {
            return contract("the last record is cut");
        }
        let Some(capabilities) = self.capabilities else { return contract("no header") };
        let served = || self.completions.values().filter(|completion| completion.start_ns != Completion::NOT_SERVED);
        let finishes = || {
            self.completions
                .values()
                .map(|completion| completion.finish_ns)
                .filter(|&finish| finish != Completion::IN_SERVICE)
        };
        let in_service =
            || self.completions.values().filter(|completion| completion.finish_ns == Completion::IN_SERVICE);
        let delay_reached = self.case.job.model.delay > 0 && self.started() == self.case.job.model.delay;
        let starts = served().map(|completion| completion.start_ns);
        let end = if delay_reached { starts.max() } else { finishes().max() }.unwrap_or(0);
        if !delay_reached && (self.completions.len() < self.case.requests.len() || in_service().next().is_some()) {
            return contract("not all is served to the end");
        }
        if finishes().any(|finish| finish > end) {
            return contract("a finish after T");
        }
        for completion in in_service() {
            let received = u128::from(completion.service_ns);
            let time = end - completion.start_ns;
            let fits = if capabilities.has(Capabilities::SHARED) {
                received <= self.capacity(time)
            } else {
                received == u128::from(time)
            };
            if !fits {
                return contract(format!("{completion:?} is not in service at {end}"));
            }
        }
        if served().map(|completion| u128::from(completion.service_ns)).sum::<u128>() > self.capacity(end) {
            return contract("more server time than there is");
        }
        if too_late(&self.case.requests) {
            return Err(Broken { classes: vec![Class::Trace], rule: "in what was not read".to_owned() });
        }
        Ok(self.measure(capabilities, delay_reached, end))
    }

    fn measure(&self, capabilities: Capabilities, delay_reached: bool, end_ns: u64) -> Expected {
        let mut counts = [0; 6];
        let mut sums = [0; 5];
        for request in &self.case.requests {
            let arrival = request.arrival_ns;
            let completion = self.completions.get(&request.id);
            let fate = match completion {
                None if arrival < end_ns => 4,
                None => 5,
                Some(Completion { finish_ns: Completion::IN_SERVICE, .. }) => 1,
                Some(Completion { start_ns: Completion::NOT_SERVED, finish_ns, .. }) => {
                    if *finish_ns == arrival {
                        2
                    } else {
                        3
                    }
                }
                Some(completion) => {
                    if completion.service_ns == request.service_ns || capabilities.has(Capabilities::OWN_DEMANDS) {
                        0
                    } else {
                        3
                    }
                }
            };
            counts[fate] += 1;
            let started = completion.filter(|completion| completion.start_ns != Completion::NOT_SERVED);
            // When it left the queue and the system, or T; requests that arrive after T are not counted.
            let left = completion.map_or(end_ns, |completion| completion.finish_ns).min(end_ns).max(arrival);
            let entered = started.map_or(left, |completion| completion.start_ns);
            sums[0] += u128::from(request.service_ns);
            sums[1] += started.map_or(0, |completion| u128::from(completion.start_ns - arrival));
            sums[2] += started.map_or(0, |completion| u128::from(completion.service_ns));
            sums[3] += u128::from(entered - arrival);
            sums[4] += u128::from(left - arrival);
        }
        Expected { capabilities, delay_reached, end_ns, counts, sums }
    }
}
