//! Regular expressions (PostgreSQL manual, section 9.7.3): the operators `~` and `~*`, and the functions of that section.
//!
//! Owns: patterns as PostgreSQL means them, which is not as other libraries do: of all matches at the first place the
//! longest is taken, or the shortest where the pattern says so. A pattern is read once for all rows that have it. What
//! takes too long is refused with 54001. Imports: error. Used by: pg::functions, pg::rewrite.

mod groups;
mod machine;
mod pattern;
mod syntax;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int32Builder, ListBuilder, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, plan_err};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};

use self::groups::Captures;
use self::pattern::{Pattern, Text};
use self::syntax::Options;
use crate::error::{Error, Result};
use crate::pg::functions::of_constants;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    KINDS.iter().map(|(_, kind, _)| function(*kind)).collect()
}

/// Whether `name` is one of them.
pub(super) fn is_one(name: &str) -> bool {
    KINDS.iter().any(|(own, ..)| *own == name)
}

/// The function `kind`.
pub(crate) fn function(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Regexes { kind, signature }))
}

/// What is done with a text and a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `~`
    Is,
    /// `~*`
    IsFolded,
    /// `regexp_like`
    Like,
    /// `regexp_count`
    Count,
    /// `regexp_instr`
    Place,
    /// `regexp_substr`
    Part,
    /// `substring(text from pattern)`
    Substring,
    /// `regexp_replace`
    Replace,
    /// `regexp_match`
    Match,
    /// `regexp_matches`, as a list.
    Matches,
    /// `regexp_split_to_array`
    Split,
    /// `regexp_split_to_table`, as a list.
    Rows,
}

/// What a function takes in each of its forms: what it needs, and what it may be given.
type Shapes = &'static [(&'static str, &'static str)];

/// Names, and what they take: `t` for a text, `n` for a whole number, those in the second part optional.
const KINDS: &[(&str, Kind, Shapes)] = &[
    ("forebay_regex", Kind::Is, &[("tt", "")]),
    ("forebay_regex_folded", Kind::IsFolded, &[("tt", "")]),
    ("regexp_like", Kind::Like, &[("tt", "t")]),
    ("regexp_count", Kind::Count, &[("tt", "nt")]),
    ("regexp_instr", Kind::Place, &[("tt", "nnntn")]),
    ("regexp_substr", Kind::Part, &[("tt", "nntn")]),
    ("forebay_regex_substring", Kind::Substring, &[("tt", "")]),
    ("regexp_replace", Kind::Replace, &[("ttt", "t"), ("tttn", "nt")]),
    ("regexp_match", Kind::Match, &[("tt", "t")]),
    ("forebay_regexp_matches", Kind::Matches, &[("tt", "t")]),
    ("regexp_split_to_array", Kind::Split, &[("tt", "t")]),
    ("forebay_regexp_split_to_table", Kind::Rows, &[("tt", "t")]),
];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Regexes {
    kind: Kind,
    signature: Signature,
}

fn texts() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

impl ScalarUDFImpl for Regexes {
    fn name(&self) -> &str {
        KINDS.iter().find(|(_, kind, _)| *kind == self.kind).map_or("regexp", |(name, ..)| name)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(match self.kind {
            Kind::Is | Kind::IsFolded | Kind::Like => DataType::Boolean,
            Kind::Count | Kind::Place => DataType::Int32,
            Kind::Part | Kind::Substring | Kind::Replace => DataType::Utf8,
            Kind::Match | Kind::Split | Kind::Rows => texts(),
            Kind::Matches => DataType::List(Arc::new(Field::new_list_field(texts(), true))),
        })
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let shapes = KINDS.iter().find(|(_, kind, _)| *kind == self.kind).map_or(&[][..], |k| k.2);
        for (needed, optional) in shapes {
            let fits = (needed.len()..=needed.len() + optional.len()).contains(&arg_types.len());
            let letters = needed.chars().chain(optional.chars());
            let coerced = letters.zip(arg_types).map(|(letter, found)| {
                let text = found.is_string() || found.is_null();
                match letter {
                    't' => text.then_some(DataType::Utf8),
                    // A text is no start: it is the options of the other form.
                    _ => (found.is_integer() || found.is_null()).then_some(DataType::Int64),
                }
            });
            if let (true, Some(coerced)) = (fits, coerced.collect::<Option<Vec<DataType>>>()) {
                return Ok(coerced);
            }
        }
        let name =
            |kind: &DataType| crate::pg::types::sql_name(crate::pg::types::of_data_type(kind).oid);
        let names: Vec<String> = arg_types.iter().map(name).collect();
        plan_err!("function {}({}) does not exist", self.name(), names.join(", "))
    }

