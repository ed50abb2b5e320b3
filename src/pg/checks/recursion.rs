//! What a recursive query may be (PostgreSQL's parse_cte.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, SetExpr, SetOperator,
    TableFactor, TableWithJoins, Visit, Visitor,
};

use super::calls::{found, is_aggregate};
use super::tables::{factors, folded, read};
use super::{at, start};
use crate::error::{Error, Place, Result};

/// Errors: 42P19 for a query that reads itself without a UNION to grow by, where it may not, or twice, or aggregates what
/// it reads of itself; 0A000 for an order or a count of its rows.
pub(super) fn recursion(cte: &Cte) -> Result<()> {
    let name = folded(&cte.alias.name);
    if !reads(&cte.query, &name) {
        return Ok(());
    }
    let body = cte.query.body.as_ref();
    let SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } = body else {
        let message = format!(
            "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
        );
        return Err(Error::InvalidRecursion(message).near(at(cte.alias.name.span.start)));
    };
    let mut walk = Walk { name: &name, read: false };
    walk.body(left, Some("its non-recursive term"))?;
    walk.body(right, None)?;
    decoration(&cte.query)?;
    if let SetExpr::Select(select) = right.as_ref()
        && factors(&select.from).any(|factor| read(factor).as_deref() == Some(&name))
        && let Some(place) =
            found(&select.projection, is_aggregate).or_else(|| found(&select.having, is_aggregate))
    {
        let message = "aggregate functions are not allowed in a recursive query's recursive term";
        return Err(Error::InvalidRecursion(message.to_owned()).near(place));
    }
    Ok(())
}

/// Errors: 0A000 for clauses around the UNION.
fn decoration(query: &Query) -> Result<()> {
    let refused = |clause: &str, place: Option<Place>| {
        let message = format!("{clause} in a recursive query is not implemented");
        Err(Error::FeatureNotSupported(message).near(place))
    };
    if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order| &order.kind) {
        return refused("ORDER BY", keys.first().and_then(|key| start(&key.expr)));
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
        if let Some(offset) = offset {
            return refused("OFFSET", start(&offset.value));
        }
        if let Some(limit) = limit {
            return refused("LIMIT", start(limit));
        }
    }
    match query.locks.is_empty() {
        true => Ok(()),
        false => refused("FOR UPDATE/SHARE", None),
    }
}

/// A walk over the tables of a term.
struct Walk<'a> {
    /// Of the recursive query.
    name: &'a str,
    /// Whether it was read already.
    read: bool,
}

/// A part of a query where it must not read itself, in words.
type Forbidden = Option<&'static str>;

impl Walk<'_> {
    fn body(&mut self, body: &SetExpr, within: Forbidden) -> Result<()> {
        match body {
            SetExpr::Select(select) => {
                for table in &select.from {
                    self.table(table, within)?;
                }
                let within = Some(within.unwrap_or("a subquery"));
                self.expressions(&select.projection, within)?;
                self.expressions(&select.selection, within)?;
                self.expressions(&select.having, within)?;
                self.expressions(&select.group_by, within)
            }
            SetExpr::Query(query) => self.query(query, within),
            SetExpr::SetOperation { op, left, right, .. } => {
                let (of_left, of_right) = match op {
                    SetOperator::Intersect => (Some("INTERSECT"), Some("INTERSECT")),
                    SetOperator::Except => (None, Some("EXCEPT")),
                    _ => (None, None),
                };
                self.body(left, within.or(of_left))?;
                self.body(right, within.or(of_right))
            }
            _ => Ok(()),
        }
    }

    fn query(&mut self, query: &Query, within: Forbidden) -> Result<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.query(&cte.query, within)?;
        }
        self.body(&query.body, within)
    }

    fn table(&mut self, table: &TableWithJoins, within: Forbidden) -> Result<()> {
        // What stands left of a join is read in the context of the innermost that may leave it out.
        let sides: Vec<(bool, bool)> =
            table.joins.iter().map(|join| nullable(&join.join_operator)).collect();
        let outer = |out: bool| within.or(out.then_some("an outer join"));
        self.factor(&table.relation, outer(sides.iter().any(|(left, _)| *left)))?;
        for (index, join) in table.joins.iter().enumerate() {
            let own = sides.get(index).is_some_and(|(_, right)| *right);
            let later = sides.iter().skip(index + 1).any(|(left, _)| *left);
            self.factor(&join.relation, outer(own || later))?;
            if let Some(JoinConstraint::On(on)) = constraint(&join.join_operator) {
                self.expressions(on, Some(within.unwrap_or("a subquery")))?;
            }
        }
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, within: Forbidden) -> Result<()> {
        match factor {
            TableFactor::Derived { subquery, .. } => self.query(subquery, within),
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.table(table_with_joins, within)
            }
            other if read(other).as_deref() == Some(self.name) => self.found(other, within),
            _ => Ok(()),
        }
    }

    fn found(&mut self, factor: &TableFactor, within: Forbidden) -> Result<()> {
        let where_not = match within {
            Some(within) => format!("within {within}"),
            None if self.read => "more than once".to_owned(),
            None => {
                self.read = true;
                return Ok(());
            }
        };
        let place = match factor {
            TableFactor::Table { name, .. } => {
                name.0.first().and_then(|part| at(part.as_ident()?.span.start))
            }
            _ => None,
        };
        let message =
            format!("recursive reference to query \"{}\" must not appear {where_not}", self.name);
        Err(Error::InvalidRecursion(message).near(place))
    }

    /// Subqueries among expressions.
    fn expressions(&mut self, node: &impl Visit, within: Forbidden) -> Result<()> {
        struct Search<'a>(&'a str);
        impl Visitor for Search<'_> {
            type Break = TableFactor;
            fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<TableFactor> {
                match read(factor).as_deref() == Some(self.0) {
                    true => ControlFlow::Break(factor.clone()),
                    false => ControlFlow::Continue(()),
                }
            }
        }
        match node.visit(&mut Search(self.name)) {
            ControlFlow::Break(factor) => self.found(&factor, within),
            ControlFlow::Continue(()) => Ok(()),
        }
    }
}

/// Which sides of a join may be missing.
fn nullable(operator: &JoinOperator) -> (bool, bool) {
    match operator {
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => (false, true),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (true, false),
        JoinOperator::FullOuter(_) => (true, true),
        _ => (false, false),
    }
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on) => Some(on),
        _ => None,
    }
}

/// Whether `node` reads a table by the bare name `name`.
pub(super) fn reads(node: &impl Visit, name: &str) -> bool {
    struct Search<'a>(&'a str);
    impl Visitor for Search<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match read(factor).as_deref() == Some(self.0) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    node.visit(&mut Search(name)).is_break()
}
