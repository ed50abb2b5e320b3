//! Numerics whose digits after the point are each value's own.
//!
//! PostgreSQL keeps with every numeric how many digits it shows after the point; a decimal of Arrow has one scale for
//! the whole column. Results whose digits depend on the values (quotients, averages, variances, casts from floating
//! point) are therefore decimals of 256 bits at scales that no column of files has: the scale says by which rule the
//! digits shown follow from the value. Values are rounded as PostgreSQL rounds them, so only zeros at the end are
//! guessed: a quotient between one and two ten-thousands whose terms begin alike shows four zeros fewer than there.

use std::cmp::Ordering;
use std::sync::LazyLock;

use arrow::datatypes::{DataType, i256};

use crate::error::{Error, Result};

/// Digits a quotient has at least: `NUMERIC_MIN_SIG_DIGITS`.
const QUOTIENT_DIGITS: i32 = 16;

/// Decimal digits of one digit of PostgreSQL's: `DEC_DIGITS`.
const GROUP: i32 = 4;

/// Digits of a decimal of 256 bits.
const PRECISION: u8 = 76;

/// As many digits after the point as a division gives (`select_div_scale`).
pub(crate) const QUOTIENT_SCALE: i8 = 37;
/// As many as a variance has: those of a quotient, and none for zero.
pub(crate) const VARIANCE_SCALE: i8 = 36;
/// As many as the square root of a variance has.
pub(crate) const DEVIATION_SCALE: i8 = 35;
/// As many as there are without zeros at the end.
pub(crate) const TRIMMED_SCALE: i8 = 34;
/// As many as powers and logarithms have: those of sixteen significant digits.
pub(crate) const POWER_SCALE: i8 = 33;
/// As many as a square root has (`numeric_sqrt`).
pub(crate) const ROOT_SCALE: i8 = 32;

/// The type of a column with one of these scales.
pub(crate) const fn of_scale(scale: i8) -> DataType {
    DataType::Decimal256(PRECISION, scale)
}

/// Whether values of that type show digits of their own number.
pub(crate) fn varies(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal256(_, scale) if ROOT_SCALE <= *scale)
}

/// Digits after the point to show of a number given as digits without leading zeros, `stored` of them after the point.
pub(crate) fn shown(digits: &[u8], stored: i8) -> i8 {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let needed = match digits.is_empty() {
        true => 0,
        false => (i32::from(stored) - i32::try_from(zeros).unwrap_or(0)).max(0),
    };
    let least = match stored {
        TRIMMED_SCALE => needed,
        VARIANCE_SCALE | DEVIATION_SCALE if digits.is_empty() => 0,
        POWER_SCALE => {
            // What is raised to a whole number has all of them; of other numbers the last ones are seldom zeros.
            let fewer = QUOTIENT_DIGITS - exponent(digits, stored).max(0);
            if needed + 2 < fewer { QUOTIENT_DIGITS } else { fewer.max(0) }
        }
        ROOT_SCALE => {
            let weight = match digits.is_empty() {
                true => 0,
                false => exponent_of_square(digits, stored).div_euclid(GROUP),
            };
            (QUOTIENT_DIGITS - 1 - weight * GROUP / 2).max(0)
        }
        DEVIATION_SCALE => quotient_digits(exponent_of_square(digits, stored), false),
        // Zero by a number below ten thousand.
        _ if digits.is_empty() => QUOTIENT_DIGITS + GROUP,
        _ => quotient_digits(exponent(digits, stored), is_power(digits)),
    };
    let more = (needed - least).max(0);
    let step = if matches!(stored, POWER_SCALE | ROOT_SCALE) { 1 } else { GROUP };
    let shown = least + (more + step - 1) / step * step;
    i8::try_from(shown.min(i32::from(stored))).unwrap_or(stored)
}

/// The digits after the point of the square root of a number (`numeric_sqrt`).
pub(crate) fn root_digits(number: Number) -> i32 {
    let (weight, _) = number.lead();
    (QUOTIENT_DIGITS - 1 - weight * GROUP / 2).max(number.scale).max(0)
}

/// The power of ten of the first digit.
fn exponent(digits: &[u8], stored: i8) -> i32 {
    i32::try_from(digits.len()).unwrap_or(0) - 1 - i32::from(stored)
}

fn exponent_of_square(digits: &[u8], stored: i8) -> i32 {
    let lead = digits.iter().take(15).fold(0.0, |sum, digit| sum * 10.0 + f64::from(digit - b'0'));
    let read = i32::try_from(digits.len().min(15)).unwrap_or(0);
    let carries = lead / 10_f64.powi(read - 1) >= 10_f64.sqrt();
    2 * exponent(digits, stored) + i32::from(carries)
}

