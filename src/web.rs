//! The role that answers over HTTP: so far those who watch. axum is known here alone.

pub mod listen;
pub mod watch;
