//! What a view means within a query: the plan of its own text, as its owner reads.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::TableReference;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableSource, cast};
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::names::{Names, Read};
use super::parse::{Limits, Statement};
use super::{columns, failure, plan};
use crate::catalog::view::{Known, Of, View};
use crate::error::{Error, Result};
use crate::pg::catalog::index::Entity;
use crate::pg::catalog::views;
use crate::pg::facts::Facts;
use crate::pg::types;

/// Views within views. PostgreSQL has no such limit but its stack; each costs some 50 KiB of a planning thread's.
const NESTING_MAX: usize = 100;

/// Views that one statement may plan: a view that reads another one twice doubles what that means.
const VIEWS_LEN_MAX: usize = 2_000;

/// What the plan of a view is called below the name that a statement gives it, before its OID. A control character, so that no
/// table is called so.
const VIEW: &str = "\u{1}view ";

/// The views that are being planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Within {
    /// How deep they are within each other.
    depth: usize,
    /// How many the statement has planned; shared by all of it.
    count: Rc<Cell<usize>>,
}

/// Whether a plan's name is that of a view.
pub(super) fn is_view(reference: &TableReference) -> bool {
    reference.table().starts_with(VIEW)
}

/// The view that such a name is of.
pub(super) fn entity(reference: &TableReference, facts: &Facts) -> Option<Arc<Entity>> {
    let oid = reference.table().strip_prefix(VIEW)?.parse().ok()?;
    facts.index().relation(oid).cloned()
}

impl Names<'_> {
    /// What a view gives.
    /// Errors: those of its query, and 42804 for columns that have other types than they had when it was made.
    pub(super) fn view(&self, view: &Arc<View>) -> Result<Arc<dyn TableSource>> {
        let count = &self.within.count;
        count.set(count.get() + 1);
        if VIEWS_LEN_MAX < count.get() || NESTING_MAX <= self.within.depth {
            return Err(Error::StatementTooComplex("statement is too complex".to_owned()).detail(
                format!("It may read {VIEWS_LEN_MAX} views, and {NESTING_MAX} within each other."),
            ));
        }
        let facts = Arc::new(self.facts.of_view(view));
        let planned = self.planned(view, &facts);
        let plan = planned.map_err(|error| {
            let error = error.nowhere();
            let told = error.notes().detail.is_some()
                || matches!(error.bare(), Error::InsufficientPrivilege(_));
            match told {
                true => error,
                false => error.detail(format!("View \"{}\" reads it.", view.name)),
            }
        })?;
        Ok(provider_as_source(Arc::new(ViewTable::new(plan, None))))
    }

    fn planned(&self, view: &View, facts: &Arc<Facts>) -> Result<LogicalPlan> {
        let text: Arc<str> = views::text(view, facts).into();
        let fail = |error| failure::of(error, &text);
        let limits = Limits { text_bytes_max: usize::MAX };
        let parsed = self.engine.known.parse(&text, &limits, &|_name| true)?;
        let Some(Statement::Query(query)) = parsed.first().map(|parsed| &parsed.statement) else {
            return Err(Error::Internal(format!("no query: {text}")));
        };
        let mut statement = Ast::Query(query.clone());
        let locate = |_: Location| 1;
        let calls = plan::calls(query, &locate);
        crate::pg::checks::statement(&statement).map_err(|error| failure::placed(error, &text))?;
        crate::pg::rewrite::statement(&mut statement, facts, &locate)
            .map_err(|error| failure::placed(error, &text))?;
        let mut names = Names::new(self.engine, self.state, facts, &calls);
        names.within =
            Within { depth: self.within.depth + 1, count: Rc::clone(&self.within.count) };
        names.cut = Arc::clone(&self.cut);
        let planned = SqlToRel::new_with_options(&names, plan::options())
            .sql_statement_to_plan(statement)
            .and_then(crate::pg::rewrite::planned)
            .map_err(|error| crate::pg::checks::explained(failure::of(error, &text), query))?;
        let read = names.finish();
        if moved(view, facts) {
            self.check_types(view, &planned, &read.0, facts)?;
        }
        self.take_in(read);
        let fields = planned.schema().fields().len();
        if fields != view.columns.fields().len() {
            let (now, then) = (fields, view.columns.fields().len());
            let message = format!("view \"{}\" has {then} columns, and its query {now}", view.name);
            return Err(Error::DatatypeMismatch(message));
        }
        let outputs: Vec<Expr> = planned
            .schema()
            .iter()
            .zip(view.columns.fields())
            .map(|(own, field)| output(own, field))
            .collect();
        let name = TableReference::bare(format!("{VIEW}{}", view.ids.relation));
        let built = LogicalPlanBuilder::from(planned).project(outputs);
        built.and_then(|plan| plan.alias(name)?.build()).map_err(fail)
    }

    /// Errors: 42804 for a column that has another type than it had when the view was made.
    fn check_types(
        &self,
        view: &View,
        planned: &LogicalPlan,
        reads: &[Read],
        facts: &Arc<Facts>,
    ) -> Result<()> {
        let coerced = plan::coerced(planned.clone(), self.state);
        let told = columns::columns(coerced.as_ref().unwrap_or(planned), reads, facts);
        for (now, field) in told.iter().zip(view.columns.fields()) {
            let then = types::of_field(field);
            if now.pg_type.oid == then.oid && now.pg_type.modifier == then.modifier {
                continue;
            }
            let format = |kind: types::PgType| types::format_type(kind.oid, kind.modifier);
            let (now, then) = (format(now.pg_type), format(then));
            let (name, view) = (field.name(), &view.name);
            let message = format!("column \"{name}\" of view \"{view}\" has wrong type");
            return Err(Error::DatatypeMismatch(message)
                .detail(format!("Its query gives {now}, but the view was made with {then}."))
                .hint("Drop the view and create it again."));
        }
        Ok(())
    }
}

