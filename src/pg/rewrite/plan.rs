//! The plan before it is optimised, where every expression's type is known.

use std::sync::Arc;

use arrow::array::new_empty_array;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, Operator, Projection};

use super::operators::call;
use super::{array, correlated};
use crate::error::Error;
use crate::pg::facts::Facts;
use crate::pg::functions;

/// See [`super::plan`].
pub(super) fn rewrite(plan: LogicalPlan, facts: &Arc<Facts>, output: bool) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| casts(node, facts))?.data;
    let plan = plan.transform_down_with_subqueries(correlated::decorrelate)?.data;
    if output { names_for_oids(plan, facts) } else { Ok(plan) }
}

/// Casts of this node's expressions.
fn casts(node: LogicalPlan, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    let mut schema = DFSchema::empty();
    for input in node.inputs() {
        schema.merge(input.schema());
    }
    if let LogicalPlan::TableScan(scan) = &node {
        schema.merge(&scan.projected_schema);
    }
    let before = Arc::clone(node.schema());
    let changed = node.map_expressions(|expr| {
        let name = expr.schema_name().to_string();
        let outermost = matches!(expr, Expr::Alias(_) | Expr::Column(_));
        let done = expr.transform_up(|expr| cast(expr, &schema, facts))?;
        Ok(done.update_data(|expr| {
            // A column keeps the name it had before its expression changed.
            if outermost || expr.schema_name().to_string() == name {
                expr
            } else {
                expr.alias(name)
            }
        }))
    })?;
    if !changed.transformed {
        return Ok(changed);
    }
    let filters = matches!(changed.data, LogicalPlan::Filter(_) | LogicalPlan::Join(_));
    let node = if filters { unaliased(changed.data)? } else { changed.data };
    let node = node.recompute_schema()?;
    if node.schema().fields().len() != before.fields().len() {
        return Err(DataFusionError::Internal("a rewritten node lost columns".to_owned()));
    }
    Ok(Transformed::yes(node))
}

/// Conditions have no name to keep.
fn unaliased(node: LogicalPlan) -> Result<LogicalPlan> {
    let bare = node.map_expressions(|expr| {
        Ok(match expr {
            Expr::Alias(alias) => Transformed::yes(*alias.expr),
            other => Transformed::no(other),
        })
    })?;
    Ok(bare.data)
}

fn cast(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => one_cast(cast, schema, facts),
        Expr::BinaryExpr(mut binary) if binary.op == Operator::StringConcat => {
            let (left, first) = name_of_oid(*binary.left, schema, facts);
            let (right, second) = name_of_oid(*binary.right, schema, facts);
            (*binary.left, *binary.right) = (left, right);
            let expr = Expr::BinaryExpr(binary);
            Ok(if first || second { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        other => Ok(Transformed::no(other)),
    }
}

fn one_cast(cast: Cast, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    let Cast { expr, field } = cast;
    let target = field.data_type();
    if matches!(target, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        let (named, changed) = name_of_oid(*expr, schema, facts);
        let cast = Expr::Cast(Cast { expr: Box::new(named), field });
        return Ok(if changed { Transformed::yes(cast) } else { Transformed::no(cast) });
    }
    let from = expr.get_type(schema);
    let text = matches!(from, Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View));
    if target.is_list() && text {
        // Arrow would make a list of the one text.
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = expr.as_ref()
            && let Some(list) = array_literal(text, target)?
        {
            return Ok(Transformed::yes(Expr::Literal(list, None)));
        }
        if !matches!(expr.as_ref(), Expr::Placeholder(_)) {
            let refused = Error::FeatureNotSupported(
                "cast from text to an array is not supported".to_owned(),
            );
            return Err(DataFusionError::External(Box::new(refused)));
        }
    }
    Ok(Transformed::no(Expr::Cast(Cast { expr, field })))
}

/// An expression of an OID type as the name it stands for, and whether it was one.
fn name_of_oid(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> (Expr, bool) {
    let field = match expr.to_field(schema) {
        Ok((_, field)) => field,
        Err(_) => return (expr, false),
    };
    match functions::output(&field, facts) {
        Some(function) => (call(function, vec![expr]), true),
        None => (expr, false),
    }
}

/// `{…}` as a list of type `list`; `None` when it is no array literal.
pub(super) fn array_literal(text: &str, list: &DataType) -> Result<Option<ScalarValue>> {
    let (DataType::List(item), Some(elements)) = (list, array::elements(text)) else {
        return Ok(None);
    };
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.push(ScalarValue::Utf8(element).cast_to(item.data_type())?);
    }
    let column = if values.is_empty() {
        new_empty_array(item.data_type())
    } else {
        ScalarValue::iter_to_array(values)?
    };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([column.len()]);
    let array = arrow::array::ListArray::try_new(Arc::clone(item), offsets, column, None)?;
    Ok(Some(ScalarValue::List(Arc::new(array))))
}

/// Names in place of OIDs in the columns clients see.
fn names_for_oids(plan: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    let mut any = false;
    let columns = plan.schema().iter().map(|(qualifier, field)| {
        let column = Expr::Column((qualifier, field).into());
        match functions::output(field, facts) {
            Some(function) => {
                any = true;
                call(function, vec![column]).alias_qualified(qualifier.cloned(), field.name())
            }
            None => column,
        }
    });
    let columns: Vec<Expr> = columns.collect();
    if !any {
        return Ok(plan);
    }
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// Whether any node below or at `plan`, subqueries included, satisfies `test`.
pub(super) fn any_node(plan: &LogicalPlan, mut test: impl FnMut(&LogicalPlan) -> bool) -> bool {
    let mut found = false;
    let walked = plan.apply_with_subqueries(|node| {
        found |= test(node);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}
