//! The rules of contract 1, for single completions and for all together. Valid completions are folded into the tally.

use contract::{Capabilities, Completion, CompletionHeader, Request};
use failure::{At, Failure};

use crate::limits::LATEST_NS;
use crate::outstanding::Outstanding;
use measure::coarse::of_fine;
use measure::{End, Kind, Measurement, Segment, SegmentSums};

/// Plain completions that are folded at once, and the bits of their delays and services: their sums fit 64 bits.
const PLAIN_AT_ONCE: usize = 1 << 14;
const PLAIN_BITS: u32 = 50;

/// The state of the rules: what they need of the completions so far, and the tally.
pub(crate) struct Rules {
    servers: u64,
    delay: u64,
    /// The capabilities of the simulator, after its header.
    pub(crate) capabilities: Option<Capabilities>,
    /// The largest start and the largest finish so far \[ns\].
    last_start: u64,
    last_finish: u64,
    in_service: InService,
    /// Σ server time of all completions \[ns\].
    service_sum: u128,
    /// The measurements.
    pub(crate) measured: Measurement,
}

/// The completions that are in service at T, before T is known.
#[derive(Default)]
struct InService {
    number: u64,
    /// The T that start and partial service imply, the same for all; only without [`Capabilities::SHARED`].
    claimed_end: Option<u64>,
    /// The earliest T that their service allows; only with [`Capabilities::SHARED`].
    least_end: u64,
}

impl Rules {
    /// Before the first request of a worker with `servers` and DELAY `delay`, which is measured by `measured`.
    pub(crate) fn new(servers: u32, delay: u64, measured: Measurement) -> Self {
        Self {
            servers: u64::from(servers),
            delay,
            capabilities: None,
            last_start: 0,
            last_finish: 0,
            in_service: InService::default(),
            service_sum: 0,
            measured,
        }
    }

    /// Counts a request as offered.
    ///
    /// # Errors
    /// If times exceed 62 bits.
    pub(crate) fn offer(&mut self, request: &Request) -> Result<(), Failure> {
        if request.class > 0 {
            self.measured.separate_classes();
        }
        self.measured.offer_to_class(request.class, request.service_ns);
        let tally = &mut self.measured.all.tally;
        tally.counts.offered += 1;
        tally.demand_sum_ns += u128::from(request.service_ns);
        if u128::from(request.arrival_ns) + tally.demand_sum_ns >= u128::from(LATEST_NS) {
            return Err(Failure::Trace {
                file: None,
                at: Some(At::Request(request.id)),
                rule: "its arrival and all demands up to it, together, reach 2^62 ns (146 years)".to_owned(),
            });
        }
        Ok(())
    }

    /// Counts `number` requests as offered, the latest of which arrives at `latest`, with the total demand `demands`.
    /// Returns false, and counts none, if times might exceed 62 bits.
    #[inline]
    pub(crate) fn offer_all(&mut self, number: u64, latest: u64, demands: u128) -> bool {
        let tally = &mut self.measured.all.tally;
        let sum = tally.demand_sum_ns + demands;
        let fits = u128::from(latest) + sum < u128::from(LATEST_NS);
        if fits {
            tally.counts.offered += number;
            tally.demand_sum_ns = sum;
        }
        fits
    }

    /// Checks the header of the completions.
    ///
    /// # Errors
    /// If it is invalid.
    pub(crate) fn header(&mut self, record: &[u8; Completion::LEN]) -> Result<(), Failure> {
        let header = CompletionHeader::from_bytes(record);
        let header = header.map_err(|rule| Failure::contract(format!("the header of its completions: {rule}")))?;
        self.capabilities = Some(header.capabilities);
        Ok(())
    }

