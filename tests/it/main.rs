//! All integration tests, as one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod annotate;
mod awkward;
mod awkward_sheets;
mod budget;
mod canaries;
mod check;
mod collector;
mod consent;
mod doctor;
mod exits;
mod exposition;
mod healthcheck;
mod interrupted;
mod kept;
mod keys;
mod ledger_conformance;
mod logicboxes;
mod lost_second;
mod manners;
mod metallic;
mod planning;
mod readers_fuzz;
mod readme;
mod redis_damaged;
#[allow(dead_code, reason = "the unit tests of the line to Redis use the rest")]
mod redis_server;
mod redis_set_back;
mod redis_trouble;
mod refeed;
mod report_folder;
mod report_page;
mod revoked;
mod run;
mod scenarios;
mod sealed;
mod secrets;
mod shapes;
mod simulating;
mod stalled;
mod stalled_redis;
mod support;
mod template;
mod updating;
mod verbs;
mod watching;
