//! The look-up calls (providers.md 3.4): search and details of resellers.

use serde_json::{Map, Value, json};

use crate::domain::time::Timestamp;

use super::LogicBoxes;
use super::accounts::{Account, Accounts, Standing};
use super::errors::{Refusal, Said};
use super::form::Form;
use super::settings::TextMatch;

/// The part of all hits that a caller asks for.
#[derive(Clone, Copy)]
pub(super) struct Page {
    records: usize,
    number: usize,
}

impl Page {
    /// Reads `no-of-records`, which has its bounds, and `page-no`, which counts from 1. Both are required.
    pub(super) fn read(form: &Form, records: std::ops::RangeInclusive<usize>) -> Result<Self, Refusal> {
        let number = |name: &str, bounds: std::ops::RangeInclusive<usize>| {
            let Some(text) = form.get(name) else {
                return Err(Refusal::Parameters(format!("Required parameter missing: {name}")));
            };
            text.parse()
                .ok()
                .filter(|value| bounds.contains(value))
                .ok_or_else(|| invalid(name))
        };
        Ok(Self {
            records: number("no-of-records", records)?,
            number: number("page-no", 1..=usize::MAX)?,
        })
    }

    /// A map with the hits of this page under `"1"`, `"2"` and so on, beside the counters, which are texts.
    pub(super) fn show(self, hits: &[u32], show: impl Fn(u32) -> Option<Value>) -> Value {
        let first = (self.number - 1).saturating_mul(self.records);
        let shown: Vec<_> = hits
            .iter()
            .skip(first)
            .take(self.records)
            .filter_map(|index| show(*index))
            .collect();
        let mut map = Map::new();
        map.insert("recsonpage".to_owned(), shown.len().to_string().into());
        map.insert("recsindb".to_owned(), hits.len().to_string().into());
        map.extend(
            shown
                .into_iter()
                .enumerate()
                .map(|(place, hit)| ((place + 1).to_string(), hit)),
        );
        map.into()
    }
}

fn invalid(name: &str) -> Refusal {
    Refusal::Parameters(format!("Invalid value for parameter: {name}"))
}

impl LogicBoxes {
    pub(super) fn search(&self, form: &Form, parent: &str, now: Timestamp) -> Result<Said, Refusal> {
        let page = Page::read(form, 10..=500)?;
        let status = match form.get("status") {
            None => None,
            Some("Active") => Some(Standing::Active),
            Some("Suspended") => Some(Standing::Suspended),
            Some("Deleted") => Some(Standing::Deleted),
            Some(_) => return Err(invalid("status")),
        };
        let number = |name: &str| match form.get(name) {
            None => Ok(None),
            Some(text) => text.parse::<f64>().map(Some).map_err(|_| invalid(name)),
        };
        let created = (number("creation-date-start")?, number("creation-date-end")?);
        // Nobody has paid anything yet.
        let paid = (number("total-receipt-start")?, number("total-receipt-end")?);
        let ids: Vec<_> = form.all("reseller-id").collect();
        let settings = &self.settings;
        let seen_at = now.minus(settings.search_lag);
        let matches = |index: u32| {
            let Some(account) = self.accounts.get(index) else {
                return false;
            };
            let standing = account.standing(now);
            account.parent.as_ref() == parent
                && account.done <= seen_at
                && (settings.pending_visible || standing != Standing::Waiting)
                && status.is_none_or(|status| status == standing)
                && (ids.is_empty() || ids.iter().any(|id| *id == Accounts::id(index).to_string()))
                && within(seconds(account.created), created)
                && within(0.0, paid)
                && ["username", "name", "company", "city", "state"]
                    .iter()
                    .all(|name| text_matches(settings.text_match, form.get(name), account.field(name)))
        };
        let hits: Vec<u32> = match form.get("username") {
            // A look-up by the whole username is what a caller does once a row.
            Some(username) if settings.text_match == TextMatch::Exact => {
                let named = self.accounts.with_username(username);
                named.iter().copied().filter(|index| matches(*index)).collect()
            }
            _ => self.accounts.indexes().filter(|index| matches(*index)).collect(),
        };
        Ok(Said::well(page.show(&hits, |index| {
            let account = self.accounts.get(index)?;
            Some(json!({
                "reseller.resellerid": Accounts::id(index),
                "reseller.username": account.username(),
                "reseller.name": account.field("name"),
                "reseller.company": account.field("company"),
                "reseller.city": account.field("city"),
                "reseller.state": account.field("state"),
                "reseller.country": account.field("country"),
                "reseller.resellerstatus": self.status_word(account, now),
                "reseller.totalreceipts": "0.00",
            }))
        })))
    }

