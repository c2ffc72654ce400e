//! The dependencies of crates, and the files that documents name.

use std::collections::BTreeSet;
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
