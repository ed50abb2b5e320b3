//! VALUES with subqueries, for which the planner has no place: a query of the rows' numbers, each column of which is a
//! CASE over all rows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, Expr, Ident, Parens, Query, SelectItem, SetExpr, Value, Values, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::error::{Error, Result};

/// What the numbers of the rows are called. No statement has such a name.
const NUMBER: &str = "__forebay_row";

pub(super) fn numbered(query: &mut Query) -> Result<()> {
    let SetExpr::Values(values) = query.body.as_mut() else { return Ok(()) };
    if !values.rows.iter().any(has_query) {
        return Ok(());
    }
    let count = values.rows.len();
    let rows: Vec<Vec<Expr>> =
        std::mem::take(&mut values.rows).into_iter().map(|row| row.content).collect();
    let width = rows.iter().map(Vec::len).min().unwrap_or(0);
    let mut columns: Vec<Vec<CaseWhen>> = vec![Vec::with_capacity(count); width];
    for (row, index) in rows.into_iter().zip(1..) {
        for (result, column) in row.into_iter().zip(&mut columns) {
            column.push(CaseWhen { condition: number(index), result });
        }
    }
    *query.body = select(columns, count)?;
    Ok(())
}

fn number(index: usize) -> Expr {
    Expr::value(Value::Number(index.to_string(), false))
}

fn has_query(row: &Parens<Vec<Expr>>) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    row.content.visit(&mut Search).is_break()
}

/// The columns, named as those of VALUES are.
fn select(columns: Vec<Vec<CaseWhen>>, count: usize) -> Result<SetExpr> {
    let sql = format!("SELECT NULL FROM (VALUES (1)) AS \"*VALUES*\" (\"{NUMBER}\")");
    let parsed = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&sql)
        .and_then(|mut parser| parser.parse_query());
    let query = parsed.map_err(|error| Error::Internal(format!("a query is none: {error}")))?;
    let SetExpr::Select(mut select) = *query.body else {
        return Err(Error::Internal("a query is none".to_owned()));
    };
    for values in select.from.iter_mut().filter_map(|from| listed(&mut from.relation)) {
        let rows = (1..=count).map(|index| Parens {
            opening_token: AttachedToken::empty(),
            content: vec![number(index)],
            closing_token: AttachedToken::empty(),
        });
        values.rows = rows.collect();
    }
    let column = |(conditions, index): (Vec<CaseWhen>, usize)| SelectItem::ExprWithAlias {
        expr: Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: Some(Box::new(Expr::Identifier(Ident::with_quote('"', NUMBER)))),
            conditions,
            else_result: None,
        },
        alias: Ident::new(format!("column{index}")),
    };
    select.projection = columns.into_iter().zip(1..).map(column).collect();
    Ok(SetExpr::Select(select))
}

fn listed(factor: &mut datafusion::sql::sqlparser::ast::TableFactor) -> Option<&mut Values> {
    match factor {
        datafusion::sql::sqlparser::ast::TableFactor::Derived { subquery, .. } => {
            match subquery.body.as_mut() {
                SetExpr::Values(values) => Some(values),
                _ => None,
            }
        }
        _ => None,
    }
}
