//! The query of a view as PostgreSQL writes it (ruleutils.c), where that is simple: tables, columns, numbers, texts, and
//! operators and functions whose types are plain. Anything else is not told.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, Distinct, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, LimitClause, Offset,
    OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
    UnaryOperator, Value,
};

use crate::catalog::view::{Piece, Reading};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::types;

/// The query; `written` are the names by which it calls what it reads.
pub(super) fn of(
    query: &Query,
    written: &[(Option<String>, String)],
    reads: &[Reading],
    columns: usize,
) -> Option<Vec<Piece>> {
    let scope = Scope { written, reads, tables: Vec::new() };
    let mut told = vec![text(" ")];
    told.extend(scope.query(query, columns)?);
    told.push(text(";"));
    Some(joined(told))
}

fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

/// Neighbouring texts as one.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (all.last_mut(), &piece) {
            (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(text),
            _ => all.push(piece),
        }
    }
    all
}

/// What an expression is, for the brackets around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Column,
    /// A constant.
    Constant,
    /// A call, which needs none anywhere.
    Call,
    /// `+`, `-`.
    Sum,
    /// `*`, `/`, `%`.
    Product,
    /// An operator beside those, and `IS NULL`.
    Test,
    /// `= ANY`.
    Member,
    And,
    Or,
    Not,
    Cast,
}

/// An expression.
#[derive(Debug, Clone)]
struct Told {
    pieces: Vec<Piece>,
    kind: Kind,
    /// `pg_type.oid`; `None` for one that is not known.
    oid: Option<u32>,
}

impl Told {
    fn new(kind: Kind, oid: u32, written: impl Into<String>) -> Told {
        Told { pieces: vec![text(written)], kind, oid: Some(oid) }
    }

    /// An operator's, with the brackets that it has where all are written.
    fn operation(kind: Kind, oid: u32, inner: Vec<Piece>) -> Told {
        let mut pieces = vec![Piece::Bracket("(".to_owned())];
        pieces.extend(inner);
        pieces.push(Piece::Bracket(")".to_owned()));
        Told { pieces, kind, oid: Some(oid) }
    }

    /// With brackets in any case, where it has some at all.
    fn enclosed(mut self) -> Vec<Piece> {
        let last = self.pieces.len().saturating_sub(1);
        for at in [0, last] {
            if let Some(piece) = self.pieces.get_mut(at)
                && let Piece::Bracket(bracket) = piece
            {
                *piece = text(bracket.clone());
            }
        }
        self.pieces
    }

    /// As an operand of `outer`; `left` says on which side of it.
    fn within(self, outer: Kind, left: bool) -> Vec<Piece> {
        let simple = match (self.kind, outer) {
            (Kind::Column | Kind::Constant | Kind::Call | Kind::Cast, _) => true,
            (Kind::Sum, Kind::Sum) | (Kind::Product, Kind::Product) => left,
            (Kind::Product, Kind::Sum) => true,
            (Kind::And | Kind::Not, Kind::And | Kind::Or) | (Kind::Or, Kind::Or) => true,
            (Kind::And | Kind::Or | Kind::Not | Kind::Member, _) => false,
            (_, Kind::And | Kind::Or | Kind::Not | Kind::Call) => true,
            _ => false,
        };
        if simple { self.pieces } else { self.enclosed() }
    }

    /// As another type, for an operator that has only that.
    fn cast(self, oid: u32) -> Told {
        let mut pieces = vec![Piece::Bracket("(".to_owned())];
        pieces.extend(self.within(Kind::Cast, true));
        pieces.push(Piece::Bracket(")".to_owned()));
        pieces.push(text(format!("::{}", types::format_type(oid, -1))));
        Told { pieces, kind: Kind::Cast, oid: Some(oid) }
    }
}

/// A table of FROM.
struct Table {
    reading: usize,
    alias: Option<String>,
    /// What qualifies its columns in the text.
    name: String,
}

struct Scope<'a> {
    written: &'a [(Option<String>, String)],
    reads: &'a [Reading],
    tables: Vec<Table>,
}

