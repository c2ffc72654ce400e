//! The values in which two reports differ.

use std::collections::BTreeSet;

use failure::printable;
use serde_json::Value;

/// Upper limit of the values that are printed.
const SHOWN: usize = 10;

/// Characters of a value that are shown: those of a hash.
const VALUE: usize = 64;

/// The parts of a report that name what ran. Its other parts follow from them.
const CAUSES: [&str; 8] =
    ["schema", "queuebox", "contract", "significant_digits", "module", "trace", "settings", "replications"];

/// States that the report `now` differs from the `earlier` one at `path`, and in which values: those that name what ran come first.
pub(super) fn text(earlier: &Value, now: &Value, path: &str) -> String {
    let mut found = Vec::new();
    compare("", Some(earlier), Some(now), &mut found);
    let part = |path: &str| path.split(['.', '[']).next().map(str::to_owned).unwrap_or_default();
    // The sort is stable: within a part the order stays.
    found.sort_by_key(|(path, _)| !CAUSES.contains(&part(path).as_str()));
    if found.is_empty() {
        return format!("The report differs from {path} in its bytes, but in no value: the file was edited.\n");
    }
    let values = if found.len() == 1 { "value" } else { "values" };
    let mut text = format!("The report differs from {path} in {} {values}:\n", found.len());
    for (path, change) in found.iter().take(SHOWN) {
        text += &format!("{}: {change}\n", printable(path.as_bytes(), VALUE));
    }
    if let Some(more @ 1..) = found.len().checked_sub(SHOWN) {
        text += &format!("and {more} more\n");
    }
    text
}

/// Adds to `found` the path and the change of each value below `path` that differs.
fn compare(path: &str, earlier: Option<&Value>, now: Option<&Value>, found: &mut Vec<(String, String)>) {
    match (earlier, now) {
        (Some(Value::Object(earlier)), Some(Value::Object(now))) => {
            for key in earlier.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, earlier.get(key), now.get(key), found);
            }
        }
        (Some(Value::Array(earlier)), Some(Value::Array(now))) => {
            for place in 0..earlier.len().max(now.len()) {
                compare(&format!("{path}[{place}]"), earlier.get(place), now.get(place), found);
            }
        }
        _ if earlier == now => {}
        (Some(earlier), Some(now)) => {
            found.push((path.to_owned(), format!("{} is now {}", shown(earlier), shown(now))))
        }
        (Some(earlier), None) => found.push((path.to_owned(), format!("{} is now absent", shown(earlier)))),
        (None, Some(now)) => found.push((path.to_owned(), format!("was absent and is now {}", shown(now)))),
        (None, None) => {}
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text.as_bytes(), VALUE),
        other => printable(other.to_string().as_bytes(), VALUE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes(earlier: &Value, now: &Value) -> Vec<String> {
        let mut found = Vec::new();
        compare("", Some(earlier), Some(now), &mut found);
        found.into_iter().map(|(path, change)| format!("{path}: {change}")).collect()
    }

    #[test]
    fn each_value_that_differs_is_found_with_its_path() {
        let earlier = json!({"a": {"b": "x", "same": 1}, "gone": null, "list": [1, {"c": 2.5}, 3], "n": 1});
        let now = json!({"a": {"b": "y\u{1b}", "same": 1}, "list": [1, {"c": 2.25}], "n": "x", "new": {"d": true}});
        let expected = [
            "a.b: x is now y\\u{1b}",
            "gone: null is now absent",
            "list[1].c: 2.5 is now 2.25",
            "list[2]: 3 is now absent",
            "n: 1 is now x",
            "new: was absent and is now {\"d\":true}",
        ];
        assert_eq!(changes(&earlier, &now), expected);
        assert_eq!(changes(&now, &now), [""; 0]);
    }

    #[test]
    fn ten_values_are_shown_and_causes_come_first() {
        let report = |hash: &str, figure: u32| json!({"counts": vec![figure; 20], "module": {"sha256": hash}});
        let text = text(&report("12ab", 1), &report("34cd", 2), "r.json");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["The report differs from r.json in 21 values:", "module.sha256: 12ab is now 34cd"]);
        assert_eq!((lines[2], lines[11], lines.len()), ("counts[0]: 1 is now 2", "and 11 more", 12));
    }
}
