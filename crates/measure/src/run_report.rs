//! The report of a run: the figures of each worker, and of all of them together.

use crate::classes::ClassRow;
use crate::evaluation::{Evaluated, evaluate};
use crate::judged::Judged;
use crate::measurement::CLASSES;
use crate::over_time::{self, OverTime};
use crate::provenance::{Provenance, SettingsUsed};
use crate::schema::Report;
use crate::theory::Theory;
use crate::{Evaluation, Figures, Measured, Outcome, PerWorker, Tally};
use contract::Capabilities;
use failure::{Class, Failure, Limit, printable};
use serde::{Deserialize, Serialize};
use sim_wasm::Speed;

/// Upper limit of the characters of a failure's message.
const MESSAGE: usize = 2000;

/// The contents of `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Its provenance.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Notes on the run.
    pub notes: Vec<String>,
    /// How evenly the policy distributed requests and work; absent if a worker failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// One row for each worker.
    pub workers: Vec<WorkerRow>,
    /// The whole run; absent if a worker failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Figures>,
    /// The requests of each class, in rising order; absent if all have class 0, if there are more than 64 classes, or if a
    /// worker failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassRow>,
    /// The objectives of `--slo`, judged on all requests of the run; absent if there are none, or if a worker failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Judged>,
    /// The run over time; of several replications, the first. Absent without requests, with DELAY, or if a worker failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<OverTime>,
    /// The mean delay by queueing theory; absent unless its assumptions hold for this run, or if a worker failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theory: Option<Theory>,
}

/// How far the most loaded worker is above its share; 1 = evenly distributed, `null` if the total is zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Imbalance {
    /// Of requests: the largest number of a worker over the mean number.
    pub requests: Option<f64>,
    /// Of work: the largest load of a worker over the load of all workers together; a load is Σ demands / Σ (SERVERS · speed).
    pub work: Option<f64>,
}

impl Imbalance {
    /// Of all `replications` together; each has the tallies of the workers.
    fn of(replications: &[Vec<&Tally>], settings: &SettingsUsed) -> Self {
        let sums = |value: fn(&Tally) -> u128| -> Vec<u128> {
            let workers = replications.first().map_or(0, Vec::len);
            (0..workers).map(|worker| replications.iter().map(|tallies| value(tallies[worker])).sum()).collect()
        };
        let requests = sums(|tally| u128::from(tally.counts.offered));
        let (largest, all) = (requests.iter().copied().max().unwrap_or(0), requests.iter().sum::<u128>());
        Self {
            requests: (all > 0).then(|| largest as f64 * requests.len() as f64 / all as f64),
            work: Self::of_work(&sums(|tally| tally.demand_sum_ns), settings),
        }
    }

    /// The demands of each worker are divided by the speed already, so they are the server time that it needs \[ns\].
    fn of_work(demands_ns: &[u128], settings: &SettingsUsed) -> Option<f64> {
        // What all workers have in common has no effect on the quotient.
        let servers =
            settings.servers.each().map(|&servers| settings.servers.list().map_or(1.0, |_| f64::from(servers)));
        let equal = PerWorker::All(Speed::ONE);
        let speeds = settings.speeds.as_ref().filter(|speeds| speeds.list().is_some()).unwrap_or(&equal);
        let (mut largest, mut work, mut capacity) = (0f64, 0f64, 0f64);
        for ((&demands_ns, servers), speed) in
            demands_ns.iter().zip(servers).zip(speeds.each().map(|speed| speed.as_f64()))
        {
            let server_time = demands_ns as f64;
            largest = largest.max(server_time / servers);
            work += server_time * speed;
            capacity += servers * speed;
        }
        (work > 0.0).then(|| largest * capacity / work)
    }
}

/// The outcome of one worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkerRow {
    /// Its number, from 1.
    pub worker: u32,
    /// SERVERS of this worker; absent if all have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<u32>,
    /// CAPACITY of this worker; absent if all have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Its speed; absent if all have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub speed: Option<Speed>,
    /// The worker over time, if there are at most 32 workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<OverTime>,
    /// Its figures or its failure.
    #[serde(flatten)]
    pub result: RowResult,
}

/// The figures of a worker, or its failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names are enough")]
pub enum RowResult {
    Measured(Box<Figures>),
    Failed { offered: u64, error: RowError },
}

/// The failure of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RowError {
    /// The class of the failure.
    #[cfg_attr(test, schemars(schema_with = "crate::schema::tests::class"))]
    pub class: Class,
    /// The limit that was exceeded; present if the class is `limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "crate::schema::tests::limit"))]
    pub limit: Option<Limit>,
    /// The message, in one line.
    pub message: String,
}

