//! Aliases in FROM that name fewer columns than there are.

use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::sql::sqlparser::ast::{Expr, Ident, TableAlias, TableAliasColumnDef, TableFactor};

use super::rows::COMPARED;
use super::syntax::{MATCHES, call, null};
use crate::error::Error;

/// As planners are registered.
pub(super) fn planners() -> Vec<Arc<dyn RelationPlanner>> {
    vec![Arc::new(Aliases)]
}

/// Completes the columns of aliases: the planner wants all of them.
#[derive(Debug)]
struct Aliases;

impl RelationPlanner for Aliases {
    /// Errors: 42P10 for an alias of more columns; 42601 for a subquery of other columns than the row it is compared
    /// with.
    fn plan_relation(
        &self,
        mut relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some(alias) = named(&mut relation) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let Some(mut alias) = alias.take_if(|alias| !alias.columns.is_empty()) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = planned(relation, context)?;
        let available = plan.schema().fields().len();
        let specified = alias.columns.len();
        let wrong = if alias.name.value == COMPARED && available != specified {
            let few = if available < specified { "few" } else { "many" };
            Some(Error::Syntax(format!("subquery has too {few} columns")))
        } else if available < specified {
            Some(Error::InvalidColumnReference(format!(
                "table \"{}\" has {available} columns available but {specified} columns specified",
                alias.name.value
            )))
        } else {
            None
        };
        if let Some(error) = wrong {
            return Err(DataFusionError::External(Box::new(error)));
        }
        for field in plan.schema().fields().iter().skip(specified) {
            let name = Ident::with_quote('"', field.name());
            alias.columns.push(TableAliasColumnDef { name, data_type: None });
        }
        let planned = PlannedRelation::new(plan, Some(alias));
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

/// The plan of a relation without its alias. Elements of lists are of the types their lists say: operators between them
/// are found by those.
fn planned(
    mut relation: TableFactor,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    if !matches!(relation, TableFactor::UNNEST { .. }) {
        return context.plan(relation);
    }
    let mut plan = context.plan(relation.clone())?;
    if super::plan::unnests_lists(&plan)
        && let TableFactor::UNNEST { array_exprs, .. } = &mut relation
    {
        // An array of several dimensions is taken apart down to its elements.
        for list in array_exprs.iter_mut().filter(|list| !has_array_rows(list)) {
            let own = std::mem::replace(list, null());
            *list = call("forebay_flatten", vec![own]);
        }
        plan = context.plan(relation)?;
    }
    super::plan::told(plan)
}

/// Whether it is the call of a function whose rows are arrays: they stay whole.
fn has_array_rows(list: &Expr) -> bool {
    matches!(list, Expr::Function(function) if function.name.to_string() == MATCHES)
}

fn named(relation: &mut TableFactor) -> Option<&mut Option<TableAlias>> {
    match relation {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => Some(alias),
        _ => None,
    }
}
