//! A table's alias where a value stands: it means the whole row, in `row_to_json(t)`, `SELECT t`, `(t).a`.
//!
//! The planner knows columns only. So the row is spelled out, its columns found where FROM says them: in the catalog, in
//! the list of a subquery, in a WITH. Where they cannot be told the alias is left for the planner to refuse; so it is on the
//! side of an outer join that may be missing, unless a column that never is NULL tells so; a subquery gets one
//! ([`super::presence`]).
//!
//! The same columns complete the alias of a WITH that names fewer than there are; in FROM [`super::relations`] does so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectName, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value, Visit, Visitor,
};

use super::syntax::{call, folded, function_name};
use super::{natural, outputs, presence};
use crate::error::{Error, Place, Result};
use crate::pg::catalog::index::Entity;
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

/// The columns of a WITH by its name.
type Rows = BTreeMap<String, Vec<String>>;

/// A table's row.
#[derive(Debug, Clone)]
struct Row {
    columns: Vec<String>,
    /// The number of its type, 0 when it has none.
    row_type: u32,
    /// A column that is never NULL.
    not_null: Option<String>,
    /// Whether an outer join may leave it out.
    may_miss: bool,
    /// Whether it is a function's of plain values: the alias means the value then (`makeWholeRowVar`).
    plain: bool,
}

/// What a SELECT has in scope.
#[derive(Debug, Default)]
struct Scope {
    rows: BTreeMap<String, Row>,
    /// Whether the columns of everything in FROM are known.
    complete: bool,
}

/// What is in scope, innermost last.
pub(super) struct Scopes {
    /// Whether the statement has to know the columns of its tables; few do.
    wanted: bool,
    /// Of each SELECT.
    selects: Vec<Scope>,
    /// Of each WITH.
    withs: Vec<Rows>,
}

impl Scopes {
    pub(super) fn new(statement: &Statement) -> Scopes {
        Scopes { wanted: looks_at_rows(statement), selects: Vec::new(), withs: Vec::new() }
    }

