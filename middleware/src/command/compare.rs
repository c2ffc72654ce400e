//! `middleware compare`: which of several settings is the best, and whether that is sure.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context as _;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use failure::{Failure, printable};
use measure::Metric;
use measure::comparison::Varied;
use measure::metric::METRICS;
use run::executor;
use run::notes;
use run::run_file::RunFile;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::study::comparison::compare as compare_trials;
use run::study::comparison_report::{About, report};
use run::study::{Study, Trial, TrialFailure};
use sandbox::Module;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

use super::study::StudyFlags;

/// Upper limit of combinations.
const MOST: usize = 1000;

/// The settings that leave the trace and its demands as they are: combinations of their values share one reading.
const BESIDE_TRACE: [&str; 11] = [
    "BALANCER",
    "CAPACITY",
    "DELAY",
    "DISCIPLINE",
    "MODULE",
    "PATIENCE",
    "SERVERS",
    "SIM_ARGS",
    "SPEEDS",
    "WEIGHTS",
    "WORKERS",
];

/// What `middleware compare` takes.
#[derive(Debug, clap::Args)]
pub struct CompareFlags {
    /// A setting and its values, such as BALANCER=RR,TC,JSQ; the flag may be given several times
    ///
    /// Values that contain commas are separated by semicolons. Every combination of values is run. The values of the first setting are
    /// compared with each other, for each combination of the others.
    #[arg(long, value_name = "KEY=A,B,…", required = true)]
    vary: Vec<Vary>,
    /// The figure that is compared: [mean|pNN|max] response|delay, utilization, waited, rejected, abandoned, number in queue, number in
    /// system
    #[arg(long, default_value = "mean delay", value_parser = metric)]
    metric: Metric,
    #[command(flatten)]
    study: StudyFlags,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    settings: RunSettings,
}

fn metric(text: &str) -> Result<Metric, String> {
    Metric::of_words(&text.split_whitespace().collect::<Vec<_>>()).ok_or_else(|| format!("it is none of {METRICS}"))
}

/// `KEY=A,B` or `KEY=A;B`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vary {
    key: String,
    values: Vec<String>,
}

impl FromStr for Vary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, values) = text.split_once('=').ok_or("it is not KEY=A,B,…")?;
        let separator = if values.contains(';') { ';' } else { ',' };
        let values: Vec<String> = values.split(separator).map(|value| value.trim().to_owned()).collect();
        if let Some(twice) = (1..values.len()).find(|&place| values[..place].contains(&values[place])) {
            let value = printable(values[twice].as_bytes(), 40);
            return Err(format!(
                "the value \"{value}\" is given twice (values with commas are separated by semicolons)"
            ));
        }
        Ok(Self { key: key.trim().to_ascii_uppercase().replace('-', "_"), values })
    }
}

/// One combination of values, and what it runs.
struct Combination {
    values: BTreeMap<String, String>,
    settings: RunSettings,
    group: usize,
}

/// Makes the comparison.
///
/// # Errors
/// If it can't be made. The failure of a combination comes last, after the report.
pub(crate) fn compare(flags: &CompareFlags, sources: &Sources) -> anyhow::Result<()> {
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let combinations = combinations(&flags.vary, sources)?;
    let executor_settings = &flags.settings.executor;
    let mut most = 1;
    for combination in &combinations {
        most = most.max(combination.settings.partition.workers.workers.get()?);
    }
    let executor = executor::choose(executor_settings, most as usize, &reporter, program::end)?;
    let warm_up_ns = flags.study.warm_up_ns()?;

    let (mut trials, mut inputs, mut modules) = (Vec::new(), Vec::new(), BTreeMap::<PathBuf, Module>::new());
    for Combination { settings, values, .. } in &combinations {
        let balancing = Balancing::from_settings(&settings.partition)?;
        let path = setup::module_path(&settings.module)?;
        let module = match modules.get(&path) {
            Some(module) => module.clone(),
            None => {
                let module = Module::read(&path)?;
                reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
                modules.insert(path.clone(), module.clone());
                module
            }
        };
        let arguments = settings.arguments.sim_args.get()?.unwrap_or_default();
        let mut scenario = balancing.scenario(&arguments, module, &flags.limits, false);
        let capabilities =
            executor.preflight(&scenario).with_context(|| format!("{} ({})", named(values), path.display()))?;
        scenario.set_capabilities(capabilities);
        if warm_up_ns > 0 && scenario.first().model.delay > 0 {
            return Err(Failure::usage(
                "--warmup with DELAY: DELAY ends the simulation at a service start, which the warm-up would move",
            )
            .into());
        }
        scenario.set_warm_up(warm_up_ns);
        trials.push(Trial::new(scenario));
        inputs.push(path);
    }
    let (sources_of_trials, mut opened) = (sources_of(&flags.vary, &combinations), Vec::new());
    for (place, (combination, trial)) in combinations.iter().zip(&mut trials).enumerate() {
        let settings = &combination.settings.partition;
        let balancing = Balancing::from_settings(settings)?;
        trial.source = sources_of_trials[place];
        if trial.source == opened.len() {
            let source = setup::source(settings, &flags.read, &balancing)?;
            inputs.extend(setup::inputs(settings, &source, &inputs[place].clone())?);
            opened.push(source);
        }
        setup::check_blocks(settings, &balancing.policy, &opened[trial.source])?;
    }
    let module = inputs.first().cloned().unwrap_or_default();
    let run_file = RunFile::new(&module, executor.name(), sources, executor.remembered());
    let inputs: Vec<_> = inputs.iter().map(|path| Some(path.as_path())).chain([sources.file()]).collect();
    let outputs = flags.study.open(run_file, &inputs, &*reporter)?;

    let groups = combinations.iter().map(|combination| combination.group).collect::<Vec<_>>();
    let members = |group: usize| (0..groups.len()).filter(|&place| groups[place] == group).collect();
    let of_groups: Vec<Vec<usize>> = (0..=groups.iter().copied().max().unwrap_or(0)).map(members).collect();
    let about = About {
        vary: flags.vary.iter().map(|vary| Varied { setting: vary.key.clone(), values: vary.values.clone() }).collect(),
        values: combinations.iter().map(|combination| combination.values.clone()).collect(),
        groups,
        metric: flags.metric,
        percentiles: flags.study.percentiles.as_slice(),
        notes: (warm_up_ns > 0).then(|| notes::of_warm_up(warm_up_ns)).into_iter().collect(),
    };
    let mut study = Study::new(opened, vec![flags.metric], flags.study.max_replications, &*executor, &*reporter);
    let compared = compare_trials(&mut study, &mut trials, &of_groups, &mut |study, trials, compared| {
        outputs.keep_so_far(&report(study, trials, compared, &about, true))
    })?;
    let report = report(&study, &trials, &compared, &about, false);
    outputs.finish(&report, &*executor, &*reporter, report::comparison::text)?;
    let failed = trials.into_iter().zip(&about.values).find_map(|(trial, values)| match trial.failure {
        Some(TrialFailure::Other(error)) => Some(error.context(named(values))),
        _ => None,
    });
    failed.map_or(Ok(()), Err)
}

