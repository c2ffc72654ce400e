//! `--only` and `--sample`: keeps a part of a trace's requests.
//!
//! A sample keeps all requests of a client (or of a block) or none of them, so that what remains behaves as those
//! clients did. A key is kept if hash(key) < ⌊SHARE·2⁶⁴⌋, where hash is the one of the policy HASH
//! ([`random::streams::hash`]). There is no seed: the same share of the same clients is kept everywhere, and a smaller
//! share is a part of a larger one.

use contract::Request;
use random::streams::hash;

use crate::decimal;

/// Decimal places of a share.
const PLACES: usize = 19;

/// The value of `--only`: the operation that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// Reads.
    Read,
    /// Writes.
    Write,
}

/// The value of `--sample`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The share times 2⁶⁴, at least 1.
    threshold: u128,
    key: Key,
}

/// What decides whether a request is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Client,
    Block,
}

/// Which requests are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// The `op` of requests that are kept.
    op: Option<u8>,
    sample: Option<(u128, Key)>,
}

impl Key {
    const NAMES: [(&'static str, Key); 2] = [("client", Key::Client), ("block", Key::Block)];
}

impl Sample {
    /// The sample that `text` describes: a share above 0 and at most 1, and what is sampled, as in `0.1:client`.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (share, key) = text.split_once(':').ok_or("must be a share and client or block, as in 0.1:client")?;
        let key = Key::NAMES.iter().find(|(name, _)| *name == key);
        let &(_, key) = key.ok_or("must be a share of client or block, as in 0.1:client")?;
        let rule = "needs a share above 0 and at most 1, with at most 19 decimal places";
        let threshold = threshold(share).filter(|threshold| (1..=1 << 64).contains(threshold)).ok_or(rule)?;
        Ok(Self { threshold, key })
    }

    /// Whether it samples blocks, which the trace must have; otherwise it samples clients.
    pub fn is_by_block(&self) -> bool {
        self.key == Key::Block
    }
}

impl Keep {
    /// Keeps the requests that both flags keep; without a flag all.
    pub fn new(only: Option<Only>, sample: Option<&Sample>) -> Self {
        let op = only.map(|only| match only {
            Only::Read => Request::READ,
            Only::Write => Request::WRITE,
        });
        Self { op, sample: sample.map(|sample| (sample.threshold, sample.key)) }
    }

    /// Whether every request is kept.
    pub fn keeps_all(&self) -> bool {
        self.op.is_none() && self.sample.is_none()
    }

