//! Tokens and leases: what must not be sent, is not.

use super::*;
use crate::domain::answer::RowError;
use crate::engine::ports::Permit;

const STALE: &str = r#"{"error":{"code":401,"message":"Unauthorized"}}"#;

/// All answers of as many callers at once.
async fn crowd(rig: &Rig) -> Vec<Reply> {
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let metallic = Arc::clone(&rig.metallic);
            tokio::spawn(async move { metallic.submit(&submit()).await })
        })
        .collect();
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call.await.unwrap());
    }
    replies
}

#[tokio::test(start_paused = true)]
async fn a_stale_token_is_renewed_once_for_all() {
    let rig = rig(|_, bearer| match bearer {
        "token-1" => Exchange::response(401, STALE),
        _ => Exchange::response(201, CREATED),
    });
    for reply in crowd(&rig).await {
        assert_eq!(reply.answer, Answer::Refused(Refused::TokenStale));
        assert_eq!(reply.code.as_deref(), Some("401"));
    }
    assert!(crowd(&rig).await.iter().all(|reply| reply.http == Some(201)));
    assert_eq!(rig.transport.calls(TOKEN_PATH).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_refused_again_is_a_denial() {
    let rig = rig(|_, _| Exchange::response(401, STALE));
    let denied = Answer::Refused(Refused::Denied(RowError::new("401", "Unauthorized")));
    assert_eq!(
        rig.metallic.submit(&submit()).await.answer,
        Answer::Refused(Refused::TokenStale)
    );
    assert_eq!(rig.metallic.poll(&account()).await.answer, denied);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_after_its_setting_and_not_used_by_all_beyond_a_fifth_more() {
    let rig = rig(|_, bearer| Exchange::response(201, CREATED.replace("testreseller.com", bearer)));
    let tokens = || rig.transport.calls(TOKEN_PATH).len();
    crowd(&rig).await;
    rig.world.pass(RENEW_TOKEN_AFTER - Duration::from_secs(1));
    crowd(&rig).await;
    assert_eq!(tokens(), 1);
    rig.world.pass(Duration::from_secs(1));
    crowd(&rig).await;
    assert_eq!(tokens(), 2);
    rig.world.pass(Duration::from_secs(24 * 3600));
    let before = rig.transport.calls(RESELLERS_PATH).len();
    crowd(&rig).await;
    assert_eq!(tokens(), 3);
    let calls = rig.transport.calls(RESELLERS_PATH);
    let is_new = |call: &HttpRequest| {
        call.bearer
            .as_ref()
            .is_some_and(|token| token.expose_secret() == "token-3")
    };
    assert!(calls[before..].iter().all(is_new), "nobody tried the old one");
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_leaves_and_nothing_is_counted() {
    let told = async |exchange: Exchange| {
        let transport = ScriptedTransport::new(move |_| exchange.clone());
        let budget = Arc::new(CountingBudget::default());
        let metallic = Metallic::new(
            settings("http://127.0.0.1:1"),
            transport.clone(),
            budget.clone(),
            TestWorld::new(),
        );
        let reply = metallic.unwrap().submit(&submit()).await;
        assert_eq!((reply.exchanges, reply.http), (0, None));
        assert!(transport.calls(RESELLERS_PATH).is_empty());
        assert!(budget.given.lock().unwrap().is_empty());
        reply.answer
    };
    assert_eq!(
        told(Exchange::response(503, "")).await,
        Answer::NotSent("no token: 127.0.0.1 answered HTTP 503".to_owned())
    );
    let denied = told(Exchange::response(401, STALE)).await;
    assert!(matches!(denied, Answer::Refused(Refused::Denied(error)) if error.code == "401"));
}

/// Gives leave only after this long, the first time.
struct SlowBudget(CountingBudget, Arc<TestWorld>, Duration);

#[async_trait]
impl Budget for SlowBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        if self.0.given.lock().unwrap().is_empty() {
            self.1.pass(self.2);
        }
        self.0.permit(kind).await
    }

    fn pause_for(&self, _: Duration) {}

    fn close(&self) {}

    fn is_closed(&self) -> bool {
        false
    }
}

/// An adapter whose first leave comes after `wait`.
fn slow(wait: Duration) -> (Rig, Metallic, Arc<SlowBudget>) {
    let rig = rig(|_, _| Exchange::response(201, CREATED));
    let budget = Arc::new(SlowBudget(CountingBudget::default(), rig.world.clone(), wait));
    let metallic = Metallic::new(
        settings("http://127.0.0.1:1"),
        rig.transport.clone(),
        budget.clone(),
        rig.world.clone(),
    );
    (rig, metallic.unwrap(), budget)
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_in_the_queue_is_not_sent() {
    let (rig, metallic, budget) = slow(RENEW_TOKEN_AFTER * 2);
    assert_eq!(metallic.submit(&submit()).await.http, Some(201));
    let sent = &rig.transport.calls(RESELLERS_PATH)[0];
    assert_eq!(
        sent.bearer.as_ref().map(|token| token.expose_secret()),
        Some("token-2")
    );
    assert_eq!(budget.0.given.lock().unwrap().len(), 2);
    assert_eq!(budget.0.out.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn leave_that_comes_when_the_lease_is_over_is_not_used() {
    let (rig, metallic, budget) = slow(Duration::from_secs(60));
    let lease = LeaseWatch::new(Moment::now(&*rig.world), Duration::from_secs(5));
    let reply = metallic.submit(&submit_under(lease)).await;
    assert_eq!(
        (reply.answer, reply.exchanges, reply.http),
        (Answer::NoLeave, 0, None)
    );
    assert!(rig.transport.calls(RESELLERS_PATH).is_empty());
    assert_eq!(budget.0.out.load(Ordering::SeqCst), 0, "and is given back");
}
