use super::*;
use crate::domain::answer::RowError;

#[tokio::test(start_paused = true)]
async fn a_stale_token_is_renewed_once_for_all() {
    let rig = rig(|_, bearer| match bearer {
        "token-1" => Exchange::response(401, r#"{"error_code":"401013","message":"m"}"#),
        _ => Exchange::response(201, CREATED),
    });
    for round in ["stale", "renewed"] {
        let calls: Vec<_> = (0..64)
            .map(|_| {
                let adobe = Arc::clone(&rig.adobe);
                tokio::spawn(async move { adobe.submit(&submit()).await })
            })
            .collect();
        for call in calls {
            let reply = call.await.unwrap();
            match round {
                "stale" => {
                    assert_eq!(reply.answer, Answer::Refused(Refused::TokenStale));
                    assert_eq!(reply.code.as_deref(), Some("401013"));
                }
                _ => assert_eq!(reply.http, Some(201)),
            }
        }
    }
    assert_eq!(rig.transport.calls(TOKEN_PATH).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_refused_again_is_a_denial() {
    let rig = rig(|_, _| Exchange::response(401, r#"{"code":"4116","message":"m"}"#));
    let denied = Answer::Refused(Refused::Denied(RowError::new("4116", "m")));
    assert_eq!(
        rig.adobe.submit(&submit()).await.answer,
        Answer::Refused(Refused::TokenStale)
    );
    assert_eq!(rig.adobe.poll(&account()).await.answer, denied);
    assert_eq!(rig.adobe.submit(&submit()).await.answer, denied);
    assert_eq!(rig.transport.calls(TOKEN_PATH).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_leaves() {
    let transport = ScriptedTransport::new(|_| Exchange::response(503, ""));
    let (world, budget) = (TestWorld::new(), Arc::new(CountingBudget::default()));
    let adobe = Adobe::new(
        settings("http://127.0.0.1:1"),
        transport.clone(),
        budget.clone(),
        world,
    )
    .unwrap();
    let reply = adobe.submit(&submit()).await;
    assert_eq!(
        reply.answer,
        Answer::NotSent("no token: 127.0.0.1 answered HTTP 503".to_owned())
    );
    assert_eq!((reply.exchanges, reply.http), (0, None));
    assert!(transport.calls("/v3/resellers").is_empty());
    assert!(budget.given.lock().unwrap().is_empty());
}

/// Gives leave only after the token has run out, the first time.
pub(super) struct SlowBudget(pub(super) CountingBudget, pub(super) Arc<TestWorld>);

#[async_trait]
impl Budget for SlowBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        if self.0.given.lock().unwrap().is_empty() {
            self.1.pass(Duration::from_secs(90_000));
        }
        self.0.permit(kind).await
    }

    fn pause_for(&self, _: Duration) {}

    fn close(&self) {}

    fn is_closed(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_in_the_queue_is_not_sent() {
    let rig = rig(|_, bearer| {
        assert_eq!(bearer, "token-2");
        Exchange::response(201, CREATED)
    });
    let budget = Arc::new(SlowBudget(CountingBudget::default(), rig.world.clone()));
    let adobe = Adobe::new(
        settings("http://127.0.0.1:1"),
        rig.transport.clone(),
        budget.clone(),
        rig.world.clone(),
    );
    assert_eq!(adobe.unwrap().submit(&submit()).await.http, Some(201));
    assert_eq!(budget.0.given.lock().unwrap().len(), 2);
    assert_eq!(budget.0.out.load(Ordering::SeqCst), 0);
}
