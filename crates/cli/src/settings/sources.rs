//! The texts of a command's settings with their origins, from which the settings can be parsed anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use failure::{Failure, Origin, printable};

use super::parse::{group, of_defaults, settings};
use super::rule::with_origin;

/// The settings file of a call, and the texts of its settings with their origins.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sources {
    file: Option<PathBuf>,
    given: BTreeMap<String, Given>,
    texts: BTreeMap<String, String>,
}

/// The text of a setting, or the texts of a flag that was given several times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// None: the text is the default.
    pub(super) origin: Option<Origin>,
    pub(super) texts: Vec<String>,
}

impl Sources {
    /// Of a command with the settings `given`.
    pub(super) fn new(file: Option<PathBuf>, given: BTreeMap<String, Given>) -> Self {
        let texts = given.iter().map(|(key, Given { texts, .. })| (key.clone(), texts.join("\n")));
        Self { file, texts: texts.filter(|(_, text)| !text.is_empty()).collect(), given }
    }

    /// The settings file, if there is one. It is an input, which no output may overwrite.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The texts of all settings of the command that are not empty, from any source; a flag that was given several times has
    /// a line each.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// The texts of those settings that the environment sets.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let is_set = |given: &Given| given.origin == Some(Origin::Environment);
        let set = self.given.iter().filter(|(_, given)| is_set(given));
        set.map(|(key, Given { texts, .. })| (key.clone(), texts.join("\n"))).collect()
    }

    /// The settings of the group `G` from these texts, which keep their origins; each of `overrides`, by the name of its setting,
    /// replaces the texts of that setting, with the origin [`Origin::Vary`]. A setting that the command does not have has its
    /// default.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the name of an override is not that of a setting of `G`. A text that breaks its rule is an error of
    /// [`super::Setting::get`].
    pub fn settings<G: Args>(&self, overrides: &BTreeMap<String, String>) -> Result<G, Failure> {
        let group = group::<G>();
        let known: Vec<String> = settings(&group).map(|(_, key)| key).collect();
        if let Some(key) = overrides.keys().find(|key| !known.contains(key)) {
            return Err(not_varied(key, &known));
        }
        let encoded = |Given { origin, texts }: &Given| {
            texts.iter().map(|text| with_origin(origin.as_ref(), text)).collect::<Vec<_>>()
        };
        let mut given: BTreeMap<_, _> = self.given.iter().map(|(key, given)| (key.clone(), encoded(given))).collect();
        for (key, text) in overrides {
            given.insert(key.clone(), vec![with_origin(Some(&Origin::Vary), text)]);
        }
        // Every flag has a default, so clap refuses only groups that have more than settings.
        of_defaults(group, &given).map_err(|error| Failure::host(format!("the settings: {error}")))
    }
}

fn not_varied(key: &str, known: &[String]) -> Failure {
    let hint = match nearest(key, known.iter().map(String::as_str)) {
        hint if hint.is_empty() => format!("; the settings are {}", known.join(", ")),
        hint => hint,
    };
    let rule = format!("{} is not a setting that can be varied here{hint}", printable(key.as_bytes(), 40));
    Failure::Usage { origin: Some(Origin::Vary), setting: None, rule }
}

/// The end of an error that `key` is none of `known`: the one that was probably meant, if there is one.
pub(super) fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|known| (strsim::damerau_levenshtein(known, key), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 2 => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}
