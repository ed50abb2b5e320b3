//! Types that the text of a statement tells before it is planned (PostgreSQL manual, 10.3): `$1::date` is a date, `LIMIT
//! $1` a bigint, the `$1` and the `'2'` of `left(name, $1)` and `left(name, '2')` are integers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType as SqlType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause,
    ObjectName, Query, TableFactor, TypedString, UnaryOperator, Value, Visit, Visitor, WindowFrame,
    WindowFrameBound, WindowSpec, WindowType,
};

use super::candidates::{self, Argument};
use super::syntax::{cast_as, cast_to, function_name, null, text_literal};
use super::{signatures, told};
use crate::error::{Error, Place, Result};
use crate::pg::types;

/// See [`super::written_parameters`].
pub(super) fn parameters(query: &Query) -> BTreeMap<usize, u32> {
    let mut told = Told::default();
    // The visitor never breaks.
    let _done = query.visit(&mut told);
    told.0
}

/// See [`super::call_parameters`].
pub(super) fn of_call(function: &str, args: &[Expr]) -> BTreeMap<usize, u32> {
    let mut told = Told::default();
    told.arguments(function, &args.iter().collect::<Vec<_>>());
    told.0
}

/// Literals of an expression that has a place of one type for them, as values of it: the planner would take them for
/// texts.
/// Errors: 42725 for a call that several functions may be meant by; 0A000 for a parameter in the frame of a window.
pub(super) fn literals(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Function(function) => {
            if let FunctionArguments::List(list) = &mut function.args
                && function.within_group.is_empty()
            {
                arguments(&function.name, &mut list.args)?;
            }
            if let Some(WindowType::WindowSpec(WindowSpec { window_frame: Some(frame), .. })) =
                &function.over
            {
                constant(frame)?;
            }
        }
        Expr::Extract { expr, .. } if text_literal(expr).is_some() => {
            let unknown = types::sql_name(types::UNKNOWN);
            return Err(Error::ambiguous_function(
                "pg_catalog.extract",
                &[unknown.clone(), unknown],
            )
            .near(Place::Call("extract".to_owned())));
        }
        Expr::AtTimeZone { timestamp, .. } => read(timestamp, types::TIMESTAMPTZ),
        Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => read(expr, types::FLOAT8),
        Expr::Substring { expr, substring_from, substring_for, shorthand: true, .. } => {
            let places = [substring_from, substring_for].into_iter().flatten();
            let args = std::iter::once(expr).chain(places).map(Box::as_mut);
            read_all("substr", args.collect())?;
        }
        Expr::Overlay { overlay_from, overlay_for, .. } => {
            read(overlay_from, types::INT4);
            overlay_for.iter_mut().for_each(|length| read(length, types::INT4));
        }
        _ => {}
    }
    Ok(())
}

/// The planner makes values of the bounds of a frame before those of parameters are known.
fn constant(frame: &WindowFrame) -> Result<()> {
    for bound in std::iter::once(&frame.start_bound).chain(&frame.end_bound) {
        if let WindowFrameBound::Preceding(Some(count)) | WindowFrameBound::Following(Some(count)) =
            bound
            && number(count).is_some()
        {
            let message = "a parameter in the frame of a window is not supported";
            return Err(Error::FeatureNotSupported(message.to_owned()));
        }
    }
    Ok(())
}

/// The same for a call in FROM.
pub(super) fn table_literals(factor: &mut TableFactor) -> Result<()> {
    match factor {
        TableFactor::Table { name, args: Some(args), .. } => arguments(name, &mut args.args),
        TableFactor::Function { name, args, .. } => arguments(name, args),
        _ => Ok(()),
    }
}

fn arguments(name: &ObjectName, args: &mut [FunctionArg]) -> Result<()> {
    let plain = args.iter_mut().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    match (function_name(name), plain.collect::<Option<Vec<&mut Expr>>>()) {
        // Called with one value the name of a type is a cast.
        (Some(own), Some(plain)) if plain.len() != 1 || types::by_internal_name(&own).is_none() => {
            read_all(&own, plain).map_err(|error| match place(name) {
                Some(place) => error.near(place),
                None => error,
            })
        }
        _ => Ok(()),
    }
}

fn place(name: &ObjectName) -> Option<Place> {
    let start = name.0.first()?.as_ident()?.span.start;
    (0 < start.line).then_some(Place::At(start.line, start.column))
}

/// See [`super::call_literals`].
pub(super) fn read_all(function: &str, plain: Vec<&mut Expr>) -> Result<()> {
    if !plain.iter().any(|expr| text_literal(expr).is_some()) {
        return Ok(());
    }
    // A parameter may have a type that the client told.
    let known: Vec<Argument> = plain
        .iter()
        .map(|expr| if number(expr).is_some() { Argument::Hidden } else { argument(expr) })
        .collect();
    if candidates::is_ambiguous(function, &known) {
        let name = |own: &Argument| types::sql_name(own.known().unwrap_or(types::UNKNOWN));
        let names: Vec<String> = known.iter().map(name).collect();
        return Err(Error::ambiguous_function(function, &names));
    }
    for (expr, kind) in plain.into_iter().zip(candidates::arguments(function, &known)) {
        if let Some(kind) = kind {
            read(expr, kind);
        }
    }
    Ok(())
}

/// See [`super::assigned`].
pub(super) fn assigned(expr: &mut Expr, source: u32, target: u32) -> bool {
    let null_literal = matches!(expr, Expr::Value(value) if value.value == Value::Null);
    if source == target || null_literal || text_literal(expr).is_some() {
        return true;
    }
    let own = std::mem::replace(expr, null());
    let name = types::name_of(target).filter(|_| signatures::assignable(source, target));
    match name {
        Some(name) => *expr = cast_to(Box::new(own), name),
        None => *expr = own,
    }
    name.is_some()
}

