//! Name resolution over one pinned generation: what a table, schema, function or type in a statement means.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, TableReference};
use datafusion::datasource::{MemTable, ViewTable, provider_as_source, source_as_provider};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::{
    ContextProvider, ExprPlanner, RelationPlanner, TypePlanner,
};
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlanBuilder, ScalarUDF, TableSource, Volatility,
    WindowUDF, cast, ident, lit,
};

use super::clock;
use super::engine::Engine;
use super::following::{Cut, FollowingTable, Need};
use super::views::Within;
use crate::catalog::generation::{Database, Version};
use crate::catalog::roles::Privilege;
use crate::catalog::view::View;
use crate::config::Span;
use crate::error::Error;
use crate::pg::catalog::index::SEQUENCE_COLUMNS;
use crate::pg::facts::{CHANGING, EXCLUDED, FOREBAY_SCHEMA, Facts};
use crate::pg::functions::{self, overloads};
use crate::pg::rewrite::PLACED;
use crate::version::placed;

/// A table of a version that a statement names.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// The database.
    pub(super) database: String,
    /// The version; holding it keeps its files.
    pub(super) version: Arc<Version>,
    /// The table.
    pub(super) table: String,
    /// `pg_class.oid`.
    pub(super) oid: u32,
    /// How the plan calls it.
    pub(super) reference: TableReference,
    /// The owner of the view that reads it; `None` where the user does.
    pub(super) reader: Option<String>,
}

