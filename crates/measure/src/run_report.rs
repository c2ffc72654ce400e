//! The report of a run: the figures of each worker, and of all of them together.

use crate::provenance::{Provenance, SettingsUsed};
use crate::schema::Report;
use crate::theory::Theory;
use crate::{Figures, Measured, Outcome, PerWorker, Percentile, Tally};
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
    fn of(tallies: &[&Tally], settings: &SettingsUsed) -> Self {
        let requests = || tallies.iter().map(|tally| u128::from(tally.counts.offered));
        let (largest, all) = (requests().max().unwrap_or(0), requests().sum::<u128>());
        Self {
            requests: (all > 0).then(|| largest as f64 * tallies.len() as f64 / all as f64),
            work: Self::of_work(tallies, settings),
        }
    }

    /// The demands of a tally are divided by the speed already, so they are the server time that its worker needs.
    fn of_work(tallies: &[&Tally], settings: &SettingsUsed) -> Option<f64> {
        // What all workers have in common has no effect on the quotient.
        let servers =
            settings.servers.each().map(|&servers| settings.servers.list().map_or(1.0, |_| f64::from(servers)));
        let equal = PerWorker::All(Speed::ONE);
        let speeds = settings.speeds.as_ref().filter(|speeds| speeds.list().is_some()).unwrap_or(&equal);
        let (mut largest, mut work, mut capacity) = (0f64, 0f64, 0f64);
        for ((tally, servers), speed) in tallies.iter().zip(servers).zip(speeds.each().map(|speed| speed.as_f64())) {
            let server_time = tally.demand_sum_ns as f64;
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
    /// Merges the outcomes of the workers, which are in the order of their numbers. The percentiles must rise. What theory
    /// gives is not among them.
    pub fn collect(
        provenance: Provenance,
        notes: Vec<String>,
        outcomes: &[Outcome],
        percentiles: &[Percentile],
    ) -> Self {
        let settings = &provenance.settings;
        let tallies: Vec<&Tally> = measured(outcomes).map(|worker| &worker.tally).collect();
        let servers = || settings.servers.each().copied();
        let all = || tallies.iter().copied().zip(servers()).collect::<Vec<_>>();
        let run = || Figures::of_run(&all(), settings.delay, percentiles);
        let run = (tallies.len() == outcomes.len()).then(run);
        let row = |((worker, outcome), servers): ((u32, &Outcome), u32)| WorkerRow {
            worker,
            servers: own(Some(&settings.servers), worker),
            capacity: own(Some(&settings.capacity), worker),
            speed: own(settings.speeds.as_ref(), worker),
            result: match &outcome.result {
                Ok(measured) => {
                    RowResult::Measured(Box::new(Figures::of_worker(&measured.tally, servers, percentiles)))
                }
                Err(failure) => RowResult::Failed {
                    offered: outcome.offered,
                    error: RowError {
                        class: failure.class(),
                        limit: failure.passed_limit(),
                        message: printable(failure.to_string().as_bytes(), MESSAGE),
                    },
                },
            },
        };
        let imbalance = run.is_some().then(|| Imbalance::of(&tallies, settings));
        let workers = (1..).zip(outcomes).zip(servers()).map(row).collect();
        Self { provenance, notes, imbalance, workers, run, theory: None }
    }
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
        Imbalance::of(&tallies.each_ref(), &settings).work
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
}
