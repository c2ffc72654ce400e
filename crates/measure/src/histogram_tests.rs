use proptest::prelude::*;

use super::*;

fn at(histogram: &Histogram, percentile: &str) -> Option<u64> {
    histogram.percentile(Percentile::parse(percentile).unwrap())
}

/// The digits of a number up to the last one that is not 0.
fn digits(number: u64) -> usize {
    number.to_string().trim_end_matches('0').len()
}

proptest! {
    // The default would look for files, which these tests can't open.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_percentile_is_in_its_bucket_and_no_number_there_is_shorter(
        value in (any::<u64>(), 0u32..64).prop_map(|(bits, shift)| bits >> shift),
        more in any::<u64>(),
    ) {
        let mut histogram = Histogram::default();
        histogram.record(value);
        let (lower, upper) = ends(index(value));
        let max = if more % 2 == 0 { value } else { value.saturating_add(more >> 8) };
        histogram.record(max);
        let shown = at(&histogram, "0.1").unwrap();
        prop_assert!((lower..=upper.min(max)).contains(&shown));
        // One of the shortest numbers is the smallest multiple of some power of ten, or it is next to it.
        for power in 0..20 {
            let step = 10u128.pow(power);
            let first = u128::from(lower).div_ceil(step) * step;
            for number in [first, first + step].into_iter().filter(|&number| number <= u128::from(upper.min(max))) {
                prop_assert!(digits(number as u64) >= digits(shown), "{} {}", number, shown);
            }
        }
    }
}

#[test]
fn buckets_are_hdrhistograms() {
    // Exact up to 2,047; then steps of 2, of 4, …
    assert_eq!([0, 1, 2047, 2048, 2049, 2050, 4095, 4096].map(index), [0, 1, 2047, 2048, 2048, 2049, 3071, 3072]);
    for value in [0, 1, 2047, 2048, 4095, 4096, 123_456_789, 1 << 40, (1 << 62) - 1, u64::MAX] {
        let (start, end) = ends(index(value));
        assert!(start <= value && end >= value && end - value <= value / 1024, "{value} {end}");
        assert_eq!([start, end].map(index), [index(value); 2]);
        if end < u64::MAX {
            assert_eq!(index(end + 1), index(value) + 1);
        }
    }
}

#[test]
fn percentiles_are_ranks() {
    let mut histogram = Histogram::default();
    assert_eq!(at(&histogram, "50"), None);
    for value in 1..=1000 {
        histogram.record(value);
    }
    let chosen = ["0.001", "0.1", "50", "99", "99.9", "99.999"];
    assert_eq!(chosen.map(|p| at(&histogram, p).unwrap()), [1, 1, 500, 990, 999, 1000]);
    let chosen = chosen.map(|p| Percentile::parse(p).unwrap());
    assert_eq!(histogram.percentiles(&chosen), [1, 1, 500, 990, 999, 1000].map(Some));
    assert_eq!(histogram.percentiles(&[]), []);
    histogram.record(1_000_001);
    assert_eq!(at(&histogram, "99.999"), Some(1_000_000));
    assert_eq!(histogram.max(), 1_000_001);
}

#[test]
fn percentiles_have_no_digits_that_their_bucket_does_not_determine() {
    let mut histogram = Histogram::default();
    (0..99).for_each(|_| histogram.record(200_000_000));
    histogram.record(317_000_123);
    assert_eq!(ends(index(200_000_000)), (199_884_800, 200_015_871));
    assert_eq!(at(&histogram, "99"), Some(200_000_000));
    // Not above the largest value.
    let mut histogram = Histogram::default();
    histogram.record(199_987_654);
    assert_eq!(at(&histogram, "50"), Some(199_900_000));
    for (lower, upper, number) in [
        (0, 0, 0),
        (2_047, 2_047, 2_047),
        (2_048, 2_049, 2_048),
        (9_998, 10_001, 10_000),
        // Nearest to the middle; the smaller one of two.
        (120, 170, 140),
        (121, 169, 140),
        (121, 179, 150),
        (12_340, 12_360, 12_350),
        (u64::MAX, u64::MAX, u64::MAX),
        (u64::MAX - 15, u64::MAX, 18_446_744_073_709_551_600),
    ] {
        assert_eq!(shortest(lower, upper), number, "{lower} {upper}");
    }
}

#[test]
fn merged_histograms_count_all_values_and_survive_encoding() {
    let mut parts = [Histogram::default(), Histogram::default()];
    let mut whole = Histogram::default();
    for value in 0..10_000u64 {
        let value = value * value * value;
        parts[value as usize % 2].record(value);
        whole.record(value);
    }
    let [mut first, second] = parts;
    first.merge(&second);
    assert_eq!(first, whole);
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), whole);
}

#[test]
fn counts_are_exact_beyond_a_byte() {
    let (mut each, mut many) = (Histogram::default(), Histogram::default());
    each.record(5000);
    for value in [5, 5000, 0].repeat(1000) {
        each.record(value);
        let mut recorder = many.recorder();
        match recorder.bucket(value) {
            Some(bucket) => {
                recorder.count(bucket);
                recorder.end(1, value);
            }
            None => many.record(value),
        }
    }
    assert_ne!(each, many);
    assert_eq!([each.count_above_0(), Histogram::default().count_above_0()], [2001, 0]);
    many.record(5000);
    assert_eq!(each, many);
    let text = serde_json::to_string(&each).unwrap();
    assert_eq!(text, r#"{"max_ns":5000,"buckets":[[0,1000],[5,1000],[3298,1001]]}"#);
    for _ in 0..3 {
        let other = each.clone();
        each.merge(&other);
    }
    assert_eq!((each.count(), at(&each, "99.999"), at(&each, "50")), (24008, Some(5000), Some(5)));
    assert_eq!(each.used().map(|(_, count)| count).collect::<Vec<_>>(), [8000, 8000, 8008]);
    // Empty rows make no difference.
    let mut wide = serde_json::from_str::<Histogram>(&text).unwrap();
    wide.add(index(1 << 40), 0);
    assert_eq!(wide, serde_json::from_str(&text).unwrap());
}
#[test]
fn an_invalid_histogram_is_refused() {
    for (text, rule) in [
        (r#"{"max_ns":5,"buckets":[[5,1],[5,1]]}"#, "not in rising order"),
        (r#"{"max_ns":5,"buckets":[[6,1]]}"#, "not in rising order"),
        (r#"{"max_ns":5,"buckets":[[4294967295,1]]}"#, "not in rising order"),
        (r#"{"max_ns":5,"buckets":[[4,18446744073709551615],[5,1]]}"#, "64 bits"),
    ] {
        let error = serde_json::from_str::<Histogram>(text).unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    }
}
