//! Numbers as PostgreSQL writes them: integers, floats and numerics, in text and binary.

use arrow::datatypes::i256;
use bytes::BufMut;

use crate::pg::numeric;

/// All two-digit numbers: one copy instead of two divisions.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let (mut tens, mut index) = (b'0', 0);
    while tens <= b'9' {
        let mut ones = b'0';
        while ones <= b'9' {
            pairs[index] = [tens, ones];
            index += 1;
            ones += 1;
        }
        tens += 1;
    }
    pairs
};

/// The two digits of a number below 100.
pub(super) fn pair(value: u32) -> [u8; 2] {
    PAIRS[value as usize]
}

/// Digits of an integer.
pub(super) fn put_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.put_slice(itoa::Buffer::new().format(value).as_bytes());
}

// ---- floats

/// A finite positive number as its significant digits (no zero at either end) and the exponent of the first one.
struct Scientific {
    digits: [u8; 24],
    len: usize,
    exponent: i32,
}

impl Scientific {
    /// Reads what Rust's formatters write: `12.5`, `1e-7`, `1.25e+30`. A sign is passed over.
    fn read(text: &str) -> Scientific {
        let mut scientific = Scientific { digits: [0; 24], len: 0, exponent: -1 };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
            None => (text, 0),
        };
        let mut fraction = false;
        for byte in mantissa.bytes() {
            match byte {
                b'.' => fraction = true,
                b'0' if scientific.len == 0 => scientific.exponent -= i32::from(fraction),
                b'0'..=b'9' => {
                    scientific.push(byte);
                    scientific.exponent += i32::from(!fraction);
                }
                _ => {}
            }
        }
        while scientific.len > 1 && scientific.digits[scientific.len - 1] == b'0' {
            scientific.len -= 1;
        }
        scientific.exponent += exponent;
        scientific
    }

    /// Digits beyond the room are beyond any precision asked for.
    fn push(&mut self, digit: u8) {
        if let Some(room) = self.digits.get_mut(self.len) {
            *room = digit;
            self.len += 1;
        }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    /// PostgreSQL's layout: plain from 1e-4 up to (not with) 10 to the `plain_below`, else with an exponent of at
    /// least two digits.
    fn put(&self, negative: bool, plain_below: i32, out: &mut Vec<u8>) {
        let digits = self.digits();
        if negative {
            out.put_u8(b'-');
        }
        if digits.is_empty() {
            out.put_u8(b'0');
        } else if self.exponent < -4 || self.exponent >= plain_below {
            out.put_u8(digits[0]);
            if digits.len() > 1 {
                out.put_u8(b'.');
                out.put_slice(&digits[1..]);
            }
            out.put_u8(b'e');
            out.put_u8(if self.exponent < 0 { b'-' } else { b'+' });
            let exponent = self.exponent.unsigned_abs();
            if exponent < 100 {
                out.put_slice(&pair(exponent));
            } else {
                put_integer(exponent, out);
            }
        } else if self.exponent < 0 {
            out.put_slice(b"0.");
            out.put_bytes(b'0', usize::try_from(-1 - self.exponent).unwrap_or(0));
            out.put_slice(digits);
        } else {
            let whole = usize::try_from(self.exponent).unwrap_or(0) + 1;
            if digits.len() <= whole {
                out.put_slice(digits);
                out.put_bytes(b'0', whole - digits.len());
            } else {
                out.put_slice(&digits[..whole]);
                out.put_u8(b'.');
                out.put_slice(&digits[whole..]);
            }
        }
    }
}

/// What differs between the two widths of float.
struct Width {
    /// `DBL_DIG` or `FLT_DIG`: the digits of `extra_float_digits = 0`, and where exponents begin.
    digits: i32,
    /// Digits that always read back equal.
    exact_digits: usize,
    /// Ten to the `digits`.
    below: f64,
}

const DOUBLE: Width = Width { digits: 15, exact_digits: 17, below: 1e15 };
const SINGLE: Width = Width { digits: 6, exact_digits: 9, below: 1e6 };

