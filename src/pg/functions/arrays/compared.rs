//! `x = ANY (array)` and `x = ALL (array)` (PostgreSQL manual, section 9.24.3).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum};
use arrow::compute::kernels::{cmp, comparison};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::leaves::{Leaves, leaf_field};
use super::{comparable, external, item_of, nested, plain_list};
use crate::error::{Error, Place};
use crate::pg::functions::floats::{with_one_form, zeros};
use crate::pg::functions::of_constants;
use crate::pg::types;

/// Whether one element has to compare, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quantifier {
    /// `ANY`, `SOME`
    Any,
    /// `ALL`
    All,
}

/// The operators that an array can be quantified over, and what the functions that stand for them end in.
const OPERATORS: &[(&str, &str, Compare)] = &[
    ("=", "eq", cmp::eq),
    ("<>", "ne", cmp::neq),
    ("<", "lt", cmp::lt),
    ("<=", "le", cmp::lt_eq),
    (">", "gt", cmp::gt),
    (">=", "ge", cmp::gt_eq),
    ("~~", "like", comparison::like),
    ("!~~", "nlike", comparison::nlike),
    ("~~*", "ilike", comparison::ilike),
    ("!~~*", "nilike", comparison::nilike),
];

type Compare = fn(&dyn Datum, &dyn Datum) -> std::result::Result<BooleanArray, ArrowError>;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let both = [Quantifier::Any, Quantifier::All];
    let made = |quantifier: Quantifier, operator: &'static str| {
        let name = name(quantifier, operator).unwrap_or_default();
        let signature = Signature::user_defined(Volatility::Immutable);
        Quantified { quantifier, operator, name, signature }
    };
    let pairs = both.into_iter().flat_map(|quantifier| {
        OPERATORS.iter().map(move |(operator, _, _)| (quantifier, *operator))
    });
    let made = |(quantifier, operator)| ScalarUDF::new_from_impl(made(quantifier, operator));
    pairs.map(|pair| Arc::new(made(pair))).collect()
}

/// The name of the function of a value and an array, by the operator between them; `None` for an operator that cannot
/// be quantified.
pub(crate) fn name(quantifier: Quantifier, operator: &str) -> Option<String> {
    let (_, word, _) = OPERATORS.iter().find(|(own, _, _)| *own == operator)?;
    let quantifier = if quantifier == Quantifier::Any { "any" } else { "all" };
    Some(format!("forebay_{quantifier}_{word}"))
}

/// The function of that name.
pub(crate) fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    static BY_NAME: LazyLock<HashMap<String, Arc<ScalarUDF>>> = LazyLock::new(|| {
        all().into_iter().map(|function| (function.name().to_owned(), function)).collect()
    });
    BY_NAME.get(name).cloned()
}