    /// A pattern that finds a plain text is one of LIKE, which files are pruned by.
    fn simplify(&self, args: Vec<Expr>, _ctx: &SimplifyContext) -> DfResult<ExprSimplifyResult> {
        let (Kind::Is, [text, Expr::Literal(ScalarValue::Utf8(Some(pattern)), _)]) =
            (self.kind, args.as_slice())
        else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let Some((at_start, plain, at_end)) = pattern::plain(pattern) else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        if at_start && at_end {
            return Ok(ExprSimplifyResult::Simplified(text.clone().eq(lit(plain))));
        }
        let mut like = if at_start { String::new() } else { "%".to_owned() };
        for c in plain.chars() {
            if matches!(c, '%' | '_' | '\\') {
                like.push('\\');
            }
            like.push(c);
        }
        like.push_str(if at_end { "" } else { "%" });
        let (expr, pattern) = (Box::new(text.clone()), Box::new(lit(like)));
        Ok(ExprSimplifyResult::Simplified(Expr::Like(Like::new(false, expr, pattern, None, false))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result = self
            .result(&arrays, length)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// A pattern of `like_regex` in a path.
#[derive(Debug)]
pub(super) struct Matcher(Pattern);

impl Matcher {
    /// Errors: 42601 for a flag there is not; as patterns have them.
    pub(super) fn of_path(pattern: &str, flags: &str) -> Result<Matcher> {
        let mut options = Options { lines_apart: true, ..Options::default() };
        for flag in flags.chars() {
            match flag {
                'i' => options.folded = true,
                's' => options.lines_apart = false,
                'm' => options.line_ends = true,
                'q' => options.literal = true,
                'x' => {
                    let message = "XQuery \"x\" flag (expanded regular expressions) is not \
                                   implemented";
                    return Err(Error::FeatureNotSupported(message.to_owned()));
                }
                other => {
                    let message = "invalid input syntax for type jsonpath".to_owned();
                    return Err(Error::Syntax(message).detail(format!(
                        "Unrecognized flag character \"{other}\" in LIKE_REGEX predicate."
                    )));
                }
            }
        }
        Pattern::compile(pattern, options).map(Matcher)
    }

    /// Errors: 54001 when it takes too long.
    pub(super) fn is_match(&self, text: &str) -> Result<bool> {
        self.0.is_match(text)
    }
}

/// The arguments of one row, behind the text.
struct Row<'a> {
    pattern: &'a str,
    replacement: &'a str,
    options: &'a str,
    start: Option<i64>,
    /// The number of the match, `endoption`, and the number of the group.
    nth: Option<i64>,
    after: Option<i64>,
    group: Option<i64>,
}

impl Regexes {
    fn row<'a>(&self, arrays: &'a [ArrayRef], row: usize) -> Row<'a> {
        let text = |index: usize| match arrays.get(index) {
            Some(array) if array.data_type().is_string() => array.as_string::<i32>().value(row),
            _ => "",
        };
        let number = |index: usize| match arrays.get(index) {
            Some(array) if array.data_type().is_integer() => {
                Some(array.as_primitive::<Int64Type>().value(row))
            }
            _ => None,
        };
        let plain = Row {
            pattern: text(1),
            replacement: "",
            options: text(2),
            start: None,
            nth: None,
            after: None,
            group: None,
        };
        match self.kind {
            Kind::Count => Row { start: number(2), options: text(3), ..plain },
            Kind::Place => Row {
                start: number(2),
                nth: number(3),
                after: number(4),
                options: text(5),
                group: number(6),
                ..plain
            },
            Kind::Part => Row {
                start: number(2),
                nth: number(3),
                options: text(4),
                group: number(5),
                ..plain
            },
            Kind::Replace if number(3).is_some() => Row {
                replacement: text(2),
                start: number(3),
                nth: number(4),
                options: text(5),
                ..plain
            },
            Kind::Replace => Row { replacement: text(2), options: text(3), ..plain },
            _ => plain,
        }
    }

    fn options(&self, letters: &str) -> Result<Options> {
        let mut options = Options { folded: self.kind == Kind::IsFolded, ..Options::default() };
        for letter in letters.chars() {
            if !options.take(letter)? {
                return Err(Error::InvalidParameterValue(format!(
                    "invalid regular expression option: \"{letter}\""
                )));
            }
        }
        if options.global && !matches!(self.kind, Kind::Replace | Kind::Matches) {
            let name = self.name().trim_start_matches("forebay_");
            let error = Error::InvalidParameterValue(format!(
                "{name}() does not support the \"global\" option"
            ));
            return Err(match self.kind {
                Kind::Match => error.hint("Use the regexp_matches function instead."),
                _ => error,
            });
        }
        Ok(options)
    }

    fn result(&self, arrays: &[ArrayRef], length: usize) -> Result<ArrayRef> {
        let mut output = Output::new(self.kind);
        let mut known: Option<(&str, &str, Options, Pattern)> = None;
        let subjects = arrays[0].as_string::<i32>();
        for index in 0..length {
            if arrays.iter().any(|array| array.is_null(index)) {
                output.null();
                continue;
            }
            let row = self.row(arrays, index);
            row.check()?;
            let (options, pattern) = match &known {
                Some((pattern, letters, options, compiled))
                    if *pattern == row.pattern && *letters == row.options =>
                {
                    (options, compiled)
                }
                _ => {
                    let options = self.options(row.options)?;
                    let compiled = Pattern::compile(row.pattern, options)?;
                    let new = known.insert((row.pattern, row.options, options, compiled));
                    (&new.2, &new.3)
                }
            };
            output.put(pattern, *options, subjects.value(index), &row)?;
        }
        Ok(output.finish())
    }
}

impl Row<'_> {
    /// Errors: 22023 for numbers out of range.
    fn check(&self) -> Result<()> {
        let wrong = |name: &str, value: i64| {
            Error::InvalidParameterValue(format!("invalid value for parameter \"{name}\": {value}"))
        };
        let least = if self.after.is_some() || self.replacement.is_empty() { 1 } else { 0 };
        match (self.start, self.nth, self.after, self.group) {
            (Some(start), ..) if start < 1 => Err(wrong("start", start)),
            (_, Some(nth), ..) if nth < least => Err(wrong("n", nth)),
            (_, _, Some(after), _) if !(0..=1).contains(&after) => Err(wrong("endoption", after)),
            (_, _, _, Some(group)) if group < 0 => Err(wrong("subexpr", group)),
            _ => Ok(()),
        }
    }