/// What the planner asks while it turns one statement into a plan.
pub(super) struct Names<'a> {
    pub(super) engine: &'a Engine,
    pub(super) state: &'a SessionState,
    pub(super) facts: &'a Arc<Facts>,
    planners: Vec<Arc<dyn ExprPlanner>>,
    relations: Vec<Arc<dyn RelationPlanner>>,
    types: Arc<dyn TypePlanner>,
    reads: RefCell<Vec<Read>>,
    /// The views that are being planned, and how many were.
    pub(super) within: Within,
    /// The views that the statement sees at one moment.
    pub(super) cut: Arc<Cut>,
    /// Whether the plan depends on more than its text and the generation.
    changing: Cell<bool>,
    /// Where the statement first calls a function, in characters from 1.
    calls: &'a BTreeMap<String, usize>,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        state: &'a SessionState,
        facts: &'a Arc<Facts>,
        calls: &'a BTreeMap<String, usize>,
    ) -> Self {
        let mut planners = crate::pg::rewrite::expr_planners();
        planners.push(Arc::new(super::numeric::Quotients));
        planners.extend(state.expr_planners().iter().cloned());
        Names {
            engine,
            state,
            facts,
            planners,
            relations: crate::pg::rewrite::relation_planners(),
            types: Arc::new(crate::pg::rewrite::Types),
            reads: RefCell::new(Vec::new()),
            within: Within::default(),
            cut: Arc::default(),
            changing: Cell::new(false),
            calls,
        }
    }

    /// What the plan reads, and whether it may be kept.
    pub(super) fn finish(self) -> (Vec<Read>, bool) {
        (self.reads.into_inner(), !self.changing.get())
    }

    /// Adds what a view within reads, and whether its plan may be kept.
    pub(super) fn take_in(&self, (reads, reusable): (Vec<Read>, bool)) {
        self.reads.borrow_mut().extend(reads);
        self.changing.set(self.changing.get() || !reusable);
    }

    fn table(&self, reference: &TableReference) -> Result<Arc<dyn TableSource>, Error> {
        if let TableReference::Full { catalog, .. } = reference
            && **catalog != *self.facts.database
        {
            return Err(Error::FeatureNotSupported(format!(
                "cross-database references are not implemented: \"{reference}\""
            )));
        }
        if let Some(name) = reference.table().strip_suffix(PLACED) {
            let own = match reference.schema() {
                Some(schema) => TableReference::partial(schema, name),
                None => TableReference::bare(name),
            };
            return self.placed(&own);
        }
        if let Some(changing) = &self.facts.changing {
            let excluded = (reference.table() == EXCLUDED).then_some(changing.excluded.as_ref());
            let target = reference.table().ends_with(CHANGING).then_some(&changing.target);
            if let Some(seen) = excluded.flatten().or(target) {
                self.changing.set(true);
                return in_memory(&seen.columns, seen.rows.clone());
            }
        }
        match reference.schema() {
            Some(schema) => self.in_schema(schema, reference),
            None => self.in_path(reference),
        }
    }

    /// The table with the places of its rows as `ctid`.
    fn placed(&self, reference: &TableReference) -> Result<Arc<dyn TableSource>, Error> {
        let table = source_as_provider(&self.table(reference)?).ok();
        let Some(table) = table.and_then(|table| placed::with_places(table.as_ref())) else {
            let name = reference.table();
            let error =
                Error::FeatureNotSupported(format!("ctid of table \"{name}\" is not supported"));
            return Err(error.detail("Only rows of Parquet files are counted."));
        };
        let place = overloads::own(functions::PLACE)
            .ok_or_else(|| Error::Internal(format!("no function {}", functions::PLACE)))?;
        let place = place.call(vec![ident(placed::BEFORE) + ident(placed::WITHIN)]).alias("ctid");
        let schema = table.schema();
        let own = schema.fields().iter().map(|field| field.name().as_str());
        let own = own.filter(|name| ![placed::BEFORE, placed::WITHIN].contains(name));
        let columns: Vec<Expr> = own.map(ident).chain([place]).collect();
        let plan = LogicalPlanBuilder::scan(reference.clone(), provider_as_source(table), None)
            .and_then(|scan| scan.project(columns)?.build())
            .map_err(|error| Error::Internal(format!("ctid: {error}")))?;
        Ok(provider_as_source(Arc::new(ViewTable::new(plan, None))))
    }

    fn in_path(&self, reference: &TableReference) -> Result<Arc<dyn TableSource>, Error> {
        let name = reference.table();
        if let Some(table) = self.facts.temporary(None, name) {
            return in_memory(&table.table.columns, table.rows.batches());
        }
        if let Some(source) = self.temporary_view(None, name)? {
            return Ok(source);
        }
        for schema in self.facts.searched() {
            if let Some(source) = self.system(schema, name) {
                return Ok(source);
            }
            if let Some(source) = self.written(schema, name)? {
                return Ok(source);
            }
            let Some(found) = self.facts.schema(schema) else { continue };
            if found.version.manifest.tables.contains_key(name) {
                let (database, version) = (Arc::clone(found.database), Arc::clone(found.version));
                return self.version_table(&database, &version, reference);
            }
        }
        Err(Error::UndefinedTable(name.to_owned()))
    }

    fn in_schema(
        &self,
        schema: &str,
        reference: &TableReference,
    ) -> Result<Arc<dyn TableSource>, Error> {
        let name = reference.table();
        if let Some(source) = self.system(schema, name) {
            return Ok(source);
        }
        if let Some(table) = self.facts.temporary(Some(schema), name) {
            return in_memory(&table.table.columns, table.rows.batches());
        }
        if let Some(source) = self.temporary_view(Some(schema), name)? {
            return Ok(source);
        }
        if let Some(source) = self.written(schema, name)? {
            return Ok(source);
        }
        if matches!(schema, "pg_catalog" | "information_schema" | FOREBAY_SCHEMA | "public") {
            return Err(Error::UndefinedTable(format!("{schema}.{name}")));
        }
        if let Some(rest) = schema.strip_prefix('@') {
            return self.versioned_in_path(rest, reference);
        }
        if let Some((database, time)) = schema.split_once("@@") {
            let (database, version) = self.version_at(database, time)?;
            return self.version_table(&database, &version, reference);
        }
        match self.facts.schema(schema) {
            Some(found) => {
                let (database, version) = (Arc::clone(found.database), Arc::clone(found.version));
                self.version_table(&database, &version, reference)
            }
            None => Err(self.no_schema(schema, name)),
        }
    }

    /// A relation of a schema that users make things in.
    /// Errors: 42501.
    fn written(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableSource>>, Error> {
        let generation = &self.facts.generation;
        let Some(table) = generation.table(schema, name) else {
            return match generation.view(schema, name) {
                Some(view) => {
                    self.may_read(schema, name, view.kind())?;
                    // One that a transaction has only made for itself is not followed yet.
                    let there =
                        || self.engine.catalog.pin().view_by_oid(view.ids.relation).is_some();
                    match view.follows {
                        Some(log) if there() => self.following(view, log).map(Some),
                        _ => self.view(view).map(Some),
                    }
                }
                None => self.sequence(schema, name),
            };
        };
        self.may_read(schema, name, "table")?;
        if let Some(instead) = &self.facts.instead
            && instead.log == table.ids.relation
        {
            return Ok(Some(Arc::clone(&instead.source)));
        }
        // A change of rows is no other definition, and a plan holds the rows it reads.
        self.changing.set(true);
        let rows = generation.rows(table.ids.relation);
        if let (Some(rows), Some(log)) = (rows, generation.log(table.ids.relation)) {
            return Ok(Some(provider_as_source(self.engine.logs.provider(table, rows, log))));
        }
        let rows = rows.map(|rows| rows.batches());
        in_memory(&table.columns, rows.unwrap_or_default()).map(Some)
    }

    /// A view that follows a log. It tells what has been committed to the log, not what a transaction is going to.
    fn following(&self, view: &View, log: u32) -> Result<Arc<dyn TableSource>, Error> {
        self.changing.set(true);
        let consistency = self.facts.setting("forebay.view_consistency").unwrap_or("strict");
        let newest = self.engine.catalog.pin();
        let end = newest.since(log).unwrap_or_default();
        let (since, patience) = match consistency {
            "eventual" => (0, None),
            "bounded" => {
                let limit = self.facts.setting("forebay.view_wait").and_then(Span::parse);
                (end, limit.and_then(|span| span.0))
            }
            _ => (end, None),
        };
        let redactions = newest.log(log).map_or(0, |log| log.redactions);
        let need = Need { view: view.ids.relation, since, redactions };
        Ok(provider_as_source(Arc::new(FollowingTable {
            columns: Arc::clone(&view.columns),
            following: Arc::clone(&self.engine.following),
            cut: Arc::clone(&self.cut),
            need,
            patience,
        })))
    }

    /// Errors: 42501.
    fn may_read(&self, schema: &str, name: &str, kind: &str) -> Result<(), Error> {
        let (reader, generation) = (self.facts.reader(), &self.facts.generation);
        // A view has found what it reads when it was made.
        let found = self.facts.reader.is_some();
        if !found && !generation.has_schema_privilege(reader, schema) {
            let message = format!("permission denied for schema {schema}");
            return Err(Error::InsufficientPrivilege(message));
        }
        if !generation.has_written_privilege(reader, schema, name, &[Privilege::Select]) {
            let message = format!("permission denied for {kind} {name}");
            return Err(Error::InsufficientPrivilege(message));
        }
        Ok(())
    }

    fn temporary_view(
        &self,
        schema: Option<&str>,
        name: &str,
    ) -> Result<Option<Arc<dyn TableSource>>, Error> {
        let Some(temporary) = &self.facts.temporary else { return Ok(None) };
        let meant = schema.is_none_or(|schema| temporary.named(schema));
        match temporary.views.get(name).filter(|_| meant) {
            Some(view) => self.view(view).map(Some),
            None => Ok(None),
        }
    }

    /// The one row of a sequence, where it is now.
    /// Errors: 42501.
    fn sequence(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableSource>>, Error> {
        let Some(sequence) = self.facts.generation.sequence(schema, name) else { return Ok(None) };
        let (reader, generation) = (self.facts.reader(), &self.facts.generation);
        if !generation.has_written_privilege(reader, schema, name, &[Privilege::Select]) {
            let message = format!("permission denied for sequence {name}");
            return Err(Error::InsufficientPrivilege(message));
        }
        self.changing.set(true);
        let session = self.facts.sequences.as_ref();
        let at = session.and_then(|session| session.position(sequence.ids.relation));
        let (last, is_called) = at.unwrap_or((sequence.start, false));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![last])),
            Arc::new(Int64Array::from(vec![0])),
            Arc::new(BooleanArray::from(vec![is_called])),
        ];
        let schema = Arc::clone(&SEQUENCE_COLUMNS);
        let table = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(DataFusionError::from)
            .and_then(|row| MemTable::try_new(schema, vec![vec![row]]))
            .map_err(|error| Error::Internal(format!("sequence {name}: {error}")))?;
        Ok(Some(provider_as_source(Arc::new(table))))
    }

    /// `t VERSION AS OF 'x'` without a schema: the first database on the path whose version has the table.
    fn versioned_in_path(
        &self,
        version: &str,
        reference: &TableReference,
    ) -> Result<Arc<dyn TableSource>, Error> {
        let name = reference.table();
        for schema in &self.facts.search_path {
            let Some(database) = self.facts.generation.database(schema) else { continue };
            let found = match version.strip_prefix('@') {
                Some(time) => Some(self.version_at(schema, time)?.1),
                None => database.resolve(version).cloned(),
            };
            if let Some(found) = found.filter(|found| found.manifest.tables.contains_key(name)) {
                return self.version_table(&Arc::clone(database), &found, reference);
            }
        }
        Err(Error::UndefinedTable(name.to_owned()))
    }

    fn version_at(&self, name: &str, time: &str) -> Result<(Arc<Database>, Arc<Version>), Error> {
        let generation = &self.facts.generation;
        let Some(database) = generation.database(name) else {
            return Err(Error::UndefinedSchema(name.to_owned()));
        };
        let zone = self.facts.setting("TimeZone").unwrap_or("UTC").to_owned();
        let at_us = clock::parse_timestamp(time, &zone)?;
        let version = generation.version_at(name, at_us).ok_or_else(|| {
            Error::UndefinedObject(format!("database \"{name}\" had no version at \"{time}\""))
        })?;
        match database.versions.get(version) {
            Some(found) => Ok((Arc::clone(database), Arc::clone(found))),
            None => Err(Error::UndefinedObject(format!(
                "version \"{version}\" of database \"{name}\" is no longer loaded"
            ))
            .hint(format!("SELECT forebay.load('{name}', '{version}') loads it again."))),
        }
    }

    /// Why a schema cannot be read: unknown, without a version yet, or an unknown version of it.
    fn no_schema(&self, schema: &str, table: &str) -> Error {
        let generation = &self.facts.generation;
        if generation.database(schema).is_some() {
            if let Some(pin) = self.facts.pins.get(schema) {
                return Error::UndefinedObject(format!(
                    "version \"{pin}\" of database \"{schema}\" does not exist"
                ));
            }
            return Error::NotInPrerequisiteState(format!(
                "database \"{schema}\" has no version loaded yet"
            ))
            .hint("forebay.versions and forebay.loads tell why.");
        }
        match schema.split_once('@') {
            Some((database, version)) if generation.database(database).is_some() => {
                Error::UndefinedObject(format!(
                    "version \"{version}\" of database \"{database}\" does not exist"
                ))
                .hint("forebay.versions lists what is loaded.")
            }
            _ => Error::UndefinedTable(format!("{schema}.{table}")),
        }
    }

    fn system(&self, schema: &str, name: &str) -> Option<Arc<dyn TableSource>> {
        let provider = match schema {
            "pg_catalog" | "information_schema" => {
                crate::pg::catalog::relation(schema, name, self.facts)?
            }
            FOREBAY_SCHEMA => self.engine.system_view(name, self.facts)?,
            _ => return None,
        };
        self.changing.set(true);
        Some(provider_as_source(provider))
    }

    fn version_table(
        &self,
        database: &Arc<Database>,
        version: &Arc<Version>,
        reference: &TableReference,
    ) -> Result<Arc<dyn TableSource>, Error> {
        let name = reference.table();
        let Some(table) = version.manifest.tables.get(name) else {
            return Err(Error::UndefinedTable(match reference.schema() {
                Some(schema) => format!("{schema}.{name}"),
                None => name.to_owned(),
            }));
        };
        self.reads.borrow_mut().push(Read {
            database: database.name.clone(),
            version: Arc::clone(version),
            table: name.to_owned(),
            oid: database.relations.get(name).map_or(0, |ids| ids.relation),
            reference: reference.clone(),
            reader: self.facts.reader.clone(),
        });
        Ok(provider_as_source((self.engine.tables)(&database.name, version, table)))
    }

    fn note_volatility(&self, volatility: Volatility) {
        if volatility != Volatility::Immutable {
            self.changing.set(true);
        }
    }
}

