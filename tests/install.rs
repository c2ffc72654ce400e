//! What `make install` puts where, and how make treats settings.

use std::path::Path;

use crate::support::{Ended, Folder, Run};

/// `make` in the project's folder.
fn make(folder: &Folder, arguments: &str) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    folder.shell(&format!("make --no-print-directory -C '{}' {arguments}", root.display()))
}

#[test]
fn one_program_is_installed_with_completions_and_man_pages() {
    let folder = Folder::new();
    let prefix = folder.path("prefix");
    // Without building: what is installed is what `make test` has built.
    make(&folder, &format!("-o bin/queuebox install PREFIX={}", prefix.display())).succeeds();
    let found = |inner: &str| folder.names_in(&format!("prefix/{inner}"));
    assert_eq!(found("bin"), ["queuebox"]);
    assert_eq!(found("share/queuebox"), ["sim.wasm"]);
    assert_eq!(found("share/bash-completion/completions"), ["queuebox"]);
    assert_eq!(found("share/zsh/site-functions"), ["_queuebox"]);
    assert_eq!(found("share/fish/vendor_completions.d"), ["queuebox.fish"]);
    let pages = found("share/man/man1");
    for page in ["queuebox.1", "queuebox-run.1", "queuebox-host-check.1", "queuebox-tracegen.1"] {
        assert!(pages.iter().any(|found| found == page), "{page}: {pages:?}");
    }
    for file in ["share/bash-completion/completions/queuebox", "share/zsh/site-functions/_queuebox"] {
        let text = folder.text(&format!("prefix/{file}"));
        assert!(text.contains("--inter-arrival") && text.contains("lognormal"), "{file}");
    }
    assert!(folder.text("prefix/share/man/man1/queuebox-run.1").contains("default: 10ms"));

    // The installed module is found from any folder.
    let run = folder.shell("prefix/bin/queuebox run --samples 10 --executor local --json").succeeds();
    run.says("prefix/bin/../share/queuebox/sim.wasm");

    make(&folder, &format!("uninstall PREFIX={}", prefix.display())).succeeds();
    let left = ["bin", "share/man/man1", "share/zsh/site-functions", "share/bash-completion/completions"].map(found);
    assert!(left.iter().all(Vec::is_empty), "{left:?}");
    assert!(!prefix.join("share/queuebox").exists());
}

#[test]
fn make_refuses_an_unknown_variable_with_the_nearest_name() {
    let folder = Folder::new();
    let refused = |arguments: &str, reason: &str| {
        let ended: Ended = make(&folder, arguments).end();
        assert_eq!(ended.code(), Some(2), "{arguments}");
        ended.says(reason);
    };
    refused("run WROKERS=4", "WROKERS is not a setting of Queuebox; did you mean WORKERS?");
    refused("help balancer=TC", "balancer is not a setting of Queuebox; did you mean BALANCER?");
    refused("help COLOUR=1", "COLOUR is not a setting of Queuebox: make help lists them");
}

/// The names before `=` in the help of make's targets, and those that its recipes test with `$(if $(NAME)`.
fn named_variables(makefile: &str) -> Vec<&str> {
    let is_of_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let help = makefile.lines().filter_map(|line| line.split_once(":").and_then(|(_, rule)| rule.split_once("## ")));
    let before_equals = help.flat_map(|(_, help)| {
        let parts: Vec<&str> = help.split('=').collect();
        parts[..parts.len() - 1].iter().map(|part| &part[part.trim_end_matches(is_of_name).len()..]).collect::<Vec<_>>()
    });
    let recipes = makefile.lines().filter_map(|line| line.strip_prefix('\t'));
    let tested = recipes.flat_map(|line| line.split("$(if $(").skip(1).filter_map(|rest| rest.split_once(')')));
    let tested = tested.map(|(name, _)| name).filter(|name| name.chars().all(is_of_name));
    before_equals.filter(|name| !name.is_empty()).chain(tested).collect()
}

#[test]
fn make_takes_every_variable_that_its_help_or_a_recipe_names() {
    let makefile = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Makefile")).unwrap();
    let names = named_variables(&makefile);
    for name in ["ROWS", "SCALE", "SUITE", "WORKERS"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let given: Vec<String> = names.iter().map(|name| format!("{name}=1")).collect();
    make(&Folder::new(), &format!("help {}", given.join(" "))).succeeds();
}

#[test]
fn make_help_lists_targets_and_settings_with_their_defaults() {
    let help = make(&Folder::new(), "help WORKERS=2 VOLUMES=1 CARGO_HOME=x").succeeds();
    help.prints("  make install ").prints("  ST=10ms  ").prints("Stop each worker after this many service starts");
}
