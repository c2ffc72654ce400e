//! The example simulators: each builds as documented, passes `host check`, and is shown in the documents unchanged.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::documents::pages;
use crate::layout::root;
use crate::support::Folder;

/// Builds the simulator in the Rust file `source` as the tutorial does.
pub(crate) fn compile_simulator(source: &Path, module: &Path) {
    let mut rustc = Command::new("rustc");
    // The toolchain is that of the project.
    rustc.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--edition", "2024", "--target", "wasm32-wasip1", "-O"]);
    let output = rustc.arg(source).arg("-o").arg(module).output().unwrap();
    assert!(output.status.success(), "rustc: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn each_example_builds_passes_and_is_documented() {
    let shown: String = pages().iter().map(|page| fs::read_to_string(page).unwrap()).collect();
    let examples = fs::read_dir(root().join("examples/simulators")).unwrap().map(|entry| entry.unwrap().path());
    let mut languages = Vec::new();
    for example in examples {
        let text = fs::read_to_string(&example).unwrap();
        let language = example.extension().unwrap().to_str().unwrap().to_owned();
        let folder = match language.as_str() {
            "rs" => {
                let folder = Folder::new();
                compile_simulator(&example, &folder.path("example.wasm"));
                folder
            }
            "wat" => Folder::new().and_module("example", &text),
            _ => panic!("no test builds {}", example.display()),
        };
        folder.run("host", "check example.wasm").succeeds();
        let block = format!("```{}\n{text}```\n", if language == "rs" { "rust" } else { &language });
        assert!(shown.contains(&block), "no page of docs/ shows {} as it is", example.display());
        languages.push(language);
    }
    languages.sort();
    languages.dedup();
    assert_eq!(languages, ["rs", "wat"]);
}
