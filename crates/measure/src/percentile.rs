//! Percentiles by number, as users choose them.

use std::fmt;
use std::str::FromStr;

use failure::printable;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest number of percentiles in a report.
const MOST: usize = 16;

/// The percentiles of a report unless the user chooses others.
pub const DEFAULT_PERCENTILES: &str = "50,90,95,99,99.9";

/// A percentile above 0 and below 100, in thousandths of a per cent. As text it is `p99.9`; in JSON it is the key `p99_9_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentile(u32);

impl Percentile {
    /// 100 % in thousandths of a per cent.
    pub(crate) const WHOLE: u32 = 100_000;

    /// The default percentiles: those of [`DEFAULT_PERCENTILES`].
    pub const DEFAULT: [Self; 5] = [Self(50_000), Self(90_000), Self(95_000), Self::P99, Self(99_900)];

    /// p99.
    pub const P99: Self = Self(99_000);

    /// The percentile that a decimal such as `99.9` names; None unless it is above 0 and below 100 and has at most three
    /// decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').map_or((text, "0"), |parts| parts);
        let is_number = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole, 2) || !is_number(fraction, 3) {
            return None;
        }
        let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
        (thousandths > 0).then_some(Self(thousandths))
    }

    /// As a share of all values.
    pub(crate) fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE)
    }

    /// The percentile of this many thousandths of a per cent; None unless it is above 0 and below 100 %.
    pub fn of_thousandths(thousandths: u32) -> Option<Self> {
        (0 < thousandths && thousandths < Self::WHOLE).then_some(Self(thousandths))
    }

    /// In thousandths of a per cent.
    pub fn thousandths(self) -> u32 {
        self.0
    }

    /// Its name in the keys of JSON: `p99_9`.
    pub fn name(self) -> String {
        self.to_string().replace('.', "_")
    }

    /// The percentile whose [`Percentile::name`] is followed by `_ns` in `key`.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let number = key.strip_prefix('p')?.strip_suffix("_ns")?.replacen('_', ".", 1);
        Self::parse(&number).filter(|percentile| format!("{}_ns", percentile.name()) == key)
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        write!(f, "p{}", crate::without_zeros(&number))
    }
}

impl Serialize for Percentile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}_ns", self.name()))
    }
}

impl<'de> Deserialize<'de> for Percentile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::of_key(&key).ok_or_else(|| de::Error::custom(format_args!("{key} is not the key of a percentile")))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Percentile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percentile".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^p[0-9]{1,2}(_[0-9]{1,3})?_ns$" })
    }
}

/// The percentiles of a report, in rising order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PercentileList(Vec<Percentile>);

impl PercentileList {
    /// The percentiles.
    pub fn as_slice(&self) -> &[Percentile] {
        &self.0
    }
}

impl FromStr for PercentileList {
    type Err = String;

    /// Reads a list such as [`DEFAULT_PERCENTILES`].
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |text: &str| {
            Percentile::parse(text).ok_or_else(|| {
                let shown = printable(text.as_bytes(), 40);
                format!(
                    "\"{shown}\" is not a decimal above 0 and below 100 with at most three decimals, such as 99.9 \
                     (the maximum is reported too)"
                )
            })
        };
        let list = text.split(',').map(parse).collect::<Result<Vec<_>, _>>()?;
        if let Some([first, second]) = list.array_windows().find(|[first, second]| first >= second) {
            return Err(format!("{second} follows {first}: give each percentile once, in rising order"));
        }
        if list.len() > MOST {
            return Err(format!("{} percentiles; a report has at most {MOST}: leave some out", list.len()));
        }
        Ok(Self(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_has_at_most_three_decimals() {
        let parsed = |text| Percentile::parse(text).map(|percentile| (percentile.0, percentile.to_string()));
        for (text, thousandths, shown) in
            [("50", 50_000, "p50"), ("99.9", 99_900, "p99.9"), ("0.001", 1, "p0.001"), ("99.990", 99_990, "p99.99")]
        {
            assert_eq!(parsed(text), Some((thousandths, shown.to_owned())));
        }
        for text in
            ["", "0", "0.000", "100", "99.9999", "-1", "+1", " 50", "1e1", ".5", "5.", "5.+1", "0050", "5,0", "٥"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn every_percentile_has_a_key_of_its_own() {
        for percentile in (1..Percentile::WHOLE).step_by(37).map(Percentile).chain(Percentile::DEFAULT) {
            assert_eq!(Percentile::of_key(&format!("{}_ns", percentile.name())), Some(percentile));
        }
        for key in ["max_ns", "p99", "p99_90_ns", "p099_ns", "p99.9_ns", "p9_9_9_ns", "p0_ns", "p100_ns"] {
            assert_eq!(Percentile::of_key(key), None, "{key}");
        }
    }

    #[test]
    fn a_list_rises() {
        let list = |text: &str| text.parse::<PercentileList>();
        assert_eq!(list(DEFAULT_PERCENTILES).unwrap().as_slice(), Percentile::DEFAULT);
        let sixteen = (1..=16).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(list(&sixteen).unwrap().as_slice().len(), 16);
        for (text, rule) in [
            ("", "\"\" is not a decimal above 0 and below 100"),
            ("50,x", "\"x\" is not a decimal"),
            ("50,100", "\"100\" is not a decimal above 0 and below 100 with at most three decimals"),
            ("50,", "\"\" is not a decimal"),
            ("95,90", "p90 follows p95: give each percentile once, in rising order"),
            ("50,50.0", "p50 follows p50"),
            (&(sixteen + ",17"), "17 percentiles; a report has at most 16: leave some out"),
        ] {
            let error = list(text).unwrap_err();
            assert!(error.contains(rule), "{error}");
        }
    }
}
