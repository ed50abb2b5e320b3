//! The statement before planning.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Array, ArrayElemTypeDef, BinaryOperator, CaseWhen, CastKind, DataType,
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, GroupByExpr, Ident, ObjectName, ObjectNamePart,
    OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SelectItem, SetExpr, Statement,
    Subscript, TableFactor, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::types::bare_name;
use super::whole_rows::Scopes;
use super::{
    alike, array, calls, cases, clauses, composites, from, joins, keyed, keys, literals, moments,
    outputs, patterns, records, rows, system_columns, terms, unknowns, unnesting, values, variadic,
    whole_rows, written,
};
use crate::error::{Error, Place, Result};
use crate::pg::catalog::data;
use crate::pg::facts::Facts;
use crate::pg::{decode, functions};

/// See [`super::statement`].
pub(super) fn statement(
    statement: &mut Statement,
    facts: &Facts,
    locate: &dyn Fn(Location) -> usize,
) -> Result<()> {
    if let Statement::Query(query) = statement {
        keys::rename(query);
        if matches!(query.body.as_ref(), SetExpr::SetOperation { .. }) {
            keys::set_apart(query);
        }
        unknowns::resolve_sides(query);
    }
    let mut rewriter = Rewriter {
        scopes: Vec::new(),
        ctes: Vec::new(),
        rows: Scopes::new(statement),
        facts,
        locate,
    };
    if let ControlFlow::Break(error) = statement.visit(&mut rewriter) {
        return Err(*error);
    }
    array::as_calls(statement);
    Ok(())
}

pub(super) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

struct Rewriter<'a> {
    facts: &'a Facts,
    /// The position in characters from 1 of a place in the text.
    locate: &'a dyn Fn(Location) -> usize,
    /// The tables in the FROM clauses around, innermost last, for their system columns.
    scopes: Vec<system_columns::Tables>,
    /// Each WITH around, innermost last.
    ctes: Vec<system_columns::Ctes>,
    rows: Scopes,
}