impl Scope<'_> {
    fn query(mut self, query: &Query, columns: usize) -> Option<Vec<Piece>> {
        let plain = query.with.is_none()
            && query.fetch.is_none()
            && query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        if !plain {
            return None;
        }
        let from = self.from(&select.from)?;
        let mut told = vec![text("SELECT ")];
        match &select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => told.push(text("DISTINCT ")),
            Some(Distinct::On(_)) => return None,
        }
        let items = self.items(select)?;
        if items.len() != columns || items.is_empty() {
            return None;
        }
        for (at, item) in items.iter().enumerate() {
            if 0 < at {
                told.push(text(",\n    "));
            }
            told.extend(named(item.clone(), at));
        }
        told.extend(from);
        if let Some(condition) = &select.selection {
            told.push(text("\n  WHERE "));
            told.extend(self.condition(condition)?);
        }
        self.groups(select, &items, &mut told)?;
        if let Some(condition) = &select.having {
            told.push(text("\n HAVING "));
            told.extend(self.condition(condition)?);
        }
        if let Some(order) = &query.order_by {
            let (OrderByKind::Expressions(keys), None) = (&order.kind, &order.interpolate) else {
                return None;
            };
            told.push(text("\n  ORDER BY "));
            for (at, key) in keys.iter().enumerate() {
                if 0 < at {
                    told.push(text(", "));
                }
                told.extend(self.ordered(key, select, &items)?);
            }
        }
        limits(query.limit_clause.as_ref(), &mut told)?;
        Some(told)
    }

    // ---- FROM

    fn from(&mut self, from: &[TableWithJoins]) -> Option<Vec<Piece>> {
        let mut told = Vec::new();
        for (at, table) in from.iter().enumerate() {
            told.push(text(if at == 0 { "\n   FROM " } else { ",\n    " }));
            let mut own = self.table(&table.relation)?;
            for join in &table.joins {
                own = self.join(own, join)?;
            }
            told.extend(own);
        }
        Some(told)
    }

    fn table(&mut self, factor: &TableFactor) -> Option<Vec<Piece>> {
        let TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version: None,
            with_ordinality: false,
            partitions,
            sample: None,
            ..
        } = factor
        else {
            return None;
        };
        if !with_hints.is_empty() || !partitions.is_empty() {
            return None;
        }
        let parts: Vec<String> =
            name.0.iter().map(|part| part.as_ident().map(folded)).collect::<Option<_>>()?;
        let key = match parts.as_slice() {
            [name] => (None, name.clone()),
            [schema, name] => (Some(schema.clone()), name.clone()),
            _ => return None,
        };
        let reading = self.written.iter().position(|own| *own == key)?;
        let alias = match alias {
            None => None,
            Some(alias) if alias.columns.is_empty() => Some(folded(&alias.name)),
            Some(_) => return None,
        };
        let mut told = vec![Piece::Relation { reading, aliased: alias.is_some() }];
        if let Some(alias) = &alias {
            told.push(text(format!(" {}", quote_identifier(alias))));
        }
        let name = alias.clone().unwrap_or(key.1);
        if self.tables.iter().any(|table| table.name == name) {
            return None;
        }
        self.tables.push(Table { reading, alias, name });
        Some(told)
    }

    fn join(&mut self, left: Vec<Piece>, join: &Join) -> Option<Vec<Piece>> {
        let right = self.table(&join.relation)?;
        let (words, constraint) = match &join.join_operator {
            JoinOperator::Join(own) | JoinOperator::Inner(own) => ("JOIN", Some(own)),
            JoinOperator::Left(own) | JoinOperator::LeftOuter(own) => ("LEFT JOIN", Some(own)),
            JoinOperator::Right(own) | JoinOperator::RightOuter(own) => ("RIGHT JOIN", Some(own)),
            JoinOperator::FullOuter(own) => ("FULL JOIN", Some(own)),
            JoinOperator::CrossJoin(_) => ("CROSS JOIN", None),
            _ => return None,
        };
        let mut told = vec![Piece::Bracket("(".to_owned())];
        told.extend(left);
        told.push(text(format!("\n     {words} ")));
        told.extend(right);
        match constraint {
            None => {}
            Some(JoinConstraint::On(condition)) => {
                told.push(text(" ON "));
                told.push(Piece::Bracket("(".to_owned()));
                told.extend(self.condition(condition)?);
                told.push(Piece::Bracket(")".to_owned()));
            }
            // Columns of both tables are written in another way.
            Some(_) => return None,
        }
        told.push(Piece::Bracket(")".to_owned()));
        Some(told)
    }

    // ---- what is selected, grouped and ordered

    fn items(&self, select: &Select) -> Option<Vec<Told>> {
        let plain = select.top.is_none()
            && select.into.is_none()
            && select.lateral_views.is_empty()
            && select.prewhere.is_none()
            && select.cluster_by.is_empty()
            && select.distribute_by.is_empty()
            && select.sort_by.is_empty()
            && select.named_window.is_empty()
            && select.qualify.is_none();
        if !plain {
            return None;
        }
        let mut items = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    items.push(self.item(expr)?);
                }
                SelectItem::Wildcard(_) => {
                    for table in &self.tables {
                        items.extend(self.all(table));
                    }
                }
                _ => return None,
            }
        }
        Some(items)
    }

    fn all(&self, table: &Table) -> Vec<Told> {
        let reading = self.reads.get(table.reading);
        let columns = reading.map_or(0, |reading| reading.columns.len());
        (0..columns).filter_map(|column| self.column_at(table, column)).collect()
    }

    /// A constant of no type is text there.
    fn item(&self, expr: &Expr) -> Option<Told> {
        if let Expr::Value(value) = expr {
            match &value.value {
                Value::Null => return Some(Told::new(Kind::Constant, types::TEXT, "NULL::text")),
                Value::SingleQuotedString(own) => return Some(quoted(own, types::TEXT)),
                _ => {}
            }
        }
        self.expression(expr)
    }

    fn groups(&self, select: &Select, items: &[Told], told: &mut Vec<Piece>) -> Option<()> {
        let GroupByExpr::Expressions(keys, modifiers) = &select.group_by else { return None };
        if !modifiers.is_empty() {
            return None;
        }
        for (at, key) in keys.iter().enumerate() {
            told.push(text(if at == 0 { "\n  GROUP BY " } else { ", " }));
            told.extend(sorted(self.key(key, select, items, false)?));
        }
        Some(())
    }

    fn ordered(&self, key: &OrderByExpr, select: &Select, items: &[Told]) -> Option<Vec<Piece>> {
        if key.with_fill.is_some() {
            return None;
        }
        let mut told = sorted(self.key(&key.expr, select, items, true)?);
        let descending = key.options.asc == Some(false);
        if descending {
            told.push(text(" DESC"));
        }
        match (key.options.nulls_first, descending) {
            (Some(true), false) => told.push(text(" NULLS FIRST")),
            (Some(false), true) => told.push(text(" NULLS LAST")),
            _ => {}
        }
        Some(told)
    }

    /// What rows are grouped or ordered by: an expression, or an output by its number or name.
    fn key(&self, expr: &Expr, select: &Select, items: &[Told], outputs: bool) -> Option<Told> {
        if let Expr::Value(value) = expr
            && let Value::Number(number, _) = &value.value
        {
            return items.get(number.parse::<usize>().ok()?.checked_sub(1)?).cloned();
        }
        let wildcard = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_)));
        if let (Expr::Identifier(name), true, false) = (expr, outputs, wildcard) {
            let named = select.projection.iter().position(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => folded(alias) == folded(name),
                _ => false,
            });
            if let Some(at) = named {
                return items.get(at).cloned();
            }
        }
        self.expression(expr)
    }

    // ---- expressions

    fn condition(&self, expr: &Expr) -> Option<Vec<Piece>> {
        let told = self.expression(expr)?;
        (told.oid == Some(types::BOOL)).then_some(told.pieces)
    }

    fn column(&self, table: Option<&str>, name: &str) -> Option<Told> {
        let tables = self.tables.iter().filter(|own| table.is_none_or(|table| own.name == table));
        let mut found = tables.filter_map(|table| {
            let reading = self.reads.get(table.reading)?;
            let at = reading.columns.iter().position(|column| column.name == name)?;
            self.column_at(table, at)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn column_at(&self, table: &Table, column: usize) -> Option<Told> {
        let known = self.reads.get(table.reading)?.columns.get(column)?;
        let alias = table.alias.clone();
        let piece = Piece::Column { reading: table.reading, column, alias, output: None };
        Some(Told { pieces: vec![piece], kind: Kind::Column, oid: Some(known.type_oid) })
    }

    fn expression(&self, expr: &Expr) -> Option<Told> {
        match expr {
            Expr::Identifier(name) => self.column(None, &folded(name)),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, name] => self.column(Some(&folded(table)), &folded(name)),
                _ => None,
            },
            Expr::Nested(inner) => self.expression(inner),
            Expr::Value(value) => constant(&value.value),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                let mut inner = vec![text("NOT ")];
                inner.extend(self.expression(expr)?.within(Kind::Not, false));
                Some(Told::operation(Kind::Not, types::BOOL, inner))
            }
            Expr::IsNull(inner) => self.test(inner, " IS NULL"),
            Expr::IsNotNull(inner) => self.test(inner, " IS NOT NULL"),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let mut parts = Vec::new();
                self.chain(expr, op, &mut parts)?;
                Some(logical(op, parts))
            }
            Expr::BinaryOp { left, op, right } => self.operator(left, op, right),
            Expr::Between { expr, negated: false, low, high } => {
                let low = self.operator(expr, &BinaryOperator::GtEq, low)?;
                let high = self.operator(expr, &BinaryOperator::LtEq, high)?;
                Some(logical(&BinaryOperator::And, vec![low, high]))
            }
            Expr::InList { expr, list, negated } => self.listed(expr, list, *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                let operator = if *negated { "!~~" } else { "~~" };
                let left = self.expression(expr)?;
                let right = self.beside(pattern, left.oid)?;
                binary(left, operator, right)
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
                ..
            } => {
                let oid = types::by_name(&data_type.to_string().to_lowercase())?;
                let inner = self.expression(expr).filter(|inner| inner.kind != Kind::Constant)?;
                (inner.oid? != oid).then(|| inner.cast(oid))
            }
            Expr::Function(function) => self.call(function),
            _ => None,
        }
    }

    fn test(&self, expr: &Expr, words: &str) -> Option<Told> {
        let mut inner = self.expression(expr)?.within(Kind::Test, true);
        inner.push(text(words));
        Some(Told::operation(Kind::Test, types::BOOL, inner))
    }

    /// The operands of a chain of AND or OR.
    fn chain(&self, expr: &Expr, op: &BinaryOperator, parts: &mut Vec<Told>) -> Option<()> {
        match expr {
            Expr::BinaryOp { left, op: own, right } if own == op => {
                self.chain(left, op, parts)?;
                self.chain(right, op, parts)
            }
            Expr::Nested(inner) if matches!(&**inner, Expr::BinaryOp { op: own, .. } if own == op) => {
                self.chain(inner, op, parts)
            }
            other => {
                parts.push(self.expression(other)?);
                Some(())
            }
        }
    }

    /// An operand beside one of a type: a constant takes that.
    fn beside(&self, expr: &Expr, oid: Option<u32>) -> Option<Told> {
        let Expr::Value(value) = expr else { return self.expression(expr) };
        match (&value.value, oid?) {
            (Value::SingleQuotedString(own), types::TEXT) => Some(quoted(own, types::TEXT)),
            (Value::SingleQuotedString(_), _) => None,
            (other, _) => constant(other),
        }
    }

    fn operator(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Told> {
        let symbol = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Modulo => "%",
            BinaryOperator::Gt => ">",
            BinaryOperator::Lt => "<",
            BinaryOperator::GtEq => ">=",
            BinaryOperator::LtEq => "<=",
            BinaryOperator::Eq => "=",
            BinaryOperator::NotEq => "<>",
            BinaryOperator::StringConcat => "||",
            _ => return None,
        };
        let (own, other) = (self.expression(left), self.expression(right));
        let left = match &own {
            Some(told) if told.kind != Kind::Constant => told.clone(),
            _ => self.beside(left, other.as_ref().and_then(|told| told.oid))?,
        };
        let right = match other {
            Some(told) if told.kind != Kind::Constant => told,
            _ => self.beside(right, left.oid)?,
        };
        binary(left, symbol, right)
    }

    fn listed(&self, expr: &Expr, list: &[Expr], negated: bool) -> Option<Told> {
        let left = self.expression(expr)?;
        let members: Vec<Told> =
            list.iter().map(|member| self.beside(member, left.oid)).collect::<Option<_>>()?;
        let same =
            members.iter().all(|member| member.oid == left.oid && member.kind == Kind::Constant);
        if !same || members.len() < 2 {
            return None;
        }
        let mut inner = left.within(Kind::Test, true);
        inner.push(text(if negated { " <> ALL (ARRAY[" } else { " = ANY (ARRAY[" }));
        for (at, member) in members.into_iter().enumerate() {
            if 0 < at {
                inner.push(text(", "));
            }
            inner.extend(member.pieces);
        }
        inner.push(text("])"));
        Some(Told::operation(Kind::Member, types::BOOL, inner))
    }

    fn call(&self, function: &Function) -> Option<Told> {
        let plain = function.filter.is_none()
            && function.over.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let [name] = function.name.0.as_slice() else { return None };
        let name = name.as_ident().map(folded)?;
        let FunctionArguments::List(list) = &function.args else { return None };
        if !plain || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return None;
        }
        let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else { return None };
        let argument = match argument {
            FunctionArgExpr::Wildcard if name == "count" => {
                return Some(Told::new(Kind::Call, types::INT8, "count(*)"));
            }
            FunctionArgExpr::Expr(expr) => self.expression(expr)?,
            _ => return None,
        };
        let oid = returned(&name, argument.oid?)?;
        let mut pieces = vec![text(format!("{name}("))];
        pieces.extend(argument.within(Kind::Call, true));
        pieces.push(text(")"));
        Some(Told { pieces, kind: Kind::Call, oid: Some(oid) })
    }
}

