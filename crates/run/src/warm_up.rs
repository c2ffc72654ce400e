//! `--warmup`: the start of a run that is not measured.

use std::str::FromStr;

use cli::reporter::Reporter;
use cli::settings::duration;
use failure::Failure;
use measure::Windows;
use measure::run_report::measured;

use crate::executor::{Executor, Files};
use crate::notes;
use crate::plan::{Execution, Plan};

/// What `--warmup` asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WarmUp {
    /// Everything is measured.
    #[default]
    None,
    /// A first pass finds its end.
    Auto,
    /// It ends at this time \[ns\].
    Until(u64),
}

impl FromStr for WarmUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(WarmUp::None),
            "auto" => Ok(WarmUp::Auto),
            time => match duration(1).parse(time) {
                Ok(ns) => Ok(WarmUp::Until(ns)),
                Err(rule) => Err(format!("it is none, auto or a time, which {rule}")),
            },
        }
    }
}

impl WarmUp {
    /// Sets the end of the warm-up of the scenarios of `plan`, one, which the first pass over the whole trace finds if it is
    /// automatic. Returns that end \[ns\]; 0 if there is none.
    ///
    /// # Errors
    /// [`Failure::Usage`] with DELAY, or if the trace can be read only once and must be read twice; as
    /// [`Plan::execute_one`].
    pub fn apply(self, plan: &mut Plan, executor: &dyn Executor, reporter: &dyn Reporter) -> anyhow::Result<u64> {
        if self == WarmUp::None {
            return Ok(0);
        }
        let delay = plan.scenarios()[0].first().model.delay;
        if delay > 0 {
            return Err(Failure::usage(format!(
                "--warmup with DELAY={delay}: DELAY ends the simulation at a service start, which the warm-up would move: leave \
                 one of them out"
            ))
            .into());
        }
        let end_ns = match self {
            WarmUp::None => 0,
            WarmUp::Until(ns) => ns,
            WarmUp::Auto => find(plan, executor, reporter)?,
        };
        plan.set_warm_up(end_ns);
        Ok(end_ns)
    }

    /// The note on a warm-up that ended at `end_ns` in `executions`.
    pub fn note(self, end_ns: u64, executions: &[Execution]) -> Option<String> {
        if self == WarmUp::None {
            return None;
        }
        if end_ns == 0 {
            return Some(
                "--warmup auto found no warm-up, so everything is measured: the run is stationary from its start, it does not \
                 become stationary in its first half, or it is too short"
                    .to_owned(),
            );
        }
        let found = if self == WarmUp::Auto { ", as --warmup auto found" } else { "" };
        let workers = || executions.iter().flat_map(|execution| measured(&execution.outcomes));
        let counts = || workers().map(|worker| worker.tally.counts);
        let (before, all): (u64, u64) = (counts().map(|c| c.warm_up).sum(), counts().map(|c| c.offered).sum());
        let end = notes::duration(end_ns);
        Some(if before == all {
            format!("the warm-up ends at {end}: all {all} requests arrived before, so that nothing is measured")
        } else {
            format!("the warm-up ends at {end}{found}: the {before} requests that arrived before are not measured")
        })
    }
}

/// The end of the warm-up \[ns\] that a pass over the whole trace finds; 0 if it finds none.
fn find(plan: &Plan, executor: &dyn Executor, reporter: &dyn Reporter) -> anyhow::Result<u64> {
    let source = plan.source();
    if !source.is_repeatable() {
        return Err(Failure::usage(format!(
            "--warmup auto reads the trace twice, and {} can be read only once: write it to a file, or give the time",
            source.trace()
        ))
        .into());
    }
    reporter.note("--warmup auto: a first pass finds the end of the warm-up");
    let mut first = Plan::new(source.again()?, plan.scenarios().to_vec());
    let execution = first.execute_one(executor, Files::default(), reporter)?;
    let mut windows: Option<Windows> = None;
    let mut end_ns = 0;
    for worker in measured(&execution.outcomes) {
        end_ns = worker.tally.end_ns.max(end_ns);
        match &mut windows {
            None => windows = Some(worker.windows.clone()),
            Some(all) => all.add(&worker.windows),
        }
    }
    Ok(windows.and_then(|windows| windows.warm_up(end_ns)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_is_none_automatic_or_a_time() {
        let parsed = ["none", "auto", "30s", "5ms"].map(|text| text.parse::<WarmUp>().unwrap());
        assert_eq!(parsed, [WarmUp::None, WarmUp::Auto, WarmUp::Until(30_000_000_000), WarmUp::Until(5_000_000)]);
        for text in ["", "Auto", "-1s", "0s", "x"] {
            assert!(text.parse::<WarmUp>().unwrap_err().starts_with("it is none, auto or a time, which "), "{text}");
        }
    }
}
