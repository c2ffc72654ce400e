//! What is to be generated.

use trace::Failure;
use trace::settings::Settings;

use crate::law::Law;
use crate::sizes::Sizes;

/// The family that the laws of gaps and sizes are of: DISTRIBUTION.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Gaps uniform on (0, 2·INTER_ARRIVAL), sizes on 1…SIZE.
    Uniform,
    /// Exponential gaps, sizes that are Poisson numbers.
    Poisson,
    /// A normal law's part above zero, by MEAN and STDEV.
    Normal,
    /// Always INTER_ARRIVAL, always SIZE.
    Deterministic,
}

impl Family {
    /// The families by name, and by the number that the original gave them.
    pub const NAMES: [(&'static str, Family); 7] = [
        ("uniform", Family::Uniform),
        ("1", Family::Uniform),
        ("poisson", Family::Poisson),
        ("2", Family::Poisson),
        ("normal", Family::Normal),
        ("3", Family::Normal),
        ("deterministic", Family::Deterministic),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, family)| *family == self).map_or("", |(name, _)| name)
    }
}

/// The settings of a generated trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// SAMPLES: requests.
    pub samples: u64,
    /// CONCURRENCY: clients.
    pub concurrency: u32,
    /// INTER_ARRIVAL: mean gap between one client's requests \[ns\].
    pub inter_arrival_ns: u64,
    /// DISTRIBUTION.
    pub family: Family,
    /// Gaps, in units of INTER_ARRIVAL.
    pub(crate) gaps: Law,
    pub(crate) sizes: Sizes,
    /// READ_RATIO \[per cent\].
    pub(crate) read_ratio: f64,
    /// SAS \[blocks\].
    pub(crate) sas: u64,
    pub(crate) seed: u64,
}

/// The longest that a trace may last in the mean, about 73 years \[ns\]: half of what the contract's times hold, which no sum
/// of gaps exceeds by chance.
const LONGEST_TRACE_NS: u128 = 1 << 61;

/// The largest number of anything that is counted.
const MOST: u64 = 1 << 53;

impl Generation {
    /// The settings that it reads.
    pub const KEYS: &'static [&'static str] = &[
        "SAMPLES",
        "SIZE",
        "INTER_ARRIVAL",
        "READ_RATIO",
        "SAS",
        "DISTRIBUTION",
        "MEAN",
        "STDEV",
        "CONCURRENCY",
        "SEED",
    ];

    /// The trace that settings describe. Those that its family does not use are not looked at.
    ///
    /// # Errors
    /// Where one of them is not what it must be, or they can't be met together.
    pub fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        let family = settings.choice("DISTRIBUTION", &Family::NAMES)?;
        let sas = settings.count("SAS", 1..=MOST)?;
        let (gaps, sizes) = match family {
            Family::Uniform => (Law::Uniform, Sizes::Uniform { size: size(settings, sas)? }),
            Family::Poisson => (Law::Exponential, Sizes::poisson(size(settings, sas)?)),
            Family::Deterministic => (Law::Constant, Sizes::Constant { size: size(settings, sas)? }),
            Family::Normal => {
                let (mean, stdev) = moments(settings, sas)?;
                let law = Law::normal(stdev / mean).ok_or_else(|| {
                    let rule = format!(
                        "is above MEAN={mean}: a normal law's part above zero has a coefficient of variation \
                         (STDEV/MEAN) of at most 1"
                    );
                    settings.refuse("STDEV", &rule)
                })?;
                (law, Sizes::Rounded { mean, stdev, law })
            }
        };
        let generation = Self {
            samples: settings.count("SAMPLES", 1..=MOST)?,
            concurrency: settings.count("CONCURRENCY", 1..=1_000_000)? as u32,
            inter_arrival_ns: settings.duration("INTER_ARRIVAL", 1)?,
            family,
            gaps,
            sizes,
            read_ratio: read_ratio(settings)?,
            sas,
            seed: settings.count("SEED", 0..=u64::MAX)?,
        };
        let of_a_client = generation.samples.div_ceil(u64::from(generation.concurrency));
        if u128::from(of_a_client) * u128::from(generation.inter_arrival_ns) > LONGEST_TRACE_NS {
            let rule = format!(
                "is too many: {of_a_client} gaps of a mean of {} ns (INTER_ARRIVAL) make a client's trace longer than 73 \
                 years",
                generation.inter_arrival_ns
            );
            return Err(settings.refuse("SAMPLES", &rule));
        }
        Ok(generation)
    }

    /// What a report names it by, in the order of `.env.general`: only what took part, times in nanoseconds. SEED is not
    /// among them: it is the whole run's.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("SAMPLES", self.samples.to_string())];
        if let Sizes::Constant { size } | Sizes::Uniform { size } | Sizes::Poisson { size, .. } = self.sizes {
            settings.push(("SIZE", size.to_string()));
        }
        settings.extend([
            ("INTER_ARRIVAL_NS", self.inter_arrival_ns.to_string()),
            ("READ_RATIO", self.read_ratio.to_string()),
            ("SAS", self.sas.to_string()),
            ("DISTRIBUTION", self.family.name().to_owned()),
        ]);
        if let Sizes::Rounded { mean, stdev, .. } = self.sizes {
            settings.extend([("MEAN", mean.to_string()), ("STDEV", stdev.to_string())]);
        }
        settings.push(("CONCURRENCY", self.concurrency.to_string()));
        settings
    }
}

