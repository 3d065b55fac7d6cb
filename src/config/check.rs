//! Whether a job's values make sense: ranges, contradictions, and what is allowed but odd. All findings at once.

use std::time::Duration;

use url::Url;

use super::access::{is_adobe, is_loopback, mixed_hosts};
use super::env::is_variable_name;
use super::ranges::Ranges;
use super::{Finding, Job, ProviderName, Span, providers};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The longest name of an environment variable.
const VARIABLE_BYTES_MAX: usize = 200;

/// The gateway in front of Adobe's services gives up after this long (providers.md 2.10).
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(60);

/// Adobe delays answers above this many calls in any [`ADOBE_WINDOW`] (providers.md 2.10).
const ADOBE_CALLS_SOFT: u64 = 1_000;

/// The window Adobe counts calls in.
const ADOBE_WINDOW: Duration = Duration::from_secs(5);

/// What makes the job unusable.
pub(super) fn faults(job: &Job) -> Vec<Finding> {
    let mut ranges = Ranges::default();
    names(job, &mut ranges);
    limits(job, &mut ranges);
    waits(job, &mut ranges);
    ranges.faults.extend(job.connection_faults());
    providers::faults(job, &mut ranges);
    ranges.faults
}

/// What is allowed and probably not meant.
pub(super) fn warnings(job: &Job) -> Vec<Finding> {
    let connection = &job.connection;
    let Ok(base_url) = Url::parse(&connection.base_url) else {
        return Vec::new();
    };
    let token_url = Url::parse(&connection.token_url).ok();
    let mut warnings = Vec::new();
    let mut warn = |key: &str, value: String, message: String, hint: &str| {
        warnings.push(Finding {
            at: String::new(),
            key: key.into(),
            value,
            message,
            hint: hint.into(),
        });
    };
    if is_loopback(&base_url) {
        if let Some(token_url) = token_url.filter(|token_url| !is_loopback(token_url)) {
            let message = "tokens come from elsewhere while connection.base_url is this machine".into();
            let host = token_url.host_str().unwrap_or_default().to_owned();
            warn(
                "connection.token_url",
                host,
                message,
                "set connection.base_url and connection.token_url together",
            );
        }
        return warnings;
    }
    if connection.timeout.get() <= GATEWAY_TIMEOUT {
        warn(
            "connection.timeout",
            connection.timeout.to_string(),
            "is not longer than the gateway's own 60s: answers on their way are thrown away and must be found out".into(),
            "75s or more",
        );
    }
    if let Some((given, right)) = token_url.and_then(|token| mixed_hosts(&base_url, &token)) {
        warn(
            "connection.token_url",
            given,
            format!(
                "sandbox and production are mixed: tokens for {} come from {right}",
                base_url.as_str()
            ),
            "set connection.base_url and connection.token_url together",
        );
    }
    let calls = job
        .limits
        .windows
        .iter()
        .map(|window| calls_in(window.calls, window.per, ADOBE_WINDOW))
        .min();
    if let Some(calls) = calls.filter(|calls| is_adobe(&base_url) && *calls > ADOBE_CALLS_SOFT) {
        warn(
            "limits.windows",
            String::new(),
            format!(
                "lets {calls} calls leave in 5s; Adobe delays answers above 1000 and refuses calls above 1500"
            ),
            "the default is {calls = 900, per = \"5s\"}",
        );
    }
    warnings
}

/// Calls that `calls` per `per` lets leave in the worst span of length `within`.
fn calls_in(calls: u32, per: Span, within: Duration) -> u64 {
    let windows = within.as_millis().div_ceil(per.get().as_millis().max(1));
    u64::from(calls).saturating_mul(u64::try_from(windows).unwrap_or(u64::MAX))
}

