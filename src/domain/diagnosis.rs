//! What a look at one thing that the program depends on came to: fine, or not, and what to do.

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The thing, in a word or two: `persistence`.
    pub part: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to do; empty when there is nothing to do, or the message says it.
    pub hint: String,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should know something; or it could not be looked at.
    Warning,
    /// It does not work now, and may by itself later: somebody does not answer, a disk is full.
    Failing,
    /// It will not work before somebody changes a setting.
    Misconfigured,
}

impl Diagnosis {
    /// As it should be.
    pub fn ok(part: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(part, Verdict::Ok, message, "")
    }

    /// It works, but.
    pub fn warning(part: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(part, Verdict::Warning, message, hint)
    }

    /// It does not work now.
    pub fn failing(part: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(part, Verdict::Failing, message, hint)
    }

    /// It will not work like this.
    pub fn misconfigured(
        part: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(part, Verdict::Misconfigured, message, hint)
    }

    /// Says how `part` is. A hint inside the message gets its own place.
    pub fn new(
        part: impl Into<String>,
        verdict: Verdict,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let message: String = message.into();
        let (message, hint) = match message.split_once("; hint: ") {
            Some((message, hint)) => (message.to_owned(), hint.to_owned()),
            None => (message, hint.into()),
        };
        Self {
            part: part.into(),
            verdict,
            message,
            hint,
        }
    }
}
