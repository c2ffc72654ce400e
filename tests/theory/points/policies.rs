//! Several workers behind a policy.

use sim_wasm::Discipline;

use super::super::chains::{Choices, dealt, jsq, response, sed, unequal, unequal_servers};
use super::super::formulas::{Mmc, erlang_arrivals, gim1_delay, gim1_delay_above, mean_field, mg1};
use super::super::scenario::{Figure, Of, Scenario, UNIT_NS};
use super::super::service::{PARETO, Service};

const CHAIN: &str = "Markov chain, solved";

/// R, RR, WRR and SITA.
pub(super) fn without_state() -> Vec<Scenario> {
    const GIM1: &str = "GI/M/1: Kendall (1953)";
    const MM1: &str = "M/M/1";
    let mut all = vec![
        Scenario::new("R over 4 workers, M/M/1 each, at 0.8", 0.8).behind("R", 4).expects(
            Figure::Delay(Of::All),
            Mmc::new(0.8, 1).delay(),
            MM1,
        ),
        // Each gets 0.6 requests in a mean service time of speed 1.
        Scenario::new("R over workers of speeds 2 and 1, M/M/1 each, at 0.4", 0.4)
            .with_speeds("R", &[2, 1])
            .expects(Figure::Response(Of::Worker(0)), 1.0 / (2.0 - 0.6), MM1)
            .expects(Figure::Response(Of::Worker(1)), 1.0 / (1.0 - 0.6), MM1),
    ];
    for (rho, workers) in [(0.5, 2), (0.8, 4), (0.9, 3), (0.9, 10)] {
        let sigma = erlang_arrivals(rho, workers);
        let x = (1.0 / (1.0 - sigma)).round();
        all.push(
            Scenario::new(format!("RR over {workers} workers, E{workers}/M/1 each, at {rho}"), rho)
                .behind("RR", workers as usize)
                .expects(Figure::Delay(Of::All), gim1_delay(sigma), GIM1)
                .expects(Figure::DelayAbove(x), gim1_delay_above(sigma, x), GIM1),
        );
    }
    for (rho, weights) in [(0.8, vec![2, 1]), (0.7, vec![3, 2, 1])] {
        let turns = smooth(&weights);
        let rate = rho * turns.len() as f64;
        let mut scenario =
            Scenario::new(format!("WRR over workers of speeds {weights:?} at {rho}"), rho).with_speeds("WRR", &weights);
        for (worker, speed) in weights.iter().enumerate() {
            let mine: Vec<bool> = turns.iter().map(|turn| *turn == worker).collect();
            let theory = dealt(rate, *speed as f64, &mine, 200);
            scenario = scenario.expects(Figure::Response(Of::Worker(worker)), theory, CHAIN);
        }
        all.push(scenario);
    }
    for (rho, workers) in [(0.5, 2), (0.7, 2), (0.6, 3)] {
        all.push(size_intervals(rho, workers));
    }
    all
}

/// The turns of smooth weighted round robin in one round (nginx, `ngx_http_upstream_round_robin.c`): each worker gains its
/// weight, the one with the most is chosen and loses the sum of weights.
fn smooth(weights: &[u64]) -> Vec<usize> {
    let sum: i64 = weights.iter().map(|&weight| weight as i64).sum();
    let mut current = vec![0; weights.len()];
    let turn = |_| {
        for (value, &weight) in current.iter_mut().zip(weights) {
            *value += weight as i64;
        }
        let most = *current.iter().max().unwrap();
        let chosen = current.iter().position(|value| *value == most).unwrap();
        current[chosen] -= sum;
        chosen
    };
    (0..sum).map(turn).collect()
}

