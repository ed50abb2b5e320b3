//! Clauses of a query that the planner lacks or reads otherwise, each said in others.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Distinct, ExactNumberInfo, Expr,
    GroupByExpr, LimitClause, ObjectName, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias, TableFactor, TableSampleKind,
    TableSampleMethod, TableWithJoins, UnaryOperator, Value, Values, Visit, Visitor,
};

use super::syntax::{call, cast_to, folded, is_aggregate, named_type, null};
use crate::error::{Error, Result};
use crate::pg::adt::{multirange, range};
use crate::pg::{functions, types};

/// Rewrites what stands around the SELECTs of a query.
/// Errors: 42601 for WITH TIES without an order.
pub(super) fn query(query: &mut Query) -> Result<()> {
    if let SetExpr::Values(values) = query.body.as_mut() {
        self::values(values);
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
        limit.iter_mut().for_each(count);
        offset.iter_mut().for_each(|offset| count(&mut offset.value));
    }
    let ties = query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties && !fetch.percent);
    if ties && let Some(fetch) = &mut query.fetch {
        if query.order_by.is_none() {
            let message = "WITH TIES cannot be specified without ORDER BY clause".to_owned();
            return Err(Error::Syntax(message));
        }
        let one = || Expr::value(Value::Number("1".to_owned(), false));
        let rows = fetch.quantity.take().unwrap_or_else(one);
        fetch.quantity = Some(call(super::ties::MARK, vec![rows]));
        fetch.with_ties = false;
    }
    Ok(())
}

/// A count of rows that is no whole number is rounded, and one that a subquery without tables gives is known.
fn count(expr: &mut Expr) {
    if let Expr::Subquery(query) = &*expr
        && let Some(value) = only_value(query)
    {
        *expr = Expr::value(value);
    }
    if let Expr::Value(value) = expr
        && let Value::Number(text, _) = &value.value
        && let Some(rounded) = rounded(text)
    {
        value.value = Value::Number(rounded, false);
    }
}

/// `(SELECT 2)` is 2.
fn only_value(query: &Query) -> Option<Value> {
    let bare = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let plain = select.from.is_empty() && select.selection.is_none() && select.having.is_none();
    let (true, true, [item]) = (bare, plain, select.projection.as_slice()) else { return None };
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
        return None;
    };
    match expr {
        Expr::Value(value) => match &value.value {
            value @ (Value::Number(..) | Value::Null) => Some(value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// `1.5` as `2`: away from zero, as numeric becomes bigint.
fn rounded(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let up = fraction.bytes().next().is_some_and(|first| b'5' <= first);
    Some(whole.checked_add(i64::from(up))?.to_string())
}

/// Constants without a type take that of the constants they stand under.
fn values(values: &mut Values) {
    let width = values.rows.iter().map(|row| row.len()).min().unwrap_or(0);
    for index in 0..width {
        let column = values.rows.iter_mut().filter_map(|row| row.content.get_mut(index));
        one_type(&mut column.collect::<Vec<&mut Expr>>());
    }
}

/// Constants without a type take that of the constants beside them in `ARRAY[…]`. Numbers have none: a cast of the whole
/// array, which is done later, is one of its elements.
pub(super) fn elements(elements: &mut [Expr]) {
    let declared = |expr| matches!(constant_type(expr), Some(Wanted::Declared(_)));
    if elements.iter().any(is_quoted) && elements.iter().any(declared) {
        one_type(&mut elements.iter_mut().collect::<Vec<&mut Expr>>());
    }
}

/// Constants of one type. Where they are of one type with several lengths, or beside constants without a length, all are
/// of the type without one.
fn one_type(exprs: &mut [&mut Expr]) {
    let constants = || exprs.iter().map(|expr| &**expr);
    let Some(mut wanted) = constants().filter_map(constant_type).reduce(wider) else { return };
    if let Wanted::Declared(declared) = &wanted
        && constants().any(|expr| !is_of(expr, declared))
        && let Some(base) = base_type(declared)
    {
        let alike = constants().all(|expr| is_alike(expr, &base));
        wanted = Wanted::Declared(base);
        if alike {
            for expr in exprs {
                match of_length(expr, &wanted) {
                    true => without_length(expr),
                    false => become_one(expr, &wanted),
                }
            }
            return;
        }
    }
    let (listed, declared) = match &wanted {
        Wanted::Declared(declared) => (matches!(declared, DataType::Array(_)), true),
        Wanted::Number(_) => (false, false),
    };
    for expr in exprs {
        if is_quoted(expr)
            || is_null(expr) && declared && !listed
            || is_inexact(&wanted) && constant_type(expr).is_some_and(|own| own.is_number())
        {
            become_one(expr, &wanted);
        }
    }
}

/// Whether a constant is of the type `wanted` but for the length it declares. Those of texts and numerics become others.
fn of_length(expr: &Expr, wanted: &Wanted) -> bool {
    match (constant_type(expr), wanted) {
        (Some(Wanted::Declared(own)), Wanted::Declared(base)) => {
            let kept = !matches!(base, DataType::Numeric(_) | DataType::Varchar(_));
            kept && own != *base && base_type(&own).as_ref() == Some(base)
        }
        _ => false,
    }
}

/// A constant as a value of its type that says no length. A cast would say that of what it casts.
fn without_length(expr: &mut Expr) {
    let own = std::mem::replace(expr, null());
    *expr = call(functions::CAST, vec![own, Expr::value(Value::SingleQuotedString(String::new()))]);
}

/// A type that lengths are declared of, without one.
fn base_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => {
            DataType::Numeric(ExactNumberInfo::None)
        }
        DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => {
            DataType::Varchar(None)
        }
        DataType::Text => DataType::Text,
        // The bare words mean a length of one.
        DataType::Char(_) | DataType::Character(_) => named_type("bpchar"),
        DataType::Bit(_) => named_type("bit"),
        DataType::VarBit(_) | DataType::BitVarying(_) => DataType::VarBit(None),
        DataType::Timestamp(_, zone) => DataType::Timestamp(None, *zone),
        DataType::Time(_, zone) => DataType::Time(None, *zone),
        DataType::Interval { .. } => INTERVAL,
        DataType::Custom(name, _) if is_text(data_type) => DataType::Custom(name.clone(), vec![]),
        _ => return None,
    })
}

