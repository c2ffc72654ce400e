//! A case of the target `completions`, as bytes.

use contract::{Capabilities, Request};
use sandbox::Job;
use sandbox::native::Step;
use sim_wasm::{Discipline, Patience};

use super::requests::job;

/// The actions of one simulator over one shard.
///
/// Encoding: settings (8 bytes), three bytes for each request, then the steps: a byte below 128 reads 12 times as many
/// bytes; another byte b writes the b − 127 bytes after it.
pub(super) struct Case {
    pub(super) job: Job,
    pub(super) record_len: usize,
    pub(super) requests: Vec<Request>,
    pub(super) steps: Vec<Step>,
}

const SETTINGS: usize = 8;
const SERVERS: [u32; 8] = [1, 1, 1, 2, 3, 7, 1_000, 1_000_000];

impl Case {
    /// The case in `bytes`; any bytes are valid.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut settings = [0; SETTINGS];
        let (start, rest) = bytes.split_at(bytes.len().min(SETTINGS));
        settings[..start.len()].copy_from_slice(start);
        let [kind, delay, capacity, limit, count, capabilities, discipline, patience] = settings;
        // Half of the values mean no limit and no end.
        let half = |byte: u8| u64::from(byte.saturating_sub(127));
        let mut job = job();
        job.model.servers = SERVERS[usize::from(kind & 7)];
        job.verify = kind & 8 != 0;
        job.capabilities = (kind & 16 != 0).then_some(Capabilities(u64::from(capabilities)));
        job.model.delay = half(delay);
        job.model.capacity = half(capacity);
        let discipline = Discipline::ALL[usize::from(discipline) % Discipline::ALL.len()];
        job.model.discipline = discipline.name().to_owned();
        if discipline != Discipline::Ps {
            job.model.patience = Patience { mean_ns: half(patience), exponential: kind & 64 != 0 };
        }
        job.limits.unanswered = usize::from(limit) + 1;
        let record_len = if kind & 32 == 0 { Request::LEN } else { Request::LEN + 8 };
        let (requests, rest) = rest.split_at(rest.len().min(3 * usize::from(count)));
        Self { job, record_len, requests: read_requests(requests), steps: read_steps(rest) }
    }
}

fn read_requests(bytes: &[u8]) -> Vec<Request> {
    // Low values, and powers of two up to the largest time.
    let time = |byte: u8| if byte < 224 { u64::from(byte) } else { (1 << (byte - 193)) - 1 };
    let mut last = Request::default();
    let mut requests = Vec::new();
    for &[interarrival, later, demand] in bytes.as_chunks().0 {
        let Some(id) = last.id.checked_add(1 + time(interarrival)) else { break };
        let arrival_ns = (last.arrival_ns + time(later)).min((1 << 62) - 1);
        last = Request { id, arrival_ns, service_ns: time(demand), class: u16::from(demand % 3), ..last };
        requests.push(last);
    }
    requests
}

fn read_steps(mut rest: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((&step, behind)) = rest.split_first() {
        rest = behind;
        if step < 128 {
            steps.push(Step::Read(12 * usize::from(step)));
        } else {
            let (bytes, behind) = rest.split_at(rest.len().min(usize::from(step - 127)));
            steps.push(Step::Write(bytes.to_vec()));
            rest = behind;
        }
    }
    steps
}