/// The rows that a table has now: a change of them makes another plan.
fn in_memory(columns: &SchemaRef, rows: Vec<RecordBatch>) -> Result<Arc<dyn TableSource>, Error> {
    let table = MemTable::try_new(Arc::clone(columns), vec![rows])
        .map_err(|error| Error::Internal(format!("rows of a table: {error}")))?;
    Ok(provider_as_source(Arc::new(table)))
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> DfResult<Arc<dyn TableSource>> {
        self.table(&name).map_err(external)
    }

    fn get_table_function_source(
        &self,
        name: &str,
        args: Vec<Expr>,
    ) -> DfResult<Arc<dyn TableSource>> {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        self.changing.set(true);
        let (args, integers) = constants(args);
        let source = match self.state.table_functions().get(name) {
            Some(function) => function
                .create_table_provider_with_args(datafusion::catalog::TableFunctionArgs::new(
                    &args, self.state,
                ))
                .map(provider_as_source),
            None => Err(external(
                Error::UndefinedFunction(format!("function {name} does not exist"))
                    .hint("No function matches the given name and argument types."),
            )),
        }?;
        if integers { of_integers(name, source) } else { Ok(source) }
    }

    fn create_cte_work_table(
        &self,
        name: &str,
        schema: SchemaRef,
    ) -> DfResult<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::clone(&self.types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        if let Some(function) = clock::function(name, self.facts)
            .or_else(|| functions::session_function(name, self.facts))
        {
            self.changing.set(true);
            return Some(function);
        }
        // A plan is kept for one time zone only.
        if let Some(function) = functions::zoned_function(name, self.facts) {
            self.note_volatility(function.signature().volatility);
            return Some(function);
        }
        let position = self.calls.get(name).copied();
        if position.is_some() && !is_known(name) {
            return Some(functions::missing::function(name, position));
        }
        let inner = self.state.scalar_functions().get(name);
        if let Some(function) = overloads::function(name, inner.cloned(), position) {
            return Some(function);
        }
        let Some(function) = inner else {
            let known = self.state.aggregate_functions().contains_key(name)
                || self.state.window_functions().contains_key(name)
                || self.state.higher_order_functions().contains_key(name)
                || matches!(name, "grouping" | "unnest");
            let (schema, bare) = name.rsplit_once('.').unwrap_or(("", name));
            let position = self.calls.get(bare).copied();
            let located = matches!(schema, "" | "information_schema" | FOREBAY_SCHEMA | "public")
                || self.facts.schema(schema).is_some();
            if !located {
                return Some(functions::missing::schema(schema, position));
            }
            return (!known).then(|| functions::missing::unsupported(name, position));
        };
        self.note_volatility(function.signature().volatility);
        Some(Arc::clone(function))
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

/// Whether PostgreSQL has a function, or an expression that is written like one, of that name. The planner has more.
fn is_known(name: &str) -> bool {
    crate::pg::catalog::data::function_kinds(name).is_some()
        || name.contains('.')
        || name.starts_with("forebay_")
        || matches!(
            name,
            "coalesce"
                | "nullif"
                | "greatest"
                | "least"
                | "grouping"
                | "unnest"
                | "array"
                | "row"
                | "ceil"
                | "floor"
                | "current_date"
                | "current_time"
                | "current_timestamp"
                | "localtime"
                | "localtimestamp"
                | "current_catalog"
                | "current_role"
                | "user"
        )
}

/// A table function's arguments with their casts done, and whether all of them are integers: the functions take only
/// literals, integers of 64 bits.
fn constants(args: Vec<Expr>) -> (Vec<Expr>, bool) {
    let mut integers = !args.is_empty();
    let args = args
        .into_iter()
        .map(|arg| {
            let value = constant(&arg);
            integers &= matches!(value, Some(ScalarValue::Int32(_)));
            match value {
                Some(ScalarValue::Int32(Some(number))) => lit(i64::from(number)),
                Some(value) => lit(value),
                None => arg,
            }
        })
        .collect();
    (args, integers)
}

fn constant(expr: &Expr) -> Option<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Cast(cast) => constant(&cast.expr)?.cast_to(cast.field.data_type()).ok(),
        Expr::Negative(inner) => constant(inner)?.arithmetic_negate().ok(),
        _ => None,
    }
}

/// A table function of integers of 64 bits as one of 32, which PostgreSQL makes it when its arguments are.
fn of_integers(name: &str, source: Arc<dyn TableSource>) -> DfResult<Arc<dyn TableSource>> {
    let columns: Vec<Expr> = source
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let column = ident(field.name());
            match field.data_type() {
                DataType::Int64 => cast(column, DataType::Int32).alias(field.name()),
                _ => column,
            }
        })
        .collect();
    let plan = LogicalPlanBuilder::scan(name, source, None)?.project(columns)?.build()?;
    Ok(provider_as_source(Arc::new(ViewTable::new(plan, None))))
}

/// Our error as DataFusion carries it.
pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
