//! The notes of reports, on the trace and on the run: nothing else makes one.

use cli::settings::{DemandSettings, changes_nothing};
use contract::Capabilities;
use generator::GeneratorSettings;
use measure::PerWorker;
use measure::outcome::Measured;
use measure::provenance::{FileUsed, RecordedTrace};
use policy::{PolicyForm, PolicySpec};
use sandbox::Job;
use sim_wasm::{Discipline, Speed};
use trace::reader::{FileSummary, TraceReader, TraceSummary};

use crate::scenario::{Scenario, Worker, speeds};

mod load;
mod sampled;
#[cfg(test)]
mod tests;

pub use load::{OfferedLoad, utilization};
pub use sampled::{Sampled, short_service, write_factor};

/// A recorded trace, for a report.
pub fn recorded(summary: TraceSummary) -> RecordedTrace {
    let file = |file: FileSummary| FileUsed {
        blake3: file.blake3,
        format: file.format.to_owned(),
        compression: file.compression.map(str::to_owned),
    };
    RecordedTrace {
        files: summary.files.into_iter().map(file).collect(),
        requests: summary.requests,
        offset_ns: summary.offset_ns,
        reading: summary.flags.into_iter().map(|(flag, value)| (flag.to_owned(), value)).collect(),
        skipped_rows: summary.skipped,
    }
}

/// The settings that the user gave for this call, by name, and that may have no effect.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Those of demands that take part.
    demand: Vec<String>,
    /// Notes on those of demands that SERVICE leaves without effect.
    pub(crate) without_effect: Vec<String>,
    /// Those of the generator.
    generator: Vec<String>,
}

impl Given {
    /// Those of these settings.
    pub fn new(demand: &DemandSettings, generator: Option<&GeneratorSettings>) -> Self {
        let names = |given: Vec<&str>| given.into_iter().map(str::to_owned).collect();
        Self {
            demand: names(demand.given()),
            without_effect: demand.without_effect(),
            generator: generator.map(|generator| names(generator.given())).unwrap_or_default(),
        }
    }
}

/// Notes on the recorded trace that `reader` has read to its end, which offers `load` to workers of this `capacity` in all.
pub fn of_recorded(
    reader: &TraceReader,
    sampled: &Sampled,
    given: &Given,
    load: &OfferedLoad,
    capacity: f64,
    capabilities: Capabilities,
) -> Vec<String> {
    let mut notes = sampled.notes(capabilities);
    let own = sampled.requests - sampled.number;
    for key in given.demand.iter().filter(|_| own > 0) {
        let requests = sampled.requests;
        notes
            .push(format!("the trace brings the demands of {own} of {requests} requests, which {key} does not change"));
    }
    notes.extend(given.without_effect.iter().cloned());
    if !given.generator.is_empty() {
        notes.push(format!("a recorded trace is used, so {}", changes_nothing(&given.generator)));
    }
    // Demands that the simulator decides itself are not those of the trace.
    let offered_to = (!capabilities.has(Capabilities::OWN_DEMANDS)).then_some(capacity);
    notes.extend(load.doubt(offered_to));
    notes.extend(reader.remarks());
    notes
}

/// A time in the largest unit that it reaches, exactly.
pub(crate) fn duration(ns: u64) -> String {
    let units = [("s", 9), ("ms", 6), ("µs", 3)];
    let (unit, power) = units.into_iter().find(|&(_, power)| ns >= 10u64.pow(power)).unwrap_or(("ns", 0));
    format!("{} {unit}", decimal(ns, power))
}

/// `value` / 10^`places`, exactly.
fn decimal(value: u64, places: u32) -> String {
    let (scale, width) = (10u64.pow(places), places as usize);
    let fraction = if value.is_multiple_of(scale) { String::new() } else { format!(".{:0width$}", value % scale) };
    format!("{}{}", value / scale, fraction.trim_end_matches('0'))
}

