//! tracegen
