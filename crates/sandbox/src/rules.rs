//! The rules of contract 1 that the host holds each answer against, and all of them together; what passes is folded.

use contract::{Capabilities, Completion, CompletionHeader, NONE, Request};
use failure::{At, Failure};

use crate::limits::LATEST_NS;
use measure::Tally;

/// What the rules need to know of one request that the simulator has read.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    pub(crate) id: u64,
    pub(crate) arrival: u64,
    /// Its demand; [`NONE`] once it is answered.
    pub(crate) demand: u64,
}

impl Open {
    #[inline]
    pub(crate) fn new(request: &Request) -> Self {
        Self { id: request.id, arrival: request.arrival_ns, demand: request.service_ns }
    }
}

/// Most answers that are folded as plain at once, and the bits of their delays and services: sums of so many fit 64 bits.
const PLAIN_AT_ONCE: usize = 1 << 14;
const PLAIN_BITS: u32 = 50;

/// What the rules need to know of the answers so far, and what they are folded into.
pub(crate) struct Rules {
    servers: u64,
    delay: u64,
    /// The capabilities of the simulator, once its header came.
    pub(crate) capabilities: Option<Capabilities>,
    /// The largest start and the largest finish so far \[ns\].
    last_start: u64,
    last_finish: u64,
    in_service: InService,
    /// What is measured.
    pub(crate) tally: Tally,
}

/// Those written as in service at T, before T is known.
#[derive(Default)]
struct InService {
    number: u64,
    arrivals: u128,
    /// The T that start and partial service say, the same for all; only without [`Capabilities::SHARED`].
    claimed_end: Option<u64>,
    /// The earliest T that their service allows; only with [`Capabilities::SHARED`].
    least_end: u64,
}

impl Rules {
    /// Before the first request of a worker of `servers` and DELAY `delay`.
    pub(crate) fn new(servers: u32, delay: u64) -> Self {
        Self {
            servers: u64::from(servers),
            delay,
            capabilities: None,
            last_start: 0,
            last_finish: 0,
            in_service: InService::default(),
            tally: Tally::default(),
        }
    }

    /// Counts a request in.
    ///
    /// # Errors
    /// Where times pass what 62 bits hold.
    pub(crate) fn offer(&mut self, request: &Open) -> Result<(), Failure> {
        self.tally.counts.offered += 1;
        self.tally.demand_sum_ns += u128::from(request.demand);
        if u128::from(request.arrival) + self.tally.demand_sum_ns >= u128::from(LATEST_NS) {
            return Err(Failure::Trace {
                file: None,
                at: Some(At::Request(request.id)),
                rule: "its arrival and all demands up to it, together, reach 2^62 ns (146 years)".to_owned(),
            });
        }
        Ok(())
    }

    /// Counts `number` requests in, the latest of which arrives at `latest`, and which demand `demands` together. Returns
    /// false, and counts none, where one of them might pass what 62 bits hold.
    #[inline]
    pub(crate) fn offer_all(&mut self, number: u64, latest: u64, demands: u128) -> bool {
        let sum = self.tally.demand_sum_ns + demands;
        let fits = u128::from(latest) + sum < u128::from(LATEST_NS);
        if fits {
            self.tally.counts.offered += number;
            self.tally.demand_sum_ns = sum;
        }
        fits
    }

    /// Takes the header of the completions.
    ///
    /// # Errors
    /// Where it is not one.
    pub(crate) fn header(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        let header = CompletionHeader::from_bytes(record);
        let header = header.map_err(|rule| Failure::contract(format!("the header of its answers: {rule}")))?;
        self.capabilities = Some(header.capabilities);
        Ok(())
    }

    /// Holds answers against the requests in their order and folds them, as long as they are plain: each to the request at
    /// its place, which was served to its end without a break. Returns how many; the next one is for [`Rules::fold`].
    pub(crate) fn fold_plain(&mut self, requests: &[Open], answers: &[[u8; Completion::LEN]]) -> usize {
        let own = Capabilities(Capabilities::OWN_DEMANDS.0 | Capabilities::SHARED.0);
        if self.capabilities.is_none_or(|capabilities| capabilities.0 & own.0 != 0) {
            return 0;
        }
        let starts_left = if self.delay == 0 { u64::MAX } else { self.delay - self.tally.started };
        let most = PLAIN_AT_ONCE.min(usize::try_from(starts_left).unwrap_or(usize::MAX));
        // All that the loop changes stays in registers, but for the counters.
        let (mut last_start, mut last_finish) = (self.last_start, self.last_finish);
        let (mut folded, mut delays, mut services, mut longest_delay, mut longest_response) = (0, 0, 0, 0, 0);
        let mut delay_counts = self.tally.delay_in_queue.recorder();
        let mut response_counts = self.tally.response_time.recorder();
        for (request, answer) in requests.iter().zip(answers).take(most) {
            let Completion { id, start_ns: start, finish_ns: finish, service_ns: service } =
                Completion::from_bytes(answer);
            let delay = start.wrapping_sub(request.arrival);
            let response = delay.wrapping_add(service);
            // One branch for all rules: any bit set is a difference. Arrivals are below 2^62, so that a start before the
            // arrival, or none, makes a long delay; an answered request demands NONE; and with neither of them long, finish
            // is the sum of three small numbers, so not NONE.
            let differs = (id ^ request.id)
                | (service ^ request.demand)
                | (finish.wrapping_sub(request.arrival) ^ response)
                | ((delay | service) >> PLAIN_BITS);
            if differs != 0 {
                break;
            }
            let (Some(delay_bucket), Some(response_bucket)) =
                (delay_counts.bucket(delay), response_counts.bucket(response))
            else {
                break;
            };
            delay_counts.count(delay_bucket);
            response_counts.count(response_bucket);
            delays += delay;
            services += service;
            longest_delay = longest_delay.max(delay);
            longest_response = longest_response.max(response);
            last_start = last_start.max(start);
            last_finish = last_finish.max(finish);
            folded += 1;
        }
        delay_counts.end(folded, longest_delay);
        response_counts.end(folded, longest_response);
        (self.last_start, self.last_finish) = (last_start, last_finish);
        self.tally.all_completed(folded, delays, services);
        folded as usize
    }