/// Notes on a run of `scenario` over a trace with the demands `sampled`, which offers the utilization `offered` to workers
/// that measured `measured`.
pub fn of_run(
    scenario: &Scenario,
    sampled: &Sampled,
    load: &OfferedLoad,
    offered: Option<f64>,
    measured: &[&Measured],
) -> Vec<String> {
    let (Job { model, capabilities, .. }, policy) = (scenario.first(), &scenario.policy);
    let (capabilities, workers) = (capabilities.unwrap_or_default(), scenario.workers.len());
    let mut notes = Vec::new();
    // A worker without requests is not remarkable; a run without requests is.
    if !measured.is_empty() && measured.iter().all(|worker| worker.tally.counts.offered == 0) {
        notes.push("the trace has no requests, so averages are undefined".to_owned());
    }
    if let Some(offered) = offered.filter(|&offered| offered >= 1.0) {
        let used = scenario.used(false);
        let each = match (&used.servers, &used.speeds) {
            (PerWorker::All(servers), None) => format!("{workers} worker(s) of {servers} server(s)"),
            _ => "the workers".to_owned(),
        };
        let models = || scenario.workers.iter().map(|worker| &worker.job.model);
        let excess = if models().all(|model| model.capacity > 0 || !model.patience.is_endless()) {
            "the rest is rejected or abandoned"
        } else {
            "waiting times grow with the length of the trace"
        };
        notes.push(format!(
            "the trace offers {offered:.2} times what {each} can serve: the system is overloaded, and {excess}"
        ));
    } else {
        notes.extend(of_overloaded(scenario, load, measured));
    }
    notes.extend(load.missing(sampled.cost(), &model.discipline));
    if model.delay > 0 {
        let missed = measured.iter().filter(|worker| !worker.delay_reached);
        let longest = missed.clone().map(|worker| worker.tally.counts.offered).max().unwrap_or(0);
        if let number @ 1.. = missed.count() {
            notes.push(format!(
                "DELAY={} was not reached by {number} of {} worker(s): the longest of their shards has {longest} requests",
                model.delay,
                measured.len()
            ));
        }
        if measured.len() > 1 {
            notes.push(
                "with DELAY each worker stops at its own time: the run's average numbers are the sums of the workers' averages"
                    .to_owned(),
            );
        }
    }
    if !measured.is_empty() {
        notes.extend(of_simulator(capabilities, policy.is_some(), sampled));
    }
    if let Some(policy) = policy {
        if sampled.requests < workers as u64 {
            notes.push(format!("there are more workers ({workers}) than requests ({})", sampled.requests));
        }
        notes.extend(of_state(policy, capabilities, &model.discipline));
    }
    notes
}

/// The note on a warm-up of each run until `end_ns`.
pub fn of_warm_up(end_ns: u64) -> String {
    format!("the warm-up of each run ends at {}: requests that arrived before are not measured", duration(end_ns))
}

/// Notes on a plan over workers like those of `scenario`, whose trace has the demands `sampled`.
pub fn of_plan(scenario: &Scenario, sampled: &Sampled, load: &OfferedLoad) -> Vec<String> {
    let Job { model, capabilities, .. } = scenario.first();
    let capabilities = capabilities.unwrap_or_default();
    let mut notes = load.missing(sampled.cost(), &model.discipline);
    notes.extend(of_simulator(capabilities, scenario.policy.is_some(), sampled));
    notes.extend(scenario.policy.as_ref().and_then(|policy| of_state(policy, capabilities, &model.discipline)));
    if capabilities.has(Capabilities::OWN_DEMANDS) {
        notes.push("the offered load is not known, so the search begins at 1 worker".to_owned());
    }
    notes
}

/// The note on a run of this many replications; none if there is one.
pub fn of_replications(number: u32) -> Option<String> {
    (number > 1).then(|| {
        format!(
            "all figures, and counts too, are those of {number} independent replications together; notes on the trace and the \
             load are on the first one"
        )
    })
}

/// A worker whose offered utilization is above this is overloaded: less is within the variation of short traces.
const OVERLOADED: f64 = 1.05;

/// A note on the workers of `scenario` that are overloaded although all of them together are not.
fn of_overloaded(scenario: &Scenario, load: &OfferedLoad, measured: &[&Measured]) -> Option<String> {
    let offered = |(worker, measured): (&Worker, &&Measured)| {
        let (requests, demands_ns) = (measured.tally.counts.offered, measured.tally.demand_sum_ns);
        let offered = load.of_worker(requests, demands_ns, worker.job.model.servers);
        Some((offered.filter(|&offered| offered > OVERLOADED)?, worker.job.worker))
    };
    if measured.len() < scenario.workers.len() {
        // It is not known which of them failed.
        return None;
    }
    let overloaded: Vec<(f64, u32)> = scenario.workers.iter().zip(measured).filter_map(offered).collect();
    let (most, worker) = overloaded.iter().copied().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let others = match overloaded.len() - 1 {
        0 => String::new(),
        others => format!(", and {others} more are overloaded"),
    };
    Some(format!(
        "worker {worker} is offered {most:.2} times what it can serve{others}, although all together can serve the trace"
    ))
}

