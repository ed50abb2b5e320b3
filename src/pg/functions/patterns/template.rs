//! Templates of dates and times, cut into fields and what stands between them (`parse_format` and `DCH_keywords` in
//! formatting.c).

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A field.
    Field(Field),
    /// A character that stands for itself; `quoted` when it was in double quotes.
    Text {
        /// The character.
        letter: char,
        /// Whether it stood in double quotes.
        quoted: bool,
    },
}

/// A field of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Its keyword as written: its case is that of names.
    pub(super) word: &'static str,
    /// `FM`: without padding.
    pub(super) fill: bool,
    /// `TM`: names as the locale has them, without padding.
    pub(super) localized: bool,
    /// `TH` or `th` after it.
    pub(super) ordinal: Option<&'static str>,
}

/// Keywords, each before those it begins with.
const WORDS: &[&str] = &[
    "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D",
    "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW",
    "IYYY", "IYY", "IY", "I", "J", "MI", "MM", "MONTH", "MON", "MS", "Month", "Mon", "OF", "P.M.",
    "PM", "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY",
    "YYY", "YY", "Y", "a.d.", "a.m.", "ad", "am", "b.c.", "bc", "cc", "day", "ddd", "dd", "dy",
    "d", "ff1", "ff2", "ff3", "ff4", "ff5", "ff6", "fx", "hh24", "hh12", "hh", "iddd", "id", "iw",
    "iyyy", "iyy", "iy", "i", "j", "mi", "mm", "month", "mon", "ms", "of", "p.m.", "pm", "q", "rm",
    "sssss", "ssss", "ss", "tzh", "tzm", "tz", "us", "ww", "w", "y,yyy", "yyyy", "yyy", "yy", "y",
];

/// The parts of `text`. `SP` is refused by the caller's error.
pub(super) fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (mut fill, mut localized) = (false, false);
        loop {
            if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
                (rest, fill) = (after, true);
            } else if let Some(after) = rest.strip_prefix("TM").or_else(|| rest.strip_prefix("tm"))
            {
                (rest, localized) = (after, true);
            } else {
                break;
            }
        }
        let found = WORDS.iter().find_map(|word| Some((*word, rest.strip_prefix(word)?)));
        if let Some((word, after)) = found {
            rest = after;
            let mut ordinal = None;
            for mark in ["TH", "th"] {
                if let Some(after) = rest.strip_prefix(mark) {
                    (rest, ordinal) = (after, Some(mark));
                    break;
                }
            }
            if rest.starts_with("SP") {
                return None;
            }
            parts.push(Part::Field(Field { word, fill, localized, ordinal }));
            continue;
        }
        rest = literal(rest, &mut parts);
    }
    Some(parts)
}

/// Takes what stands for itself from the front of `text`.
fn literal<'a>(text: &'a str, parts: &mut Vec<Part>) -> &'a str {
    let mut letters = text.chars();
    match letters.next() {
        Some('"') => {
            while let Some(letter) = letters.next() {
                let letter = match letter {
                    '"' => break,
                    '\\' => letters.next().unwrap_or('\\'),
                    other => other,
                };
                parts.push(Part::Text { letter, quoted: true });
            }
        }
        Some('\\') if letters.as_str().starts_with('"') => {
            letters.next();
            parts.push(Part::Text { letter: '"', quoted: false });
        }
        Some(letter) => parts.push(Part::Text { letter, quoted: false }),
        None => {}
    }
    letters.as_str()
}

/// `st`, `nd`, `rd` or `th` for a number, in the case of `mark`.
pub(super) fn ordinal(digits: &str, mark: &str) -> &'static str {
    let mut last = digits.chars().rev();
    let (unit, ten) = (last.next(), last.next());
    let index = match (ten, unit) {
        (Some('1'), _) => 3,
        (_, Some('1')) => 0,
        (_, Some('2')) => 1,
        (_, Some('3')) => 2,
        _ => 3,
    };
    if mark == "TH" { ["ST", "ND", "RD", "TH"][index] } else { ["st", "nd", "rd", "th"][index] }
}

/// Names of months.
pub(super) const MONTHS: [&str; 12] = [
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

/// Names of days, from Sunday.
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Roman numerals of months.
pub(super) const ROMAN: [&str; 12] =
    ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
