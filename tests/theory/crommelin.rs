//! M/D/c, first in, first out: the number in system an instant apart by a service time is a Markov chain, and the delay
//! follows from it. Times are in service times.

/// M/D/c at one load.
pub(super) struct Mdc {
    servers: usize,
    load: f64,
    /// The probability of each number in system at any time.
    numbers: Vec<f64>,
}

/// The largest number in system of the truncated chain. Its tail decays geometrically, at 0.9 with the ratio 0.81 or
/// less, so that less than 0.81³⁰⁰ = 10⁻²⁷ is cut off.
const LARGEST: usize = 300;

impl Mdc {
    /// At the utilization `rho`, up to 0.9.
    ///
    /// A request in service at t has left at t + 1, and one that waits at t or arrives between is there (Crommelin, "Delay
    /// probability formulae when the holding times are constant", 1932): N(t + 1) = max(N(t) − c, 0) + Poisson(λ).
    pub(super) fn new(rho: f64, servers: usize) -> Self {
        let load = rho * servers as f64;
        let mut arrivals = vec![(-load).exp()];
        for n in 1..=LARGEST {
            arrivals.push(arrivals[n - 1] * load / n as f64);
        }
        let row = |from: usize| {
            let rest = from.saturating_sub(servers);
            let mut row: Vec<f64> = (0..=LARGEST).map(|to| if to < rest { 0.0 } else { arrivals[to - rest] }).collect();
            row[LARGEST] += 1.0 - row.iter().sum::<f64>();
            row
        };
        Self { servers, load, numbers: stationary((0..=LARGEST).map(row).collect()) }
    }

    /// The mean delay, by Little's law from the mean queue.
    pub(super) fn delay(&self) -> f64 {
        let queue: f64 = self.numbers[self.servers..].iter().enumerate().map(|(n, share)| n as f64 * share).sum();
        queue / self.load
    }

    /// P(delay > x), Franx ("A simple solution for the M/D/c waiting time distribution", 2001): for k − 1 ≤ x < k,
    /// P(delay ≤ x) = Σ Q(kc − 1 − j)·(λ(k − x))ʲ/j!·e^(−λ(k − x)) over j < kc, with Q(m) = P(number in system ≤ c + m).
    pub(super) fn delay_above(&self, x: f64) -> f64 {
        let k = x.floor() as usize + 1;
        let mean = self.load * (k as f64 - x);
        let mut poisson = (-mean).exp();
        let mut below = 0.0;
        for j in 0..k * self.servers {
            let upto = (self.servers + k * self.servers - 1 - j).min(LARGEST);
            below += poisson * self.numbers[..=upto].iter().sum::<f64>();
            poisson *= mean / (j + 1) as f64;
        }
        1.0 - below
    }
}

/// The stationary distribution of a Markov chain with the matrix `p`, without subtractions (Grassmann, Taksar, Heyman,
/// 1985).
fn stationary(mut p: Vec<Vec<f64>>) -> Vec<f64> {
    let n = p.len();
    for last in (1..n).rev() {
        let leaves: f64 = p[last][..last].iter().sum();
        let (upper, lower) = p.split_at_mut(last);
        for row in upper {
            let share = row[last] / leaves;
            if share > 0.0 {
                row[last] = share;
                for (to, rate) in row[..last].iter_mut().zip(&lower[0]) {
                    *to += share * rate;
                }
            }
        }
    }
    let mut weights: Vec<f64> = vec![1.0];
    for state in 1..n {
        weights.push(weights.iter().zip(&p).map(|(weight, row)| weight * row[state]).sum());
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

#[test]
fn a_chain_of_two_states_has_its_stationary_distribution() {
    let found = stationary(vec![vec![0.9, 0.1], vec![0.3, 0.7]]);
    assert!((found[0] - 0.75).abs() < 1e-12 && (found[1] - 0.25).abs() < 1e-12);
}

/// Crommelin's own series of 1932: E[delay] = Σ e^(−kλ)·(Σ (kλ)ʲ/j! over j ≥ kc − (1/ρ)·Σ (kλ)ʲ/j! over j > kc).
#[test]
fn the_mean_delay_is_that_of_crommelin_s_series() {
    for (rho, servers) in [(0.5, 1), (0.9, 1), (0.7, 2), (0.8, 5), (0.9, 10)] {
        let load = rho * servers as f64;
        let term = |k: u32| {
            let mean = f64::from(k) * load;
            let first = k as usize * servers;
            let start = first as f64 * mean.ln() - libm::lgamma(first as f64 + 1.0) - mean;
            let (mut poisson, mut sum) = (start.exp(), 0.0);
            for j in first.. {
                sum += poisson * if j == first { 1.0 } else { 1.0 - 1.0 / rho };
                poisson *= mean / (j + 1) as f64;
                if poisson < 1e-18 {
                    break;
                }
            }
            sum
        };
        let series: f64 = (1..6000).map(term).sum();
        let found = Mdc::new(rho, servers).delay();
        assert!((found - series).abs() < 1e-9, "M/D/{servers} at {rho}: {found}, not {series}");
    }
}

#[test]
fn one_server_has_the_delay_of_erlang() {
    let queue = Mdc::new(0.8, 1);
    // ρ/(2(1 − ρ)); P(delay > 0) = ρ; Erlang (1909): P(delay ≤ x) = (1 − ρ)·e^(ρx) for x < 1.
    assert!((queue.delay() - 2.0).abs() < 1e-9);
    for x in [0.0f64, 0.3, 0.9] {
        let expected = 1.0 - 0.2 * (0.8 * x).exp();
        assert!((queue.delay_above(x) - expected).abs() < 1e-9, "{x}");
    }
    // The mean is the integral of the tail.
    let mean = super::formulas::integral(0.0, 40.0, |x| queue.delay_above(x.min(39.999_999)));
    assert!((mean - 2.0).abs() < 1e-4, "{mean}");
}