fn is_power(digits: &[u8]) -> bool {
    digits
        .split_first()
        .is_some_and(|(first, rest)| *first == b'1' && rest.iter().all(|digit| *digit == b'0'))
}

/// Where the quotient is a power of ten thousand its terms begin alike.
fn quotient_digits(exponent: i32, is_power: bool) -> i32 {
    let alike = is_power && exponent.rem_euclid(GROUP) == 0;
    let weight = exponent.div_euclid(GROUP) - i32::from(alike);
    (QUOTIENT_DIGITS - weight * GROUP).max(0)
}

static POWERS: LazyLock<Vec<i256>> = LazyLock::new(|| {
    let ten = i256::from_i128(10);
    std::iter::successors(Some(i256::ONE), |power| power.checked_mul(ten))
        .take(usize::from(PRECISION) + 1)
        .collect()
});

/// Ten to the `exponent`.
fn power(exponent: i32) -> Option<i256> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

/// The decimal digits of a magnitude; zero has none.
fn length(magnitude: i256) -> i32 {
    i32::try_from(POWERS.partition_point(|power| *power <= magnitude)).unwrap_or(0)
}

/// A number: its digits and how many of them are after the point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: i256,
    pub(crate) scale: i32,
}

impl Number {
    /// The same number with more digits after the point, or rounded to fewer. `None` when it has no room.
    pub(crate) fn at(self, scale: i32) -> Option<i256> {
        match scale.cmp(&self.scale) {
            Ordering::Equal => Some(self.value),
            Ordering::Greater => self.value.checked_mul(power(scale - self.scale)?),
            Ordering::Less => {
                let Some(unit) = power(self.scale - scale) else { return Some(i256::ZERO) };
                let (quotient, rest) =
                    (self.value.wrapping_div(unit), self.value.wrapping_rem(unit).wrapping_abs());
                let up = rest >= unit.wrapping_sub(rest);
                let one = if self.value.is_negative() { i256::MINUS_ONE } else { i256::ONE };
                Some(if up { quotient.wrapping_add(one) } else { quotient })
            }
        }
    }

    /// The same number with as many digits after the point as it shows, where it has room for them.
    pub(crate) fn showing(self, digits: i32) -> Number {
        match self.at(digits) {
            Some(value) => Number { value, scale: digits },
            None => self,
        }
    }

    /// The digits after the point that it shows by the rule that its scale stands for.
    pub(crate) fn own_digits(self) -> i32 {
        let digits = self.value.wrapping_abs().to_string();
        let stored = i8::try_from(self.scale).unwrap_or(i8::MAX);
        shown(digits.trim_start_matches('0').as_bytes(), stored).into()
    }

    /// The floating point number that is nearest to it.
    pub(crate) fn nearest(self) -> f64 {
        format!("{}e{}", self.value, -self.scale).parse().unwrap_or(f64::NAN)
    }

    /// Its weight and first digit in the base of ten thousand.
    fn lead(self) -> (i32, i256) {
        let magnitude = self.value.wrapping_abs();
        if magnitude == i256::ZERO {
            return (0, i256::ZERO);
        }
        let weight = (length(magnitude) - 1 - self.scale).div_euclid(GROUP);
        let unit = GROUP * weight + self.scale;
        let first = match power(unit.abs()) {
            Some(unit_value) if unit >= 0 => magnitude.wrapping_div(unit_value),
            Some(unit_value) => magnitude.wrapping_mul(unit_value),
            None => i256::ZERO,
        };
        (weight, first)
    }

    /// `select_div_scale`.
    pub(crate) fn quotient_scale(self, divisor: Number) -> i32 {
        let ((weight, first), (divisor_weight, divisor_first)) = (self.lead(), divisor.lead());
        let weight = weight - divisor_weight - i32::from(first <= divisor_first);
        (QUOTIENT_DIGITS - weight * GROUP).max(self.scale).max(divisor.scale).max(0)
    }

    /// `numeric_div`, its digits at `stored` after the point.
    /// Errors: 22012; 22003 for a quotient of more than 76 digits.
    pub(crate) fn over(self, divisor: Number, stored: i8) -> Result<i256> {
        let stored = i32::from(stored);
        let digits = self.quotient_scale(divisor).min(stored);
        let value = self.divided(divisor, digits, true)?;
        Number { value, scale: digits }.at(stored).ok_or_else(overflow)
    }

