//! Floor 0: what `enlist` believes and decides, with no clock, no dice, no I/O and no async.
//!
//! A file's row becomes a [`record::Record`] if it is sound. The record's work is a [`task::Task`]; the
//! [`machine`] says what to do next (`plan`) and what follows from what happened (`apply`). [`policy`] holds
//! the arithmetic of waiting, [`report`] folds rows into the account of a batch.

pub mod action;
pub mod answer;
pub mod attempt;
pub mod batch;
pub mod consent;
pub mod contract;
pub mod country;
pub mod diagnosis;
pub mod eta;
pub mod fault;
pub mod field;
pub mod ids;
pub mod machine;
pub mod near;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod record;
pub mod report;
pub mod task;
pub mod time;
pub mod words;