    pub(super) fn enter_query(&mut self, query: &mut Query, facts: &Facts) {
        if !self.wanted {
            return;
        }
        self.withs.push(Rows::new());
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            let columns = self.of_query(&cte.query, facts);
            let named = columns.map(|columns| Row::of(columns).renamed(Some(&cte.alias)).columns);
            if let Some(columns) = &named {
                complete(&mut cte.alias, columns);
            }
            if let (Some(columns), Some(own)) = (named, self.withs.last_mut()) {
                own.insert(folded(&cte.alias.name), columns);
            }
        }
    }

    pub(super) fn leave_query(&mut self) {
        self.withs.pop();
    }

    pub(super) fn enter_select(&mut self, select: &mut Select, facts: &Facts) {
        if self.wanted {
            presence::tell(select);
            let scope = self.of_from(select, facts);
            self.selects.push(scope);
        }
    }

    /// Gives outputs that are rows their names, and tells keys of GROUP BY that are none.
    pub(super) fn name_outputs(&self, select: &mut Select) {
        if !self.wanted {
            return;
        }
        let mut keys = std::mem::replace(&mut select.group_by, GroupByExpr::All(Vec::new()));
        if let GroupByExpr::Expressions(keys, _) = &mut keys {
            for key in keys {
                // Rows are equal where all their columns are.
                if let Expr::QualifiedWildcard(name, _) = &*key
                    && let [alias] = name.0.as_slice()
                    && let Some(alias) = alias.as_ident().filter(|alias| self.row(alias).is_some())
                {
                    *key = Expr::Identifier(alias.clone());
                    continue;
                }
                if let Expr::Identifier(alias) = &*key
                    && self.value(alias).is_some()
                    && let Some(position) = output(select, alias)
                {
                    *key = Expr::value(Value::Number((position + 1).to_string(), false));
                }
            }
        }
        select.group_by = keys;
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr @ Expr::Identifier(_)) = item
                && let Expr::Identifier(alias) = &*expr
                && self.value(alias).is_some()
            {
                *item = SelectItem::ExprWithAlias { alias: alias.clone(), expr: expr.clone() };
            }
        }
    }

    pub(super) fn leave_select(&mut self) {
        self.selects.pop();
    }

    /// Spells out the rows that are given to a function of JSON.
    pub(super) fn spell_out(&self, function: &mut Function) {
        if !takes_rows(function) {
            return;
        }
        let FunctionArguments::List(list) = &mut function.args else { return };
        for arg in &mut list.args {
            let FunctionArg::Unnamed(value) = arg else { continue };
            if let Some(row) = alone(value).and_then(|alias| self.row(alias)) {
                *value = FunctionArgExpr::Expr(row);
            }
        }
    }

    /// The row an alias means where a value stands, in a SELECT whose columns are all known.
    pub(super) fn value(&self, alias: &Ident) -> Option<Expr> {
        let (row, sure) = self.found(alias)?;
        if sure { row.value(alias) } else { None }
    }

    /// `(t).a` as `t.a`, `t IS NULL` as a test of its columns.
    pub(super) fn name_columns(&self, expr: &mut Expr) {
        match expr {
            Expr::CompoundFieldAccess { root, access_chain } => {
                if let Expr::Nested(inner) = root.as_ref()
                    && let Expr::Identifier(alias) = inner.as_ref()
                    && let Some(AccessExpr::Dot(Expr::Identifier(column))) = access_chain.first()
                    && let Some((Row { plain: false, .. }, true)) = self.found(alias)
                {
                    let column = Expr::CompoundIdentifier(vec![alias.clone(), column.clone()]);
                    access_chain.remove(0);
                    match access_chain.is_empty() {
                        true => *expr = column,
                        false => **root = column,
                    }
                }
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                if let Expr::Identifier(alias) = inner.as_ref()
                    && let Some((row, true)) = self.found(alias)
                {
                    let columns = row.columns.iter().map(|column| {
                        let column = Ident::with_quote('"', column);
                        Expr::CompoundIdentifier(vec![alias.clone(), column])
                    });
                    **inner = Expr::Tuple(columns.collect());
                }
            }
            _ => {}
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

    /// Errors: 42702 for a key that names a column beside which an output of that name stands.
    pub(super) fn ordered(&self, query: &Query, facts: &Facts) -> Result<()> {
        let SetExpr::Select(select) = query.body.as_ref() else { return Ok(()) };
        let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order| &order.kind)
        else {
            return Ok(());
        };
        if !self.wanted || !outputs::marked(select) {
            return Ok(());
        }
        let columns = self.of_wildcards(select, facts).unwrap_or_default();
        for key in keys {
            if let Expr::Identifier(ident) = &key.expr
                && columns.contains(&folded(ident))
                && outputs::has(select, &folded(ident))
            {
                let start = ident.span.start;
                let place = (0 < start.line).then_some(Place::At(start.line, start.column));
                return Err(Error::AmbiguousKey(folded(ident)).near(place));
            }
        }
        Ok(())
    }

    /// Spells out natural joins of known columns.
    /// Errors: as [`natural::spell_out`].
    pub(super) fn spell_out_joins(&self, select: &mut Select, facts: &Facts) -> Result<()> {
        if !self.wanted || !natural::any(select) {
            return Ok(());
        }
        let columns = |factor: &TableFactor| Some(self.of_factor(factor, facts)?.1.columns);
        select.from.iter_mut().try_for_each(|table| natural::spell_out(table, &columns))
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
        found.find(|(alias, _)| *alias == wanted).map(|(_, row)| row.columns)
    }

    fn row(&self, alias: &Ident) -> Option<Expr> {
        self.found(alias)?.0.value(alias)
    }

    /// The row of that name, and whether no column can be meant: one comes first.
    fn found(&self, alias: &Ident) -> Option<(&Row, bool)> {
        let name = folded(alias);
        let mut sure = true;
        for scope in self.selects.iter().rev() {
            sure &= scope.complete;
            if scope.rows.values().any(|row| row.columns.contains(&name)) {
                return None;
            }
            if let Some(row) = scope.rows.get(&name) {
                return Some((row, sure));
            }
        }
        None
    }

    fn of_from(&self, select: &Select, facts: &Facts) -> Scope {
        let mut scope = Scope { complete: true, ..Scope::default() };
        for table in &select.from {
            self.of_table(table, facts, &mut scope);
        }
        scope
    }

    /// Adds the tables of one item of FROM.
    fn of_table(&self, table: &TableWithJoins, facts: &Facts, scope: &mut Scope) {
        let mut own = Scope { complete: true, ..Scope::default() };
        let add = |factor: &TableFactor, may_miss: bool, own: &mut Scope| match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                let mut inner = Scope { complete: true, ..Scope::default() };
                self.of_table(table_with_joins, facts, &mut inner);
                own.complete &= inner.complete;
                inner.rows.values_mut().for_each(|row| row.may_miss |= may_miss);
                own.rows.extend(inner.rows);
            }
            factor => match self.of_factor(factor, facts) {
                Some((name, row)) => drop(own.rows.insert(name, Row { may_miss, ..row })),
                None => own.complete = false,
            },
        };
        add(&table.relation, false, &mut own);
        for join in &table.joins {
            let (left, right) = missing(&join.join_operator);
            own.rows.values_mut().for_each(|row| row.may_miss |= left);
            let before: BTreeSet<String> = own.rows.keys().cloned().collect();
            add(&join.relation, right, &mut own);
            let Some(condition) = condition(&join.join_operator) else { continue };
            for (name, row) in &mut own.rows {
                // Rows of a side that stays without a match have met no condition.
                let met = if before.contains(name) { !right } else { !left };
                if met && row.not_null.is_none() {
                    row.not_null = compared(condition, name);
                }
            }
        }
        scope.complete &= own.complete;
        scope.rows.extend(own.rows);
    }

    fn of_factor(&self, factor: &TableFactor, facts: &Facts) -> Option<(String, Row)> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
                let own = folded(parts.last()?);
                let with = self.withs.iter().rev().find_map(|with| with.get(&own));
                let index = facts.index();
                let row = match parts.as_slice() {
                    [_] => match with {
                        Some(columns) => Row::of(columns.clone()),
                        None => Row::of_entity(index.visible(facts, &own)?.as_ref()),
                    },
                    [schema, _] => Row::of_entity(index.named(&folded(schema), &own)?.as_ref()),
                    _ => return None,
                };
                let known = alias.as_ref().map_or(own, |alias| folded(&alias.name));
                Some((known, row.renamed(alias.as_ref())))
            }
            TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                let mut columns = self.of_query(subquery, facts)?;
                let name = folded(&alias.name);
                let there = presence::column(&name);
                let told = columns.iter().position(|column| *column == there);
                told.map(|position| columns.remove(position));
                let row = Row { not_null: told.map(|_| there), ..Row::of(columns) };
                Some((name, row.renamed(Some(alias))))
            }
            TableFactor::Table { args: Some(_), .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. } => {
                let mut factor = factor.clone();
                super::from::factor(&mut factor);
                let (TableFactor::Table { alias, .. }
                | TableFactor::Derived { alias, .. }
                | TableFactor::UNNEST { alias, .. }) = factor
                else {
                    return None;
                };
                let alias = alias.filter(|alias| !alias.columns.is_empty())?;
                let columns = alias.columns.iter().map(|column| folded(&column.name)).collect();
                let mut row = Row::of(columns);
                row.plain = row.columns.len() == 1;
                Some((folded(&alias.name), row))
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
        if outputs::marked(select) {
            // They lose their marks once all of that SELECT is read.
            outputs::unmark_names(&mut columns);
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
            factors.map(|factor| Some(self.of_factor(factor, facts)?.1.columns)).collect();
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

impl Row {
    fn of(columns: Vec<String>) -> Row {
        Row { columns, row_type: 0, not_null: None, may_miss: false, plain: false }
    }

    fn of_entity(entity: &Entity) -> Row {
        let not_null = entity.columns.iter().find(|column| column.not_null);
        Row {
            columns: entity.columns.iter().map(|column| column.name.clone()).collect(),
            row_type: entity.ids.row_type,
            not_null: not_null.map(|column| column.name.clone()),
            may_miss: false,
            plain: false,
        }
    }

    /// Under the names an alias gives to the first columns.
    fn renamed(mut self, alias: Option<&TableAlias>) -> Row {
        let names = alias.iter().flat_map(|alias| &alias.columns);
        for (column, name) in self.columns.iter_mut().zip(names) {
            if self.not_null.as_ref() == Some(column) {
                self.not_null = Some(folded(&name.name));
            }
            *column = folded(&name.name);
        }
        self
    }

    /// The row as one value; `None` where it cannot be told whether there is one.
    fn value(&self, alias: &Ident) -> Option<Expr> {
        let text = |text: String| Expr::value(Value::SingleQuotedString(text));
        let column = |name: &String| {
            Expr::CompoundIdentifier(vec![alias.clone(), Ident::with_quote('"', name)])
        };
        if let (true, [only]) = (self.plain, self.columns.as_slice()) {
            return Some(column(only));
        }
        let fields = self.columns.iter().flat_map(|name| [text(name.clone()), column(name)]);
        let there = match self.may_miss {
            true => Expr::IsNotNull(Box::new(column(self.not_null.as_ref()?))),
            false => Expr::value(Value::Boolean(true)),
        };
        let parts = [text(self.row_type.to_string()), there].into_iter().chain(fields);
        Some(call("forebay_record", parts.collect()))
    }
}

/// The position of an output that a key of GROUP BY means, though a table has its name: `SELECT t.a AS t … GROUP BY t`.
fn output(select: &Select, key: &Ident) -> Option<usize> {
    select.projection.iter().position(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            folded(alias) == folded(key)
                && !matches!(expr, Expr::Identifier(own) if folded(own) == folded(key))
        }
        _ => false,
    })
}