    /// Checks and folds the leading plain completions: the n-th belongs to the n-th request, which was served without
    /// interruption, and each event is in the same window as that of the first. Returns their number; the next one is
    /// for [`Rules::fold`].
    pub(crate) fn fold_plain(&mut self, requests: &[Outstanding], completions: &[[u8; Completion::LEN]]) -> usize {
        let own = Capabilities(Capabilities::OWN_DEMANDS.0 | Capabilities::SHARED.0);
        if self.capabilities.is_none_or(|capabilities| capabilities.0 & own.0 != 0) {
            return 0;
        }
        let (Some(first), Some(earliest)) = (requests.first(), completions.first().map(Completion::from_bytes)) else {
            return 0;
        };
        let Completion { id, start_ns: start, finish_ns: finish, .. } = earliest;
        if id != first.id || start >= LATEST_NS || finish >= 2 * LATEST_NS {
            return 0;
        }
        let tally = &mut self.measured.all.tally;
        if first.arrival < tally.from_ns {
            return 0;
        }
        let starts_left = if self.delay == 0 { u64::MAX } else { self.delay - tally.started };
        let most = PLAIN_AT_ONCE.min(usize::try_from(starts_left).unwrap_or(usize::MAX));
        let most_of_segment = PLAIN_AT_ONCE as u64;
        let Some(segment) = self.measured.all.windows.segment(first.arrival, start, finish, most_of_segment) else {
            return 0;
        };
        let Segment { arrivals_from, starts_from, finishes_from, shift, delay: delay_cell, response: response_cell } =
            segment;
        // The variables of the loop are in registers, except for the counters.
        let (mut last_start, mut last_finish) = (self.last_start, self.last_finish);
        let (mut folded, mut arrivals, mut delays, mut services) = (0, 0, 0, 0);
        let (mut longest_delay, mut longest_response) = (0, 0);
        let mut delay_counts = tally.delay_in_queue.recorder();
        let mut response_counts = tally.response_time.recorder();
        // The sum of arrivals within the window fits 64 bits.
        let most = most.min(1 << (63 - shift).min(PLAIN_AT_ONCE.ilog2()));
        for (request, completion) in requests.iter().zip(completions).take(most) {
            let Completion { id, start_ns: start, finish_ns: finish, service_ns: service } =
                Completion::from_bytes(completion);
            let delay = start.wrapping_sub(request.arrival);
            let response = delay.wrapping_add(service);
            let arrival = request.arrival.wrapping_sub(arrivals_from);
            // One branch for all rules: any bit that is set is a difference. Arrivals are below 2^62, so that a start
            // before the arrival, or none, gives a long delay; a completed request has the demand COMPLETED; and if
            // neither is long, finish is the sum of three small numbers, so not IN_SERVICE. The last line has the windows.
            let differs = (id ^ request.id)
                | (service ^ request.demand)
                | (finish.wrapping_sub(request.arrival) ^ response)
                | ((delay | service) >> PLAIN_BITS)
                | ((arrival | start.wrapping_sub(starts_from) | finish.wrapping_sub(finishes_from)) >> shift);
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
            delay_cell[of_fine(delay_bucket)] += 1;
            response_cell[of_fine(response_bucket)] += 1;
            arrivals += arrival;
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
        tally.all_completed(folded, delays, services);
        self.service_sum += u128::from(services);
        let sums = SegmentSums { number: folded, arrivals, delays, services };
        self.measured.all.windows.end_segment([arrivals_from, starts_from, finishes_from], sums);
        folded as usize
    }

    /// Folds plain completions, which [`Rules::fold_plain`] has folded, into the measurements of their kinds.
    pub(crate) fn fold_kinds(
        &mut self,
        requests: &[Outstanding],
        kinds: impl Iterator<Item = Kind>,
        completions: &[[u8; Completion::LEN]],
    ) {
        for ((request, kind), completion) in requests.iter().zip(kinds).zip(completions) {
            let Completion { start_ns: start, finish_ns: finish, service_ns: service, .. } =
                Completion::from_bytes(completion);
            self.measured.end_of_kind(kind, request.arrival, End::Completed { start, finish, service });
        }
    }

    /// Checks a completion against its request, which is of this kind, and folds it.
    ///
    /// # Errors
    /// The rule that it breaks.
    #[inline]
    pub(crate) fn fold(
        &mut self,
        request: &Outstanding,
        kind: Kind,
        completion: &Completion,
    ) -> Result<(), &'static str> {
        let &Outstanding { arrival, demand, .. } = request;
        let Completion { start_ns: start, finish_ns: finish, service_ns: service, .. } = *completion;
        let capabilities = self.capabilities.unwrap_or_default();
        if start == Completion::NOT_SERVED {
            return self.fold_unserved((arrival, kind), finish, service, capabilities);
        }
        if start < arrival {
            return Err("start is before arrival");
        }
        if service > demand && !capabilities.has(Capabilities::OWN_DEMANDS) {
            return Err("service is more than the request's demand");
        }
        self.last_start = self.last_start.max(start);
        if self.delay > 0 && self.measured.all.tally.started == self.delay {
            return Err("more service starts than DELAY allows");
        }
        if finish == Completion::IN_SERVICE {
            return self.fold_in_service((arrival, kind), start, service, capabilities);
        }
        if finish < start {
            return Err("finish is before start");
        }
        if !capabilities.has(Capabilities::SHARED) {
            if finish - start != service {
                return Err("finish - start is not service");
            }
        } else if u128::from(service) > u128::from(self.servers) * u128::from(finish - start) {
            return Err("service is more than all servers can give between start and finish");
        }
        self.last_finish = self.last_finish.max(finish);
        self.service_sum += u128::from(service);
        let end = if service == demand || capabilities.has(Capabilities::OWN_DEMANDS) {
            End::Completed { start, finish, service }
        } else {
            End::AbandonedInService { start, finish, service }
        };
        self.measured.end(kind, arrival, end);
        Ok(())
    }