/// Whether it is one of the types of texts that become each other.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Custom(name, _) => name.to_string().eq_ignore_ascii_case("bpchar"),
        DataType::Text
        | DataType::Char(_)
        | DataType::Character(_)
        | DataType::Varchar(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_) => true,
        _ => false,
    }
}

/// Whether a constant says it is of that very type.
fn is_of(expr: &Expr, declared: &DataType) -> bool {
    matches!(constant_type(expr), Some(Wanted::Declared(own)) if own == *declared)
}

/// Whether a constant can be one of the type `base`.
fn is_alike(expr: &Expr, base: &DataType) -> bool {
    match constant_type(expr) {
        Some(Wanted::Declared(own)) => {
            is_text(&own) && is_text(base) || base_type(&own).as_ref() == Some(base)
        }
        Some(own @ Wanted::Number(_)) => matches!(base, DataType::Numeric(_)) && own.is_number(),
        None => is_quoted(expr) || is_null(expr),
    }
}

fn become_one(expr: &mut Expr, wanted: &Wanted) {
    let own = std::mem::replace(expr, null());
    *expr = match wanted {
        // A number among numbers: a cast would set it apart.
        Wanted::Number("numeric") if number(&own).is_some() => {
            Expr::value(Value::Number(number(&own).unwrap_or_default(), false))
        }
        Wanted::Number(name) => cast_to(Box::new(own), name),
        Wanted::Declared(data_type) => Expr::Cast {
            kind: CastKind::DoubleColon,
            expr: Box::new(own),
            data_type: data_type.clone(),
            array: false,
            format: None,
        },
    };
}

/// The digits of a constant in quotes that reads as a number without a sign.
fn number(expr: &Expr) -> Option<String> {
    let Expr::Value(value) = expr else { return None };
    let (Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text)) = &value.value else {
        return None;
    };
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let points = text.bytes().filter(|byte| *byte == b'.').count();
    (0 < digits && points < 2 && digits + points == text.len()).then(|| text.to_owned())
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Null)
}

fn is_quoted(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(
        value.value,
        Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_)
    ))
}

/// The type that a constant says it is of.
enum Wanted {
    Number(&'static str),
    Declared(DataType),
}

impl Wanted {
    /// Arrays of it.
    fn array(self) -> Option<DataType> {
        let element = match self {
            // An array of arrays is one of their elements.
            Wanted::Declared(array @ DataType::Array(_)) => return Some(array),
            Wanted::Declared(data_type) => data_type,
            Wanted::Number("int4") => DataType::Int4(None),
            Wanted::Number("int8") => DataType::Int8(None),
            Wanted::Number("numeric") => DataType::Numeric(ExactNumberInfo::None),
            Wanted::Number("bool") => DataType::Bool,
            Wanted::Number(_) => return None,
        };
        Some(DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(element), None)))
    }

    fn is_number(&self) -> bool {
        matches!(self, Wanted::Number("int4" | "int8" | "numeric"))
    }
}

fn is_numeric(wanted: &Wanted) -> bool {
    matches!(wanted, Wanted::Declared(own) if matches!(base_type(own), Some(DataType::Numeric(_))))
}

