//! DISTRIBUTION: the families of distributions.

use clap::ValueEnum;

/// The family that the distributions of interarrival times and sizes are of: DISTRIBUTION. The aliases are the numbers that
/// the original gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
pub enum Family {
    /// Interarrival times uniform on (0, 2·INTER_ARRIVAL), sizes on 1 to SIZE (alias 1).
    #[value(alias = "1")]
    Uniform,
    /// Exponential interarrival times, Poisson sizes (alias 2).
    #[value(alias = "2")]
    Poisson,
    /// The truncated normal distribution, by MEAN and STDEV (alias 3).
    #[value(alias = "3")]
    Normal,
    /// Always INTER_ARRIVAL, always SIZE.
    Deterministic,
    /// The heavy-tailed lognormal distribution, by MEAN and STDEV.
    Lognormal,
    /// The gamma distribution, by MEAN and STDEV.
    Gamma,
    /// The Weibull distribution, by MEAN and STDEV.
    Weibull,
    /// The heavy-tailed Pareto distribution of the first kind, by MEAN and STDEV.
    Pareto,
}

impl Family {
    /// Its name.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
