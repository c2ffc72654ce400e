//! The measurements of each class, of all workers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::measurement::{CLASSES, WINDOWS_OF_CLASS};
use crate::{Course, Figures, Measured, Tally, Windows};

/// The requests of one class, of all workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClassRow {
    /// The class.
    pub class: u16,
    /// Its figures. The utilization is the share of all server time that it received.
    #[serde(flatten)]
    pub figures: Figures,
}

/// By class, of each of `replications`, the measurements of each worker. None of a run whose requests all have class 0, or that
/// has too many classes.
pub(crate) fn of(replications: &[Vec<&Measured>]) -> BTreeMap<u16, Vec<Vec<Course>>> {
    let workers = || replications.iter().flatten();
    if workers().any(|measured| measured.classes.is_none()) {
        return BTreeMap::new();
    }
    let above_0 = workers().flat_map(|measured| measured.classes.iter().flatten().map(|(&class, _)| class));
    let mut classes: BTreeSet<u16> = above_0.collect();
    if classes.is_empty() {
        return BTreeMap::new();
    }
    // A worker without classes above 0 does not measure class 0 separately.
    if workers().any(|measured| measured.classes.iter().all(BTreeMap::is_empty) && measured.tally.counts.offered > 0) {
        classes.insert(0);
    }
    if classes.len() > CLASSES {
        return BTreeMap::new();
    }
    let of_class =
        |class| replications.iter().map(|workers| workers.iter().map(|one| course(one, class)).collect()).collect();
    classes.iter().map(|&class| (class, of_class(class))).collect()
}

/// The requests of `class` of a worker.
fn course(measured: &Measured, class: u16) -> Course {
    let classes = measured.classes.iter().flatten().next();
    match measured.classes.as_ref().and_then(|classes| classes.get(&class)) {
        Some(course) => course.clone(),
        None if class == 0 && classes.is_none() => {
            Course { tally: measured.tally.clone(), windows: measured.windows.with_limit(WINDOWS_OF_CLASS) }
        }
        None => {
            let Tally { from_ns, end_ns, .. } = measured.tally;
            Course { tally: Tally { from_ns, end_ns, ..Tally::default() }, windows: Windows::new(WINDOWS_OF_CLASS) }
        }
    }
}