impl VisitorMut for Rewriter<'_> {
    type Break = Box<Error>;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        if let Err(error) = composites::spell_out(select) {
            return ControlFlow::Break(Box::new(error));
        }
        self.scopes.push(system_columns::Tables::of(&select.from, &self.ctes));
        self.rows.enter_select(select, self.facts);
        self.rows.name_outputs(select);
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            // Columns in parentheses are grouped by one by one.
            *keys = std::mem::take(keys).into_iter().flat_map(rows::ungrouped).collect();
        }
        match clauses::select(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let tables = self.scopes.pop();
        if let Err(error) = self.rows.spell_out_joins(select, self.facts) {
            return ControlFlow::Break(Box::new(error));
        }
        self.rows.unmark(select, self.facts);
        self.rows.leave_select();
        outputs::qualify(select);
        outputs::outer(select);
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                rows::as_value(expr);
            }
        }
        from::chained(select);
        if let Err(error) = joins::select(select) {
            return ControlFlow::Break(Box::new(error));
        }
        if let Some(tables) = tables {
            tables.place(select);
        }
        literals::select(select);
        unnesting::apart(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            keys::set_apart(&mut cte.query);
            unknowns::resolve(&mut cte.query);
        }
        self.ctes.push(system_columns::Ctes::of(query));
        keyed::determined(query, &self.ctes, self.facts);
        from::tables(&mut query.body);
        if let Err(error) = values::numbered(query) {
            return ControlFlow::Break(Box::new(error));
        }
        self.rows.enter_query(query, self.facts);
        let ordered = self.rows.ordered(query, self.facts);
        match ordered.and_then(|()| clauses::query(query)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        self.ctes.pop();
        if let Some(outer) = self.ctes.last_mut() {
            outer.leave_inner();
        }
        self.rows.leave_query();
        joins::order(query);
        literals::query(query);
        clauses::ordered_outputs(query);
        terms::tell_outputs(query);
        alike::tell_apart(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Derived { subquery, .. } = factor {
            keys::set_apart(subquery);
            unknowns::resolve(subquery);
        }
        let read = written::table_literals(factor);
        if let Err(error) = read.and_then(|()| records::table_factor(factor)) {
            return ControlFlow::Break(Box::new(error));
        }
        from::factor(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        clauses::truths(expr);
        if let Expr::Function(function) = expr
            && !function.within_group.is_empty()
        {
            of_hypothetical_set(function);
        }
        self.rows.name_columns(expr);
        if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            match root.as_mut() {
                Expr::Nested(_) | Expr::Function(_) => named_fields(access_chain),
                root => qualified(root, access_chain),
            }
        }
        let candidate = match expr {
            Expr::Subquery(_) => true,
            Expr::Function(function) => matches!(function.args, FunctionArguments::Subquery(_)),
            _ => false,
        };
        if let Expr::Subquery(query)
        | Expr::InSubquery { subquery: query, .. }
        | Expr::Function(Function { args: FunctionArguments::Subquery(query), .. }) = expr
        {
            keys::rename(query);
        }
        if candidate && let Some(meaning) = known(expr) {
            *expr = meaning;
        }
        if let Expr::Subquery(query)
        | Expr::InSubquery { subquery: query, .. }
        | Expr::Function(Function { args: FunctionArguments::Subquery(query), .. }) = expr
        {
            unknowns::resolve(query);
        }
        array::cast_elements(expr);
        match written::literals(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

impl Rewriter<'_> {
    fn expression(&self, expr: &mut Expr) -> Result<()> {
        if let Some(compared) = rows::compared_with_query(expr)
            .or_else(|| rows::null_test(expr))
            .or_else(|| rows::distinct(expr))
            .or_else(|| rows::ranged(expr))
        {
            *expr = compared;
            return Ok(());
        }
        match expr {
            Expr::Value(_) => {
                self.bits(expr)?;
                national(expr);
                literals::typed(expr);
            }
            Expr::BinaryOp { op, left, right } => {
                let custom = |op: &BinaryOperator| match op {
                    BinaryOperator::Custom(sign) => bytewise(sign),
                    _ => None,
                };
                if let Some(plain) = plain_operator(op)?.or_else(|| custom(op)) {
                    *op = plain;
                }
                if *op == BinaryOperator::StringConcat {
                    rows::as_value(left);
                    rows::as_value(right);
                    as_text(left);
                    as_text(right);
                }
                if let Some(overlapping) = moments::overlaps(left, op, right)? {
                    *expr = overlapping;
                    return Ok(());
                }
                rows::matched(left, op, right)?;
                if let Some(compared) = rows::compared(left, op, right) {
                    *expr = compared;
                } else if *op == BinaryOperator::PGStartsWith {
                    let sides = [left, right].map(|side| std::mem::replace(side.as_mut(), null()));
                    *expr = call("starts_with", sides.into());
                }
            }
            Expr::Tuple(items) => items.iter_mut().for_each(literals::bare),
            Expr::InList { expr: row, list, negated } => {
                if let Some(compared) = rows::listed(row, list, *negated) {
                    *expr = compared;
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, .. } => {
                bind_minus(expr);
                literals::signed(expr);
            }
            Expr::UnaryOp { op, expr: inner } if prefix_function(*op).is_some() => {
                let inner = std::mem::replace(inner.as_mut(), null());
                // Roots have operators of double precision only.
                let inner = match op {
                    UnaryOperator::PGAbs => inner,
                    _ => cast_to(Box::new(inner), "float8"),
                };
                *expr = call(prefix_function(*op).unwrap_or_default(), vec![inner]);
            }
            Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr: inner } => {
                *expr = call("~", vec![std::mem::replace(inner.as_mut(), null())]);
            }
            Expr::Like { .. } | Expr::ILike { .. } => patterns::escaped(expr)?,
            Expr::Substring { .. } => {
                patterns::substring(expr);
                calls::plain(expr);
            }
            Expr::Trim { .. } | Expr::Position { .. } | Expr::Overlay { .. } => calls::plain(expr),
            Expr::IsNormalized { .. } => normalized(expr),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => array::quantified(expr)?,
            Expr::Array(list) => {
                clauses::elements(&mut list.elem);
                self.array(list)?;
            }
            Expr::Collate { expr: inner, collation } => {
                known_collation(collation)?;
                let inner = std::mem::replace(inner.as_mut(), null());
                *expr = inner;
            }
            Expr::Cast { expr: value, data_type, .. } => {
                rows::as_value(value);
                if let Expr::Value(value) = value.as_ref() {
                    self.readable(value, data_type)?;
                }
                cast(expr)?;
            }
            Expr::TypedString(typed) => {
                // Of a constant the bare word tells no length.
                match typed.data_type {
                    DataType::Char(None) | DataType::Character(None) => {
                        typed.data_type = named_type("bpchar");
                    }
                    DataType::Bit(None) => typed.data_type = named_type("bit"),
                    _ => {}
                }
                self.readable(&typed.value, &typed.data_type)?;
            }
            Expr::Identifier(ident) => {
                if let Some(value) = keyword(ident) {
                    *expr = value;
                } else if let Some(tables) = self.scopes.last()
                    && let Some(value) = tables.own(ident, self.facts)?
                {
                    *expr = value;
                } else if let Some(value) = self.rows.value(ident) {
                    *expr = value;
                }
            }
            Expr::CompoundIdentifier(parts) => {
                for tables in self.scopes.iter().rev() {
                    if let Some(value) = tables.qualified(parts, self.facts)? {
                        *expr = value;
                        break;
                    }
                }
            }
            Expr::SimilarTo { .. } => patterns::similar(expr),
            // `interval '1 day 02:00'` is a cast; fields after the text belong to its type.
            Expr::Interval(interval) if text_literal(&interval.value).is_some() => {
                if let Some(data_type) = moments::interval_type(interval) {
                    let value = std::mem::replace(interval.value.as_mut(), null());
                    if let Expr::Value(value) = &value {
                        self.readable(value, &data_type)?;
                    }
                    *expr = cast_as(Box::new(value), data_type);
                }
            }
            Expr::Extract { field, expr: value, .. } => {
                let value = std::mem::replace(value.as_mut(), null());
                *expr = moments::extract(field, value);
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let timestamp = std::mem::replace(timestamp.as_mut(), null());
                let zone = std::mem::replace(time_zone.as_mut(), null());
                *expr = call("timezone", vec![zone, timestamp]);
            }
            Expr::CompoundFieldAccess { root, .. } => {
                rows::as_value(root);
                array::subscripted(expr)?;
                let access = match expr {
                    Expr::Function(Function { args: FunctionArguments::List(list), .. }) => {
                        list.args.first_mut().and_then(|arg| match arg {
                            FunctionArg::Unnamed(FunctionArgExpr::Expr(base)) => Some(base),
                            _ => None,
                        })
                    }
                    own => Some(own),
                };
                if let Some(Expr::CompoundFieldAccess { access_chain, .. }) = access {
                    struct_access(access_chain);
                }
            }
            Expr::Case { conditions, else_result, .. } => {
                conditions.iter_mut().for_each(|when| rows::as_value(&mut when.result));
                else_result.iter_mut().for_each(|result| rows::as_value(result));
                cases::called(expr);
            }
            Expr::Function(function) => {
                if let Some(row) = rows::constructed(function) {
                    *expr = row;
                    return Ok(());
                }
                unqualified(function);
                self.named_relation(function)?;
                if let Some(called) = variadic::called(function)? {
                    *expr = called;
                    return Ok(());
                }
                if let FunctionArguments::List(list) = &mut function.args {
                    for arg in &mut list.args {
                        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = arg {
                            rows::as_value(value);
                        }
                    }
                }
                moments::positional(function, self.locate)?;
                normalization(function);
                literals::function(function);
                if let Some(kind) = true_type(function) {
                    *expr = kind;
                    return Ok(());
                }
                self.rows.spell_out(function);
                if let Some(filled) = array_fill(function)? {
                    *expr = filled;
                    return Ok(());
                }
                sort_distinct(function);
                if let Some(replaced) = self::function(function) {
                    *expr = replaced;
                } else if let Some(kind) = place_type(function) {
                    let function = std::mem::replace(expr, null());
                    *expr = cast_to(Box::new(function), kind);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Errors: 42P18 for an array without elements and cast, 2202E for one of uneven arrays.
    fn array(&self, array: &Array) -> Result<()> {
        if array.elem.is_empty() {
            return Err(Error::IndeterminateArray
                .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
                .near(Place::Word("array".to_owned())));
        }
        array::even(array)
    }

    /// `B'101'` and `X'1F'`, which the planner does not know as bit strings.
    /// Errors: 22P02 with the literal's place.
    fn bits(&self, expr: &mut Expr) -> Result<()> {
        let Expr::Value(value) = expr else { return Ok(()) };
        let text = match &value.value {
            Value::SingleQuotedByteStringLiteral(digits) => format!("b{digits}"),
            Value::HexStringLiteral(digits) => format!("x{digits}"),
            _ => return Ok(()),
        };
        let bits =
            Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span: value.span });
        let place = value.span.start;
        *expr = cast_to(Box::new(bits), "bit");
        match expr {
            Expr::Cast { expr: value, data_type, .. } if place.line > 0 => match value.as_ref() {
                Expr::Value(value) => self.readable(value, data_type),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// A constant that names the relation a function is about is a `regclass`.
    /// Errors: 42P01 at the constant.
    fn named_relation(&self, function: &mut Function) -> Result<()> {
        let name = function_name(&function.name).unwrap_or_default();
        let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))) = list.args.first_mut() else {
            return Ok(());
        };
        if OF_RELATIONS.contains(&name.as_str())
            && let Expr::Value(value) = &*arg
            && let Value::SingleQuotedString(_) = &value.value
        {
            self.readable(value, &named_type("regclass"))?;
            *arg = call("forebay_regclass", vec![std::mem::replace(arg, null())]);
        }
        Ok(())
    }

    /// Errors: as the type's input function has them, with the literal's place, for one that is not of its type.
    fn readable(&self, value: &ValueWithSpan, data_type: &DataType) -> Result<()> {
        let (Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text)) = &value.value
        else {
            return Ok(());
        };
        if 0 == value.span.start.line {
            return Ok(());
        }
        let Ok(field) = super::types::field(data_type) else { return Ok(()) };
        if field.data_type().is_string() && field.metadata().is_empty() {
            return Ok(());
        }
        let settings = functions::value_settings(self.facts);
        let kind = crate::pg::types::of_field(&field);
        if let Some(name) = named_object(data_type) {
            if matches!(data_type, DataType::Array(_)) {
                return Ok(());
            }
            return functions::check_object(name, text, self.facts)
                .map_err(|error| error.at((self.locate)(value.span.start)));
        }
        decode::literal(kind, text, &settings)
            .map(drop)
            .map_err(|error| error.at((self.locate)(value.span.start)))
    }
}

pub(super) fn null() -> Expr {
    Expr::value(Value::Null)
}

pub(super) fn text_literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
            Value::DollarQuotedString(quoted) => Some(&quoted.value),
            _ => None,
        },
        Expr::Nested(inner) => text_literal(inner),
        _ => None,
    }
}

