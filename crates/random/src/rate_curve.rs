//! A rate that follows a curve, the same for all clients: constant between the points of the curve.
//!
//! As in [`crate::bursts`], arrivals are those of a process of constant rate on an operational clock, which runs as fast as
//! the rate is high. The inverse of a piecewise linear function needs no rejection, and is the same on every machine.

use crate::exponential::FRACTION_BITS;

/// Steps of a sinusoidal curve in a period: minutes of a day.
const STEPS: u32 = 1440;

/// A rate as a function of time, with its integral. All times are in units of 2⁻⁴⁸ ns.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    steps: Vec<Step>,
    /// Length and operational length of a curve that repeats itself. Otherwise the last step goes on for ever.
    cycle: Option<(u128, u128)>,
}

/// A part of the curve with one rate.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    start: u128,
    /// The integral of the rate up to the start.
    start_operational: u128,
    rate: f64,
}

impl RateCurve {
    /// The curve with these steps: start \[ns\], 0 first, rising, and rate. It begins again at `end_ns`, or the last rate
    /// goes on for ever.
    ///
    /// None if no time has a rate above 0, if the last rate is 0 and goes on for ever, or if the integral of the rate is
    /// 2⁷⁰ or more.
    pub fn new(points: &[(u64, f64)], end_ns: Option<u64>) -> Option<Self> {
        let mut steps: Vec<Step> = Vec::with_capacity(points.len());
        let mut integral = 0.0;
        let ends = points.iter().skip(1).map(|&(start, _)| start).chain(end_ns);
        let mut ends = ends.map(Some).chain([None]);
        for &(start_ns, rate) in points {
            steps.push(Step { start: fixed(start_ns as f64), start_operational: fixed(integral), rate });
            if let Some(end_ns) = ends.next().flatten() {
                integral += (end_ns - start_ns) as f64 * rate;
            }
        }
        let has_rate = if end_ns.is_some() { integral > 0.0 } else { steps.last()?.rate > 0.0 };
        let cycle = end_ns.map(|end_ns| (fixed(end_ns as f64), fixed(integral)));
        (has_rate && integral < (1u128 << 70) as f64).then_some(Self { steps, cycle })
    }

    /// A sinusoidal rate with mean 1 and maximum `peak`, from 1 to 2: 1 − (peak − 1)·cos(2πt/`period_ns`), each of 1440
    /// steps with its mean. It is lowest at time 0, highest after half a period.
    pub fn sinusoidal(peak: f64, period_ns: u64) -> Self {
        use std::f64::consts::TAU;
        let period = fixed(period_ns as f64);
        let integral = |step: u32| {
            let share = f64::from(step) / f64::from(STEPS);
            let periods = share - (peak - 1.0) * libm::sin(TAU * share) / TAU;
            if step == STEPS { period } else { (period as f64 * periods.max(0.0) + 0.5) as u128 }
        };
        let start = |step: u32| period * u128::from(step) / u128::from(STEPS);
        let step = |number: u32| {
            let (start_operational, next) = (integral(number), integral(number + 1));
            let rate = (next - start_operational) as f64 / (start(number + 1) - start(number)) as f64;
            Step { start: start(number), start_operational, rate }
        };
        Self { steps: (0..STEPS).map(step).collect(), cycle: Some((period, period)) }
    }

    /// The integral of the rate up to `ns`, in nanoseconds.
    pub fn integral_ns(&self, ns: u64) -> f64 {
        let (cycles, within) = match self.cycle {
            Some((length, operational)) => {
                let time = fixed(ns as f64);
                ((time / length) as f64 * operational as f64, time % length)
            }
            None => (0.0, fixed(ns as f64)),
        };
        let step = &self.steps[self.steps.partition_point(|step| step.start <= within) - 1];
        let operational = cycles + step.start_operational as f64 + (within - step.start) as f64 * step.rate;
        operational / (1u64 << FRACTION_BITS) as f64
    }

    /// The step that holds `operational`, which is within the cycle: steps without a rate hold none.
    fn step_at(&self, operational: u128) -> usize {
        self.steps.partition_point(|step| step.start_operational <= operational) - 1
    }
}

/// `ns` in units of 2⁻⁴⁸ ns.
fn fixed(ns: f64) -> u128 {
    (ns * (1u64 << FRACTION_BITS) as f64 + 0.5) as u128
}

/// Where a client is on a curve. All times are in units of 2⁻⁴⁸ ns.
#[derive(Debug, Clone, Default)]
pub struct CurveClock {
    cycle_start: u128,
    cycle_start_operational: u128,
    step: usize,
}

