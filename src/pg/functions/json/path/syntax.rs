//! Paths as trees (`jsonpath_gram.y`).

use crate::error::{Error, Result};
use crate::pg::decode::json;
use crate::pg::functions::regex::Matcher;

/// A path.
#[derive(Debug)]
pub(super) struct Path {
    /// Whether structural errors are passed over.
    pub(super) lax: bool,
    pub(super) root: Node,
}

/// A part of a path: values, or a truth.
#[derive(Debug)]
pub(super) enum Node {
    Value(Value),
    Truth(Truth),
}

/// What gives values.
#[derive(Debug)]
pub(super) enum Value {
    /// `$`
    Root,
    /// `@`
    Current,
    /// `last`, the number of an array's last item.
    Last,
    Variable(String),
    /// The canonical text of a value.
    Literal(String),
    Steps(Box<Value>, Vec<Step>),
    /// `-x`
    Negative(Box<Value>),
    /// A truth in brackets with steps behind it.
    Truth(Box<Truth>),
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    Member(String),
    AnyMember,
    /// `.**{min to max}`; `max` of `None` is without end.
    Descend {
        min: usize,
        max: Option<usize>,
    },
    AnyItem,
    /// Items by their numbers, or from one number to another.
    Items(Vec<(Value, Option<Value>)>),
    Filter(Truth),
    Method(Method),
}

/// `.method()`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Type,
    Size,
    Double,
    Abs,
    Floor,
    Ceiling,
}