impl Width {
    /// The shortest text as it is, where PostgreSQL's layout is the same and no tie is possible.
    ///
    /// A tie below `below` has a fraction. It then is an odd multiple of a half and so ends in 5, and it has at
    /// least 17 digits (8 for a `real`): five times a mantissa.
    fn plain<'a>(&self, shortest: &'a str, magnitude: f64) -> Option<&'a str> {
        let same_layout = (1e-4..self.below).contains(&magnitude) && !shortest.contains('e');
        let tie = shortest.len() >= self.exact_digits && shortest.ends_with('5');
        let plain = shortest.strip_suffix(".0").unwrap_or(shortest);
        (same_layout && !tie).then_some(plain)
    }
}

/// `float8out`.
pub(super) fn put_float8(value: f64, extra_float_digits: i32, out: &mut Vec<u8>) {
    if !value.is_finite() {
        put_not_finite(value, out);
    } else if extra_float_digits > 0 {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value);
        if let Some(plain) = DOUBLE.plain(shortest, value.abs()) {
            return out.put_slice(plain.as_bytes());
        }
        let scientific = Scientific::read(shortest);
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let near = Neighbours { fraction, exponent, implicit: 1 << 52, bias: 1075 };
        let scientific = if near.meet(&scientific) {
            inside(scientific.len, DOUBLE.exact_digits, &near, |digits| {
                let text = format!("{value:.digits$e}");
                text.parse::<f64>().is_ok_and(|read| read == value).then_some(text)
            })
            .unwrap_or(scientific)
        } else {
            scientific
        };
        scientific.put(value.is_sign_negative(), DOUBLE.digits, out);
    } else {
        put_rounded(value, &DOUBLE, extra_float_digits, out);
    }
}

/// `float4out`.
pub(super) fn put_float4(value: f32, extra_float_digits: i32, out: &mut Vec<u8>) {
    if !value.is_finite() {
        put_not_finite(f64::from(value), out);
    } else if extra_float_digits > 0 {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value);
        if let Some(plain) = SINGLE.plain(shortest, f64::from(value.abs())) {
            return out.put_slice(plain.as_bytes());
        }
        let scientific = Scientific::read(shortest);
        let bits = value.to_bits();
        let fraction = u64::from(bits & ((1 << 23) - 1));
        let exponent = i32::try_from((bits >> 23) & 0xff).unwrap_or(0);
        let near = Neighbours { fraction, exponent, implicit: 1 << 23, bias: 150 };
        let scientific = if near.meet(&scientific) {
            inside(scientific.len, SINGLE.exact_digits, &near, |digits| {
                let text = format!("{value:.digits$e}");
                text.parse::<f32>().is_ok_and(|read| read == value).then_some(text)
            })
            .unwrap_or(scientific)
        } else {
            scientific
        };
        scientific.put(value.is_sign_negative(), SINGLE.digits, out);
    } else {
        put_rounded(f64::from(value), &SINGLE, extra_float_digits, out);
    }
}

fn put_not_finite(value: f64, out: &mut Vec<u8>) {
    out.put_slice(match (value.is_nan(), value > 0.0) {
        (true, _) => b"NaN",
        (false, true) => b"Infinity",
        (false, false) => b"-Infinity",
    });
}

/// C's `%.*g` with `digits + extra` digits.
fn put_rounded(value: f64, width: &Width, extra_float_digits: i32, out: &mut Vec<u8>) {
    let digits = (width.digits + extra_float_digits).max(1);
    let decimals = usize::try_from(digits - 1).unwrap_or(0);
    let scientific = Scientific::read(&format!("{value:.decimals$e}"));
    scientific.put(value.is_sign_negative(), digits, out);
}

/// The bits of a float, to tell whether a decimal lies just between it and a neighbour.
///
/// PostgreSQL does not rely on readers rounding ties to even, so it never prints such a decimal (1e23 is printed
/// as 9.999999999999999e+22), while the usual shortest form does.
struct Neighbours {
    fraction: u64,
    exponent: i32,
    implicit: u64,
    bias: i32,
}