#[test]
fn smooth_turns_are_those_of_nginx() {
    // The example of nginx's authors: a, a, b, a, c, a, a.
    assert_eq!(smooth(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
    assert_eq!(smooth(&[2, 1]), [0, 1, 0]);
}

/// SITA over bounded Pareto demands, with cut-offs that give each worker the same load: M/G/1 each, with the part of the
/// distribution between two cut-offs.
fn size_intervals(rho: f64, workers: u32) -> Scenario {
    const SOURCE: &str = "Pollaczek, Khinchine of each interval";
    let (least, most) = PARETO.bounds();
    let cut = |worker: u32| {
        let (mut low, mut high) = (least, most);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            let is_below = PARETO.part(1, least, middle) < f64::from(worker) / f64::from(workers);
            if is_below { low = middle } else { high = middle }
        }
        // In whole nanoseconds, as the policy gets it.
        (high * UNIT_NS as f64).round() / UNIT_NS as f64
    };
    let cuts: Vec<f64> = (0..=workers).map(cut).collect();
    let inner: Vec<String> =
        cuts[1..workers as usize].iter().map(|cut| format!("{:.0}", cut * UNIT_NS as f64)).collect();
    let mut scenario = Scenario::new(format!("SITA over {workers} workers, bounded Pareto, at {rho}"), rho)
        .service(PARETO)
        .behind(&format!("SITA:{}", inner.join(",")), workers as usize);
    let mut mean = 0.0;
    for (worker, bounds) in cuts.windows(2).enumerate() {
        let [share, moments @ ..] = [0, 1, 2, 3].map(|power| PARETO.part(power, bounds[0], bounds[1]));
        let load = rho * f64::from(workers) * moments[0];
        let (delay, _) = mg1(load, moments.map(|moment| moment / share));
        mean += share * delay;
        scenario = scenario.expects(Figure::Delay(Of::Worker(worker)), delay, SOURCE);
    }
    scenario.expects(Figure::Delay(Of::All), mean, SOURCE)
}

/// JSQ, TC, POWER, LW and SED.
pub(super) fn with_state() -> Vec<Scenario> {
    let mean =
        |balancer: &str, rho: f64, workers: usize, theory: f64, source| {
            Scenario::new(format!("{balancer} over {workers} workers, M, at {rho}"), rho)
                .behind(balancer, workers)
                .expects(Figure::Response(Of::All), theory, source)
        };
    let two = Choices::distinct(2);
    let mut all = vec![
        mean("JSQ", 0.5, 2, response::<2>(0.5, two, 120, 30), CHAIN),
        mean("JSQ", 0.9, 2, response::<2>(0.9, two, 300, 40), CHAIN),
        mean("JSQ", 0.8, 3, response::<3>(0.8, Choices::distinct(3), 150, 20), CHAIN),
        mean("JSQ", 0.8, 4, response::<4>(0.8, Choices::distinct(4), 130, 14), CHAIN),
        mean("TC", 0.8, 3, response::<3>(0.8, two, 150, 20), CHAIN),
        mean("TC", 0.8, 4, response::<4>(0.8, two, 130, 18), CHAIN),
        mean("POWER:3", 0.8, 4, response::<4>(0.8, Choices::distinct(3), 130, 18), CHAIN),
    ];
    let replaced = Choices::with_replacement(2);
    all.push(mean("POWER:2,replacement", 0.8, 2, response::<2>(0.8, replaced, 150, 60), CHAIN));
    all.push(mean("POWER:2,replacement", 0.8, 3, response::<3>(0.8, replaced, 150, 24), CHAIN));
    all.push(mean("POWER:2,replacement", 0.8, 4, response::<4>(0.8, replaced, 130, 18), CHAIN));
    // The policy's model of workers that share their server, or serve the last one first: the number in system has the same chain.
    for (discipline, balancer, choices) in [
        (Discipline::Ps, "JSQ", Choices::distinct(3)),
        (Discipline::Lifo, "TC", two),
        (Discipline::Siro, "POWER:2,replacement", replaced),
    ] {
        let theory = response::<3>(0.8, choices, 150, 24);
        let name = format!("{balancer} over 3 workers, {}, M, at 0.8", discipline.name());
        let scenario = Scenario::new(name, 0.8).discipline(discipline).behind(balancer, 3);
        all.push(scenario.expects(Figure::Response(Of::All), theory, CHAIN));
    }
    for (rho, workers) in [(0.8, 4), (0.85, 8)] {
        let queue = Mmc::new(rho, workers);
        const SOURCE: &str = "M/M/c: Kiefer, Wolfowitz (1955)";
        let x = (1.0 / f64::from(workers) / (1.0 - rho) * 10.0).round() / 10.0;
        let scenario = mean("LW", rho, workers as usize, 1.0 + queue.delay(), SOURCE);
        all.push(scenario.expects(Figure::DelayAbove(x), queue.delay_above(x), SOURCE));
    }
    for (balancer, rho, fast, theory) in [
        ("SED", 0.8, 2, unequal(0.8, [2.0, 1.0], 100, sed(2))),
        ("SED", 0.6, 4, unequal(0.6, [4.0, 1.0], 100, sed(4))),
        ("JSQ", 0.8, 2, unequal(0.8, [2.0, 1.0], 100, jsq)),
        ("LW", 0.8, 2, unequal_servers(0.8, [2.0, 1.0], 200)),
    ] {
        let scenario = Scenario::new(format!("{balancer} over workers of speeds {fast} and 1, M, at {rho}"), rho);
        all.push(scenario.with_speeds(balancer, &[fast, 1]).expects(Figure::Response(Of::All), theory, CHAIN));
    }
    let per_worker = |balancer: &str, rho: f64, workers: usize, theory: f64, source| {
        Scenario::new(format!("{balancer} over {workers} workers, M, at {rho}"), rho)
            .behind(balancer, workers)
            .service(Service::Exponential)
            .expects(Figure::InSystemPerWorker, theory, source)
    };
    for (rho, published) in [(0.7, 1.2193), (0.9, 2.8003), (0.95, 4.2993)] {
        const SOURCE: &str = "Gast, Bortolussi, Tribastone (2018)";
        all.push(per_worker("POWER:2,replacement", rho, 10, published, SOURCE));
    }
    // With 1,000 workers the number is about 0.2 % larger than in the limit at 0.9: the difference at 10, divided by 100.
    for (choices, rho) in [(2, 0.7), (2, 0.9), (3, 0.9)] {
        const SOURCE: &str = "mean field: Vvedenskaya, Dobrushin, Karpelevich (1996)";
        let balancer = format!("POWER:{choices},replacement");
        all.push(per_worker(&balancer, rho, 1000, mean_field(rho, choices), SOURCE).warm_up(200.0));
    }
    all
}
