//! Measures one worker: its tally, its windows, and both again for each class of requests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::windows::Windows;
use crate::{Counted, Criterion, Selection, Tally, WindowRecorder};

/// Upper limit of the classes that are measured separately.
pub(crate) const CLASSES: usize = 64;

/// Upper limit of the windows of a class.
pub(crate) const WINDOWS_OF_CLASS: usize = 64;

/// The integers of one worker or class: the sums of its run, and what happened when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The sums of the run.
    pub tally: Tally,
    /// The windows.
    pub windows: Windows,
}

/// Measures one worker.
#[derive(Debug)]
pub struct Measurement {
    /// Of all requests.
    pub all: Meter,
    /// Of each class; None as long as all requests have class 0, or if there are more than [`CLASSES`].
    classes: Option<BTreeMap<u16, Meter>>,
    windows_of_class: usize,
    too_many: bool,
    /// What is counted for each objective.
    counters: Vec<(Criterion, Counted)>,
}

/// What distinguishes a request from others of its worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kind {
    /// Its class.
    pub class: u16,
    /// One bit for each criterion that selects classes or clients: whether it selects this request.
    selected: u16,
}

/// Measures the requests of a worker, or of one class.
#[derive(Debug)]
pub struct Meter {
    /// The sums.
    pub tally: Tally,
    /// The windows.
    pub windows: WindowRecorder,
    /// Σ arrivals of the requests that are in service when the simulation ends.
    in_service_arrivals: u128,
}

/// A request at the end of its life, as far as it is measured.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// Its service was completed.
    Completed {
        /// When service began.
        start: u64,
        /// When it left.
        finish: u64,
        /// Server time.
        service: u64,
    },
    /// It left during its service.
    AbandonedInService {
        /// When service began.
        start: u64,
        /// When it left.
        finish: u64,
        /// Server time.
        service: u64,
    },
    /// It left unserved: on arrival, or later.
    Unserved {
        /// When it left.
        finish: u64,
    },
    /// It is in service when the simulation ends.
    InService {
        /// When service began.
        start: u64,
        /// Server time so far.
        service: u64,
    },
}

impl Measurement {
    /// Of a worker of `workers`; requests that arrive before `from_ns` are the warm-up.
    pub fn new(workers: u32, from_ns: u64) -> Self {
        let all = Meter::new(crate::windows::limit(workers), from_ns);
        Self { all, classes: None, windows_of_class: WINDOWS_OF_CLASS, too_many: false, counters: Vec::new() }
    }

    /// Without windows: one has the whole run, which is faster where only its sums are needed.
    #[must_use]
    pub fn in_one_window(self) -> Self {
        Self { all: Meter::new(1, self.all.tally.from_ns), windows_of_class: 1, ..self }
    }

    /// Which also counts the requests of `criteria`, of at most [`crate::criterion::SELECTIONS`] selections.
    #[must_use]
    pub fn counting(self, criteria: &[Criterion]) -> Self {
        let counter = |criterion: &Criterion| (criterion.clone(), Counted::of(criterion));
        Self { counters: criteria.iter().map(counter).collect(), ..self }
    }

    /// Whether requests are counted for objectives.
    #[inline]
    pub fn has_counters(&self) -> bool {
        !self.counters.is_empty()
    }

    /// Whether the kinds of requests matter: a class or a client is counted for an objective.
    #[inline]
    pub fn has_selections(&self) -> bool {
        self.counters.iter().any(|(criterion, _)| criterion.selection != Selection::All)
    }

    /// The kind of a request of `class` and `client`.
    pub fn kind(&self, class: u16, client: u32) -> Kind {
        let selected = |(place, (criterion, _)): (u32, &(Criterion, Counted))| {
            u16::from(criterion.selection.has(class, client)).checked_shl(place).unwrap_or(0)
        };
        Kind { class, selected: (0..).zip(&self.counters).map(selected).fold(0, |all, bit| all | bit) }
    }

    /// Whether classes are measured separately.
    #[inline]
    pub fn has_classes(&self) -> bool {
        self.classes.is_some()
    }

    /// A class above 0 is to be offered: from now on, classes are measured separately. All requests before had class 0.
    pub fn separate_classes(&mut self) {
        if self.classes.is_none() && !self.too_many {
            let Meter { tally, windows, in_service_arrivals } = &self.all;
            let (tally, windows) = (tally.clone(), windows.with_limit(self.windows_of_class));
            let before = Meter { tally, windows, in_service_arrivals: *in_service_arrivals };
            self.classes =
                Some(Some((0, before)).filter(|(_, before)| before.tally.counts.offered > 0).into_iter().collect());
        }
    }

    /// Counts a request of `class` with `demand` as offered, if classes are measured separately.
    pub fn offer_to_class(&mut self, class: u16, demand: u64) {
        let (from_ns, windows) = (self.all.tally.from_ns, self.windows_of_class);
        let Some(classes) = &mut self.classes else { return };
        if classes.len() == CLASSES && !classes.contains_key(&class) {
            (self.classes, self.too_many) = (None, true);
            return;
        }
        let Meter { tally, .. } = classes.entry(class).or_insert_with(|| Meter::new(windows, from_ns));
        tally.counts.offered += 1;
        tally.demand_sum_ns += u128::from(demand);
    }

