//! Providers: what each one's system takes and answers.

pub mod adobe;
