//! The report of a comparison.

use std::collections::BTreeMap;

use failure::{Class, Failure, printable};
use measure::comparison::{Combination, Comparison, ComparisonKind, Difference, Varied};
use measure::judged::Unit;
use measure::run_report::RowError;
use measure::schema::SCHEMA;
use measure::{Metric, Percentile};

use super::comparison::{Compared, LEAST_DIFFERENCE};
use super::{CONFIDENCE, Study, Trial, TrialFailure};
use crate::notes;
use crate::report::provenance;
use crate::scenario::capacity;

/// Upper limit of the characters of a failure's message.
const MESSAGE: usize = 2000;

/// What a report has besides what was measured.
pub struct About<'a> {
    /// The settings that vary.
    pub vary: Vec<Varied>,
    /// The values of each trial.
    pub values: Vec<BTreeMap<String, String>>,
    /// The group of each trial.
    pub groups: Vec<usize>,
    /// The figure that is compared.
    pub metric: Metric,
    /// The percentiles, which rise.
    pub percentiles: &'a [Percentile],
    /// Notes on what the user asked for.
    pub notes: Vec<String>,
}

/// The report of `trials`, of which this is known; `interrupted` if it has not ended.
pub fn report(
    study: &Study<'_>,
    trials: &[Trial],
    compared: &[Compared],
    about: &About<'_>,
    interrupted: bool,
) -> Comparison {
    let metric = about.metric;
    let unit = if metric.is_time() {
        Unit::Ns
    } else if metric.is_share() {
        Unit::Share
    } else {
        Unit::Number
    };
    let rows = trials.iter().zip(compared).zip(about.values.iter().zip(&about.groups));
    Comparison {
        schema: SCHEMA,
        kind: ComparisonKind::Comparison,
        queuebox: env!("CARGO_PKG_VERSION").to_owned(),
        notes: all_notes(study, trials, about),
        metric: metric.to_string(),
        unit,
        vary: about.vary.clone(),
        confidence: CONFIDENCE,
        least_difference: LEAST_DIFFERENCE,
        interrupted,
        combinations: rows
            .map(|((trial, compared), (values, &group))| combination(study, trial, compared, values, group, about))
            .collect(),
    }
}

fn combination(
    study: &Study<'_>,
    trial: &Trial,
    compared: &Compared,
    values: &BTreeMap<String, String>,
    group: usize,
    about: &About<'_>,
) -> Combination {
    let replications = trial.replications.len() as u32;
    let difference = compared.difference.map(|(to, difference)| Difference {
        to: to as u32,
        value: difference.value,
        half_width: difference.half_width,
        known: difference.known,
    });
    let is_measured = trial.failure.is_none() && replications > 0;
    let used = || Box::new(provenance(&trial.scenario, study.source(trial.source), replications));
    Combination {
        values: values.clone(),
        group: group as u32,
        provenance: is_measured.then(used),
        replications,
        value: compared.value,
        half_width: compared.half_width,
        difference,
        is_best: compared.is_best,
        figures: is_measured.then(|| Box::new(trial.sums.figures(about.percentiles))),
        error: trial.failure.as_ref().map(error),
    }
}

fn error(failure: &TrialFailure) -> RowError {
    let (known, text) = match failure {
        TrialFailure::Overloaded(failure) => (Some(failure), failure.to_string()),
        TrialFailure::Other(error) => {
            (error.chain().find_map(|cause| cause.downcast_ref::<Failure>()), format!("{error:#}"))
        }
    };
    RowError {
        class: known.map_or(Class::Host, Failure::class),
        limit: known.and_then(Failure::passed_limit),
        message: printable(text.as_bytes(), MESSAGE),
    }
}

/// Notes on the traces, then on single combinations, which name them; those on all combinations name none.
fn all_notes(study: &Study<'_>, trials: &[Trial], about: &About<'_>) -> Vec<String> {
    let mut of_all: Vec<String> = Vec::new();
    let mut of_each: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, trial) in trials.iter().enumerate().filter(|(_, trial)| !trial.replications.is_empty()) {
        let source = study.source(trial.source);
        let (capacity, sampled) = (capacity(&trial.scenario.workers), source.sampled());
        let capabilities = trial.scenario.first().capabilities.unwrap_or_default();
        let offered = source.offered(capacity).or_else(|| trial.load.utilization(capacity));
        let mut own = source.notes(&trial.load, capacity, capabilities);
        own.extend(notes::of_run(&trial.scenario, &sampled, &trial.load, offered, &[]));
        own.extend(notes::of_simulator(capabilities, trial.scenario.policy.is_some(), &sampled));
        for note in own {
            match of_each.iter_mut().find(|(text, _)| *text == note) {
                Some((_, places)) => places.push(place),
                None => of_each.push((note, vec![place])),
            }
        }
    }
    let measured = trials.iter().filter(|trial| !trial.replications.is_empty()).count();
    of_each.retain(|(note, places)| {
        let is_of_all = places.len() == measured;
        of_all.extend(is_of_all.then(|| note.clone()));
        !is_of_all
    });
    let named = |place: usize| {
        about.values[place].iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    let of_each = of_each.into_iter().map(|(note, places)| {
        let more = match places.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}: {note}", named(places[0]))
    });
    let random = trials.iter().any(|trial| trial.randomness.any());
    let runs = trials.iter().map(|trial| trial.replications.len()).max().unwrap_or(0);
    let confidence = if runs == 0 {
        "no combination was run to its end".to_owned()
    } else if random && runs == 1 {
        "one run of each combination decides nothing, since something is random: --max-replications must be at least 2"
            .to_owned()
    } else if random {
        format!(
            "differences are those of replications with the same random numbers; all marks are right together with a probability \
             of {:.0} % at least, and differences below {:.0} % count as none",
            100.0 * CONFIDENCE,
            100.0 * LEAST_DIFFERENCE
        )
    } else {
        format!(
            "nothing is random: the figures are exact for this trace alone; differences below {:.0} % count as none",
            100.0 * LEAST_DIFFERENCE
        )
    };
    let of_metric = (runs > 1 && matches!(about.metric, Metric::Percentile(..) | Metric::Max(_))).then(|| {
        format!(
            "{} is the mean over the runs; figures in the JSON are of the requests of all runs together",
            about.metric
        )
    });
    of_all.into_iter().chain(of_each).chain(of_metric).chain(about.notes.iter().cloned()).chain([confidence]).collect()
}