/// Whether it is a floating point type: exact numbers beside it become floating point.
fn is_inexact(wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Declared(DataType::Custom(name, _)) => {
            matches!(name.to_string().to_ascii_lowercase().as_str(), "float4" | "float8")
        }
        Wanted::Declared(data_type) => matches!(
            data_type,
            DataType::Float(_)
                | DataType::Float4
                | DataType::Float8
                | DataType::Real
                | DataType::Double(_)
                | DataType::DoublePrecision
        ),
        Wanted::Number(_) => false,
    }
}

fn constant_type(expr: &Expr) -> Option<Wanted> {
    match expr {
        Expr::Nested(inner) => constant_type(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
            constant_type(expr)
        }
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) if text.parse::<i32>().is_ok() => Some(Wanted::Number("int4")),
            Value::Number(text, _) if text.parse::<i64>().is_ok() => Some(Wanted::Number("int8")),
            Value::Number(..) => Some(Wanted::Number("numeric")),
            Value::Boolean(_) => Some(Wanted::Number("bool")),
            _ => None,
        },
        Expr::Cast { data_type, .. } => Some(Wanted::Declared(data_type.clone())),
        Expr::TypedString(typed) => Some(Wanted::Declared(typed.data_type.clone())),
        Expr::Array(array) => {
            let texts = !array.elem.is_empty() && array.elem.iter().all(is_quoted);
            let element = match texts {
                true => Wanted::Declared(DataType::Text),
                false => array.elem.iter().filter_map(constant_type).reduce(wider)?,
            };
            Some(Wanted::Declared(element.array()?))
        }
        // A range is made by a function of its type's name.
        Expr::Function(function) if is_range(&function.name) => {
            Some(Wanted::Declared(DataType::Custom(function.name.clone(), Vec::new())))
        }
        Expr::Interval(interval) => {
            is_quoted(&interval.value).then_some(Wanted::Declared(INTERVAL))
        }
        _ => None,
    }
}

fn is_range(name: &ObjectName) -> bool {
    let kind = types::by_internal_name(&name.to_string().to_ascii_lowercase());
    kind.is_some_and(|kind| {
        range::element_of(kind).is_some() || multirange::range_of(kind).is_some()
    })
}

const INTERVAL: DataType = DataType::Interval { fields: None, precision: None };

/// Of two numbers the type of both; else what comes first.
fn wider(one: Wanted, other: Wanted) -> Wanted {
    match (&one, &other) {
        (Wanted::Number("int4"), Wanted::Number("int8" | "numeric"))
        | (Wanted::Number("int8"), Wanted::Number("numeric")) => other,
        (Wanted::Number("int4" | "int8" | "numeric"), declared)
            if is_inexact(declared) || is_numeric(declared) =>
        {
            other
        }
        _ => one,
    }
}

/// Rewrites one SELECT.
/// Errors: 0A000 for a sample that cannot be taken, 2202H for one that is none.
pub(super) fn select(select: &mut Select) -> Result<()> {
    whole_tables(select);
    positions(select);
    grouped(select);
    truth(select.selection.as_mut());
    truth(select.having.as_mut());
    for join in select.from.iter_mut().flat_map(|table| &mut table.joins) {
        truth(super::joins::condition(&mut join.join_operator));
    }
    one_group(select);
    select.from.iter_mut().try_for_each(sampled)
}

/// `t.*` of a table that FROM names with its schema.
fn whole_tables(select: &mut Select) {
    let tables: Vec<ObjectName> = select
        .from
        .iter()
        .flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        })
        .filter_map(|factor| match factor {
            TableFactor::Table { name, alias: None, args: None, .. } if name.0.len() > 1 => {
                Some(name.clone())
            }
            _ => None,
        })
        .collect();
    let last = |name: &ObjectName| name.0.last().and_then(|part| part.as_ident()).map(folded);
    for item in &mut select.projection {
        let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) =
            item
        else {
            continue;
        };
        if name.0.len() == 1
            && let Some(table) = tables.iter().find(|table| last(table) == last(name))
        {
            *name = table.clone();
        }
    }
}

/// `DISTINCT ON (1)` means an output.
fn positions(select: &mut Select) {
    let Some(Distinct::On(keys)) = &mut select.distinct else { return };
    for key in keys {
        if let Some(own) = output(key, &select.projection) {
            *key = own;
        }
    }
}

/// `SELECT DISTINCT f(x) … ORDER BY f(x)` orders by the output, which the planner finds by its name only.
pub(super) fn ordered_outputs(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind)
    else {
        return;
    };
    if !matches!(select.distinct, Some(Distinct::Distinct)) {
        return;
    }
    // Behind a wildcard nobody knows the positions.
    let outputs: Vec<String> = select
        .projection
        .iter()
        .map_while(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                Some(expr.to_string())
            }
            _ => None,
        })
        .collect();
    for key in keys.iter_mut().filter(|key| !matches!(key.expr, Expr::Identifier(_))) {
        let written = key.expr.to_string();
        if let Some(index) = outputs.iter().position(|output| *output == written) {
            key.expr = Expr::value(Value::Number((index + 1).to_string(), false));
        }
    }
}

