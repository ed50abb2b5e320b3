//! Joins that the planner takes in fewer places than PostgreSQL, or otherwise.
//!
//! A column that USING merges is the left table's to the planner, also where only the right one has a row, and in WHERE it
//! is ambiguous: so it gets its table, or both. `*` gives merged columns first. A subquery has no plan in the condition of
//! a join: that of an inner join is part of WHERE just as well.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    TableWithJoins, Value, Visit, VisitMut, Visitor, VisitorMut, WildcardAdditionalOptions,
};

use super::syntax::folded;
use crate::error::{Error, Result};

/// Rewrites one SELECT.
/// Errors: 0A000 for a merged column that cannot be told.
pub(super) fn select(select: &mut Select) -> Result<()> {
    let mut conditions = Vec::new();
    for table in &mut select.from {
        lift(table, &mut conditions);
    }
    for condition in conditions {
        select.selection = Some(match select.selection.take() {
            Some(own) => both(own, condition),
            None => condition,
        });
    }
    if select.from.iter().all(|table| table.joins.is_empty()) {
        return Ok(());
    }
    let chains = select.from.iter().map(Chain::of).collect::<Result<Vec<Chain>>>()?;
    let meanings = meanings(&chains);
    let exprs = |meanings: &BTreeMap<String, Meaning>| {
        let pairs = meanings.iter().map(|(name, meaning)| (name.clone(), meaning.expr.clone()));
        pairs.collect::<BTreeMap<String, Expr>>()
    };
    qualify(&mut select.selection, &exprs(&meanings));
    let differing = meanings.into_iter().filter(|(_, meaning)| meaning.differs).collect();
    tell(select, &exprs(&differing));
    spread(select, chains);
    Ok(())
}

/// The order of a query whose SELECT merges columns that it does not give.
pub(super) fn order(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let Ok(chains) = select.from.iter().map(Chain::of).collect::<Result<Vec<Chain>>>() else {
        return;
    };
    let given = |name: &str| {
        select.projection.iter().any(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => folded(alias) == name,
            SelectItem::UnnamedExpr(Expr::Identifier(own)) => folded(own) == name,
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().is_some_and(|own| folded(own) == name)
            }
            _ => false,
        })
    };
    let differing = meanings(&chains)
        .into_iter()
        .filter(|(name, meaning)| meaning.differs && !given(name))
        .map(|(name, meaning)| (name, meaning.expr))
        .collect();
    qualify(&mut query.order_by, &differing);
}

/// The condition of an inner join, if that is what it is.
fn inner(join: &mut Join) -> Option<&mut Expr> {
    match &mut join.join_operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// The condition of a join that has one of its own.
pub(super) fn condition(operator: &mut JoinOperator) -> Option<&mut Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on))
        | JoinOperator::Right(JoinConstraint::On(on))
        | JoinOperator::RightOuter(JoinConstraint::On(on))
        | JoinOperator::FullOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// Moves conditions with subqueries from inner joins to `conditions`, unless a later join makes rows of NULLs from their
/// result.
fn lift(table: &mut TableWithJoins, conditions: &mut Vec<Expr>) {
    let keeps = |join: &Join| {
        matches!(
            join.join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
                | JoinOperator::CrossJoin(_)
        )
    };
    let from = table.joins.iter().rposition(|join| !keeps(join)).map_or(0, |last| last + 1);
    for on in table.joins.iter_mut().skip(from).filter_map(inner) {
        let whole = std::mem::replace(on, truth());
        let (subqueries, others): (Vec<Expr>, Vec<Expr>) =
            conjuncts(whole).into_iter().partition(has_subquery);
        if let Some(rest) = others.into_iter().reduce(both) {
            *on = rest;
        }
        conditions.extend(subqueries);
    }
}

fn truth() -> Expr {
    Expr::value(Value::Boolean(true))
}

fn both(left: Expr, right: Expr) -> Expr {
    let nested = |expr| match expr {
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => Expr::Nested(Box::new(expr)),
        other => other,
    };
    let (left, right) = (Box::new(nested(left)), Box::new(nested(right)));
    Expr::BinaryOp { left, op: BinaryOperator::And, right }
}

fn conjuncts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut all = conjuncts(*left);
            all.extend(conjuncts(*right));
            all
        }
        Expr::Nested(inner) if matches!(*inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) => {
            conjuncts(*inner)
        }
        other => vec![other],
    }
}

fn has_subquery(expr: &Expr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Search).is_break()
}

/// A table as FROM names it.
struct Named {
    /// Before its columns.
    ident: Ident,
    /// Before `.*`.
    whole: ObjectName,
}