/// All combinations of the values of `vary`: the first setting varies fastest, and each combination of the others is a group.
///
/// # Errors
/// [`Failure::Usage`] if there are too few or too many, or a setting can't be varied.
fn combinations(vary: &[Vary], sources: &Sources) -> Result<Vec<Combination>, Failure> {
    let twice = (1..vary.len()).find(|&place| vary[..place].iter().any(|before| before.key == vary[place].key));
    if let Some(twice) = twice {
        return Err(Failure::usage(format!(
            "--vary {}: it is given twice: give all its values at once",
            vary[twice].key
        )));
    }
    let number = vary.iter().try_fold(1usize, |number, vary| number.checked_mul(vary.values.len()));
    let Some(number) = number.filter(|&number| number <= MOST) else {
        return Err(Failure::usage(format!(
            "--vary: more than {MOST} combinations: vary fewer settings, or give fewer values"
        )));
    };
    let combination = |number: usize| {
        let mut rest = number;
        let mut values = BTreeMap::new();
        for Vary { key, values: all } in vary {
            values.insert(key.clone(), all[rest % all.len()].clone());
            rest /= all.len();
        }
        if let Some(key) = values.keys().find(|key| is_of_executor(key)) {
            return Err(Failure::usage(format!(
                "--vary {key}: it is not a setting of the system, so it has no effect on results"
            )));
        }
        let settings = sources.settings::<RunSettings>(&values)?;
        Ok(Combination { values, settings, group: number / vary[0].values.len() })
    };
    (0..number).map(combination).collect()
}

/// Whether a setting is about where workers run.
fn is_of_executor(key: &str) -> bool {
    ["EXECUTOR", "SERVER_IP", "SERVER_PORT", "API_VERSION"].contains(&key)
}

/// The number of the trace of each combination: those share a trace whose settings of it are the same.
fn sources_of(vary: &[Vary], combinations: &[Combination]) -> Vec<usize> {
    let of_trace = |values: &BTreeMap<String, String>| -> Vec<String> {
        let keys = vary.iter().map(|vary| &vary.key).filter(|key| !BESIDE_TRACE.contains(&key.as_str()));
        keys.filter_map(|key| values.get(key).cloned()).collect()
    };
    let mut known: Vec<Vec<String>> = Vec::new();
    let mut number = |values: &BTreeMap<String, String>| {
        let own = of_trace(values);
        known.iter().position(|other| *other == own).unwrap_or_else(|| {
            known.push(own);
            known.len() - 1
        })
    };
    combinations.iter().map(|combination| number(&combination.values)).collect()
}

/// The values of a combination, as they were given.
fn named(values: &BTreeMap<String, String>) -> String {
    values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_separated_by_commas_or_by_semicolons() {
        let parsed = |text: &str| text.parse::<Vary>().map(|Vary { key, values }| (key, values.join("|")));
        let of = |key: &str, values: &str| Ok((key.to_owned(), values.to_owned()));
        assert_eq!(parsed("WORKERS=1,3, 5"), of("WORKERS", "1|3|5"));
        assert_eq!(parsed("speeds=1,1;1,0.5"), of("SPEEDS", "1,1|1,0.5"));
        assert_eq!(parsed("inter-arrival=1ms"), of("INTER_ARRIVAL", "1ms"));
        assert_eq!(parsed("SIM_ARGS=;a=b"), of("SIM_ARGS", "|a=b"));
        assert!(parsed("WORKERS").unwrap_err().contains("it is not KEY=A,B"));
        assert!(parsed("WORKERS=1,2,1").unwrap_err().contains("\"1\" is given twice"));
    }

    #[test]
    fn combinations_that_differ_beside_the_trace_share_it() {
        let vary = ["ST=1ms,2ms", "BALANCER=R,RR"].map(|text| text.parse::<Vary>().unwrap());
        let combinations = combinations(&vary, &Sources::default()).unwrap();
        let values: Vec<String> = combinations.iter().map(|one| named(&one.values)).collect();
        assert_eq!(values, ["BALANCER=R ST=1ms", "BALANCER=R ST=2ms", "BALANCER=RR ST=1ms", "BALANCER=RR ST=2ms"]);
        assert_eq!(combinations.iter().map(|one| one.group).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(sources_of(&vary, &combinations), [0, 1, 0, 1]);
    }
}
