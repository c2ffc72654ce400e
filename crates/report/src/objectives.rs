//! The objectives of a run as people read them in a terminal.

use measure::decimal;
use measure::judged::{Judged, Verdict};

use crate::figure::Scale;
use crate::grid::paragraph;

/// A line for each objective: whether it holds, and what was measured.
pub fn lines(objectives: &[Judged], width: usize) -> String {
    objectives.iter().map(|judged| paragraph("", &line(judged), width)).collect()
}

/// The objective, whether it holds, and what was measured.
pub fn line(judged: &Judged) -> String {
    let Judged { objective, verdict, unit, estimate, missed, allowed, .. } = judged;
    let holds = if *verdict == Verdict::Holds { "holds" } else { "does not hold" };
    let measured = match (missed, estimate) {
        (Some(missed), _) => {
            let most = match allowed.unwrap_or_default() {
                0.0 => "none may".to_owned(),
                allowed => format!("less than {} % may", measure::without_zeros(&decimal(allowed * 100.0, 3))),
            };
            let share = match *missed {
                0.0 => "no request misses it".to_owned(),
                missed => format!("{} % of requests miss it", decimal(missed * 100.0, 4)),
            };
            format!("{share}, and {most}")
        }
        (None, Some(value)) => Scale::of(*unit, [*value].into_iter()).with_unit(*value, None),
        (None, None) => "it is undefined".to_owned(),
    };
    format!("objective {objective}: {holds}: {measured}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use measure::judged::Unit;

    #[test]
    fn a_line_says_what_was_measured() {
        let judged = |missed, allowed, estimate, unit| Judged {
            objective: "p99 response < 50ms".to_owned(),
            verdict: Verdict::Holds,
            unit,
            estimate,
            half_width: None,
            missed,
            missed_half_width: None,
            allowed,
        };
        let of = |judged: Judged| line(&judged).replace("objective p99 response < 50ms: ", "");
        let share = judged(Some(0.003_25), Some(0.01), Some(4e7), Unit::Ns);
        assert_eq!(of(share.clone()), "holds: 0.3250 % of requests miss it, and less than 1 % may");
        let broken = Judged { verdict: Verdict::Fails, ..share };
        assert!(of(broken).starts_with("does not hold: "));
        assert_eq!(of(judged(Some(0.0), Some(0.0), None, Unit::Ns)), "holds: no request misses it, and none may");
        assert_eq!(of(judged(None, None, Some(26.5e6), Unit::Ns)), "holds: 26.500 ms");
        assert_eq!(of(judged(None, None, Some(0.75), Unit::Share)), "holds: 75.0000 %");
        assert_eq!(of(judged(None, None, None, Unit::Share)), "holds: it is undefined");
    }
}
