//! The stages of the jobs of a scenario, as progress counted in workers.

use std::cell::RefCell;

use cli::reporter::{Progress, Reporter, Unit};

/// A stage of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::executor) enum Stage {
    Uploading,
    Simulating,
    Collecting,
    Done,
}

/// Shows the first stage that a worker is still in, and how many workers have passed it. Workers that share slots are in all
/// stages at once: then it shows how many are done.
pub(super) struct Stages<'a> {
    /// None: nothing is shown.
    reporter: Option<&'a dyn Reporter>,
    inner: RefCell<Inner>,
}

struct Inner {
    /// The stage of each worker. An attempt that is repeated does not take it back.
    workers: Vec<Stage>,
    first: Stage,
    shown: Option<(Stage, Box<dyn Progress>)>,
}

impl Stage {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Uploading, "uploading shards"), (Self::Simulating, "simulating"), (Self::Collecting, "collecting")];
}

impl<'a> Stages<'a> {
    /// The stages of `workers` workers on `slots` slots.
    pub(super) fn new(reporter: Option<&'a dyn Reporter>, workers: u32, slots: usize) -> Self {
        let first = if workers as usize > slots { Stage::Simulating } else { Stage::Uploading };
        let inner = Inner { workers: vec![Stage::Uploading; workers as usize], first, shown: None };
        let stages = Self { reporter, inner: RefCell::new(inner) };
        stages.reached(1, Stage::Uploading);
        stages
    }

    /// Worker `worker` has reached `stage`.
    pub(super) fn reached(&self, worker: u32, stage: Stage) {
        let Some(reporter) = self.reporter else { return };
        let Inner { workers, first, shown } = &mut *self.inner.borrow_mut();
        let place = worker as usize - 1;
        workers[place] = workers[place].max(stage);
        let in_turns = *first == Stage::Simulating;
        let passed = |stage: Stage| {
            let passed = if in_turns { Stage::Collecting } else { stage };
            workers.iter().filter(|reached| **reached > passed).count()
        };
        let (stages, all) = (Stage::ALL.iter().filter(|(stage, _)| stage >= first), workers.len());
        let Some((stage, name)) = stages.clone().find(|(stage, _)| passed(*stage) < all) else {
            *shown = None;
            return;
        };
        if shown.as_ref().is_none_or(|(shown, _)| shown != stage) {
            // The old line goes before the new one comes.
            *shown = None;
            *shown = Some((*stage, reporter.begin(name, Unit::Workers, Some(all as u64))));
        }
        if let Some((_, progress)) = shown {
            progress.reached(passed(*stage) as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::reporter::Recording;

    #[test]
    fn each_stage_is_shown_until_all_workers_have_passed_it() {
        let reporter = Recording::default();
        let stages = Stages::new(Some(&reporter), 2, 2);
        stages.reached(1, Stage::Simulating);
        stages.reached(1, Stage::Done);
        assert_eq!(reporter.works(), ["uploading shards"]);
        stages.reached(2, Stage::Simulating);
        // A further attempt.
        stages.reached(2, Stage::Uploading);
        assert_eq!(reporter.works(), ["uploading shards", "simulating"]);
        stages.reached(2, Stage::Collecting);
        stages.reached(2, Stage::Done);
        assert_eq!(reporter.works(), ["uploading shards", "simulating", "collecting"]);
    }

    #[test]
    fn workers_in_turns_are_shown_as_simulating() {
        let reporter = Recording::default();
        let stages = Stages::new(Some(&reporter), 3, 2);
        for worker in 1..=3 {
            [Stage::Simulating, Stage::Collecting, Stage::Done]
                .into_iter()
                .for_each(|stage| stages.reached(worker, stage));
        }
        assert_eq!(reporter.works(), ["simulating"]);
    }
}
