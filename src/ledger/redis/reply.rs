//! What Redis answers, taken apart. An answer of another form than expected is [`LedgerError::Corrupt`].

use redis::Value;

use crate::engine::ports::LedgerError;

fn odd(what: &str, value: &Value) -> LedgerError {
    // The value itself may hold a person's data.
    let form = match value {
        Value::Nil => "nothing",
        Value::Int(_) => "a number",
        Value::BulkString(_) | Value::SimpleString(_) | Value::VerbatimString { .. } => "a text",
        Value::Array(_) | Value::Set(_) => "a list",
        Value::Okay => "OK",
        _ => "something else",
    };
    LedgerError::Corrupt(format!("Redis answered {form} where {what} was expected"))
}

/// The elements of a list; none for nothing.
pub(super) fn list(value: Value) -> Result<Vec<Value>, LedgerError> {
    match value {
        Value::Array(values) | Value::Set(values) => Ok(values),
        Value::Nil => Ok(Vec::new()),
        other => Err(odd("a list", &other)),
    }
}

/// A text's bytes; `None` for nothing.
pub(super) fn bytes(value: Value) -> Result<Option<Vec<u8>>, LedgerError> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::SimpleString(text) => Ok(Some(text.into_bytes())),
        Value::Nil => Ok(None),
        other => Err(odd("a text", &other)),
    }
}

/// A text; `None` for nothing.
pub(super) fn text(value: Value) -> Result<Option<String>, LedgerError> {
    bytes(value)?
        .map(|bytes| {
            String::from_utf8(bytes)
                .map_err(|_| LedgerError::Corrupt("Redis answered bytes that are no text".into()))
        })
        .transpose()
}

/// A whole number, also as text or as the text of a float, as scores come; `None` for nothing and for an empty text.
pub(super) fn number(value: Value) -> Result<Option<i64>, LedgerError> {
    match value {
        Value::Int(n) => Ok(Some(n)),
        Value::Nil => Ok(None),
        #[allow(
            clippy::cast_possible_truncation,
            reason = "scores are times in milliseconds, below 2^53"
        )]
        Value::Double(n) => Ok(Some(n as i64)),
        other => match text(other)? {
            None => Ok(None),
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => whole(&text).map(Some),
        },
    }
}

fn whole(text: &str) -> Result<i64, LedgerError> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "scores are times in milliseconds, below 2^53"
    )]
    let from_float = || text.parse::<f64>().ok().map(|n| n as i64);
    text.parse::<i64>()
        .ok()
        .or_else(from_float)
        .ok_or_else(|| LedgerError::Corrupt("Redis answered a text where a number was expected".into()))
}

/// The next of an answer's parts.
pub(super) fn next(values: &mut impl Iterator<Item = Value>) -> Result<Value, LedgerError> {
    values
        .next()
        .ok_or_else(|| LedgerError::Corrupt("Redis answered too little".into()))
}

/// A list of keys and values, in pairs.
pub(super) fn pairs(value: Value) -> Result<Vec<(Value, Value)>, LedgerError> {
    if let Value::Map(pairs) = value {
        return Ok(pairs);
    }
    let mut flat = list(value)?.into_iter();
    let mut pairs = Vec::with_capacity(flat.len() / 2);
    while let (Some(key), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((key, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_many_forms() {
        for (value, wanted) in [
            (Value::Int(7), Some(7)),
            (
                Value::BulkString(b"1700000000000".to_vec()),
                Some(1_700_000_000_000),
            ),
            (Value::BulkString(b"1.7e12".to_vec()), Some(1_700_000_000_000)),
            (Value::Double(9.0), Some(9)),
            (Value::Nil, None),
            (Value::BulkString(Vec::new()), None),
        ] {
            assert_eq!(number(value).unwrap(), wanted);
        }
        assert!(number(Value::BulkString(b"x".to_vec())).is_err());
        assert!(number(Value::Array(Vec::new())).is_err());
    }

    #[test]
    fn what_is_odd_is_said_without_its_content() {
        let error = list(Value::BulkString(b"Grace".to_vec()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a text where a list") && !error.contains("Grace"),
            "{error}"
        );
    }
}