/// See [`super::given`].
pub(super) fn given(expr: &mut Expr, sql_type: &SqlType) -> bool {
    let null_literal = matches!(expr, Expr::Value(value) if value.value == Value::Null);
    let open = null_literal || text_literal(expr).is_some() || number(expr).is_some();
    if open {
        cast(expr, sql_type);
    }
    open
}

/// See [`super::cast`].
pub(super) fn cast(expr: &mut Expr, sql_type: &SqlType) {
    let own = std::mem::replace(expr, null());
    *expr = cast_as(Box::new(own), sql_type.clone());
}

/// A literal as one of the type `kind`, where literals of that type, or of its elements, are not read later.
fn read(expr: &mut Expr, kind: u32) {
    const READ: &[u32] = &[
        types::BOOL,
        types::INT2,
        types::INT4,
        types::INT8,
        types::FLOAT4,
        types::FLOAT8,
        types::NUMERIC,
        types::DATE,
        types::TIMESTAMP,
        types::TIMESTAMPTZ,
        types::INTERVAL,
    ];
    let read = READ.contains(&types::element_of(kind).unwrap_or(kind));
    if let Some(name) = types::name_of(kind).filter(|_| read)
        && text_literal(expr).is_some()
    {
        let text = std::mem::replace(expr, null());
        *expr = cast_to(Box::new(text), name);
    }
}

/// The types by the numbers of the parameters. The first place that tells one counts.
#[derive(Default)]
struct Told(BTreeMap<usize, u32>);

impl Told {
    fn note(&mut self, expr: &Expr, kind: u32) {
        if let Some(number) = number(expr) {
            self.0.entry(number).or_insert(kind);
        }
    }

    fn call(&mut self, name: &ObjectName, args: &[FunctionArg]) {
        let plain = args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        });
        if let Some(name) = function_name(name)
            && let Some(plain) = plain.collect::<Option<Vec<&Expr>>>()
        {
            self.arguments(&name, &plain);
        }
    }

    fn arguments(&mut self, name: &str, args: &[&Expr]) {
        if !args.iter().any(|expr| number(expr).is_some()) {
            return;
        }
        let known: Vec<Argument> = args.iter().map(|expr| argument(expr)).collect();
        for (expr, kind) in args.iter().zip(candidates::arguments(name, &known)) {
            if let Some(kind) = kind {
                self.note(expr, kind);
            }
        }
    }
}

impl Visitor for Told {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            let counts = limit.iter().chain(offset.iter().map(|offset| &offset.value));
            counts.for_each(|count| self.note(count, types::INT8));
        }
        let fetched = query.fetch.iter().filter_map(|fetch| fetch.quantity.as_ref());
        fetched.for_each(|count| self.note(count, types::INT8));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(args), .. } => self.call(name, &args.args),
            TableFactor::Function { name, args, .. } => self.call(name, args),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { expr, data_type, .. } => {
                if let Some(kind) = types::by_name(&data_type.to_string().to_lowercase()) {
                    self.note(expr, kind);
                }
            }
            Expr::Function(function) => {
                if let FunctionArguments::List(list) = &function.args
                    && function.within_group.is_empty()
                {
                    self.call(&function.name, &list.args);
                }
                function.filter.iter().for_each(|filter| self.note(filter, types::BOOL));
            }
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => self.note(expr, types::FLOAT8),
            Expr::Substring { expr, substring_from, substring_for, shorthand, .. } => {
                let places = [substring_from, substring_for].into_iter().flatten();
                let args: Vec<&Expr> = [expr].into_iter().chain(places).map(Box::as_ref).collect();
                self.arguments(if *shorthand { "substr" } else { "substring" }, &args);
            }
            Expr::Overlay { overlay_from, overlay_for, .. } => {
                let places = [overlay_from].into_iter().chain(overlay_for);
                places.for_each(|place| self.note(place, types::INT4));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The number of a parameter.
fn number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name.trim_start_matches('$').parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) => number(inner),
        _ => None,
    }
}

/// What the text alone tells of an argument.
fn argument(expr: &Expr) -> Argument {
    let named = |data_type: &dyn std::fmt::Display| {
        let found = types::by_name(&data_type.to_string().to_lowercase());
        found.map_or(Argument::Hidden, Argument::Known)
    };
    match expr {
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
            argument(inner)
        }
        Expr::Array(list) => {
            let elements = list.elem.iter().map(argument).filter(|own| *own != Argument::Untyped);
            let common =
                elements.map(Argument::known).reduce(|one, other| told::both(one?, other?));
            let array = common.flatten().and_then(types::array_of);
            array.map_or(Argument::Hidden, Argument::Known)
        }
        Expr::Cast { data_type, .. } | Expr::TypedString(TypedString { data_type, .. }) => {
            named(data_type)
        }
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) if digits.parse::<i32>().is_ok() => {
                Argument::Known(types::INT4)
            }
            Value::Number(digits, _) if digits.parse::<i64>().is_ok() => {
                Argument::Known(types::INT8)
            }
            Value::Number(..) => Argument::Known(types::NUMERIC),
            Value::Boolean(_) => Argument::Known(types::BOOL),
            Value::Placeholder(_)
            | Value::Null
            | Value::SingleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::DollarQuotedString(_) => Argument::Untyped,
            _ => Argument::Hidden,
        },
        _ => Argument::Hidden,
    }
}