    /// The place to search from.
    fn from(&self) -> usize {
        self.start.and_then(|start| usize::try_from(start - 1).ok()).unwrap_or(0)
    }
}

/// The values of a result.
enum Output {
    Truths(BooleanBuilder),
    Numbers(Kind, Int32Builder),
    Texts(Kind, StringBuilder),
    Lists(Kind, ListBuilder<StringBuilder>),
    ListsOfLists(ListBuilder<ListBuilder<StringBuilder>>),
}

impl Output {
    fn new(kind: Kind) -> Output {
        match kind {
            Kind::Is | Kind::IsFolded | Kind::Like => Output::Truths(BooleanBuilder::new()),
            Kind::Count | Kind::Place => Output::Numbers(kind, Int32Builder::new()),
            Kind::Part | Kind::Substring | Kind::Replace => {
                Output::Texts(kind, StringBuilder::new())
            }
            Kind::Match | Kind::Split | Kind::Rows => {
                Output::Lists(kind, ListBuilder::new(StringBuilder::new()))
            }
            Kind::Matches => {
                let inner = ListBuilder::new(StringBuilder::new());
                Output::ListsOfLists(ListBuilder::new(inner))
            }
        }
    }

    fn null(&mut self) {
        match self {
            Output::Truths(values) => values.append_null(),
            Output::Numbers(_, values) => values.append_null(),
            Output::Texts(_, values) => values.append_null(),
            Output::Lists(_, values) => values.append_null(),
            Output::ListsOfLists(values) => values.append_null(),
        }
    }

    fn put(
        &mut self,
        pattern: &Pattern,
        options: Options,
        text: &str,
        row: &Row<'_>,
    ) -> Result<()> {
        if let Output::Truths(values) = self {
            values.append_value(pattern.is_match(text)?);
            return Ok(());
        }
        let text = Text::new(text);
        match self {
            Output::Truths(_) => {}
            Output::Numbers(Kind::Count, values) => {
                let count = every(pattern, &text, row.from(), |_| true)?.len();
                values.append_value(i32::try_from(count).unwrap_or(i32::MAX));
            }
            Output::Numbers(_, values) => {
                let place = nth(pattern, &text, row)?
                    .map_or(0, |(start, end)| 1 + if row.after == Some(1) { end } else { start });
                values.append_value(i32::try_from(place).unwrap_or(i32::MAX));
            }
            Output::Texts(Kind::Part, values) => {
                values.append_option(nth(pattern, &text, row)?.map(|part| text.part(part)));
            }
            Output::Texts(Kind::Substring, values) => {
                let found = pattern.find(&text, 0)?;
                let part = found.and_then(|captures| {
                    captures.get(usize::from(0 < pattern.groups)).copied().flatten()
                });
                values.append_option(part.map(|part| text.part(part)));
            }
            Output::Texts(_, values) => {
                values.append_value(replaced(pattern, options, &text, row)?);
            }
            Output::Lists(Kind::Match, values) => match pattern.find(&text, 0)? {
                Some(captures) => {
                    append_groups(values.values(), &text, &captures);
                    values.append(true);
                }
                None => values.append_null(),
            },
            Output::Lists(_, values) => {
                // Where nothing is matched nothing is cut, but between two characters.
                let length = text.len();
                let mut end = 0;
                for (from, to) in
                    every(pattern, &text, 0, |((from, to), before)| from < length && before < to)?
                {
                    values.values().append_value(text.part((end, from)));
                    end = to;
                }
                values.values().append_value(text.part((end, length)));
                values.append(true);
            }
            Output::ListsOfLists(values) => {
                let mut from = 0;
                while let Some(captures) = pattern.find(&text, from)? {
                    append_groups(values.values().values(), &text, &captures);
                    values.values().append(true);
                    let (start, end) = whole(&captures);
                    from = end + usize::from(start == end);
                    if !options.global || text.len() < from {
                        break;
                    }
                }
                values.append(true);
            }
        }
        Ok(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Output::Truths(mut values) => Arc::new(values.finish()),
            Output::Numbers(_, mut values) => Arc::new(values.finish()),
            Output::Texts(_, mut values) => Arc::new(values.finish()),
            Output::Lists(_, mut values) => Arc::new(values.finish()),
            Output::ListsOfLists(mut values) => Arc::new(values.finish()),
        }
    }
}

