//! Tests of [`super`].

use super::*;

const FIRST: &str = "20261124T093000.000001Z-aaaaaa";
const SECOND: &str = "20261124T093000.000002Z-bbbbbb";
const THIRD: &str = "20261125T093000.000001Z-cccccc";

fn folder(names: &[&str]) -> tempfile::TempDir {
    let runs = tempfile::tempdir().unwrap();
    names.iter().for_each(|name| fs::create_dir(runs.path().join(name)).unwrap());
    runs
}

#[test]
fn a_run_is_found_by_a_unique_prefix_of_its_name() {
    let runs = folder(&[FIRST, SECOND, THIRD]);
    let found = |name: &str| find_in(runs.path(), Some(Path::new(name))).map_err(|error| error.to_string());
    assert_eq!(found(SECOND), Ok(runs.path().join(SECOND)));
    assert_eq!(found("20261125T093000"), Ok(runs.path().join(THIRD)));
    assert_eq!(found("20261124T093000.000002"), Ok(runs.path().join(SECOND)));
    let several = found("20261124T093000").unwrap_err();
    assert!(several.starts_with("there is more than one run 20261124T093000 in "), "{several}");
    assert!(several.contains(FIRST) && several.contains(SECOND) && !several.contains(THIRD), "{several}");
    let none = found("nope").unwrap_err();
    assert!(none.starts_with("there is no run nope in "), "{none}");
    assert!([FIRST, SECOND, THIRD].iter().all(|name| none.contains(name)), "{none}");
    // A folder in another place.
    let path = runs.path().join(FIRST);
    assert_eq!(found(path.to_str().unwrap()), Ok(path));
    assert!(find_in(folder(&[]).path(), None).unwrap_err().to_string().contains("there is no run in "));
}

#[test]
fn an_error_names_the_twenty_runs_that_ended_last() {
    let names: Vec<String> = (10..35).map(|second| format!("20261124T0930{second}.000000Z-aaaaaa")).collect();
    let runs = folder(&[]);
    for (second, name) in (0..).zip(&names) {
        let path = runs.path().join(name);
        fs::create_dir(&path).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
    }
    let error = find_in(runs.path(), Some(Path::new("nope"))).unwrap_err().to_string();
    assert!(error.ends_with(&names[5..].join(", ")), "{error}");
    assert!(!error.contains(&names[4]), "{error}");
}

#[test]
fn a_report_that_is_missing_or_of_another_schema_is_an_error() {
    let runs = folder(&[FIRST]);
    let refusal = || report(&runs.path().join(FIRST)).unwrap_err().to_string();
    assert!(
        refusal().ends_with("Z-aaaaaa: there is no report.json in it: the file was removed; run it again"),
        "{}",
        refusal()
    );
    fs::write(runs.path().join(FIRST).join(REPORT), r#"{"schema": 2, "queuebox": "0.9.0"}"#).unwrap();
    assert!(
        refusal().contains("Z-aaaaaa: report.json: it has schema 2; this version reads schema 1: "),
        "{}",
        refusal()
    );
}
