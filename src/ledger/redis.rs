//! The ledger in Redis.

pub mod budget;
mod link;
mod trouble;
