//! What is random in a run.

/// The parts of a run that are random: another SEED changes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Randomness {
    /// The trace is generated, or `--spread random` places the arrivals of a recorded one.
    pub arrivals: bool,
    /// At least one demand was sampled from a distribution that is not constant. Those of a recorded trace are known after
    /// its end.
    pub demands: bool,
    /// The simulator samples an order of service or a patience, or decides something itself, which may be random.
    pub model: bool,
    /// The policy uses random numbers, at least for ties.
    pub policy: bool,
    /// ARRIVALS of a generated trace is not constant: the rate follows a curve, or has bursts, so that parts of the run depend
    /// on each other over times that the queues do not determine.
    pub rate_changes: bool,
}

impl Randomness {
    /// Whether anything is random, so that runs with other seeds differ.
    pub fn any(self) -> bool {
        let Self { arrivals, demands, model, policy, rate_changes: _ } = self;
        arrivals || demands || model || policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_changes_is_not_random() {
        let none = Randomness::default();
        assert!(!none.any() && !Randomness { rate_changes: true, ..none }.any());
        for one in [
            Randomness { arrivals: true, ..none },
            Randomness { demands: true, ..none },
            Randomness { model: true, ..none },
            Randomness { policy: true, ..none },
        ] {
            assert!(one.any(), "{one:?}");
        }
    }
}