impl Named {
    /// `None` for what has no name, and for joins in parentheses.
    fn of(factor: &TableFactor) -> Option<Named> {
        match factor {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } => {
                let whole = ObjectName::from(vec![alias.name.clone()]);
                Some(Named { ident: alias.name.clone(), whole })
            }
            TableFactor::Table { name, args: None, .. } => {
                let ident = name.0.last()?.as_ident()?.clone();
                Some(Named { ident, whole: name.clone() })
            }
            _ => None,
        }
    }

    fn column(&self, column: &Ident) -> Expr {
        Expr::CompoundIdentifier(vec![self.ident.clone(), column.clone()])
    }
}

/// What an unqualified name means that USING has merged.
#[derive(Clone)]
struct Meaning {
    expr: Expr,
    /// Whether the planner, which takes the left table's column, would be wrong where it is not told.
    differs: bool,
}

/// One item of what `*` stands for.
enum Item {
    Merged(String, Box<Expr>),
    Table { whole: ObjectName, without: Vec<String> },
}

/// What the joins of one item of FROM merge.
#[derive(Default)]
struct Chain {
    meanings: BTreeMap<String, Meaning>,
    /// What `*` stands for; `None` where that cannot be told without the tables' columns.
    items: Option<Vec<Item>>,
    /// Whether anything is merged.
    merges: bool,
}

impl Chain {
    /// Errors: 0A000 for a FULL JOIN whose left column cannot be told, and for outer NATURAL joins.
    fn of(table: &TableWithJoins) -> Result<Chain> {
        let first = Named::of(&table.relation);
        let whole = |named: &Named| Item::Table { whole: named.whole.clone(), without: Vec::new() };
        let mut chain =
            Chain { items: first.as_ref().map(|named| vec![whole(named)]), ..Chain::default() };
        let mut left = first;
        for join in &table.joins {
            let right = Named::of(&join.relation);
            let mut merged = Vec::new();
            if let Some((side, columns)) = using(&join.join_operator)? {
                chain.merges = true;
                for column in columns {
                    merged.push(chain.merge(side, column, left.as_ref(), right.as_ref())?);
                }
            }
            chain.append(merged, right.as_ref());
            // What stands left of the next join is no single table.
            left = None;
        }
        Ok(chain)
    }

    /// Merges one column. Returns its name and what it means, where that can be told.
    fn merge(
        &mut self,
        side: Side,
        column: &Ident,
        left: Option<&Named>,
        right: Option<&Named>,
    ) -> Result<(String, Option<Meaning>)> {
        let name = folded(column);
        let before =
            self.meanings.get(&name).cloned().or_else(|| {
                left.map(|table| Meaning { expr: table.column(column), differs: false })
            });
        let own = right.map(|table| table.column(column));
        let unknown = || {
            Error::FeatureNotSupported(format!(
                "merged column \"{name}\" of such a join is not supported"
            ))
            .hint("Give the joined tables aliases, and join them with ON.")
        };
        // The planner knows two columns for one, not three.
        let again = self.meanings.contains_key(&name);
        let told = |meaning: Meaning| Meaning { differs: meaning.differs || again, ..meaning };
        let meaning = match side {
            Side::Right => Some(Meaning { expr: own.ok_or_else(unknown)?, differs: true }),
            Side::Full => {
                let sides = vec![before.ok_or_else(unknown)?.expr, own.ok_or_else(unknown)?];
                Some(Meaning { expr: super::syntax::call("coalesce", sides), differs: true })
            }
            // Equal on both sides.
            Side::Inner => before.or(own.map(|expr| Meaning { expr, differs: false })).map(told),
            Side::Left => before.map(told),
        };
        if let Some(meaning) = &meaning {
            self.meanings.insert(name.clone(), meaning.clone());
        }
        Ok((name, meaning))
    }

    /// Merged columns come first, then what is left of both sides.
    fn append(&mut self, merged: Vec<(String, Option<Meaning>)>, right: Option<&Named>) {
        let (Some(mut items), Some(right)) = (self.items.take(), right) else { return };
        let mut front = Vec::new();
        for (name, meaning) in &merged {
            let Some(meaning) = meaning else { return };
            let at =
                items.iter().position(|item| matches!(item, Item::Merged(own, _) if own == name));
            match (at, items.as_mut_slice()) {
                (Some(at), _) => drop(items.remove(at)),
                (None, [Item::Table { without, .. }]) => without.push(name.clone()),
                // Of several tables, whose column it is cannot be told.
                _ => return,
            }
            front.push(Item::Merged(name.clone(), Box::new(meaning.expr.clone())));
        }
        let without = merged.into_iter().map(|(name, _)| name).collect();
        front.extend(items);
        front.push(Item::Table { whole: right.whole.clone(), without });
        self.items = Some(front);
    }
}

