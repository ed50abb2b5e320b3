//! Numbers written in other ways than digit by digit: Roman, and with an exponent.

/// The longest Roman number, MMMDCCCLXXXVIII (`MAX_ROMAN_LEN`).
pub(super) const ROMAN_LEN: usize = 15;

/// A number rounded to a whole one, in Roman digits; hashes for one they do not reach (`int_to_roman`).
pub(super) fn roman(whole: &str) -> String {
    const DIGITS: [(usize, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let Some(mut number @ 1..=3999) = whole.parse::<usize>().ok() else {
        return "#".repeat(ROMAN_LEN);
    };
    let mut text = String::new();
    for (value, digit) in DIGITS {
        text.push_str(&digit.repeat(number / value));
        number %= value;
    }
    text
}

/// `digits`, plain and without a sign, as one digit, `places` after the point, and an exponent: `1.23e+04`. `round` makes
/// so many places of a text of digits.
pub(super) fn exponential(
    digits: &str,
    places: usize,
    round: impl Fn(&str, usize) -> String,
) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    let zeros = all.bytes().take_while(|digit| *digit == b'0').count();
    let significant = all.get(zeros..).unwrap_or_default();
    let mut letters = significant.chars();
    let Some(first) = letters.next() else {
        return shown(&round("0", places), 0);
    };
    let length = |length: usize| i64::try_from(length).unwrap_or(0);
    let mut exponent = length(whole.len()) - length(zeros) - 1;
    let mut mantissa = round(&format!("{first}.{}", letters.as_str()), places);
    if mantissa.starts_with("10") {
        // 9.99 became 10.0.
        exponent += 1;
        mantissa = round("1", places);
    }
    shown(&mantissa, exponent)
}

/// At least two digits of an exponent, as C's printf has it.
pub(super) fn shown(mantissa: &str, exponent: i64) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::{exponential, roman};
    use crate::pg::functions::patterns::number::rounded;

    #[test]
    fn roman_numbers() {
        for (number, want) in
            [("12", "XII"), ("3888", "MMMDCCCLXXXVIII"), ("1994", "MCMXCIV"), ("4", "IV")]
        {
            assert_eq!(roman(number), want);
        }
        assert_eq!(roman("0"), "#".repeat(15));
        assert_eq!(roman("4000"), "#".repeat(15));
        assert_eq!(roman("-1"), "#".repeat(15));
    }

    #[test]
    fn numbers_with_exponents() {
        for (digits, places, want) in [
            ("12345.678", 2, "1.23e+04"),
            ("0.00012345", 3, "1.235e-04"),
            ("9.99", 1, "1.0e+01"),
            ("0.00", 1, "0.0e+00"),
            ("7", 0, "7e+00"),
        ] {
            assert_eq!(exponential(digits, places, rounded), want);
        }
    }
}
