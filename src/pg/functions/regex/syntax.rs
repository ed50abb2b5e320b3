//! PostgreSQL's advanced regular expressions (manual, section 9.7.3) as trees (`regc_lex.c` and `regcomp.c`).

use crate::error::{Error, Result};

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Matches nothing but the empty text.
    Empty,
    /// One character.
    One(Set),
    /// A place.
    At(Place),
    /// What must follow or precede.
    Look { ahead: bool, negated: bool, inner: Box<Node> },
    /// What a group matched, again.
    Back(usize),
    /// A group, which captures when it has a number.
    Group { number: Option<usize>, inner: Box<Node> },
    /// One after another.
    All(Vec<Node>),
    /// One of several.
    Any(Vec<Node>),
    /// Some times over; `max` of `None` is without end.
    Repeat { inner: Box<Node>, min: usize, max: Option<usize>, prefer: Option<Prefer> },
}

/// Which of several matches at one place is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// The longest.
    Longer,
    /// The shortest.
    Shorter,
}

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Of the text, or of a line.
    Start { line: bool },
    /// Of the text, or of a line.
    End { line: bool },
    /// `\m`
    WordStart,
    /// `\M`
    WordEnd,
    /// `\y`
    WordEdge,
    /// `\Y`
    NoWordEdge,
}

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) members: Vec<Member>,
    pub(super) negated: bool,
    /// Whether letters match in both cases.
    pub(super) folded: bool,
    /// Whether a line's end is in the set at all.
    pub(super) newline: bool,
}

/// Some of the characters of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// From one to the other.
    Range(char, char),
    /// Those of a class, or all others.
    Class(Class, bool),
}

/// A class of characters (`[:alpha:]`, `\d`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Alnum,
    Alpha,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
    Word,
}

const CLASSES: &[(&str, Class)] = &[
    ("alnum", Class::Alnum),
    ("alpha", Class::Alpha),
    ("blank", Class::Blank),
    ("cntrl", Class::Cntrl),
    ("digit", Class::Digit),
    ("graph", Class::Graph),
    ("lower", Class::Lower),
    ("print", Class::Print),
    ("punct", Class::Punct),
    ("space", Class::Space),
    ("upper", Class::Upper),
    ("xdigit", Class::Xdigit),
    ("word", Class::Word),
];

impl Class {
    pub(super) fn has(self, c: char) -> bool {
        // White space that does not break lines is none for C.
        let space = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}');
        match self {
            Class::Alnum => c.is_alphanumeric(),
            Class::Alpha => c.is_alphabetic(),
            Class::Blank => c == '\t' || (space(c) && !c.is_control()),
            Class::Cntrl => c.is_control(),
            Class::Digit => c.is_ascii_digit(),
            Class::Graph => !c.is_control() && !space(c),
            Class::Lower => c.is_lowercase(),
            Class::Print => !c.is_control(),
            Class::Punct => !c.is_control() && !space(c) && !c.is_alphanumeric(),
            Class::Space => space(c),
            Class::Upper => c.is_uppercase(),
            Class::Xdigit => c.is_ascii_hexdigit(),
            Class::Word => c.is_alphanumeric() || c == '_',
        }
    }
}

/// The other case of a letter that has one.
fn cased(c: char) -> [char; 2] {
    let single = |mut mapped: Box<dyn Iterator<Item = char>>| match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    };
    [single(Box::new(c.to_lowercase())), single(Box::new(c.to_uppercase()))]
}

impl Set {
    fn of(members: Vec<Member>, options: Options) -> Set {
        let mut all = Vec::with_capacity(members.len());
        let mut folded = false;
        for member in members {
            match member {
                Member::Range(first, last) if first == last && options.folded => {
                    for c in [first].into_iter().chain(cased(first)) {
                        if !all.contains(&Member::Range(c, c)) {
                            all.push(Member::Range(c, c));
                        }
                    }
                }
                other => {
                    folded |= options.folded;
                    all.push(other);
                }
            }
        }
        Set { members: all, negated: false, folded, newline: true }
    }