#[derive(Clone, Copy)]
enum Side {
    Inner,
    Left,
    Right,
    Full,
}

/// The columns a join merges, and which of its sides stays whole.
/// Errors: 0A000 for RIGHT and FULL joins that are NATURAL.
fn using(operator: &JoinOperator) -> Result<Option<(Side, Vec<&Ident>)>> {
    let (side, constraint) = match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
            (Side::Inner, constraint)
        }
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
            (Side::Left, constraint)
        }
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
            (Side::Right, constraint)
        }
        JoinOperator::FullOuter(constraint) => (Side::Full, constraint),
        _ => return Ok(None),
    };
    match (side, constraint) {
        (_, JoinConstraint::Using(columns)) => {
            let idents = columns.iter().filter_map(|column| column.0.last()?.as_ident());
            Ok(Some((side, idents.collect())))
        }
        (Side::Right | Side::Full, JoinConstraint::Natural) => {
            let message = "NATURAL RIGHT and NATURAL FULL JOIN are not supported".to_owned();
            Err(Error::FeatureNotSupported(message).hint("Name the columns with USING."))
        }
        _ => Ok(None),
    }
}

/// What names mean that several items of FROM have merged: in two of them a name is ambiguous indeed.
fn meanings(chains: &[Chain]) -> BTreeMap<String, Meaning> {
    let mut names: BTreeMap<String, Option<Meaning>> = BTreeMap::new();
    for (name, meaning) in chains.iter().flat_map(|chain| &chain.meanings) {
        let known = names.entry(name.clone());
        known.and_modify(|known| *known = None).or_insert_with(|| Some(meaning.clone()));
    }
    names.into_iter().filter_map(|(name, meaning)| Some((name, meaning?))).collect()
}

/// `*` as PostgreSQL orders it.
fn spread(select: &mut Select, chains: Vec<Chain>) {
    if !chains.iter().any(|chain| chain.merges) || chains.iter().any(|chain| chain.items.is_none())
    {
        return;
    }
    let is_all = |item: &SelectItem| matches!(item, SelectItem::Wildcard(options) if *options == WildcardAdditionalOptions::default());
    let Some(at) = select.projection.iter().position(is_all) else { return };
    if select.projection.iter().filter(|item| is_all(item)).count() > 1 {
        return;
    }
    let items = chains.into_iter().flat_map(|chain| chain.items.unwrap_or_default());
    let items: Vec<SelectItem> = items.map(Item::selected).collect();
    select.projection.splice(at..=at, items);
}

impl Item {
    fn selected(self) -> SelectItem {
        match self {
            Item::Merged(name, expr) if named(&expr) == Some(&name) => {
                SelectItem::UnnamedExpr(*expr)
            }
            Item::Merged(name, expr) => {
                SelectItem::ExprWithAlias { expr: *expr, alias: Ident::with_quote('"', name) }
            }
            Item::Table { whole, without } => {
                let quoted = |name| ObjectName::from(vec![Ident::with_quote('"', name)]);
                let without: Vec<ObjectName> = without.into_iter().map(quoted).collect();
                let exclude = (!without.is_empty()).then_some(ExcludeSelectItem::Multiple(without));
                let options =
                    WildcardAdditionalOptions { opt_exclude: exclude, ..Default::default() };
                let kind = SelectItemQualifiedWildcardKind::ObjectName(whole);
                SelectItem::QualifiedWildcard(kind, options)
            }
        }
    }
}

fn named(expr: &Expr) -> Option<&String> {
    match expr {
        Expr::CompoundIdentifier(parts) => parts.last().map(|last| &last.value),
        _ => None,
    }
}

/// The outputs, groups and conditions where the planner would take the wrong column.
fn tell(select: &mut Select, meanings: &BTreeMap<String, Expr>) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr @ Expr::Identifier(_)) = item
            && let Expr::Identifier(name) = &*expr
            && let Some(meaning) = meanings.get(&folded(name))
        {
            let alias = Ident::with_quote('"', folded(name));
            *item = SelectItem::ExprWithAlias { expr: meaning.clone(), alias };
            continue;
        }
        qualify(item, meanings);
    }
    qualify(&mut select.group_by, meanings);
    qualify(&mut select.having, meanings);
    qualify(&mut select.distinct, meanings);
    qualify(&mut select.named_window, meanings);
}

