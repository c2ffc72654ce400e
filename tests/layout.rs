//! The dependencies of crates, and the files that documents name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::documents::documents;

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The project's packages that link wasmtime, according to cargo. The lock file decides, so no network is needed.
fn linking_wasmtime() -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    let arguments =
        "tree --locked --offline --workspace --edges normal,build --invert wasmtime --prefix none --format {p}";
    let output = cargo.current_dir(root()).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| Some(line.split(' ').next()?.strip_prefix("queuebox-")?.to_owned())).collect()
}

/// Describing, partitioning, policies, measuring and rendering do not need wasmtime, so they build for a browser and
/// within a minute.
#[test]
fn only_sandbox_and_its_dependents_link_wasmtime() {
    // Dependencies of tests are not considered here.
    let expected = ["bench", "fuzz", "host", "middleware", "run", "sandbox"];
    assert_eq!(linking_wasmtime().iter().collect::<Vec<_>>(), expected);
}

#[test]
fn the_files_that_documents_name_exist() {
    let mut named = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for code in text.split('`').skip(1).step_by(2) {
            let is_source = code.ends_with(".rs") || code.ends_with("/src/") || code.starts_with("crates/");
            if is_source && code.contains('/') && !code.contains([' ', '*', '…']) {
                assert!(root().join(code).exists(), "{} names {code}, which is not there", document.display());
                named += 1;
            }
        }
    }
    assert!(named > 15, "{named}");
}

/// The names of the modules in `source` that only tests have.
fn test_modules(source: &Path) -> BTreeSet<String> {
    let (mut names, mut folders) = (BTreeSet::new(), vec![source.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let declared = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| rest.lines().next());
            let names_of = declared
                .filter_map(|line| line.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';'));
            names.extend(names_of.map(str::to_owned));
        }
    }
    names
}

/// The modules at the top of the crate with sources in `source`, and those that each of them imports by `crate::`.
fn imports(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut folders, tests) = (vec![source.to_owned()], test_modules(source));
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let first = path.strip_prefix(source).unwrap().iter().next().unwrap().to_string_lossy().into_owned();
            let module = first.trim_end_matches(".rs").trim_end_matches("_tests").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let of_tests = |part: &OsStr| tests.contains(part.to_string_lossy().trim_end_matches(".rs"));
            let is_test =
                path.strip_prefix(source).unwrap().iter().any(of_tests) || path.to_string_lossy().contains("_tests");
            let used = text.split("crate::").skip(1).filter(|_| !is_test).map(|rest| {
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect::<String>()
            });
            let entry = imports.entry(module.clone()).or_default();
            entry.extend(used.filter(|used| *used != module));
        }
    }
    let modules: BTreeSet<String> = imports.keys().cloned().collect();
    // The root only lists modules; a name that is no module is an item of the root.
    imports.remove("lib");
    imports.values_mut().for_each(|used| used.retain(|used| modules.contains(used) && used != "lib"));
    imports
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let programs = ["sim-wasm", "host", "middleware"].map(|name| root().join(name));
    for name in crates.chain(programs) {
        let mut left = imports(&name.join("src"));
        // Modules that import none of those left can be taken away, until none is left or the rest is in circles.
        while let Some(free) = left.iter().find(|(_, used)| used.iter().all(|used| !left.contains_key(used))) {
            let free = free.0.clone();
            left.remove(&free);
        }
        assert!(left.is_empty(), "{}: {left:?}", name.display());
    }
}
