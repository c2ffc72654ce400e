//! The version of the reports' schema, and the reading of reports.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the schema of reports that this version of Queuebox writes and reads.
pub const SCHEMA: u32 = 1;

/// The reason for which a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON, or does not have the form of its schema.
    #[error("it is not a report of Queuebox: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written before reports had a schema.
    #[error("it has no schema, so an earlier version wrote it; this version reads schema {SCHEMA}: repeat the run")]
    NoSchema,
    /// Another version wrote it.
    #[error(
        "it has schema {schema}; this version reads schema {SCHEMA}: read it with the Queuebox that wrote it ({queuebox}), or repeat the run"
    )]
    OtherSchema {
        /// Its schema.
        schema: u64,
        /// The version of Queuebox that wrote it.
        queuebox: String,
    },
}

/// The first fields of a report, whatever its schema.
#[derive(Deserialize)]
struct Head {
    schema: Option<u64>,
    queuebox: Option<String>,
}

/// A report; its first field is its schema.
pub trait Report: DeserializeOwned {
    /// Reads it from the JSON in `text`.
    ///
    /// # Errors
    /// If it is not a report, or has another schema.
    fn read(text: &[u8]) -> Result<Self, ReadError> {
        let head: Head = serde_json::from_slice(text)?;
        match head.schema {
            Some(schema) if schema == u64::from(SCHEMA) => Ok(serde_json::from_slice(text)?),
            Some(schema) => Err(ReadError::OtherSchema {
                schema,
                queuebox: head.queuebox.unwrap_or_else(|| "unknown version".to_owned()),
            }),
            None => Err(ReadError::NoSchema),
        }
    }
}

/// A report as JSON text, one key a line.
///
/// # Errors
/// If a map has keys that are not text.
pub fn to_json(report: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

#[cfg(test)]
pub(crate) mod tests;
