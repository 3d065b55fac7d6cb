//! The parameters of a call, wherever they are: in the query, or in a form-encoded body (providers.md 3.1).

use crate::simulator::wire::Request;

const FORM: &str = "application/x-www-form-urlencoded";

/// Where a parameter was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Body,
}

/// All parameters, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Form(Vec<(Place, String, String)>);

impl Form {
    /// A body of another content type holds no parameters.
    pub(super) fn of(request: &Request) -> Self {
        let content_type = request.header("content-type").unwrap_or_default();
        let is_form = content_type
            .get(..FORM.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(FORM));
        let body: &[u8] = if is_form { &request.body } else { &[] };
        let parameters = [(Place::Query, request.query.as_bytes()), (Place::Body, body)]
            .into_iter()
            .flat_map(|(place, bytes)| {
                url::form_urlencoded::parse(bytes)
                    .map(move |(key, value)| (place, key.into_owned(), value.into_owned()))
            });
        Self(parameters.collect())
    }

    /// The first value of a parameter that is not blank.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a parameter that is not blank: an array repeats its name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(_, key, value)| key == name && !value.trim().is_empty())
            .map(|(_, _, value)| value.as_str())
    }

    /// The first value of a parameter at one place.
    pub(super) fn get_at(&self, at: Place, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(place, key, value)| *place == at && key == name && !value.trim().is_empty())
            .map(|(_, _, value)| value.as_str())
    }
}