/// The type of that internal name.
/// A type by its own name: of those that have a word of their own in the grammar the one without a length.
pub(super) fn named_type(name: &str) -> DataType {
    DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new())
}

/// `N'…'`, a `character` of no length.
fn national(expr: &mut Expr) {
    if let Expr::Value(value) = expr
        && let Value::NationalStringLiteral(text) = &value.value
    {
        let text = Expr::value(Value::SingleQuotedString(text.clone()));
        *expr = cast_to(Box::new(text), "bpchar");
    }
}

pub(super) fn cast_to(expr: Box<Expr>, name: &str) -> Expr {
    cast_as(expr, DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new()))
}

pub(super) fn cast_as(expr: Box<Expr>, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr, data_type, array: false, format: None }
}

/// A call of the function `name`.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
    let list = FunctionArgumentList {
        duplicate_treatment: None,
        args: args.collect(),
        clauses: Vec::new(),
    };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// `PG_CATALOG.F(…)` as `f(…)`: the planner does not fold names of two parts.
fn unqualified(function: &mut Function) {
    let of_catalog = function.name.0.len() == 2
        && function.name.0.first().and_then(ObjectNamePart::as_ident).map(folded).as_deref()
            == Some("pg_catalog");
    if of_catalog && let Some(name) = function_name(&function.name) {
        function.name = ObjectName::from(vec![Ident::new(name)]);
    }
}

/// `information_schema._pg_truetypid(a.*, t.*)` of a column and its type: of a domain the type below it. PostgreSQL
/// defines it so in information_schema.sql.
fn true_type(function: &Function) -> Option<Expr> {
    let (base, own) = match function_name(&function.name)?.as_str() {
        "information_schema._pg_truetypid" => ("typbasetype", "atttypid"),
        "information_schema._pg_truetypmod" => ("typtypmod", "atttypmod"),
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(column), FunctionArg::Unnamed(kind)] = list.args.as_slice() else {
        return None;
    };
    let (column, kind) = (whole_rows::alone(column)?, whole_rows::alone(kind)?);
    let field = |row: &Ident, name: &str| {
        Box::new(Expr::CompoundIdentifier(vec![row.clone(), Ident::new(name)]))
    };
    let domain = Expr::value(Value::SingleQuotedString("d".to_owned()));
    let is_domain = Expr::BinaryOp {
        left: field(kind, "typtype"),
        op: BinaryOperator::Eq,
        right: Box::new(domain),
    };
    Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: is_domain, result: *field(kind, base) }],
        else_result: Some(field(column, own)),
    })
}

/// `rank(…) WITHIN GROUP (…)` is an aggregate beside the window function of that name.
fn of_hypothetical_set(function: &mut Function) {
    if let Some(name) = function_name(&function.name)
        && matches!(name.as_str(), "rank" | "dense_rank" | "percent_rank" | "cume_dist")
    {
        let name = Ident::new(format!("hypothetical_{name}"));
        function.name = ObjectName::from(vec![name]);
    }
}

