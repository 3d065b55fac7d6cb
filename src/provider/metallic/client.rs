//! The calls: token, budget, exchange, answer.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use url::Url;

use super::classify::Reading;
use super::wire::Ask;
use super::{MetallicSettings, classify};
use crate::domain::answer::{Answer, RowError};
use crate::domain::attempt::CallKind;
use crate::domain::ids::{AccountId, RequestId};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{AccountShown, Budget, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::kept::{differences, leaves};
use crate::provider::sender::{Exchanges, Sender};
use crate::provider::token::TokenSource;
use crate::provider::trail::Trail;
use crate::provider::transport::rate_limit::SpanUnit;
use crate::provider::transport::{Exchange, Transport};
use crate::world::World;

/// Metallic as the engine's provider.
pub struct Metallic {
    pub(super) base: Url,
    resellers: Url,
    period_unit: SpanUnit,
    pub(super) tokens: TokenSource,
    pub(super) sender: Sender,
}

impl std::fmt::Debug for Metallic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metallic")
            .field("resellers", &self.resellers.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Metallic {
    /// Checks the settings. Makes no call; the first one fetches a token.
    pub fn new(
        settings: MetallicSettings,
        transport: Arc<dyn Transport>,
        budget: Arc<dyn Budget>,
        world: Arc<dyn World>,
    ) -> Result<Self, SettingError> {
        let connection = settings.checked()?;
        let tokens = TokenSource::new(connection.principal, Arc::clone(&transport), Arc::clone(&world));
        Ok(Self {
            base: connection.base,
            resellers: connection.resellers,
            period_unit: connection.period_unit,
            tokens,
            sender: Sender {
                transport,
                budget,
                world,
                read: |exchange| {
                    let code = classify::code(&exchange);
                    (exchange, code)
                },
            },
        })
    }

    fn reading(&self) -> Reading {
        Reading {
            now: self.sender.world.now(),
            period_unit: self.period_unit,
        }
    }
}

#[async_trait]
impl Exchanges for Metallic {
    type Ask = Ask;
    type Heard = Exchange;

    fn sender(&self) -> &Sender {
        &self.sender
    }

    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Exchange, Answer> {
        let (token, leave) = self.sender.token_and_leave(&self.tokens, kind).await?;
        let request = ask.request(token.bearer.clone(), trail.correlation_id, trail.request_id);
        let exchange = self.sender.send(leave, request, lease, trail).await?;
        self.tokens.judge(&token, exchange, classify::refusal)
    }
}

#[async_trait]
impl Provider for Metallic {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(call.correlation_id, RequestId::fresh(self.sender.world.dice()));
        let ask = Ask::create(&self.resellers, Arc::clone(&call.payload));
        let exchange = self.exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        match exchange.await {
            Ok(exchange) => {
                let answer = classify::create(&exchange, self.reading());
                trail.reply_showing(answer, exchange.body())
            }
            Err(answer) => trail.reply(answer),
        }
    }

    /// There is no look-up (providers.md 4.4), and under [`IDEMPOTENCY`](super::contract::IDEMPOTENCY) nobody asks for
    /// one.
    async fn look_up(&self, _: &LookUpCall) -> Reply {
        let why = "this provider cannot be asked whether an account exists";
        Trail::of_read(&*self.sender.world).reply(Answer::NotSent(why.to_owned()))
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(&*self.sender.world);
        let ask = Ask::read(&self.resellers, account);
        match self.read(CallKind::Poll, &ask, &mut trail).await {
            Ok(exchange) => {
                let answer = classify::read(&exchange, account, self.reading());
                trail.reply_showing(answer, exchange.body())
            }
            Err(answer) => trail.reply(answer),
        }
    }

    fn kept(&self, payload: &str, shown: &AccountShown) -> Vec<RowError> {
        let sent = serde_json::from_str(payload).map(|sent| leaves(&sent));
        let shown = serde_json::from_slice::<Value>(&shown.0);
        let (Ok(sent), Ok(shown)) = (sent, shown) else {
            return Vec::new();
        };
        let shown = shown.get("data").map(leaves).unwrap_or_default();
        differences(sent.iter().map(|(place, text)| (&**place, &**text)), &shown)
    }

    /// A list of resellers is not public (providers.md 4.4).
    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

#[cfg(test)]
mod tests;
