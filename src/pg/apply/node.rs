//! The dependent join in a logical plan.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{
    Column, DFSchema, DFSchemaRef, DataFusionError, Result, TableReference, internal_err,
};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};

use crate::error::Error;

/// The qualifier of a column that [`Apply`] adds.
pub(crate) const VALUE: &str = "__forebay_value";

/// What of the inner rows stands beside an outer row. The inner plan's first column is the number of the key each of its
/// rows belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Whether there are any.
    Exists,
    /// Whether the second column, a boolean, is true in any: NULL when it is not but NULL in one.
    Any,
    /// The second column of the only one, NULL without one. Several are an error (21000).
    Single,
    /// Each of them, so that there are as many rows; an outer row without any is gone.
    Rows,
    /// Each of them, an outer row without any stays beside NULLs.
    RowsOrNulls,
}

/// A dependent join: the columns of `outer`, then those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Apply {
    pub(crate) outer: LogicalPlan,
    pub(crate) inner: LogicalPlan,
    /// Columns of `outer`, in the order of the keys.
    pub(crate) keys: Vec<Expr>,
    pub(crate) kind: Kind,
    /// The name of the one column, unless they are rows.
    name: String,
    pub(super) schema: DFSchemaRef,
}

impl Apply {
    /// Errors: columns of both sides that have the same name; 0A000 for a volatile function among the inner rows, which
    /// outer rows with the same keys share.
    pub(crate) fn plan(
        outer: LogicalPlan,
        inner: LogicalPlan,
        keys: Vec<Expr>,
        kind: Kind,
        name: &str,
    ) -> Result<LogicalPlan> {
        if !keys.is_empty() && is_volatile(&inner)? {
            let words = "a volatile function in a subquery that refers to the query around it is not supported";
            let error = Error::FeatureNotSupported(words.to_owned());
            return Err(DataFusionError::External(Box::new(error)));
        }
        let node = Apply::new(outer, inner, keys, kind, name.to_owned())?;
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }

    /// The column that stands for the inner rows.
    pub(crate) fn value(name: &str) -> Column {
        Column::new(Some(VALUE), name)
    }

    /// The same over another outer plan, which has at least the columns of this one's.
    pub(crate) fn over(&self, outer: LogicalPlan) -> Result<LogicalPlan> {
        let (inner, keys) = (self.inner.clone(), self.keys.clone());
        Apply::plan(outer, inner, keys, self.kind, &self.name)
    }

    fn new(
        outer: LogicalPlan,
        inner: LogicalPlan,
        keys: Vec<Expr>,
        kind: Kind,
        name: String,
    ) -> Result<Apply> {
        let own = |field: Field| {
            vec![(Some(TableReference::bare(VALUE)), Arc::new(field.with_name(&name)))]
        };
        let rows = |nullable: bool| -> Vec<(Option<TableReference>, FieldRef)> {
            let fields = inner.schema().iter().skip(1).map(|(qualifier, field)| {
                let nullable = nullable || field.is_nullable();
                let field = field.as_ref().clone().with_nullable(nullable);
                (qualifier.cloned(), Arc::new(field))
            });
            fields.collect()
        };
        let added = match kind {
            Kind::Exists => own(Field::new("", DataType::Boolean, false)),
            Kind::Any => own(Field::new("", DataType::Boolean, true)),
            Kind::Single => match rows(true).pop() {
                Some((_, field)) => own(field.as_ref().clone()),
                None => return internal_err!("a subquery without a column"),
            },
            Kind::Rows => rows(false),
            Kind::RowsOrNulls => rows(true),
        };
        let fields = outer.schema().iter().map(|(name, field)| (name.cloned(), Arc::clone(field)));
        let fields = fields.chain(added).collect();
        let schema = Arc::new(DFSchema::new_with_metadata(fields, HashMap::new())?);
        Ok(Apply { outer, inner, keys, kind, name, schema })
    }
}

/// Whether any expression of `plan` gives another value each time.
fn is_volatile(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            found |= expr.is_volatile();
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    Ok(found)
}

impl PartialOrd for Apply {
    fn partial_cmp(&self, other: &Apply) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Apply {
    fn name(&self) -> &str {
        "Apply"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.outer, &self.inner]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.clone()
    }

    /// The planner would push a predicate into both inputs.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        write!(formatter, "Apply: {:?}, keys=[{}]", self.kind, keys.join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Apply> {
        match <[LogicalPlan; 2]>::try_from(inputs) {
            Ok([outer, inner]) => Apply::new(outer, inner, exprs, self.kind, self.name.clone()),
            Err(_inputs) => internal_err!("a dependent join has two inputs"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let width = self.outer.schema().fields().len();
        let outer = output_columns.iter().copied().filter(|index| *index < width).collect();
        Some(vec![outer, (0..self.inner.schema().fields().len()).collect()])
    }
}
