//! Writes requests as a trace.
