//! What a path leads to (`jsonpath_exec.c`).

use super::super::key::key;
use super::syntax::{Method, Node, Step, Truth, Value};
use crate::error::Error;
use crate::pg::decode::json::{self, Kind};

/// Why a path leads nowhere.
pub(super) enum Failure {
    /// One of SQL/JSON's own errors, which make a predicate unknown and which silent calls pass over.
    OfPath(Error),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Other(error)
    }
}

type Result<T> = std::result::Result<T, Failure>;

fn failed<T>(state: &'static str, message: impl Into<String>) -> Result<T> {
    Err(Failure::OfPath(Error::SqlJson(state, message.into())))
}

/// A path on its way through one value.
pub(super) struct Walk<'a> {
    lax: bool,
    target: &'a str,
    variables: &'a str,
}

/// What `@` and `last` stand for.
#[derive(Clone, Copy)]
struct Scope<'a> {
    current: &'a str,
    last: Option<usize>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(lax: bool, target: &'a str, variables: &'a str) -> Walk<'a> {
        Walk { lax, target, variables }
    }

    pub(super) fn root(&self, node: &Node) -> Result<Vec<String>> {
        let scope = Scope { current: self.target, last: None };
        match node {
            Node::Value(value) => self.values(value, scope),
            Node::Truth(truth) => Ok(vec![self.written(truth, scope)?]),
        }
    }

    fn written(&self, truth: &Truth, scope: Scope<'_>) -> Result<String> {
        let truth = self.truth(truth, scope)?;
        Ok(truth.map_or("null", |truth| if truth { "true" } else { "false" }).to_owned())
    }

    fn values(&self, value: &Value, scope: Scope<'_>) -> Result<Vec<String>> {
        Ok(match value {
            Value::Root => vec![self.target.to_owned()],
            Value::Current => vec![scope.current.to_owned()],
            Value::Last => match scope.last {
                Some(last) => vec![last.to_string()],
                None => {
                    let message = "LAST is allowed only in array subscripts".to_owned();
                    return Err(Error::Syntax(message).into());
                }
            },
            Value::Variable(name) => {
                let members = json::members(self.variables)?;
                match members.into_iter().find(|(own, _)| own == name) {
                    Some((_, value)) => vec![value.to_owned()],
                    None => {
                        let message = format!("could not find jsonpath variable \"{name}\"");
                        return Err(Error::UndefinedObject(message).into());
                    }
                }
            }
            Value::Literal(text) => vec![text.clone()],
            Value::Truth(truth) => vec![self.written(truth, scope)?],
            Value::Negative(inner) => {
                let mut found = Vec::new();
                for item in self.unwrapped(self.values(inner, scope)?) {
                    if json::kind(&item) != Kind::Number {
                        return failed(
                            "2203B",
                            "operand of unary jsonpath operator - is not a numeric value",
                        );
                    }
                    found.push(negated(&item));
                }
                found
            }
            Value::Steps(base, steps) => {
                let mut found = self.values(base, scope)?;
                for step in steps {
                    let mut next = Vec::new();
                    for item in &found {
                        self.step(step, item, scope, &mut next)?;
                    }
                    found = next;
                }
                found
            }
        })
    }

    /// In lax mode arrays stand for their items.
    fn unwrapped(&self, found: Vec<String>) -> Vec<String> {
        if !self.lax {
            return found;
        }
        let mut items = Vec::with_capacity(found.len());
        for item in found {
            match json::kind(&item) {
                Kind::Array => items.extend(json::items(&item).into_iter().map(str::to_owned)),
                _ => items.push(item),
            }
        }
        items
    }

    /// Where a step leads to from `item`, in lax mode from each item of an array.
    fn step(
        &self,
        step: &Step,
        item: &str,
        scope: Scope<'_>,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let spread = matches!(step, Step::Member(_) | Step::AnyMember | Step::Filter(_))
            || matches!(step, Step::Method(method) if !matches!(method, Method::Type | Method::Size));
        if self.lax && spread && json::kind(item) == Kind::Array {
            for inner in json::items(item) {
                self.taken(step, inner, scope, found)?;
            }
            return Ok(());
        }
        self.taken(step, item, scope, found)
    }

    fn taken(
        &self,
        step: &Step,
        item: &str,
        scope: Scope<'_>,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let kind = json::kind(item);
        match step {
            Step::Member(name) => self.member(name, item, found),
            Step::AnyMember => {
                if kind != Kind::Object {
                    return self.structural(
                        "2203C",
                        "jsonpath wildcard member accessor can only be applied to an object",
                    );
                }
                found.extend(json::members(item)?.into_iter().map(|(_, value)| value.to_owned()));
                Ok(())
            }
            Step::Descend { min, max } => descend(item, 0, *min, max.unwrap_or(usize::MAX), found),
            Step::AnyItem if kind == Kind::Array => {
                found.extend(json::items(item).into_iter().map(str::to_owned));
                Ok(())
            }
            Step::AnyItem if self.lax => {
                found.push(item.to_owned());
                Ok(())
            }
            Step::AnyItem => {
                failed("22039", "jsonpath wildcard array accessor can only be applied to an array")
            }
            Step::Items(numbers) => {
                let items = match kind {
                    Kind::Array => json::items(item),
                    _ if self.lax => vec![item],
                    _ => {
                        let message = "jsonpath array accessor can only be applied to an array";
                        return failed("22039", message);
                    }
                };
                self.items(numbers, &items, scope, found)
            }
            Step::Filter(truth) => {
                let inner = Scope { current: item, ..scope };
                if self.truth(truth, inner)? == Some(true) {
                    found.push(item.to_owned());
                }
                Ok(())
            }
            Step::Method(method) => {
                found.push(self.method(*method, item)?);
                Ok(())
            }
        }
    }

    /// An error that lax mode passes over.
    fn structural(&self, state: &'static str, message: impl Into<String>) -> Result<()> {
        if self.lax { Ok(()) } else { failed(state, message) }
    }

    fn member(&self, name: &str, item: &str, found: &mut Vec<String>) -> Result<()> {
        if json::kind(item) != Kind::Object {
            let message = "jsonpath member accessor can only be applied to an object";
            return self.structural("2203A", message);
        }
        match json::members(item)?.into_iter().find(|(own, _)| own == name) {
            Some((_, value)) => {
                found.push(value.to_owned());
                Ok(())
            }
            None => {
                let message = format!("JSON object does not contain key \"{name}\"");
                self.structural("2203A", message)
            }
        }
    }

    fn items(
        &self,
        numbers: &[(Value, Option<Value>)],
        items: &[&str],
        scope: Scope<'_>,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        // Of no items the last one is that before the first.
        let last = items.len().saturating_sub(1);
        for (from, to) in numbers {
            let from = self.number(from, Scope { last: Some(last), ..scope })?;
            let to = match to {
                Some(to) => self.number(to, Scope { last: Some(last), ..scope })?,
                None => from,
            };
            if !self.lax && (from < 0 || to < from || count <= to) {
                return failed("22033", "jsonpath array subscript is out of bounds");
            }
            for number in from.max(0)..=to.min(count - 1) {
                let item = usize::try_from(number).ok().and_then(|number| items.get(number));
                found.extend(item.map(|item| (*item).to_owned()));
            }
        }
        Ok(())
    }

    /// A subscript: its digits before the point.
    fn number(&self, value: &Value, scope: Scope<'_>) -> Result<i64> {
        match self.values(value, scope)?.as_slice() {
            [number] if json::kind(number) == Kind::Number => {
                let whole = number.split('.').next().unwrap_or_default();
                match whole.parse::<i32>() {
                    Ok(number) => Ok(i64::from(number)),
                    Err(_range) => {
                        failed("22033", "jsonpath array subscript is out of integer range")
                    }
                }
            }
            _ => failed("22033", "jsonpath array subscript is not a single numeric value"),
        }
    }

    fn method(&self, method: Method, item: &str) -> Result<String> {
        let kind = json::kind(item);
        match method {
            Method::Type => return Ok(json::quoted(kind.name())),
            Method::Size => {
                return match kind {
                    Kind::Array => Ok(json::items(item).len().to_string()),
                    _ if self.lax => Ok("1".to_owned()),
                    _ => failed(
                        "22039",
                        "jsonpath item method .size() can only be applied to an array",
                    ),
                };
            }
            _ => {}
        }
        let name = match method {
            Method::Double => "double",
            Method::Abs => "abs",
            Method::Floor => "floor",
            _ => "ceiling",
        };
        let text = match kind {
            Kind::Number => item.to_owned(),
            Kind::String if method == Method::Double => json::string(item)?,
            _ => {
                let what = if method == Method::Double { "string or numeric" } else { "numeric" };
                return failed(
                    "22036",
                    format!("jsonpath item method .{name}() can only be applied to a {what} value"),
                );
            }
        };
        Ok(match method {
            Method::Abs => text.trim_start_matches('-').to_owned(),
            Method::Floor => rounded(&text, true),
            Method::Ceiling => rounded(&text, false),
            _ => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => json::canonical(&number.to_string())?,
                _ if kind == Kind::String => {
                    return failed(
                        "22036",
                        "string argument of jsonpath item method .double() is not a valid \
                         representation of a double precision number",
                    );
                }
                _ => {
                    return failed(
                        "22036",
                        "numeric argument of jsonpath item method .double() is out of range for \
                         type double precision",
                    );
                }
            },
        })
    }

    /// `None` is unknown.
    fn truth(&self, truth: &Truth, scope: Scope<'_>) -> Result<Option<bool>> {
        Ok(match truth {
            Truth::And(left, right) => match self.truth(left, scope)? {
                Some(false) => Some(false),
                left => match self.truth(right, scope)? {
                    Some(false) => Some(false),
                    right => left.and(right),
                },
            },
            Truth::Or(left, right) => match self.truth(left, scope)? {
                Some(true) => Some(true),
                left => match self.truth(right, scope)? {
                    Some(true) => Some(true),
                    right => left.and(right),
                },
            },
            Truth::Not(inner) => self.truth(inner, scope)?.map(|truth| !truth),
            Truth::Unknown(inner) => Some(self.truth(inner, scope)?.is_none()),
            Truth::Exists(value) => match self.values(value, scope) {
                Ok(found) => Some(!found.is_empty()),
                Err(Failure::OfPath(_)) => None,
                Err(other) => return Err(other),
            },
            Truth::Compare(op, left, right) => {
                self.pairs(left, Some(right), scope, |left, right| compared(op, left, right))?
            }
            Truth::StartsWith(text, start) => {
                self.pairs(text, Some(start), scope, |text, start| {
                    let both = [text, start].map(|text| json::kind(text) == Kind::String);
                    match both {
                        [true, true] => {
                            Ok(Some(json::string(text)?.starts_with(&json::string(start)?)))
                        }
                        _ => Ok(None),
                    }
                })?
            }
            Truth::Like(text, pattern) => {
                self.pairs(text, None, scope, |text, _| match json::kind(text) {
                    Kind::String => pattern.is_match(&json::string(text)?).map(Some),
                    _ => Ok(None),
                })?
            }
        })
    }

    /// Whether any two of the values are as `holds` says; unknown when it cannot tell for some and no others are, and in
    /// strict mode when it cannot tell for any.
    fn pairs(
        &self,
        left: &Value,
        right: Option<&Value>,
        scope: Scope<'_>,
        holds: impl Fn(&str, &str) -> crate::error::Result<Option<bool>>,
    ) -> Result<Option<bool>> {
        let side = |value: &Value| match self.values(value, scope) {
            Ok(found) => Ok(Some(self.unwrapped(found))),
            Err(Failure::OfPath(_)) => Ok(None),
            Err(other) => Err(other),
        };
        let Some(left) = side(left)? else { return Ok(None) };
        let right = match right {
            Some(right) => side(right)?,
            None => Some(vec![String::new()]),
        };
        let Some(right) = right else { return Ok(None) };
        let (mut any, mut unknown) = (false, false);
        for left in &left {
            for right in &right {
                match holds(left, right)? {
                    Some(true) if self.lax => return Ok(Some(true)),
                    Some(true) => any = true,
                    Some(false) => {}
                    None if !self.lax => return Ok(None),
                    None => unknown = true,
                }
            }
        }
        Ok(if any { Some(true) } else { (!unknown).then_some(false) })
    }
}

