//! Looking at an account: whether it has settled, and what the provider keeps of it otherwise than it was sent.

use std::sync::Arc;

use super::Desk;
use crate::domain::answer::{AccountSeen, Answer, Answered, Meaning};
use crate::domain::ids::StatusCode;
use crate::domain::task::Task;
use crate::engine::ports::{Claim, Reply};
use crate::engine::sweep::Listed;

impl Desk {
    /// Looks at a pending account: on the list if that answers, else singly. `Err` is an answer that cost nothing.
    pub(super) async fn poll(&self, task: &Task) -> Result<Reply, Answer> {
        let Some(account) = &task.account else {
            return Err(Answer::Answered(Answered::Missing));
        };
        let mut list_calls = 0;
        if let Some(pending) = &self.pending {
            let created_at = task.created_at.unwrap_or(task.due_at);
            match pending.ask(account, created_at).await {
                Listed::LookSingly { calls } => list_calls = calls,
                Listed::Pending { calls } => {
                    let status = task.status.clone().unwrap_or_else(|| StatusCode::new("1002"));
                    let seen = AccountSeen {
                        account: account.clone(),
                        status,
                        meaning: Meaning::Pending,
                        kept: Vec::new(),
                    };
                    let answer = Answer::Answered(Answered::Account(seen));
                    if calls == 0 {
                        return Err(answer);
                    }
                    return Ok(Reply::of_list(answer, calls, &*self.world));
                }
            }
        }
        let mut reply = self.provider.poll(account).await;
        reply.exchanges += list_calls;
        Ok(reply)
    }

    /// The answer; one that shows a usable account with what the provider keeps otherwise than it was sent. What was sent is
    /// fetched for it, once for each account. Where it is not to be had, nothing is compared: the account is good.
    pub(super) async fn compared(&self, claim: &Claim, reply: Reply) -> Answer {
        let (mut answer, shown) = (reply.answer, reply.shown);
        let Answer::Answered(Answered::Account(seen)) = &mut answer else {
            return answer;
        };
        let Some(shown) = shown.filter(|_| seen.meaning == Meaning::Active) else {
            return answer;
        };
        let payload = match &claim.payload {
            Some(payload) => Ok(Some(Arc::clone(payload))),
            None => self.ledger.payload(claim).await,
        };
        match payload {
            Ok(Some(payload)) => seen.kept = self.provider.kept(&payload, &shown),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "what the provider keeps could not be compared with what was sent")
            }
        }
        answer
    }
}
