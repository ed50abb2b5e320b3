//! Numbers by a template (`NUM_processor` in formatting.c).

use super::spell;
use crate::error::{Error, Result};

/// A number template.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    nodes: Vec<Node>,
    /// Digits before and after the point.
    pre: usize,
    post: usize,
    decimal: bool,
    fill: bool,
    zero: bool,
    zero_start: usize,
    zero_end: usize,
    /// `S`: where the sign goes.
    sign: Option<Place>,
    sign_at: usize,
    minus: bool,
    plus: bool,
    bracket: bool,
    /// `V`, and digits after it, by whose power of ten the number is multiplied.
    multiplied: bool,
    shift: usize,
    /// `EEEE`
    exponent: bool,
    roman: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Nine,
    Zero,
    Point,
    Comma,
    Minus,
    Plus,
    Sign,
    Currency,
    Ordinal(&'static str),
    Roman { lower: bool },
    Text(char),
    Nothing,
}

fn refused(word: &str) -> Error {
    Error::FeatureNotSupported(format!("\"{word}\" is not supported in a number template"))
}

fn clash(message: &str) -> Error {
    Error::Syntax(message.to_owned())
}

impl Template {
    /// Errors: 42601 for marks that exclude each other, 0A000 for those we do not have.
    pub(super) fn parse(text: &str) -> Result<Template> {
        let mut template = Template::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let upper: String = rest.chars().take(4).collect::<String>().to_ascii_uppercase();
            if template.exponent {
                return Err(clash("\"EEEE\" must be the last pattern used"));
            }
            let (node, length) = match upper.as_str() {
                "EEEE" => {
                    template.scientific()?;
                    (Node::Nothing, 4)
                }
                word if word.starts_with("FM") => {
                    template.fill = true;
                    (Node::Nothing, 2)
                }
                word if word.starts_with("MI") => (Node::Minus, 2),
                word if word.starts_with("PL") => (Node::Plus, 2),
                word if word.starts_with("PR") => {
                    template.bracket = true;
                    (Node::Nothing, 2)
                }
                word if word.starts_with("RN") => {
                    template.roman = true;
                    (Node::Roman { lower: rest.starts_with("rn") }, 2)
                }
                word if word.starts_with("SG") => (Node::Sign, 2),
                word if word.starts_with("SP") => return Err(refused("SP")),
                word if word.starts_with("TH") => {
                    (Node::Ordinal(if rest.starts_with("TH") { "TH" } else { "th" }), 2)
                }
                _ => (template.single(first)?, first.len_utf8()),
            };
            template.note(node)?;
            if first == '"' {
                rest = template.quoted(rest.get(1..).unwrap_or_default());
                continue;
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(template)
    }

    /// Whether it has an exponent.
    pub(super) fn is_scientific(&self) -> bool {
        self.exponent
    }

    fn single(&mut self, letter: char) -> Result<Node> {
        Ok(match letter {
            '9' => Node::Nine,
            '0' => Node::Zero,
            '.' | 'D' | 'd' => Node::Point,
            ',' | 'G' | 'g' => Node::Comma,
            'L' | 'l' => Node::Currency,
            'S' | 's' => {
                self.signed()?;
                Node::Nothing
            }
            'V' | 'v' => {
                if self.decimal {
                    return Err(clash("cannot use \"V\" and decimal point together"));
                }
                self.multiplied = true;
                Node::Nothing
            }
            'B' | 'b' | 'C' | 'c' => return Err(refused(&letter.to_string())),
            '"' => Node::Nothing,
            other => Node::Text(other),
        })
    }

    fn scientific(&mut self) -> Result<()> {
        let other = self.fill || self.sign.is_some() || self.bracket || self.minus || self.plus;
        if other || self.roman || self.multiplied {
            return Err(clash("\"EEEE\" is incompatible with other formats").detail(
                "\"EEEE\" may only be used together with digit and decimal point patterns.",
            ));
        }
        self.exponent = true;
        Ok(())
    }

    fn signed(&mut self) -> Result<()> {
        if self.sign.is_some() {
            return Err(clash("cannot use \"S\" twice"));
        }
        if self.plus || self.minus || self.bracket {
            return Err(clash("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
        }
        self.sign = Some(if self.decimal { Place::After } else { Place::Before });
        self.sign_at = self.pre;
        Ok(())
    }

    fn note(&mut self, node: Node) -> Result<()> {
        if self.bracket && matches!(node, Node::Nine | Node::Zero) {
            return Err(clash("\"9\" must be ahead of \"PR\""));
        }
        match node {
            Node::Nine if self.multiplied => self.shift += 1,
            Node::Nine => *self.digits() += 1,
            Node::Zero => {
                if !self.zero && !self.decimal {
                    (self.zero, self.zero_start) = (true, self.pre);
                }
                *self.digits() += 1;
                self.zero_end = self.pre + self.post;
            }
            Node::Point if self.decimal => return Err(clash("multiple decimal points")),
            Node::Point if self.multiplied => {
                return Err(clash("cannot use \"V\" and decimal point together"));
            }
            Node::Point => self.decimal = true,
            Node::Minus => self.minus = true,
            Node::Plus => self.plus = true,
            Node::Sign => (self.minus, self.plus) = (true, true),
            _ => {}
        }
        if self.sign.is_some() && (self.minus || self.plus || self.bracket) {
            return Err(clash("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
        }
        self.nodes.push(node);
        Ok(())
    }

    fn digits(&mut self) -> &mut usize {
        if self.decimal { &mut self.post } else { &mut self.pre }
    }

    fn quoted<'a>(&mut self, text: &'a str) -> &'a str {
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                '"' => break,
                '\\' => letters.next().unwrap_or('\\'),
                other => other,
            };
            self.nodes.push(Node::Text(letter));
        }
        letters.as_str()
    }

    /// `number` (plain digits, perhaps a sign and a point) by the template. `digits_max` is how many digits a floating
    /// point number of its type has, all others being exact.
    pub(super) fn written(&self, number: &str, digits_max: Option<usize>) -> String {
        let (negative, digits) = match number.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, number),
        };
        if self.roman {
            return self.in_roman(number, digits_max);
        }
        let finite = digits.starts_with(|first: char| first.is_ascii_digit());
        if self.exponent {
            return self.with_exponent(negative, digits, digits_max);
        }
        if 0 < self.shift {
            let wide = Template { pre: self.pre + self.shift, shift: 0, ..self.clone() };
            return wide.written(&shifted(number, self.shift, digits_max), digits_max);
        }
        let whole = digits.split('.').next().unwrap_or(digits).len();
        let rounded = match digits_max.filter(|_| finite).zip(digits.parse::<f64>().ok()) {
            // As C's printf has it, halves of the binary fraction to even.
            Some((max, value)) => format!("{value:.*}", self.post.min(max.saturating_sub(whole))),
            None if !finite => digits.to_owned(),
            None => rounded(digits, self.post),
        };
        let whole = rounded.split('.').next().unwrap_or(&rounded).len();
        let (digits, spaces) = if self.pre < whole {
            let mut hashes = "#".repeat(self.pre);
            hashes.push('.');
            hashes.push_str(&"#".repeat(self.post));
            (hashes, 0)
        } else {
            (rounded, self.pre - whole)
        };
        Writer::new(self, negative, &digits, spaces).run()
    }

    /// The template's texts and the number in Roman digits; nothing else of a template counts beside `RN`.
    fn in_roman(&self, number: &str, digits_max: Option<usize>) -> String {
        let whole = match digits_max.and(number.parse::<f64>().ok()) {
            Some(value) => value.round_ties_even().to_string(),
            None if number.starts_with('-') => number.to_owned(),
            None => rounded(number, 0),
        };
        let roman = spell::roman(&whole);
        let mut text = String::new();
        for node in &self.nodes {
            match *node {
                Node::Roman { lower } => {
                    let roman = if lower { roman.to_lowercase() } else { roman.clone() };
                    let width = if self.fill { 0 } else { spell::ROMAN_LEN };
                    text.push_str(&format!("{roman:>width$}"));
                }
                Node::Text(letter) => text.push(letter),
                _ => {}
            }
        }
        text
    }

    fn with_exponent(&self, negative: bool, digits: &str, digits_max: Option<usize>) -> String {
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            // Room for the sign and the exponent, and the point where it would be.
            let mut hashes: Vec<char> = vec!['#'; self.pre + self.post + 6];
            for (place, letter) in [(0, ' '), (self.pre + 1, '.')] {
                if let Some(hash) = hashes.get_mut(place) {
                    *hash = letter;
                }
            }
            return hashes.into_iter().collect();
        }
        let text = match digits_max.and(digits.parse::<f64>().ok()) {
            Some(value) => {
                let text = format!("{value:.*e}", self.post);
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                spell::shown(mantissa, exponent.parse().unwrap_or(0))
            }
            None => spell::exponential(digits, self.post, rounded),
        };
        format!("{}{text}", if negative { '-' } else { ' ' })
    }
}

