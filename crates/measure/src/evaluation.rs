//! From measurements to figures with their intervals.

use crate::classes::{self, ClassRow};
use crate::interval::Intervals;
use crate::intervals::{Drain, Observations, refusal};
use crate::measurement::{Source, merged_windows};
use crate::observation::{Cells, Observation};
use crate::over_time::OverTime;
use crate::tally::merged;
use crate::{Course, Figures, Measured, Percentile, Randomness, Tally};

/// What the user chose to see, and what the run was.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The percentiles, which rise.
    pub percentiles: &'a [Percentile],
    /// What is random in the run.
    pub randomness: Randomness,
}

impl Default for Evaluation<'_> {
    /// The default percentiles, and nothing random.
    fn default() -> Self {
        Self { percentiles: &Percentile::DEFAULT, randomness: Randomness::default() }
    }
}

/// Workers of a run, in one or more replications.
pub(crate) struct Group<'a> {
    /// Each worker, in each replication.
    pub(crate) replications: Vec<Vec<Source<'a>>>,
    /// The servers of each worker.
    pub(crate) servers: &'a [u32],
    /// DELAY.
    pub(crate) delay: u64,
}

impl Group<'_> {
    /// The figures of all workers together, with their intervals; `drain` is that of the run to which they belong, None of
    /// several replications.
    pub(crate) fn figures(&self, evaluation: Evaluation<'_>, drain: Option<Drain>) -> Figures {
        let tallies: Vec<Vec<&Tally>> =
            self.replications.iter().map(|workers| workers.iter().map(|worker| worker.tally).collect()).collect();
        let figures = Figures::of_run(&tallies, self.servers, self.delay, evaluation.percentiles);
        let intervals = match self.observations(evaluation.randomness, drain) {
            Ok(observations) => {
                let all = merged(tallies.iter().flatten().copied());
                let sums_over_time = self.delay > 0 && self.servers.len() > 1;
                let servers = self.all_servers();
                observations.intervals(&figures, servers, [&all.delay_in_queue, &all.response_time], sums_over_time)
            }
            Err(reason) => Intervals::none(reason),
        };
        Figures { intervals, ..figures }
    }

    pub(crate) fn all_servers(&self) -> u64 {
        self.servers.iter().map(|&servers| u64::from(servers)).sum()
    }

    /// # Errors
    /// The reason why there are none.
    pub(crate) fn observations(&self, random: Randomness, drain: Option<Drain>) -> Result<Observations, String> {
        let ([only], Some(drain)) = (&self.replications[..], drain) else {
            return Ok(Observations::of_replications(self.replications.iter().map(|workers| whole(workers)).collect()));
        };
        if let Some(reason) = refusal(random) {
            return Err(reason.to_owned());
        }
        if self.delay > 0 {
            return Err("with DELAY the simulation stops at an event, not at a time: use --replications".to_owned());
        }
        let windows = merged_windows(only);
        let from_ns = only.iter().map(|worker| worker.tally.from_ns).max().unwrap_or(0);
        Observations::of_cells(&Cells::of(&windows, from_ns), drain)
    }
}

/// A replication of `workers` as an observation.
fn whole(workers: &[Source<'_>]) -> Observation {
    let time_ns = workers.iter().map(|worker| worker.tally.time_ns()).max().unwrap_or(0);
    Observation::of_tally(&merged(workers.iter().map(|worker| worker.tally)), time_ns)
}

/// The figures of a run of one worker or several, and what they are in detail.
pub(crate) struct Evaluated {
    pub(crate) figures: Figures,
    pub(crate) classes: Vec<ClassRow>,
    pub(crate) over_time: Option<OverTime>,
}

/// Evaluates the measurements of each worker, in each replication, which have these `servers`. `shared`: service may be shared
/// or interrupted; `with_p99`: over time, too.
pub(crate) fn evaluate(
    replications: &[Vec<&Measured>],
    servers: &[u32],
    delay: u64,
    shared: bool,
    with_p99: bool,
    evaluation: Evaluation<'_>,
) -> Evaluated {
    let drain = match replications {
        [workers] => Some(drain_of(workers, servers)),
        _ => None,
    };
    let sources = replications.iter().map(|workers| workers.iter().map(|one| one.source()).collect()).collect();
    let all = Group { replications: sources, servers, delay };
    let figures = all.figures(evaluation, drain);
    let over_time = replications
        .first()
        .filter(|_| delay == 0)
        .and_then(|_| OverTime::of_workers(&all.replications[0], all.all_servers(), shared, with_p99));
    let of_class = |(class, workers): (u16, Vec<Vec<Course>>)| {
        let sources = workers.iter().map(|workers| workers.iter().map(Course::source).collect()).collect();
        let group = Group { replications: sources, servers, delay };
        ClassRow { class, figures: group.figures(evaluation, drain) }
    };
    let classes = classes::of(replications).into_iter().map(of_class).collect();
    Evaluated { figures, classes, over_time }
}

/// The drain time of a run of `workers` with these numbers of `servers`.
pub(crate) fn drain_of(workers: &[&Measured], servers: &[u32]) -> Drain {
    let drains = workers
        .iter()
        .zip(servers)
        .map(|(measured, &servers)| Drain::of_worker(&measured.tally, servers, measured.windows.last_arrival_ns()));
    Drain::of_run(&drains.collect::<Vec<_>>())
}
