//! Floor 3: providers' systems behind the engine's [`Provider`](crate::engine::ports::Provider) port.
//!
//! A provider is a folder of the parts that docs/providers.md names. What they share stands here: how an exchange is made
//! (`sender`), what is said of it (`trail`), what it goes over ([`transport`]), the [`token`] that lets it in, the [`secrets`] that an
//! answer must not repeat, what looking at a provider has in common (`examine`), and limits of our own (`limits`).

pub mod adobe;
mod cells;
mod examine;
mod kept;
mod limits;
pub mod logicboxes;
pub mod metallic;
pub mod secrets;
mod sender;
pub mod token;
mod trail;
pub mod transport;

#[cfg(test)]
pub(crate) mod testing;

/// A setting that cannot be worked with. Found before any call is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}\nhint: {hint}")]
pub struct SettingError {
    /// Where it stands in the job file, `connection.base_url`, or what else it is about.
    pub setting: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: &'static str,
}

impl SettingError {
    /// Names a setting, what is wrong with it, and what to do.
    pub fn new(setting: &'static str, problem: impl Into<String>, hint: &'static str) -> Self {
        Self {
            setting,
            problem: problem.into(),
            hint,
        }
    }
}
