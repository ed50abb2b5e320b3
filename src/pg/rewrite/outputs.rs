//! The list of a SELECT beside wildcards.
//!
//! Names beside a `*` were made unique behind [`MARK`], for nobody knew then what the `*` stands for. Where that can be
//! told now, a name that is the only one of its kind is itself again, so that ORDER BY and the query around find it.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Select, SelectItem, SelectItemQualifiedWildcardKind, TableFactor,
    TableWithJoins,
};

use super::MARK;
use super::syntax::folded;

/// The name a client sees.
pub(super) fn shown(name: &str) -> &str {
    name.split(MARK).next().unwrap_or(name)
}

/// Whether a name beside a wildcard was marked.
pub(super) fn marked(select: &Select) -> bool {
    let wild = |item: &SelectItem| {
        matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
    };
    let named = |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value.contains(MARK));
    select.projection.iter().any(wild) && select.projection.iter().any(named)
}

/// Whether an output that is no column of that name itself goes by it.
pub(super) fn has(select: &Select, name: &str) -> bool {
    select.projection.iter().any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            let own = match expr {
                Expr::Identifier(own) => Some(own),
                Expr::CompoundIdentifier(parts) => parts.last(),
                _ => None,
            };
            shown(&alias.value) == name && own.is_none_or(|own| folded(own) != name)
        }
        _ => false,
    })
}

/// Takes the marks off names that are unique; `wildcards` are the columns that wildcards stand for.
pub(super) fn unmark(select: &mut Select, wildcards: &[String]) {
    let own = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(folded(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(folded),
        _ => None,
    });
    let names: Vec<String> =
        own.chain(wildcards.iter().cloned()).map(|name| shown(&name).to_owned()).collect();
    for item in &mut select.projection {
        if let SelectItem::ExprWithAlias { alias, .. } = item {
            let name = shown(&alias.value).to_owned();
            // What ends with the mark is hidden from expressions of ORDER BY.
            let unique = names.iter().filter(|other| **other == name).count() == 1;
            if unique && !alias.value.ends_with(MARK) {
                *alias = Ident::with_quote('"', name);
            }
        }
    }
}

/// Takes the marks off those names of a whole list that are unique.
pub(super) fn unmark_names(names: &mut [String]) {
    let all: Vec<String> = names.iter().map(|name| shown(name).to_owned()).collect();
    for (name, plain) in names.iter_mut().zip(&all) {
        if name.contains(MARK) && all.iter().filter(|other| *other == plain).count() == 1 {
            *name = plain.clone();
        }
    }
}

/// A column of a query around goes by its own name where it is an output: the planner calls it otherwise.
pub(super) fn outer(select: &mut Select) {
    let own: Vec<String> = select.from.iter().flat_map(aliases).collect();
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) = item
            && let [.., table, column] = parts.as_slice()
            && !own.contains(&folded(table))
        {
            let alias = Ident::with_quote('"', folded(column));
            let expr = Expr::CompoundIdentifier(parts.clone());
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// What the relations of a FROM clause are called there.
fn aliases(table: &TableWithJoins) -> Vec<String> {
    let joined = table.joins.iter().map(|join| &join.relation);
    let called = |factor: &TableFactor| match factor {
        TableFactor::NestedJoin { table_with_joins, alias: None } => aliases(table_with_joins),
        TableFactor::Table { name, alias: None, .. } => {
            name.0.last().and_then(|part| part.as_ident()).map(folded).into_iter().collect()
        }
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => {
            alias.iter().map(|alias| folded(&alias.name)).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(&table.relation).chain(joined).flat_map(called).collect()
}

/// `t.*` of `FROM s.t`: the planner knows that table by its whole name only.
pub(super) fn qualify(select: &mut Select) {
    let tables = whole_names(&select.from);
    for item in &mut select.projection {
        let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) =
            item
        else {
            continue;
        };
        let [part] = name.0.as_slice() else { continue };
        let Some(wanted) = part.as_ident().map(folded) else { continue };
        let mut found = tables.iter().filter(|(known, _)| *known == wanted);
        if let (Some((_, Some(whole))), None) = (found.next(), found.next()) {
            *name = whole.clone();
        }
    }
}

/// How the items of FROM are called, with the whole name of tables that have a schema and no alias.
fn whole_names(from: &[TableWithJoins]) -> Vec<(String, Option<ObjectName>)> {
    let mut names = Vec::new();
    let factors = from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    for factor in factors {
        match factor {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } => {
                names.push((folded(&alias.name), None));
            }
            TableFactor::Table { name, alias: None, args: None, .. } => {
                let last = name.0.last().and_then(|part| part.as_ident()).map(folded);
                let whole = (name.0.len() == 2).then(|| name.clone());
                names.extend(last.map(|last| (last, whole)));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                names.extend(whole_names(std::slice::from_ref(table_with_joins)));
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::{qualify, unmark, unmark_names};

    #[track_caller]
    fn check(sql: &str, wildcards: &[&str], want: &str) {
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &sql.replace('~', "\u{1}"));
        let Some(Statement::Query(query)) = parsed.expect("a query").pop() else { panic!("{sql}") };
        let SetExpr::Select(mut select) = *query.body else { panic!("{sql}") };
        let wildcards: Vec<String> = wildcards.iter().map(ToString::to_string).collect();
        qualify(&mut select);
        unmark(&mut select, &wildcards);
        assert_eq!(select.to_string().replace('\u{1}', "~"), want, "{sql}");
    }

    #[test]
    fn marks_go_where_names_are_unique() {
        check("SELECT *, 1 AS \"x~1\" FROM t", &["a"], "SELECT *, 1 AS \"x\" FROM t");
        check("SELECT *, 1 AS \"x~1\" FROM t", &["x"], "SELECT *, 1 AS \"x~1\" FROM t");
        let twice = "SELECT *, 1 AS \"x~1\", 2 AS \"x~2\" FROM t";
        check(twice, &["a"], twice);
    }

    #[test]
    fn unique_names_of_a_list_lose_their_marks() {
        let mut names = ["a", "x\u{1}1", "y\u{1}2", "y"].map(str::to_owned);
        unmark_names(&mut names);
        assert_eq!(names, ["a", "x", "y\u{1}2", "y"]);
    }

    #[test]
    fn wildcards_have_whole_names() {
        check("SELECT t.* FROM s.t", &[], "SELECT s.t.* FROM s.t");
        check("SELECT t.* FROM s.t, r.t", &[], "SELECT t.* FROM s.t, r.t");
        check("SELECT u.* FROM s.t AS u", &[], "SELECT u.* FROM s.t AS u");
    }
}
