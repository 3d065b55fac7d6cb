//! Floor 2: the use cases, over ports. What the edges (stores, HTTP, readers) must offer stands in [`ports`].

pub mod advance;
pub mod budget;
pub mod gauge;
pub mod lease;
pub mod ports;
pub mod sweep;
pub mod watched;
