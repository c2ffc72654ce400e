//! Every promise of SECURITY.md has a test.

use std::fs;
use std::path::Path;

#[test]
fn the_tests_that_security_md_names_exist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(folder.join("../SECURITY.md")).unwrap();
    let code = text.split('`').skip(1).step_by(2);
    let named: Vec<(&str, &str)> = code.filter_map(|code| code.split_once("::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for (file, test) in named {
        let tests = fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap_or_default();
        // As a function, or as a row of a table of tests.
        let is_there = tests.contains(&format!("#[test]\nfn {test}()")) || tests.contains(&format!("        {test}: "));
        assert!(is_there, "{file}::{test} is named, and is no test");
    }
}