fn size(settings: &Settings, sas: u64) -> Result<u32, Failure> {
    let size = settings.count("SIZE", 1..=u64::from(u32::MAX))?;
    if size > sas {
        return Err(settings.refuse("SIZE", &format!("is above SAS={sas}: a request lies within the storage array")));
    }
    Ok(size as u32)
}

/// MEAN and STDEV.
fn moments(settings: &Settings, sas: u64) -> Result<(f64, f64), Failure> {
    let mean = settings.number("MEAN")?;
    let most = sas.min(u64::from(u32::MAX));
    if mean <= 0.0 {
        return Err(settings.refuse("MEAN", "must be above 0"));
    }
    if mean > most as f64 {
        let rule = format!("must be at most {most}: a request lies within the storage array (SAS={sas})");
        return Err(settings.refuse("MEAN", &rule));
    }
    Ok((mean, settings.number("STDEV")?))
}

fn read_ratio(settings: &Settings) -> Result<f64, Failure> {
    let ratio = settings.number("READ_RATIO")?;
    if ratio > 0.0 && ratio < 1.0 {
        return Err(settings.refuse("READ_RATIO", "must be 0 or from 1 to 100: per cent is meant (80, not 0.8)"));
    }
    if ratio > 100.0 {
        return Err(settings.refuse("READ_RATIO", "must be at most 100: per cent is meant"));
    }
    Ok(ratio)
}

#[cfg(test)]
mod tests {
    use crate::testing::{generation, refusal, trace, try_generation};

