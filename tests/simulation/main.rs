//! Simulated time: the real machine, engine, Adobe adapter, budget and ledger against the simulator's brain, in some
//! hundred seeded worlds with every fault there is and deaths between any two saves.
//!
//! ```text
//! seeds      the worlds, in shards           scenarios   providers.md 7.5, by name
//! weather    what a seed's world is like     judge       what must be true at the end
//! rig        all of it together              process     one life of a worker process
//! wire, far  a line without sockets          fate        who dies when
//! store      the ledgers, Redis among them
//! updates    the adapter for updates, against the brain
//! rows, dice, world
//! ```

#![cfg(test)]

mod dice;
mod far;
mod fate;
mod judge;
mod process;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../it/redis_server.rs"]
mod redis_server;
mod rig;
mod rows;
mod scenarios;
mod seeds;
mod store;
mod updates;
mod weather;
mod wire;
mod world;