/// The name of a function without `pg_catalog.`, in lower case.
pub(super) fn function_name(name: &ObjectName) -> Option<String> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
    match parts.as_slice() {
        [name] => Some(folded(name)),
        [schema, name] if folded(schema) == "pg_catalog" => Some(folded(name)),
        [schema, name] if folded(schema) == "information_schema" => {
            Some(format!("information_schema.{}", folded(name)))
        }
        _ => None,
    }
}

// ---- operators

/// A minus before a number binds more tightly than `^`, which the parser has the other way round.
fn bind_minus(expr: &mut Expr) {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } = expr else { return };
    if !matches!(inner.as_ref(), Expr::BinaryOp { op: BinaryOperator::PGExp, .. }) {
        return;
    }
    let mut power = std::mem::replace(inner.as_mut(), null());
    let mut first = &mut power;
    while let Expr::BinaryOp { op: BinaryOperator::PGExp, left, .. } = first {
        first = left.as_mut();
    }
    let base = std::mem::replace(first, null());
    *first = Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(base) };
    literals::signed(first);
    *expr = power;
}

/// The function that a prefix operator of numbers stands for.
fn prefix_function(op: UnaryOperator) -> Option<&'static str> {
    match op {
        UnaryOperator::PGAbs => Some("abs"),
        UnaryOperator::PGSquareRoot => Some("sqrt"),
        UnaryOperator::PGCubeRoot => Some("cbrt"),
        _ => None,
    }
}

/// `OPERATOR(pg_catalog.~)` as the operator itself; `None` when it is not written that way.
/// Errors: an operator that has no plain form here.
pub(super) fn plain_operator(op: &BinaryOperator) -> Result<Option<BinaryOperator>> {
    if let BinaryOperator::Custom(name) = op {
        return Ok(bytewise(name));
    }
    let BinaryOperator::PGCustomBinaryOperator(parts) = op else {
        return Ok(None);
    };
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema.eq_ignore_ascii_case("pg_catalog") => name,
        _ => {
            let shown = parts.join(".");
            return Err(Error::UndefinedFunction(format!("operator does not exist: {shown}")));
        }
    };
    Ok(Some(match name.as_str() {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "||" => BinaryOperator::StringConcat,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "@>" => BinaryOperator::AtArrow,
        "<@" => BinaryOperator::ArrowAt,
        "&&" => BinaryOperator::PGOverlap,
        "^@" => BinaryOperator::PGStartsWith,
        "&" => BinaryOperator::BitwiseAnd,
        "|" => BinaryOperator::BitwiseOr,
        "#" => BinaryOperator::PGBitwiseXor,
        other => {
            let shown = format!("operator {other} is not supported");
            return Err(Error::FeatureNotSupported(shown));
        }
    }))
}

/// Comparisons byte by byte, as all comparisons of texts are here.
fn bytewise(name: &str) -> Option<BinaryOperator> {
    match name {
        "~<~" => Some(BinaryOperator::Lt),
        "~<=~" => Some(BinaryOperator::LtEq),
        "~>~" => Some(BinaryOperator::Gt),
        "~>=~" => Some(BinaryOperator::GtEq),
        _ => None,
    }
}

/// Errors: a collation that orders otherwise than bytewise.
fn known_collation(name: &ObjectName) -> Result<()> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
    let name = match parts.as_slice() {
        [name] => &name.value,
        [schema, name] if folded(schema) == "pg_catalog" => &name.value,
        _ => return Err(collation_refused(&name.to_string())),
    };
    // The database's own collation is C.UTF-8: all of these order by bytes.
    match name.as_str() {
        "default" | "C" | "POSIX" | "ucs_basic" | "C.UTF-8" | "C.utf8" => Ok(()),
        other => Err(collation_refused(other)),
    }
}

fn collation_refused(name: &str) -> Error {
    let table = data::table("pg_collation");
    let column = table.index("collname");
    let known = |row: &&crate::pg::catalog::rows::Row| matches!(&row[column], crate::pg::catalog::rows::Cell::Text(own) if own == name);
    if table.rows().iter().find(known).is_none() {
        let message = format!("collation \"{name}\" for encoding \"UTF8\" does not exist");
        return Error::UndefinedObject(message).near(Place::Word("collate".to_owned()));
    }
    Error::FeatureNotSupported(format!("collation \"{name}\" is not supported"))
        .hint("Text is ordered by its bytes, as collation \"C\" does.")
}

/// `x IS NFC NORMALIZED`
fn normalized(expr: &mut Expr) {
    let Expr::IsNormalized { expr: text, form, negated } = expr else { return };
    let form = form.map_or_else(|| "NFC".to_owned(), |form| form.to_string());
    let form = Expr::value(Value::SingleQuotedString(form));
    let text = std::mem::replace(text.as_mut(), null());
    let op = if *negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
    let right = Box::new(call("normalize", vec![text.clone(), form]));
    let compared = Expr::BinaryOp { left: Box::new(text), op, right };
    *expr = Expr::Nested(Box::new(compared));
}

/// `normalize(x, NFC)`: the form is a word.
fn normalization(function: &mut Function) {
    if function_name(&function.name).as_deref() != Some("normalize") {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args
        && let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(form))] = list.args.as_mut_slice()
        && let Expr::Identifier(word) = form
        && word.quote_style.is_none()
    {
        let word = word.value.to_ascii_uppercase();
        if matches!(word.as_str(), "NFC" | "NFD" | "NFKC" | "NFKD") {
            *form = Expr::value(Value::SingleQuotedString(word));
        }
    }
}

// ---- names that are values

/// SQL's words that are calls without parentheses.
fn keyword(ident: &Ident) -> Option<Expr> {
    if ident.quote_style.is_some() {
        return None;
    }
    let name = ident.value.to_ascii_lowercase();
    let known = matches!(
        name.as_str(),
        "current_user" | "session_user" | "current_role" | "current_catalog" | "current_schema"
    );
    known.then(|| call(&name, Vec::new()))
}