    #[test]
    fn what_can_not_be_met_is_refused_with_its_reason() {
        let refused = [
            (vec![("SAMPLES", "0")], "flag: SAMPLES=0 must be an integer from 1 to 9007199254740992"),
            (vec![("CONCURRENCY", "0")], "flag: CONCURRENCY=0 must be an integer from 1 to 1000000"),
            (vec![("CONCURRENCY", "1000001")], "flag: CONCURRENCY=1000001 must be an integer from 1 to 1000000"),
            (vec![("INTER_ARRIVAL", "0")], "flag: INTER_ARRIVAL=0 must be at least 1 ns"),
            (vec![("SEED", "-1")], "flag: SEED=-1 must be an integer from 0 to 18446744073709551615"),
            (vec![("SAS", "0")], "flag: SAS=0 must be an integer from 1 to 9007199254740992"),
            (vec![("SIZE", "0")], "flag: SIZE=0 must be an integer from 1 to 4294967295"),
            (
                vec![("SIZE", "65"), ("SAS", "64")],
                "flag: SIZE=65 is above SAS=64: a request lies within the storage array",
            ),
            (
                vec![("DISTRIBUTION", "4")],
                "flag: DISTRIBUTION=4 must be one of uniform, 1, poisson, 2, normal, 3, deterministic",
            ),
            (
                vec![("READ_RATIO", "0.8")],
                "flag: READ_RATIO=0.8 must be 0 or from 1 to 100: per cent is meant (80, not 0.8)",
            ),
            (vec![("READ_RATIO", "100.1")], "flag: READ_RATIO=100.1 must be at most 100: per cent is meant"),
            (vec![("DISTRIBUTION", "3"), ("MEAN", "0")], "flag: MEAN=0 must be above 0"),
            (
                vec![("DISTRIBUTION", "3"), ("MEAN", "65"), ("SAS", "64")],
                "flag: MEAN=65 must be at most 64: a request lies within the storage array (SAS=64)",
            ),
            (
                vec![("DISTRIBUTION", "3"), ("MEAN", "8"), ("STDEV", "8.001")],
                "flag: STDEV=8.001 is above MEAN=8: a normal law's part above zero has a coefficient of variation \
                 (STDEV/MEAN) of at most 1",
            ),
            (
                vec![("SAMPLES", "1000000"), ("INTER_ARRIVAL", "100000s"), ("CONCURRENCY", "3")],
                "flag: SAMPLES=1000000 is too many: 333334 gaps of a mean of 100000000000000 ns (INTER_ARRIVAL) make a \
                 client's trace longer than 73 years",
            ),
        ];
        for (changes, reason) in refused {
            assert_eq!(refusal(&changes), reason);
        }
    }

    #[test]
    fn a_family_does_not_mind_what_it_does_not_use() {
        assert!(try_generation(&[("DISTRIBUTION", "3"), ("SIZE", "65"), ("SAS", "64")]).is_ok());
        assert!(try_generation(&[("DISTRIBUTION", "2"), ("MEAN", "0"), ("STDEV", "-")]).is_ok());
    }

    #[test]
    fn the_longest_trace_stays_below_what_times_hold() {
        // 2⁵³ ns 256 times are 2⁶¹ ns.
        let changes = [("SAMPLES", "256"), ("INTER_ARRIVAL", "9007199254740992ns")];
        assert!(trace(&changes).iter().all(|request| request.arrival_ns < 1 << 62));
        assert!(try_generation(&[("SAMPLES", "257"), changes[1]]).is_err());
    }

    #[test]
    fn the_original_s_own_settings_work() {
        let original = [
            ("SAMPLES", "500"),
            ("SIZE", "500"),
            ("INTER_ARRIVAL", "1"),
            ("READ_RATIO", "80"),
            ("SAS", "5493"),
            ("DISTRIBUTION", "3"),
            ("MEAN", "1"),
            ("STDEV", "1"),
            ("CONCURRENCY", "1"),
        ];
        let trace = trace(&original);
        assert_eq!(trace.len(), 500);
        // 500 exponential gaps of 1 ms: within 4 deviations.
        assert!((trace[499].arrival_ns as f64 / 1e6 - 500.0).abs() < 90.0);
        assert!(trace.iter().all(|request| request.size >= 1 && request.block < 5494));
    }

    #[test]
    fn a_report_names_what_took_part() {
        let named = |changes: &[(&str, &str)]| {
            let settings = generation(changes).settings();
            settings.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            named(&[("READ_RATIO", "70.0"), ("INTER_ARRIVAL", "1.5ms")]),
            "SAMPLES=200000 SIZE=64 INTER_ARRIVAL_NS=1500000 READ_RATIO=70 SAS=1000000 DISTRIBUTION=poisson CONCURRENCY=1"
        );
        assert_eq!(
            named(&[("DISTRIBUTION", "3"), ("STDEV", "0.50")]),
            "SAMPLES=200000 INTER_ARRIVAL_NS=10000000 READ_RATIO=70 SAS=1000000 DISTRIBUTION=normal MEAN=8 STDEV=0.5 \
             CONCURRENCY=1"
        );
    }
}
