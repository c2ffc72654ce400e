//! The example simulators: each builds as the documents describe, passes `host check`, and is shown in the documents as it is.

use std::fs;

use crate::documents::pages;
use crate::layout::root;
use crate::support::{Folder, compile_simulator};

#[test]
fn each_builds_and_passes_and_is_shown() {
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