impl Report for RunReport {}

impl RunReport {
    /// Merges the outcomes of the workers, which are in the order of their numbers, in each of the `replications`: one, unless
    /// the run was repeated. What theory gives and what objectives ask for is not among
    /// them.
    pub fn collect(
        provenance: Provenance,
        notes: Vec<String>,
        replications: &[&[Outcome]],
        evaluation: Evaluation<'_>,
    ) -> Self {
        let settings = &provenance.settings;
        let shared = provenance.module.capabilities.has(Capabilities::SHARED);
        let number = replications.first().map_or(0, |outcomes| outcomes.len());
        let servers: Vec<u32> = settings.servers.each().copied().take(number).collect();
        let row = |(worker, own_servers): (u32, &u32)| {
            let evaluated = of_worker(replications, worker as usize - 1).map(|measured| {
                let measured: Vec<Vec<&Measured>> = measured.into_iter().map(|measured| vec![measured]).collect();
                // p99 over time is of the run alone.
                evaluate(&measured, &[*own_servers], settings.delay, shared, false, evaluation)
            });
            let (result, over_time) = match evaluated {
                Ok(Evaluated { figures, over_time, .. }) => (RowResult::Measured(Box::new(figures)), over_time),
                Err(failed) => (failed, None),
            };
            WorkerRow {
                worker,
                servers: own(Some(&settings.servers), worker),
                capacity: own(Some(&settings.capacity), worker),
                speed: own(settings.speeds.as_ref(), worker),
                over_time: over_time.filter(|_| number <= over_time::WORKERS),
                result,
            }
        };
        let workers: Vec<WorkerRow> = (1..).zip(&servers).map(row).collect();
        let measured: Option<Vec<Vec<&Measured>>> =
            replications.iter().map(|outcomes| all_measured(outcomes)).collect();
        let Some(measured) = measured else {
            let (imbalance, run, classes, objectives, over_time) = (None, None, Vec::new(), Vec::new(), None);
            return Self { provenance, notes, imbalance, workers, run, classes, objectives, over_time, theory: None };
        };
        let Evaluated { figures, classes, over_time } =
            evaluate(&measured, &servers, settings.delay, shared, true, evaluation);
        let tallies: Vec<Vec<&Tally>> =
            measured.iter().map(|workers| workers.iter().map(|measured| &measured.tally).collect()).collect();
        let imbalance = Some(Imbalance::of(&tallies, settings));
        let mut notes = notes;
        if classes.is_empty() && measured.iter().flatten().any(|measured| measured.has_classes()) {
            notes.push(format!("there are more than {CLASSES} classes, so the report has no figures of them"));
        }
        let (run, objectives) = (Some(figures), Vec::new());
        Self { provenance, notes, imbalance, workers, run, classes, objectives, over_time, theory: None }
    }
}

/// The measurements of all workers; None if one of them failed.
fn all_measured(outcomes: &[Outcome]) -> Option<Vec<&Measured>> {
    outcomes.iter().map(|outcome| outcome.result.as_ref().ok()).collect()
}

/// The measurements of the worker at `index` in all `replications`.
///
/// # Errors
/// Its first failure.
fn of_worker<'a>(replications: &[&'a [Outcome]], index: usize) -> Result<Vec<&'a Measured>, RowResult> {
    let measured = |(number, outcomes): (usize, &&'a [Outcome])| {
        let outcome = &outcomes[index];
        outcome.result.as_ref().map_err(|failure| {
            let place = if replications.len() > 1 { format!("replication {number}: ") } else { String::new() };
            let message = printable(format!("{place}{failure}").as_bytes(), MESSAGE);
            let error = RowError { class: failure.class(), limit: failure.passed_limit(), message };
            RowResult::Failed { offered: outcome.offered, error }
        })
    };
    (1..).zip(replications).map(measured).collect()
}

/// The value of `worker`, if workers differ.
fn own<T: Copy>(setting: Option<&PerWorker<T>>, worker: u32) -> Option<T> {
    setting.filter(|setting| setting.list().is_some())?.of(worker).copied()
}

/// The measurements of the workers that did not fail.
pub fn measured(outcomes: &[Outcome]) -> impl Iterator<Item = &Measured> {
    outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok())
}

