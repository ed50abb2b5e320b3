//! `row_to_json(t)`: a table's alias given to a function of JSON stands for the whole row.
//!
//! The planner knows columns only. So the row is spelled out, its columns found where FROM says them: in the catalog, in
//! the list of a subquery, in a WITH. Where they cannot be told, and beside outer joins, whose missing rows would have to
//! be NULL, the alias is left for the planner to refuse.
//!
//! The same columns complete an alias that names fewer than there are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, JoinConstraint,
    JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Statement, TableAlias, TableFactor, Value, Visit, Visitor,
};

use super::clauses;
use super::syntax::{call, folded, function_name};
use super::{natural, outputs};
use crate::pg::facts::Facts;

/// Functions that take a row where they take any value.
const TAKERS: &[&str] = &[
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "row_to_json",
    "to_json",
    "to_jsonb",
];

/// The most columns a list may have (PostgreSQL's `MaxTupleAttributeNumber`). Longer ones are refused later; lists that
/// double one another must not get long here.
const COLUMNS_MAX: usize = 1_664;

/// The columns of aliases by their names.
type Rows = BTreeMap<String, Vec<String>>;

/// What is in scope, innermost last.
pub(super) struct Scopes {
    /// Whether the statement gives a row to a function, or has to know the columns of its
    /// tables; almost none does.
    wanted: bool,
    /// Of each SELECT.
    selects: Vec<Rows>,
    /// Of each WITH.
    withs: Vec<Rows>,
}

impl Scopes {
    pub(super) fn new(statement: &Statement) -> Scopes {
        let wanted = looks_at_rows(statement) || names_columns(statement);
        Scopes { wanted, selects: Vec::new(), withs: Vec::new() }
    }

