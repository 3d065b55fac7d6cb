//! The calls: budget, lease, credentials, exchange, answer.

mod look_up;
mod trail;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use url::Url;

use super::classify::{Asked, Secrets};
use super::wire::{Ask, Credentials, Format, Page, Search, parameter};
use super::{LogicBoxesSettings, classify};
use crate::domain::answer::Answer;
use crate::domain::attempt::CallKind;
use crate::domain::ids::{AccountId, RequestId};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::transport::{Exchange, Held, Transport, plain};
use crate::world::World;
use trail::Trail;

/// LogicBoxes as the engine's provider.
pub struct LogicBoxes {
    base: Url,
    credentials: Credentials,
    format: Format,
    transport: Arc<dyn Transport>,
    budget: Arc<dyn Budget>,
    world: Arc<dyn World>,
}

impl std::fmt::Debug for LogicBoxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogicBoxes")
            .field("base", &self.base.as_str())
            .field("credentials", &self.credentials)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl LogicBoxes {
    /// Checks the settings. Makes no call.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be worked with.
    pub fn new(
        settings: LogicBoxesSettings,
        transport: Arc<dyn Transport>,
        budget: Arc<dyn Budget>,
        world: Arc<dyn World>,
    ) -> Result<Self, SettingError> {
        let connection = settings.checked()?;
        Ok(Self {
            base: connection.base,
            credentials: connection.credentials,
            format: connection.format,
            transport,
            budget,
            world,
        })
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) const fn format(&self) -> Format {
        self.format
    }

    pub(super) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(super) fn world(&self) -> &dyn World {
        &*self.world
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    /// What an answer is read against, with the password of a sign-up if there is one.
    pub(super) fn asked(&self, password: Option<&str>) -> Asked {
        let key = self.credentials.api_key.expose_secret();
        Asked {
            own: self.credentials.auth_userid.clone(),
            secrets: Secrets::of(std::iter::once(key).chain(password)),
        }
    }

    /// Makes one exchange. `Err` says why there was none that could be classified. A request under a `lease` leaves while
    /// that holds, or not at all.
    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Exchange, Answer> {
        let Some(permit) = self.budget.permit(kind).await else {
            return Err(Answer::NoLeave);
        };
        // While leave was waited for, this process may have been stopped.
        let held = lease.map(|lease| Held::by(lease.clone(), Arc::clone(&self.world)));
        let lapsed = || held.as_ref().is_some_and(|held| !held.still());
        if lapsed() {
            return Err(Answer::NoLeave);
        }
        let mut request = ask.request(&self.credentials, trail.correlation_id, trail.request_id);
        request.held.clone_from(&held);
        let left_at = self.world.now();
        let exchange = self.transport.send(request).await;
        drop(permit);
        if matches!(exchange, Exchange::NotSent(_)) && lapsed() {
            return Err(Answer::NoLeave);
        }
        let took = self.world.now().since(left_at);
        trail.note(&exchange);
        tell(kind, &exchange, took, trail);
        Ok(exchange)
    }

    /// A read: ids of its own, and one immediate repetition when the connection broke, which is mostly an idle one that
    /// the server had closed (providers.md 7.1 D12). A sign-up is never repeated here.
    async fn read(&self, kind: CallKind, ask: &Ask, trail: &mut Trail) -> Result<Exchange, Answer> {
        trail.renew(self.world.as_ref());
        match self.exchange(kind, ask, None, trail).await {
            Ok(Exchange::Broken(_)) => {
                trail.renew(self.world.as_ref());
                self.exchange(kind, ask, None, trail).await
            }
            other => other,
        }
    }

    async fn page(&self, search: &Search<'_>, trail: &mut Trail) -> Result<Page, Answer> {
        let ask = Ask::search(&self.base, self.format, search);
        let exchange = self.read(CallKind::LookUp, &ask, trail).await?;
        classify::page(&exchange, &self.asked(None), self.world.now())
    }
}

#[async_trait]
impl Provider for LogicBoxes {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(call.correlation_id, RequestId::fresh(self.world.dice()));
        let asked = self.asked(parameter(&call.payload, "passwd").as_deref());
        let auto_activate = parameter(&call.payload, "auto-activate").is_some_and(|is| is == "true");
        let ask = Ask::signup(&self.base, self.format, Arc::clone(&call.payload));
        let exchange = self.exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        let answer = match exchange.await {
            Ok(exchange) => classify::signup(&exchange, &asked, auto_activate, self.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    async fn look_up(&self, call: &LookUpCall) -> Reply {
        let mut trail = Trail::of_read(self.world.as_ref());
        let answer = self.find(call, &mut trail).await.unwrap_or_else(|answer| answer);
        trail.reply(answer)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(self.world.as_ref());
        let ask = Ask::details(&self.base, self.format, account);
        let answer = match self.read(CallKind::Poll, &ask, &mut trail).await {
            Ok(exchange) => classify::read(&exchange, account, &self.asked(None), self.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    /// There is no list of sign-ups that wait (providers.md 3.5).
    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

/// One event an exchange. No body, no address, no name: nothing of what was sent but its ids, nothing of what came but codes.
fn tell(kind: CallKind, exchange: &Exchange, took: Duration, trail: &Trail) {
    let why = match exchange {
        Exchange::NotSent(why) | Exchange::Broken(why) => Some(why.as_str()),
        _ => None,
    };
    tracing::debug!(
        call = kind.as_str(),
        http = trail.http,
        code = trail.code.as_deref().and_then(plain),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        correlation_id = %trail.correlation_id,
        request_id = %trail.request_id,
        answer_request_id = exchange.head().and_then(|head| plain(head.request_id.as_deref()?)),
        went = exchange.as_str(),
        why,
        "exchange"
    );
}

#[cfg(test)]
pub(super) mod tests;