    /// Records the end of a request of this `kind`.
    pub fn end(&mut self, kind: Kind, arrival: u64, end: End) {
        self.all.end(arrival, end);
        self.end_of_kind(kind, arrival, end);
    }

    /// Records the end of a request for its class, and for the objectives.
    pub fn end_of_kind(&mut self, kind: Kind, arrival: u64, end: End) {
        if let Some(meter) = self.class(kind.class) {
            meter.end(arrival, end);
        }
        for (criterion, counted) in self.counters_of(kind, arrival) {
            counted.end(criterion, arrival, end);
        }
    }

    /// The counters of a request of this `kind` that arrives after the warm-up.
    fn counters_of(&mut self, kind: Kind, arrival: u64) -> impl Iterator<Item = (&Criterion, &mut Counted)> {
        let is_measured = arrival >= self.all.tally.from_ns;
        let counters = (0..).zip(&mut self.counters).filter(move |(place, (criterion, _))| {
            is_measured && (criterion.selection == Selection::All || kind.selected >> place & 1 == 1)
        });
        counters.map(|(_, (criterion, counted))| (&*criterion, counted))
    }

    /// T is `end_ns`.
    pub fn close(&mut self, end_ns: u64) {
        self.all.close(end_ns);
        self.classes.iter_mut().flatten().for_each(|(_, meter)| meter.close(end_ns));
    }

    /// Records a request without a completion: it is waiting at T, or has not yet arrived. T must be known.
    pub fn add_without_completion(&mut self, kind: Kind, arrival: u64) {
        self.all.add_without_completion(arrival);
        if let Some(meter) = self.class(kind.class) {
            meter.add_without_completion(arrival);
        }
        if arrival < self.all.tally.end_ns {
            self.counters_of(kind, arrival).for_each(|(_, counted)| counted.waiting());
        }
    }

    /// The measurements: of all requests, of each class (none if all requests have class 0, None if there are too many
    /// classes), and of each criterion.
    pub fn finish(self) -> (Course, Option<BTreeMap<u16, Course>>, Vec<Counted>) {
        let classes = self.classes.into_iter().flatten().map(|(class, meter)| (class, meter.finish())).collect();
        let counted = self.counters.into_iter().map(|(_, counted)| counted).collect();
        (self.all.finish(), (!self.too_many).then_some(classes), counted)
    }

    fn class(&mut self, class: u16) -> Option<&mut Meter> {
        self.classes.as_mut()?.get_mut(&class)
    }
}

impl Meter {
    fn new(windows: usize, from_ns: u64) -> Self {
        let tally = Tally { from_ns, ..Tally::default() };
        Self { tally, windows: WindowRecorder::new(windows), in_service_arrivals: 0 }
    }

    fn end(&mut self, arrival: u64, end: End) {
        let Self { tally, windows, in_service_arrivals } = self;
        match end {
            End::Completed { start, finish, service } => {
                tally.completed(arrival, start, finish, service);
                windows.completed(arrival, start, finish, service);
            }
            End::AbandonedInService { start, finish, service } => {
                tally.abandoned_in_service(arrival, start, finish, service);
                windows.abandoned_in_service(arrival, start, finish, service);
            }
            End::Unserved { finish } => {
                tally.left_unserved(arrival, finish);
                windows.left_unserved(arrival, finish);
            }
            End::InService { start, service } => {
                tally.in_service(arrival, start, service);
                windows.in_service(arrival, start);
                *in_service_arrivals += u128::from(arrival);
            }
        }
    }

    fn close(&mut self, end_ns: u64) {
        self.tally.end_ns = end_ns;
        self.tally.add_time_in_system(self.tally.counts.in_service, self.in_service_arrivals);
    }

    fn add_without_completion(&mut self, arrival: u64) {
        self.tally.add_without_completion(arrival);
        if arrival < self.tally.end_ns {
            self.windows.waiting(arrival);
        }
    }

    fn finish(self) -> Course {
        Course { tally: self.tally, windows: self.windows.finish() }
    }
}

/// What was measured of a worker, or of one class in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) tally: &'a Tally,
    pub(crate) windows: &'a Windows,
}

/// The windows of `workers` together.
pub(crate) fn merged_windows<'a>(workers: &[Source<'a>]) -> Cow<'a, Windows> {
    match workers {
        [only] => Cow::Borrowed(only.windows),
        [first, others @ ..] => {
            let mut all = first.windows.clone();
            others.iter().for_each(|worker| all.add(worker.windows));
            Cow::Owned(all)
        }
        [] => Cow::Owned(Windows::new(1)),
    }
}

impl Course {
    pub(crate) fn source(&self) -> Source<'_> {
        Source { tally: &self.tally, windows: &self.windows }
    }

    /// Checks what comes from outside against the rules that hold for every shard of `offered` requests with at most
    /// `windows` windows.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn check(&self, offered: u64, windows: usize) -> Result<(), &'static str> {
        self.tally.check(offered)?;
        self.windows.check(&self.tally, windows)
    }
}
