//! `(f(x)).*` in the list of a SELECT: all columns of what a function returns.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Select,
    SelectItem,
};

use super::syntax::{call, function_name};
use super::{ALL_FIELDS, from};
use crate::error::{Error, Result};

/// Spells such items out.
/// Errors: 0A000 for a value whose fields are not known before the statement is planned.
pub(super) fn spell_out(select: &mut Select) -> Result<()> {
    let all = |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value.starts_with(ALL_FIELDS));
    if !select.projection.iter().any(all) {
        return Ok(());
    }
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.starts_with(ALL_FIELDS) => {
                items.extend(fields(&expr)?);
            }
            other => items.push(other),
        }
    }
    select.projection = items;
    Ok(())
}

fn fields(value: &Expr) -> Result<Vec<SelectItem>> {
    let refused = || {
        let message = format!("{value}.* is not supported for this value");
        Err(Error::FeatureNotSupported(message).hint("Name its fields one by one."))
    };
    let Expr::Nested(inner) = value else { return refused() };
    let Expr::Function(function) = inner.as_ref() else { return refused() };
    let name = function_name(&function.name).unwrap_or_default();
    let item = |expr: Expr, name: &str| SelectItem::ExprWithAlias { expr, alias: Ident::new(name) };
    if let Some(fields) = from::fields(&name) {
        let field = |field: &&'static str| {
            let access_chain = vec![AccessExpr::Dot(Expr::Identifier(Ident::new(*field)))];
            let access = Expr::CompoundFieldAccess { root: Box::new(value.clone()), access_chain };
            item(access, field)
        };
        return Ok(fields.iter().map(field).collect());
    }
    match arguments(function).and_then(|args| from::columns(&name, args)) {
        Some(columns) => Ok(columns
            .into_iter()
            .map(|(list, name)| item(call("unnest", vec![list]), name))
            .collect()),
        None => refused(),
    }
}

fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let args = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    args.collect()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(item: &str, want: &str) {
        let sql = format!("SELECT a, ({item}) AS \"\u{1}*\" FROM t");
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, &sql).unwrap();
        let Statement::Query(query) = &mut parsed[0] else { panic!("no query: {item}") };
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("no SELECT: {item}") };
        let got = match super::spell_out(select) {
            Ok(()) => select.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{item}");
    }

    #[test]
    fn fields_are_spelled_out() {
        check(
            "_pg_expandarray(b)",
            "SELECT a, (_pg_expandarray(b)).x AS x, (_pg_expandarray(b)).n AS n FROM t",
        );
        check(
            "json_each(b)",
            "SELECT a, unnest(forebay_json_names(b)) AS key, unnest(forebay_json_values(b)) AS value FROM t",
        );
        check("f(b)", "(f(b)).* is not supported for this value");
        check("b", "(b).* is not supported for this value");
    }
}