/// All values inside `item` on levels `min` to `max`, itself on level 0.
fn descend(
    item: &str,
    level: usize,
    min: usize,
    max: usize,
    found: &mut Vec<String>,
) -> Result<()> {
    let inner: Vec<&str> = match json::kind(item) {
        Kind::Array => json::items(item),
        Kind::Object => json::members(item)?.into_iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    };
    // The last level is where there is nothing inside.
    let is_last = min == usize::MAX && inner.is_empty();
    if (min <= level && level <= max) || is_last {
        found.push(item.to_owned());
    }
    if level < max {
        for value in inner {
            descend(value, level + 1, min, max, found)?;
        }
    }
    Ok(())
}

/// `compareItems`
fn compared(op: &str, left: &str, right: &str) -> crate::error::Result<Option<bool>> {
    let (left_kind, right_kind) = (json::kind(left), json::kind(right));
    if left_kind != right_kind {
        // Null is comparable with anything, and equal to nothing else.
        return Ok(match (left_kind, right_kind) {
            (Kind::Null, _) | (_, Kind::Null) => Some(op == "<>"),
            _ => None,
        });
    }
    if matches!(left_kind, Kind::Array | Kind::Object) {
        return Ok(None);
    }
    let order = key(left)?.cmp(&key(right)?);
    Ok(Some(match op {
        "==" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn negated(number: &str) -> String {
    match number.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None if number.trim_matches(['0', '.']).is_empty() => number.to_owned(),
        None => format!("-{number}"),
    }
}

/// The whole number at or below, or at or above.
fn rounded(number: &str, down: bool) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = whole.starts_with('-');
    let exact = fraction.bytes().all(|byte| byte == b'0');
    if exact || negative != down {
        return if whole == "-0" { "0".to_owned() } else { whole.to_owned() };
    }
    // Away from zero: one more, digit by digit.
    let mut digits: Vec<u8> = whole.trim_start_matches('-').bytes().collect();
    let mut carry = true;
    for digit in digits.iter_mut().rev() {
        if carry {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
    }
    let digits: String = digits.into_iter().map(char::from).collect();
    format!("{}{}{digits}", if negative { "-" } else { "" }, if carry { "1" } else { "" })
}
