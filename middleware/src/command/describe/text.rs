//! A description as people read it in a terminal.

use measure::{PerWorker, aligned, decimal, fixed, or_dash, without_zeros};
use report::grid::{Column, Grid, Place, paragraph};
use report::table;
use run::notes;
use serde_json::Value;
use sim_wasm::Speed;

use super::description::{Description, Operations, Peak, Share};
use super::distribution::{PERCENTILES, Summary};
use super::load::Stations;

/// Units of time, and to which power of 10 they are nanoseconds.
const UNITS: [(&str, u32); 3] = [("s", 9), ("ms", 6), ("µs", 3)];

/// A line a subject, then a table of what is distributed, then notes, in lines of at most `width` characters.
pub(super) fn text(description: &Description, width: usize) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text += &paragraph(&format!("{name:<18}"), &value, width);
    let of = |count: u64, all: u64| percent(count as f64 / all as f64);

    let Description { trace, requests, span_ns, interarrival, .. } = description;
    line("trace", trace.shown());
    let first_ns = i128::from(trace.offset_ns) + i128::from(description.first_arrival_ns);
    let first = u64::try_from(first_ns).map_or_else(|_| format!("{first_ns} ns"), time);
    line("requests", format!("{requests} in {}, the first at {first}", time(*span_ns)));
    line("rate", or_dash(description.mean_rate_per_s, |rate| format!("{} in the mean", per_second(rate))));
    line("peak", or_dash(description.peak.as_ref(), peak));
    let interarrival_of_0 = format!(
        "{} ({} of {})",
        of(description.interarrival_of_0, interarrival.count),
        description.interarrival_of_0,
        interarrival.count
    );
    line("interarrival of 0", if interarrival.count == 0 { "-".to_owned() } else { interarrival_of_0 });
    let operations = |&Operations { reads, writes, others }: &Operations| {
        let others = if others == 0 { String::new() } else { format!(", {} others", of(others, *requests)) };
        format!("{} reads, {} writes{others}", of(reads, *requests), of(writes, *requests))
    };
    line("operations", or_dash(description.operations.as_ref(), operations));
    line("clients", share(&description.clients, *requests, "the busiest sends"));
    line("blocks", or_dash(description.blocks.as_ref(), |blocks| share(blocks, *requests, "the most popular gets")));
    line("demands", demands(description));

    let Description { load, stations: Stations { workers, servers, speeds }, .. } = description;
    let busy = if *speeds == PerWorker::All(Speed::ONE) { " servers" } else { " servers of speed 1" };
    line("offered load", or_dash(load.offered, |offered| decimal(offered, 3) + busy + " busy in the mean"));
    let offered_to = match (servers, speeds) {
        (PerWorker::All(1), PerWorker::All(Speed::ONE)) => format!("WORKERS={workers} of one server each"),
        (PerWorker::All(servers), PerWorker::All(Speed::ONE)) => format!("WORKERS={workers} of {servers} servers each"),
        _ => table::workers(*workers, servers, Some(speeds)),
    };
    line(
        "utilization",
        or_dash(load.utilization, |utilization| format!("{} offered to {offered_to}", decimal(utilization, 3))),
    );
    let differ = servers.list().is_some() || speeds.list().is_some();
    line(
        "workers needed",
        or_dash(load.workers_below_1.zip(load.workers_below_0_75), |(below_1, below_0_75)| {
            format!("at least {below_1} to stay below utilization 1, {below_0_75} to stay below 0.75")
        }) + if differ { " (the workers differ)" } else { "" },
    );
    text + "\n" + &distributions(description, width) + &table::notes(&description.notes, width)
}