/// The type that a function of one argument of a type gives, where PostgreSQL casts nothing.
fn returned(name: &str, oid: u32) -> Option<u32> {
    use types::{FLOAT8, INT2, INT4, INT8, NUMERIC, TEXT};
    Some(match (name, oid) {
        ("count", _) => INT8,
        ("min" | "max", INT2 | INT4 | INT8 | NUMERIC | FLOAT8 | TEXT | types::DATE) => oid,
        ("sum", INT2 | INT4) => INT8,
        ("sum", INT8 | NUMERIC) | ("avg", INT2 | INT4 | INT8 | NUMERIC) => NUMERIC,
        ("sum" | "avg", FLOAT8) => FLOAT8,
        ("upper" | "lower", TEXT) => TEXT,
        ("length", TEXT) => INT4,
        ("abs", INT2 | INT4 | INT8 | NUMERIC | FLOAT8) => oid,
        _ => return None,
    })
}

fn logical(op: &BinaryOperator, parts: Vec<Told>) -> Told {
    let kind = if *op == BinaryOperator::And { Kind::And } else { Kind::Or };
    let mut inner = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        if 0 < at {
            inner.push(text(format!(" {op} ")));
        }
        inner.extend(part.within(kind, at == 0));
    }
    Told::operation(kind, types::BOOL, inner)
}