/// `t.a[1]`, whose parts before the subscript are one name.
fn qualified(root: &mut Expr, chain: &mut Vec<AccessExpr>) {
    let Expr::Identifier(first) = root else { return };
    let mut parts = vec![first.clone()];
    while let Some(AccessExpr::Dot(Expr::Identifier(part))) = chain.first() {
        parts.push(part.clone());
        chain.remove(0);
    }
    if parts.len() > 1 {
        *root = Expr::CompoundIdentifier(parts);
    }
}

/// `(x).n`, a field of a composite value: the planner takes names of fields as indexes only.
fn struct_access(chain: &mut [AccessExpr]) {
    for access in chain {
        if let AccessExpr::Dot(name) = access {
            let index = std::mem::replace(name, null());
            *access = AccessExpr::Subscript(Subscript::Index { index });
        }
    }
}

/// The names of fields as texts, so that none is taken for a column.
fn named_fields(chain: &mut [AccessExpr]) {
    for access in chain {
        if let AccessExpr::Dot(field) = access
            && let Expr::Identifier(name) = field
        {
            *field = Expr::value(Value::SingleQuotedString(folded(name)));
        }
    }
}

// ---- casts

const OID_TYPES: &[&str] = &[
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regnamespace",
    "regrole",
    "regcollation",
    "regconfig",
    "regdictionary",
];

/// The OID type a call of ours returns.
fn oid_type_of(expr: &Expr) -> Option<&'static str> {
    let expr = match expr {
        Expr::Nested(inner) => return oid_type_of(inner),
        other => other,
    };
    let Expr::Function(function) = expr else {
        return None;
    };
    let name = function_name(&function.name)?;
    let kind = name.strip_prefix("forebay_").or_else(|| name.strip_prefix("to_"))?;
    OID_TYPES.iter().copied().find(|known| *known == kind)
}

/// Turns an expression of an OID type into the name it stands for.
fn as_text(expr: &mut Expr) {
    if let Some(kind) = oid_type_of(expr) {
        let inner = std::mem::replace(expr, null());
        *expr = call(&format!("forebay_{kind}_text"), vec![inner]);
    }
}

fn cast(expr: &mut Expr) -> Result<()> {
    let Expr::Cast { expr: inner, data_type, kind, .. } = expr else {
        return Ok(());
    };
    if matches!(kind, CastKind::TryCast | CastKind::SafeCast) {
        return Ok(());
    }
    let name = bare_name(data_type);
    if let Some(kind) =
        name.as_deref().and_then(|name| OID_TYPES.iter().find(|known| **known == name))
    {
        let inner = std::mem::replace(inner.as_mut(), null());
        *expr = call(&format!("forebay_{kind}"), vec![inner]);
        return Ok(());
    }
    let text = match data_type {
        DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_) => true,
        _ => matches!(name.as_deref(), Some("text" | "name" | "varchar")),
    };
    if text {
        as_text(inner);
    }
    if matches!(data_type, DataType::SmallInt(_) | DataType::Int2(_) | DataType::BigInt(_))
        || matches!(data_type, DataType::Int8(_) | DataType::Int(_) | DataType::Integer(_))
        || matches!(data_type, DataType::Int4(_))
    {
        literals::bare(inner);
    }
    if floating(data_type)
        && let Some(digits) = literals::fraction(inner)
    {
        // Read as floating point at once, nothing is lost on the way through numeric.
        **inner = Expr::value(Value::SingleQuotedString(digits));
    }
    // Names of objects are looked up one by one.
    if let DataType::Array(_) = data_type
        && let Some(text) = text_literal(inner)
        && let Some(kind) = named_object(data_type)
    {
        let value = |element: Option<String>| match element {
            Some(text) => {
                let text = Expr::value(Value::SingleQuotedString(text));
                call(&format!("forebay_{kind}"), vec![text])
            }
            None => null(),
        };
        let elem = decode::texts(text)?.into_iter().map(value).collect();
        **inner = Expr::Array(Array { elem, named: true });
    }
    Ok(())
}

/// The type of names of objects that `data_type` is, or an array of.
fn named_object(data_type: &DataType) -> Option<&'static str> {
    if let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type {
        return named_object(element);
    }
    let name = bare_name(data_type)?;
    let name = name.strip_prefix('_').unwrap_or(&name);
    OID_TYPES.iter().copied().find(|known| *known == name)
}

fn floating(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Real
            | DataType::Float(_)
            | DataType::Float4
            | DataType::Float8
            | DataType::Double(_)
            | DataType::DoublePrecision
    )
}

// ---- functions

/// The type of a window function that numbers rows: the planner's are unsigned.
fn place_type(function: &Function) -> Option<&'static str> {
    let name = function_name(&function.name)?;
    if name == "pg_wal_lsn_diff" {
        return Some("numeric");
    }
    function.over.as_ref()?;
    match name.as_str() {
        "row_number" | "rank" | "dense_rank" => Some("int8"),
        "ntile" => Some("int4"),
        _ => None,
    }
}

/// Functions whose first argument is a `regclass`.
const OF_RELATIONS: &[&str] = &[
    "currval",
    "nextval",
    "pg_indexes_size",
    "pg_partition_root",
    "pg_relation_filenode",
    "pg_relation_filepath",
    "pg_relation_is_publishable",
    "pg_relation_is_updatable",
    "pg_relation_size",
    "pg_table_size",
    "pg_total_relation_size",
    "setval",
];

/// Functions that take text and are given names of things.
const TEXTUAL: &[&str] = &[
    "format",
    "concat",
    "concat_ws",
    "quote_ident",
    "quote_literal",
    "length",
    "upper",
    "lower",
    "string_agg",
    "replace",
    "split_part",
    "array_to_string",
];