/// A number times a power of ten.
fn shifted(number: &str, places: usize, digits_max: Option<usize>) -> String {
    if digits_max.is_some() {
        let power = i32::try_from(places).map_or(f64::INFINITY, |places| 10_f64.powi(places));
        return number
            .parse::<f64>()
            .map_or_else(|_| number.to_owned(), |v| (v * power).to_string());
    }
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
    let rest = fraction.get(places..).unwrap_or_default();
    let whole = [whole, &moved].concat();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{rest}")
}

/// `digits` with `places` after the point, halves away from zero.
pub(super) fn rounded(digits: &str, places: usize) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes().take(places)).collect();
    kept.resize(whole.len() + places, b'0');
    let mut length = whole.len();
    if fraction.as_bytes().get(places).is_some_and(|digit| b'5' <= *digit) {
        let mut carry = true;
        for digit in kept.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                carry = false;
                break;
            }
        }
        if carry {
            kept.insert(0, b'1');
            length += 1;
        }
    }
    let mut text: String = kept.iter().take(length).map(|digit| char::from(*digit)).collect();
    if 0 < places {
        text.push('.');
        text.extend(kept.iter().skip(length).map(|digit| char::from(*digit)));
    }
    text
}

/// One number on its way through a template; names as in `NUMProc`.
struct Writer<'a> {
    template: &'a Template,
    negative: bool,
    bracket: bool,
    sign: Option<Place>,
    sign_written: bool,
    digits: Vec<char>,
    next: usize,
    spaces: usize,
    current: usize,
    count: usize,
    last_relevant: Option<usize>,
    inside: bool,
    text: String,
}

