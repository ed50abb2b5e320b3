//! Why PostgreSQL changes nothing through a view (rewriteHandler.c, `view_query_is_auto_updatable`).

use datafusion::sql::sqlparser::ast::{GroupByExpr, Query, SetExpr, TableFactor};

use super::calls::{found, is_aggregate, is_window, returns_set};

/// What keeps the rows of a query from being those of one table, in PostgreSQL's words; `None` where nothing does.
pub(crate) fn not_updatable(query: &Query) -> Option<&'static str> {
    let containing = |what: &str| match what {
        "DISTINCT" => "Views containing DISTINCT are not automatically updatable.",
        "GROUP BY" => "Views containing GROUP BY are not automatically updatable.",
        "HAVING" => "Views containing HAVING are not automatically updatable.",
        "WITH" => "Views containing WITH are not automatically updatable.",
        "LIMIT" => "Views containing LIMIT or OFFSET are not automatically updatable.",
        _ => "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.",
    };
    let several =
        "Views that do not select from a single table or view are not automatically updatable.";
    let select = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { .. } => return Some(containing("UNION")),
        SetExpr::Query(inner) => return not_updatable(inner),
        _ => return Some(several),
    };
    if select.distinct.is_some() {
        return Some(containing("DISTINCT"));
    }
    if !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty()) {
        return Some(containing("GROUP BY"));
    }
    if select.having.is_some() {
        return Some(containing("HAVING"));
    }
    if query.with.is_some() {
        return Some(containing("WITH"));
    }
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Some(containing("LIMIT"));
    }
    if found(&select.projection, is_aggregate).is_some() {
        return Some("Views that return aggregate functions are not automatically updatable.");
    }
    if found(&select.projection, is_window).is_some() {
        return Some("Views that return window functions are not automatically updatable.");
    }
    if found(&select.projection, returns_set).is_some() {
        return Some("Views that return set-returning functions are not automatically updatable.");
    }
    match select.from.as_slice() {
        [table]
            if table.joins.is_empty()
                && matches!(table.relation, TableFactor::Table { args: None, .. }) =>
        {
            None
        }
        _ => Some(several),
    }
}