fn names(job: &Job, ranges: &mut Ranges) {
    let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=64).contains(&job.name.len()) || !job.name.chars().all(slug) {
        ranges.fault(
            "name",
            &job.name,
            "is not 1 to 64 characters out of a-z 0-9 -",
            "",
        );
    }
    // Not shown: whoever puts the secret itself here must not find it in a log.
    if !is_variable_name(&job.connection.client_secret_env)
        || job.connection.client_secret_env.len() > VARIABLE_BYTES_MAX
    {
        let hint =
            "it is the name of the environment variable, such as ENLIST_ADOBE_CLIENT_SECRET, not the secret";
        ranges.fault(
            "connection.client_secret_env",
            "",
            "is not the name of an environment variable",
            hint,
        );
    }
    let scopes = &job.connection.scopes;
    if job.provider == ProviderName::Adobe {
        ranges.count("connection.scopes", scopes.len(), 1, 20);
    }
    for scope in scopes
        .iter()
        .filter(|scope| scope.is_empty() || scope.contains([',', ' ']))
    {
        ranges.fault(
            "connection.scopes",
            scope,
            "a scope is a word without commas and spaces",
            "one list item each",
        );
    }
    ranges.count("rules.warn_only", job.rules.warn_only.len(), 0, 100);
    ranges.count("columns", job.columns.len(), 0, 1_000);
    for (header, column) in job
        .columns
        .iter()
        .filter(|(header, column)| header.is_empty() || column.is_empty())
    {
        ranges.fault(
            &format!("columns.{header}"),
            column,
            "header and column must not be empty",
            "",
        );
    }
}

fn limits(job: &Job, ranges: &mut Ranges) {
    let limits = &job.limits;
    ranges.count("limits.windows", limits.windows.len(), 1, 8);
    for window in &limits.windows {
        ranges.within("limits.windows.calls", window.calls, 1, 1_000_000);
        ranges.span("limits.windows.per", window.per, MS, 31 * DAY);
    }
    ranges.within("limits.in_flight", limits.in_flight, 1, 1024);
    if !(limits.error_rate_max > 0.0 && limits.error_rate_max <= 1.0) {
        let hint = "0.5 pauses when half of the rows are refused; 1 never pauses";
        ranges.fault(
            "limits.error_rate_max",
            &limits.error_rate_max.to_string(),
            "is not above 0 and at most 1",
            hint,
        );
    }
    ranges.within("limits.error_rate_over", limits.error_rate_over, 1, 100_000);
}

fn waits(job: &Job, ranges: &mut Ranges) {
    let connection = &job.connection;
    ranges.span(
        "connection.connect_timeout",
        connection.connect_timeout,
        10 * MS,
        300 * SECOND,
    );
    ranges.span("connection.timeout", connection.timeout, 10 * MS, 1_800 * SECOND);

    let retry = &job.retry;
    ranges.span("retry.first", retry.first, MS, DAY);
    ranges.span("retry.max", retry.max, MS, DAY);
    ranges.number("retry.growth", retry.growth, 1.0, 10.0);
    ranges.number("retry.jitter", retry.jitter, 0.0, 1.0);
    ranges.within("retry.attempts_max", retry.attempts_max, 1, 1_000);
    ranges.span("retry.deadline", retry.deadline, SECOND, 30 * DAY);
    ranges.within("retry.refusals_max", retry.refusals_max, 1, 100);
    ranges.within("retry.generations_max", retry.generations_max, 1, 100);
    for after in retry.look_after {
        ranges.span("retry.look_after", after, Duration::ZERO, HOUR);
    }
    ranges.span("retry.throttle_default", retry.throttle_default, MS, HOUR);
    ranges.span("retry.throttle_max", retry.throttle_max, MS, DAY);

    let poll = &job.poll;
    ranges.span("poll.first", poll.first, MS, DAY);
    ranges.span("poll.max", poll.max, MS, DAY);
    ranges.number("poll.growth", poll.growth, 1.0, 10.0);
    ranges.number("poll.jitter", poll.jitter, 0.0, 1.0);
    ranges.span("poll.deadline", poll.deadline, MS, 366 * DAY);
    ranges.within("poll.missing_max", poll.missing_max, 1, 1_000);

    // Nothing is for ever.
    let finished = job.retention.finished;
    if !finished.get().is_zero() {
        ranges.span("retention.finished", finished, 60 * SECOND, 366 * DAY);
    }
}