/// Names the columns an alias leaves out: `w (a)` of two columns keeps the name of the second.
fn complete(alias: &mut TableAlias, columns: &[String]) {
    let named = alias.columns.len();
    if named == 0 {
        return;
    }
    let rest = columns.iter().skip(named).map(|column| {
        let name = Ident::with_quote('"', column);
        TableAliasColumnDef { name, data_type: None }
    });
    alias.columns.extend(rest);
}

/// What rows of both sides of a join meet.
fn condition(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(condition))
        | JoinOperator::Inner(JoinConstraint::On(condition))
        | JoinOperator::Left(JoinConstraint::On(condition))
        | JoinOperator::LeftOuter(JoinConstraint::On(condition))
        | JoinOperator::Right(JoinConstraint::On(condition))
        | JoinOperator::RightOuter(JoinConstraint::On(condition)) => Some(condition),
        _ => None,
    }
}

/// A column of `table` that is not NULL where `condition` holds: it is compared with something.
fn compared(condition: &Expr, table: &str) -> Option<String> {
    let column = |side: &Expr| match side {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [own, column] if folded(own) == table => Some(folded(column)),
            _ => None,
        },
        _ => None,
    };
    match condition {
        Expr::Nested(inner) => compared(inner, table),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            compared(left, table).or_else(|| compared(right, table))
        }
        Expr::BinaryOp {
            left,
            op:
                BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq,
            right,
        } => column(left).or_else(|| column(right)),
        _ => None,
    }
}