    pub(super) fn details(&self, form: &Form, parent: &str, now: Timestamp) -> Result<Said, Refusal> {
        let Some(id) = form.get("reseller-id").filter(|id| *id != parent) else {
            return Ok(Said::well(own_details(parent)));
        };
        if id.parse::<u64>().is_err() {
            return Err(invalid("reseller-id"));
        }
        let index = self.accounts.find(id).ok_or(Refusal::NotFound)?;
        let account = self
            .accounts
            .get(index)
            .filter(|account| account.parent.as_ref() == parent && account.done <= now)
            .ok_or(Refusal::NotFound)?;
        let mut body = json!({
            "resellerid": Accounts::id(index),
            "parentid": parent,
            "resellerstatus": self.status_word(account, now),
            "creationdt": account.created.as_ms() / 1_000,
            "totalreceipts": "0.00",
            "brandname": account.field("company"),
            "address1": account.field("address-line-1"),
            "zip": account.field("zipcode"),
            "telnocc": account.field("phone-cc"),
            "telno": account.field("phone"),
            "langpref": account.field("lang-pref"),
            "sellingcurrencysymbol": account.field("selling-currency-symbol"),
            "accountingcurrencysymbol": account.field("accounting-currency-symbol"),
            "salescontactid": account.field("sales-contact-id"),
            // Not the password that came, which is not kept, but what must not be seen again either.
            "password": format!("simulated-password-{}", Accounts::id(index)),
            "pin": "0000",
        });
        if let Some(body) = body.as_object_mut() {
            for name in ["username", "name", "company", "city", "state", "country"] {
                body.insert(name.to_owned(), account.field(name).into());
            }
        }
        Ok(Said::well(body))
    }

    /// The provider's word for how an account stands.
    fn status_word(&self, account: &Account, now: Timestamp) -> String {
        match account.standing(now) {
            Standing::Waiting => self.settings.pending_word.clone(),
            standing => standing.to_string(),
        }
    }
}

/// What details say without an id: the caller itself.
fn own_details(parent: &str) -> Value {
    json!({
        "resellerid": parent,
        "parentid": 1,
        "resellerstatus": "Active",
        "creationdt": 0,
        "username": "parent@simulator.example",
        "name": "Parent",
        "company": "The Parent",
        "brandname": "The Parent",
        "totalreceipts": "1000.00",
        "password": "simulated-password-of-the-parent",
        "pin": "1111",
    })
}

#[allow(clippy::cast_precision_loss, reason = "seconds of any date fit a double")]
fn seconds(at: Timestamp) -> f64 {
    (at.as_ms() / 1_000) as f64
}

fn within(value: f64, (start, end): (Option<f64>, Option<f64>)) -> bool {
    start.is_none_or(|start| value >= start) && end.is_none_or(|end| value <= end)
}

fn text_matches(rule: TextMatch, wanted: Option<&str>, text: &str) -> bool {
    let Some(wanted) = wanted else { return true };
    let (wanted, text) = (wanted.to_lowercase(), text.to_lowercase());
    match rule {
        TextMatch::Partial => text.contains(&wanted),
        TextMatch::Exact => text == wanted,
    }
}
