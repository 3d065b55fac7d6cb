//! The calls: budget, lease, credentials, exchange, answer.

mod look_up;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use super::classify::{Asked, Heard, Values};
use super::wire::{Ask, Credentials, Format, Page, Search, parameter};
use super::{LogicBoxesSettings, classify};
use crate::domain::answer::{Answer, RowError};
use crate::domain::attempt::CallKind;
use crate::domain::ids::{AccountId, RequestId};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{AccountShown, Budget, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::kept::differences;
use crate::provider::secrets::Secrets;
use crate::provider::sender::{Exchanges, Sender};
use crate::provider::trail::Trail;
use crate::provider::transport::Transport;
use crate::world::World;

/// LogicBoxes as the engine's provider.
pub struct LogicBoxes {
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    pub(super) format: Format,
    pub(super) sender: Sender<Heard>,
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
            sender: Sender {
                transport,
                budget,
                world,
                read: |exchange| {
                    let heard = Heard::of(exchange);
                    let code = heard.code();
                    (heard, code)
                },
            },
        })
    }

    /// What an answer is read against: of a call about a row, with the sign-up that is its `payload`.
    pub(super) fn asked(&self, payload: &str) -> Asked {
        let key = self.credentials.api_key.expose_secret();
        let password = parameter(payload, "passwd");
        Asked {
            own: self.credentials.auth_userid.clone(),
            secrets: Secrets::of(std::iter::once(key).chain(password.as_deref())),
            values: Values::of(payload),
        }
    }

    async fn page(&self, search: &Search<'_>, asked: &Asked, trail: &mut Trail) -> Result<Page, Answer> {
        let ask = Ask::search(&self.base, self.format, search);
        let heard = self.read(CallKind::LookUp, &ask, trail).await?;
        classify::page(&heard, asked, self.sender.world.now())
    }
}

#[async_trait]
impl Exchanges for LogicBoxes {
    type Ask = Ask;
    type Heard = Heard;

    fn sender(&self) -> &Sender<Heard> {
        &self.sender
    }

    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Heard, Answer> {
        let leave = self.sender.leave(kind).await?;
        let request = ask.request(&self.credentials, trail.correlation_id, trail.request_id);
        self.sender.send(leave, request, lease, trail).await
    }
}

#[async_trait]
impl Provider for LogicBoxes {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(call.correlation_id, RequestId::fresh(self.sender.world.dice()));
        let asked = self.asked(&call.payload);
        let auto_activate = parameter(&call.payload, "auto-activate").is_some_and(|is| is == "true");
        let ask = Ask::signup(&self.base, self.format, Arc::clone(&call.payload));
        let exchange = self.exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        let answer = match exchange.await {
            Ok(heard) => classify::signup(&heard, &asked, auto_activate, self.sender.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    async fn look_up(&self, call: &LookUpCall) -> Reply {
        let mut trail = Trail::of_read(&*self.sender.world);
        let answer = self.find(call, &mut trail).await.unwrap_or_else(|answer| answer);
        trail.reply(answer)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(&*self.sender.world);
        let ask = Ask::details(&self.base, self.format, account);
        match self.read(CallKind::Poll, &ask, &mut trail).await {
            Ok(heard) => {
                let answer = classify::read(&heard, account, &self.asked(""), self.sender.world.now());
                trail.reply_showing(answer, heard.details())
            }
            Err(answer) => trail.reply(answer),
        }
    }

    fn kept(&self, payload: &str, shown: &AccountShown) -> Vec<RowError> {
        let Ok(shown) = serde_json::from_slice(&shown.0) else {
            return Vec::new();
        };
        let sent: Vec<_> = form_urlencoded::parse(payload.as_bytes()).collect();
        differences(sent.iter().map(|(name, value)| (&**name, &**value)), &shown)
    }

    /// There is no list of sign-ups that wait (providers.md 3.5).
    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

#[cfg(test)]
pub(super) mod tests;
