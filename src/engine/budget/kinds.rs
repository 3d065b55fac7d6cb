//! Budgets for providers that count reads and writes apart (Metallic, providers.md 4.1).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::attempt::CallKind;
use crate::engine::ports::{Budget, Permit};

/// Several budgets as one: a call needs leave from all that count it.
pub struct KindBudget {
    /// Counts every call.
    pub all: Option<Arc<dyn Budget>>,
    /// Counts those that make or change an account.
    pub writes: Option<Arc<dyn Budget>>,
    /// Counts those that look for or at accounts.
    pub reads: Option<Arc<dyn Budget>>,
}

impl KindBudget {
    /// Those that count a call of this kind. The narrower one comes first, so that who waits for it holds nothing of the
    /// other.
    fn counting(&self, kind: CallKind) -> impl Iterator<Item = &Arc<dyn Budget>> {
        let narrow = match kind {
            CallKind::Submit => &self.writes,
            CallKind::LookUp | CallKind::Poll => &self.reads,
        };
        narrow.iter().chain(&self.all)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<dyn Budget>> {
        self.all.iter().chain(&self.writes).chain(&self.reads)
    }
}

/// Leave from several budgets.
struct Permits {
    _all: Vec<Box<dyn Permit>>,
}

impl Permit for Permits {}

#[async_trait]
impl Budget for KindBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        let mut all = Vec::with_capacity(2);
        for budget in self.counting(kind) {
            all.push(budget.permit(kind).await?);
        }
        Some(Box::new(Permits { _all: all }))
    }

    fn pause_for(&self, wait: Duration) {
        self.each().for_each(|budget| budget.pause_for(wait));
    }

    fn close(&self) {
        self.each().for_each(|budget| budget.close());
    }

    fn is_closed(&self) -> bool {
        self.each().any(|budget| budget.is_closed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Counting(Mutex<Vec<CallKind>>);

    struct Given;

    impl Permit for Given {}

    #[async_trait]
    impl Budget for Counting {
        async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
            self.0.lock().unwrap().push(kind);
            Some(Box::new(Given))
        }

        fn pause_for(&self, _: Duration) {
            self.0.lock().unwrap().clear();
        }

        fn close(&self) {}

        fn is_closed(&self) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn each_call_is_counted_where_it_belongs() {
        let [all, writes, reads] = [(); 3].map(|()| Arc::new(Counting::default()));
        let kinds = KindBudget {
            all: Some(Arc::clone(&all) as Arc<dyn Budget>),
            writes: Some(Arc::clone(&writes) as Arc<dyn Budget>),
            reads: Some(Arc::clone(&reads) as Arc<dyn Budget>),
        };
        let calls = [CallKind::Submit, CallKind::LookUp, CallKind::Poll];
        for kind in calls {
            drop(kinds.permit(kind).await.unwrap());
        }
        let given = |budget: &Counting| budget.0.lock().unwrap().clone();
        assert_eq!(given(&all), calls);
        assert_eq!(given(&writes), [CallKind::Submit]);
        assert_eq!(given(&reads), [CallKind::LookUp, CallKind::Poll]);
        kinds.pause_for(Duration::from_secs(1));
        assert_eq!(
            [&all, &writes, &reads].map(|budget| given(budget).len()),
            [0, 0, 0],
            "all wait"
        );
    }
}