fn qualify(node: &mut impl VisitMut, meanings: &BTreeMap<String, Expr>) {
    struct Qualify<'a> {
        depth: usize,
        meanings: &'a BTreeMap<String, Expr>,
    }
    impl VisitorMut for Qualify<'_> {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            // Inside a subquery the name may be one of its own.
            if self.depth == 0
                && let Expr::Identifier(name) = expr
                && let Some(meaning) = self.meanings.get(&folded(name))
            {
                *expr = meaning.clone();
            }
            ControlFlow::Continue(())
        }
    }
    if !meanings.is_empty() {
        // The visitor never breaks.
        let _done = node.visit(&mut Qualify { depth: 0, meanings });
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(from: &str, want: &str) {
        let sql = format!("SELECT 1 FROM {from}");
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, &sql).expect("a statement");
        let Some(Statement::Query(query)) = statements.first_mut() else { panic!("no query") };
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("no select") };
        super::select(select).expect("merged");
        assert_eq!(query.to_string(), format!("SELECT 1 FROM {want}"));
    }

    fn check_list(sql: &str, want: &str) {
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("a statement");
        let Some(Statement::Query(query)) = statements.first_mut() else { panic!("no query") };
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("no select") };
        super::select(select).expect("merged");
        let list: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
        assert_eq!(list.join(", "), want, "{sql}");
    }

    #[test]
    fn outputs_are_of_the_side_that_has_them() {
        check_list("SELECT k, k + 1 FROM a RIGHT JOIN b USING (k)", "b.k AS \"k\", b.k + 1");
        check_list("SELECT K FROM a FULL JOIN b USING (k)", "coalesce(a.k, b.k) AS \"k\"");
        check_list("SELECT k FROM a LEFT JOIN b USING (k)", "k");
        check_list(
            "SELECT * FROM a FULL JOIN b USING (k)",
            "coalesce(a.k, b.k) AS \"k\", a.* EXCLUDE (\"k\"), b.* EXCLUDE (\"k\")",
        );
        check_list(
            "SELECT * FROM s.a JOIN b USING (k) JOIN c ON true, d",
            "a.k, s.a.* EXCLUDE (\"k\"), b.* EXCLUDE (\"k\"), c.*, d.*",
        );
        check_list("SELECT * FROM a JOIN b USING (k) JOIN c USING (m)", "*");
        check_list("SELECT * FROM a JOIN b ON true", "*");
    }

    #[test]
    fn merged_columns_get_their_table() {
        check(
            "a JOIN b USING (x) WHERE x = 1 AND y = 2",
            "a JOIN b USING(x) WHERE a.x = 1 AND y = 2",
        );
        check(
            "s.a LEFT JOIN b USING (X) WHERE \"x\" = 1",
            "s.a LEFT JOIN b USING(X) WHERE a.X = 1",
        );
        check(
            "a RIGHT JOIN b AS c USING (x) WHERE x = 1",
            "a RIGHT JOIN b AS c USING(x) WHERE c.x = 1",
        );
        check(
            "a FULL JOIN b USING (x) WHERE x = 1",
            "a FULL JOIN b USING(x) WHERE coalesce(a.x, b.x) = 1",
        );
        check(
            "a JOIN b USING (x) JOIN c USING (x, y) WHERE x = y",
            "a JOIN b USING(x) JOIN c USING(x, y) WHERE a.x = c.y",
        );
        check(
            "a JOIN b USING (x) LEFT JOIN c USING (y) WHERE y = 1",
            "a JOIN b USING(x) LEFT JOIN c USING(y) WHERE y = 1",
        );
        check(
            "a JOIN b USING (x) WHERE EXISTS (SELECT x FROM c)",
            "a JOIN b USING(x) WHERE EXISTS (SELECT x FROM c)",
        );
    }

    #[test]
    fn subqueries_leave_inner_joins() {
        check(
            "a JOIN b ON a.x = b.x AND b.y = (SELECT 1) LEFT JOIN c ON c.x = (SELECT 2) WHERE p OR q",
            "a JOIN b ON a.x = b.x LEFT JOIN c ON c.x = (SELECT 2) WHERE (p OR q) AND b.y = (SELECT 1)",
        );
        check("a JOIN b ON a.x IN (SELECT 1)", "a JOIN b ON true WHERE a.x IN (SELECT 1)");
        check(
            "a JOIN b ON a.x IN (SELECT 1) FULL JOIN c ON true",
            "a JOIN b ON a.x IN (SELECT 1) FULL JOIN c ON true",
        );
    }
}
