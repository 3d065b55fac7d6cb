//! The providers there are: for each its contract, its request, what keeps a second send from doing harm, and whom to ask.
//! The one place that names concrete adapters; docs/providers.md says how to add another.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{Exit, Failure};
use crate::config::{Access, Job, LogicBoxes, ProviderName, Span};
use crate::domain::contract::Contract;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::machine::IdempotencyContract;
use crate::domain::record::Record;
use crate::domain::task::Action;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Budget, Provider};
use crate::provider::transport::{HttpTransport, Transport, TransportSettings, WatchedTransport};
use crate::provider::{adobe, logicboxes, metallic};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// Adobe keeps correlation ids for 10 days (providers.md 2.4, I5); a day less is trusted.
const ADOBE_TRUSTED_FOR: Duration = Duration::from_secs(9 * 24 * 3600);

/// What the job's provider takes.
pub fn contract(job: &Job) -> &'static Contract {
    match job.provider {
        ProviderName::Adobe if job.operation == Action::Update => &adobe::contract::UPDATE,
        ProviderName::Adobe => &adobe::contract::CONTRACT,
        ProviderName::LogicBoxes => &logicboxes::contract::CONTRACT,
        ProviderName::Metallic => &metallic::contract::CONTRACT,
    }
}

/// What keeps a second send from doing harm.
pub fn idempotency(job: &Job) -> IdempotencyContract {
    match job.provider {
        ProviderName::Adobe if job.operation == Action::Update => adobe::update::IDEMPOTENCY,
        ProviderName::Adobe => IdempotencyContract::Replay {
            trusted_for: ADOBE_TRUSTED_FOR,
        },
        ProviderName::LogicBoxes => IdempotencyContract::NaturalKey {
            looks: logicboxes_section(job).look_after.map(Span::get),
        },
        ProviderName::Metallic => metallic::contract::IDEMPOTENCY,
    }
}

/// The request for a record, as it is kept and sent. `account` is under whom accounts are made, `password` what was made for a
/// record without one.
pub fn render(
    job: &Job,
    record: &Record,
    account: &str,
    password: Option<&str>,
) -> Result<Arc<str>, Failure> {
    let failed = |error: &dyn std::fmt::Display, hint: &str| {
        Failure::new(
            Exit::Failed,
            format!("the request cannot be rendered: {error}"),
            hint,
        )
    };
    match job.provider {
        ProviderName::Adobe if job.operation == Action::Update => {
            adobe::render::update(record).map_err(|error| failed(&error, ""))
        }
        ProviderName::Adobe => adobe::render::create(record, account).map_err(|error| failed(&error, "")),
        ProviderName::LogicBoxes => logicboxes::render::signup(record, &signup_defaults(job), password)
            .map_err(|error| failed(&error, error.hint)),
        ProviderName::Metallic => {
            metallic::render::create(record, &metallic_defaults(job)).map_err(|error| failed(&error, ""))
        }
    }
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
        ProviderName::Adobe if job.operation == Action::Update => {
            Arc::new(adobe_update(job, access, around)?)
        }
        ProviderName::Adobe => Arc::new(adobe(job, access, around)?),
        ProviderName::LogicBoxes => Arc::new(logicboxes(job, access, around)?),
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
        ProviderName::Adobe => adobe(job, access, around)?.examine(now).await,
        ProviderName::LogicBoxes => logicboxes(job, access, around)?.examine(now).await,
        ProviderName::Metallic => metallic(job, access, around)?.examine(now).await,
    })
}

fn adobe(job: &Job, access: Access, around: Surroundings) -> Result<adobe::Adobe, Failure> {
    let transport = transport(&access, &around)?;
    let settings = adobe_settings(job, access);
    Ok(adobe::Adobe::new(
        settings,
        transport,
        around.budget,
        around.world,
    )?)
}

fn adobe_update(job: &Job, access: Access, around: Surroundings) -> Result<adobe::AdobeUpdate, Failure> {
    let transport = transport(&access, &around)?;
    let settings = adobe_settings(job, access);
    Ok(adobe::AdobeUpdate::new(
        settings,
        transport,
        around.budget,
        around.world,
    )?)
}

fn adobe_settings(job: &Job, access: Access) -> adobe::AdobeSettings {
    let token_url = access.token_url.as_ref().map(ToString::to_string);
    adobe::AdobeSettings {
        base_url: access.base_url.to_string(),
        token_url: token_url.unwrap_or_default(),
        client_id: access.client_id,
        client_secret: access.client_secret,
        scopes: access.scopes.join(","),
        plain_http: job.connection.insecure_http,
    }
}

fn logicboxes_section(job: &Job) -> LogicBoxes {
    job.logicboxes.clone().unwrap_or_default()
}

fn signup_defaults(job: &Job) -> logicboxes::render::SignupDefaults {
    let section = logicboxes_section(job);
    let named = |text: String| (!text.is_empty()).then_some(text);
    logicboxes::render::SignupDefaults {
        language: section.language,
        accounting_currency: named(section.accounting_currency),
        selling_currency: named(section.selling_currency),
        sales_contact_id: (section.sales_contact_id > 0).then_some(section.sales_contact_id),
        auto_activate: section.auto_activate,
        ..logicboxes::render::SignupDefaults::default()
    }
}

fn logicboxes(job: &Job, access: Access, around: Surroundings) -> Result<logicboxes::LogicBoxes, Failure> {
    let section = logicboxes_section(job);
    let settings = logicboxes::LogicBoxesSettings {
        base_url: access.base_url.to_string(),
        auth_userid: access.client_id.clone(),
        api_key: access.client_secret.clone(),
        format: section.format,
        credentials_in: section.credentials_in,
        plain_http: job.connection.insecure_http,
    };
    let transport = transport(&access, &around)?;
    Ok(logicboxes::LogicBoxes::new(
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
        external_id: section.external_id,
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
        rate_limit_period_unit: section.rate_limit_period,
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
    let transport = HttpTransport::new(&TransportSettings {
        connect_timeout: access.connect_timeout,
        total_timeout: access.timeout,
        tls_needed: needs_tls(&access.base_url, access.token_url.as_ref()),
        ..TransportSettings::default()
    })?;
    Ok(Arc::new(WatchedTransport::new(
        Arc::new(transport),
        Arc::clone(&around.metrics),
        Arc::clone(&around.world),
    )))
}

/// Whether any address is `https`: if none is, a machine without root certificates will do.
fn needs_tls(base_url: &Url, token_url: Option<&Url>) -> bool {
    std::iter::once(base_url)
        .chain(token_url)
        .any(|url| url.scheme() != "http")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_needed_where_any_address_asks_for_them() {
        let needs = |base: &str, token: Option<&str>| {
            let token = token.map(|token| Url::parse(token).unwrap());
            needs_tls(&Url::parse(base).unwrap(), token.as_ref())
        };
        assert!(!needs("HTTP://127.0.0.1:1", None) && !needs("http://127.0.0.1:1", Some("http://localhost")));
        assert!(needs("https://api.metallic.io", None));
        assert!(needs("HTTP://127.0.0.1:1", Some("https://ims.example")));
    }
}
