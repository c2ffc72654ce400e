//! The integers of one worker, or the sums over several.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Histogram;

/// The number of requests by their outcome at T.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// All requests of the shard.
    pub offered: u64,
    /// Number of requests whose service was completed.
    pub completed: u64,
    /// In service at T.
    pub in_service: u64,
    /// Rejected on arrival.
    pub rejected: u64,
    /// Left before their service was completed.
    #[serde(rename = "abandoned")]
    pub abandoned: u64,
    /// Waiting at T.
    pub waiting: u64,
    /// Not yet arrived at T.
    pub not_yet_arrived: u64,
    /// Arrived during the warm-up; absent if there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// `count` over all requests that arrived by T and after the warm-up; None if none did.
    pub fn share(&self, count: u64) -> Option<f64> {
        // Not so in a report that was changed by hand.
        let arrived = self.offered.checked_sub(self.not_yet_arrived)?.checked_sub(self.warm_up)?;
        (arrived > 0).then(|| count as f64 / arrived as f64)
    }

    fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.completed += other.completed;
        self.in_service += other.in_service;
        self.rejected += other.rejected;
        self.abandoned += other.abandoned;
        self.waiting += other.waiting;
        self.not_yet_arrived += other.not_yet_arrived;
        self.warm_up += other.warm_up;
    }
}

/// Measurements, in integers alone, so that tallies of workers are added exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tally {
    /// The number of requests by outcome.
    pub counts: Counts,
    /// Requests whose service began.
    pub started: u64,
    /// When the warm-up ended: requests that arrived before are not counted, and averages over time begin here \[ns\].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from_ns: u64,
    /// T: when the simulation ended \[ns\].
    pub end_ns: u64,
    /// Σ demands of all requests of the shard \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub demand_sum_ns: u128,
    /// Σ (start − arrival) over those whose service began \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub delay_sum_ns: u128,
    /// Σ (finish − arrival) over those whose service was completed \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub response_sum_ns: u128,
    /// ∫₀ᵀ requests waiting dt \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub waiting_area_ns: u128,
    /// ∫₀ᵀ requests in the system dt \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub system_area_ns: u128,
    /// Σ server time received within \[0, T\] \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub service_sum_ns: u128,
    /// Start − arrival of the requests whose service began.
    pub delay_in_queue: Histogram,
    /// Finish − arrival of the requests whose service was completed.
    pub response_time: Histogram,
}

impl Tally {
    /// Adds a request whose service was completed.
    #[inline]
    pub fn completed(&mut self, arrival: u64, start: u64, finish: u64, service: u64) {
        if arrival < self.from_ns {
            return self.of_warm_up(start, finish, Some((start, service)));
        }
        self.counts.completed += 1;
        self.entered(arrival, start, service);
        self.response_sum_ns += u128::from(finish - arrival);
        self.waiting_area_ns += u128::from(start - arrival);
        self.system_area_ns += u128::from(finish - arrival);
        self.response_time.record(finish - arrival);
    }

    /// Adds `number` requests that were served without interruption, with these sums of delays and service times. The
    /// histograms already contain them.
    #[inline]
    pub fn all_completed(&mut self, number: u64, delays: u64, services: u64) {
        self.counts.completed += number;
        self.started += number;
        self.delay_sum_ns += u128::from(delays);
        self.service_sum_ns += u128::from(services);
        self.response_sum_ns += u128::from(delays) + u128::from(services);
        self.waiting_area_ns += u128::from(delays);
        self.system_area_ns += u128::from(delays) + u128::from(services);
    }

    /// Adds a request that left during its service.
    pub fn abandoned_in_service(&mut self, arrival: u64, start: u64, finish: u64, service: u64) {
        if arrival < self.from_ns {
            return self.of_warm_up(start, finish, Some((start, service)));
        }
        self.counts.abandoned += 1;
        self.entered(arrival, start, service);
        self.waiting_area_ns += u128::from(start - arrival);
        self.system_area_ns += u128::from(finish - arrival);
    }

    /// Adds a request that left unserved: on arrival (rejected) or later (abandoned).
    pub fn left_unserved(&mut self, arrival: u64, finish: u64) {
        if arrival < self.from_ns {
            return self.of_warm_up(finish, finish, None);
        }
        if finish == arrival {
            self.counts.rejected += 1;
        } else {
            self.counts.abandoned += 1;
        }
        self.waiting_area_ns += u128::from(finish - arrival);
        self.system_area_ns += u128::from(finish - arrival);
    }

    /// Adds a request that arrived during the warm-up and left the queue and the system at these times; `served`: when its
    /// service began, and the server time that it received. Only the time after the warm-up counts; of a service that was
    /// interrupted or shared, the same share as of the time since its start.
    #[cold]
    fn of_warm_up(&mut self, left_queue: u64, finish: u64, served: Option<(u64, u64)>) {
        self.counts.warm_up += 1;
        let after = |time: u64| u128::from(time.saturating_sub(self.from_ns));
        self.waiting_area_ns += after(left_queue);
        self.system_area_ns += after(finish);
        if let Some((start, service)) = served.filter(|&(start, _)| start < finish) {
            let in_service = after(finish).min(u128::from(finish - start));
            self.service_sum_ns += u128::from(service) * in_service / u128::from(finish - start);
        }
    }

    /// Adds a request that is in service at T. Its time in the system is added by [`Tally::add_time_in_system`].
    pub fn in_service(&mut self, arrival: u64, start: u64, service: u64) {
        self.counts.in_service += 1;
        self.entered(arrival, start, service);
        self.waiting_area_ns += u128::from(start - arrival);
    }