    /// Holds an answer against its request, which arrived at `arrival` and demands `demand` \[ns\], and folds it.
    ///
    /// # Errors
    /// The rule that it breaks.
    #[inline]
    pub(crate) fn fold(&mut self, arrival: u64, demand: u64, answer: &Completion) -> Result<(), &'static str> {
        let Completion { start_ns: start, finish_ns: finish, service_ns: service, .. } = *answer;
        let capabilities = self.capabilities.unwrap_or_default();
        if start == NONE {
            return self.fold_unserved(arrival, finish, service, capabilities);
        }
        if start < arrival {
            return Err("start is before arrival");
        }
        if service > demand && !capabilities.has(Capabilities::OWN_DEMANDS) {
            return Err("service is more than the request's demand");
        }
        self.last_start = self.last_start.max(start);
        if self.delay > 0 && self.tally.started == self.delay {
            return Err("one more start than DELAY");
        }
        if finish == NONE {
            return self.fold_in_service(arrival, start, service, capabilities);
        }
        if finish < start {
            return Err("finish is before start");
        }
        if !capabilities.has(Capabilities::SHARED) {
            if finish - start != service {
                return Err("finish - start is not service");
            }
        } else if u128::from(service) > u128::from(self.servers) * u128::from(finish - start) {
            return Err("service is more than all servers give between start and finish");
        }
        self.last_finish = self.last_finish.max(finish);
        if service == demand || capabilities.has(Capabilities::OWN_DEMANDS) {
            self.tally.completed(arrival, start, finish, service);
        } else {
            self.tally.abandoned_in_service(arrival, start, finish, service);
        }
        Ok(())
    }

    fn fold_unserved(
        &mut self,
        arrival: u64,
        finish: u64,
        service: u64,
        capabilities: Capabilities,
    ) -> Result<(), &'static str> {
        if service != 0 {
            return Err("never served, but service is not 0");
        }
        if finish == NONE {
            return Err("neither start nor finish");
        }
        if finish < arrival {
            return Err("finish is before arrival");
        }
        if finish == arrival && !capabilities.has(Capabilities::CAPACITY) {
            return Err("rejected by a simulator that does not say that it honours CAPACITY (bit 4)");
        }
        self.last_finish = self.last_finish.max(finish);
        self.tally.left_unserved(arrival, finish);
        Ok(())
    }

    fn fold_in_service(
        &mut self,
        arrival: u64,
        start: u64,
        service: u64,
        capabilities: Capabilities,
    ) -> Result<(), &'static str> {
        if self.delay == 0 {
            return Err("still in service at the end, though without DELAY all is served to the end");
        }
        if capabilities.has(Capabilities::SHARED) {
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

    /// All answers are there, but to `open` requests of which the first is `first_open`: settles T and what the answers as a whole
    /// must be. Returns whether the DELAY-th entry into service was reached.
    ///
    /// # Errors
    /// The rule that the answers break.
    pub(crate) fn settle(&mut self, open: usize, first_open: Option<u64>) -> Result<bool, Failure> {
        let contract = |rule: String| Err(Failure::contract(rule));
        if self.capabilities.is_none() {
            return contract("it wrote no header".to_owned());
        }
        let reached = self.delay > 0 && self.tally.started == self.delay;
        let end = if reached { self.last_start } else { self.last_finish };
        self.tally.end_ns = end;
        if !reached && (open > 0 || self.in_service.number > 0) {
            let rule = match first_open {
                Some(id) => format!("it ended with {open} requests unanswered, the first is {id}"),
                None => "it left requests in service, though DELAY was not reached".to_owned(),
            };
            return Err(Failure::Contract { request: first_open, rule });
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
        self.tally.add_time_in_system(self.in_service.number, self.in_service.arrivals);
        Ok(reached)
    }
}
