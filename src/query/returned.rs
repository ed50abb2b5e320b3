//! Parameters of type void, which stand in JDBC's calls for what is returned: PostgreSQL takes them out of the call
//! (`ParseFuncOrColumn` in parse_func.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Statement, TableFactor, Value, VisitMut,
    VisitorMut,
};

use crate::pg::types;

/// Takes parameters that the client declares as void out of the calls they are arguments of.
pub(super) fn leave_out(statement: &mut Statement, declared: &[u32]) {
    if declared.contains(&types::VOID) {
        // The visitor never breaks.
        let _done = VisitMut::visit(statement, &mut Calls(declared));
    }
}

struct Calls<'a>(&'a [u32]);

impl Calls<'_> {
    fn shorten(&self, args: &mut Vec<FunctionArg>) {
        args.retain(|arg| {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = arg else {
                return true;
            };
            let Value::Placeholder(name) = &value.value else { return true };
            let number = name.trim_start_matches('$').parse::<usize>().ok();
            let kind = number.and_then(|number| self.0.get(number.checked_sub(1)?));
            kind != Some(&types::VOID)
        });
    }
}

impl VisitorMut for Calls<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let FunctionArguments::List(list) = &mut function.args
        {
            self.shorten(&mut list.args);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { args: Some(args), .. } => self.shorten(&mut args.args),
            TableFactor::Function { args, .. } => self.shorten(args),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