    fn fold_unserved(
        &mut self,
        (arrival, kind): (u64, Kind),
        finish: u64,
        service: u64,
        capabilities: Capabilities,
    ) -> Result<(), &'static str> {
        if service != 0 {
            return Err("never served, but service is not 0");
        }
        if finish == Completion::IN_SERVICE {
            return Err("neither start nor finish");
        }
        if finish < arrival {
            return Err("finish is before arrival");
        }
        if finish == arrival && !capabilities.has(Capabilities::CAPACITY) {
            return Err("rejected, but the simulator does not declare CAPACITY (capability bit 4)");
        }
        self.last_finish = self.last_finish.max(finish);
        self.measured.end(kind, arrival, End::Unserved { finish });
        Ok(())
    }

    fn fold_in_service(
        &mut self,
        (arrival, kind): (u64, Kind),
        start: u64,
        service: u64,
        capabilities: Capabilities,
    ) -> Result<(), &'static str> {
        if self.delay == 0 {
            return Err("still in service at the end, but without DELAY every request must be completed");
        }
        if capabilities.has(Capabilities::SHARED) {
            let least = start.saturating_add(service.div_ceil(self.servers));
            self.in_service.least_end = self.in_service.least_end.max(least);
        } else {
            let end = start.saturating_add(service);
            if *self.in_service.claimed_end.get_or_insert(end) != end {
                return Err("start + service is not the end T that other completions in service imply");
            }
        }
        self.in_service.number += 1;
        self.service_sum += u128::from(service);
        self.measured.end(kind, arrival, End::InService { start, service });
        Ok(())
    }

    /// Determines T after the last completion, and checks the rules for all completions together. The first of `open`
    /// outstanding requests is `first_open`. Returns whether the DELAY-th service start was reached.
    ///
    /// # Errors
    /// The rule that the completions break.
    pub(crate) fn finish(&mut self, open: usize, first_open: Option<u64>) -> Result<bool, Failure> {
        let contract = |rule: String| Err(Failure::contract(rule));
        if self.capabilities.is_none() {
            return contract("it wrote no header".to_owned());
        }
        let reached = self.delay > 0 && self.measured.all.tally.started == self.delay;
        let end = if reached { self.last_start } else { self.last_finish };
        if !reached && (open > 0 || self.in_service.number > 0) {
            let rule = match first_open {
                Some(id) => format!("it ended with {open} outstanding requests, the first is {id}"),
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
                "completions still in service imply T = {claimed} ns, but the DELAY-th start was at {end} ns"
            ));
        }
        if self.in_service.least_end > end {
            return contract(
                "completions still in service received more service than all servers can give by T".to_owned(),
            );
        }
        if self.service_sum > u128::from(self.servers) * u128::from(end) {
            return contract(format!(
                "the total service, {} ns, is more than SERVERS={} can give in {end} ns",
                self.service_sum, self.servers
            ));
        }
        self.measured.close(end);
        Ok(reached)
    }
}