fn whole(captures: &Captures) -> (usize, usize) {
    captures.first().copied().flatten().unwrap_or_default()
}

/// What the groups have matched, or the whole where there are none.
fn append_groups(values: &mut StringBuilder, text: &Text<'_>, captures: &Captures) {
    let groups = captures.get(1..).filter(|groups| !groups.is_empty()).unwrap_or(captures);
    for group in groups {
        values.append_option(group.map(|part| text.part(part)));
    }
}

/// All matches that `wanted` takes, each with the end of the one before (`setup_regexp_matches`).
fn every(
    pattern: &Pattern,
    text: &Text<'_>,
    from: usize,
    wanted: impl Fn(((usize, usize), usize)) -> bool,
) -> Result<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    let (mut from, mut before) = (from, 0);
    while from <= text.len() {
        let Some(captures) = pattern.find(text, from)? else { break };
        let (start, end) = whole(&captures);
        if wanted(((start, end), before)) {
            found.push((start, end));
        }
        before = end;
        from = end + usize::from(start == end);
    }
    Ok(found)
}

/// The group of the match that a row asks for.
fn nth(pattern: &Pattern, text: &Text<'_>, row: &Row<'_>) -> Result<Option<(usize, usize)>> {
    let mut left = row.nth.unwrap_or(1);
    let mut from = row.from();
    while from <= text.len() {
        let Some(captures) = pattern.find(text, from)? else { break };
        left -= 1;
        if left == 0 {
            let group = usize::try_from(row.group.unwrap_or(0)).unwrap_or(usize::MAX);
            return Ok(captures.get(group).copied().flatten());
        }
        let (start, end) = whole(&captures);
        from = end + usize::from(start == end);
    }
    Ok(None)
}

/// `replace_text_regexp`
fn replaced(pattern: &Pattern, options: Options, text: &Text<'_>, row: &Row<'_>) -> Result<String> {
    // 0 is all of them.
    let wanted = row.nth.unwrap_or(i64::from(!options.global));
    let mut result = String::new();
    let (mut from, mut copied, mut count) = (row.from(), 0, 0_i64);
    while from <= text.len() {
        let Some(captures) = pattern.find(text, from)? else { break };
        let (start, end) = whole(&captures);
        count += 1;
        from = end + usize::from(start == end);
        if count < wanted {
            continue;
        }
        result.push_str(text.part((copied, start)));
        insert(row.replacement, text, &captures, &mut result);
        copied = end;
        if wanted != 0 {
            break;
        }
    }
    result.push_str(text.part((copied, text.len())));
    Ok(result)
}

/// Writes the replacement: `\1` to `\9` and `\&` are what was matched (`appendStringInfoRegexpSubstr`).
fn insert(replacement: &str, text: &Text<'_>, captures: &Captures, out: &mut String) {
    let mut letters = replacement.chars().peekable();
    while let Some(c) = letters.next() {
        let group = match (c, letters.peek()) {
            ('\\', Some('&')) => 0,
            ('\\', Some(digit @ '1'..='9')) => {
                usize::try_from(digit.to_digit(10).unwrap_or(0)).unwrap_or(0)
            }
            ('\\', Some('\\')) => {
                letters.next();
                out.push('\\');
                continue;
            }
            _ => {
                out.push(c);
                continue;
            }
        };
        letters.next();
        if let Some(part) = captures.get(group).copied().flatten() {
            out.push_str(text.part(part));
        }
    }
}