/// An operator between values whose types tell which one it is.
fn binary(left: Told, symbol: &str, right: Told) -> Option<Told> {
    use types::{FLOAT8, INT2, INT4, INT8, NUMERIC, TEXT};
    let whole = |oid: u32| matches!(oid, INT2 | INT4 | INT8);
    let (one, other) = (left.oid?, right.oid?);
    let (left, right) = match (one, other) {
        (one, other) if one == other || whole(one) && whole(other) => (left, right),
        (to @ (NUMERIC | FLOAT8), from) if whole(from) => (left, right.cast(to)),
        (from, to @ (NUMERIC | FLOAT8)) if whole(from) => (left.cast(to), right),
        _ => return None,
    };
    let common = match (left.oid?, right.oid?) {
        (one, other) if one == other => one,
        (one, other) => [INT8, INT4].into_iter().find(|oid| *oid == one || *oid == other)?,
    };
    let number = whole(common) || matches!(common, NUMERIC | FLOAT8);
    let (kind, oid) = match symbol {
        "+" | "-" if number => (Kind::Sum, common),
        "*" | "/" if number => (Kind::Product, common),
        "%" if whole(common) || common == NUMERIC => (Kind::Product, common),
        "||" | "~~" | "!~~" if common == TEXT => {
            (Kind::Test, if symbol == "||" { TEXT } else { types::BOOL })
        }
        "=" | "<>" | "<" | ">" | "<=" | ">=" => (Kind::Test, types::BOOL),
        _ => return None,
    };
    // Other types are compared as what they are not.
    let plain = number || matches!(common, TEXT | types::BOOL | types::DATE | types::TIMESTAMP);
    if !plain {
        return None;
    }
    let mut inner = left.within(kind, true);
    inner.push(text(format!(" {symbol} ")));
    inner.extend(right.within(kind, false));
    Some(Told::operation(kind, oid, inner))
}

