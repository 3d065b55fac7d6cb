//! The ledger in Redis.

mod dial;
mod link;
mod pace;
mod trouble;