/// The table of interarrival times, demands and sizes: a column for each.
fn distributions(description: &Description, width: usize) -> String {
    let times = [("interarrival", &description.interarrival), ("demand", &description.demand)]
        .map(|(name, summary)| (name, figures(summary, summary.mean().map(mean), short, percentile)));
    let sizes = [("size", &description.size), ("reply size", &description.reply_size)].into_iter();
    let sizes = sizes.filter_map(|(name, summary)| {
        let summary = summary.as_ref()?;
        let number = |size: u64| size.to_string();
        Some((name, figures(summary, summary.mean().map(|mean| decimal(mean, 3)), number, number)))
    });
    let columns: Vec<(&str, Vec<String>)> = times.into_iter().chain(sizes).collect();

    let column = |name: &str, left: bool| Column { head: name.to_owned(), left, place: Place::First };
    let names = columns.iter().map(|(name, _)| column(name, false));
    let mut grid = Grid::new([column("", true)].into_iter().chain(names).collect());
    let percentiles = PERCENTILES.map(|percentile| percentile.to_string());
    let names = ["mean", "CV", "min"].map(str::to_owned).into_iter().chain(percentiles).chain(["max".to_owned()]);
    for (number, name) in names.enumerate() {
        let cells = columns.iter().map(|(_, figures)| figures[number].clone());
        grid.row([name].into_iter().chain(cells).collect());
    }
    grid.render(width)
}

/// Mean, CV, minimum, percentiles and maximum; `exact` shows the two extremes, `percentile` what is between them.
fn figures(
    summary: &Summary,
    mean: Option<String>,
    exact: impl Fn(u64) -> String,
    percentile: impl Fn(u64) -> String,
) -> Vec<String> {
    let percentiles = summary.percentiles.map(|value| or_dash(value, &percentile));
    let [min, max] = [summary.min, summary.max].map(|value| or_dash(value, &exact));
    let first = [mean.unwrap_or("-".to_owned()), or_dash(summary.cv, |cv| decimal(cv, 3)), min];
    first.into_iter().chain(percentiles).chain([max]).collect()
}

fn peak(peak: &Peak) -> String {
    let Peak { rate_per_s, window_ns, requests, start_ns } = *peak;
    let (rate, window) = (per_second(rate_per_s), whole(window_ns));
    format!("{rate}: {requests} in a window of {window}, from {} on", time(start_ns))
}

fn share(share: &Share, requests: u64, most_popular: &str) -> String {
    let Share { distinct, exact, distinct_standard_error, .. } = share;
    let [least, most] = share.most_popular_requests;
    let [least_share, most_share] = share.most_popular_share.map(percent);
    if *exact {
        return format!("{distinct}; {most_popular} {least_share} ({least} of {requests})");
    }
    let shares = if least_share == most_share { most_share } else { format!("{least_share} to {most_share}") };
    format!(
        "about {distinct} (standard error {}); {most_popular} {shares} ({least} to {most} of {requests})",
        percent(*distinct_standard_error)
    )
}

fn demands(description: &Description) -> String {
    let Description { requests, demands_sampled, settings, .. } = description;
    if *demands_sampled == 0 {
        return "the trace's own".to_owned();
    }
    let mean = settings.get("ST_NS").and_then(Value::as_u64).map_or("-".to_owned(), short);
    let [distribution, seed] = ["SERVICE", "SEED"].map(|key| settings.get(key).map_or("-".to_owned(), word));
    let is_cost = settings.contains_key("WRITE_FACTOR");
    let made = if is_cost { "computed" } else { "sampled" };
    let which = if demands_sampled == requests {
        made.to_owned()
    } else {
        format!("the trace's own, but {demands_sampled} of {requests} {made}")
    };
    // A note has the terms of a cost.
    if is_cost {
        return format!("{which}: SERVICE={distribution} with ST={mean}");
    }
    format!("{which}: SERVICE={} of mean {mean}, SEED={seed}", notes::short_service(&distribution))
}

/// A time in the largest unit that it reaches, with three decimals.
fn time(ns: u64) -> String {
    unit(ns).map_or(format!("{ns} ns"), |(unit, power)| format!("{} {unit}", fixed(ns.into(), power, 3)))
}

/// A time in the largest unit that it reaches, with four significant digits.
fn short(ns: u64) -> String {
    unit(ns).map_or(format!("{ns} ns"), |(unit, power)| {
        let decimals = 3u32.saturating_sub(ns.ilog10() - power);
        format!("{} {unit}", fixed(ns.into(), power, decimals))
    })
}

/// A percentile of times: its digits up to the last one that is not 0, and blanks where [`short`] has more.
fn percentile(ns: u64) -> String {
    unit(ns).map_or(format!("{ns} ns"), |(unit, power)| {
        let decimals = 3u32.saturating_sub(ns.ilog10() - power);
        format!("{} {unit}", aligned(without_zeros(&fixed(ns.into(), power, power)), decimals as usize))
    })
}