    /// Adds the times in the system of all requests in service at T, by their number and the sum of their arrivals.
    pub fn add_time_in_system(&mut self, number: u64, arrivals: u128) {
        self.system_area_ns += u128::from(number) * u128::from(self.end_ns) - arrivals;
    }

    /// Adds a request without a completion: it is waiting at T, or has not yet arrived. T must be known.
    #[inline]
    pub fn add_without_completion(&mut self, arrival: u64) {
        if arrival < self.end_ns {
            self.counts.waiting += 1;
            self.waiting_area_ns += u128::from(self.end_ns - arrival);
            self.system_area_ns += u128::from(self.end_ns - arrival);
        } else {
            self.counts.not_yet_arrived += 1;
        }
    }

    /// The time from the warm-up's end to T \[ns\], over which averages are.
    pub fn time_ns(&self) -> u128 {
        self.end_ns.saturating_sub(self.from_ns).into()
    }

    /// Adds another worker's tally; T becomes the larger one.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.started += other.started;
        self.from_ns = self.from_ns.max(other.from_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
        self.demand_sum_ns += other.demand_sum_ns;
        self.delay_sum_ns += other.delay_sum_ns;
        self.response_sum_ns += other.response_sum_ns;
        self.waiting_area_ns += other.waiting_area_ns;
        self.system_area_ns += other.system_area_ns;
        self.service_sum_ns += other.service_sum_ns;
        self.delay_in_queue.merge(&other.delay_in_queue);
        self.response_time.merge(&other.response_time);
    }

    /// Checks a tally from outside against the rules that hold for every shard of `offered` requests.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, offered: u64) -> Result<(), &'static str> {
        let Counts { completed, in_service, rejected, abandoned, waiting, not_yet_arrived, warm_up, .. } = self.counts;
        let ends = [completed, in_service, rejected, abandoned, waiting, not_yet_arrived, warm_up];
        let most = u128::from(offered) * u128::from(u64::MAX);
        let sums = [self.demand_sum_ns, self.delay_sum_ns, self.system_area_ns, self.service_sum_ns];
        // Parts of the time in the system.
        let parts = [self.waiting_area_ns, self.response_sum_ns];
        let started = u128::from(completed) + u128::from(in_service);
        if self.counts.offered != offered
            || ends.iter().map(|&end| u128::from(end)).sum::<u128>() != u128::from(offered)
        {
            return Err("its counts do not add up to the requests of its shard");
        }
        if !(started..=started + u128::from(abandoned)).contains(&u128::from(self.started)) {
            return Err("its number of service starts contradicts its other counts");
        }
        if self.delay_in_queue.count() != self.started || self.response_time.count() != completed {
            return Err("its histograms contradict its counts");
        }
        if sums.into_iter().any(|sum| sum > most) || parts.into_iter().any(|part| part > self.system_area_ns) {
            return Err("its sums exceed what its requests allow");
        }
        Ok(())
    }

    #[inline]
    fn entered(&mut self, arrival: u64, start: u64, service: u64) {
        self.started += 1;
        self.delay_sum_ns += u128::from(start - arrival);
        self.service_sum_ns += u128::from(service);
        self.delay_in_queue.record(start - arrival);
    }
}

/// The sum of `tallies`; a single one is not copied.
pub(crate) fn merged<'a>(mut tallies: impl Iterator<Item = &'a Tally>) -> Cow<'a, Tally> {
    let Some(first) = tallies.next() else { return Cow::Owned(Tally::default()) };
    let mut all = Cow::Borrowed(first);
    tallies.for_each(|tally| all.to_mut().add(tally));
    all
}

/// Sums may exceed 2⁵³, so JSON holds them as decimal strings.
pub(super) fn as_text<S: Serializer>(sum: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(sum)
}

pub(super) fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_tally_is_refused() {
        let mut tally = Tally { end_ns: 30, ..Tally::default() };
        tally.counts.offered = 2;
        tally.completed(0, 0, 10, 10);
        tally.completed(1, 10, 20, 10);
        assert_eq!(tally.check(2), Ok(()));
        let forged = |forge: fn(&mut Tally)| {
            let mut forged = tally.clone();
            forge(&mut forged);
            forged.check(2).unwrap_err()
        };
        assert!(tally.check(3).unwrap_err().contains("add up"));
        assert!(forged(|tally| tally.counts.completed = 9).contains("add up"));
        assert!(forged(|tally| (tally.counts.completed, tally.counts.waiting) = (4, u64::MAX - 1)).contains("add up"));
        assert!(forged(|tally| tally.started = 3).contains("service starts"));
        assert!(forged(|tally| tally.response_time.record(1)).contains("histograms"));
        assert!(forged(|tally| tally.service_sum_ns = u128::MAX).contains("sums"));
        assert!(forged(|tally| tally.waiting_area_ns += 100).contains("sums"));
        assert!(forged(|tally| tally.response_sum_ns += 1).contains("sums"));
        assert!(forged(|tally| tally.system_area_ns = u128::MAX).contains("sums"));
    }

    #[test]
    fn many_requests_are_added_as_one_by_one_and_as_a_merge() {
        let mut each = Tally { end_ns: 30, ..Tally::default() };
        each.counts.offered = 2;
        each.completed(0, 0, 10, 10);
        each.completed(1, 10, 25, 15);
        let mut all = Tally { end_ns: 30, ..Tally::default() };
        all.counts.offered = 2;
        all.all_completed(2, 9, 25);
        (all.delay_in_queue, all.response_time) = (each.delay_in_queue.clone(), each.response_time.clone());
        assert_eq!(each.response_sum_ns, 34);
        assert_eq!(all, each);
        each.abandoned_in_service(0, 0, 5, 5);
        assert_eq!(each.response_sum_ns, 34, "only completed requests count");
        all.add(&each);
        assert_eq!(all.response_sum_ns, 68);
    }
}