impl Neighbours {
    fn meet(&self, decimal: &Scientific) -> bool {
        // The exponent of the last digit. Outside of this range the power of five alone exceeds any mantissa.
        let last = decimal.exponent + 1 - i32::try_from(decimal.len).unwrap_or(0);
        if self.fraction & 1 == 1 || !(-3..=27).contains(&last) {
            return false;
        }
        let (mantissa, exponent) = match self.exponent {
            0 => (self.fraction, 1 - self.bias),
            exponent => (self.fraction + self.implicit, exponent - self.bias),
        };
        let digits =
            decimal.digits().iter().fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        let five = 5_u128.pow(last.unsigned_abs());
        let half = |times: u128, plus: bool, exponent: i32| {
            let mantissa = u128::from(mantissa) * times;
            let middle = if plus { mantissa + 1 } else { mantissa.saturating_sub(1) };
            match last {
                0.. => odd(digits * five, last) == odd(middle, exponent),
                _ => odd(digits, last) == odd(middle * five, exponent),
            }
        };
        half(2, true, exponent - 1)
            || half(2, false, exponent - 1)
            || (self.fraction == 0 && half(4, false, exponent - 2))
    }
}

/// `value` times two to the `exponent`, with an odd value.
fn odd(value: u128, exponent: i32) -> (u128, i32) {
    let zeros = value.trailing_zeros().min(127);
    (value >> zeros, exponent + i32::try_from(zeros).unwrap_or(0))
}

/// The shortest decimal with more than `len` digits that reads back and lies on no border.
fn inside(
    len: usize,
    len_max: usize,
    near: &Neighbours,
    print: impl Fn(usize) -> Option<String>,
) -> Option<Scientific> {
    (len..len_max)
        .filter_map(|decimals| print(decimals).map(|text| Scientific::read(&text)))
        .find(|decimal| !near.meet(decimal))
}

// ---- numerics

/// The decimal digits of a magnitude without leading zeros; 0 has none. 256 bits are 78 digits.
pub(super) struct Digits {
    bytes: [u8; 80],
    start: usize,
}

impl Digits {
    fn of_u128(mut value: u128) -> Digits {
        let mut digits = Digits { bytes: [b'0'; 80], start: 80 };
        while value > 0 {
            digits.push_front(value % 10_u128.pow(19), value >= 10_u128.pow(19));
            value /= 10_u128.pow(19);
        }
        digits
    }