/// A note if WEIGHTS is `given` and `policy` uses none.
pub fn of_weights(policy: &PolicySpec, given: bool) -> Option<String> {
    (given && !policy.form().sees_weights)
        .then(|| format!("{} uses no weights, so WEIGHTS changes nothing", policy.form().name))
}

/// A note on shards without a report, whose demands are divided by the speeds of `workers`.
pub fn of_speeds(workers: &[Worker]) -> Option<String> {
    let speeds = speeds(workers);
    (speeds != PerWorker::All(Speed::ONE))
        .then(|| format!("the shards have the demands of the trace divided by SPEEDS={speeds}, rounded up"))
}

/// A note if `policy` used another model of the workers' state than a simulator with `capabilities` has under `discipline`.
pub fn of_state(policy: &PolicySpec, capabilities: Capabilities, discipline: &str) -> Option<String> {
    let known = Discipline::named(discipline).filter(|_| capabilities.has(Capabilities::DISCIPLINE));
    let is_model = known.is_some_and(|known| known.interrupts() || !capabilities.has(Capabilities::SHARED));
    let PolicyForm { name, sees_state, .. } = policy.form();
    (*sees_state && !is_model).then(|| match Discipline::named(discipline) {
        Some(_) => format!("{name} used a first-in, first-out model of the workers' state"),
        None => {
            format!("DISCIPLINE={discipline} is not one of the contract's, so {name} used a first-in, first-out model of the workers' state")
        }
    })
}

/// Cut-offs that a note lists.
const LISTED: usize = 16;

/// The note on the cut-offs of `fitted`, if the policy `asked` had to be fitted to the trace: four digits of each.
pub fn of_fit(asked: &PolicySpec, fitted: &PolicySpec) -> Option<String> {
    let cut_offs = Some(fitted.cut_offs_ns()).filter(|cut_offs| asked.needs_sizes() && !cut_offs.is_empty())?;
    let shown = |&ns: &u64| {
        let unit = 10u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(3));
        duration(ns.saturating_add(unit / 2) / unit * unit)
    };
    let listed: Vec<String> = cut_offs.iter().take(LISTED).map(shown).collect();
    let rest = if cut_offs.len() > LISTED { format!(", … ({} in all)", cut_offs.len()) } else { String::new() };
    Some(format!("{asked}'s cut-offs, fitted to equal load: {}{rest}", listed.join(", ")))
}

/// Notes on what a simulator with `capabilities` decides itself; `balanced`: a policy distributed the requests, with the demands
/// `sampled`.
pub(crate) fn of_simulator(capabilities: Capabilities, balanced: bool, sampled: &Sampled) -> Vec<String> {
    let mut notes = Vec::new();
    if !capabilities.has(Capabilities::DISCIPLINE) {
        notes.push("the simulator decides the order of service itself".to_owned());
    }
    if capabilities.has(Capabilities::OWN_DEMANDS) {
        notes.push(own_demands(balanced, sampled));
    }
    if capabilities.has(Capabilities::SHARED) {
        notes.push(
            "service may be interrupted or shared: the delay in queue is the time until service first starts"
                .to_owned(),
        );
    }
    notes
}

/// The note on a simulator that decides service demands itself; `balanced`: a policy distributed the requests.
fn own_demands(balanced: bool, sampled: &Sampled) -> String {
    let used = match (balanced, sampled.any()) {
        (true, _) => "; policies used the demands of the trace",
        (false, true) => "; it received the demands of the trace",
        (false, false) => "",
    };
    let Sampled { number, requests, .. } = sampled;
    let counted = || format!(" ({number} of {requests} {}: {})", sampled.made(), sampled.distribution());
    let counted = if sampled.any() { counted() } else { String::new() };
    format!("the simulator decides service demands itself{used}{counted}")
}
