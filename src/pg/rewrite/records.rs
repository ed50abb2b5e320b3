//! `json_to_record(x) AS r (a integer, b text)` and its kin (PostgreSQL manual, table 9.47) as subqueries that take each
//! column's member and cast it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, Ident, Query, SelectItem, SetExpr,
    Statement, TableAlias, TableAliasColumnDef, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::syntax::{call, function_name};
use crate::error::{Error, Result};

/// Rewrites a call in FROM in place.
/// Errors: 42601 without a list of columns; 0A000 for a column that is an array.
pub(super) fn table_factor(factor: &mut TableFactor) -> Result<()> {
    let (name, args, alias) = match factor {
        TableFactor::Table { name, args: Some(args), alias, with_ordinality: false, .. } => {
            (name, &args.args, alias)
        }
        TableFactor::Function { name, args, alias, with_ordinality: false, .. } => {
            (name, &*args, alias)
        }
        _ => return Ok(()),
    };
    let Some(function) = function_name(name) else { return Ok(()) };
    let (kind, set) = match function.as_str() {
        "json_to_record" => ("json", false),
        "jsonb_to_record" => ("jsonb", false),
        "json_to_recordset" => ("json", true),
        "jsonb_to_recordset" => ("jsonb", true),
        _ => return Ok(()),
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = args.as_slice() else {
        return Ok(());
    };
    let columns = alias.as_ref().map(|alias| alias.columns.as_slice()).unwrap_or_default();
    if columns.is_empty() || columns.iter().any(|column| column.data_type.is_none()) {
        return Err(Error::Syntax(
            "a column definition list is required for functions returning \"record\"".to_owned(),
        ));
    }
    let text = Expr::value(Value::SingleQuotedString(function.clone()));
    let checked = if set { "records" } else { "record" };
    let checked = call(&format!("forebay_{kind}_{checked}"), vec![value.clone(), text]);
    let record = match set {
        true => Expr::Identifier(Ident::new(RECORD)),
        false => checked.clone(),
    };
    let items = columns.iter().map(|column| member(kind, &record, column));
    let items = items.collect::<Result<Vec<SelectItem>>>()?;
    let Some(subquery) = query(items, set.then_some(checked)) else { return Ok(()) };
    let alias = alias.take().map(|alias| TableAlias { columns: Vec::new(), ..alias });
    let lateral = refers(value);
    *factor = TableFactor::Derived { lateral, subquery: Box::new(subquery), alias, sample: None };
    Ok(())
}

/// What an item of the array is called inside.
const RECORD: &str = "forebay_record";

/// One column: its member, cast.
fn member(kind: &str, record: &Expr, column: &TableAliasColumnDef) -> Result<SelectItem> {
    let data_type = column.data_type.clone().unwrap_or(DataType::Text);
    if matches!(data_type, DataType::Array(_)) {
        let message = format!("column \"{}\" of an array type is not supported", column.name);
        return Err(Error::FeatureNotSupported(message));
    }
    let name = match column.name.quote_style {
        Some(_) => column.name.value.clone(),
        None => column.name.value.to_lowercase(),
    };
    // JSON stays as it is; anything else is read from its text.
    let function = match data_type {
        DataType::JSON | DataType::JSONB => format!("forebay_{kind}_member"),
        _ => "forebay_json_member_text".to_owned(),
    };
    let key = Expr::value(Value::SingleQuotedString(name.clone()));
    let expr = Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(call(&function, vec![record.clone(), key])),
        data_type,
        array: false,
        format: None,
    };
    Ok(SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) })
}

/// `SELECT items`, from each element of a list when there is one.
fn query(items: Vec<SelectItem>, list: Option<Expr>) -> Option<Query> {
    let text = match list {
        Some(_) => format!("SELECT 1 FROM unnest(1) AS {RECORD} ({RECORD})"),
        None => "SELECT 1".to_owned(),
    };
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &text).ok()?;
    let Some(Statement::Query(mut query)) = parsed.into_iter().next() else { return None };
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = items;
        if let Some(list) = list
            && let Some(from) = select.from.first_mut()
            && let TableFactor::UNNEST { array_exprs, .. } = &mut from.relation
        {
            *array_exprs = vec![list];
        }
    }
    Some(*query)
}

/// Whether an expression names a column.
fn refers(expr: &Expr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Search).is_break()
}