    pub(super) fn has(&self, c: char) -> bool {
        if c == '\n' && !self.newline {
            return false;
        }
        let member = |c: char| {
            self.members.iter().any(|member| match member {
                Member::Range(first, last) => (*first..=*last).contains(&c),
                Member::Class(class, negated) => class.has(c) != *negated,
            })
        };
        let found = member(c) || (self.folded && cased(c).into_iter().any(member));
        found != self.negated
    }

    /// The one character of the set, when it is one.
    pub(super) fn single(&self) -> Option<char> {
        match self.members.as_slice() {
            [Member::Range(first, last)] if first == last && !self.negated => Some(*first),
            _ => None,
        }
    }
}

/// What a pattern is read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Options {
    /// `i`: letters match in both cases.
    pub(super) folded: bool,
    /// `n`, `p`: `.` and `[^…]` do not match a line's end.
    pub(super) lines_apart: bool,
    /// `n`, `w`: `^` and `$` match at every line.
    pub(super) line_ends: bool,
    /// `x`: white space and comments mean nothing.
    pub(super) expanded: bool,
    /// `q`: the pattern is a plain text.
    pub(super) literal: bool,
    /// `g`: all matches. No option of a pattern.
    pub(super) global: bool,
}

impl Options {
    /// Takes one letter of the options of a function (`parse_re_flags`); `false` for one there is not.
    /// Errors: 0A000 for the older kinds of regular expressions.
    pub(super) fn take(&mut self, letter: char) -> Result<bool> {
        match letter {
            'g' => self.global = true,
            'b' | 'e' => {
                return Err(Error::FeatureNotSupported(format!(
                    "regular expression option \"{letter}\" is not supported"
                )));
            }
            'c' => self.folded = false,
            'i' => self.folded = true,
            'm' | 'n' => (self.lines_apart, self.line_ends) = (true, true),
            'p' => (self.lines_apart, self.line_ends) = (true, false),
            'q' => self.literal = true,
            's' => (self.lines_apart, self.line_ends) = (false, false),
            't' => self.expanded = false,
            'w' => (self.lines_apart, self.line_ends) = (false, true),
            'x' => self.expanded = true,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Groups and repetitions inside one another, which every later step walks down.
const DEPTH_MAX: usize = 250;
/// PostgreSQL's `DUPMAX`.
const REPEAT_MAX: usize = 255;

fn invalid(message: &str) -> Error {
    Error::InvalidRegularExpression(message.to_owned())
}

/// Reads a pattern; also tells how many groups capture.
/// Errors: 2201B, as `regerrport.h` words it; 0A000 for the older kinds of regular expressions.
pub(super) fn parse(pattern: &str, options: Options) -> Result<(Node, usize)> {
    let mut options = options;
    let mut rest = pattern;
    if let Some(after) = pattern.strip_prefix("***") {
        if let Some(after) = after.strip_prefix('=') {
            (rest, options.literal) = (after, true);
        } else if let Some(after) = after.strip_prefix(':') {
            rest = after;
        } else {
            return Err(invalid("quantifier operand invalid"));
        }
    }
    if !options.literal
        && let Some(after) = rest.strip_prefix("(?")
        && after.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        let (letters, after) =
            after.split_once(')').ok_or_else(|| invalid("invalid embedded option"))?;
        for letter in letters.chars() {
            if letter == 'g' || !options.take(letter)? {
                return Err(invalid("invalid embedded option"));
            }
        }
        rest = after;
    }
    if options.literal {
        let one = |c| Node::One(Set::of(vec![Member::Range(c, c)], options));
        return Ok((Node::All(rest.chars().map(one).collect()), 0));
    }
    let text: Vec<char> = rest.chars().collect();
    let mut parser =
        Parser { text: &text, at: 0, options, groups: 0, closed: Vec::new(), looking: false };
    let node = parser.any(0)?;
    match parser.peek() {
        None => Ok((node, parser.groups)),
        Some(_) => Err(invalid("parentheses () not balanced")),
    }
}

struct Parser<'a> {
    text: &'a [char],
    at: usize,
    options: Options,
    /// Capturing groups that have begun.
    groups: usize,
    /// Those that have ended.
    closed: Vec<usize>,
    /// Inside a lookaround, where nothing captures.
    looking: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn accept(&mut self, text: &str) -> bool {
        let here = text.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c));
        self.at += if here { text.chars().count() } else { 0 };
        here
    }

    /// White space and comments of the expanded syntax, and comments in parentheses.
    fn skip(&mut self) {
        loop {
            if self.options.expanded && self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            } else if self.options.expanded && self.peek() == Some('#') {
                while self.next().is_some_and(|c| c != '\n') {}
            } else if self.accept("(?#") {
                while self.next().is_some_and(|c| c != ')') {}
            } else {
                return;
            }
        }
    }

    fn any(&mut self, depth: usize) -> Result<Node> {
        if DEPTH_MAX < depth {
            return Err(invalid("regular expression is too complex"));
        }
        let mut branches = vec![self.all(depth)?];
        while self.accept("|") {
            branches.push(self.all(depth)?);
        }
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Node::Empty),
            _ => Node::Any(branches),
        })
    }

    fn all(&mut self, depth: usize) -> Result<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                None | Some('|' | ')') => break,
                Some(_) => nodes.push(self.quantified(depth)?),
            }
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::All(nodes),
        })
    }

    fn quantified(&mut self, depth: usize) -> Result<Node> {
        let atom = self.atom(depth)?;
        self.skip();
        let Some((min, max, exact)) = self.quantifier()? else { return Ok(atom) };
        if matches!(atom, Node::At(_) | Node::Look { .. }) {
            return Err(invalid("quantifier operand invalid"));
        }
        let shorter = self.accept("?");
        self.skip();
        if matches!(self.peek(), Some('*' | '+' | '?')) || self.bounded() {
            return Err(invalid("quantifier operand invalid"));
        }
        let prefer = match (exact, shorter) {
            (true, _) => None,
            (false, true) => Some(Prefer::Shorter),
            (false, false) => Some(Prefer::Longer),
        };
        Ok(Node::Repeat { inner: Box::new(atom), min, max, prefer })
    }

    /// Whether a bound is here: a brace before anything but a digit stands for itself.
    fn bounded(&self) -> bool {
        self.peek() == Some('{') && self.text.get(self.at + 1).is_some_and(char::is_ascii_digit)
    }

    /// The bounds of a quantifier, and whether it is `{m}`, which prefers nothing.
    fn quantifier(&mut self) -> Result<Option<(usize, Option<usize>, bool)>> {
        let found = match self.peek() {
            Some('*') => (0, None, false),
            Some('+') => (1, None, false),
            Some('?') => (0, Some(1), false),
            Some('{') if self.bounded() => {
                self.at += 1;
                let min = self.number()?;
                let (max, exact) = match self.accept(",") {
                    false => (Some(min), true),
                    true if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                        (Some(self.number()?), false)
                    }
                    true => (None, false),
                };
                if self.peek().is_none() {
                    return Err(invalid("braces {} not balanced"));
                }
                if self.peek() != Some('}') || max.is_some_and(|max| max < min) {
                    return Err(invalid("invalid repetition count(s)"));
                }
                (min, max, exact)
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(found))
    }

    fn number(&mut self) -> Result<usize> {
        let mut value = 0_usize;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            value = value * 10 + usize::try_from(digit).unwrap_or(0);
            self.at += 1;
            if REPEAT_MAX < value {
                return Err(invalid("invalid repetition count(s)"));
            }
        }
        Ok(value)
    }

    fn one(&self, c: char) -> Node {
        Node::One(Set::of(vec![Member::Range(c, c)], self.options))
    }

    fn atom(&mut self, depth: usize) -> Result<Node> {
        let options = self.options;
        Ok(match self.next() {
            Some('(') => return self.group(depth),
            Some('[') => return self.bracket(),
            Some('^') => Node::At(Place::Start { line: options.line_ends }),
            Some('$') => Node::At(Place::End { line: options.line_ends }),
            Some('.') => {
                let set = Set::of(Vec::new(), options);
                Node::One(Set { negated: true, newline: !options.lines_apart, ..set })
            }
            Some('\\') => return self.escape(),
            Some('*' | '+' | '?') => return Err(invalid("quantifier operand invalid")),
            Some('{') if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                return Err(invalid("quantifier operand invalid"));
            }
            Some(c) => self.one(c),
            None => Node::Empty,
        })
    }

    fn group(&mut self, depth: usize) -> Result<Node> {
        let unbalanced = || invalid("parentheses () not balanced");
        let looks =
            [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)];
        for (mark, ahead, negated) in looks {
            if self.accept(mark) {
                let before = std::mem::replace(&mut self.looking, true);
                let inner = Box::new(self.any(depth + 1)?);
                self.looking = before;
                return match self.accept(")") {
                    true => Ok(Node::Look { ahead, negated, inner }),
                    false => Err(unbalanced()),
                };
            }
        }
        let capturing = !self.accept("?:") && !self.looking;
        if self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        }
        let number = capturing.then(|| {
            self.groups += 1;
            self.groups
        });
        let inner = Box::new(self.any(depth + 1)?);
        if !self.accept(")") {
            return Err(unbalanced());
        }
        self.closed.extend(number);
        Ok(Node::Group { number, inner })
    }

    fn escape(&mut self) -> Result<Node> {
        let bad = || invalid("invalid escape \\ sequence");
        let c = self.next().ok_or_else(bad)?;
        let place = match c {
            'A' => Some(Place::Start { line: false }),
            'Z' => Some(Place::End { line: false }),
            'm' => Some(Place::WordStart),
            'M' => Some(Place::WordEnd),
            'y' => Some(Place::WordEdge),
            'Y' => Some(Place::NoWordEdge),
            _ => None,
        };
        if let Some(place) = place {
            return Ok(Node::At(place));
        }
        if let Some(member) = class_escape(c) {
            let mut set = Set::of(vec![member], self.options);
            set.newline = !(self.options.lines_apart && c.is_ascii_uppercase());
            return Ok(Node::One(set));
        }
        if let Some(digit @ 1..) = c.to_digit(10) {
            let mut number = usize::try_from(digit).unwrap_or(0);
            let begin = self.at;
            while let Some(more) = self.peek().and_then(|c| c.to_digit(10)) {
                number =
                    number.saturating_mul(10).saturating_add(usize::try_from(more).unwrap_or(0));
                self.at += 1;
            }
            // Of several digits it is a reference when there is such a group, and else a character.
            if self.at == begin || self.closed.contains(&number) {
                if self.looking || !self.closed.contains(&number) {
                    return Err(invalid("invalid backreference number"));
                }
                return Ok(Node::Back(number));
            }
            self.at = begin - 1;
            let c = self.octal(bad)?;
            return Ok(self.one(c));
        }
        let c = self.character(c)?;
        Ok(self.one(c))
    }

    fn octal(&mut self, bad: impl Fn() -> Error) -> Result<char> {
        let mut value = 0;
        let mut digits = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8)).filter(|_| digits < 3) {
            value = value * 8 + digit;
            digits += 1;
            self.at += 1;
        }
        if digits == 0 {
            return Err(bad());
        }
        char::from_u32(value).ok_or_else(bad)
    }

    fn hex(&mut self, min: usize, max: usize) -> Result<char> {
        let bad = || invalid("invalid escape \\ sequence");
        let mut value = 0_u32;
        let mut digits = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(16)).filter(|_| digits < max) {
            value = value.checked_mul(16).ok_or_else(bad)? | digit;
            digits += 1;
            self.at += 1;
        }
        if digits < min {
            return Err(bad());
        }
        char::from_u32(value).ok_or_else(bad)
    }

    /// The character that an escape stands for.
    fn character(&mut self, c: char) -> Result<char> {
        let bad = || invalid("invalid escape \\ sequence");
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'c' => {
                let control = self.next().ok_or_else(bad)?;
                char::from_u32(u32::from(control) & 0x1f).ok_or_else(bad)?
            }
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => self.hex(4, 4)?,
            'U' => self.hex(8, 8)?,
            'x' => self.hex(1, 8)?,
            '0'..='7' => {
                self.at -= 1;
                self.octal(bad)?
            }
            other if other.is_ascii_alphanumeric() => return Err(bad()),
            other => other,
        })
    }

    fn bracket(&mut self) -> Result<Node> {
        let unbalanced = || invalid("brackets [] not balanced");
        if self.accept("[:<:]]") || self.accept("[:>:]]") {
            let start = self.text.get(self.at - 4) == Some(&'<');
            return Ok(Node::At(if start { Place::WordStart } else { Place::WordEnd }));
        }
        let negated = self.accept("^");
        let mut members = Vec::new();
        let mut first = true;
        loop {
            let c = self.peek().ok_or_else(unbalanced)?;
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            let Some(low) = self.member(&mut members)? else { continue };
            let ranged = self.peek() == Some('-')
                && self.text.get(self.at + 1).is_some_and(|after| *after != ']');
            if !ranged {
                members.push(Member::Range(low, low));
                continue;
            }
            self.at += 1;
            let high = self.member(&mut Vec::new())?;
            let range = |message| invalid(message);
            let high = high.ok_or_else(|| range("invalid character range"))?;
            if high < low {
                return Err(range("invalid character range"));
            }
            members.push(Member::Range(low, high));
        }
        let newline = !(negated && self.options.lines_apart);
        Ok(Node::One(Set { negated, newline, ..Set::of(members, self.options) }))
    }

    /// One member of a bracket: a character that may begin a range, or a class, which goes to `members`.
    fn member(&mut self, members: &mut Vec<Member>) -> Result<Option<char>> {
        let unbalanced = || invalid("brackets [] not balanced");
        for (open, close) in [("[:", ":]"), ("[.", ".]"), ("[=", "=]")] {
            if !self.accept(open) {
                continue;
            }
            let mut name = String::new();
            while !self.accept(close) {
                name.push(self.next().ok_or_else(unbalanced)?);
            }
            if open == "[:" {
                let class = CLASSES.iter().find(|(known, _)| *known == name);
                let (_, class) = class.ok_or_else(|| invalid("invalid character class"))?;
                // Without its case a letter is any.
                let class = match class {
                    Class::Lower | Class::Upper if self.options.folded => Class::Alpha,
                    other => *other,
                };
                members.push(Member::Class(class, false));
                return Ok(None);
            }
            let mut letters = name.chars();
            return match (letters.next(), letters.next()) {
                (Some(one), None) => Ok(Some(one)),
                _ => Err(invalid("invalid collating element")),
            };
        }
        match self.next().ok_or_else(unbalanced)? {
            '\\' => {
                let c = self.next().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
                match class_escape(c) {
                    Some(member) => {
                        members.push(member);
                        Ok(None)
                    }
                    None => self.character(c).map(Some),
                }
            }
            c => Ok(Some(c)),
        }
    }
}

fn class_escape(c: char) -> Option<Member> {
    let class = match c.to_ascii_lowercase() {
        'd' => Class::Digit,
        's' => Class::Space,
        'w' => Class::Word,
        _ => return None,
    };
    Some(Member::Class(class, c.is_ascii_uppercase()))
}
