//! What tests of decisions (`plans`, `comparisons`) share: scenarios from settings, and all cores.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cli::program;
use cli::settings::of_flags;
use run::executor::{Executor as _, Local};
use run::scenario::Scenario;
use run::settings::PartitionSettings;
use run::setup::{self, Balancing};
use run::source::Source;
use sandbox::Module;
use trace::reader::ReadFlags;

use crate::support::sim_wasm;

/// The mean service time, that of the shipped settings \[ns\].
pub(super) const SERVICE_NS: u64 = 10_000_000;

/// Settings, and the executor of a thread, which compiles the module once.
pub(super) struct Bench {
    pub(super) executor: Local,
    module: Module,
}

impl Bench {
    fn new(module: Module) -> Self {
        Self { executor: Local::new(program::end), module }
    }

    /// The scenario that `settings` describe, with this number of workers and a warm-up until `warm_up_ns`.
    pub(super) fn scenario(&self, settings: &PartitionSettings, workers: u32, warm_up_ns: u64) -> Scenario {
        let no_flags: [&str; 0] = [];
        let balancing = Balancing::of_workers(settings, workers).unwrap();
        let mut scenario = balancing.scenario("", self.module.clone(), &of_flags(no_flags).unwrap(), false);
        scenario.set_capabilities(self.executor.preflight(&scenario).unwrap());
        scenario.set_warm_up(warm_up_ns);
        scenario
    }
}

/// The settings that `flags` give, separated by blanks.
pub(super) fn settings(flags: &str) -> PartitionSettings {
    of_flags(flags.split(' ')).unwrap()
}

/// The trace that `settings` describe.
pub(super) fn source(settings: &PartitionSettings) -> Source {
    setup::source(settings, &ReadFlags::default(), &Balancing::of_workers(settings, 1).unwrap()).unwrap()
}

/// The results of `each` for 0 to `number`, in this order, on all cores.
pub(super) fn on_all_cores<T: Send>(number: u32, each: impl Fn(&Bench, u32) -> T + Sync) -> Vec<T> {
    let module = Module::new(&fs::read(sim_wasm()).unwrap());
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let bench = Bench::new(module.clone());
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed) as u32;
                    if place >= number {
                        break;
                    }
                    let result = each(&bench, place);
                    results.lock().unwrap().insert(place, result);
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}
