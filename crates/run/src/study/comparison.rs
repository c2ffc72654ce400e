//! Comparisons: which of several scenarios has the lowest figure, and whether that is sure.
//!
//! Differences are those of replications with the same random numbers (common random numbers). Their intervals are Student's,
//! paired, and hold for all pairs and all looks together (Bonferroni). A procedure that assumes independent scenarios, or that
//! looks after each replication, would mark a lowest one too often.

use measure::comparison::Known;
use measure::interval::{LEVEL, Part, half_width};

use super::{CONFIDENCE, Study, Trial};

/// Differences below this share of the lower value count as none.
pub const LEAST_DIFFERENCE: f64 = 0.01;

/// A scenario's place in the comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Compared {
    /// The figure.
    pub value: Option<f64>,
    /// The half-width of its own interval.
    pub half_width: Option<f64>,
    /// The place of the lowest of its group, and the difference to it.
    pub difference: Option<(usize, Difference)>,
    /// Whether it is surely the lowest.
    pub is_best: bool,
}

/// The difference of two figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Its value.
    pub value: f64,
    /// The half-width of its interval; None if there is none.
    pub half_width: Option<f64>,
    /// Whether it is known.
    pub known: Known,
}

/// What is done after each look.
pub type Step<'a> = dyn FnMut(&Study<'_>, &[Trial], &[Compared]) -> anyhow::Result<()> + 'a;

/// Compares the one metric of `study` between the `trials` of each group (`groups` has their places), until each difference to
/// the lowest is known or the replications are used up. `step` is called after each look with what is known.
///
/// # Errors
/// As [`Study::run`]; the failure of a trial is in it.
pub fn compare(
    study: &mut Study<'_>,
    trials: &mut [Trial],
    groups: &[Vec<usize>],
    step: &mut Step<'_>,
) -> anyhow::Result<Vec<Compared>> {
    let looks = study.looks();
    let level = level(groups, looks.len());
    let mut compared = Vec::new();
    for &look in &looks {
        study.run(&mut trials.iter_mut().collect::<Vec<_>>(), look)?;
        compared = judge(trials, groups, level);
        step(study, trials, &compared)?;
        let is_open = |one: &Compared| one.difference.is_some_and(|(_, difference)| difference.known == Known::Open);
        let is_known = compared.iter().all(|one| !is_open(one));
        // Each figure has an interval, too.
        let has_intervals = look > 1 || trials.iter().all(|trial| trial.is_exact() || trial.failure.is_some());
        if is_known && has_intervals {
            break;
        }
    }
    Ok(compared)
}

/// The level of the intervals of differences.
fn level(groups: &[Vec<usize>], looks: usize) -> f64 {
    let pairs: usize = groups.iter().map(|group| group.len() * group.len().saturating_sub(1) / 2).sum();
    // Nothing is decided on a single replication.
    1.0 - (1.0 - CONFIDENCE) / (pairs.max(1) * looks.saturating_sub(1).max(1)) as f64
}

fn judge(trials: &[Trial], groups: &[Vec<usize>], level: f64) -> Vec<Compared> {
    let mut compared: Vec<Compared> = trials.iter().map(own).collect();
    for group in groups {
        let with_value = group.iter().copied().filter_map(|place| Some((place, compared[place].value?)));
        let Some((lowest, _)) = with_value.clone().min_by(|(_, a), (_, b)| a.total_cmp(b)) else { continue };
        let others: Vec<usize> = with_value.map(|(place, _)| place).filter(|&place| place != lowest).collect();
        for &place in &others {
            compared[place].difference =
                difference(&trials[place], &trials[lowest], level).map(|difference| (lowest, difference));
        }
        let is_real =
            |&place: &usize| compared[place].difference.is_some_and(|(_, difference)| difference.known == Known::Real);
        compared[lowest].is_best = !others.is_empty() && others.iter().all(is_real);
    }
    compared
}

/// The figure of a trial alone.
fn own(trial: &Trial) -> Compared {
    if trial.failure.is_some() {
        return Compared::default();
    }
    let parts: Vec<Part> = trial.replications.iter().filter_map(|one| one.parts.first().copied()).collect();
    Compared {
        value: quotient(parts.iter().fold(Part::default(), |sum, part| Part {
            numerator: sum.numerator + part.numerator,
            denominator: sum.denominator + part.denominator,
        })),
        half_width: half_width(&parts, LEVEL),
        ..Compared::default()
    }
}

/// The difference of `trial` to the lowest one, replication by replication.
fn difference(trial: &Trial, lowest: &Trial, level: f64) -> Option<Difference> {
    let values = |trial: &Trial| -> Option<Vec<f64>> {
        trial.replications.iter().map(|one| quotient(*one.parts.first()?)).collect()
    };
    let (mut own, mut low) = (values(trial)?, values(lowest)?);
    // An exact trial is the same in each replication.
    let number = own.len().max(low.len());
    own.resize(number, *own.first()?);
    low.resize(number, *low.first()?);
    let pairs: Vec<Part> =
        own.iter().zip(&low).map(|(own, low)| Part { numerator: own - low, denominator: 1.0 }).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / number as f64;
    let (value, least) = (mean(&own) - mean(&low), LEAST_DIFFERENCE * mean(&low).abs());
    let exact = trial.is_exact() && lowest.is_exact();
    let half_width = if exact { None } else { half_width(&pairs, level) };
    let known = match half_width.or(exact.then_some(0.0)) {
        Some(half) if value > half && value >= least && value > 0.0 => Known::Real,
        Some(half) if value + half <= least => Known::Negligible,
        _ => Known::Open,
    };
    Some(Difference { value, half_width, known })
}

fn quotient(part: Part) -> Option<f64> {
    (part.denominator > 0.0).then(|| part.numerator / part.denominator)
}
