//! The documents: their commands work, their links have targets, and each page is listed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::layout::root;
use crate::support::{Folder, built, sim_wasm};

/// The pages under `docs/`.
pub(crate) fn pages() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

/// A fenced block of a document.
struct Block {
    /// Its document and line, for messages.
    place: String,
    language: String,
    text: String,
    /// Whether a comment before it states why its commands are not run.
    not_run: bool,
}

fn blocks(document: &Path) -> Vec<Block> {
    let text = fs::read_to_string(document).unwrap();
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inner: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let reason = before.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
            blocks.push(Block {
                place: format!("{}:{number}", document.display()),
                language: language.to_owned(),
                text: inner.join("\n"),
                not_run: reason.is_some_and(|reason| !reason.is_empty()),
            });
        }
        before = line;
    }
    blocks
}

/// The commands of a block, each with the output that the document shows. Only `console` blocks show output, after
/// lines that begin with `$ `.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        match (block.language.as_str(), line.strip_prefix("$ "), commands.last_mut()) {
            ("console", Some(command), _) => commands.push((command.to_owned(), String::new())),
            ("console", None, Some((_, shown))) => *shown += &format!("{line}\n"),
            ("console", None, None) => panic!("{}: output before the first command", block.place),
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            _ => commands.push((line.to_owned(), String::new())),
        }
    }
    commands
}

/// A folder that looks to make like a fresh clone that cargo has built.
fn clone_of_the_project() -> Folder {
    let folder = Folder::new();
    for name in ["Makefile", ".env.general", "docker-compose.yml", "rust-toolchain.toml", "examples", "docs"] {
        symlink(fs::canonicalize(root().join(name)).unwrap(), folder.path(name)).unwrap();
    }
    fs::create_dir_all(folder.path("target/wasm32-wasip1/wasm")).unwrap();
    symlink(built("QUEUEBOX_BIN"), folder.path("target/release")).unwrap();
    symlink(sim_wasm(), folder.path("target/wasm32-wasip1/wasm/sim-wasm.wasm")).unwrap();
    folder
}

/// Runs a line of a document in a shell; cargo, which would do nothing, is replaced by `true`.
fn run(folder: &Folder, place: &str, line: &str) -> String {
    let mut run = folder.shell(line).env("CARGO", "true").env("EXECUTOR", "local");
    for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Ok(value) = std::env::var(name) {
            run = run.env(name, &value);
        }
    }
    let ended = run.end();
    assert_eq!(ended.code(), Some(0), "{place}: {line}\n{}{}", ended.stdout(), ended.errors());
    ended.stdout()
}

#[test]
fn every_command_prints_the_documented_output() {
    let mut documents = pages();
    documents.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    let (mut run_commands, mut not_run) = (0, 0);
    for document in documents {
        let folder = clone_of_the_project();
        run(&folder, "the start", "make all");
        for block in blocks(&document) {
            match block.language.as_str() {
                "sh" | "console" if block.not_run => not_run += 1,
                "sh" | "console" => {
                    for (command, shown) in commands(&block) {
                        let printed = run(&folder, &block.place, &command);
                        for part in shown.split("…\n") {
                            assert!(printed.contains(part), "{}: shown\n{part}\nprinted\n{printed}", block.place);
                        }
                        run_commands += 1;
                    }
                }
                "text" | "json" | "rust" | "wat" => {}
                other => panic!("{}: a block of the language \"{other}\" is neither run nor known", block.place),
            }
        }
    }
    assert!(run_commands >= 40, "{run_commands} commands were run");
    assert!(not_run <= 5, "{not_run} blocks are not run");
}

/// The text between backticks in the running text.
fn inline_code(text: &str) -> Vec<&str> {
    let running = text.split("\n```").step_by(2);
    running.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Inline commands name existing targets of make, subcommands and flags.
#[test]
fn commands_in_the_text_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let folder = Folder::new();
    let mut looked_at = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for code in inline_code(&text) {
            let words: Vec<&str> = code.split_whitespace().collect();
            let Some((program, rest)) = words.split_first().filter(|(_, rest)| !rest.is_empty()) else { continue };
            match program.trim_start_matches("bin/") {
                "make" => {
                    let target = rest.iter().find(|word| !word.contains('='));
                    let is_there = target.is_none_or(|target| makefile.contains(&format!("\n{target}:")));
                    assert!(is_there, "{}: `{code}`", document.display());
                }
                program @ ("host" | "middleware" | "tracegen") => {
                    let is_word = |word: &&&str| word.chars().all(|letter| letter.is_ascii_lowercase());
                    let subcommand = rest.first().filter(is_word).unwrap_or(&"");
                    let help = folder.run(program, &format!("{subcommand} --help")).succeeds().stdout();
                    for flag in rest.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
                        assert!(help.contains(flag), "{}: `{code}`: no {flag}", document.display());
                    }
                }
                _ => continue,
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "{looked_at}");
}

/// Every document of the project.
pub(crate) fn documents() -> Vec<PathBuf> {
    let names = ["README.md", "ARCHITECTURE.md", "SECURITY.md", "BENCHMARKS.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    let others = names.into_iter().chain(["fuzz/README.md"]).map(|name| root().join(name));
    pages().into_iter().chain(others).collect()
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let is_kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
    heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-")
}

fn anchors(document: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(document).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn every_link_has_a_target() {
    let mut links = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { document.with_file_name("").join(file) };
            assert!(target.exists(), "{}: {link}", document.display());
            assert!(heading.is_empty() || anchors(&target).contains(heading), "{}: {link}", document.display());
            links += 1;
        }
    }
    assert!(links > 80, "{links}");
}

#[test]
fn every_page_is_listed() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        let is_listed = readme.contains(&format!("(docs/{name})")) && summary.contains(&format!("({name})"));
        assert!(is_listed || name == "SUMMARY.md", "{name}");
    }
}
