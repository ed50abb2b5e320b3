//! PostgreSQL constructs that DataFusion's planner lacks, said in those it has. An answer never changes: what cannot
//! be said is refused with 0A000.
//!
//! Three places: the statement before planning ([`statement`]), expressions while their types are being found
//! ([`expr_planners`], [`Types`]), and the plan before it is optimised ([`plan()`]).
//!
//! Imports: error, pg::apply, pg::decode, pg::encode, pg::facts, pg::functions, pg::types. Used by: query.

mod alike;
mod arithmetic;
mod array;
mod calls;
mod candidates;
mod cases;
mod casts;
mod chains;
mod clauses;
mod common;
mod composites;
mod correlated;
mod dependent;
mod digits;
mod equal;
mod from;
mod grouping_sets;
mod joins;
mod keyed;
mod keys;
mod kinds;
mod lateral;
mod listed;
mod literals;
mod mixed;
mod moments;
mod natural;
mod nullability;
mod operators;
mod outputs;
mod parameters;
mod patterns;
mod plan;
mod presence;
mod pushed;
mod records;
mod recursion;
mod relations;
mod results;
mod rows;
mod scalars;
mod signatures;
mod sortable;
mod syntax;
mod system_columns;
mod terms;
mod ties;
mod told;
mod types;
mod unions;
mod unknowns;
mod unnesting;
mod values;
mod variadic;
mod whole_rows;
mod windows;
mod written;
mod zones;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::{ExprPlanner, RelationPlanner};
use datafusion::sql::sqlparser::ast::{DataType as SqlType, Expr, Query, Statement};
use datafusion::sql::sqlparser::tokenizer::Location;

pub(crate) use self::equal::FIRST;
pub use self::types::Types;
use super::facts::Facts;
use crate::error::Result;

/// Stands between the name of an output and the number that makes it unique. A control character, so that no name
/// contains it.
pub const MARK: char = '\u{1}';

/// The name of an output `(f(x)).*`, which stands for all fields of the value.
pub const ALL_FIELDS: &str = "\u{1}*";

/// What the name of a table ends with whose rows are asked for their places: it has a column `ctid` then.
pub const PLACED: &str = "\u{1}ctid";

/// Rewrites one parsed statement in place, before planning. `locate` tells the position, in characters from 1, of a
/// place in the text.
/// Errors: 0A000 for a construct that cannot be said; literals that are not of their type.
pub fn statement(
    statement: &mut Statement,
    facts: &Facts,
    locate: &dyn Fn(Location) -> usize,
) -> Result<()> {
    syntax::statement(statement, facts, locate)
}

/// Expression planners to register before DataFusion's own.
pub fn expr_planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![Arc::new(operators::Operators), Arc::new(casts::Casts)]
}

/// Planners of FROM to register.
pub fn relation_planners() -> Vec<Arc<dyn RelationPlanner>> {
    relations::planners()
}

/// The optimised plan as the planner of operators takes it.
pub fn settled(plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
    nullability::settled(plan)
}

/// Whether `/` of two such values is that of numeric.
pub(crate) fn is_numeric_pair(left: &DataType, right: &DataType) -> bool {
    arithmetic::is_numeric_pair(left, right)
}

/// Whether a rewritten plan reads texts as dates or times: `now` among them means another moment each time it runs.
pub fn reads_moments(plan: &LogicalPlan) -> bool {
    plan::any_expr(plan, |expr| match expr {
        datafusion::logical_expr::Expr::ScalarFunction(function) => {
            crate::pg::functions::reads_moments(function.func.name())
        }
        _ => false,
    })
}

/// The types of the parameters of a query, by their numbers, that its text tells.
pub fn written_parameters(query: &Query) -> BTreeMap<usize, u32> {
    written::parameters(query)
}

/// The same for the arguments of a call of one of PostgreSQL's functions.
pub fn call_parameters(function: &str, args: &[Expr]) -> BTreeMap<usize, u32> {
    written::of_call(function, args)
}

/// Literals among the arguments of such a call, as values of the types it takes.
/// Errors: 42725 for a call that several functions may be meant by.
pub fn call_literals(function: &str, args: &mut [Expr]) -> Result<()> {
    written::read_all(function, args.iter_mut().collect())
}

/// An expression of the type `source` as one that is given to what is of the type `target`; `false` where there is no
/// such cast. A constant without a type stays as it is.
pub fn assigned(expr: &mut Expr, source: u32, target: u32) -> bool {
    written::assigned(expr, source, target)
}

/// A constant without a type, or a parameter, as a value of the type that `sql_type` writes; `false` for anything else,
/// which stays as it is.
pub fn given(expr: &mut Expr, sql_type: &SqlType) -> bool {
    written::given(expr, sql_type)
}

/// Whether values of the type `source` may be assigned to what is of the type `target`.
pub fn assignable(source: u32, target: u32) -> bool {
    signatures::assignable(source, target)
}

/// Makes an expression one of the type that `sql_type` writes.
pub fn cast(expr: &mut Expr, sql_type: &SqlType) {
    written::cast(expr, sql_type);
}

/// The types of the parameters of a plan as `SqlToRel` made it, by their numbers, where their places tell them and neither
/// the planner nor the client did.
pub fn parameters(
    plan: &LogicalPlan,
    declared: &[u32],
) -> datafusion::common::Result<BTreeMap<usize, u32>> {
    parameters::inferred(plan, declared)
}

/// A plan as `SqlToRel` made it, with the expressions that others have stood for while it did.
pub fn planned(plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
    cases::restored(plan)
}

/// Rewrites a plan as `SqlToRel` made it, before it is optimised: subqueries DataFusion cannot decorrelate, casts of
/// OID types to text, arrays from text, and, when `output`, names in place of OIDs in the columns clients see.
/// The columns keep their names and order.
/// Errors: 0A000 for a cast that cannot be said.
pub fn plan(
    plan: LogicalPlan,
    facts: &Arc<Facts>,
    output: bool,
) -> datafusion::common::Result<LogicalPlan> {
    plan::rewrite(plan, facts, output)
}
