//! The list call (providers.md 2.7).

use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::wire::{Reply, Request};

use super::accounts::{Accounts, Status, links, seconds};
use super::errors;
use super::settings::{AdobeSettings, ListKey, NameMatch};

/// What a list call asks for.
struct Query {
    status: Status,
    name: Option<String>,
    by_name: bool,
    ascending: bool,
    limit: usize,
    offset: usize,
}

/// The statuses that can be asked for.
const ASKABLE: [&str; 4] = ["1000", "1002", "1004", "1026"];

impl Query {
    /// Reads the query. What is wrong with it is named; parameters that are not known are not looked at.
    fn read(request: &Request) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut take = |name: &str, fits: &dyn Fn(&str) -> bool| {
            let value = request.query_value(name).filter(|value| !value.is_empty());
            if value.as_deref().is_some_and(|value| !fits(value)) {
                wrong.push(name.to_owned());
            }
            value
        };
        let number = |text: &str| text.parse::<usize>().ok();
        let status = take("status", &|text| ASKABLE.contains(&text));
        let name = take("company-name", &|_| true);
        let sort_by = take("sort-by", &|text| ["creationDate", "companyName"].contains(&text));
        let order_by = take("order-by", &|text| {
            ["asc", "desc"].iter().any(|one| text.eq_ignore_ascii_case(one))
        });
        let limit = take("limit", &|text| {
            number(text).is_some_and(|limit| (1..=50).contains(&limit))
        });
        let offset = take("offset", &|text| number(text).is_some());
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            status: status
                .and_then(|text| text.parse().ok())
                .unwrap_or(Status::ACTIVE),
            name,
            by_name: sort_by.as_deref() == Some("companyName"),
            ascending: order_by.is_some_and(|text| text.eq_ignore_ascii_case("asc")),
            limit: limit.as_deref().and_then(number).unwrap_or(20),
            offset: offset.as_deref().and_then(number).unwrap_or(0),
        })
    }
}

/// The answer to a list call at `now`.
pub(super) fn list(
    accounts: &Accounts,
    settings: &AdobeSettings,
    request: &Request,
    now: Timestamp,
) -> Reply {
    let query = match Query::read(request) {
        Ok(query) => query,
        Err(wrong) => return errors::service("1132", wrong),
    };
    let seen_at = now.minus(settings.list_lag);
    let mut found = found(accounts, settings, &query, seen_at);
    if query.by_name {
        let name = |index: &u32| accounts.get(*index).map(|account| &account.face.company);
        found.sort_by(|one, other| name(one).cmp(&name(other)));
    }
    if !query.ascending {
        found.reverse();
    }
    let page: Vec<_> = found
        .iter()
        .skip(query.offset)
        .take(query.limit)
        .filter_map(|index| item(accounts, *index, query.status))
        .collect();
    let mut body = json!({
        "totalCount": found.len(), "count": page.len(), "offset": query.offset, "limit": query.limit,
    });
    let key = match settings.list_key {
        ListKey::Accounts => "accounts",
        ListKey::Resellers => "resellers",
    };
    if let Some(body) = body.as_object_mut() {
        body.insert(key.to_owned(), page.into());
    }
    Reply::json(200, body.to_string())
}

/// The accounts asked for, in the order of their creation.
fn found(accounts: &Accounts, settings: &AdobeSettings, query: &Query, seen_at: Timestamp) -> Vec<u32> {
    let stands = |index: u32| {
        accounts
            .get(index)
            .is_some_and(|account| account.visible <= seen_at && account.status(seen_at) == query.status)
    };
    let Some(name) = &query.name else {
        return accounts.indexes().filter(|index| stands(*index)).collect();
    };
    let matches = |index: u32| {
        let account = accounts.get(index);
        account.is_some_and(|account| name_matches(settings.name_match, name, &account.face.company))
    };
    // A name without a wildcard is looked up: looking a lost account up is done once a row.
    if name.contains('*') || settings.name_match == NameMatch::Prefix {
        accounts
            .indexes()
            .filter(|index| stands(*index) && matches(*index))
            .collect()
    } else {
        accounts
            .with_name(name)
            .iter()
            .copied()
            .filter(|index| stands(*index) && matches(*index))
            .collect()
    }
}

fn item(accounts: &Accounts, index: u32, status: Status) -> Option<Value> {
    let account = accounts.get(index)?;
    let links: Value = serde_json::from_str(&links(index)).ok()?;
    let mut item = json!({
        "externalReferenceId": account.face.reference,
        "resellerId": Accounts::id(index).to_string(),
        "distributorId": account.face.distributor,
        "status": status,
        "companyProfile": { "companyName": account.face.company },
        "creationDate": seconds(account.created),
        "links": links,
    });
    if account.face.reference.is_none()
        && let Some(item) = item.as_object_mut()
    {
        item.shift_remove("externalReferenceId");
    }
    Some(item)
}

fn name_matches(rule: NameMatch, pattern: &str, name: &str) -> bool {
    match rule {
        NameMatch::Exact => glob(pattern, name),
        NameMatch::IgnoreCase => glob(&pattern.to_lowercase(), &name.to_lowercase()),
        NameMatch::Prefix => glob(&format!("{pattern}*"), name),
    }
}

/// Whether `name` is `pattern`, where `*` stands for anything: each part between stars is looked for as early
/// as it can be.
fn glob(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, expected) in [
            ("Fairmont", "Fairmont", true),
            ("Fairmont", "Fairmont Ltd", false),
            ("Fair*", "Fairmont", true),
            ("*mont", "Fairmont", true),
            ("F*r*t", "Fairmont", true),
            ("F*r*x", "Fairmont", false),
            ("*", "", true),
            ("**", "x", true),
            ("a*a", "a", false),
            ("*ab*ab", "ab", false),
            ("*ü*", "Müller", true),
            ("fair*", "Fairmont", false),
        ] {
            assert_eq!(glob(pattern, name), expected, "{pattern} {name}");
        }
        assert!(name_matches(NameMatch::IgnoreCase, "FAIR*", "Fairmont"));
        assert!(name_matches(NameMatch::Prefix, "Fair", "Fairmont"));
        assert!(!name_matches(NameMatch::Exact, "fairmont", "Fairmont"));
    }
}