/// A mean of times as [`short`] shows one, with the fraction of what is below a microsecond.
fn mean(ns: f64) -> String {
    match ns {
        0.0 => short(0),
        999.95.. => short(ns.round() as u64),
        _ => decimal(ns, 3 - (ns.max(1.0) as u64).ilog10() as usize) + " ns",
    }
}

/// A time in the largest unit that it reaches, of which it is a multiple.
fn whole(ns: u64) -> String {
    unit(ns).map_or(format!("{ns} ns"), |(unit, power)| format!("{} {unit}", fixed(ns.into(), power, 0)))
}

/// The largest unit that `ns` reaches.
fn unit(ns: u64) -> Option<(&'static str, u32)> {
    UNITS.into_iter().find(|&(_, power)| ns >= 10u64.pow(power))
}

fn per_second(rate: f64) -> String {
    decimal(rate, 3) + " requests/s"
}

fn percent(share: f64) -> String {
    decimal(share * 100.0, 3) + " %"
}

fn word(value: &Value) -> String {
    value.as_str().map_or(value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_estimated_is_called_so() {
        let mut estimate = Share {
            distinct: 2_000_000,
            exact: false,
            distinct_standard_error: 0.004_062_5,
            most_popular: None,
            most_popular_requests: [2_000_000, 2_100_000],
            most_popular_share: [0.2, 0.21],
        };
        let shown = "about 2000000 (standard error 0.406 %); the most popular gets 20.000 % to 21.000 % \
                     (2000000 to 2100000 of 10000000)";
        assert_eq!(share(&estimate, 10_000_000, "the most popular gets"), shown);
        estimate.most_popular_share = [0.0, 0.000_001];
        assert!(share(&estimate, 10, "gets").contains("gets 0.000 % to <0.001 % ("));
        estimate.most_popular_share = [0.000_001; 2];
        assert!(share(&estimate, 10, "gets").contains("gets <0.001 % ("));
    }

    #[test]
    fn a_share_is_0_only_where_there_is_none() {
        assert_eq!([0.0, 0.000_004, 0.000_01, 1.0].map(percent), ["0.000 %", "<0.001 %", "0.001 %", "100.000 %"]);
    }

    #[test]
    fn percentiles_of_times_show_the_digits_that_are_known() {
        let shown = [0, 999, 1_000, 16_610_000, 1_000_500_000, 217_200_000_000, 12_340_000_000_000].map(percentile);
        assert_eq!(shown, ["0 ns", "999 ns", "1     µs", "16.61 ms", "1.0005 s", "217.2 s", "12340 s"]);
    }

    #[test]
    fn times_are_short_and_rounded() {
        for (ns, exact, brief) in [
            (0, "0 ns", "0 ns"),
            (999, "999 ns", "999 ns"),
            (1_000, "1.000 µs", "1.000 µs"),
            (1_499_500, "1.500 ms", "1.500 ms"),
            (63_799_400, "63.799 ms", "63.80 ms"),
            (999_999_999, "1000.000 ms", "1000.0 ms"),
            (217_169_049_000, "217.169 s", "217.2 s"),
            (12_345_500_000_000, "12345.500 s", "12346 s"),
            (u64::MAX, "18446744073.710 s", "18446744074 s"),
        ] {
            assert_eq!((time(ns), short(ns)), (exact.to_owned(), brief.to_owned()));
        }
        let means = [0.0, 0.0004, 0.25, 3.4, 12.345, 999.9, 999.96, 1499.4, 1.8e19].map(mean);
        let shown = ["0 ns", "<0.001 ns", "0.250 ns", "3.400 ns", "12.35 ns", "999.9 ns", "1.000 µs", "1.499 µs"];
        assert_eq!((&means[..8], &*means[8]), (&shown.map(str::to_owned)[..], "18000000000 s"));
        let windows = [1, 100, 10_000, 1_000_000_000, 1_000_000_000_000].map(whole);
        assert_eq!(windows, ["1 ns", "100 ns", "10 µs", "1 s", "1000 s"]);
    }
}
