//! Dates and times: a number of days, written out.

use jiff::civil::Date;

use super::{NoDate, Piece, Unit};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The day after the last one, 9999-12-31.
const DAYS_MAX: f64 = 2_958_466.0;

const DAY_MS: i64 = 86_400_000;

/// The day that a workbook counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::intake::xlsx) enum Epoch {
    /// 1900, which is taken for a leap year.
    #[default]
    Y1900,
    /// 1904: workbooks of old Macs.
    Y1904,
}

/// A moment in its parts.
struct Moment {
    /// Days since the epoch of 1900.
    days: i64,
    year: i64,
    month: usize,
    day: i64,
    /// Milliseconds of the day.
    ms: i64,
}

impl Moment {
    /// `unit_ms` is the smallest unit that is shown.
    fn of(value: f64, epoch: Epoch, unit_ms: i64) -> Result<Self, NoDate> {
        let value = value + if epoch == Epoch::Y1904 { 1_462.0 } else { 0.0 };
        if !(0.0..DAYS_MAX).contains(&value) {
            return Err(NoDate);
        }
        #[allow(clippy::cast_possible_truncation, reason = "within the days of the calendar")]
        let whole_ms = (value * 86_400_000.0).round() as i64;
        // A time of day is stored as a fraction, so that 13:45:00 can be a hair less.
        let ms = if unit_ms < 1_000 {
            whole_ms
        } else {
            (whole_ms + 500) / 1_000 * 1_000
        };
        let (days, ms) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        let (year, month, day) = civil(days)?;
        Ok(Self {
            days,
            year,
            month,
            day,
            ms,
        })
    }

    fn hour(&self) -> i64 {
        self.ms / 3_600_000
    }

    fn minute(&self) -> i64 {
        self.ms / 60_000 % 60
    }

    fn second(&self) -> i64 {
        self.ms / 1_000 % 60
    }
}

/// The date of a day. Excel's 1900 has a 29th of February, and a day 0 before its first.
fn civil(days: i64) -> Result<(i64, usize, i64), NoDate> {
    let from = match days {
        0 => return Ok((1900, 1, 0)),
        60 => return Ok((1900, 2, 29)),
        1..60 => Date::constant(1899, 12, 31),
        _ => Date::constant(1899, 12, 30),
    };
    let span = jiff::Span::new().try_days(days).map_err(|_| NoDate)?;
    let date = from.checked_add(span).map_err(|_| NoDate)?;
    let month = usize::try_from(date.month()).map_err(|_| NoDate)?;
    Ok((i64::from(date.year()), month, i64::from(date.day())))
}

/// A date, a time, or both, as ISO 8601 has it; a time without seconds where there are none.
pub(super) fn iso(value: f64, epoch: Epoch) -> Result<String, NoDate> {
    let moment = Moment::of(value, epoch, 1_000)?;
    let time = match moment.second() {
        0 => format!("{:02}:{:02}", moment.hour(), moment.minute()),
        second => format!("{:02}:{:02}:{second:02}", moment.hour(), moment.minute()),
    };
    let date = format!("{:04}-{:02}-{:02}", moment.year, moment.month, moment.day);
    Ok(match (moment.days, moment.ms) {
        (0, _) if epoch == Epoch::Y1900 => time,
        (_, 0) => date,
        _ => format!("{date} {time}"),
    })
}

/// A date that was stored as text, `2026-11-27T00:00:00`: the time left out when it is midnight.
pub(in crate::intake::xlsx) fn iso_text(stored: &str) -> String {
    let stored = stored.trim().trim_end_matches('Z');
    match stored.split_once('T') {
        Some((date, time)) if time.trim_end_matches(['0', '.', ':']).is_empty() => date.to_owned(),
        Some((date, time)) => format!("{date} {}", time.trim_end_matches(".000")),
        None => stored.to_owned(),
    }
}

/// A date or time in the pieces of a format.
pub(super) fn show(pieces: &[Piece], value: f64, epoch: Epoch) -> Result<String, NoDate> {
    let has = |test: fn(&Unit) -> bool| {
        pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Clock(unit) if test(unit)))
    };
    let unit_ms = if has(|unit| matches!(unit, Unit::Fraction(_))) {
        1
    } else {
        1_000
    };
    let moment = Moment::of(value, epoch, unit_ms)?;
    let halves = has(|unit| matches!(unit, Unit::HalfDay | Unit::HalfDayLetter));
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(words) => text.push_str(words),
            Piece::Comma => text.push(','),
            Piece::Point => text.push('.'),
            Piece::Percent => text.push('%'),
            Piece::Clock(unit) => text.push_str(&unit.of(&moment, halves)),
            Piece::Digit(_) | Piece::General | Piece::At => (),
        }
    }
    Ok(text)
}

impl Unit {
    fn of(self, moment: &Moment, halves: bool) -> String {
        let wide = |number: i64, width: usize| {
            if width < 2 {
                number.to_string()
            } else {
                format!("{number:02}")
            }
        };
        let elapsed = |ms: i64, width: usize| {
            let width = width.min(12);
            format!("{:0width$}", (moment.days * DAY_MS + moment.ms) / ms)
        };
        let month = || {
            MONTHS
                .get(moment.month.saturating_sub(1))
                .copied()
                .unwrap_or_default()
        };
        // Day 1 is a Sunday, in Excel's calendar.
        let day = usize::try_from((moment.days + 6).rem_euclid(7)).unwrap_or_default();
        let day = || DAYS.get(day).copied().unwrap_or_default();
        let short = |name: &str, chars: usize| name.chars().take(chars).collect::<String>();
        match self {
            Self::Year(..=2) => format!("{:02}", moment.year % 100),
            Self::Year(_) => format!("{:04}", moment.year),
            Self::Month(3) => short(month(), 3),
            Self::Month(5) => short(month(), 1),
            Self::Month(4..) => month().to_owned(),
            Self::Month(width) => wide(i64::try_from(moment.month).unwrap_or_default(), width),
            Self::Day(3) => short(day(), 3),
            Self::Day(4..) => day().to_owned(),
            Self::Day(width) => wide(moment.day, width),
            Self::Hour(width) if halves => wide((moment.hour() + 11) % 12 + 1, width),
            Self::Hour(width) => wide(moment.hour(), width),
            Self::Minute(width) => wide(moment.minute(), width),
            Self::Second(width) => wide(moment.second(), width),
            Self::Fraction(width) => {
                let digits = format!("{:03}", moment.ms % 1_000);
                format!(".{}", short(&digits, width))
            }
            Self::Hours(width) => elapsed(3_600_000, width),
            Self::Minutes(width) => elapsed(60_000, width),
            Self::Seconds(width) => elapsed(1_000, width),
            Self::HalfDay => if moment.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            Self::HalfDayLetter => if moment.hour() < 12 { "A" } else { "P" }.to_owned(),
        }
    }
}