/// One column of a view: a constant without a type is text.
fn output(own: (Option<&TableReference>, &Arc<Field>), field: &Field) -> Expr {
    let column = Expr::Column(datafusion::common::Column::from(own));
    let untyped = *own.1.data_type() == DataType::Null;
    match untyped {
        true => cast(column, field.data_type().clone()).alias(field.name()),
        false => column.alias(field.name()),
    }
}

/// Whether a published column that the view needs has another type than it had.
fn moved(view: &View, facts: &Facts) -> bool {
    view.reads.iter().filter(|reading| matches!(reading.of, Of::Named(..))).any(|reading| {
        let Some(entity) = views::relation(reading, facts) else { return false };
        let other = |known: &&Known| {
            let now = entity.columns.iter().find(|column| column.name == known.name);
            now.is_some_and(|now| now.type_oid != known.type_oid || now.modifier != known.modifier)
        };
        reading.columns.iter().filter(|known| known.used).any(|known| other(&known))
    })
}

/// The columns of relations that a plan needs: OIDs and numbers. Those that a view within it needs are not among them.
pub(super) fn used(plan: &LogicalPlan, reads: &[Read], facts: &Facts) -> BTreeSet<(u32, i16)> {
    let mut search = Used { reads, facts, found: BTreeSet::new() };
    search.visit(plan, &[]);
    search.found
}

struct Used<'a> {
    reads: &'a [Read],
    facts: &'a Facts,
    found: BTreeSet<(u32, i16)>,
}

impl Used<'_> {
    /// Visits a plan; `outer` are those that its outer references may be of.
    fn visit(&mut self, plan: &LogicalPlan, outer: &[&LogicalPlan]) {
        if let LogicalPlan::SubqueryAlias(alias) = plan
            && is_view(&alias.alias)
        {
            return;
        }
        let inputs = plan.inputs();
        for expr in plan.expressions() {
            self.expression(&expr, &inputs, outer);
        }
        for input in inputs {
            self.visit(input, outer);
        }
    }

    fn expression(&mut self, expr: &Expr, inputs: &[&LogicalPlan], outer: &[&LogicalPlan]) {
        use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
        let visited = expr.apply(|expr| {
            match expr {
                Expr::Column(column) => self.column(column, inputs),
                Expr::OuterReferenceColumn(_, column) => self.column(column, outer),
                Expr::ScalarSubquery(own) => self.within(&own.subquery, inputs, outer),
                Expr::Exists(own) => self.within(&own.subquery.subquery, inputs, outer),
                Expr::InSubquery(own) => self.within(&own.subquery.subquery, inputs, outer),
                Expr::SetComparison(own) => self.within(&own.subquery.subquery, inputs, outer),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        // It never fails.
        let _done = visited;
    }

    fn within(&mut self, plan: &LogicalPlan, inputs: &[&LogicalPlan], outer: &[&LogicalPlan]) {
        let seen: Vec<&LogicalPlan> = inputs.iter().chain(outer).copied().collect();
        self.visit(plan, &seen);
    }

    fn column(&mut self, column: &datafusion::common::Column, inputs: &[&LogicalPlan]) {
        let origin = inputs.iter().find_map(|input| {
            let index = input.schema().maybe_index_of_column(column)?;
            columns::origin(input, index)
        });
        let place = origin.and_then(|(reference, name)| {
            columns::place(&reference, &name, self.reads, self.facts)
        });
        if let Some(place) = place {
            self.found.insert(place);
        }
    }
}