impl<'a> Writer<'a> {
    fn new(template: &'a Template, negative: bool, digits: &str, spaces: usize) -> Writer<'a> {
        let digits: Vec<char> = digits.chars().collect();
        let mut bracket = template.bracket;
        let mut sign = template.sign;
        let sign_written = if template.plus || template.minus {
            !template.plus || template.minus
        } else {
            if !negative && bracket && template.fill {
                bracket = false;
            }
            if sign == Some(Place::Before) && template.pre == template.sign_at {
                sign = Some(Place::After);
            }
            !negative && template.fill && template.sign.is_none()
        };
        let mut last_relevant = None;
        if template.fill && template.decimal {
            last_relevant = digits.iter().position(|digit| *digit == '.').map(|point| {
                let last = digits.iter().rposition(|digit| *digit != '0').unwrap_or(point);
                last.max(point)
            });
            if let Some(last) = &mut last_relevant
                && spaces < template.zero_end
            {
                *last = (*last).max((digits.len() - 1).min(template.zero_end - spaces));
            }
        }
        let mut count = (template.post + template.pre).saturating_sub(1);
        if !sign_written && spaces == 0 {
            count += 1;
        }
        Writer {
            template,
            negative,
            bracket,
            sign,
            sign_written,
            digits,
            next: 0,
            spaces,
            current: 0,
            count,
            last_relevant,
            inside: false,
            text: String::new(),
        }
    }

    fn run(mut self) -> String {
        for node in &self.template.nodes {
            match *node {
                Node::Nine | Node::Zero | Node::Point => self.part(*node),
                Node::Comma if self.inside => self.text.push(','),
                Node::Comma | Node::Currency => self.blank(),
                Node::Minus if self.negative => self.text.push('-'),
                Node::Plus if !self.negative => self.text.push('+'),
                Node::Minus | Node::Plus => self.blank(),
                Node::Sign => self.text.push(self.sign_letter()),
                Node::Ordinal(mark) => self.ordinal(mark),
                Node::Text(letter) => self.text.push(letter),
                Node::Nothing | Node::Roman { .. } => {}
            }
        }
        self.text
    }

    fn blank(&mut self) {
        if !self.template.fill {
            self.text.push(' ');
        }
    }

    fn sign_letter(&self) -> char {
        if self.negative { '-' } else { '+' }
    }

    fn ordinal(&mut self, mark: &str) {
        if self.digits.first() == Some(&'#') || self.negative || self.template.decimal {
            return;
        }
        let digits: String = self.digits.iter().collect();
        self.text.push_str(super::template::ordinal(&digits, mark));
    }

    /// `0.1` by `9.9` has a blank for its zero (`IS_PREDEC_SPACE`).
    fn without_zero(&self) -> bool {
        !self.template.zero
            && self.next == 0
            && self.digits.first() == Some(&'0')
            && self.template.post != 0
    }

    fn ends_at_point(&self) -> bool {
        self.last_relevant.is_some_and(|last| self.digits.get(last) == Some(&'.'))
    }

    /// `NUM_numpart_to_char`
    fn part(&mut self, node: Node) {
        let template = self.template;
        self.inside = false;
        if !self.sign_written
            && (self.spaces <= self.current || template.zero && template.zero_start == self.current)
            && (!self.without_zero() || self.ends_at_point())
        {
            self.write_sign();
        }
        if self.current < self.spaces && (!template.zero || self.current < template.zero_start) {
            self.blank();
        } else if template.zero && self.current < self.spaces && template.zero_start <= self.current
        {
            self.text.push('0');
            self.inside = true;
        } else {
            self.write_digit(node);
        }
        let mut end = self.count + usize::from(self.spaces != 0) + usize::from(template.decimal);
        if self.last_relevant == Some(self.next) {
            end = self.current;
        }
        if self.current + 1 == end {
            if self.sign_written && self.bracket {
                self.text.push(if self.negative { '>' } else { ' ' });
            } else if self.sign == Some(Place::After) {
                self.text.push(self.sign_letter());
            }
        }
        self.current += 1;
    }

    fn write_sign(&mut self) {
        if self.sign.is_some() {
            if self.sign == Some(Place::Before) {
                self.text.push(self.sign_letter());
                self.sign_written = true;
            }
        } else if self.bracket {
            self.text.push(if self.negative { '<' } else { ' ' });
            self.sign_written = true;
        } else {
            if self.negative {
                self.text.push('-');
            } else {
                self.blank();
            }
            self.sign_written = true;
        }
    }

    fn write_digit(&mut self, node: Node) {
        let digit = self.digits.get(self.next).copied();
        if digit == Some('.') {
            if !self.ends_at_point() || self.template.fill {
                self.text.push('.');
            }
        } else if self.last_relevant.is_some_and(|last| last < self.next) && node != Node::Zero {
            // What is left are zeros that say nothing.
        } else if self.without_zero() {
            if !self.template.fill {
                self.text.push(' ');
            } else if self.ends_at_point() {
                self.text.push('0');
            }
        } else if let Some(digit) = digit {
            self.text.push(digit);
            self.inside = true;
        }
        if digit.is_some() {
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Template, rounded};

    fn check(number: &str, template: &str, want: &str) {
        let template = Template::parse(template).expect("a template");
        assert_eq!(template.written(number, None), want, "{number}");
    }

    // From the table of examples in the PostgreSQL manual, section 9.8, and its server.
    #[test]
    fn numbers_by_templates() {
        check("-0.1", "99.99", "  -.10");
        check("-0.1", "FM9.99", "-.1");
        check("0.1", "0.9", " 0.1");
        check("0.1", ".99", " .##");
        check("12", "9990999.9", "    0012.0");
        check("12", "FM9990999.9", "0012.");
        check("485", "999", " 485");
        check("-485", "999", "-485");
        check("485", "9 9 9", " 4 8 5");
        check("1485", "9,999", " 1,485");
        check("1485", "9G999", " 1,485");
        check("148.5", "999.999", " 148.500");
        check("148.5", "FM999.999", "148.5");
        check("148.5", "FM999.990", "148.500");
        check("-485", "999S", "485-");
        check("-485", "999MI", "485-");
        check("485", "999MI", "485 ");
        check("485", "FM999MI", "485");
        check("485", "PL999", "+ 485");
        check("485", "SG999", "+485");
        check("-485", "SG999", "-485");
        check("-485", "9SG99", "4-85");
        check("-485", "999PR", "<485>");
        check("485", "L999", "  485");
        check("482", "999th", " 482nd");
        check("485", "\"Good number:\"999", "Good number: 485");
        check("0", "FM9", "0");
        check("12.5", "S99.9", "+12.5");
        check("-12.5", "99.9S", "12.5-");
        check("1234", "999", " ###");
        check("12", "0000.00", " 0012.00");
        check("12", "99V9", " 120");
        check("12.4", "99V999", " 12400");
        check("12.45", "99V9", " 125");
        check("12", "V99", " ##");
        check("12345.678", "9.99EEEE", " 1.23e+04");
        check("-0.0005", "9.9EEEE", "-5.0e-04");
        check("12", "RN", "            XII");
        check("12.6", "FMrn", "xiii");
        check("-12", "FMRN", "###############");
        check("NaN", "9.99", " #.##");
        check("Infinity", "9.99EEEE", " #.######");
        assert!(Template::parse("9V9.9").is_err());
        assert!(Template::parse("9.9EEEE9").is_err());
        assert!(Template::parse("FM9.9EEEE").is_err());
        assert!(Template::parse("9.9.9").is_err());
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(rounded("9.995", 2), "10.00");
        assert_eq!(rounded("0.4", 0), "0");
        assert_eq!(rounded("12", 2), "12.00");
    }
}