fn constant(value: &Value) -> Option<Told> {
    match value {
        Value::Number(number, _) if number.parse::<i32>().is_ok() => {
            Some(Told::new(Kind::Constant, types::INT4, number.clone()))
        }
        Value::Number(number, _)
            if number.contains('.')
                && number.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
                && number.starts_with(|letter: char| letter.is_ascii_digit())
                && !number.ends_with('.') =>
        {
            Some(Told::new(Kind::Constant, types::NUMERIC, number.clone()))
        }
        Value::Boolean(truth) => Some(Told::new(Kind::Constant, types::BOOL, truth.to_string())),
        _ => None,
    }
}

fn quoted(text: &str, oid: u32) -> Told {
    let kind = types::format_type(oid, -1);
    let escaped = text.replace('\'', "''");
    let prefix = if text.contains('\\') { "E" } else { "" };
    let escaped = if text.contains('\\') { escaped.replace('\\', "\\\\") } else { escaped };
    Told::new(Kind::Constant, oid, format!("{prefix}'{escaped}'::{kind}"))
}

/// An output with its name.
fn named(mut told: Told, at: usize) -> Vec<Piece> {
    match (told.kind, told.pieces.as_mut_slice()) {
        (Kind::Column, [Piece::Column { output, .. }]) => *output = Some(at),
        _ => told.pieces.push(Piece::Name(at)),
    }
    told.pieces
}

/// What rows are ordered or grouped by.
fn sorted(told: Told) -> Vec<Piece> {
    match told.kind {
        Kind::Column | Kind::Constant => told.pieces,
        Kind::Call | Kind::Cast => {
            let mut pieces = vec![text("(")];
            pieces.extend(told.pieces);
            pieces.push(text(")"));
            pieces
        }
        _ => told.enclosed(),
    }
}

fn limits(clause: Option<&LimitClause>, told: &mut Vec<Piece>) -> Option<()> {
    let Some(clause) = clause else { return Some(()) };
    let LimitClause::LimitOffset { limit, offset, limit_by } = clause else { return None };
    let number = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) if number.parse::<i32>().is_ok() => Some(number.clone()),
            _ => None,
        },
        _ => None,
    };
    if !limit_by.is_empty() {
        return None;
    }
    if let Some(Offset { value, .. }) = offset {
        told.push(text(format!("\n OFFSET {}", number(value)?)));
    }
    if let Some(limit) = limit {
        told.push(text(format!("\n LIMIT {}", number(limit)?)));
    }
    Some(())
}

fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}