/// Rewrites a call; `Some` replaces it.
fn function(function: &mut Function) -> Option<Expr> {
    let name = function_name(&function.name)?;
    if let FunctionArguments::Subquery(query) = &mut function.args
        && name == "array"
    {
        return array_of(std::mem::replace(query.as_mut(), empty_query()));
    }
    if let FunctionArguments::List(list) = &mut function.args {
        if TEXTUAL.contains(&name.as_str()) {
            for arg in &mut list.args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
                    as_text(expr);
                }
            }
        }
        if let Some(listing) = listing(&name) {
            let args = std::mem::take(&mut list.args);
            let mut inner = call(listing, Vec::new());
            if let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = &mut inner
            {
                list.args = args;
            }
            let rows = call("unnest", vec![inner]);
            // The planner forgets what the elements of a list say of themselves.
            return Some(match name.as_str() {
                "json_array_elements" => cast_to(Box::new(rows), "json"),
                "jsonb_array_elements" | "jsonb_path_query" => cast_to(Box::new(rows), "jsonb"),
                _ => rows,
            });
        }
        if name == "div" {
            return quotient(&list.args);
        }
        if name == "unnest"
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))] = list.args.as_mut_slice()
        {
            *arg = from::flattened(std::mem::replace(arg, null()));
        }
        if matches!(name.as_str(), "pg_typeof" | "pg_collation_for")
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))] = list.args.as_mut_slice()
            && (text_literal(arg).is_some()
                || matches!(arg, Expr::Value(v) if v.value == Value::Null))
        {
            // What has no type of its own would be a text by the time its type is asked for.
            let literal = std::mem::replace(arg, null());
            *arg = cast_to(Box::new(literal), "unknown");
        }
        if name == "age" && list.args.len() == 1 {
            let today = FunctionArgExpr::Expr(call("current_date", Vec::new()));
            list.args.insert(0, FunctionArg::Unnamed(today));
        }
        if name == "generate_series" {
            return Some(series(std::mem::take(&mut list.args)));
        }
        if CAST_NAMES.contains(&name.as_str())
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))] = list.args.as_mut_slice()
        {
            as_text(arg);
            return Some(cast_to(Box::new(std::mem::replace(arg, null())), &name));
        }
    }
    if let Some(same) = same_as(&name) {
        function.name = ObjectName::from(vec![Ident::new(same)]);
        return None;
    }
    match name.as_str() {
        "to_timestamp" => {
            moments::epoch(function);
            None
        }
        "gen_random_uuid" => Some(cast_to(Box::new(call("uuid", Vec::new())), "uuid")),
        "num_nulls" => counted(function, true),
        "num_nonnulls" => counted(function, false),
        _ => gathered(&name, function),
    }
}

/// Types whose name called like a function of one value is a cast (PostgreSQL manual, 10.3).
const CAST_NAMES: &[&str] = &[
    "bool",
    "bpchar",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "json",
    "jsonb",
    "name",
    "oid",
    "text",
    "timestamptz",
    "uuid",
];

fn array_fill(function: &Function) -> Result<Option<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return Ok(None) };
    match function_name(&function.name).as_deref() {
        Some("array_fill") => array::filled(&list.args),
        _ => Ok(None),
    }
}

/// `div(a, b)`: what is left when the remainder is taken away is divided without one.
fn quotient(args: &[FunctionArg]) -> Option<Expr> {
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(dividend)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(divisor)),
    ] = args
    else {
        return None;
    };
    let numeric = |side: &Expr| cast_to(Box::new(side.clone()), "numeric");
    let binary = |left: Expr, op, right: Expr| {
        let (left, right) = (Box::new(left), Box::new(right));
        Expr::Nested(Box::new(Expr::BinaryOp { left, op, right }))
    };
    let (dividend, divisor) = (numeric(dividend), numeric(divisor));
    let rest = binary(dividend.clone(), BinaryOperator::Modulo, divisor.clone());
    let whole = binary(dividend, BinaryOperator::Minus, rest);
    Some(call("trunc", vec![binary(whole, BinaryOperator::Divide, divisor)]))
}

/// The planner's name of a function that has two in PostgreSQL.
fn same_as(name: &str) -> Option<&'static str> {
    match name {
        "every" => Some("bool_and"),
        "variance" => Some("var_samp"),
        "json_array_element" => Some("forebay_json_item"),
        "json_array_element_text" => Some("forebay_json_item_text"),
        "json_object_field" => Some("forebay_json_member"),
        "json_object_field_text" | "jsonb_object_field_text" => Some("forebay_json_member_text"),
        "jsonb_array_element" => Some("forebay_jsonb_item"),
        "jsonb_array_element_text" => Some("forebay_jsonb_item_text"),
        "jsonb_concat" => Some("forebay_jsonb_concat"),
        "jsonb_contains" => Some("forebay_jsonb_contains"),
        "jsonb_delete" => Some("forebay_jsonb_without"),
        "jsonb_delete_path" => Some("forebay_jsonb_without_path"),
        "jsonb_exists" => Some("forebay_jsonb_has"),
        "jsonb_exists_all" => Some("forebay_jsonb_has_all"),
        "jsonb_exists_any" => Some("forebay_jsonb_has_any"),
        "jsonb_object_field" => Some("forebay_jsonb_member"),
        _ => None,
    }
}

/// How many arguments are NULL, or are not.
fn counted(function: &mut Function, nulls: bool) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let mut terms = Vec::new();
    for arg in &list.args {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg else { return None };
        let expr = Box::new(expr.clone());
        let test = if nulls { Expr::IsNull(expr) } else { Expr::IsNotNull(expr) };
        terms.push(cast_to(Box::new(test), "int4"));
    }
    terms.into_iter().reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::Plus,
        right: Box::new(right),
    })
}

