//! Tests of whole programs, of the model against theory and against another simulation, and with hostile simulators.
//!
//! `make test` builds the programs and the module first and passes their paths.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests compare within a tolerance")]

mod broken_traces;
mod check;
mod comparisons;
mod conformance;
mod contract;
mod convert;
mod describe;
mod determinism;
mod docker;
mod docker_address;
mod docker_faults;
mod docker_hostile;
mod docker_private;
mod docker_support;
mod documents;
mod examples;
mod files;
mod guests;
mod host;
mod hostile;
mod hostile_calls;
mod hostile_neighbours;
mod install;
mod layout;
mod middleware;
mod notes;
mod oracle;
mod packed_traces;
mod plan;
mod plans;
mod plans_by_hand;
mod policies;
mod replications;
mod rerun;
mod results;
mod sandbox;
mod scarce;
mod security;
mod service;
mod settings;
mod simulator;
mod statistics;
mod stderr;
mod stranger;
mod strangers;
mod support;
mod terminal;
mod theory;
mod tracegen;
mod traces;
mod unequal;
mod verify;
