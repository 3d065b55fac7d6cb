//! A log line as one flat JSON object: what the spans around it know (batch, row, attempt, correlation id) stands beside
//! what it says itself, so that a log store finds all lines of a row by one key.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event so: `timestamp`, `level`, `message`, `target`, the spans' fields from the outermost in, the event's own;
/// of equal keys the innermost counts.
pub(super) struct FlatJson;

impl<S> FormatEvent<S, JsonFields> for FlatJson
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        line.insert("timestamp".to_owned(), timestamp.into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("message".to_owned(), "".into());
        line.insert("target".to_owned(), metadata.target().into());
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            let kept = span.extensions();
            let fields = kept.get::<FormattedFields<JsonFields>>();
            let fields = fields.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
            line.extend(fields.into_iter().flatten());
        }
        event.record(&mut Fields(&mut line));
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_spans_fields_stand_beside_the_events() {
        let lines = Lines::default();
        let to = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || to.clone())
            .fmt_fields(JsonFields::new())
            .event_format(FlatJson);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let outer = tracing::error_span!(
                "step",
                batch = "b_1",
                row = "r_1",
                attempt = tracing::field::Empty
            );
            let _outer = outer.enter();
            outer.record("attempt", 2);
            let _inner = tracing::error_span!("call", call = "submit", row = "r_2").entered();
            tracing::warn!(wait_s = 1.5, closed = false, error = %"a \"b\"\nc", "said {}", 7);
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let mut line: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let at = line.shift_remove("timestamp").unwrap();
        assert!(
            at.as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .is_ok_and(|at| at > jiff::Timestamp::UNIX_EPOCH),
            "{at}"
        );
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"level":"WARN","message":"said 7","target":"enlist::telemetry::json::tests","attempt":2,"batch":"b_1","row":"r_2","call":"submit","wait_s":1.5,"closed":false,"error":"a \"b\"\nc"}"#
        );
    }
}