/// The failure of the lowest worker that failed, with its number.
///
/// # Errors
/// If a worker failed.
pub fn first_failure(outcomes: &[Outcome]) -> Result<(), (u32, Failure)> {
    let failed =
        (1..).zip(outcomes).find_map(|(worker, outcome)| Some((worker, outcome.result.as_ref().err()?.clone())));
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The work imbalance of two workers that need these server times \[ns\].
    fn work(needed: [u128; 2], servers: PerWorker<u32>, speeds: [&str; 2]) -> Option<f64> {
        let text = r#"{"CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1, "SIM_ARGS": "", "WORKERS": 2}"#;
        let mut settings: SettingsUsed = serde_json::from_str(text).unwrap();
        settings.servers = servers;
        settings.speeds = Some(PerWorker::of_each(speeds.map(|text| Speed::parse(text).unwrap())));
        let tallies = needed.map(|demand_sum_ns| Tally { demand_sum_ns, ..Tally::default() });
        Imbalance::of(&[tallies.iter().collect()], &settings).work
    }

    #[test]
    fn work_is_relative_to_servers_and_speed() {
        let same = PerWorker::All(7);
        assert_eq!(work([30, 10], same.clone(), ["1", "1"]), Some(1.5));
        assert_eq!(work([30, 10], same.clone(), ["1/3", "1/3"]), Some(1.5));
        assert_eq!(work([0, 0], same.clone(), ["1", "1"]), None);
        // The load of both is the same: what they need takes their servers equally long.
        assert_eq!(work([40, 20], PerWorker::Each(vec![4, 2]), ["1", "1"]), Some(1.0));
        assert_eq!(work([30, 30], same.clone(), ["1", "1/2"]), Some(1.0));
        // 30 + 10 of work, of which the slow worker needs 20: 20 where the load of all is 40 / 1.5.
        assert_eq!(work([30, 20], same.clone(), ["1", "1/2"]), Some(30.0 * 1.5 / 40.0));
        assert_eq!(work([0, 20], same, ["1", "1/2"]), Some(20.0 * 1.5 / 10.0));
    }

    fn outcome(offered: u64, result: Result<u64, Failure>) -> Outcome {
        let measured = |end_ns| {
            let mut tally = Tally { end_ns, demand_sum_ns: 3 * u128::from(offered), ..Tally::default() };
            (tally.counts.offered, tally.counts.rejected) = (offered, offered);
            Measured::of_sums(tally)
        };
        Outcome { offered, result: result.map(measured), stderr: String::new() }
    }

    fn collect(replications: &[&[Outcome]]) -> RunReport {
        let text = r#"{"files": [], "requests": 0, "offset_ns": 0}"#;
        let settings = r#"{"CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1, "SIM_ARGS": "", "WORKERS": 2}"#;
        let (trace, settings) = (serde_json::from_str(text).unwrap(), serde_json::from_str(settings).unwrap());
        let provenance = Provenance::new("module", contract::Capabilities(0), trace, settings);
        RunReport::collect(provenance, Vec::new(), replications, Evaluation::default())
    }

    #[test]
    fn replications_are_summed_worker_by_worker() {
        let (first, second) = ([outcome(1, Ok(10)), outcome(3, Ok(20))], [outcome(5, Ok(40)), outcome(3, Ok(30))]);
        let report = collect(&[&first, &second]);
        let row = |report: &RunReport, index: usize| match &report.workers[index].result {
            RowResult::Measured(figures) => (figures.counts.offered, figures.time_simulation_ended_ns),
            RowResult::Failed { .. } => panic!("it failed"),
        };
        assert_eq!([row(&report, 0), row(&report, 1)], [(6, 40), (6, 30)]);
        let run = report.run.unwrap();
        assert_eq!((run.counts.rejected, run.work_offered_ns, run.time_simulation_ended_ns), (12, 36, 40));
        // Each replication alone has an imbalance.
        assert_eq!(report.imbalance, Some(Imbalance { requests: Some(1.0), work: Some(1.0) }));
        assert_eq!(collect(&[&first]).imbalance, Some(Imbalance { requests: Some(1.5), work: Some(1.5) }));
    }

    #[test]
    fn a_failure_names_its_replication() {
        let failed = || [outcome(1, Ok(10)), outcome(3, Err(Failure::host("no memory")))];
        let message = |report: &RunReport| match &report.workers[1].result {
            RowResult::Failed { error, .. } => error.message.clone(),
            RowResult::Measured(_) => panic!("it did not fail"),
        };
        let report = collect(&[&[outcome(1, Ok(10)), outcome(3, Ok(20))], &failed()]);
        assert_eq!(message(&report), "replication 2: no memory");
        assert!(report.run.is_none() && report.imbalance.is_none());
        assert!(matches!(report.workers[0].result, RowResult::Measured(_)));
        assert_eq!(message(&collect(&[&failed()])), "no memory");
    }
}
