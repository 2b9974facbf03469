//! Formats points in time as ISO 8601 and parses RFC 3339: UTC, Gregorian calendar.
//!
//! A point in time is a `Duration` since 1970-01-01. This module does not read the clock.

use std::time::Duration;

const DAY: i64 = 86_400;

/// Formats a time as `2026-11-22T19:25:31.123Z`, truncated to milliseconds.
pub(crate) fn format(time: Duration) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = time.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Parses `2026-11-22T19:25:31Z`, with an optional fraction and an optional offset such as
/// `+01:00`. Times before 1970 become 1970-01-01. Digits below a nanosecond are ignored.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = Reader(text);
    let year = rest.number(4)?;
    rest.one_of("-")?;
    let month = rest.number_in(2, 1, 12)?;
    rest.one_of("-")?;
    let day = rest.number_in(2, 1, days_in(year, month))?;
    // RFC 3339 (5.6) also allows lower case, and a space for readability.
    rest.one_of("Tt ")?;
    let hour = rest.number_in(2, 0, 23)?;
    rest.one_of(":")?;
    let minute = rest.number_in(2, 0, 59)?;
    rest.one_of(":")?;
    // A leap second becomes the first second of the next minute, as in UNIX time.
    let second = rest.number_in(2, 0, 60)?;
    let nanos = if rest.one_of(".").is_some() { rest.fraction()? } else { 0 };
    let offset = match rest.one_of("Zz+-")? {
        'Z' | 'z' => 0,
        sign => {
            let hours = rest.number_in(2, 0, 23)?;
            rest.one_of(":")?;
            let minutes = rest.number_in(2, 0, 59)?;
            let offset = hours * 3600 + minutes * 60;
            if sign == '+' { offset } else { -offset }
        }
    };
    if !rest.0.is_empty() {
        return None;
    }
    let time = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(u64::try_from(time).map_or(Duration::ZERO, |time| Duration::new(time, nanos)))
}

/// Parses a text from its start.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let head = self.0.get(..digits)?;
        if !head.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[digits..];
        head.parse().ok()
    }

    fn number_in(&mut self, digits: usize, least: i64, most: i64) -> Option<i64> {
        self.number(digits).filter(|number| (least..=most).contains(number))
    }

    fn one_of(&mut self, allowed: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|first| allowed.contains(*first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    /// Reads one or more digits after the decimal point, as nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let known = &fraction[..digits.min(9)];
        let scale = u32::try_from(9 - known.len()).ok()?;
        known.parse::<u32>().ok().map(|number| number * 10_u32.pow(scale))
    }
}

/// Returns the number of days from 1970-01-01 to a date. The year starts in March here: the leap
/// day is then its last day, and the lengths of the months before it fit a linear formula.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Returns the date of a day: year, month, day.
fn date(day: i64) -> (i64, i64, i64) {
    // Off by at most one: the average year has 365.2425 days.
    let mut year = 1970 + day * 10_000 / 3_652_425;
    while day < days(year, 1, 1) {
        year -= 1;
    }
    while day >= days(year + 1, 1, 1) {
        year += 1;
    }
    let later = (2..=12).rev().find(|month| days(year, *month, 1) <= day);
    let month = later.unwrap_or(1);
    (year, month, day - days(year, month, 1) + 1)
}

fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next_month, 1) - days(year, month, 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by panicking")]
mod tests {
    use super::*;

    #[test]
    fn known_points_in_time() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_000_000_000, "2001-09-09T01:46:40.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_709_251_200, "2024-03-01T00:00:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000Z"),
        ] {
            let time = Duration::from_secs(seconds);
            assert_eq!(format(time), text);
            assert_eq!(parse(text), Some(time), "{text}");
        }
        assert_eq!(format(Duration::from_nanos(1_999_999)), "1970-01-01T00:00:00.001Z");
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let mut text = String::new();
        for day in 0..146_097 {
            let time = Duration::from_secs(day * 86_400 + 43_200);
            let next = format(time);
            assert!(next > text, "{next} follows {text}");
            assert_eq!(parse(&next), Some(time), "{next}");
            text = next;
        }
        assert_eq!(text, "2369-12-31T12:00:00.000Z");
    }

    #[test]
    fn other_ways_to_write_it() {
        let time = parse("2026-11-22T19:25:31.5Z").unwrap();
        for text in [
            "2026-11-22t19:25:31.500z",
            "2026-11-22 19:25:31.5000000009Z",
            "2026-11-22T20:55:31.5+01:30",
            "2026-11-21T19:25:31.5-24:00",
            "2026-11-22T19:25:31.5-00:00",
        ] {
            let expected = if text.contains("-24") { None } else { Some(time) };
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("1990-12-31T23:59:60Z"), parse("1991-01-01T00:00:00Z"));
        assert_eq!(parse("1969-12-31T23:59:59Z"), Some(Duration::ZERO));
        assert_eq!(parse("0000-01-01T00:00:00+23:59"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_point_in_time() {
        for text in [
            "",
            "now",
            "2026-11-22",
            "2026-11-22T19:25:31",
            "2026-11-22T19:25Z",
            "2026-11-22T19:25:31.Z",
            "2026-11-22T19:25:31Z ",
            " 2026-11-22T19:25:31Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T19:60:00Z",
            "2026-11-22T19:25:61Z",
            "2026-13-22T19:25:31Z",
            "2026-00-22T19:25:31Z",
            "2026-11-31T19:25:31Z",
            "2025-02-29T19:25:31Z",
            "2100-02-29T19:25:31Z",
            "+026-11-22T19:25:31Z",
            "2026-11-22T19:25:31+1:00",
            "2026-11-22T19:25:31+0100",
            "2026-11-22T19:25:31,5Z",
            "2026-11-22T19:25:3é",
            "２026-11-22T19:25:31Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