    pub(super) fn enter_query(&mut self, query: &mut Query, facts: &Facts) {
        if !self.wanted {
            return;
        }
        self.withs.push(Rows::new());
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            let columns = self.of_query(&cte.query, facts);
            let named = columns.map(|columns| renamed(columns, Some(&cte.alias)));
            if let Some(columns) = &named {
                clauses::completed(&mut cte.alias, columns);
            }
            if let (Some(columns), Some(own)) = (named, self.withs.last_mut()) {
                own.insert(folded(&cte.alias.name), columns);
            }
        }
    }

    pub(super) fn leave_query(&mut self) {
        self.withs.pop();
    }

    pub(super) fn enter_select(&mut self, select: &Select, facts: &Facts) {
        if self.wanted {
            let rows = self.of_from(select, facts);
            self.selects.push(rows);
        }
    }

    pub(super) fn leave_select(&mut self) {
        self.selects.pop();
    }

    /// Names the columns that the alias of a table leaves out.
    pub(super) fn complete(&self, factor: &mut TableFactor, facts: &Facts) {
        if !self.wanted {
            return;
        }
        let columns = self.of_factor(factor, facts);
        if let Some((_, columns)) = columns
            && let TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } = factor
        {
            clauses::completed(alias, &columns);
        }
    }

    /// Spells out the rows that are given to a function of JSON.
    pub(super) fn spell_out(&self, function: &mut Function) {
        if !takes_rows(function) {
            return;
        }
        let FunctionArguments::List(list) = &mut function.args else { return };
        for arg in &mut list.args {
            let FunctionArg::Unnamed(value) = arg else { continue };
            if let FunctionArgExpr::Expr(expr) = value
                && let Some(row) = numbered(expr)
            {
                *expr = row;
                continue;
            }
            if let Some(row) = alone(value).and_then(|alias| self.row(alias)) {
                *value = FunctionArgExpr::Expr(row);
            }
        }
    }

    /// Takes the marks off names beside wildcards whose columns are known.
    pub(super) fn unmark(&self, select: &mut Select, facts: &Facts) {
        if self.wanted
            && outputs::marked(select)
            && let Some(columns) = self.of_wildcards(select, facts)
        {
            outputs::unmark(select, &columns);
        }
    }

    /// Spells out natural joins of known columns.
    pub(super) fn spell_out_joins(&self, select: &mut Select, facts: &Facts) {
        if self.wanted && natural::any(select) {
            let columns = |factor: &TableFactor| Some(self.of_factor(factor, facts)?.1);
            select.from.iter_mut().for_each(|table| natural::spell_out(table, &columns));
        }
    }

    /// The columns all wildcards of a list stand for.
    fn of_wildcards(&self, select: &Select, facts: &Facts) -> Option<Vec<String>> {
        let mut columns = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => columns.extend(self.of_all(select, facts)?),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => columns.extend(self.of_qualified(name, select, facts)?),
                SelectItem::QualifiedWildcard(..) => return None,
                _ => {}
            }
            if COLUMNS_MAX < columns.len() {
                return None;
            }
        }
        Some(columns)
    }

    /// What `t.*` stands for.
    fn of_qualified(
        &self,
        name: &ObjectName,
        select: &Select,
        facts: &Facts,
    ) -> Option<Vec<String>> {
        let wanted = folded(name.0.last()?.as_ident()?);
        let joined = select.from.iter().flat_map(|table| {
            let joins = table.joins.iter().map(|join| &join.relation);
            std::iter::once(&table.relation).chain(joins)
        });
        let mut found = joined.filter_map(|factor| self.of_factor(factor, facts));
        found.find(|(alias, _)| *alias == wanted).map(|(_, columns)| columns)
    }

    fn row(&self, alias: &Ident) -> Option<Expr> {
        let name = folded(alias);
        for scope in self.selects.iter().rev() {
            // A column of that name comes first.
            if scope.values().any(|columns| columns.contains(&name)) {
                return None;
            }
            let Some(columns) = scope.get(&name) else { continue };
            let parts = columns.iter().flat_map(|column| {
                let value = vec![alias.clone(), Ident::with_quote('"', column)];
                let key = Value::SingleQuotedString(column.clone());
                [Expr::value(key), Expr::CompoundIdentifier(value)]
            });
            return Some(call("forebay_row", parts.collect()));
        }
        None
    }

    /// The aliases of a FROM whose columns are known; none beside outer joins.
    fn of_from(&self, select: &Select, facts: &Facts) -> Rows {
        let plain = |operator: &JoinOperator| {
            matches!(
                operator,
                JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_)
            )
        };
        let joins = || select.from.iter().flat_map(|table| &table.joins);
        if !joins().all(|join| plain(&join.join_operator)) {
            return Rows::new();
        }
        let tables = select.from.iter().map(|table| &table.relation);
        let factors = tables.chain(joins().map(|join| &join.relation));
        factors.filter_map(|factor| self.of_factor(factor, facts)).collect()
    }

    fn of_factor(&self, factor: &TableFactor, facts: &Facts) -> Option<(String, Vec<String>)> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
                let own = folded(parts.last()?);
                let with = self.withs.iter().rev().find_map(|with| with.get(&own));
                let index = facts.index();
                let entity = |entity: &crate::pg::catalog::index::Entity| {
                    entity.columns.iter().map(|column| column.name.clone()).collect()
                };
                let columns = match parts.as_slice() {
                    [_] => match with {
                        Some(columns) => columns.clone(),
                        None => entity(index.visible(facts, &own)?.as_ref()),
                    },
                    [schema, _] => entity(index.named(&folded(schema), &own)?.as_ref()),
                    _ => return None,
                };
                let known = alias.as_ref().map_or(own, |alias| folded(&alias.name));
                Some((known, renamed(columns, alias.as_ref())))
            }
            TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                let columns = self.of_query(subquery, facts)?;
                Some((folded(&alias.name), renamed(columns, Some(alias))))
            }
            _ => None,
        }
    }

    fn of_query(&self, query: &Query, facts: &Facts) -> Option<Vec<String>> {
        let mut body = query.body.as_ref();
        loop {
            match body {
                SetExpr::SetOperation { left, .. } => body = left,
                SetExpr::Query(inner) => body = inner.body.as_ref(),
                SetExpr::Select(select) => return self.of_list(select, facts),
                SetExpr::Values(values) => {
                    let count = values.rows.first()?.len();
                    return Some((1..=count).map(|number| format!("column{number}")).collect());
                }
                _ => return None,
            }
        }
    }

    fn of_list(&self, select: &Select, facts: &Facts) -> Option<Vec<String>> {
        let mut columns = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => columns.push(folded(alias)),
                SelectItem::UnnamedExpr(Expr::Identifier(name)) => columns.push(folded(name)),
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    columns.push(folded(parts.last()?));
                }
                SelectItem::Wildcard(_) => columns.extend(self.of_all(select, facts)?),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => columns.extend(self.of_qualified(name, select, facts)?),
                _ => return None,
            }
            if COLUMNS_MAX < columns.len() {
                return None;
            }
        }
        Some(columns)
    }

    /// What `*` stands for.
    fn of_all(&self, select: &Select, facts: &Facts) -> Option<Vec<String>> {
        let joins = || select.from.iter().flat_map(|table| &table.joins);
        if joins().any(|join| merges(&join.join_operator)) {
            return None;
        }
        let factors = select.from.iter().flat_map(|table| {
            let joined = table.joins.iter().map(|join| &join.relation);
            std::iter::once(&table.relation).chain(joined)
        });
        let columns: Option<Vec<Vec<String>>> =
            factors.map(|factor| Some(self.of_factor(factor, facts)?.1)).collect();
        columns.map(|columns| columns.concat())
    }
}