/// `json_agg(x …)` as `forebay_json_agg(array_agg(forebay_json_item_of(x) …))`, and its kin. What is distinct is found, and
/// ordered, among the values and not their texts.
fn gathered(name: &str, function: &mut Function) -> Option<Expr> {
    let (whole, part) = match name {
        "json_agg" => ("forebay_json_agg", "forebay_json_item_of"),
        "jsonb_agg" => ("forebay_jsonb_agg", "forebay_json_item_of"),
        "json_object_agg" => ("forebay_json_object_agg", "forebay_json_member_of"),
        "jsonb_object_agg" => ("forebay_jsonb_object_agg", "forebay_json_member_of"),
        _ => return None,
    };
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    if distinct && part == "forebay_json_item_of" {
        function.name = ObjectName::from(vec![Ident::new("array_agg")]);
        let values = Expr::Function(function.clone());
        return Some(call(whole, vec![call("forebay_json_items_of", vec![values])]));
    }
    let mut texts = call(part, Vec::new());
    if let Expr::Function(Function { args: FunctionArguments::List(inner), .. }) = &mut texts {
        inner.args = std::mem::take(&mut list.args);
    }
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(texts))];
    function.name = ObjectName::from(vec![Ident::new("array_agg")]);
    Some(call(whole, vec![Expr::Function(function.clone())]))
}

/// The function that returns as a list what the set-returning function `name` returns as rows.
pub(super) fn listing(name: &str) -> Option<&'static str> {
    match name {
        "information_schema._pg_expandarray" | "_pg_expandarray" => Some("forebay_expandarray"),
        "generate_subscripts" => Some("forebay_subscripts"),
        "pg_options_to_table" => Some("forebay_options"),
        "aclexplode" => Some("forebay_aclexplode"),
        "pg_listening_channels" => Some("forebay_listening"),
        "json_array_elements" => Some("forebay_json_elements"),
        "jsonb_array_elements" => Some("forebay_jsonb_elements"),
        "json_array_elements_text" => Some("forebay_json_elements_text"),
        "jsonb_array_elements_text" => Some("forebay_jsonb_elements_text"),
        "pg_partition_ancestors" => Some("forebay_partitions"),
        "json_object_keys" => Some("forebay_json_keys"),
        "jsonb_object_keys" => Some("forebay_jsonb_keys"),
        "jsonb_path_query" => Some("forebay_jsonb_path_query"),
        "regexp_matches" => Some(MATCHES),
        "regexp_split_to_table" => Some("forebay_regexp_split_to_table"),
        "string_to_table" => Some("string_to_array"),
        _ => None,
    }
}

/// `generate_series` outside of FROM.
fn series(args: Vec<FunctionArg>) -> Expr {
    let mut list = call("forebay_series", Vec::new());
    if let Expr::Function(Function { args: FunctionArguments::List(inner), .. }) = &mut list {
        inner.args = args;
    }
    call("unnest", vec![list])
}

pub(super) fn empty_query() -> Query {
    let select = SetExpr::Values(datafusion::sql::sqlparser::ast::Values {
        explicit_row: false,
        value_keyword: false,
        rows: Vec::new(),
    });
    Query {
        with: None,
        body: Box::new(select),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

/// `ARRAY(SELECT x … ORDER BY y)` as `(SELECT array_agg(x ORDER BY y) …)`, empty where that is NULL.
fn array_of(mut query: Query) -> Option<Expr> {
    if let Some(array) = array_of_unnest(&query) {
        return Some(array);
    }
    let limited = query.limit_clause.is_some() || query.fetch.is_some() || query.with.is_some();
    let simple = match query.body.as_ref() {
        SetExpr::Select(select) => !limited && aggregates_nothing(select),
        _ => false,
    };
    if !simple {
        // Any other query is aggregated from outside; its own order holds there.
        query = from_query(query)?;
    } else if let SetExpr::Select(select) = query.body.as_mut() {
        let [item] = select.projection.as_mut_slice() else {
            return None;
        };
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        let value = std::mem::replace(expr, null());
        let mut aggregated = call("array_agg", vec![value.clone()]);
        let order = query.order_by.take();
        if let (Some(order), Expr::Function(function)) = (order, &mut aggregated)
            && let OrderByKind::Expressions(mut keys) = order.kind
            && let FunctionArguments::List(list) = &mut function.args
        {
            for key in &mut keys {
                // A number or the output's own name means the output column.
                let own = match &key.expr {
                    Expr::Value(number) => matches!(number.value, Value::Number(..)),
                    _ => false,
                };
                if own {
                    key.expr = value.clone();
                }
            }
            list.clauses.push(FunctionArgumentClause::OrderBy(keys));
        }
        *item = SelectItem::UnnamedExpr(aggregated);
    }
    Some(call("forebay_array", vec![Expr::Subquery(Box::new(query))]))
}

/// Whether a SELECT only filters and computes: no grouping, distinctness or windows of its own.
fn aggregates_nothing(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(keys, modifiers) => !keys.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    };
    let plain = select.projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            !text_has_aggregate(expr)
        }
        _ => false,
    });
    !grouped && select.distinct.is_none() && select.having.is_none() && plain
}

/// What `regexp_matches` is planned as.
pub(super) const MATCHES: &str = "forebay_regexp_matches";

/// Whether it calls an aggregate, not over a window.
pub(super) fn is_aggregate(function: &Function) -> bool {
    let name = function_name(&function.name).unwrap_or_default();
    function.over.is_none() && data::function_kinds(&name).is_some_and(|kinds| kinds.aggregate)
}

/// `array_agg(DISTINCT x)` gathers in the order of `x`: PostgreSQL finds what is distinct by sorting, and a hash would
/// give another order each time.
fn sort_distinct(function: &mut Function) {
    let name = function_name(&function.name).unwrap_or_default();
    let FunctionArguments::List(list) = &mut function.args else { return };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let gathers = matches!(name.as_str(), "array_agg" | "string_agg" | "json_agg" | "jsonb_agg");
    if !distinct || !list.clauses.is_empty() || !gathers {
        return;
    }
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = list.args.first() else { return };
    let options = OrderByOptions { asc: None, nulls_first: None };
    let key = OrderByExpr { expr: expr.clone(), options, with_fill: None };
    list.clauses.push(FunctionArgumentClause::OrderBy(vec![key]));
}