    /// The quotient with `digits` after the point, rounded or cut off.
    /// Errors: as [`Number::over`].
    pub(crate) fn divided(self, divisor: Number, digits: i32, round: bool) -> Result<i256> {
        if divisor.value == i256::ZERO {
            return Err(Error::DivisionByZero);
        }
        let (dividend, divisor, negative) = self.aligned(divisor);
        let mut quotient = dividend.wrapping_div(divisor);
        let mut rest = dividend.wrapping_rem(divisor);
        let room = i32::from(PRECISION) - length(divisor);
        let mut left = digits;
        while left > 0 {
            // Where the divisor leaves no room the digits that follow are beyond any precision.
            let step = if rest == i256::ZERO { left } else { left.min(room) };
            if step <= 0 {
                break;
            }
            let unit = power(step).ok_or_else(overflow)?;
            rest = rest.wrapping_mul(unit);
            quotient = quotient
                .checked_mul(unit)
                .and_then(|quotient| quotient.checked_add(rest.wrapping_div(divisor)))
                .ok_or_else(overflow)?;
            rest = rest.wrapping_rem(divisor);
            left -= step;
        }
        if left > 0 {
            let unit = power(left).ok_or_else(overflow)?;
            quotient = quotient.checked_mul(unit).ok_or_else(overflow)?;
        } else if round && rest >= divisor.wrapping_sub(rest) {
            quotient = quotient.wrapping_add(i256::ONE);
        }
        Ok(if negative { quotient.wrapping_neg() } else { quotient })
    }

    /// Both magnitudes at one scale, and whether the quotient is negative.
    fn aligned(self, other: Number) -> (i256, i256, bool) {
        let negative = self.value.is_negative() != other.value.is_negative();
        let (one, two) = (
            Number { value: self.value.wrapping_abs(), ..self },
            Number { value: other.value.wrapping_abs(), ..other },
        );
        let mut scale = one.scale.max(two.scale);
        loop {
            if let (Some(left), Some(right)) = (one.at(scale), two.at(scale))
                && (right != i256::ZERO || scale >= one.scale.max(two.scale))
            {
                return (left, right, negative);
            }
            // Digits that differ by more than a decimal holds.
            scale -= 1;
        }
    }

    /// `numeric_mul`, its digits at `stored` after the point, rounded where there are more.
    /// Errors: 22003 for a product of more than 76 digits.
    pub(crate) fn times(self, factor: Number, stored: i8) -> Result<i256> {
        let stored = i32::from(stored);
        let (mut left, mut right) = (self.trimmed(), factor.trimmed());
        loop {
            let product = Number { value: left.value, scale: left.scale }
                .value
                .checked_mul(right.value)
                .map(|value| Number { value, scale: left.scale + right.scale });
            if let Some(done) = product.and_then(|product| product.at(stored)) {
                return Ok(done);
            }
            // The last digits of the longer one are beyond the precision of the product.
            let longer = if left.scale >= right.scale { &mut left } else { &mut right };
            if longer.scale <= 0 {
                return Err(overflow());
            }
            let scale = longer.scale - 1;
            *longer = Number { value: longer.at(scale).ok_or_else(overflow)?, scale };
        }
    }

    /// The square root with `digits` after the point, rounded. Of a number not below zero.
    /// Errors: 22003 when there is no room.
    pub(crate) fn root(self, digits: i32) -> Result<i256> {
        // As an integer with twice the digits, and as many as there is room for.
        let square = self.at(digits * 2).ok_or_else(overflow)?;
        if square == i256::ZERO {
            return Ok(square);
        }
        // Newton's steps from above end at the root cut off.
        let mut root = power((length(square) + 1) / 2).ok_or_else(overflow)?;
        loop {
            let next =
                root.wrapping_add(square.wrapping_div(root)).wrapping_div(i256::from_i128(2));
            if next >= root {
                break;
            }
            root = next;
        }
        let up = square.wrapping_sub(root.wrapping_mul(root)) > root;
        Ok(if up { root.wrapping_add(i256::ONE) } else { root })
    }

    /// Digits before the point.
    pub(crate) fn whole_digits(self) -> i32 {
        (length(self.value.wrapping_abs()) - self.scale).max(0)
    }

    /// The same number without zeros at the end.
    pub(crate) fn trimmed(self) -> Number {
        let Number { mut value, mut scale } = self;
        for step in [32, 16, 8, 4, 2, 1] {
            let Some(unit) = power(step) else { continue };
            while step <= scale && value.wrapping_rem(unit) == i256::ZERO {
                value = value.wrapping_div(unit);
                scale -= step;
            }
        }
        Number { value, scale }
    }
}

