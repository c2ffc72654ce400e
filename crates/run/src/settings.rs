//! The settings of a run, by what reads them.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use cli::settings::{Rule, SeedSettings, Setting, count, duration, optional, text};
use failure::Failure;
use generator::GeneratorSettings;
use measure::PerWorker;
use policy::{POLICIES, PolicyForm, PolicySpec};
use sandbox::{ModelSettings, of_worker, per_worker};
use sim_wasm::Speed;

use crate::executor::ExecutorSettings;

/// All settings.
#[derive(Debug, Clone, clap::Args)]
pub struct RunSettings {
    /// Which requests each worker gets.
    #[command(flatten)]
    pub partition: PartitionSettings,
    /// The simulator.
    #[command(flatten)]
    pub module: ModuleSettings,
    /// Its arguments.
    #[command(flatten)]
    pub arguments: ArgumentSettings,
    /// Where the workers run.
    #[command(flatten)]
    pub executor: ExecutorSettings,
}

/// The trace, the balancing, and the model of workers that policies see.
#[derive(Debug, Clone, clap::Args)]
pub struct PartitionSettings {
    /// A generated trace.
    #[command(flatten)]
    pub generator: GeneratorSettings,
    /// What each worker is.
    #[command(flatten)]
    pub model: ModelSettings,
    /// How fast each worker is.
    #[command(flatten)]
    pub speeds: SpeedSettings,
    /// What weighted policies use.
    #[command(flatten)]
    pub weights: WeightSettings,
    /// The policy.
    #[command(flatten)]
    pub balancer: BalancerSettings,
    /// How many workers there are.
    #[command(flatten)]
    pub workers: WorkerSettings,
    /// The seed of the generated trace, of sampled service times and of random policies.
    #[command(flatten)]
    pub seed: SeedSettings,
    /// A recorded trace.
    #[command(flatten)]
    pub trace: TraceSettings,
}

/// SPEEDS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Each worker")]
pub struct SpeedSettings {
    /// Speed of a worker: each demand is divided by it; a list such as 1,1,1/2 gives each worker its own.
    #[arg(long, env, default_value = "1", value_parser = per_worker(fraction()))]
    pub speeds: Setting<PerWorker<Speed>>,
}

impl SpeedSettings {
    /// The speed of worker number `worker` of `workers`.
    ///
    /// # Errors
    /// If SPEEDS breaks its rule, or is a list of another length.
    pub fn of_worker(&self, worker: u32, workers: u32) -> Result<Speed, Failure> {
        of_worker(&self.speeds, &self.speeds.get()?, worker, workers)
    }
}

/// WEIGHTS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Each worker")]
pub struct WeightSettings {
    /// Weight of a worker, for the policies that use weights; empty = SPEEDS.
    #[arg(long, env, default_value = "", value_parser = optional(per_worker(fraction())))]
    pub weights: Setting<Option<PerWorker<Speed>>>,
}

impl WeightSettings {
    /// The weight of worker number `worker` of `workers`; None if WEIGHTS is empty.
    ///
    /// # Errors
    /// If WEIGHTS breaks its rule, or is a list of another length.
    pub(crate) fn of_worker(&self, worker: u32, workers: u32) -> Result<Option<Speed>, Failure> {
        let weights = self.weights.get()?;
        weights.map(|weights| of_worker(&self.weights, &weights, worker, workers)).transpose()
    }
}

/// A positive fraction.
fn fraction() -> Rule<Speed> {
    Rule::new("a positive number such as 2, 0.5 or 1/3, a fraction of two integers up to 1000000", Speed::parse)
}

/// BALANCER.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct BalancerSettings {
    /// Load-balancing policy: which worker gets a request.
    #[arg(long, env, default_value = "RR", value_parser = policies())]
    pub balancer: Setting<PolicySpec>,
}

/// Upper limit of the workers of a run: each is a thread with its own memory, and systems map at most some ten thousand
/// of those.
pub const WORKERS: u64 = 4096;

/// WORKERS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct WorkerSettings {
    /// Number of workers.
    #[arg(long, env, default_value = "4", value_parser = count(1..=WORKERS).map(|workers| workers as u32))]
    pub workers: Setting<u32>,
}

/// TRACE.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct TraceSettings {
    /// A recorded trace to use instead of a generated one: a file, or - for stdin.
    ///
    /// The flag may be given several times: the traces are merged by arrival.
    #[arg(long, env, default_value = "", value_parser = optional(text("a trace")), value_hint = clap::ValueHint::FilePath)]
    pub trace: Vec<Setting<Option<String>>>,
}

impl TraceSettings {
    /// The files of the recorded trace, in the order of the flags; none for a generated one.
    ///
    /// # Errors
    /// If one of several flags is empty.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        let path = |setting: &Setting<Option<String>>| match setting.get()? {
            None if self.trace.len() > 1 => Err(setting.refuse("must name a trace, as one of several")),
            path => Ok(path.map(PathBuf::from)),
        };
        self.trace.iter().filter_map(|setting| path(setting).transpose()).collect()
    }
}

/// MODULE.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct ModuleSettings {
    /// The simulator, a WebAssembly module.
    ///
    /// If sim.wasm is not in the current directory, it is the one beside the program, or the installed one.
    #[arg(long, env, default_value = "sim.wasm", value_parser = text("a module"), value_hint = clap::ValueHint::FilePath)]
    pub module: Setting<String>,
}

/// SIM_ARGS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct ArgumentSettings {
    /// Arguments for the simulator, separated by blanks.
    #[arg(long, env, default_value = "", value_parser = optional(text("arguments")))]
    pub sim_args: Setting<Option<String>>,
}

fn policies() -> Rule<PolicySpec> {
    let option = |PolicyForm { form, alias, summary, .. }: PolicyForm| match alias {
        Some(alias) => PossibleValue::new(form).alias(alias).help(format!("{summary} (alias {alias})")),
        None => PossibleValue::new(form).help(summary),
    };
    let cut_off = duration(1);
    Rule::of(move |text| PolicySpec::parse(text, &|text| cut_off.parse(text))).listing(POLICIES.map(option))
}

#[cfg(test)]
#[path = "settings_documents.rs"]
mod documents;

#[cfg(test)]
mod tests {
    use super::*;
    use cli::settings::of_flags;

    #[test]
    fn a_trace_has_one_file_or_several() {
        let paths = |flags: &[&str]| {
            let paths = of_flags::<TraceSettings>(flags.to_vec()).unwrap().paths();
            paths.map_err(|error| error.to_string())
        };
        let files = |names: &[&str]| Ok(names.iter().map(PathBuf::from).collect());
        assert_eq!(paths(&[]), files(&[]));
        assert_eq!(paths(&["--trace="]), files(&[]));
        assert_eq!(paths(&["--trace", "a b.csv"]), files(&["a b.csv"]));
        assert_eq!(paths(&["--trace", "b", "--trace", "-"]), files(&["b", "-"]));
        let rule = "flag: TRACE= must name a trace, as one of several";
        assert_eq!(paths(&["--trace", "b", "--trace="]), Err(rule.to_owned()));
    }
}
