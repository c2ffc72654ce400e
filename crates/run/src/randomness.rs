//! What is random in a run.

use contract::Capabilities;
use measure::Randomness;
use sim_wasm::Discipline;

use crate::scenario::Scenario;
use crate::source::Source;

/// What is random in the run of `scenario` over `source`; complete after the end of the trace.
pub fn randomness(scenario: &Scenario, source: &Source) -> Randomness {
    let (model, capabilities) = (&scenario.first().model, scenario.first().capabilities.unwrap_or_default());
    let sampled = source.sampled().are_random();
    // Another module may know more words than the default one.
    let random_order = Discipline::named(&model.discipline).is_none_or(|known| known == Discipline::Siro);
    let decides = capabilities.has(Capabilities::OWN_DEMANDS) || !capabilities.has(Capabilities::DISCIPLINE);
    let random_patience = model.patience.exponential && !model.patience.is_endless();
    Randomness {
        arrivals: source.has_random_arrivals(),
        demands: sampled,
        model: random_order || random_patience || decides,
        policy: scenario.workers.len() > 1 && scenario.policy.as_ref().is_some_and(policy::PolicySpec::is_random),
        rate_changes: source.rate_changes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PartitionSettings;
    use crate::setup::{self, Balancing};
    use cli::settings::of_flags;
    use sandbox::Module;
    use trace::reader::ReadFlags;

    const RECORDED: &str = "arrival_s,service_ms\n0,1\n0,2\n1,3\n";

    /// What is random over the trace with these `rows`, or a generated one; its end is reached.
    fn found(rows: Option<&str>, flags: &str, spread: Option<&str>) -> Randomness {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, rows.unwrap_or_default()).unwrap();
        let mut flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        flags.extend(rows.map(|_| format!("--trace={}", path.display())));
        let settings: PartitionSettings = of_flags(flags.iter().map(String::as_str)).unwrap();
        let balancing = Balancing::from_settings(&settings).unwrap();
        let reading = ReadFlags { spread: spread.map(str::to_owned), ..ReadFlags::default() };
        let mut source = setup::source(&settings, &reading, &balancing).unwrap();
        let mut scenario = balancing.scenario("", Module::new(b""), &of_flags([""; 0]).unwrap(), false);
        scenario.set_capabilities(Capabilities::DISCIPLINE);
        source.read(|_, _| Ok(())).unwrap();
        randomness(&scenario, &source)
    }

    #[test]
    fn each_part_of_a_run_is_random_for_its_own_reason() {
        let none = Randomness::default();
        let recorded = |flags: &str| found(Some(RECORDED), flags, None);
        assert_eq!(recorded(""), none);
        assert_eq!(recorded("--balancer=WRR --discipline=sjf --patience=5ms"), none);
        assert_eq!(recorded("--balancer=R --workers=1"), none);
        assert_eq!(recorded("--balancer=SITA:1ms,2ms,3ms"), none);
        let policy = Randomness { policy: true, ..none };
        for name in ["R", "TC", "POWER:3", "JSQ", "SED", "LW", "SITA"] {
            assert_eq!(recorded(&format!("--balancer={name}")), policy, "{name}");
        }
        let model = Randomness { model: true, ..none };
        for flags in ["--discipline=siro", "--patience=exponential:5ms", "--discipline=own"] {
            assert_eq!(recorded(flags), model, "{flags}");
        }
        let arrivals = Randomness { arrivals: true, ..none };
        assert_eq!(found(Some(RECORDED), "", Some("random:1s")), arrivals);
        assert_eq!(found(Some(RECORDED), "", Some("even:1s")), none);
        let without = Some("arrival_s\n0\n1\n");
        assert_eq!(found(without, "", None), Randomness { demands: true, ..none });
        assert_eq!(found(without, "--service=deterministic", None), none);
        let generated = |flags: &str| found(None, &format!("--samples=50 {flags}"), None);
        assert_eq!(generated("--service=deterministic"), arrivals);
        let changing = Randomness { rate_changes: true, ..arrivals };
        assert_eq!(generated("--service=cost --arrivals=onoff:1s,1s"), changing);
        assert_eq!(generated("--service=cost --arrivals=daily:2"), changing);
    }

    #[test]
    fn what_a_module_decides_itself_may_be_random() {
        let settings: PartitionSettings = of_flags(["--samples=9"]).unwrap();
        let balancing = Balancing::from_settings(&settings).unwrap();
        let source = setup::source(&settings, &ReadFlags::default(), &balancing).unwrap();
        let mut scenario = balancing.scenario("", Module::new(b""), &of_flags([""; 0]).unwrap(), false);
        let mut is_random = |capabilities: u64| {
            scenario.set_capabilities(Capabilities(capabilities));
            randomness(&scenario, &source).model
        };
        let (order, demands) = (Capabilities::DISCIPLINE.0, Capabilities::OWN_DEMANDS.0);
        assert_eq!([order, 0, order | demands].map(&mut is_random), [false, true, true]);
    }
}