    /// Whether `request` is kept.
    #[inline]
    pub fn keeps(&self, request: &Request) -> bool {
        self.op.is_none_or(|op| request.op == op)
            && self.sample.is_none_or(|(threshold, key)| {
                let key = match key {
                    Key::Client => u64::from(request.client),
                    Key::Block => request.block,
                };
                u128::from(hash(key)) < threshold
            })
    }
}

/// ⌊share·2⁶⁴⌋; None if `share` is not a decimal number of at most [`PLACES`] places.
fn threshold(share: &str) -> Option<u128> {
    let (whole, fraction) = share.split_once('.').unwrap_or((share, "0"));
    if fraction.len() > PLACES {
        return None;
    }
    // Below 10¹⁹, so that its product with 2⁶⁴ is below 2¹²⁸.
    let fraction = decimal::integer(format!("{fraction:0<PLACES$}").as_bytes()).filter(|_| !fraction.is_empty())?;
    let whole = u128::from(decimal::integer(whole.as_bytes())?) << 64;
    Some(whole + (u128::from(fraction) << 64) / 10u128.pow(PLACES as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(text: &str) -> Keep {
        Keep::new(None, Some(&Sample::parse(text).unwrap()))
    }

    #[test]
    fn a_share_is_exact() {
        for (share, expected) in [
            ("1", 1 << 64),
            ("1.000", 1 << 64),
            ("0.5", 1 << 63),
            ("0.25", 1 << 62),
            // ⌊2⁶⁴/10⌋, which is not what a double would give.
            ("0.1", 1_844_674_407_370_955_161),
            ("0.0000000000000000001", 1),
            ("0.9999999999999999999", (1 << 64) - 2),
        ] {
            assert_eq!(threshold(share), Some(expected), "{share}");
        }
        for (wrong, rule) in [
            ("", "as in 0.1:client"),
            ("0.1", "as in 0.1:client"),
            ("0.1:", "client or block"),
            ("0.1:Client", "client or block"),
            ("0.1:client:block", "client or block"),
            ("0:client", "above 0"),
            ("0.000:block", "above 0"),
            ("1.1:block", "above 0"),
            ("2:block", "above 0"),
            ("18446744073709551616:block", "above 0"),
            ("10%:client", "above 0"),
            (".5:client", "above 0"),
            ("1.:client", "above 0"),
            ("-0.1:client", "above 0"),
            ("0.00000000000000000001:client", "19 decimal places"),
        ] {
            let error = Sample::parse(wrong).unwrap_err();
            assert!(error.contains(rule), "{wrong}: {error}");
        }
        assert_eq!(Sample::parse("0.10:block"), Ok(Sample { threshold: 1_844_674_407_370_955_161, key: Key::Block }));
    }

    #[test]
    fn a_client_or_a_block_is_kept_whole() {
        let request = |client, block| Request { client, block, ..Request::default() };
        for client in 0..1000 {
            let kept = sample("0.5:client").keeps(&request(client, 0));
            assert_eq!(kept, hash(u64::from(client)) < 1 << 63);
            assert!((1..10).all(|block| sample("0.5:client").keeps(&request(client, block)) == kept));
            assert!((1..10).all(|block| sample("0.5:block").keeps(&request(block, u64::from(client))) == kept));
        }
        // At the threshold itself, a key is not kept.
        let below = |threshold| Keep { op: None, sample: Some((threshold, Key::Block)) };
        let threshold = u128::from(hash(7));
        assert_eq!([0, 1].map(|more| below(threshold + more).keeps(&request(0, 7))), [false, true]);
        assert_eq!((0..8).map(|client| sample("0.5:client").keeps(&request(client, 0))).collect::<Vec<_>>(), KEPT);
    }

    /// Whether `0.5:client` keeps the clients 0 to 7, computed by another program.
    const KEPT: [bool; 8] = [false, false, false, true, true, true, false, true];

    #[test]
    fn the_share_of_keys_is_kept() {
        // Binomial (100,000, 0.1): within 5 standard deviations, 475.
        let kept = (0..100_000).filter(|&client| sample("0.1:client").keeps(&Request { client, ..Request::default() }));
        assert!(kept.count().abs_diff(10_000) < 475);
    }

    #[test]
    fn reads_or_writes_are_kept() {
        let kept = |keep: Keep| [0, 1, 5].map(|op| keep.keeps(&Request { op, ..Request::default() }));
        assert_eq!(kept(Keep::new(None, None)), [true, true, true]);
        assert_eq!(kept(Keep::new(Some(Only::Read), None)), [true, false, false]);
        assert_eq!(kept(Keep::new(Some(Only::Write), None)), [false, true, false]);
        let all = Sample::parse("1:client").unwrap();
        assert_eq!(kept(Keep::new(Some(Only::Write), Some(&all))), [false, true, false]);
        let keeps_all = [(None, None), (Some(Only::Read), None), (None, Some(&all))];
        assert_eq!(keeps_all.map(|(only, sample)| Keep::new(only, sample).keeps_all()), [true, false, false]);
    }

    proptest! {
        #[test]
        fn a_smaller_share_is_a_part_of_a_larger_one(block in any::<u64>(), one in 1..1000u32, other in 1..1000u32) {
            let keeps = |share: u32| sample(&format!("0.{share:03}:block")).keeps(&Request { block, ..Request::default() });
            prop_assert!(keeps(one.max(other)) || !keeps(one.min(other)));
        }
    }
}
