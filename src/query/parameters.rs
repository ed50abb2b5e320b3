//! The parameters of a statement: their types, and their places in its plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{BinaryExpr, Placeholder};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use datafusion::sql::sqlparser::ast::Query;

use super::failure;
use crate::error::{Error, Result};
use crate::pg::{decode, rewrite, types};

/// Parameters of one statement: the protocol counts them in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// The client's types, and where it gave none those that the text tells.
pub(super) fn hinted(query: &Query, declared: &[u32]) -> Vec<u32> {
    let mut types = declared.to_vec();
    for (number, oid) in rewrite::written_parameters(query) {
        // Far numbers are refused later; they must not make a long list here.
        if (1..=PARAMETERS_MAX).contains(&number) {
            if types.len() < number {
                types.resize(number, 0);
            }
            if let Some(own) = types.get_mut(number - 1).filter(|own| matches!(**own, 0 | 705)) {
                *own = oid;
            }
        }
    }
    types
}

/// The parameters of a plan by their names, each with the type of its first use that tells one, as PostgreSQL takes it.
#[derive(Default)]
pub(super) struct Uses {
    fields: BTreeMap<String, Option<FieldRef>>,
    /// Whether the plan takes one for different types, so that it has to be made again with [`Uses::fields`].
    pub(super) mixed: bool,
}

impl Uses {
    /// Those of `plan`. Errors: those of walking it.
    pub(super) fn of(plan: &LogicalPlan) -> Result<Uses> {
        let mut uses = Uses::default();
        let walked = plan.apply_with_subqueries(|node| {
            node.apply_expressions(|expr| {
                expr.apply(|expr| {
                    uses.look(expr);
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        });
        walked.map_err(|error| failure::of(error, ""))?;
        Ok(uses)
    }

    fn look(&mut self, expr: &Expr) {
        match expr {
            Expr::Placeholder(Placeholder { id, field }) => self.note(id, field.as_ref()),
            Expr::Like(like) | Expr::SimilarTo(like) => self.pattern(&like.pattern),
            Expr::BinaryExpr(BinaryExpr { op, right, .. }) if matches_pattern(*op) => {
                self.pattern(right);
            }
            _ => {}
        }
    }

    /// A pattern is a text, whatever kind of text it is matched with.
    fn pattern(&mut self, expr: &Expr) {
        if let Expr::Placeholder(Placeholder { id, field: Some(field) }) = expr
            && matches!(types::of_field(field).oid, types::NAME | types::VARCHAR | types::BPCHAR)
        {
            self.note(id, Some(&text()));
        }
    }

    fn note(&mut self, id: &str, field: Option<&FieldRef>) {
        let known = self.fields.entry(id.to_owned()).or_default();
        match (&*known, field) {
            (Some(known), Some(field)) => {
                self.mixed |= known.data_type() != field.data_type()
                    || types::of_field(known).oid != types::of_field(field).oid;
            }
            (None, Some(field)) => *known = Some(Arc::clone(field)),
            (_, None) => {}
        }
    }

    /// The type of every parameter: the client's, else the planner's, else the one its place tells, else text.
    /// Errors: 42P18 when a gap in the numbers leaves one without a use.
    pub(super) fn fields(
        &self,
        declared: &[u32],
        inferred: &BTreeMap<usize, u32>,
    ) -> Result<Vec<FieldRef>> {
        let numbered = self
            .fields
            .iter()
            .map(|(name, field)| match name.trim_start_matches('$').parse::<usize>() {
                Ok(number) => Ok((number, field.clone())),
                Err(_parse) => Err(Error::Syntax(format!("syntax error at or near \"{name}\""))),
            })
            .collect::<Result<BTreeMap<_, _>>>()?;
        if numbered.contains_key(&0) {
            return Err(Error::UndefinedParameter(0));
        }
        let highest = numbered.keys().last().copied().unwrap_or(0);
        if PARAMETERS_MAX < highest {
            return Err(Error::UndefinedParameter(highest));
        }
        let count = highest.max(declared.len());
        let mut fields = Vec::with_capacity(count);
        for number in 1..=count {
            let client = declared.get(number - 1).and_then(|oid| arrow_of(*oid));
            let planned = numbered.get(&number).cloned().flatten();
            let told = || inferred.get(&number).and_then(|oid| arrow_of(*oid));
            let field = match (client, planned.or_else(told)) {
                (Some(field), _) | (None, Some(field)) => field,
                // Used where any type fits: PostgreSQL takes it for text.
                (None, None) if numbered.contains_key(&number) => text(),
                (None, None) => return Err(Error::IndeterminateDatatype(number)),
            };
            fields.push(field);
        }
        Ok(fields)
    }
}

fn matches_pattern(op: Operator) -> bool {
    use Operator::{
        ILikeMatch, LikeMatch, NotILikeMatch, NotLikeMatch, RegexIMatch, RegexMatch,
        RegexNotIMatch, RegexNotMatch,
    };
    matches!(
        op,
        RegexMatch
            | RegexIMatch
            | RegexNotMatch
            | RegexNotIMatch
            | LikeMatch
            | ILikeMatch
            | NotLikeMatch
            | NotILikeMatch
    )
}

fn text() -> FieldRef {
    Arc::new(Field::new("", DataType::Utf8, true))
}

/// The fields of the parameters whose types are told; `None` where none is.
pub(super) fn told(declared: &[u32]) -> Option<Vec<Option<FieldRef>>> {
    let fields: Vec<Option<FieldRef>> = declared.iter().map(|oid| arrow_of(*oid)).collect();
    fields.iter().any(Option::is_some).then_some(fields)
}

/// The Arrow field a client's parameter type is planned as; `None` for 0, `unknown` and types we do not know.
pub(super) fn arrow_of(oid: u32) -> Option<FieldRef> {
    if matches!(oid, 0 | 705) {
        return None;
    }
    decode::field(oid).map(Arc::new)
}

/// The plan with the types of its parameters at the places that the planner forgot to give them to, as in `ARRAY[$1]`.
pub(super) fn placed(plan: LogicalPlan, fields: &[Option<FieldRef>]) -> Result<LogicalPlan> {
    let mut forgotten = false;
    let looked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            forgotten |= expr.exists(|expr| Ok(is_untyped(expr)))?;
            Ok(TreeNodeRecursion::Continue)
        })
    });
    looked.map_err(|error| failure::of(error, ""))?;
    if !forgotten {
        return Ok(plan);
    }
    let place = |expr: Expr| match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            let number = id.trim_start_matches('$').parse::<usize>().ok();
            let field = number.and_then(|number| fields.get(number.checked_sub(1)?)?.clone());
            Ok(Transformed::yes(Expr::Placeholder(Placeholder { id, field })))
        }
        expr => Ok(Transformed::no(expr)),
    };
    let placed = plan.transform_up_with_subqueries(|node| {
        let node = node.map_expressions(|expr| expr.transform_up(place))?;
        node.data.recompute_schema().map(Transformed::yes)
    });
    placed.map(|placed| placed.data).map_err(|error| failure::of(error, ""))
}

fn is_untyped(expr: &Expr) -> bool {
    matches!(expr, Expr::Placeholder(Placeholder { field: None, .. }))
}
