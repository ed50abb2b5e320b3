//! Refuses to group and sort by values of types that have no equality or no order (`get_sort_group_operators` of
//! PostgreSQL's parse_oper.c): the planner would take their texts.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, LogicalPlan};

use super::common::place;
use crate::error::Error;
use crate::pg::catalog::data;
use crate::pg::catalog::index::type_cell;
use crate::pg::types;

/// Checks one node, whose inputs have their types.
/// Errors: 42883.
pub(super) fn check(node: &LogicalPlan) -> Result<()> {
    match node {
        LogicalPlan::Sort(sort) => ordered(&sort.expr, sort.input.schema()),
        LogicalPlan::Aggregate(aggregate) => {
            let schema = aggregate.input.schema();
            for key in grouping_set_to_exprlist(&aggregate.group_expr)? {
                equal(key, schema)?;
            }
            aggregate.aggr_expr.iter().try_for_each(|expr| called(expr, schema))
        }
        LogicalPlan::Window(window) => {
            let schema = window.input.schema();
            window.window_expr.iter().try_for_each(|expr| called(expr, schema))
        }
        LogicalPlan::Distinct(Distinct::All(input)) => distinct(input),
        LogicalPlan::Distinct(Distinct::On(on)) => {
            let schema = on.input.schema();
            on.on_expr.iter().try_for_each(|key| equal(key, schema))
        }
        _ => Ok(()),
    }
}

fn distinct(input: &LogicalPlan) -> Result<()> {
    if let LogicalPlan::Projection(projection) = input {
        let schema = projection.input.schema();
        return projection.expr.iter().try_for_each(|expr| equal(expr, schema));
    }
    let schema = input.schema();
    schema.columns().into_iter().try_for_each(|column| equal(&Expr::Column(column), schema))
}

fn called(expr: &Expr, schema: &DFSchema) -> Result<()> {
    match expr {
        Expr::Alias(alias) => called(&alias.expr, schema),
        Expr::AggregateFunction(function) => {
            if function.params.distinct {
                function.params.args.iter().try_for_each(|arg| equal(arg, schema))?;
            }
            ordered(&function.params.order_by, schema)
        }
        Expr::WindowFunction(function) => {
            function.params.partition_by.iter().try_for_each(|key| equal(key, schema))?;
            ordered(&function.params.order_by, schema)
        }
        _ => Ok(()),
    }
}

fn ordered(keys: &[Sort], schema: &DFSchema) -> Result<()> {
    for key in keys {
        if let Some(oid) = type_of(&key.expr, schema).filter(|oid| !has_class(*oid, &[BTREE])) {
            let hint = "Use an explicit ordering operator or modify the query.";
            return Err(lacking("ordering", oid, Some(hint), &key.expr));
        }
    }
    Ok(())
}

fn equal(key: &Expr, schema: &DFSchema) -> Result<()> {
    match type_of(key, schema).filter(|oid| !has_class(*oid, &[BTREE, HASH])) {
        Some(oid) => Err(lacking("equality", oid, None, key)),
        None => Ok(()),
    }
}

fn type_of(expr: &Expr, schema: &DFSchema) -> Option<u32> {
    expr.to_field(schema).ok().map(|(_, field)| types::of_field(&field).oid)
}

fn lacking(what: &str, oid: u32, hint: Option<&str>, key: &Expr) -> DataFusionError {
    let message =
        format!("could not identify an {what} operator for type {}", types::sql_name(oid));
    let error = Error::UndefinedFunction(message).near(place(key));
    DataFusionError::External(Box::new(match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }))
}

/// The access methods that sort and that only tell values apart.
const BTREE: u32 = 403;
const HASH: u32 = 405;

/// The types of the default operator classes, by access method.
static CLASSES: LazyLock<HashSet<(u32, u32)>> = LazyLock::new(|| {
    let table = data::table("pg_opclass");
    let [method, input, default] =
        ["opcmethod", "opcintype", "opcdefault"].map(|column| table.index(column));
    let defaults = table.rows().iter().filter(|row| row[default].truth());
    defaults.map(|row| (row[method].oid(), row[input].oid())).collect()
});

/// Whether a type has an operator class of one of `methods`, itself or as what it is stored as.
fn has_class(oid: u32, methods: &[u32]) -> bool {
    if methods.iter().any(|method| CLASSES.contains(&(*method, oid))) {
        return true;
    }
    if let Some(element) = types::element_of(oid) {
        return has_class(element, methods);
    }
    // Rows, enumerations, ranges and what has no type yet; the vectors are arrays of what sorts.
    if type_cell(oid, "typtype").text() != "b"
        || matches!(oid, types::INT2VECTOR | types::OIDVECTOR)
    {
        return true;
    }
    let casts = data::table("pg_cast");
    let [source, target, context, method] =
        ["castsource", "casttarget", "castcontext", "castmethod"].map(|name| casts.index(name));
    casts.rows().iter().any(|row| {
        row[source].oid() == oid
            && row[context].text() == "i"
            && row[method].text() == "b"
            && methods.iter().any(|wanted| CLASSES.contains(&(*wanted, row[target].oid())))
    })
}

#[cfg(test)]
mod tests {
    use super::{BTREE, HASH, has_class};
    use crate::pg::types::by_name;

    #[track_caller]
    fn check(name: &str, ordered: bool, equal: bool) {
        let oid = by_name(name).expect("a type");
        assert_eq!(has_class(oid, &[BTREE]), ordered, "{name}");
        assert_eq!(has_class(oid, &[BTREE, HASH]), equal, "{name}");
    }

    #[test]
    fn types_have_classes() {
        check("integer", true, true);
        check("character varying", true, true);
        check("regclass", true, true);
        check("cidr", true, true);
        check("jsonb", true, true);
        check("text[]", true, true);
        check("int4range", true, true);
        check("json", false, false);
        check("json[]", false, false);
        check("int2vector", true, true);
        check("xid", false, true);
        check("point", false, false);
    }
}
