//! `middleware compare`: which of several settings is the best, and whether that is sure.

mod vary;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use failure::Failure;
use measure::Metric;
use measure::comparison::{Comparison, Varied};
use measure::metric::METRICS;
use run::executor::{self, Executor};
use run::notes;
use run::run_file::RunFile;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::source::Source;
use run::study::comparison::compare as compare_trials;
use run::study::comparison_report::{About, report};
use run::study::{Study, Trial, TrialFailure};
use sandbox::Module;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

use super::study::StudyFlags;
use vary::{Combination, Vary, combinations, named, traces_of};

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

/// Makes the comparison.
///
/// # Errors
/// If it can't be made. The failure of a combination comes last, after the report.
pub(crate) fn compare(flags: &CompareFlags, sources: &Sources) -> anyhow::Result<()> {
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let mut prepared = Prepared::new(flags, sources, &reporter)?;
    let module = prepared.inputs.first().cloned().unwrap_or_default();
    let run_file = RunFile::new(&module, prepared.executor.name(), sources, prepared.executor.remembered());
    let inputs: Vec<_> = prepared.inputs.iter().map(PathBuf::as_path).map(Some).chain([sources.file()]).collect();
    let outputs = flags.study.open(run_file, &inputs, &*reporter)?;
    let report = prepared.compute(flags, &*reporter, &mut |report| outputs.keep_so_far(report))?;
    outputs.finish(&report, &*prepared.executor, &*reporter, report::comparison::text)?;
    let none_is_left = prepared.trials.iter().all(|trial| trial.failure.is_some());
    let failed = prepared.trials.into_iter().zip(&prepared.combinations);
    let failed = failed.filter_map(|(trial, combination)| match trial.failure? {
        TrialFailure::Other(error) => Some(error.context(named(&combination.values))),
        TrialFailure::Overloaded(failure) => {
            none_is_left.then(|| anyhow::Error::from(failure).context(named(&combination.values)))
        }
    });
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// The report of the comparison that `flags` describe, which leaves no file and prints only notes and progress.
///
/// # Errors
/// If it can't be made; the failure of a combination is in it.
pub(super) fn report_alone(
    flags: &CompareFlags,
    sources: &Sources,
    reporter: &Arc<dyn Reporter>,
) -> anyhow::Result<Comparison> {
    Prepared::new(flags, sources, reporter)?.compute(flags, &**reporter, &mut |_| Ok(()))
}

/// A comparison whose settings are checked, and whose modules have run on an empty shard; no request is read.
struct Prepared {
    executor: Box<dyn Executor>,
    /// Every file that it reads, aside from the settings file; the first one is a module.
    inputs: Vec<PathBuf>,
    combinations: Vec<Combination>,
    /// One for each combination.
    trials: Vec<Trial>,
    /// The traces, until they are read.
    traces: Vec<Source>,
}

impl Prepared {
    fn new(flags: &CompareFlags, sources: &Sources, reporter: &Arc<dyn Reporter>) -> anyhow::Result<Self> {
        let combinations = combinations(&flags.vary, sources)?;
        let balancings = combinations.iter().map(|one| Balancing::from_settings(&one.settings.partition));
        let balancings = balancings.collect::<Result<Vec<_>, _>>()?;
        let most = balancings.iter().map(|balancing| balancing.workers.len()).max().unwrap_or(1);
        let executor = executor::choose_for_many(&flags.settings.executor, most, reporter, program::end)?;
        let warm_up_ns = flags.study.warm_up_ns()?;
        let (mut trials, mut inputs, mut modules) = (Vec::new(), Vec::new(), BTreeMap::<PathBuf, Module>::new());
        for (Combination { settings, values, .. }, balancing) in combinations.iter().zip(&balancings) {
            let path = setup::module_path(&settings.module)?;
            if !modules.contains_key(&path) {
                let module = Module::read(&path)?;
                reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
                modules.insert(path.clone(), module);
                inputs.push(path.clone());
            }
            let arguments = settings.arguments.sim_args.get()?.unwrap_or_default();
            let mut scenario = balancing.scenario(&arguments, modules[&path].clone(), &flags.limits, false);
            let capabilities =
                executor.preflight(&scenario).with_context(|| format!("{} ({})", named(values), path.display()))?;
            scenario.set_capabilities(capabilities);
            if warm_up_ns > 0 && scenario.first().model.delay > 0 {
                let rule = "--warmup with DELAY: DELAY ends the simulation at a service start, which the warm-up would move: leave one of \
                            them out";
                return Err(Failure::usage(rule).into());
            }
            scenario.set_warm_up(warm_up_ns);
            trials.push(Trial::new(scenario));
        }
        let (numbers, mut traces) = (traces_of(&flags.vary, &combinations), Vec::new());
        for ((combination, balancing), (trial, number)) in
            combinations.iter().zip(&balancings).zip(trials.iter_mut().zip(numbers))
        {
            let settings = &combination.settings.partition;
            trial.source = number;
            if number == traces.len() {
                let source = setup::source(settings, &flags.read, balancing)?;
                inputs.extend(setup::inputs(settings, &source, &inputs[0].clone())?);
                traces.push(source);
            }
            setup::check_blocks(settings, &balancing.policy, &traces[number])?;
        }
        Ok(Self { executor, inputs, combinations, trials, traces })
    }

    /// The report. What is known so far is passed to `keep`.
    fn compute(
        &mut self,
        flags: &CompareFlags,
        reporter: &dyn Reporter,
        keep: &mut dyn FnMut(&Comparison) -> anyhow::Result<()>,
    ) -> anyhow::Result<Comparison> {
        let Self { executor, combinations, trials, traces, .. } = self;
        let groups: Vec<usize> = combinations.iter().map(|combination| combination.group).collect();
        let members = |group: usize| (0..groups.len()).filter(|&place| groups[place] == group).collect();
        let of_groups: Vec<Vec<usize>> = (0..=groups.iter().copied().max().unwrap_or(0)).map(members).collect();
        let warm_up_ns = flags.study.warm_up_ns()?;
        let varied = |vary: &Vary| Varied { setting: vary.key.clone(), values: vary.values.clone() };
        let about = About {
            vary: flags.vary.iter().map(varied).collect(),
            values: combinations.iter().map(|combination| combination.values.clone()).collect(),
            groups,
            metric: flags.metric,
            percentiles: flags.study.percentiles.as_slice(),
            notes: (warm_up_ns > 0).then(|| notes::of_warm_up(warm_up_ns)).into_iter().collect(),
        };
        let (traces, most) = (std::mem::take(traces), flags.study.max_replications);
        let mut study = Study::new(traces, vec![flags.metric], most, &**executor, reporter);
        let compared = compare_trials(&mut study, trials, &of_groups, &mut |study, trials, compared| {
            keep(&report(study, trials, compared, &about, true))
        })?;
        Ok(report(&study, trials, &compared, &about, false))
    }
}