/// Whether an expression calls something that may be an aggregate or a window function or returns a set.
fn text_has_aggregate(expr: &Expr) -> bool {
    struct Search(bool);
    impl datafusion::sql::sqlparser::ast::Visitor for Search {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::Function(function) = expr {
                let name = function_name(&function.name).unwrap_or_default();
                let kinds = data::function_kinds(&name);
                let collects = kinds.is_some_and(|kinds| kinds.aggregate || kinds.set);
                self.0 |= collects || function.over.is_some() || function.filter.is_some();
            }
            ControlFlow::Continue(())
        }
    }
    let mut search = Search(false);
    let walked = datafusion::sql::sqlparser::ast::Visit::visit(expr, &mut search);
    search.0 || walked.is_break()
}

/// `SELECT array_agg(t.x) FROM (query) AS t (x)`
pub(super) fn from_query(query: Query) -> Option<Query> {
    let text = "SELECT array_agg(forebay_t.forebay_x) FROM (SELECT 1) AS forebay_t (forebay_x)";
    let dialect = datafusion::sql::sqlparser::dialect::PostgreSqlDialect {};
    let parsed = datafusion::sql::sqlparser::parser::Parser::parse_sql(&dialect, text).ok()?;
    let Some(Statement::Query(mut outer)) = parsed.into_iter().next() else {
        return None;
    };
    if let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        **subquery = query;
    }
    Some(*outer)
}

/// `SELECT columns`
pub(super) fn selecting(columns: Vec<SelectItem>) -> Query {
    let mut query = from_query(empty_query()).unwrap_or_else(empty_query);
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = columns;
        select.from = Vec::new();
    }
    query
}

/// `ARRAY(SELECT x FROM unnest(list) AS t (x))` is the list.
fn array_of_unnest(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return None;
    };
    let bare = query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.with.is_none()
        && select.selection.is_none()
        && aggregates_nothing(select);
    let ([item], [from]) = (select.projection.as_slice(), select.from.as_slice()) else {
        return None;
    };
    let TableFactor::UNNEST { alias: Some(alias), array_exprs, with_ordinality: false, .. } =
        &from.relation
    else {
        return None;
    };
    let [list] = array_exprs.as_slice() else {
        return None;
    };
    let column = alias.columns.first().map_or(&alias.name, |column| &column.name);
    let SelectItem::UnnamedExpr(Expr::Identifier(wanted)) = item else {
        return None;
    };
    let same = folded(wanted) == folded(column) && from.joins.is_empty() && bare;
    same.then(|| call("forebay_array", vec![list.clone()]))
}

/// Subqueries that clients send word for word and no plan of ours can run, with what they come to.
///
/// The first is how a Python driver (asyncpg, `INTRO_LOOKUP_TYPES`) walks from a domain to its base type: a recursive
/// query inside each row; the function beside it is exact. The others are psql's (`\d`, `\d+`): they read columns of
/// publications and options of TOAST tables, and there never is one of either here.
const KNOWN: &[(&str, &str)] = &[
    (
        "SELECT (WITH RECURSIVE typebases(oid, depth) AS (\
         SELECT t2.typbasetype AS oid, 0 AS depth FROM pg_type t2 WHERE t2.oid = t.oid \
         UNION ALL \
         SELECT t2.typbasetype AS oid, tb.depth + 1 AS depth FROM pg_type t2, typebases tb \
         WHERE tb.oid = t2.oid AND t2.typbasetype != 0) \
         SELECT oid FROM typebases ORDER BY depth DESC LIMIT 1)",
        "SELECT forebay_base_type(t.oid)",
    ),
    (
        "SELECT (SELECT string_agg(attname, ', ') \
         FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, \
         pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s])",
        "SELECT CAST(NULL AS text)",
    ),
    (
        "SELECT array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x)",
        "SELECT CAST('{}' AS text[])",
    ),
];

/// The text of an expression whose subqueries' outputs have no names: by now they have been given some.
fn unnamed(mut expr: Expr) -> String {
    struct Bare;
    impl VisitorMut for Bare {
        type Break = std::convert::Infallible;
        fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { expr, .. } = item {
                    *item = SelectItem::UnnamedExpr(std::mem::replace(expr, null()));
                }
            }
            ControlFlow::Continue(())
        }
    }
    match expr.visit(&mut Bare) {
        ControlFlow::Continue(()) => expr.to_string(),
        ControlFlow::Break(never) => match never {},
    }
}

/// What a known subquery comes to.
fn known(expr: &Expr) -> Option<Expr> {
    static PARSED: LazyLock<Vec<(String, Expr)>> = LazyLock::new(|| {
        let expression = |text: &str| -> Option<Expr> {
            let dialect = datafusion::sql::sqlparser::dialect::PostgreSqlDialect {};
            let parsed = datafusion::sql::sqlparser::parser::Parser::parse_sql(&dialect, text);
            let Statement::Query(query) = parsed.ok()?.into_iter().next()? else {
                return None;
            };
            let SetExpr::Select(select) = *query.body else {
                return None;
            };
            match select.projection.into_iter().next()? {
                SelectItem::UnnamedExpr(expr) => Some(expr),
                _ => None,
            }
        };
        let both = |(text, meaning): &(&str, &str)| {
            Some((unnamed(expression(text)?), expression(meaning)?))
        };
        KNOWN.iter().filter_map(both).collect()
    });
    let text = unnamed(expr.clone());
    PARSED.iter().find(|(known, _)| *known == text).map(|(_, meaning)| meaning.clone())
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, known};

    #[test]
    fn known_subqueries_are_found_under_other_names() {
        let dialect = datafusion::sql::sqlparser::dialect::PostgreSqlDialect {};
        for (text, _) in KNOWN {
            let named = text.replace("attname, ', ')", "attname, ', ') AS string_agg");
            let text = named.trim_start_matches("SELECT ");
            let mut parser = datafusion::sql::sqlparser::parser::Parser::new(&dialect)
                .try_with_sql(text)
                .expect("tokens");
            let expr = parser.parse_expr().expect("an expression");
            assert!(known(&expr).is_some(), "{text}");
        }
    }
}
