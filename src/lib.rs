//! Bulk reseller onboarding: a file in, every row a settled account at the provider, created once, with a report.
//!
//! The floors of the house, each seeing only those below it (`docs/architecture.md`, held by `tests/architecture.rs`):
//!
//! ```text
//! 6  main, cli      one file a verb
//! 5  app            wiring: the only place that names concrete adapters
//! 4  worker, web    roles: who runs tasks (apalis is known there alone), who answers those that watch (axum)
//! 3  provider  ledger  intake  report  simulator     edges: HTTP, stores, readers, writers
//! 2  engine         use cases over ports
//! 1  config, world, telemetry
//! 0  domain         pure
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod intake;
pub mod ledger;
pub mod provider;
pub mod report;
pub mod simulator;
pub mod telemetry;
pub mod web;
pub mod worker;
pub mod world;