/// What is true, false or unknown.
#[derive(Debug)]
pub(super) enum Truth {
    Compare(&'static str, Value, Value),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
    Not(Box<Truth>),
    Unknown(Box<Truth>),
    Exists(Value),
    StartsWith(Value, Value),
    Like(Value, Matcher),
}

/// Brackets inside one another, which evaluation walks down.
const DEPTH_MAX: usize = 40;

const METHODS: &[(&str, Method)] = &[
    ("type", Method::Type),
    ("size", Method::Size),
    ("double", Method::Double),
    ("abs", Method::Abs),
    ("floor", Method::Floor),
    ("ceiling", Method::Ceiling),
];

/// Longer ones before those they begin with.
const OPERATORS: &[(&str, &str)] =
    &[("==", "=="), ("!=", "<>"), ("<>", "<>"), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")];

/// Reads a path.
/// Errors: 42601 for a text that is none; 0A000 for arithmetic and methods we do not have.
pub(super) fn parse(text: &str) -> Result<Path> {
    let mut parser = Parser { text, rest: text, depth: 0 };
    let strict = parser.word("strict");
    if !strict {
        parser.word("lax");
    }
    let root = parser.or()?;
    if !parser.peek().is_empty() {
        return Err(parser.wrong());
    }
    Ok(Path { lax: !strict, root })
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

fn refused(what: &str) -> Error {
    Error::FeatureNotSupported(format!("{what} in a jsonpath is not supported"))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Parser<'_> {
    fn wrong(&self) -> Error {
        let rest = self.rest.trim_start();
        let word: String = match rest.chars().next() {
            None => {
                let text = self.text;
                let message = match text.is_empty() {
                    true => format!("invalid input syntax for type jsonpath: \"{text}\""),
                    false => "syntax error at end of jsonpath input".to_owned(),
                };
                return match text.is_empty() {
                    true => Error::MalformedText(message),
                    false => Error::Syntax(message),
                };
            }
            Some(c) if is_name(c) => rest.chars().take_while(|c| is_name(*c)).collect(),
            Some(c) => c.to_string(),
        };
        Error::Syntax(format!("syntax error at or near \"{word}\" of jsonpath input"))
    }

    fn peek(&mut self) -> &str {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        self.rest
    }

    fn take(&mut self, mark: &str) -> bool {
        self.peek();
        match self.rest.strip_prefix(mark) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, mark: &str) -> Result<()> {
        if self.take(mark) { Ok(()) } else { Err(self.wrong()) }
    }

    /// Takes a whole word.
    fn word(&mut self, word: &str) -> bool {
        self.peek();
        match self.rest.strip_prefix(word) {
            Some(after) if !after.starts_with(is_name) => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }

    fn or(&mut self) -> Result<Node> {
        self.depth += 1;
        if DEPTH_MAX < self.depth {
            return Err(Error::StatementTooComplex("jsonpath is nested too deep".to_owned()));
        }
        let mut left = self.and()?;
        while self.take("||") {
            let right = self.and()?;
            left = Node::Truth(Truth::Or(self.truth(left)?, self.truth(right)?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Node> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            let right = self.comparison()?;
            left = Node::Truth(Truth::And(self.truth(left)?, self.truth(right)?));
        }
        Ok(left)
    }

    fn truth(&self, node: Node) -> Result<Box<Truth>> {
        match node {
            Node::Truth(truth) => Ok(Box::new(truth)),
            Node::Value(_) => Err(self.wrong()),
        }
    }

    fn value(&self, node: Node) -> Result<Value> {
        match node {
            Node::Value(value) => Ok(value),
            Node::Truth(_) => Err(self.wrong()),
        }
    }

    fn comparison(&mut self) -> Result<Node> {
        if !self.peek().starts_with("!=") && self.take("!") {
            let inner = self.primary()?;
            return Ok(Node::Truth(Truth::Not(self.truth(inner)?)));
        }
        let left = match self.operand()? {
            Node::Truth(truth) => {
                if self.word("is") {
                    return match self.word("unknown") {
                        true => Ok(Node::Truth(Truth::Unknown(Box::new(truth)))),
                        false => Err(self.wrong()),
                    };
                }
                return Ok(Node::Truth(truth));
            }
            Node::Value(value) => value,
        };
        for (mark, operator) in OPERATORS {
            if self.take(mark) {
                let right = self.operand()?;
                let right = self.value(right)?;
                return Ok(Node::Truth(Truth::Compare(operator, left, right)));
            }
        }
        if self.word("starts") {
            if !self.word("with") {
                return Err(self.wrong());
            }
            let start = self.operand()?;
            return Ok(Node::Truth(Truth::StartsWith(left, self.value(start)?)));
        }
        if self.word("like_regex") {
            let pattern = self.string()?;
            let flags = if self.word("flag") { self.string()? } else { String::new() };
            return Ok(Node::Truth(Truth::Like(left, Matcher::of_path(&pattern, &flags)?)));
        }
        Ok(Node::Value(left))
    }

    /// A value with a sign; no arithmetic follows it.
    fn operand(&mut self) -> Result<Node> {
        let node = if self.take("-") {
            let inner = self.primary()?;
            Node::Value(Value::Negative(Box::new(self.value(inner)?)))
        } else {
            self.take("+");
            self.primary()?
        };
        if self.peek().starts_with(['+', '-', '*', '/', '%']) {
            return Err(refused("arithmetic"));
        }
        Ok(node)
    }

    fn primary(&mut self) -> Result<Node> {
        if self.word("exists") {
            self.expect("(")?;
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(Node::Truth(Truth::Exists(self.value(inner)?)));
        }
        let base = if self.take("(") {
            let inner = self.or()?;
            self.expect(")")?;
            match inner {
                Node::Truth(truth) if self.peek().starts_with(['.', '[', '?']) => {
                    Value::Truth(Box::new(truth))
                }
                Node::Truth(truth) => return Ok(Node::Truth(truth)),
                Node::Value(value) => value,
            }
        } else {
            self.base()?
        };
        let steps = self.steps()?;
        Ok(Node::Value(match steps.is_empty() {
            true => base,
            false => Value::Steps(Box::new(base), steps),
        }))
    }

    fn base(&mut self) -> Result<Value> {
        for (word, text) in [("true", "true"), ("false", "false"), ("null", "null")] {
            if self.word(word) {
                return Ok(Value::Literal(text.to_owned()));
            }
        }
        if self.word("last") {
            return Ok(Value::Last);
        }
        let first = self.peek().chars().next();
        match first {
            Some('@') => {
                self.take("@");
                Ok(Value::Current)
            }
            Some('$') => {
                self.take("$");
                if self.rest.starts_with('"') {
                    return self.string().map(Value::Variable);
                }
                let name: String = self.rest.chars().take_while(|c| is_name(*c)).collect();
                self.take(&name);
                Ok(if name.is_empty() { Value::Root } else { Value::Variable(name) })
            }
            Some('"') => self.string().map(|text| Value::Literal(json::quoted(&text))),
            Some('0'..='9' | '.') => self.number(),
            _ => Err(self.wrong()),
        }
    }

    fn number(&mut self) -> Result<Value> {
        let rest = self.rest;
        let mut end = 0;
        let mut before = ' ';
        for (at, c) in rest.char_indices() {
            let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
            if !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || sign) {
                break;
            }
            (end, before) = (at + c.len_utf8(), c);
        }
        let (word, after) = rest.split_at(end);
        // A number may begin or end with the point here, unlike in JSON.
        let mut text = word.to_owned();
        if text.starts_with('.') {
            text.insert(0, '0');
        }
        if text.ends_with('.') {
            text.pop();
        }
        match json::check(&text).and_then(json::canonical) {
            Ok(text) => {
                self.rest = after;
                Ok(Value::Literal(text))
            }
            Err(_json) => Err(self.wrong()),
        }
    }

    /// A string in double quotes.
    fn string(&mut self) -> Result<String> {
        let rest = self.peek();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let quote = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            quote
        });
        let token = match (rest.starts_with('"'), end) {
            (true, Some((end, _))) => rest.get(..=end).unwrap_or_default().to_owned(),
            _ => return Err(self.wrong()),
        };
        let text = json::check(&token).and_then(json::string);
        let text = text.map_err(|_json| self.wrong())?;
        self.take(&token);
        Ok(text)
    }

    fn steps(&mut self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.take(".") {
                steps.push(self.member()?);
            } else if self.take("[") {
                steps.push(self.items()?);
            } else if self.take("?") {
                self.expect("(")?;
                let inner = self.or()?;
                self.expect(")")?;
                steps.push(Step::Filter(*self.truth(inner)?));
            } else {
                return Ok(steps);
            }
        }
    }

    fn member(&mut self) -> Result<Step> {
        if self.take("**") {
            if !self.take("{") {
                return Ok(Step::Descend { min: 0, max: None });
            }
            let min = self.level()?;
            let max = if self.word("to") { self.level()? } else { min };
            self.expect("}")?;
            return Ok(Step::Descend { min: min.unwrap_or(usize::MAX), max });
        }
        if self.take("*") {
            return Ok(Step::AnyMember);
        }
        if self.peek().starts_with('"') {
            return self.string().map(Step::Member);
        }
        let name: String = self.rest.chars().take_while(|c| is_name(*c) || *c == '$').collect();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.wrong());
        }
        self.take(&name);
        if !self.take("(") {
            return Ok(Step::Member(name));
        }
        let method = METHODS.iter().find(|(known, _)| *known == name);
        match method {
            Some((_, method)) => {
                self.expect(")")?;
                Ok(Step::Method(*method))
            }
            None if matches!(name.as_str(), "datetime" | "keyvalue") => {
                Err(refused(&format!(".{name}()")))
            }
            None => Err(self.wrong()),
        }
    }

    /// A level of `.**`; `None` is the last one.
    fn level(&mut self) -> Result<Option<usize>> {
        if self.word("last") {
            return Ok(None);
        }
        self.peek();
        let digits: String = self.rest.chars().take_while(char::is_ascii_digit).collect();
        let level = digits.parse().map_err(|_number| self.wrong())?;
        self.take(&digits);
        Ok(Some(level))
    }

    fn items(&mut self) -> Result<Step> {
        if self.take("*") {
            self.expect("]")?;
            return Ok(Step::AnyItem);
        }
        let mut items = Vec::new();
        loop {
            let from = self.operand()?;
            let from = self.value(from)?;
            let to = match self.word("to") {
                true => {
                    let to = self.operand()?;
                    Some(self.value(to)?)
                }
                false => None,
            };
            items.push((from, to));
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(Step::Items(items))
    }
}
