//! An update: `PATCH /v3/resellers/{id}` (providers.md 2.5, Update, and 7.2).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::time::Timestamp;

use super::Adobe;
use super::accounts::{Accounts, Face, Status};
use super::checks::{Refusal, check_update};
use super::errors::{self, Gate};
use super::journal::Entry;
use super::replay::Kept;
use super::service::{Asked, as_kept};

/// The most updates of one account; above that, a 503 of the gateway.
const UPDATES_MAX: u32 = 10_000;

/// What must come as it stands.
const FIXED: [(&str, &str); 3] = [
    ("companyProfile.companyName", "/companyName"),
    ("companyProfile.address.country", "/address/country"),
    ("companyProfile.address.region", "/address/region"),
];

impl Adobe {
    /// The order of the refusals is not documented.
    pub(super) fn update(
        &mut self,
        asked: &Asked<'_>,
        now: Timestamp,
        done: Timestamp,
    ) -> Result<Kept, Gate> {
        let refused = |code: &str, details| Ok(as_kept(&errors::service(code, details)));
        let Some((index, account)) = self.visible(asked.id, now) else {
            return refused("1115", vec![]);
        };
        if matches!(account.status(now), Status::PENDING | Status::BLOCKED) {
            return refused("1125", vec![]);
        }
        if account.version() >= UPDATES_MAX {
            return Err(Gate::Unavailable);
        }
        let status = account.status(done);
        let stored = Arc::clone(&account.face);
        let body = match check_update(&asked.request.body) {
            Ok(body) => body,
            Err(Refusal { code, details }) => return refused(code, details),
        };
        if let Some(Refusal { code, details }) = against(&stored, &body) {
            return refused(code, details);
        }
        let (echoed, face) = self.accounts.faces(&body);
        let is_echo = Arc::ptr_eq(&echoed, &face);
        let owned = |face: &Face| {
            let distributor = stored.distributor.clone();
            Arc::new(Face {
                distributor,
                ..face.clone()
            })
        };
        let face = owned(&face);
        self.notes.write(|| Entry::Changed {
            id: Accounts::id(index).to_string(),
            face: Arc::clone(&face),
        });
        self.accounts.change(index, face);
        let version = self.accounts.get(index).map_or(0, |account| account.version());
        let own = &mut self.tally.own;
        own.updates += 1;
        own.updates_per_account_max = own.updates_per_account_max.max(version.into());
        Ok(Kept::Account {
            http: 200,
            index,
            status,
            extra: self.settings.extra_fields,
            echoed: (!is_echo).then(|| owned(&echoed)),
            version,
        })
    }
}

/// What of a sound body does not go with what the account says.
fn against(stored: &Face, body: &Map<String, Value>) -> Option<Refusal> {
    let before: Value = serde_json::from_str(&stored.profile).unwrap_or_default();
    let after = body.get("companyProfile")?;
    let changed = FIXED
        .iter()
        .filter(|(_, at)| before.pointer(at) != after.pointer(at));
    let details: Vec<String> = changed.map(|(path, _)| (*path).to_owned()).collect();
    if !details.is_empty() {
        return Some(Refusal {
            code: "1119",
            details,
        });
    }
    let segments = |profile: &Value| {
        profile
            .get("marketSegments")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let kept = segments(after);
    if segments(&before).iter().all(|segment| kept.contains(segment)) {
        return None;
    }
    Some(Refusal {
        code: "5122",
        details: vec!["Reason: Reseller is not permitted to remove existing market segments.".to_owned()],
    })
}
