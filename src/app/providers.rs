//! The providers there are: for each its contract, its request, what keeps a second send from doing harm, and whom to ask.
//! The one place that names concrete adapters; docs/providers.md says how to add another.

use std::sync::Arc;
use std::time::Duration;

use super::{Exit, Failure};
use crate::config::providers::{ExternalId, PeriodUnit};
use crate::config::{Access, Job, ProviderName};
use crate::domain::contract::Contract;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::machine::IdempotencyContract;
use crate::domain::record::Record;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Budget, Provider};
use crate::provider::transport::rate_limit::SpanUnit;
use crate::provider::transport::{HttpTransport, Transport, TransportSettings, WatchedTransport};
use crate::provider::{adobe, metallic};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// Adobe keeps correlation ids for 10 days (providers.md 2.4, I5); a day less is trusted.
const ADOBE_TRUSTED_FOR: Duration = Duration::from_secs(9 * 24 * 3600);

/// What the job's provider takes.
pub fn contract(job: &Job) -> &'static Contract {
    match job.provider {
        ProviderName::Adobe => &adobe::contract::CONTRACT,
        ProviderName::LogicBoxes => &adobe::contract::CONTRACT,
        ProviderName::Metallic => &metallic::contract::CONTRACT,
    }
}

/// What keeps a second send from doing harm.
pub fn idempotency(job: &Job) -> IdempotencyContract {
    match job.provider {
        ProviderName::Adobe => IdempotencyContract::Replay {
            trusted_for: ADOBE_TRUSTED_FOR,
        },
        ProviderName::LogicBoxes => IdempotencyContract::UniqueFields,
        ProviderName::Metallic => metallic::contract::IDEMPOTENCY,
    }
}

/// The request for a record, as it is kept and sent; `account` is under whom accounts are made.
pub fn render(job: &Job, record: &Record, account: &str) -> Result<Arc<str>, Failure> {
    match job.provider {
        ProviderName::Adobe | ProviderName::LogicBoxes => adobe::render::create(record, account),
        ProviderName::Metallic => metallic::render::create(record, &metallic_defaults(job)),
    }
    .map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the request cannot be rendered: {error}"),
            "",
        )
    })
}

/// Whom to ask.
pub struct Surroundings {
    /// How many calls may leave.
    pub budget: Arc<dyn Budget>,
    /// Time and chance.
    pub world: Arc<dyn World>,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
}

/// The job's provider.
pub fn provider(job: &Job, access: Access, around: Surroundings) -> Result<Arc<dyn Provider>, Failure> {
    Ok(match job.provider {
        ProviderName::Adobe | ProviderName::LogicBoxes => Arc::new(adobe(job, access, around)?),
        ProviderName::Metallic => Arc::new(metallic(job, access, around)?),
    })
}

/// Looks at the job's provider: whether it answers, knows us, and has the time that `now` says.
pub async fn examine(
    job: &Job,
    access: Access,
    around: Surroundings,
    now: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Vec<Diagnosis>, Failure> {
    Ok(match job.provider {
        ProviderName::Adobe | ProviderName::LogicBoxes => adobe(job, access, around)?.examine(now).await,
        ProviderName::Metallic => metallic(job, access, around)?.examine(now).await,
    })
}

fn adobe(job: &Job, access: Access, around: Surroundings) -> Result<adobe::Adobe, Failure> {
    let token_url = access.token_url.as_ref().map(ToString::to_string);
    let settings = adobe::AdobeSettings {
        base_url: access.base_url.to_string(),
        token_url: token_url.unwrap_or_default(),
        client_id: access.client_id.clone(),
        client_secret: access.client_secret.clone(),
        scopes: access.scopes.join(","),
        plain_http: job.connection.insecure_http,
    };
    let transport = transport(&access, &around)?;
    Ok(adobe::Adobe::new(
        settings,
        transport,
        around.budget,
        around.world,
    )?)
}

fn metallic_defaults(job: &Job) -> metallic::render::Defaults {
    let section = job.metallic.clone().unwrap_or_default();
    metallic::render::Defaults {
        workload_access: section.workload_access,
        external_id: match section.external_id {
            ExternalId::Key => metallic::render::ExternalId::Key,
            ExternalId::Uuid => metallic::render::ExternalId::Uuid,
        },
    }
}

fn metallic(job: &Job, access: Access, around: Surroundings) -> Result<metallic::Metallic, Failure> {
    let section = job.metallic.clone().unwrap_or_default();
    let settings = metallic::MetallicSettings {
        base_url: access.base_url.to_string(),
        resellers_path: section.resellers_path,
        username: access.client_id.clone(),
        password: access.client_secret.clone(),
        renew_token_after: section.token_life.get(),
        rate_limit_period_unit: match section.rate_limit_period {
            PeriodUnit::Milliseconds => SpanUnit::Milliseconds,
            PeriodUnit::Seconds => SpanUnit::Seconds,
            PeriodUnit::Minutes => SpanUnit::Minutes,
            PeriodUnit::Hours => SpanUnit::Hours,
        },
        plain_http: job.connection.insecure_http,
    };
    let transport = transport(&access, &around)?;
    Ok(metallic::Metallic::new(
        settings,
        transport,
        around.budget,
        around.world,
    )?)
}

fn transport(access: &Access, around: &Surroundings) -> Result<Arc<dyn Transport>, Failure> {
    let mut urls = std::iter::once(&access.base_url).chain(&access.token_url);
    let transport = HttpTransport::new(&TransportSettings {
        connect_timeout: access.connect_timeout,
        total_timeout: access.timeout,
        tls_needed: urls.any(|url| url.scheme() != "http"),
        ..TransportSettings::default()
    })?;
    Ok(Arc::new(WatchedTransport::new(
        Arc::new(transport),
        Arc::clone(&around.metrics),
        Arc::clone(&around.world),
    )))
}
