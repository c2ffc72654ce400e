//! POPULARITY: which blocks requests address.

use clap::builder::PossibleValue;
use cli::settings::Rule;
use cli::settings::form::{self, number, value};
use random::popularity::Popularity;
use random::streams::Stream;
use random::zipf::Zipf;

const ZIPF: &str = "zipf:S";
const HOT_SPOT: &str = "hotspot:REQUESTS,BLOCKS";
const SEQUENTIAL: &str = "sequential:RUN";

/// The forms of POPULARITY, with their help.
const FORMS: [(&str, &str); 4] = [
    ("uniform", "All blocks are equally popular"),
    (ZIPF, "Block k is the k-th in popularity: its probability is proportional to 1/k^S (S from 0 to 100)"),
    (HOT_SPOT, "REQUESTS per cent of the requests start in the first BLOCKS per cent of the blocks"),
    (SEQUENTIAL, "Runs of RUN requests on average, each starting where the client's last one ended"),
];

/// The meaning of POPULARITY.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceChoice {
    pub(crate) places: Places,
    /// Its text for a report; None if all blocks are equally popular.
    pub(crate) used: Option<String>,
}

/// Where requests start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Places {
    /// Each at a sample of its own.
    Independent(Popularity),
    /// Each where the last one of its client ended, in runs.
    Runs {
        /// The mean number of requests of a run.
        mean: f64,
    },
}

impl PlaceChoice {
    /// The rule of POPULARITY.
    pub(crate) fn rule() -> Rule<Self> {
        Rule::of(parse).listing(FORMS.map(|(form, help)| PossibleValue::new(form).help(help)))
    }
}

fn parse(text: &str) -> Result<PlaceChoice, String> {
    let (kind, values) = form::split(text);
    let (places, used) = match kind {
        "uniform" if values.is_empty() => (Places::Independent(Popularity::Uniform), None),
        "zipf" => {
            let [exponent] = form::values(ZIPF, values, 1)?;
            let up_to_100 = number("a number from 0 to 100", |exponent| exponent <= Zipf::MAX_EXPONENT);
            let exponent = value(ZIPF, "S", exponent, &up_to_100)?;
            (Places::Independent(Popularity::Zipf(Zipf::new(exponent))), Some(format!("zipf:{exponent}")))
        }
        "hotspot" => {
            let [requests, blocks] = form::values(HOT_SPOT, values, 2)?;
            let percentage = number("0 or a number from 1 to 100: per cent is meant (80, not 0.8)", |requests| {
                requests == 0.0 || (1.0..=100.0).contains(&requests)
            });
            let requests = value(HOT_SPOT, "REQUESTS", requests, &percentage)?;
            let above_0 =
                number("a number above 0 and below 100: per cent is meant", |blocks| 0.0 < blocks && blocks < 100.0);
            let blocks = value(HOT_SPOT, "BLOCKS", blocks, &above_0)?;
            let popularity = Popularity::HotSpot { requests: requests / 100.0, places: blocks / 100.0 };
            (Places::Independent(popularity), Some(format!("hotspot:{requests},{blocks}")))
        }
        "sequential" => {
            let [run] = form::values(SEQUENTIAL, values, 1)?;
            let mean = value(SEQUENTIAL, "RUN", run, &number("a number of at least 1", |run| run >= 1.0))?;
            (Places::Runs { mean }, Some(format!("sequential:{mean}")))
        }
        _ => return Err(format!("must be one of {}", FORMS.map(|(form, _)| form).join(", "))),
    };
    Ok(PlaceChoice { places, used })
}

/// The run of a client.
#[derive(Debug)]
pub(crate) struct Run {
    stream: Stream,
    /// The block after the last request; 0 before the first one.
    next: u64,
}

impl Run {
    /// A client before its first request; `stream` decides when runs end.
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, next: 0 }
    }

    /// The first block of the next request of `size` blocks, which may start at 1 to `places`. A run is as long as a
    /// geometric variate of mean `mean`, and ends early where the array ends; the next one starts at a uniform place.
    pub(crate) fn place(&mut self, blocks: &mut Stream, size: u32, places: u64, mean: f64) -> u64 {
        let ends = self.stream.unit() * mean < 1.0;
        let block = if ends || self.next == 0 || self.next > places { 1 + blocks.below(places) } else { self.next };
        self.next = block + u64::from(size);
        block
    }
}

#[cfg(test)]
#[path = "popularity_tests.rs"]
mod tests;
