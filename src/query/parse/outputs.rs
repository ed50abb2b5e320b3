//! PostgreSQL's names for the columns of a result (`?column?`, `count`, `case`, …).
//!
//! DataFusion names an unnamed output by its expression and refuses two of one name. So every unnamed output gets
//! its PostgreSQL name as an alias, made unique behind [`MARK`], which [`shown`] cuts off again. The names hold in
//! subqueries too, where PostgreSQL lets an outer query use them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, ExactNumberInfo, Expr, Ident, Query, Select, SelectItem,
    SetExpr, TrimWhereField, Value, VisitMut, VisitorMut,
};

use crate::pg::rewrite::MARK;

/// The name a client sees.
pub(crate) fn shown(name: &str) -> &str {
    name.split(MARK).next().unwrap_or(name)
}

/// Names every output of every SELECT in `query`.
pub(super) fn name(query: &mut Query) {
    struct Namer;
    impl VisitorMut for Namer {
        type Break = ();
        fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
            name_body(&mut query.body);
            ControlFlow::Continue(())
        }
    }
    // The visitor never breaks.
    let _done = query.visit(&mut Namer);
}

fn name_body(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => name_select(select),
        SetExpr::SetOperation { left, right, .. } => {
            name_body(left);
            name_body(right);
        }
        _ => {}
    }
}

fn name_select(select: &mut Select) {
    let wild = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    let mut taken = BTreeSet::new();
    for (index, item) in select.projection.iter_mut().enumerate() {
        let (expr, name, given) = match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = of(expr).unwrap_or_else(|| "?column?".to_owned());
                let given = plain(expr);
                (expr, name, given)
            }
            SelectItem::ExprWithAlias { expr, alias } => (expr, folded(alias), true),
            _ => continue,
        };
        let unique = taken.insert(name.clone()) && !wild;
        if unique && given {
            continue;
        }
        let alias = if unique { name } else { format!("{name}{MARK}{index}") };
        let expr = expr.clone();
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', alias) };
    }
}

/// Whether the planner's own name for `expr` is already right.
fn plain(expr: &Expr) -> bool {
    let own = match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(idents) => idents.last(),
        _ => None,
    };
    own.is_some_and(|ident| {
        let name = folded(ident);
        let keyword = ident.quote_style.is_none() && KEYWORDS.contains(&name.as_str());
        !keyword && !SYSTEM_COLUMNS.contains(&name.as_str())
    })
}

/// SQL's words that are calls without parentheses, which [`crate::pg::rewrite`] makes of them.
const KEYWORDS: &[&str] =
    &["current_user", "session_user", "current_role", "current_catalog", "current_schema"];

/// Columns no table lists, for which [`crate::pg::rewrite`] puts values.
const SYSTEM_COLUMNS: &[&str] = &["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];

pub(super) fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// `FigureColname` of PostgreSQL's parse_target.c.
fn of(expr: &Expr) -> Option<String> {
    figured(expr).map(|(name, _)| name)
}

/// The name of `expr`, and whether a cast or CASE around it keeps that name rather than give its own.
fn figured(expr: &Expr) -> Option<(String, bool)> {
    let kept = |name: &str| Some((name.to_owned(), true));
    let or_own = |inner: Option<(String, bool)>, own: String| {
        Some(inner.filter(|(_, strong)| *strong).unwrap_or((own, false)))
    };
    match expr {
        Expr::Identifier(ident) => Some((folded(ident), true)),
        Expr::CompoundIdentifier(idents) => Some((folded(idents.last()?), true)),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figured(inner),
        Expr::CompoundFieldAccess { root, access_chain } => {
            // The last field names it; a subscript does not.
            let field = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(field)) => Some(field),
                _ => None,
            });
            field.map_or_else(|| figured(root), |field| Some((folded(field), true)))
        }
        Expr::Function(function) => Some((folded(function.name.0.last()?.as_ident()?), true)),
        Expr::Cast { expr, data_type, .. } => or_own(figured(expr), type_name(data_type)),
        Expr::Value(value) => match value.value {
            Value::NationalStringLiteral(_) => Some(("bpchar".to_owned(), false)),
            _ => None,
        },
        Expr::TypedString(typed) => Some((type_name(&typed.data_type), false)),
        Expr::Interval(_) => Some(("interval".to_owned(), false)),
        Expr::Case { else_result, .. } => {
            or_own(else_result.as_deref().and_then(figured), "case".to_owned())
        }
        Expr::Exists { negated: false, .. } => kept("exists"),
        Expr::Extract { .. } => kept("extract"),
        Expr::Ceil { .. } => kept("ceil"),
        Expr::Floor { .. } => kept("floor"),
        Expr::Position { .. } => kept("position"),
        Expr::Substring { shorthand, .. } => kept(if *shorthand { "substr" } else { "substring" }),
        Expr::Trim { trim_where, .. } => kept(match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        Expr::Overlay { .. } => kept("overlay"),
        Expr::AtTimeZone { .. } => kept("timezone"),
        Expr::BinaryOp { op: BinaryOperator::Overlaps, .. } => kept("overlaps"),
        Expr::IsNormalized { negated: false, .. } => kept("is_normalized"),
        Expr::Array(_) => kept("array"),
        Expr::Tuple(_) => kept("row"),
        Expr::Subquery(query) => subquery(query).map(|name| (name, true)),
        _ => None,
    }
}

/// A scalar subquery is named by its one column; the visitor has named that already.
fn subquery(query: &Query) -> Option<String> {
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(inner) => body = inner.body.as_ref(),
            SetExpr::Select(select) => {
                return match select.projection.first()? {
                    SelectItem::ExprWithAlias { alias, .. } => {
                        Some(shown(&folded(alias)).to_owned()).filter(|name| name != "?column?")
                    }
                    SelectItem::UnnamedExpr(expr) => of(expr),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
}

/// PostgreSQL's internal name of the type a cast is to.
fn type_name(data_type: &DataType) -> String {
    if let DataType::Float(ExactNumberInfo::Precision(..=24)) = data_type {
        return "float4".to_owned();
    }
    let text = data_type.to_string().to_lowercase();
    let element = text.split('[').next().unwrap_or(&text);
    // `timestamp(3) with time zone` has its precision in the middle.
    let bare = match (element.split_once('('), element.rsplit_once(')')) {
        (Some((head, _)), Some((_, tail))) => format!("{}{tail}", head.trim_end()),
        _ => element.to_owned(),
    };
    let bare = bare.trim();
    if bare == "\"char\"" {
        return "char".to_owned();
    }
    // `interval day to second` is one type with fields.
    if bare.starts_with("interval ") {
        return "interval".to_owned();
    }
    match bare {
        "int" | "integer" | "int4" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "double precision" | "float" | "double" => "float8",
        "real" => "float4",
        "decimal" | "dec" => "numeric",
        "boolean" => "bool",
        "character varying" => "varchar",
        "bit varying" => "varbit",
        "character" | "char" => "bpchar",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        other => other.rsplit('.').next().unwrap_or(other),
    }
    .to_owned()
}
