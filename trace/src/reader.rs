//! Reads a trace, of whatever format, as requests.