    fn of_i256(value: i256) -> Digits {
        let bytes = value.wrapping_abs().to_le_bytes();
        let mut limbs = [0_u64; 4];
        for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        }
        let mut digits = Digits { bytes: [b'0'; 80], start: 80 };
        while limbs != [0; 4] {
            let mut rest = 0_u128;
            for limb in limbs.iter_mut().rev() {
                let part = (rest << 64) | u128::from(*limb);
                *limb = low(part / 10_u128.pow(19));
                rest = part % 10_u128.pow(19);
            }
            digits.push_front(rest, limbs != [0; 4]);
        }
        digits
    }

    /// Up to 19 digits; all 19 when more come before them.
    fn push_front(&mut self, part: u128, full: bool) {
        let mut part = low(part);
        let end = self.start;
        while part > 0 && self.start > 0 {
            self.start -= 1;
            let [digit, ..] = (part % 10).to_le_bytes();
            self.bytes[self.start] = b'0' + digit;
            part /= 10;
        }
        if full {
            self.start = end.saturating_sub(19);
        }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// The low half.
fn low(value: u128) -> u64 {
    let bytes = value.to_le_bytes();
    bytes[..8].iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// `numeric_out` of `value` times ten to the minus `scale`.
pub(super) fn put_decimal(value: i128, scale: i8, out: &mut Vec<u8>) {
    match (u64::try_from(value.unsigned_abs()), u32::try_from(scale)) {
        (Ok(magnitude), Ok(scale)) if scale <= 20 => {
            put_short_decimal(value < 0, magnitude, scale, out);
        }
        _ => put_digits(value < 0, Digits::of_u128(value.unsigned_abs()).as_slice(), scale, out),
    }
}

/// `numeric_out` of `value` times ten to the minus `scale`.
pub(super) fn put_decimal256(value: i256, scale: i8, out: &mut Vec<u8>) {
    match value.to_i128() {
        Some(value) => put_decimal(value, scale, out),
        None => put_digits(value.is_negative(), Digits::of_i256(value).as_slice(), scale, out),
    }
}

/// `numeric_out` of a value that shows as many digits as [`numeric::shown`] says.
pub(super) fn put_varying(value: i256, stored: i8, out: &mut Vec<u8>) {
    let digits = Digits::of_i256(value);
    let (digits, shown) = varying(&digits, stored);
    put_digits(value.is_negative(), digits, shown, out);
}

/// `numeric_send` of a value that shows as many digits as [`numeric::shown`] says.
pub(super) fn put_varying_binary(value: i256, stored: i8, out: &mut Vec<u8>) {
    let digits = Digits::of_i256(value);
    let (digits, shown) = varying(&digits, stored);
    put_digits_binary(value.is_negative(), digits, i32::from(shown), out);
}

/// The digits that are shown, and how many of them are after the point.
fn varying(digits: &Digits, stored: i8) -> (&[u8], i8) {
    let digits = digits.as_slice();
    let shown = numeric::shown(digits, stored);
    let cut = usize::try_from(stored.saturating_sub(shown)).unwrap_or(0);
    (digits.get(..digits.len().saturating_sub(cut)).unwrap_or_default(), shown)
}

/// The usual case: at most 20 digits, written from the end in pairs.
fn put_short_decimal(negative: bool, mut value: u64, scale: u32, out: &mut Vec<u8>) {
    let mut line = [b'0'; 32];
    let mut at = line.len();
    let mut decimals = scale;
    while decimals >= 2 {
        at -= 2;
        line[at..at + 2].copy_from_slice(&last_two(value));
        value /= 100;
        decimals -= 2;
    }
    if decimals == 1 {
        at -= 1;
        line[at] = last_two(value)[1];
        value /= 10;
    }
    if scale > 0 {
        at -= 1;
        line[at] = b'.';
    }
    while value >= 10 {
        at -= 2;
        line[at..at + 2].copy_from_slice(&last_two(value));
        value /= 100;
    }
    // A zero is needed before the point, none before other digits.
    if value > 0 || matches!(line.get(at), None | Some(b'.')) {
        at -= 1;
        line[at] = last_two(value)[1];
    }
    if negative {
        at -= 1;
        line[at] = b'-';
    }
    out.put_slice(&line[at..]);
}

fn last_two(value: u64) -> [u8; 2] {
    let [low, ..] = (value % 100).to_le_bytes();
    PAIRS[usize::from(low)]
}

/// Plain digits with a point `scale` digits from the end; a negative scale appends zeros.
fn put_digits(negative: bool, digits: &[u8], scale: i8, out: &mut Vec<u8>) {
    if negative {
        out.put_u8(b'-');
    }
    let zeros = usize::try_from(-i32::from(scale)).unwrap_or(0);
    let scale = usize::try_from(scale).unwrap_or(0);
    match digits.len().checked_sub(scale) {
        None | Some(0) => out.put_u8(b'0'),
        Some(whole) => out.put_slice(&digits[..whole]),
    }
    if !digits.is_empty() {
        out.put_bytes(b'0', zeros);
    }
    if scale > 0 {
        out.put_u8(b'.');
        out.put_bytes(b'0', scale.saturating_sub(digits.len()));
        out.put_slice(&digits[digits.len().saturating_sub(scale)..]);
    }
}

const NUMERIC_POSITIVE: u16 = 0x0000;
const NUMERIC_NEGATIVE: u16 = 0x4000;

/// `numeric_send` of `value` times ten to the minus `scale`.
pub(super) fn put_decimal_binary(value: i128, scale: i8, out: &mut Vec<u8>) {
    match (u64::try_from(value.unsigned_abs()), u32::try_from(scale)) {
        (Ok(magnitude), Ok(scale)) if scale <= 16 => {
            put_short_decimal_binary(value < 0, magnitude, scale, out);
        }
        _ => {
            let digits = Digits::of_u128(value.unsigned_abs());
            put_digits_binary(value < 0, digits.as_slice(), i32::from(scale), out);
        }
    }
}

/// `numeric_send` of `value` times ten to the minus `scale`.
pub(super) fn put_decimal256_binary(value: i256, scale: i8, out: &mut Vec<u8>) {
    match value.to_i128() {
        Some(value) => put_decimal_binary(value, scale, out),
        None => {
            let digits = Digits::of_i256(value);
            put_digits_binary(value.is_negative(), digits.as_slice(), i32::from(scale), out);
        }
    }
}

/// The usual case. A fraction of 16 digits fits a `u64` also after it is filled up to whole groups of four.
fn put_short_decimal_binary(negative: bool, value: u64, scale: u32, out: &mut Vec<u8>) {
    let power = 10_u64.pow(scale);
    let (mut whole, fraction) = (value / power, value % power);
    let fraction_groups = scale.div_ceil(4);
    let mut fraction = fraction * 10_u64.pow(fraction_groups * 4 - scale);
    // Five groups hold the 20 digits of a `u64`, four the fraction.
    let mut groups = [[0_u8; 2]; 9];
    let (mut first, mut end) = (5, 5 + fraction_groups as usize);
    for at in (5..end).rev() {
        groups[at] = group(fraction);
        fraction /= 10_000;
    }
    while whole > 0 {
        first -= 1;
        groups[first] = group(whole);
        whole /= 10_000;
    }
    while first < end && groups[first] == [0, 0] {
        first += 1;
    }
    while end > first && groups[end - 1] == [0, 0] {
        end -= 1;
    }
    let weight = match first < end {
        true => 4 - i32::try_from(first).unwrap_or(0),
        false => 0,
    };
    let groups = &groups[first..end];
    put_numeric_header(negative && !groups.is_empty(), groups.len(), weight, scale, out);
    out.put_slice(groups.as_flattened());
}

fn group(value: u64) -> [u8; 2] {
    let [low, high, ..] = (value % 10_000).to_le_bytes();
    [high, low]
}

/// `numeric_send` of a decimal number given as digits without leading zeros.
pub(super) fn put_digits_binary(negative: bool, digits: &[u8], scale: i32, out: &mut Vec<u8>) {
    let dscale = u32::try_from(scale).unwrap_or(0);
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    if end == 0 {
        return put_numeric_header(false, 0, 0, dscale, out);
    }
    let whole = i32::try_from(digits.len()).unwrap_or(i32::MAX) - scale;
    let weight = (whole + 3).div_euclid(4) - 1;
    let lead = usize::try_from((weight + 1) * 4 - whole).unwrap_or(0);
    let count = (lead + end).div_ceil(4);
    put_numeric_header(negative, count, weight, dscale, out);
    for index in 0..count {
        let digit = |offset: usize| {
            let at = (index * 4 + offset).checked_sub(lead).and_then(|at| digits[..end].get(at));
            u16::from(at.map_or(0, |digit| digit - b'0'))
        };
        out.put_u16(digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3));
    }
}

fn put_numeric_header(negative: bool, count: usize, weight: i32, scale: u32, out: &mut Vec<u8>) {
    let word = |value: i32| {
        let [low, high, ..] = value.to_le_bytes();
        [high, low]
    };
    let [count, weight] = [i32::try_from(count).unwrap_or(0), weight].map(word);
    let [sign_high, sign_low] =
        if negative { NUMERIC_NEGATIVE } else { NUMERIC_POSITIVE }.to_be_bytes();
    let [scale_low, scale_high, ..] = scale.to_le_bytes();
    out.put_slice(&[
        count[0], count[1], weight[0], weight[1], sign_high, sign_low, scale_high, scale_low,
    ]);
}