/// Whether [`name`] gives the name of this function.
pub(crate) fn is_quantified(function: &str) -> bool {
    let word = function.strip_prefix("forebay_any_").or(function.strip_prefix("forebay_all_"));
    word.is_some_and(|word| OPERATORS.iter().any(|(_, own, _)| *own == word))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quantified {
    quantifier: Quantifier,
    operator: &'static str,
    name: String,
    signature: Signature,
}

pub(super) fn no_operator(left: &str, operator: &str, right: &str) -> Error {
    Error::no_operator(left, operator, right)
}

impl ScalarUDFImpl for Quantified {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        // What does not fit is told once the result is asked for: the planner would reword it here.
        Ok(self.coerced(arg_types).unwrap_or_else(|_misfit| arg_types.to_vec()))
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.coerced(arg_types).map(|_types| DataType::Boolean).map_err(external)
    }

    /// `= ANY` and `<> ALL` of a constant are IN and NOT IN, which files are pruned by.
    fn simplify(&self, args: Vec<Expr>, _ctx: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let negated = match (self.quantifier, self.operator) {
            (Quantifier::Any, "=") => false,
            (Quantifier::All, "<>") => true,
            _ => return Ok(ExprSimplifyResult::Original(args)),
        };
        let [value, Expr::Literal(ScalarValue::List(list), _)] = args.as_slice() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let leaves = Leaves::of(list);
        if list.is_null(0) || leaves.range(0).is_empty() {
            return Ok(ExprSimplifyResult::Original(args));
        }
        let mut items = leaves
            .range(0)
            .map(|at| ScalarValue::try_from_array(&leaves.values, at))
            .collect::<Result<Vec<ScalarValue>>>()?;
        let zeros = items.iter().find_map(zeros);
        items.extend(zeros.into_iter().flatten());
        let items = items.into_iter().map(|item| Expr::Literal(item, None)).collect();
        let listed = InList { expr: Box::new(value.clone()), list: items, negated };
        Ok(ExprSimplifyResult::Simplified(Expr::InList(listed)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let [value, list] = args.args.as_slice() else {
            return plan_err!("{} takes a value and an array", self.name());
        };
        let found = self.compared(&value.to_array(length)?, &list.to_array(length)?)?;
        if constant {
            return of_constants(&found);
        }
        Ok(ColumnarValue::Array(found))
    }
}

impl Quantified {
    /// The types the two arguments are passed as.
    fn coerced(&self, arg_types: &[DataType]) -> std::result::Result<Vec<DataType>, Error> {
        let [value, list] = arg_types else {
            return Err(Error::Internal(format!("{} takes a value and an array", self.name)));
        };
        let list = plain_list(list);
        if list.is_null() {
            let list = DataType::List(item_of(value.clone()));
            return Ok(vec![value.clone(), list]);
        }
        let Some(item) = leaf_field(&list) else {
            let message = "op ANY/ALL (array) requires array on right side".to_owned();
            let symbol = Place::Operator(self.operator.to_owned());
            return Err(Error::WrongObjectType(message).near(symbol));
        };
        let item = item.data_type();
        let common = match self.operator.contains('~') {
            true => (value.is_string() || value.is_null()).then_some(DataType::Utf8),
            false => comparable(value, item),
        };
        match common {
            Some(common) => Ok(vec![common.clone(), nested(&list, item_of(common))]),
            None => {
                let name = |kind: &DataType| types::sql_name(types::of_data_type(kind).oid);
                Err(no_operator(&name(value), self.operator, &name(item)))
            }
        }
    }

    fn compared(&self, values: &ArrayRef, lists: &ArrayRef) -> Result<ArrayRef> {
        let lists = lists.as_list::<i32>();
        let leaves = Leaves::of(lists);
        let own = OPERATORS.iter().find(|(name, _, _)| *name == self.operator);
        let Some((_, _, compare)) = own else {
            return plan_err!("no operator {}", self.operator);
        };
        let each =
            compare(&with_one_form(&leaves.beside(values)?), &with_one_form(&leaves.values))?;
        let decisive = self.quantifier == Quantifier::Any;
        let found = (0..lists.len()).map(|row| {
            if lists.is_null(row) {
                return None;
            }
            let mut unknown = false;
            for at in leaves.range(row) {
                match each.is_valid(at) {
                    true if each.value(at) == decisive => return Some(decisive),
                    true => {}
                    false => unknown = true,
                }
            }
            (!unknown).then_some(!decisive)
        });
        Ok(Arc::new(found.collect::<BooleanArray>()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int32Array, ListArray};
    use arrow::datatypes::Int32Type;

    use super::{Quantified, Quantifier};
    use datafusion::logical_expr::{Signature, Volatility};

    fn check(quantifier: Quantifier, value: i32, list: &[Option<i32>], want: Option<bool>) {
        let signature = Signature::user_defined(Volatility::Immutable);
        let name = "forebay_gt".to_owned();
        let quantified = Quantified { quantifier, operator: ">", name, signature };
        let lists: ArrayRef =
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(list.to_vec())]));
        let values: ArrayRef = Arc::new(Int32Array::from(vec![value]));
        let found = quantified.compared(&values, &lists).expect("comparable");
        assert_eq!(found.as_boolean().iter().next().flatten(), want, "{quantifier:?} {list:?}");
    }

    #[test]
    fn unknown_elements_leave_the_answer_open() {
        check(Quantifier::Any, 0, &[Some(1), None], None);
        check(Quantifier::Any, 2, &[Some(1), None], Some(true));
        check(Quantifier::Any, 0, &[Some(1)], Some(false));
        check(Quantifier::Any, 0, &[], Some(false));
        check(Quantifier::All, 2, &[Some(1), None], None);
        check(Quantifier::All, 0, &[Some(1), None], Some(false));
        check(Quantifier::All, 0, &[], Some(true));
    }
}
