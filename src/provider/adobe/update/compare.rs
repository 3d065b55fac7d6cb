//! What a row would change of an account, and what came of it. Pure.
//!
//! An update replaces all data (providers.md 2.5, Update), so the whole account is sent, filled up like this:
//!
//! | of the account | if the row gives it | if it does not |
//! |---|---|---|
//! | company, country, region | must be what the account has | what the account has |
//! | other texts, the reference among them | the row's | what the account has: a blank cell takes nothing away |
//! | segments | must hold all that the account has | what the account has |
//! | contacts | known by their email: the row's name and phone. A new one takes the place of the first that the row does not name | stay |
//!
//! Names of contacts are no reason to send anything: the provider keeps the name that it has for an email address, whatever
//! is sent (seed 000). They are told as kept, the same way whether something else was sent or not.

use super::details::{CONTACTS, COUNTRY, Contact, Details, NAME, REGION, SEGMENTS};
use crate::domain::answer::RowError;
use crate::provider::kept::{as_shown, kept};
use crate::provider::transport::clean;

/// What cannot be changed.
const IDENTITY: [&str; 3] = [NAME, COUNTRY, REGION];

/// Errors that are told of one row at most.
const ERRORS_MAX: usize = 50;

/// Characters shown of a stored text.
const SHOWN_MAX: usize = 100;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The provider would refuse it: why, by its own codes.
    Refused(Vec<RowError>),
    /// Nothing is left to send. What the row says otherwise, the provider keeps.
    Nothing(Vec<RowError>),
    /// Send this.
    Send(Details),
}

/// What `row` would change of the account that has `stored`.
pub(super) fn decide(stored: &Details, row: &Details) -> Decision {
    let refused = refused(stored, row);
    if !refused.is_empty() {
        return Decision::Refused(refused);
    }
    let (contacts, contacts_differ) = contacts(&row.contacts, &stored.contacts);
    let mut texts = stored.texts.clone();
    texts.extend(row.texts.iter().map(|(place, text)| (*place, text.clone())));
    let mut segments = stored.segments.clone();
    for segment in &row.segments {
        if !segments.contains(segment) {
            segments.push(segment.clone());
        }
    }
    let wanted = Details {
        texts,
        segments,
        contacts,
    };
    if wanted.texts != stored.texts || wanted.segments != stored.segments || contacts_differ {
        return Decision::Send(wanted);
    }
    Decision::Nothing(drift(&wanted, stored))
}

fn refused(stored: &Details, row: &Details) -> Vec<RowError> {
    let mut errors = Vec::new();
    for place in IDENTITY {
        if let (Some(has), Some(says)) = (stored.text(place), row.text(place))
            && has != says
        {
            let message = format!(
                "the account has {}, and an update cannot change it: write it so, or take the row out",
                shown(has)
            );
            errors.push(at("1119", place, message));
        }
    }
    let lost = stored.segments.iter().filter(|has| !row.segments.contains(has));
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    if !row.segments.is_empty() && !lost.is_empty() {
        let message = format!(
            "the account has {}, and no segment can be taken away: add {}, or leave the cell empty",
            shown(&stored.segments.join(";")),
            shown(&lost.join(";"))
        );
        errors.push(at("5122", SEGMENTS, message));
    }
    errors
}

/// The contacts to send, the row's first and in its order, so that the provider's errors name the row's by their numbers;
/// and whether anything but names is new in them.
fn contacts(row: &[Contact], stored: &[Contact]) -> (Vec<Contact>, bool) {
    let mut left: Vec<&Contact> = stored.iter().collect();
    let (mut strangers, mut differ) = (0, false);
    let mut wanted = Vec::with_capacity(row.len().max(stored.len()));
    for contact in row {
        let Some(known) = take(&mut left, contact) else {
            strangers += 1;
            wanted.push(contact.clone());
            continue;
        };
        let filled = Contact {
            first_name: contact.first_name.clone().or_else(|| known.first_name.clone()),
            last_name: contact.last_name.clone().or_else(|| known.last_name.clone()),
            email: known.email.clone(),
            phone: contact.phone.clone().or_else(|| known.phone.clone()),
        };
        differ |= filled.phone != known.phone;
        wanted.push(filled);
    }
    wanted.extend(left.into_iter().skip(strangers).cloned());
    (wanted, differ || strangers > 0)
}

/// Takes the contact with this one's email out of those that are left.
fn take<'a>(left: &mut Vec<&'a Contact>, contact: &Contact) -> Option<&'a Contact> {
    let at = left.iter().position(|known| known.is(contact))?;
    Some(left.remove(at))
}

/// Whether only another look can tell what became of the names sent: an answer repeats them, whether kept or not (seed 000).
pub(super) fn sends_names(wanted: &Details, stored: &Details) -> bool {
    let is_kept = |contact: &Contact| {
        let same =
            |known: &&Contact| known.first_name == contact.first_name && known.last_name == contact.last_name;
        stored.contacts.iter().filter(same).any(|known| known.is(contact))
    };
    !wanted.contacts.iter().all(is_kept)
}

/// What the account shows otherwise than it was wanted, one error a field. Whose contact it is, is not repeated: errors are
/// kept where names are not.
pub(super) fn drift(wanted: &Details, account: &Details) -> Vec<RowError> {
    let mut errors = Vec::new();
    for (place, text) in &wanted.texts {
        match account.text(place) {
            Some(has) if has == text => {}
            Some(has) => errors.push(kept(place, as_shown(has))),
            None => errors.push(kept(place, "the provider shows nothing here")),
        }
    }
    let among = |some: &[String], all: &[String]| some.iter().all(|one| all.contains(one));
    if !among(&wanted.segments, &account.segments) || !among(&account.segments, &wanted.segments) {
        errors.push(kept(SEGMENTS, as_shown(&account.segments.join(";"))));
    }
    let mut left: Vec<&Contact> = account.contacts.iter().collect();
    for (number, contact) in wanted.contacts.iter().enumerate() {
        let mut differs = |name, why: &str| {
            errors.push(kept(&format!("{CONTACTS}[{number}].{name}"), why));
        };
        let Some(known) = take(&mut left, contact) else {
            // One without an address is known again by nothing.
            if contact.email.is_some() {
                differs("email", "the provider does not show this contact");
            }
            continue;
        };
        let name = "the provider keeps the name it has for this email address";
        if known.first_name != contact.first_name {
            differs("firstName", name);
        }
        if known.last_name != contact.last_name {
            differs("lastName", name);
        }
        if known.phone != contact.phone {
            differs("phoneNumber", "the provider keeps another phone");
        }
    }
    if left.iter().any(|contact| contact.email.is_some()) {
        let why = "the provider keeps a contact whose place the row's was to take";
        errors.push(kept(CONTACTS, why));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

fn at(code: &str, place: &str, message: String) -> RowError {
    RowError {
        code: code.to_owned(),
        field: place.to_owned(),
        message,
    }
}

fn shown(text: &str) -> String {
    format!("\"{}\"", clean(text, SHOWN_MAX))
}

#[cfg(test)]
mod tests;