pub(crate) fn overflow() -> Error {
    Error::NumericOutOfRange("value overflows numeric format".to_owned())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::i256;

    use super::{
        DEVIATION_SCALE, Number, POWER_SCALE, QUOTIENT_SCALE, ROOT_SCALE, TRIMMED_SCALE,
        VARIANCE_SCALE, shown,
    };

    fn number(text: &str) -> Number {
        let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let value = i256::from_string(&text.replace('.', "")).expect("digits");
        Number { value, scale: i32::try_from(scale).expect("short") }
    }

    fn written(value: i256, stored: i8) -> String {
        let digits = value.wrapping_abs().to_string();
        let digits = digits.trim_start_matches('0');
        let shown = shown(digits.as_bytes(), stored);
        let cut = usize::try_from(stored - shown).expect("fewer");
        let padded =
            format!("{digits:0>width$}", width = usize::try_from(stored).expect("small") + 1);
        let (kept, _) = padded.split_at(padded.len() - cut);
        let (whole, fraction) = kept.split_at(kept.len() - usize::try_from(shown).expect("small"));
        let sign = if value.is_negative() { "-" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// The wanted texts are PostgreSQL 15's.
    #[track_caller]
    fn check_quotient(dividend: &str, divisor: &str, want: &str) {
        let quotient = number(dividend).over(number(divisor), QUOTIENT_SCALE).expect("in range");
        assert_eq!(written(quotient, QUOTIENT_SCALE), want, "{dividend} / {divisor}");
    }

    #[test]
    fn quotients_have_the_digits_of_postgresql() {
        check_quotient("1.0", "3", "0.33333333333333333333");
        check_quotient("2.0", "3", "0.66666666666666666667");
        check_quotient("-2.0", "3", "-0.66666666666666666667");
        check_quotient("1", "7.000", "0.14285714285714285714");
        check_quotient("10000000000", "3", "3333333333.33333333");
        check_quotient("0.000001", "3", "0.000000333333333333333333");
        check_quotient("123456789.123", "0.001", "123456789123.00000000");
        check_quotient("17.00", "1", "17.0000000000000000");
        check_quotient("4", "4", "1.00000000000000000000");
        check_quotient("0", "7", "0.00000000000000000000");
        check_quotient("10", "5.0", "2.0000000000000000");
        check_quotient(
            "99999999999999999999999999999999999999",
            "3",
            "33333333333333333333333333333333333333",
        );
    }

    #[test]
    fn what_cannot_be_divided_is_refused() {
        let error = number("1").over(number("0.00"), QUOTIENT_SCALE).expect_err("by zero");
        assert_eq!(error.state(), "22012");
        let wide = number(&"9".repeat(70));
        assert_eq!(wide.over(number("0.0001"), QUOTIENT_SCALE).expect_err("long").state(), "22003");
    }

    #[test]
    fn quotients_are_cut_off_too() {
        let cut = number("-7.5").divided(number("2"), 0, false).expect("in range");
        assert_eq!(cut, i256::from_i128(-3));
    }

    #[test]
    fn products_keep_what_there_is_room_for() {
        let third = Number {
            value: number("1").over(number("3.0"), QUOTIENT_SCALE).expect("in range"),
            scale: i32::from(QUOTIENT_SCALE),
        };
        let product = third.times(number("3"), QUOTIENT_SCALE).expect("in range");
        assert_eq!(written(product, QUOTIENT_SCALE), "0.99999999999999999999");
        let wide = number(&"9".repeat(60));
        assert_eq!(wide.times(wide, QUOTIENT_SCALE).expect_err("long").state(), "22003");
    }

    #[test]
    fn roots() {
        let root = |text: &str, digits| number(text).root(digits).expect("room").to_string();
        assert_eq!(root("2", 16), "14142135623730950");
        assert_eq!(root("144", 0), "12");
        assert_eq!(root("0", 5), "0");
        assert_eq!(root("3", 0), "2");
        assert_eq!(root("0.0009992988027821499", 20), "3161168775598907974");
    }

    #[test]
    fn other_rules() {
        let at = |text: &str, scale: i8| {
            written(number(text).at(i32::from(scale)).expect("room"), scale)
        };
        assert_eq!(at("0", VARIANCE_SCALE), "0");
        assert_eq!(at("52", VARIANCE_SCALE), "52.0000000000000000");
        assert_eq!(at("0.03161168775598907974", DEVIATION_SCALE), "0.03161168775598907974");
        assert_eq!(at("2", DEVIATION_SCALE), "2.0000000000000000");
        assert_eq!(at("1.414213562373095", ROOT_SCALE), "1.414213562373095");
        assert_eq!(at("2", ROOT_SCALE), "2.000000000000000");
        assert_eq!(at("8", POWER_SCALE), "8.0000000000000000");
        assert_eq!(at("1.50", TRIMMED_SCALE), "1.5");
        assert_eq!(at("100", TRIMMED_SCALE), "100");
        assert_eq!(at("0", TRIMMED_SCALE), "0");
    }
}