/// `ROLLUP (1)` means an output, too.
fn grouped(select: &mut Select) {
    let GroupByExpr::Expressions(keys, _) = &mut select.group_by else { return };
    for key in keys {
        let (Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets)) = key else {
            continue;
        };
        for expr in sets.iter_mut().flatten() {
            if let Some(own) = output(expr, &select.projection) {
                *expr = own;
            }
        }
        super::grouping_sets::spelled_out(key);
    }
}

/// The output whose position `key` is.
fn output(key: &Expr, items: &[SelectItem]) -> Option<Expr> {
    let Expr::Value(value) = key else { return None };
    let Value::Number(text, _) = &value.value else { return None };
    let index = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1))?;
    match items.get(index)? {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            Some(expr.clone())
        }
        _ => None,
    }
}

/// A text without a type is a truth where one must stand.
pub(super) fn truth(condition: Option<&mut Expr>) {
    let Some(expr) = condition else { return };
    if is_quoted(expr) {
        *expr = cast_to(Box::new(std::mem::replace(expr, null())), "bool");
    }
}

/// The sides of AND and OR, and what NOT denies.
pub(super) fn truths(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
            truth(Some(left));
            truth(Some(right));
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => truth(Some(expr)),
        _ => {}
    }
}

/// `GROUP BY ()`, and a HAVING alone, make one group of all rows, and of none.
fn one_group(select: &mut Select) {
    let GroupByExpr::Expressions(keys, modifiers) = &mut select.group_by else { return };
    let before = keys.len();
    keys.retain(|key| !matches!(key, Expr::Tuple(items) if items.is_empty()));
    let grouped = keys.len() < before;
    let alone = before == 0
        && select.having.is_some()
        && !aggregates(&select.projection)
        && !aggregates(&select.having);
    if keys.is_empty() && modifiers.is_empty() && (grouped || alone) {
        keys.push(Expr::GroupingSets(vec![Vec::new()]));
    }
}

/// Whether an aggregate is called outside of subqueries.
fn aggregates(node: &impl Visit) -> bool {
    struct Search(usize);
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if self.0 == 0 && is_aggregate(function) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    node.visit(&mut Search(0)).is_break()
}

/// `t TABLESAMPLE BERNOULLI (10)` is `(SELECT * FROM t WHERE random() < 0.1) AS t`; that SYSTEM takes whole pages is no
/// promise of its.
fn sampled(table: &mut TableWithJoins) -> Result<()> {
    let joined = table.joins.iter_mut().map(|join| &mut join.relation);
    for factor in std::iter::once(&mut table.relation).chain(joined) {
        let TableFactor::Table { name, alias, sample, .. } = factor else { continue };
        let Some(taken) = sample.take() else { continue };
        let (TableSampleKind::AfterTableAlias(taken) | TableSampleKind::BeforeTableAlias(taken)) =
            taken;
        let unsupported = |what: &str| {
            Err(Error::FeatureNotSupported(format!("TABLESAMPLE {what} is not supported")))
        };
        if !matches!(taken.name, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System)) {
            return unsupported("of this method");
        }
        let share = taken.quantity.as_ref().and_then(|quantity| share(&quantity.value));
        let Some(share) = share else { return unsupported("of a share that is no number") };
        if !(0.0..=100.0).contains(&share) {
            let message = "sample percentage must be between 0 and 100".to_owned();
            return Err(Error::InvalidSample(message));
        }
        if share >= 100.0 {
            continue;
        }
        if taken.seed.is_some() {
            return unsupported("with REPEATABLE");
        }
        let known = alias.take().or_else(|| {
            let name = name.0.last()?.as_ident()?.clone();
            Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None })
        });
        if let Some(some) = some_of(factor.clone(), share / 100.0, known) {
            *factor = some;
        }
    }
    Ok(())
}

/// A constant number.
fn share(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => share(expr).map(|share| -share),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// `(SELECT * FROM table WHERE random() < share) AS alias`
fn some_of(table: TableFactor, share: f64, alias: Option<TableAlias>) -> Option<TableFactor> {
    let text = format!("SELECT * FROM t WHERE random() < '{share}'::float8");
    let dialect = datafusion::sql::sqlparser::dialect::PostgreSqlDialect {};
    let parsed = datafusion::sql::sqlparser::parser::Parser::parse_sql(&dialect, &text).ok()?;
    let Some(Statement::Query(mut query)) = parsed.into_iter().next() else { return None };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    select.from.first_mut()?.relation = table;
    Some(TableFactor::Derived { lateral: false, subquery: query, alias, sample: None })
}