/// Which sides of a join may be missing.
fn missing(operator: &JoinOperator) -> (bool, bool) {
    match operator {
        JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_) => {
            (false, false)
        }
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => (false, true),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (true, false),
        _ => (true, true),
    }
}

fn takes_rows(function: &Function) -> bool {
    function_name(&function.name).is_some_and(|name| TAKERS.contains(&name.as_str()))
}

/// `t` or `t.*` as an argument.
pub(super) fn alone(value: &FunctionArgExpr) -> Option<&Ident> {
    match value {
        FunctionArgExpr::Expr(Expr::Identifier(alias)) => Some(alias),
        FunctionArgExpr::QualifiedWildcard(name) => match name.0.as_slice() {
            [alias] => alias.as_ident(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a name that a table has stands alone anywhere, the alias of a WITH names columns, a name stands marked beside a
/// wildcard, or a join is natural.
fn looks_at_rows(statement: &Statement) -> bool {
    #[derive(Default)]
    struct Search {
        tables: BTreeSet<String>,
        alone: BTreeSet<String>,
    }
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
            match ctes.into_iter().any(|cte| !cte.alias.columns.is_empty()) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            match outputs::marked(select) || natural::any(select) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let (name, alias) = match factor {
                TableFactor::Table { name, alias, .. }
                | TableFactor::Function { name, alias, .. } => (name.0.last(), alias),
                TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
                    (None, alias)
                }
                _ => return ControlFlow::Continue(()),
            };
            let name = name.and_then(|part| part.as_ident());
            let known = alias.as_ref().map(|alias| &alias.name).or(name);
            self.tables.extend(known.map(folded));
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(name) => drop(self.alone.insert(folded(name))),
                // A key of GROUP BY.
                Expr::QualifiedWildcard(name, _) => {
                    self.alone.extend(name.0.iter().filter_map(|part| part.as_ident()).map(folded));
                }
                Expr::Function(function) => {
                    if let FunctionArguments::List(list) = &function.args {
                        let values = list.args.iter().filter_map(|arg| match arg {
                            FunctionArg::Unnamed(value) => alone(value),
                            _ => None,
                        });
                        self.alone.extend(values.map(folded));
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut search = Search::default();
    statement.visit(&mut search).is_break()
        || search.tables.intersection(&search.alone).next().is_some()
}
