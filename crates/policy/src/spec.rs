//! The list of policies, and the meaning of BALANCER: the name of one, with its parameters.

use std::fmt;

use super::choices::{self, Choices, Sampling};
use super::cluster::{Cluster, Policy};
use super::expected_delay::ExpectedDelay;
use super::hash::Hash;
use super::least_unfinished::LeastUnfinished;
use super::least_work::LeastWork;
use super::random::Random;
use super::round_robin::RoundRobin;
use super::shortest_queue::ShortestQueue;
use super::size_interval::{self, CutOffs, SizeInterval};
use super::sizes::Sizes;
use super::weighted_round_robin::WeightedRoundRobin;
use super::worker::{EventWorker, FifoWorker};

/// Parses a duration \[ns\], or returns the rule that it breaks.
type Duration<'a> = &'a dyn Fn(&str) -> Result<u64, String>;

/// One policy in the list of policies.
#[derive(Debug, Clone, Copy)]
pub struct PolicyForm {
    /// Its name in BALANCER and in reports.
    pub name: &'static str,
    /// Its name with its parameters, for help.
    pub form: &'static str,
    /// The name that other load balancers use, if there is one; BALANCER accepts it too.
    pub alias: Option<&'static str>,
    /// The worker that gets a request, in a few words for help.
    pub summary: &'static str,
    /// Whether it looks at the state of workers, which costs a model of every worker.
    pub sees_state: bool,
    /// Whether it uses the block that a request addresses.
    pub sees_block: bool,
    /// Whether it uses WEIGHTS.
    pub sees_weights: bool,
    /// Whether it uses random numbers, at least for ties.
    pub is_random: bool,
    /// The policy with the parameters after the colon, if there is one; without parameters, it is called without them.
    parse: fn(Option<&str>, Duration<'_>) -> Result<Kind, String>,
}

impl PolicyForm {
    const fn new(
        name: &'static str,
        alias: Option<&'static str>,
        summary: &'static str,
        parse: fn(Option<&str>, Duration<'_>) -> Result<Kind, String>,
    ) -> Self {
        Self {
            name,
            form: name,
            alias,
            summary,
            sees_state: false,
            sees_block: false,
            sees_weights: false,
            is_random: false,
            parse,
        }
    }

    const fn with_parameters(self, form: &'static str) -> Self {
        Self { form, ..self }
    }

    const fn seeing_state(self) -> Self {
        Self { sees_state: true, ..self }
    }

    const fn seeing_block(self) -> Self {
        Self { sees_block: true, ..self }
    }

    const fn seeing_weights(self) -> Self {
        Self { sees_weights: true, ..self }
    }

    const fn at_random(self) -> Self {
        Self { is_random: true, ..self }
    }

    fn is_called(&self, name: &str) -> bool {
        [Some(self.name), self.alias].into_iter().flatten().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// All policies.
pub const POLICIES: [PolicyForm; 10] = [
    PolicyForm::new("R", Some("random"), "a random worker", |_, _| Ok(Kind::Random)).at_random(),
    PolicyForm::new("RR", Some("round_robin"), "one worker after the other", |_, _| Ok(Kind::RoundRobin)),
    PolicyForm::new("WRR", Some("weighted_round_robin"), "one after the other, in proportion to WEIGHTS", |_, _| {
        Ok(Kind::WeightedRoundRobin)
    })
    .seeing_weights(),
    PolicyForm::new("TC", Some("p2c"), "of two random workers, the one with fewer requests", |_, _| {
        Ok(Kind::Choices(Sampling::TWO))
    })
    .seeing_state()
    .at_random(),
    PolicyForm::new(
        "POWER",
        None,
        "of D random workers, different ones or with replacement, the one with the fewest requests",
        |values, _| Sampling::parse(values.unwrap_or_default()).map(Kind::Choices),
    )
    .with_parameters(choices::FORM)
    .seeing_state()
    .at_random(),
    PolicyForm::new("JSQ", Some("least_conn"), "the worker with the fewest requests", |_, _| Ok(Kind::ShortestQueue))
        .seeing_state()
        .at_random(),
    PolicyForm::new(
        "SED",
        Some("shortest_expected_delay"),
        "the worker with the fewest requests for its servers and WEIGHTS",
        |_, _| Ok(Kind::ExpectedDelay),
    )
    .seeing_state()
    .seeing_weights()
    .at_random(),
    PolicyForm::new(
        "LW",
        Some("lwl"),
        "the worker that could start it first; if DISCIPLINE is not fifo, the one with the least unfinished work for its servers",
        |_, _| Ok(Kind::LeastWork),
    )
    .seeing_state()
    .at_random(),
    PolicyForm::new(
        "SITA",
        None,
        "small demands to the first worker, large ones to the last; without cut-offs, they are fitted to equal load",
        |values, duration| values.map(|values| CutOffs::parse(values, duration)).transpose().map(Kind::SizeInterval),
    )
    .with_parameters(size_interval::FORM)
    .at_random(),
    PolicyForm::new("HASH", Some("hash"), "the worker that the hash of its block names", |_, _| Ok(Kind::Hash))
        .seeing_block(),
];

/// A policy with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Random,
    RoundRobin,
    WeightedRoundRobin,
    Choices(Sampling),
    ShortestQueue,
    ExpectedDelay,
    LeastWork,
    /// None: the cut-offs are fitted to the trace.
    SizeInterval(Option<CutOffs>),
    Hash,
}

/// `$policy` over the model of workers that the discipline needs.
macro_rules! over_workers {
    ($policy:ident, $cluster:expr $(, $parameter:expr)?) => {
        if $cluster.is_fifo() {
            Box::new($policy::<FifoWorker>::new($cluster $(, $parameter)?))
        } else {
            Box::new($policy::<EventWorker>::new($cluster $(, $parameter)?))
        }
    };
}

type Pair<W> = Choices<W, true>;
type Any<W> = Choices<W, false>;

/// A policy, as BALANCER names it. Its text is that of the report: the name, with parameters as BALANCER accepts them.
#[derive(Debug, Clone)]
pub struct PolicySpec {
    form: PolicyForm,
    kind: Kind,
}

impl PolicySpec {
    /// The policy that `text` names, in capital or small letters; `duration` parses durations \[ns\].
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str, duration: Duration<'_>) -> Result<Self, String> {
        let (name, values) = match text.split_once(':') {
            Some((name, values)) => (name, Some(values)),
            None => (text, None),
        };
        let form = POLICIES.into_iter().find(|form| form.is_called(name)).ok_or_else(|| {
            let listed = POLICIES.map(|form| match form.alias {
                Some(alias) => format!("{} ({alias})", form.form),
                None => form.form.to_owned(),
            });
            format!("must be one of {}", listed.join(", "))
        })?;
        if values.is_some() && form.form == form.name {
            return Err(format!("must be {name} alone, which has no parameters"));
        }
        Ok(Self { form, kind: (form.parse)(values, duration)? })
    }

    /// The policy that `text` names, with durations in whole nanoseconds alone; None if there is none.
    pub fn named(text: &str) -> Option<Self> {
        Self::parse(text, &|duration| duration.parse().map_err(|_| "must be a whole number of nanoseconds".to_owned()))
            .ok()
    }

    /// Its row in the list of policies.
    pub fn form(&self) -> &PolicyForm {
        &self.form
    }

    /// Whether it must be fitted to the demands of the trace before it starts.
    pub fn needs_sizes(&self) -> bool {
        self.kind == Kind::SizeInterval(None)
    }

    /// Whether it uses random numbers, at least for ties. SITA does so at cut-offs that are fitted.
    pub fn is_random(&self) -> bool {
        let given = matches!(&self.kind, Kind::SizeInterval(Some(cut_offs)) if !cut_offs.are_fitted());
        self.form.is_random && !given
    }

    /// This policy, fitted to a trace with the demands `sizes` and to `cluster`, if it needs to be.
    #[must_use]
    pub fn fitted(&self, sizes: &Sizes, cluster: &Cluster) -> Self {
        let mut fitted = self.clone();
        if self.needs_sizes() {
            fitted.kind = Kind::SizeInterval(Some(sizes.fit(cluster)));
        }
        fitted
    }

    /// The cut-offs between the demands of workers \[ns\]; none if it has none, or they are not fitted yet.
    pub fn cut_offs_ns(&self) -> &[u64] {
        if let Kind::SizeInterval(Some(cut_offs)) = &self.kind { cut_offs.shown_ns() } else { &[] }
    }

    /// Whether it can balance over `cluster`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, cluster: &Cluster) -> Result<(), String> {
        if self.needs_sizes() { Ok(()) } else { self.start(cluster).map(drop) }
    }

