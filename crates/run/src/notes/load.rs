//! The load that a trace offers to the servers, and notes on it.

use contract::Request;
use random::cost::Cost;
use sim_wasm::Discipline;

use super::duration;

/// With fewer requests, the long-run load of a trace can't be estimated.
const FEW: u64 = 30;

/// A recorded trace is doubted if all of its requests arrive within this time \[ns\], …
const INSTANT_NS: u64 = 1000;

/// … or if it offers more than this many times what the servers can serve.
const EXCESSIVE: f64 = 100.0;

/// The load that a trace offers to the servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfferedLoad {
    requests: u64,
    demands_ns: u128,
    /// The first and the last arrival \[ns\].
    first_and_last_ns: Option<(u64, u64)>,
    /// What requests have besides their demands, if that is noticed.
    fields: Option<Fields>,
}

/// Which fields of requests are not 0 everywhere.
#[derive(Debug, Clone, Copy, Default)]
struct Fields {
    sizes: u32,
    reply_sizes: u32,
    classes: u16,
    writes: bool,
}

impl OfferedLoad {
    /// Of no request; notices their fields if DISCIPLINE is `discipline` and SERVICE `service`, which use them.
    pub fn new(discipline: &str, service: &str) -> Self {
        let uses_fields = discipline.starts_with(Discipline::Priority.name()) || service == "cost";
        Self { fields: uses_fields.then(Fields::default), ..Self::default() }
    }

    /// Notes on fields that a `cost` or the DISCIPLINE `discipline` uses, and no request has.
    pub fn missing(&self, cost: Option<&Cost>, discipline: &str) -> Vec<String> {
        let Some(fields) = self.fields.filter(|_| self.requests > 0) else { return Vec::new() };
        let mut notes = Vec::new();
        if let Some(cost) = cost {
            let nothing = [
                (cost.per_size_ns > 0 && fields.sizes == 0, "has a size", "ST_PER_SIZE"),
                (cost.per_reply_ns > 0 && fields.reply_sizes == 0, "has a reply_size", "ST_PER_REPLY"),
                (cost.write_factor != Cost::FACTOR_ONE && !fields.writes, "is a write", "WRITE_FACTOR"),
            ];
            let missing = nothing.into_iter().filter(|(missing, ..)| *missing);
            notes.extend(
                missing.map(|(_, what, key)| format!("no request of the trace {what}, so {key} changes nothing")),
            );
        }
        if discipline.starts_with(Discipline::Priority.name()) && fields.classes == 0 && !fields.writes {
            notes.push(format!(
                "no request of the trace has a class above 0 or is a write, so all have the same priority: {discipline} is fifo"
            ));
        }
        notes
    }

    /// Number of requests.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Adds `requests`, which come in order of arrival.
    pub fn add(&mut self, requests: &[Request]) {
        self.requests += requests.len() as u64;
        self.demands_ns += requests.iter().map(|request| u128::from(request.service_ns)).sum::<u128>();
        if let Some(fields) = &mut self.fields {
            for request in requests {
                fields.sizes |= request.size;
                fields.reply_sizes |= request.reply_size;
                fields.classes |= request.class;
                fields.writes |= request.op != Request::READ;
            }
        }
        if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
            let (first_ns, _) = self.first_and_last_ns.unwrap_or((first.arrival_ns, 0));
            self.first_and_last_ns = Some((first_ns, last.arrival_ns));
        }
    }

    /// Offered utilization: all demands divided by what servers of this `capacity` (demands that they serve in a unit of
    /// time) can serve between the first and the last arrival; None if that is 0, or there are too few requests.
    pub fn utilization(&self, capacity: f64) -> Option<f64> {
        let (first_ns, last_ns) = self.first_and_last_ns?;
        utilization(self.demands_ns, last_ns - first_ns, capacity).filter(|_| self.requests >= FEW)
    }

    /// Offered utilization of a worker with `servers` servers, whose requests need `demands_ns` of its time \[ns\]; None as
    /// for all of them.
    pub(super) fn of_worker(&self, requests: u64, demands_ns: u128, servers: u32) -> Option<f64> {
        let (first_ns, last_ns) = self.first_and_last_ns?;
        utilization(demands_ns, last_ns - first_ns, servers.into()).filter(|_| requests >= FEW)
    }

    /// For a recorded trace: a note that doubts the unit of its times, if its arrivals are implausible, or its load
    /// for servers of this `capacity`, if that is known.
    pub fn doubt(&self, capacity: Option<f64>) -> Option<String> {
        let (first_ns, last_ns) = self.first_and_last_ns.filter(|_| self.requests >= 2)?;
        let span_ns = last_ns - first_ns;
        let excess = match capacity.and_then(|capacity| utilization(self.demands_ns, span_ns, capacity)) {
            _ if span_ns <= INSTANT_NS => String::new(),
            _ if self.requests - 1 > span_ns => ", more than one in a nanosecond".to_owned(),
            Some(offered) if offered > EXCESSIVE => format!(" and offer {offered:.0} times what the servers can serve"),
            _ => return None,
        };
        Some(format!(
            "all {} requests arrive within {}{excess}, which is implausible: check the unit of the times (--time-unit, or the \
             name of the column)",
            self.requests,
            duration(span_ns)
        ))
    }
}

/// Demands divided by what servers of this `capacity` can serve during a time \[ns\]; None if the time is 0.
pub fn utilization(demands_ns: u128, time_ns: u64, capacity: f64) -> Option<f64> {
    (time_ns > 0).then(|| demands_ns as f64 / (time_ns as f64 * capacity))
}