/// Whether a join has fewer columns than its sides.
fn merges(operator: &JoinOperator) -> bool {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => {
            matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural)
        }
        _ => true,
    }
}

/// The columns under the names an alias gives to the first of them.
fn renamed(mut columns: Vec<String>, alias: Option<&TableAlias>) -> Vec<String> {
    let names = alias.iter().flat_map(|alias| &alias.columns);
    for (column, name) in columns.iter_mut().zip(names) {
        *column = folded(&name.name);
    }
    columns
}

/// `ROW(a, b)`, whose fields have numbers for names.
fn numbered(expr: &Expr) -> Option<Expr> {
    let items: Vec<Expr> = match expr {
        Expr::Tuple(items) => items.clone(),
        Expr::Function(function) if function_name(&function.name)? == "row" => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let items = list.args.iter().map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(item)) => Some(item.clone()),
                _ => None,
            });
            items.collect::<Option<Vec<Expr>>>()?
        }
        _ => return None,
    };
    let fields = (1..).zip(items).flat_map(|(number, item)| {
        let item = numbered(&item).unwrap_or(item);
        [Expr::value(Value::SingleQuotedString(format!("f{number}"))), item]
    });
    Some(call("forebay_row", fields.collect()))
}

fn takes_rows(function: &Function) -> bool {
    function_name(&function.name).is_some_and(|name| TAKERS.contains(&name.as_str()))
}

/// `t` or `t.*` as an argument.
fn alone(value: &FunctionArgExpr) -> Option<&Ident> {
    match value {
        FunctionArgExpr::Expr(Expr::Identifier(alias)) => Some(alias),
        FunctionArgExpr::QualifiedWildcard(name) => match name.0.as_slice() {
            [alias] => alias.as_ident(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an alias names columns anywhere.
fn names_columns(statement: &Statement) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
            match ctes.into_iter().any(|cte| !cte.alias.columns.is_empty()) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match factor {
                TableFactor::Table { alias: Some(alias), .. }
                | TableFactor::Derived { alias: Some(alias), .. }
                    if !alias.columns.is_empty() =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    statement.visit(&mut Search).is_break()
}

/// Whether a name alone is given to a function of JSON anywhere, or a name stands marked beside a wildcard, or a join is
/// natural.
fn looks_at_rows(statement: &Statement) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            match outputs::marked(select) || natural::any(select) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
            let FunctionArguments::List(list) = &function.args else {
                return ControlFlow::Continue(());
            };
            let is_alone = |arg: &FunctionArg| match arg {
                FunctionArg::Unnamed(value) => alone(value).is_some(),
                _ => false,
            };
            match takes_rows(function) && list.args.iter().any(is_alone) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    statement.visit(&mut Search).is_break()
}