    /// The policy at its start.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn start(&self, cluster: &Cluster) -> Result<Box<dyn Policy>, String> {
        Ok(match &self.kind {
            Kind::Random => Box::new(Random::new(cluster)),
            Kind::RoundRobin => Box::new(RoundRobin::new(cluster)),
            Kind::WeightedRoundRobin => Box::new(WeightedRoundRobin::new(cluster)?),
            Kind::Choices(Sampling::TWO) if cluster.len() > 1 => over_workers!(Pair, cluster, Sampling::TWO),
            Kind::Choices(sampling) => over_workers!(Any, cluster, *sampling),
            Kind::ShortestQueue => over_workers!(ShortestQueue, cluster),
            Kind::ExpectedDelay => over_workers!(ExpectedDelay, cluster),
            Kind::LeastWork if cluster.serves_in_order() => over_workers!(LeastWork, cluster),
            Kind::LeastWork => Box::new(LeastUnfinished::<EventWorker>::new(cluster)),
            Kind::SizeInterval(Some(cut_offs)) => Box::new(SizeInterval::new(cluster, cut_offs)?),
            Kind::SizeInterval(None) => return Err("must be fitted to a trace".to_owned()),
            Kind::Hash => Box::new(Hash::new(cluster)),
        })
    }
}

impl fmt::Display for PolicySpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.form.name;
        match &self.kind {
            Kind::Choices(Sampling { number, replacement }) if self.form.form != name => {
                write!(formatter, "{name}:{number}{}", if *replacement { ",replacement" } else { "" })
            }
            Kind::SizeInterval(Some(cut_offs)) if !cut_offs.are_fitted() => {
                let cuts: Vec<String> = cut_offs.shown_ns().iter().map(|&cut| in_whole_units(cut)).collect();
                write!(formatter, "{name}:{}", cuts.join(","))
            }
            _ => formatter.write_str(name),
        }
    }
}

