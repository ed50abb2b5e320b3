//! A query to a plan, and what is known of it before it runs: parameters, columns, what it reads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::datatypes::FieldRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ParamValues, Result as DfResult};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{self, Query, Statement as Ast, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::columns::columns;
use super::compared;
use super::door::Column;
use super::engine::Engine;
use super::failure;
use super::names::{Names, Read};
use super::parameters::{self, Uses, arrow_of, hinted};
use crate::catalog::generation::Defined;
use crate::error::{Error, Result};
use crate::pg::facts::Facts;
use crate::pg::types;

/// Nodes of a logical plan before it is optimised. A text of 600 bytes can double its CTEs into millions.
const PLAN_NODES_MAX: usize = 20_000;

/// A planned query. Immutable but for the physical plan it may keep.
pub(super) struct Planned {
    /// Before optimisation, with placeholders.
    logical: LogicalPlan,
    /// The columns of its rows.
    pub(super) columns: Arc<[Column]>,
    /// The parameters' OIDs.
    pub(super) parameter_types: Vec<u32>,
    /// The tables of versions it reads.
    pub(super) reads: Vec<Read>,
    /// Its text, for positions.
    pub(super) sql: Arc<str>,
    /// The generation and settings it was planned for.
    pub(super) basis: Arc<Basis>,
    /// Whether the same plan may run again: nothing in it depends on the moment or the session.
    reusable: bool,
    physical: Mutex<Option<Arc<dyn ExecutionPlan>>>,
    /// Its rows, when they are always the same: pools ask `SELECT 1` before each statement.
    constant: OnceLock<RecordBatch>,
}

/// What a plan depends on beside its text: when it differs the query is planned again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Basis {
    /// The definitions.
    pub(super) defined: Defined,
    /// The search path, as found.
    pub(super) search_path: Vec<String>,
    /// The state of the session's temporary tables.
    pub(super) temporary: Option<(String, u64)>,
    /// The session's pins.
    pub(super) pins: BTreeMap<String, String>,
    /// The session's time zone.
    pub(super) time_zone: String,
    /// How values are written: casts to text depend on it.
    pub(super) styles: [String; 4],
    /// The role in effect.
    pub(super) user: String,
}

impl Basis {
    /// Of `facts`.
    pub(super) fn of(facts: &Facts) -> Basis {
        Basis {
            defined: facts.generation.defined,
            search_path: facts.search_path.clone(),
            temporary: facts
                .temporary
                .as_ref()
                .map(|temporary| (temporary.schema.clone(), temporary.state)),
            pins: facts.pins.clone(),
            time_zone: facts.setting("TimeZone").unwrap_or("UTC").to_owned(),
            styles: ["DateStyle", "IntervalStyle", "bytea_output", "extra_float_digits"]
                .map(|name| facts.setting(name).unwrap_or_default().to_owned()),
            user: facts.user.clone(),
        }
    }
}

