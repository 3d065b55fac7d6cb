//! Dates as HTTP writes them: the server's clock, and `Retry-After`.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::Head;
use crate::domain::time::Timestamp;

/// The three ways HTTP writes a date (RFC 9110 5.6.7); only the first is still sent.
const DATE_FORMS: [&str; 3] = [
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %e %H:%M:%S %Y",
];

impl Head {
    /// The server's clock when it answered, in whole seconds; `None` if it did not say, or not readably.
    pub fn time(&self) -> Option<Timestamp> {
        date(self.date.as_deref()?.trim())
    }
}

pub(super) fn date(text: &str) -> Option<Timestamp> {
    DATE_FORMS.iter().find_map(|form| {
        let civil = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        let at = civil.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_ms(at.timestamp().as_millisecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock() {
        let head = |date: Option<&str>| Head {
            date: date.map(str::to_owned),
            ..Head::of(200)
        };
        let seconds = |date| head(date).time().map(|at| at.as_ms() / 1_000);
        assert_eq!(seconds(Some(" Sun, 06 Nov 1994 08:49:37 GMT")), Some(784_111_777));
        assert_eq!(seconds(Some("yesterday")), None);
        assert_eq!(seconds(None), None);
    }
}
