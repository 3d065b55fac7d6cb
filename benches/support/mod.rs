//! What the measurements share.

pub(crate) mod rows;
pub(crate) mod server;
pub(crate) mod watch;