/// Plans `query`. `declared` holds the parameters' types the client gave, 0 where it gave none. Runs on a planning
/// thread.
/// Errors: names, types and privileges, with their codes and positions in `sql`.
pub(super) fn query(
    engine: &Engine,
    facts: &Arc<Facts>,
    sql: &Arc<str>,
    query: &Query,
    declared: &[u32],
) -> Result<Planned> {
    let basis = Arc::new(Basis::of(facts));
    let state = engine.state(&basis.time_zone);
    let mut statement = Ast::Query(Box::new(query.clone()));
    super::returned::leave_out(&mut statement, declared);
    let locate = |place| super::parse::position(sql, place);
    let calls = calls(query, &locate);
    crate::pg::checks::statement(&statement).map_err(|error| failure::placed(error, sql))?;
    crate::pg::rewrite::statement(&mut statement, facts, &locate)
        .map_err(|error| failure::placed(error, sql))?;
    let plan = |fields: Option<Vec<Option<FieldRef>>>| -> Result<(LogicalPlan, Vec<Read>, bool)> {
        let names = Names::new(engine, &state, facts, &calls);
        let planner = SqlToRel::new_with_options(&names, options());
        let mut context = PlannerContext::new();
        if let Some(fields) = &fields {
            context = context.with_prepare_param_data_types(fields.clone());
        }
        let mut plan = planner
            .sql_statement_to_plan_with_context(statement.clone(), &mut context)
            .and_then(crate::pg::rewrite::planned)
            .map_err(|error| crate::pg::checks::explained(failure::of(error, sql), query))?;
        if let Some(fields) = fields {
            plan = parameters::placed(plan, &fields)?;
        }
        let (reads, reusable) = names.finish();
        Ok((plan, reads, reusable))
    };
    let declared = hinted(query, declared);
    let declared = declared.as_slice();
    // What has no meaning between values of any type may have one between those that are told.
    let (mut logical, mut reads, mut reusable) = match (plan(None), parameters::told(declared)) {
        (Err(_), Some(fields)) => plan(Some(fields))?,
        (planned, _) => planned?,
    };
    check_size(&logical)?;
    let inferred = crate::pg::rewrite::parameters(&logical, declared)
        .map_err(|error| failure::of(error, sql))?;
    let uses = Uses::of(&logical)?;
    let mut fields = uses.fields(declared, &inferred)?;
    let known =
        uses.mixed || declared.iter().chain(inferred.values()).any(|oid| arrow_of(*oid).is_some());
    if known && !fields.is_empty() {
        (logical, reads, reusable) = plan(Some(fields.iter().cloned().map(Some).collect()))?;
        fields = Uses::of(&logical)?.fields(declared, &inferred)?;
    }
    super::privilege::check(&facts.generation, &facts.user, &reads)?;
    logical =
        crate::pg::rewrite::plan(logical, facts, true).map_err(|error| failure::of(error, sql))?;
    logical = super::postponed::behind_sorts(logical).map_err(|error| failure::of(error, sql))?;
    reusable &= !tells_time(query) && !crate::pg::rewrite::reads_moments(&logical);
    // The types of CASE, UNION and their like are known only now. With parameters the plan itself waits for their
    // values, which may be of other types than their places: the text of a name for an OID.
    let coerce = |plan| coerced(plan, &state);
    let columns = if fields.is_empty() {
        logical = coerce(logical).map_err(|error| failure::of(error, sql))?;
        columns(&logical, &reads, facts)
    } else {
        columns(coerce(logical.clone()).as_ref().unwrap_or(&logical), &reads, facts)
    };
    Ok(Planned {
        columns,
        parameter_types: fields.iter().map(|field| types::of_field(field).oid).collect(),
        logical,
        reads,
        sql: Arc::clone(sql),
        basis,
        reusable,
        physical: Mutex::new(None),
        constant: OnceLock::new(),
    })
}

impl Planned {
    /// Whether it still means the same under `basis`. What depends on the moment is planned each time.
    pub(super) fn may_run(&self, basis: &Arc<Basis>) -> bool {
        self.reusable && (Arc::ptr_eq(&self.basis, basis) || self.basis == *basis)
    }

    /// Whether the plan that was kept can run at once.
    pub(super) fn ready(&self) -> Option<Arc<dyn ExecutionPlan>> {
        let kept = self.physical.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        datafusion::physical_plan::execution_plan::reset_plan_states(kept).ok()
    }

    /// The rows it always gives, once known.
    pub(super) fn constant(&self) -> Option<RecordBatch> {
        self.constant.get().cloned()
    }

    /// Tells the rows it always gives. Only for a plan that [`Planned::keeps`].
    pub(super) fn set_constant(&self, rows: RecordBatch) {
        self.constant.get_or_init(|| rows);
    }

    /// Whether nothing in it depends on the moment or the session.
    pub(super) fn is_constant(&self) -> bool {
        self.reusable
    }

    /// Whether `plan` is the one that runs again, which no parameter has shaped.
    pub(super) fn keeps(&self, plan: &Arc<dyn ExecutionPlan>) -> bool {
        self.reusable && self.parameter_types.is_empty() && restartable(plan)
    }

    /// The physical plan for these parameters. Runs on a planning thread.
    /// Errors: type and optimisation errors; evaluation errors of constant expressions.
    pub(super) fn physical(
        &self,
        engine: &Engine,
        parameters: Vec<ScalarValue>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.physical_in(&engine.state(&self.basis.time_zone), parameters)
    }

