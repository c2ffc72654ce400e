//! Shared by the tests: traces from settings.

use std::io::Write as _;

use cli::settings::{SeedSettings, of_flags};
use contract::Request;
use failure::Failure;

use crate::{Generation, Generator, GeneratorSettings};

/// A small trace of one client; each test changes the settings that it tests.
const BASE: [(&str, &str); 14] = [
    ("SAMPLES", "200000"),
    ("SIZE", "64"),
    ("INTER_ARRIVAL", "10ms"),
    ("READ_RATIO", "70"),
    ("SAS", "1000000"),
    ("DISTRIBUTION", "poisson"),
    ("MEAN", "8"),
    ("STDEV", "4"),
    ("CONCURRENCY", "1"),
    ("ARRIVALS", "constant"),
    ("POPULARITY", "uniform"),
    ("SIZES", "distribution"),
    ("CLASSES", ""),
    ("SEED", "1"),
];

#[derive(Debug, clap::Args)]
struct All {
    #[command(flatten)]
    generator: GeneratorSettings,
    #[command(flatten)]
    seed: SeedSettings,
}

pub(crate) fn try_generation(changes: &[(&str, &str)]) -> Result<Generation, Failure> {
    assert!(changes.iter().all(|(changed, _)| BASE.iter().any(|(key, _)| key == changed)), "{changes:?}");
    let flags = BASE.map(|(key, base)| {
        let value = changes.iter().find(|(changed, _)| *changed == key).map_or(base, |(_, value)| value);
        format!("--{}={value}", key.to_ascii_lowercase().replace('_', "-"))
    });
    let All { generator, seed } = of_flags(flags).unwrap();
    Generation::from_settings(&generator, &seed)
}

pub(crate) fn generation(changes: &[(&str, &str)]) -> Generation {
    try_generation(changes).unwrap()
}

pub(crate) fn refusal(changes: &[(&str, &str)]) -> String {
    match try_generation(changes) {
        Err(failure @ Failure::Usage { .. }) => failure.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn trace(changes: &[(&str, &str)]) -> Vec<Request> {
    let mut generator = Generator::new(&generation(changes));
    let mut requests = Vec::new();
    while generator.fill(&mut requests, 1000).unwrap() > 0 {}
    requests
}

/// The interarrival times of a trace of one client, in units of INTER_ARRIVAL = 10 ms.
pub(crate) fn interarrivals(changes: &[(&str, &str)]) -> Vec<f64> {
    trace(changes).windows(2).map(|pair| (pair[1].arrival_ns - pair[0].arrival_ns) as f64 / 1e7).collect()
}

/// A file with this text, and its path as the last part of a setting.
pub(crate) fn file(text: &str) -> (tempfile::NamedTempFile, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    (file, path)
}

/// The refusal, with the path of `file` replaced by its kind.
pub(crate) fn refusal_in(file: &str, changes: &[(&str, &str)]) -> String {
    refusal(changes).replace(file, "FILE")
}
