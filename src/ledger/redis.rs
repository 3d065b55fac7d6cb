//! The ledger in Redis.

mod link;
mod trouble;