impl CurveClock {
    /// The time at which the operational clock shows `operational`, which is not less than in the call before.
    #[inline]
    pub fn time_of(&mut self, curve: &RateCurve, operational: u128) -> u128 {
        let mut within = operational - self.cycle_start_operational;
        if let Some((length, operational)) = curve.cycle
            && within >= operational
        {
            let cycles = within / operational;
            self.cycle_start = self.cycle_start.saturating_add(length.saturating_mul(cycles));
            self.cycle_start_operational += operational * cycles;
            within -= operational * cycles;
            self.step = 0;
        }
        let mut end = curve.steps.get(self.step + 1);
        if end.is_some_and(|next| next.start_operational <= within) {
            self.step = curve.step_at(within);
            end = curve.steps.get(self.step + 1);
        }
        let Step { start, start_operational, rate } = curve.steps[self.step];
        // A rate close to 0 may take longer than a clock holds.
        let time = start.saturating_add(((within - start_operational) as f64 / rate) as u128);
        let end = end.map(|next| next.start).or(curve.cycle.map(|(length, _)| length)).unwrap_or(u128::MAX);
        self.cycle_start.saturating_add(time.min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(curve: &RateCurve, operational: &[f64]) -> Vec<f64> {
        let mut clock = CurveClock::default();
        let time = |&ns: &f64| clock.time_of(curve, fixed(ns)) as f64 / (1u64 << FRACTION_BITS) as f64;
        operational.iter().map(time).collect()
    }

    #[test]
    fn time_passes_by_the_rate_of_each_step() {
        // Rates 0, 2, 0, ½; in each cycle of 40 ns the integral is 25.
        let points = [(0, 0.0), (10, 2.0), (20, 0.0), (30, 0.5)];
        let curve = RateCurve::new(&points, Some(40)).unwrap();
        let passed = times(&curve, &[0.0, 10.0, 19.0, 20.0, 24.0, 25.0, 26.0, 250.0, 296.0]);
        assert_eq!(passed, [10.0, 15.0, 19.5, 30.0, 38.0, 50.0, 50.5, 410.0, 472.0]);
        assert_eq!([0, 10, 20, 40, 412].map(|ns| curve.integral_ns(ns)), [0.0, 0.0, 20.0, 25.0, 254.0]);
        // The last rate goes on for ever.
        let curve = RateCurve::new(&points, None).unwrap();
        assert_eq!(times(&curve, &[20.0, 25.0, 1020.0]), [30.0, 40.0, 2030.0]);
        assert_eq!(curve.integral_ns(2030), 1020.0);
    }

    #[test]
    fn a_curve_without_a_rate_is_refused() {
        assert_eq!(RateCurve::new(&[], None), None);
        assert_eq!(RateCurve::new(&[(0, 5.0), (10, 0.0)], None), None);
        assert_eq!(RateCurve::new(&[(0, 0.0), (10, 0.0)], Some(20)), None);
        assert_eq!(RateCurve::new(&[(0, 1e15), (1 << 60, 1.0)], None), None);
        assert!(RateCurve::new(&[(0, 5.0), (10, 0.0)], Some(11)).is_some());
    }

    #[test]
    fn a_rate_close_to_0_takes_for_ever() {
        let curve = RateCurve::new(&[(0, 1.0), (5, 1e-300)], None).unwrap();
        assert_eq!(CurveClock::default().time_of(&curve, fixed(6.0)), u128::MAX);
    }

    #[test]
    fn the_sinusoidal_curve_is_its_integral_at_each_step() {
        for peak in [1.0, 1.5, 2.0] {
            let curve = RateCurve::sinusoidal(peak, 14_400);
            let mut last = 0.0;
            for (time, operational) in (0..20_000).step_by(10).map(|ns| (f64::from(ns), curve.integral_ns(ns as u64))) {
                let share = time / 14_400.0 * std::f64::consts::TAU;
                let expected = time - (peak - 1.0) * 14_400.0 * share.sin() / std::f64::consts::TAU;
                assert!((operational - expected).abs() < 1e-8 && operational >= last, "{peak} {time}");
                last = operational;
            }
            let highest = curve.steps.iter().map(|step| step.rate).fold(0.0, f64::max);
            assert!((highest - peak).abs() < 1e-5, "{highest}");
            // The inverse gives back the times, but at the start, where a peak of 2 has a rate near 0.
            let clocks: Vec<f64> = (1..100).map(|step| f64::from(step) * 333.0).collect();
            let integrals: Vec<f64> = clocks.iter().map(|&ns| curve.integral_ns(ns as u64)).collect();
            assert!(times(&curve, &integrals).iter().zip(clocks).all(|(time, ns)| (time - ns).abs() < 1e-6));
        }
    }

    /// The times of docs/generator.md.
    #[test]
    fn times_are_those_of_the_documentation() {
        let daily = RateCurve::sinusoidal(1.8, 86_400_000_000_000);
        assert_eq!(
            times(&daily, &[1e9, 1e12, 1e14]),
            [4_999_936_538.903_43, 4_647_954_582_579.762, 110_777_176_622_126.53]
        );
        let file = RateCurve::new(&[(0, 100.0), (5_000_000_000, 20.0)], Some(8_000_000_000)).unwrap();
        assert_eq!(times(&file, &[1e9, 5.1e11, 1e12]), [1e7, 5.5e9, 1.24e10]);
    }
}
