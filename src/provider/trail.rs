//! What a reply and the log say of the exchanges behind it.

use std::time::Duration;

use super::transport::{Exchange, plain};
use crate::domain::answer::{Answer, Answered, Meaning};
use crate::domain::attempt::CallKind;
use crate::domain::ids::{CorrelationId, RequestId};
use crate::engine::ports::{AccountShown, Reply};
use crate::world::World;

/// The ids of the last exchange, and what came of it.
pub(super) struct Trail {
    pub(super) correlation_id: CorrelationId,
    pub(super) request_id: RequestId,
    pub(super) http: Option<u16>,
    code: Option<String>,
    pub(super) exchanges: u32,
}

impl Trail {
    pub(super) const fn new(correlation_id: CorrelationId, request_id: RequestId) -> Self {
        Self {
            correlation_id,
            request_id,
            http: None,
            code: None,
            exchanges: 0,
        }
    }

    pub(super) fn of_read(world: &dyn World) -> Self {
        Self::new(CorrelationId::fresh(world.dice()), RequestId::fresh(world.dice()))
    }

    /// Fresh ids for the next read; with an old correlation id it could be answered from a provider's memory.
    pub(super) fn renew(&mut self, world: &dyn World) {
        if self.exchanges > 0 {
            self.correlation_id = CorrelationId::fresh(world.dice());
            self.request_id = RequestId::fresh(world.dice());
        }
    }

    /// Takes an exchange in, with the provider's own code for how it went.
    pub(super) fn note(&mut self, exchange: &Exchange, code: Option<String>) {
        self.exchanges += 1;
        self.http = exchange.head().map(|head| head.status);
        self.code = code;
    }

    /// One event an exchange. No body, no address, no token, no name: nothing of what was sent but its ids, nothing of what
    /// came but codes and limits.
    pub(super) fn tell(&self, kind: CallKind, exchange: &Exchange, took: Duration) {
        let why = match exchange {
            Exchange::NotSent(why) | Exchange::Broken(why) => Some(why.as_str()),
            _ => None,
        };
        let head = exchange.head();
        tracing::debug!(
            call = kind.as_str(),
            http = self.http,
            code = self.code.as_deref().and_then(plain),
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            correlation_id = %self.correlation_id,
            request_id = %self.request_id,
            answer_request_id = head.and_then(|head| plain(head.request_id.as_deref()?)),
            rate_limit = head.and_then(|head| plain(head.rate_limit.as_deref()?)),
            rate_limit_period = head.and_then(|head| plain(head.rate_limit_period.as_deref()?)),
            went = exchange.as_str(),
            why,
            "exchange"
        );
    }

    pub(super) fn reply(self, answer: Answer) -> Reply {
        let Self {
            correlation_id,
            request_id,
            http,
            code,
            exchanges,
        } = self;
        Reply {
            answer,
            correlation_id,
            request_id,
            http,
            code,
            exchanges,
            shown: None,
        }
    }

    /// The reply; one about a usable account with the account as `body` shows it.
    pub(super) fn reply_showing(self, answer: Answer, body: Option<impl AsRef<[u8]>>) -> Reply {
        let is_active =
            matches!(&answer, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Active);
        Reply {
            shown: body
                .filter(|_| is_active)
                .map(|body| AccountShown(body.as_ref().into())),
            ..self.reply(answer)
        }
    }
}