/// A duration in the largest unit of which it is a whole number.
fn in_whole_units(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")];
    let unit = units.into_iter().find(|&(length, _)| ns.is_multiple_of(length));
    let (length, name) = unit.unwrap_or((1, "ns"));
    format!("{}{name}", ns / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations are in nanoseconds.
    fn parse(text: &str) -> Result<PolicySpec, String> {
        let duration =
            |text: &str| text.strip_suffix("ns").and_then(|ns| ns.parse().ok()).ok_or("must be in ns".to_owned());
        PolicySpec::parse(text, &duration)
    }

    #[test]
    fn the_text_of_a_policy_is_read_back() {
        for (text, shown) in [
            ("r", "R"),
            ("ROUND_ROBIN", "RR"),
            ("weighted_round_robin", "WRR"),
            ("p2c", "TC"),
            ("power:2", "POWER:2"),
            ("Power:03", "POWER:3"),
            ("POWER:64,Replacement", "POWER:64,replacement"),
            ("least_conn", "JSQ"),
            ("shortest_expected_delay", "SED"),
            ("lwl", "LW"),
            ("sita", "SITA"),
            ("sita:1ns", "SITA:1ns"),
            ("SITA:1ns,20ns", "SITA:1ns,20ns"),
            ("SITA:1000ns,1000001ns,20000000ns,3000000000ns", "SITA:1us,1000001ns,20ms,3s"),
            ("hash", "HASH"),
        ] {
            let spec = parse(text).unwrap();
            assert_eq!(spec.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_rule() {
        let listed = "must be one of R (random), RR (round_robin), WRR (weighted_round_robin), TC (p2c), \
                      POWER:D[,replacement], JSQ (least_conn), SED (shortest_expected_delay), LW (lwl), SITA[:CUT,…], HASH (hash)";
        let number = "is not POWER:D[,replacement]: D must be an integer from 1 to 64";
        for (text, rule) in [
            ("", listed),
            ("BEST", listed),
            (":2", listed),
            ("RR:2", "must be RR alone, which has no parameters"),
            ("TC:3", "must be TC alone, which has no parameters"),
            ("POWER", number),
            ("POWER:", number),
            ("POWER:0", number),
            ("POWER:+2", number),
            ("POWER:4097", number),
            ("POWER:2,3", "is not POWER:D[,replacement]: after D only the word replacement may follow, not 3"),
            ("SITA:", "is not SITA[:CUT,…]: CUT= must be in ns"),
            ("SITA:1ns,,2ns", "is not SITA[:CUT,…]: CUT= must be in ns"),
            ("SITA:2ns,2ns", "is not SITA[:CUT,…]: the cut-offs must increase"),
        ] {
            assert_eq!(parse(text).unwrap_err(), rule, "{text}");
        }
    }

    #[test]
    fn sita_has_one_cut_off_less_than_there_are_workers() {
        let check = |text: &str, workers| parse(text).unwrap().check(&Cluster::alike(workers, 1, 0, 1));
        assert_eq!([check("SITA", 1), check("SITA", 9), check("SITA:1ns,2ns", 3)], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(
            check("SITA:1ns", 3).unwrap_err(),
            "needs one cut-off less than WORKERS=3, which is 2, not 1; SITA alone fits them to the trace"
        );
    }
}
