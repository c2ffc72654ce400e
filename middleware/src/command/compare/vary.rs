//! `--vary`: the combinations of the values of settings.

use std::collections::BTreeMap;
use std::str::FromStr;

use cli::settings::Sources;
use failure::{Failure, printable};
use run::settings::RunSettings;

/// Upper limit of combinations.
const MOST: usize = 1000;

/// The settings that leave the trace and its demands as they are: combinations of their values share one reading.
const BESIDE_TRACE: [&str; 11] = [
    "BALANCER",
    "CAPACITY",
    "DELAY",
    "DISCIPLINE",
    "MODULE",
    "PATIENCE",
    "SERVERS",
    "SIM_ARGS",
    "SPEEDS",
    "WEIGHTS",
    "WORKERS",
];

/// `KEY=A,B` or `KEY=A;B`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vary {
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

impl FromStr for Vary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, values) = text.split_once('=').ok_or("it is not KEY=A,B,…")?;
        let separator = if values.contains(';') { ';' } else { ',' };
        let values: Vec<String> = values.split(separator).map(|value| value.trim().to_owned()).collect();
        if let Some(twice) = (1..values.len()).find(|&place| values[..place].contains(&values[place])) {
            let value = printable(values[twice].as_bytes(), 40);
            return Err(format!(
                "the value \"{value}\" is given twice (values with commas are separated by semicolons)"
            ));
        }
        Ok(Self { key: key.trim().to_ascii_uppercase().replace('-', "_"), values })
    }
}

/// One combination of values, and what it runs.
pub(super) struct Combination {
    pub(super) values: BTreeMap<String, String>,
    pub(super) settings: RunSettings,
    pub(super) group: usize,
}

/// All combinations of the values of `vary`: the first setting varies fastest, and each combination of the others is a group.
///
/// # Errors
/// [`Failure::Usage`] if there are too few or too many, or a setting can't be varied.
pub(super) fn combinations(vary: &[Vary], sources: &Sources) -> Result<Vec<Combination>, Failure> {
    let twice = (1..vary.len()).find(|&place| vary[..place].iter().any(|before| before.key == vary[place].key));
    if let Some(twice) = twice {
        return Err(Failure::usage(format!(
            "--vary {}: it is given twice: give all its values at once",
            vary[twice].key
        )));
    }
    let number = vary.iter().try_fold(1usize, |number, vary| number.checked_mul(vary.values.len()));
    let Some(number) = number.filter(|&number| number <= MOST) else {
        return Err(Failure::usage(format!(
            "--vary: more than {MOST} combinations: vary fewer settings, or give fewer values"
        )));
    };
    let combination = |number: usize| {
        let mut rest = number;
        let mut values = BTreeMap::new();
        for Vary { key, values: all } in vary {
            values.insert(key.clone(), all[rest % all.len()].clone());
            rest /= all.len();
        }
        if let Some(key) = values.keys().find(|key| is_of_executor(key)) {
            return Err(Failure::usage(format!(
                "--vary {key}: it is not a setting of the system, so it has no effect on results"
            )));
        }
        let settings = sources.settings::<RunSettings>(&values)?;
        Ok(Combination { values, settings, group: number / vary[0].values.len() })
    };
    (0..number).map(combination).collect()
}

/// Whether a setting is about where workers run.
fn is_of_executor(key: &str) -> bool {
    ["EXECUTOR", "SERVER_IP", "SERVER_PORT", "API_VERSION", "INSECURE_TCP"].contains(&key)
}

/// The number of the trace of each combination: those share a trace whose settings of it are the same.
pub(super) fn traces_of(vary: &[Vary], combinations: &[Combination]) -> Vec<usize> {
    let of_trace = |values: &BTreeMap<String, String>| -> Vec<String> {
        let keys = vary.iter().map(|vary| &vary.key).filter(|key| !BESIDE_TRACE.contains(&key.as_str()));
        keys.filter_map(|key| values.get(key).cloned()).collect()
    };
    let mut known: Vec<Vec<String>> = Vec::new();
    let mut number = |values: &BTreeMap<String, String>| {
        let own = of_trace(values);
        known.iter().position(|other| *other == own).unwrap_or_else(|| {
            known.push(own);
            known.len() - 1
        })
    };
    combinations.iter().map(|combination| number(&combination.values)).collect()
}

/// The values of a combination, as they were given.
pub(super) fn named(values: &BTreeMap<String, String>) -> String {
    values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_separated_by_commas_or_by_semicolons() {
        let parsed = |text: &str| text.parse::<Vary>().map(|Vary { key, values }| (key, values.join("|")));
        let of = |key: &str, values: &str| Ok((key.to_owned(), values.to_owned()));
        assert_eq!(parsed("WORKERS=1,3, 5"), of("WORKERS", "1|3|5"));
        assert_eq!(parsed("speeds=1,1;1,0.5"), of("SPEEDS", "1,1|1,0.5"));
        assert_eq!(parsed("inter-arrival=1ms"), of("INTER_ARRIVAL", "1ms"));
        assert_eq!(parsed("SIM_ARGS=;a=b"), of("SIM_ARGS", "|a=b"));
        assert!(parsed("WORKERS").unwrap_err().contains("it is not KEY=A,B"));
        assert!(parsed("WORKERS=1,2,1").unwrap_err().contains("\"1\" is given twice"));
    }

    #[test]
    fn combinations_that_differ_beside_the_trace_share_it() {
        let vary = ["ST=1ms,2ms", "BALANCER=R,RR"].map(|text| text.parse::<Vary>().unwrap());
        let combinations = combinations(&vary, &Sources::default()).unwrap();
        let values: Vec<String> = combinations.iter().map(|one| named(&one.values)).collect();
        assert_eq!(values, ["BALANCER=R ST=1ms", "BALANCER=R ST=2ms", "BALANCER=RR ST=1ms", "BALANCER=RR ST=2ms"]);
        assert_eq!(combinations.iter().map(|one| one.group).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!(traces_of(&vary, &combinations), [0, 1, 0, 1]);
    }
}
