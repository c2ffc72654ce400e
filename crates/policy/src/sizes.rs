//! The demands of a trace, as a histogram, from which SITA's cut-offs are fitted.

use contract::Request;

use super::cluster::{Cluster, Member};
use super::size_interval::CutOffs;

/// Leading bits of a demand that the histogram keeps.
pub(super) const PRECISION_BITS: u32 = 11;

/// Buckets of a power of two.
const BUCKETS: u64 = 1 << (PRECISION_BITS - 1);

/// Bits after the binary point of a worker's share, and of its capacity.
const SHARE_BITS: u32 = 32;
const CAPACITY_BITS: u32 = 28;

/// The demands of a trace: how many there are, and their sum, for each value of their 11 leading bits. Its size does not
/// depend on the trace.
#[derive(Debug, Clone, Default)]
pub struct Sizes {
    /// By [`index`]; grows to the largest demand.
    buckets: Vec<Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    count: u64,
    sum_ns: u128,
}

impl Sizes {
    /// Adds the demands of `requests`.
    pub fn add(&mut self, requests: &[Request]) {
        for request in requests {
            let index = index(request.service_ns);
            if index >= self.buckets.len() {
                self.buckets.resize(index + 1, Bucket::default());
            }
            self.buckets[index].count += 1;
            self.buckets[index].sum_ns += u128::from(request.service_ns);
        }
    }

    /// The cut-offs that give each worker of `cluster` its share of the work: speed · servers, divided by the sum of
    /// those. If there is no work, its share of the requests.
    pub(super) fn fit(&self, cluster: &Cluster) -> CutOffs {
        let total_ns: u128 = self.buckets.iter().map(|bucket| bucket.sum_ns).sum();
        let (mut bounds, mut shown_ns) = (Vec::new(), Vec::new());
        let (mut at, mut before_ns) = (0, 0);
        for share in shares(cluster) {
            if total_ns == 0 {
                bounds.push((0, share << (u64::BITS - SHARE_BITS)));
                shown_ns.push(0);
                continue;
            }
            // ⌊total · share⌋, which is less than the total.
            let (high, low) = (total_ns >> SHARE_BITS, total_ns & ((1 << SHARE_BITS) - 1));
            let target_ns = high * u128::from(share) + ((low * u128::from(share)) >> SHARE_BITS);
            // The bucket in which the sum of demands exceeds it.
            while before_ns + self.buckets[at].sum_ns <= target_ns {
                before_ns += self.buckets[at].sum_ns;
                at += 1;
            }
            let Bucket { count, sum_ns } = self.buckets[at];
            bounds.push((least(at), fraction(target_ns - before_ns, sum_ns)));
            shown_ns.push((sum_ns / u128::from(count)) as u64);
        }
        CutOffs::fitted(bounds, shown_ns)
    }
}

/// Of each worker but the last, the share of the capacity that it and those before it have, in units of 2⁻³².
fn shares(cluster: &Cluster) -> impl Iterator<Item = u64> {
    let capacity = |member: &Member| {
        let numerator = u128::from(member.model.servers) * u128::from(member.speed.numerator());
        (numerator << CAPACITY_BITS) / u128::from(member.speed.denominator())
    };
    let capacities: Vec<u128> = cluster.workers.iter().map(capacity).collect();
    let total: u128 = capacities.iter().sum();
    let mut sum = 0;
    let share = move |capacity: u128| {
        sum += capacity;
        // At most 2¹²⁴: 4,096 workers of 2³² servers, and 20 bits of speed.
        ((sum << SHARE_BITS) / total) as u64
    };
    capacities.into_iter().take(cluster.len() - 1).map(share)
}

/// ⌊2⁶⁴ · part / whole⌋ for a part that is less than the whole; both lose low bits if the whole does not fit in 64.
fn fraction(part: u128, whole: u128) -> u64 {
    let excess = (u128::BITS - whole.leading_zeros()).saturating_sub(u64::BITS);
    let (part, whole) = (part >> excess, whole >> excess);
    u64::try_from((part << u64::BITS) / whole).unwrap_or(u64::MAX)
}

/// `demand_ns` with its `bits` leading bits alone.
#[inline]
pub(super) fn rounded(demand_ns: u64, bits: u32) -> u64 {
    let dropped = (u64::BITS - demand_ns.leading_zeros()).saturating_sub(bits);
    demand_ns >> dropped << dropped
}

/// The number of the bucket of `demand_ns`.
#[inline]
fn index(demand_ns: u64) -> usize {
    let dropped = (u64::BITS - demand_ns.leading_zeros()).saturating_sub(PRECISION_BITS);
    (u64::from(dropped) * BUCKETS + (demand_ns >> dropped)) as usize
}

/// The smallest demand in bucket `index` \[ns\].
fn least(index: usize) -> u64 {
    let index = index as u64;
    match index / BUCKETS {
        0 => index,
        octave => (index % BUCKETS + BUCKETS) << (octave - 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sim_wasm::Speed;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_has_the_demands_with_the_same_leading_bits(demand: u64, shift in 0u32..64) {
            let demand = demand >> shift;
            prop_assert_eq!(least(index(demand)), rounded(demand, PRECISION_BITS));
            prop_assert_eq!(rounded(demand, u64::BITS), demand);
            prop_assert!(demand - rounded(demand, PRECISION_BITS) <= demand >> 10);
            let next = least(index(demand) + 1);
            prop_assert!(index(demand) == index(u64::MAX) || next > demand && index(next) == index(demand) + 1);
        }
    }

    #[test]
    fn the_histogram_has_a_bounded_size() {
        assert_eq!([index(0), index(2047), index(2048), index(u64::MAX)], [0, 2047, 2048, 56_319]);
    }

    #[test]
    fn fractions_are_those_of_whole_numbers() {
        assert_eq!([fraction(0, 5), fraction(1, 2), fraction(3, 4)], [0, 1 << 63, 3 << 62]);
        assert_eq!(fraction(u128::MAX - 1, u128::MAX), u64::MAX);
        assert_eq!(fraction(1 << 126, u128::MAX).abs_diff(1 << 62), 0);
    }

    #[test]
    fn shares_follow_speed_and_servers() {
        let mut cluster = Cluster::alike(3, 1, 0, 1);
        cluster.workers[0].speed = Speed::parse("0.5").unwrap();
        cluster.workers[1].model.servers = 3;
        cluster.workers[2].speed = Speed::parse("1/2").unwrap();
        assert_eq!(shares(&cluster).collect::<Vec<u64>>(), [1 << 29, 7 << 29]);
        // Without work, requests are split.
        let mut sizes = Sizes::default();
        assert_eq!(sizes.fit(&cluster), CutOffs::fitted(vec![(0, 1 << 61), (0, 7 << 61)], vec![0, 0]));
        sizes.add(&[Request::default(); 3]);
        assert_eq!(sizes.fit(&cluster), CutOffs::fitted(vec![(0, 1 << 61), (0, 7 << 61)], vec![0, 0]));
    }

    #[test]
    fn sums_are_exact_for_the_largest_demands() {
        let mut sizes = Sizes::default();
        sizes.add(&[Request { service_ns: 1 << 63, ..Request::default() }; 4]);
        let cut_offs = sizes.fit(&Cluster::alike(2, 1, 0, 1));
        assert_eq!(cut_offs, CutOffs::fitted(vec![(1 << 63, 1 << 63)], vec![1 << 63]));
    }
}
