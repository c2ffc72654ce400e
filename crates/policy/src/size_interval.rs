//! SITA: size interval task assignment. Each worker gets the demands of one interval (Harchol-Balter, Crovella, Murta,
//! "On choosing a task assignment policy for a distributed server system", 1999).

use contract::Request;
use failure::Failure;
use random::streams::Streams;

use super::cluster::{Cluster, Policy};
use super::sizes::{PRECISION_BITS, rounded};

/// The form of SITA, in help and errors.
pub(super) const FORM: &str = "SITA[:CUT,…]";

/// The bounds between the workers' demands, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CutOffs {
    /// Each is a demand \[ns\] and a number: a request with this demand goes to a later worker with the probability that
    /// a uniform number of 64 bits is not below it.
    bounds: Vec<(u64, u64)>,
    /// Leading bits of demands that are compared with bounds.
    bits: u32,
    /// The cut-offs for readers \[ns\].
    shown_ns: Vec<u64>,
}

impl CutOffs {
    /// The cut-offs in `values`, which follow SITA and a colon; `duration` parses each \[ns\].
    ///
    /// # Errors
    /// The rule that they break.
    pub(super) fn parse(values: &str, duration: &dyn Fn(&str) -> Result<u64, String>) -> Result<Self, String> {
        let parsed = |text: &str| {
            duration(text)
                .map_err(|rule| format!("is not {FORM}: CUT={} {rule}", failure::printable(text.as_bytes(), 40)))
        };
        let shown_ns = values.split(',').map(parsed).collect::<Result<Vec<u64>, String>>()?;
        if !shown_ns.is_sorted_by(|a, b| a < b) {
            return Err(format!("is not {FORM}: the cut-offs must increase"));
        }
        // A cut-off belongs to the earlier worker.
        let bounds = shown_ns.iter().map(|cut| (cut.saturating_add(1), 0)).collect();
        Ok(Self { bounds, bits: u64::BITS, shown_ns })
    }

    /// Fitted cut-offs. A bound is a demand of [`PRECISION_BITS`] bits; `shown_ns` are the same ones for readers.
    pub(super) fn fitted(bounds: Vec<(u64, u64)>, shown_ns: Vec<u64>) -> Self {
        Self { bounds, bits: PRECISION_BITS, shown_ns }
    }

    /// Whether they were fitted to a trace.
    pub(super) fn are_fitted(&self) -> bool {
        self.bits == PRECISION_BITS
    }

    /// The cut-offs for readers \[ns\].
    pub(super) fn shown_ns(&self) -> &[u64] {
        &self.shown_ns
    }
}

pub(super) struct SizeInterval {
    streams: Streams,
    cut_offs: CutOffs,
}

impl SizeInterval {
    /// # Errors
    /// If there is not one cut-off less than workers.
    pub(super) fn new(cluster: &Cluster, cut_offs: &CutOffs) -> Result<Self, String> {
        let (workers, given) = (cluster.len(), cut_offs.bounds.len());
        if given + 1 != workers {
            return Err(format!(
                "needs one cut-off less than WORKERS={workers}, which is {}, not {given}; SITA alone fits them to the trace",
                workers - 1
            ));
        }
        Ok(Self { streams: Streams::new(cluster.seed, "policy"), cut_offs: cut_offs.clone() })
    }
}

impl Policy for SizeInterval {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        let CutOffs { bounds, bits, .. } = &self.cut_offs;
        let demand = rounded(request.service_ns, *bits);
        let worker = bounds.partition_point(|&bound| bound <= (demand, 0));
        // Few requests need the random number.
        if bounds.get(worker).is_none_or(|&(next, _)| next != demand) {
            return Ok(worker as u32);
        }
        let number = self.streams.of(request.id).bits();
        Ok(bounds.partition_point(|&bound| bound <= (demand, number)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sizes::Sizes;
    use super::*;

    fn requests(demands: impl IntoIterator<Item = u64>) -> Vec<Request> {
        let request = |(id, service_ns)| Request { id, service_ns, ..Request::default() };
        (0..).zip(demands).map(request).collect()
    }

    /// The work of each of `workers` workers under fitted cut-offs, as shares of the mean share, and the cut-offs.
    fn fitted(requests: &[Request], workers: usize) -> (Vec<f64>, Vec<u64>) {
        let mut sizes = Sizes::default();
        sizes.add(requests);
        let cluster = Cluster::alike(workers, 1, 0, 1);
        let cut_offs = sizes.fit(&cluster);
        let mut policy = SizeInterval::new(&cluster, &cut_offs).unwrap();
        let mut work = vec![0; workers];
        for request in requests {
            work[policy.assign(request).unwrap() as usize] += request.service_ns;
        }
        let mean = work.iter().sum::<u64>() as f64 / workers as f64;
        (work.iter().map(|&work| work as f64 / mean).collect(), cut_offs.shown_ns)
    }

    #[test]
    fn given_cut_offs_belong_to_the_earlier_worker() {
        let cut_offs = CutOffs::parse("10,1000", &|text| text.parse().map_err(|_| "no".to_owned())).unwrap();
        let mut policy = SizeInterval::new(&Cluster::alike(3, 1, 0, 1), &cut_offs).unwrap();
        let workers: Vec<u32> =
            requests([0, 10, 11, 1000, 1001, u64::MAX]).iter().map(|request| policy.assign(request).unwrap()).collect();
        assert_eq!(workers, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn equal_demands_are_split_at_random() {
        let (work, cut_offs) = fitted(&requests(std::iter::repeat_n(10_000_000, 90_000)), 3);
        assert_eq!(cut_offs, [10_000_000; 2]);
        // Binomial: five standard deviations of a third of 90,000 requests are 707.
        assert!(work.iter().all(|share| (share - 1.0).abs() < 0.024), "{work:?}");
        let (work, _) = fitted(&requests([10_000_000; 9]), 1);
        assert_eq!(work, [1.0]);
    }

    #[test]
    fn workers_get_equal_work_in_the_order_of_demands() {
        // 1 to 400,000: each of k thirds of the work ends at √(k/3) of the largest.
        let (work, cut_offs) = fitted(&requests(1..=400_000), 3);
        assert!(work.iter().all(|share| (share - 1.0).abs() < 0.001), "{work:?}");
        for (cut, exact) in cut_offs.iter().zip([230_940.0, 326_599.0]) {
            assert!((*cut as f64 / exact - 1.0).abs() < 1.0 / 1024.0, "{cut_offs:?}");
        }
        // An atom of most of the work: the second cut-off is in it too.
        let (work, cut_offs) = fitted(&requests((1..=1000).chain([500_000; 3000])), 3);
        assert_eq!(cut_offs, [500_000; 2]);
        assert!(work.iter().all(|share| (share - 1.0).abs() < 0.15), "{work:?}");
    }
}