    /// The same in another state.
    pub(super) fn physical_in(
        &self,
        state: &Arc<SessionState>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let fail = |error| failure::of(error, &self.sql);
        let keep = self.reusable && parameters.is_empty();
        let bare = compared::bare(self.with_values(parameters)?).map_err(fail)?;
        let optimized =
            state.optimize(&bare).and_then(crate::pg::rewrite::settled).map_err(fail)?;
        let plan = futures::executor::block_on(
            state.query_planner().create_physical_plan(&optimized, state.as_ref()),
        )
        .map_err(fail)?;
        if keep && restartable(&plan) {
            *self.physical.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&plan));
        }
        Ok(plan)
    }

    /// The optimised logical plan for these parameters, for EXPLAIN VERBOSE.
    pub(super) fn optimized(
        &self,
        engine: &Engine,
        parameters: Vec<ScalarValue>,
    ) -> Result<LogicalPlan> {
        let state = engine.state(&self.basis.time_zone);
        let bare = compared::bare(self.with_values(parameters)?);
        let optimized = bare.and_then(|plan| state.optimize(&plan));
        optimized.map_err(|error| failure::of(error, &self.sql))
    }

    /// The plan as it is before it is optimised.
    pub(super) fn logical(&self) -> &LogicalPlan {
        &self.logical
    }

    /// The plan with values of the parameters, which say what their types say beyond Arrow's.
    fn with_values(&self, parameters: Vec<ScalarValue>) -> Result<LogicalPlan> {
        if parameters.is_empty() {
            return Ok(self.logical.clone());
        }
        let fields = self.parameter_types.iter().map(|oid| arrow_of(*oid));
        let fields = fields.chain(std::iter::repeat(None));
        let values = parameters.into_iter().zip(fields).map(|(value, field)| {
            let metadata = field.map(|field| FieldMetadata::from(field.metadata()));
            let metadata = metadata.filter(|metadata| !metadata.is_empty());
            ScalarAndMetadata::new(value, metadata)
        });
        let logical = self.logical.clone().with_param_values(ParamValues::List(values.collect()));
        logical.map_err(|error| failure::of(error, &self.sql))
    }

    /// `db@version` of all it reads, in order, each once.
    pub(super) fn versions(&self) -> Vec<(String, String)> {
        let mut list: Vec<(String, String)> = self
            .reads
            .iter()
            .map(|read| (read.database.clone(), read.version.name.clone()))
            .collect();
        list.sort();
        list.dedup();
        list
    }
}

/// Whether a text of the statement may be a moment that passes: `'today'::date`.
fn tells_time(query: &Query) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_value(&mut self, value: &ast::ValueWithSpan) -> ControlFlow<()> {
            let (ast::Value::SingleQuotedString(text) | ast::Value::EscapedStringLiteral(text)) =
                &value.value
            else {
                return ControlFlow::Continue(());
            };
            let mut words = text.split(|letter: char| !letter.is_ascii_alphabetic());
            let passes = words.any(|word| {
                ["now", "today", "tomorrow", "yesterday"]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known))
            });
            if passes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Search).is_break()
}

/// How queries are read.
pub(super) fn options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(true)
        .with_support_varchar_with_length(true)
        .with_map_string_types_to_utf8view(false)
        .with_collect_spans(true)
}

/// A plan whose values have the types that CASE, UNION and their like give them.
pub(super) fn coerced(plan: LogicalPlan, state: &SessionState) -> DfResult<LogicalPlan> {
    TypeCoercion::new().analyze(plan, state.config_options())
}

/// Where the statement first calls each function.
pub(super) fn calls(query: &Query, locate: &dyn Fn(Location) -> usize) -> BTreeMap<String, usize> {
    struct Calls<'a>(BTreeMap<String, usize>, &'a dyn Fn(Location) -> usize);
    impl Visitor for Calls<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<()> {
            if let ast::Expr::Function(function) = expr
                && let Some(last) = function.name.0.last().and_then(|part| part.as_ident())
                && let Some(first) = function.name.0.first().and_then(|part| part.as_ident())
            {
                let name = match last.quote_style {
                    Some(_) => last.value.clone(),
                    None => last.value.to_lowercase(),
                };
                self.0.entry(name).or_insert_with(|| (self.1)(first.span.start));
            }
            ControlFlow::Continue(())
        }
    }
    let mut calls = Calls(BTreeMap::new(), locate);
    // The visitor never breaks.
    let _done = query.visit(&mut calls);
    calls.0
}

/// Whether a plan holds no state of one run: joins and sorts with a filter that grows while they run do, and so may what
/// a dependent join runs.
fn restartable(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let own = plan.name();
    !own.ends_with("JoinExec")
        && !own.contains("Sort")
        && !own.contains("Recursive")
        && !own.contains("Subquery")
        && own != "ApplyExec"
        && plan.children().into_iter().all(restartable)
}

fn check_size(plan: &LogicalPlan) -> Result<()> {
    let mut count = 0_usize;
    let walked = plan.apply_with_subqueries(|_node| {
        count += 1;
        Ok(if PLAN_NODES_MAX < count {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    });
    if walked.is_err() || PLAN_NODES_MAX < count {
        return Err(Error::StatementTooComplex("statement is too complex".to_owned())
            .detail(format!("Its plan has more than {PLAN_NODES_MAX} nodes.")));
    }
    Ok(())
}
