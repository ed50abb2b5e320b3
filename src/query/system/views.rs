//! The views: for each its columns and how its rows are made.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::{Columns, System, schema, whole};
use crate::catalog::generation::{AliasOrigin, Database, Version};
use crate::catalog::manifest::{Compression, File, Format, Table};
use crate::catalog::roles::Target;
use crate::config;
use crate::pg::catalog::rows::{self, Cell, Row, row};
use crate::pg::facts::{ActivityRow, Facts};
use crate::query::engine::Engine;
use crate::query::following::{Following, State};
use crate::version::Status;

/// What a view's rows are made from.
struct Context<'a> {
    facts: &'a Facts,
    system: &'a System,
    following: &'a Following,
}

impl Context<'_> {
    fn status(&self) -> Arc<Status> {
        self.system.versions.status()
    }

    fn databases(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.facts.generation.databases.values()
    }

    fn versions(&self) -> impl Iterator<Item = (&Arc<Database>, &Arc<Version>)> {
        self.databases()
            .flat_map(|database| database.versions.values().map(move |version| (database, version)))
    }

    fn tables(&self) -> impl Iterator<Item = (&Arc<Database>, &Arc<Version>, &Arc<Table>)> {
        self.versions().flat_map(|(database, version)| {
            version.manifest.tables.values().map(move |table| (database, version, table))
        })
    }
}

/// One view.
pub(super) struct View {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) columns: Columns,
    rows: fn(&Context<'_>) -> Vec<Row>,
}

/// All views. A view's place decides its OIDs: new ones go to the end, none is taken out.
pub(super) static VIEWS: &[View] = &[
    View {
        name: "databases",
        about: "Directories of the source root that are served, or seen, one row each.",
        columns: &[
            ("name", "text"),
            ("current_version", "text"),
            ("previous_version", "text"),
            ("high_water", "text"),
            ("in_source", "bool"),
            ("auto_activate", "bool"),
            ("paused", "bool"),
            ("last_listed_at", "timestamptz"),
            ("next_refresh_at", "timestamptz"),
            ("last_error", "text"),
        ],
        rows: databases,
    },
    View {
        name: "versions",
        about: "Versions that are loaded, seen in the source, or both.",
        columns: &[
            ("database", "text"),
            ("version", "text"),
            ("state", "text"),
            ("mode", "text"),
            ("files", "int8"),
            ("bytes", "int8"),
            ("rows", "int8"),
            ("loaded_at", "timestamptz"),
            ("source_modified_at", "timestamptz"),
            ("in_source", "bool"),
            ("drifted", "bool"),
            ("pins", "int8"),
            ("attempts", "int4"),
            ("retry_at", "timestamptz"),
            ("error", "text"),
        ],
        rows: versions,
    },
    View {
        name: "tables",
        about: "Tables of loaded versions.",
        columns: &[
            ("database", "text"),
            ("version", "text"),
            ("table", "text"),
            ("format", "text"),
            ("columns", "int4"),
            ("partition_columns", "_text"),
            ("key", "_text"),
            ("files", "int8"),
            ("bytes", "int8"),
            ("rows", "int8"),
            ("comment", "text"),
        ],
        rows: tables,
    },
    View {
        name: "files",
        about: "Files of loaded versions.",
        columns: &[
            ("database", "text"),
            ("version", "text"),
            ("table", "text"),
            ("path", "text"),
            ("bytes", "int8"),
            ("rows", "int8"),
            ("modified_at", "timestamptz"),
            ("partition_values", "_text"),
            ("etag", "text"),
            ("sha256", "text"),
        ],
        rows: files,
    },
    View {
        name: "aliases",
        about: "Second names of versions.",
        columns: &[
            ("database", "text"),
            ("alias", "text"),
            ("version", "text"),
            ("origin", "text"),
            ("set_at", "timestamptz"),
            ("set_by", "text"),
        ],
        rows: aliases,
    },
    View {
        name: "alias_history",
        about: "What aliases named before, oldest first.",
        columns: &[
            ("database", "text"),
            ("alias", "text"),
            ("from_version", "text"),
            ("to_version", "text"),
            ("at", "timestamptz"),
            ("by", "text"),
        ],
        rows: alias_history,
    },
    View {
        name: "activations",
        about: "What became current when, and why, oldest first.",
        columns: &[
            ("database", "text"),
            ("from_version", "text"),
            ("to_version", "text"),
            ("cause", "text"),
            ("at", "timestamptz"),
            ("by", "text"),
        ],
        rows: activations,
    },
    View {
        name: "loads",
        about: "Loads under way and the latest that ended.",
        columns: &[
            ("id", "int8"),
            ("database", "text"),
            ("version", "text"),
            ("phase", "text"),
            ("attempt", "int4"),
            ("files_done", "int8"),
            ("files_total", "int8"),
            ("bytes_done", "int8"),
            ("bytes_total", "int8"),
            ("started_at", "timestamptz"),
            ("ended_at", "timestamptz"),
            ("error", "text"),
        ],
        rows: loads,
    },
    View {
        name: "source_issues",
        about: "What in the source root is not used as it stands, and why.",
        columns: &[("database", "text"), ("version", "text"), ("path", "text"), ("reason", "text")],
        rows: source_issues,
    },
    View {
        name: "pins",
        about: "What keeps the files of versions.",
        columns: &[
            ("database", "text"),
            ("version", "text"),
            ("kind", "text"),
            ("name", "text"),
            ("count", "int8"),
            ("until", "timestamptz"),
        ],
        rows: pins,
    },
    View {
        name: "roles",
        about: "Roles, without their passwords.",
        columns: &[
            ("role", "text"),
            ("superuser", "bool"),
            ("login", "bool"),
            ("inherit", "bool"),
            ("create_role", "bool"),
            ("connection_limit", "int4"),
            ("has_password", "bool"),
            ("valid_until", "timestamptz"),
            ("member_of", "_text"),
        ],
        rows: roles,
    },
    View {
        name: "grants",
        about: "What roles were granted, and what they will be on tables to come.",
        columns: &[
            ("kind", "text"),
            ("schema", "text"),
            ("table", "text"),
            ("grantee", "text"),
            ("privilege", "text"),
            ("grantable", "bool"),
            ("grantor", "text"),
        ],
        rows: grants,
    },
    View {
        name: "hba_rules",
        about: "Who may connect from where; the first rule that fits decides.",
        columns: &[
            ("position", "int4"),
            ("connection", "text"),
            ("databases", "_text"),
            ("roles", "_text"),
            ("address", "text"),
            ("method", "text"),
        ],
        rows: hba_rules,
    },
    View {
        name: "sessions",
        about: "Connections.",
        columns: &[
            ("pid", "int4"),
            ("database", "text"),
            ("role", "text"),
            ("application_name", "text"),
            ("client", "text"),
            ("state", "text"),
            ("connected_at", "timestamptz"),
            ("transaction_started_at", "timestamptz"),
            ("state_changed_at", "timestamptz"),
        ],
        rows: sessions,
    },
    View {
        name: "queries",
        about: "Statements that run now; those of others are shown to superusers only.",
        columns: &[
            ("pid", "int4"),
            ("role", "text"),
            ("application_name", "text"),
            ("started_at", "timestamptz"),
            ("query", "text"),
        ],
        rows: queries,
    },
    View {
        name: "settings",
        about: "The configuration in effect.",
        columns: &[("name", "text"), ("value", "text"), ("description", "text")],
        rows: settings,
    },
    View {
        name: "health",
        about: "What is well and what is not: the source root and each database.",
        columns: &[("subject", "text"), ("healthy", "bool"), ("message", "text")],
        rows: health,
    },
    View {
        name: "sequences",
        about: "Sequences: the last number handed out, and the last one that is durable.",
        columns: &[
            ("schema", "text"),
            ("sequence", "text"),
            ("owner", "text"),
            ("last_value", "int8"),
            ("reserved_until", "int8"),
            ("increment", "int8"),
            ("cache", "int8"),
        ],
        rows: sequences,
    },
    View {
        name: "logs",
        about: "Logs: their last number, and where their rows are.",
        columns: &[
            ("schema", "text"),
            ("log", "text"),
            ("owner", "text"),
            ("since", "int8"),
            ("last_time", "timestamptz"),
            ("rows", "int8"),
            ("memory_rows", "int8"),
            ("memory_bytes", "int8"),
            ("segments", "int8"),
            ("segment_bytes", "int8"),
        ],
        rows: logs,
    },
    View {
        name: "views",
        about: "Materialized views: how they are kept, and how far they have come.",
        columns: &[
            ("schema", "text"),
            ("view", "text"),
            ("owner", "text"),
            ("log", "text"),
            ("mode", "text"),
            ("state", "text"),
            ("since", "int8"),
            ("log_since", "int8"),
            ("lag", "int8"),
            ("progress", "float8"),
            ("kept_rows", "int8"),
            ("kept_bytes", "int8"),
            ("builds", "int8"),
            ("error", "text"),
        ],
        rows: materialized,
    },
    View {
        name: "backups",
        about: "Backups that this server has made since it started, and those that failed.",
        columns: &[
            ("started_at", "timestamptz"),
            ("ended_at", "timestamptz"),
            ("location", "text"),
            ("automatic", "bool"),
            ("name", "text"),
            ("lsn", "int8"),
            ("files", "int8"),
            ("bytes", "int8"),
            ("new_bytes", "int8"),
            ("error", "text"),
        ],
        rows: backups,
    },
];

fn backups(context: &Context<'_>) -> Vec<Row> {
    let rows = context.system.backups.made().into_iter().map(|made| {
        let (stored, error) = match made.outcome {
            Ok(stored) => (Some(stored), None),
            Err(error) => (None, Some(error.to_string())),
        };
        row![
            made.started_us,
            made.ended_us,
            &made.location,
            made.automatic,
            stored.as_ref().map(|stored| stored.name.clone()),
            stored.as_ref().map(|stored| whole(stored.lsn)),
            stored.as_ref().map(|stored| whole(stored.files)),
            stored.as_ref().map(|stored| whole(stored.bytes)),
            stored.as_ref().map(|stored| whole(stored.new_bytes)),
            error,
        ]
    });
    rows.collect()
}

fn materialized(context: &Context<'_>) -> Vec<Row> {
    let generation = &context.facts.generation;
    let published = context.following.published();
    let views = generation.schemas.values().flat_map(|schema| {
        let own = schema.views.values().filter(|view| view.materialized);
        own.map(move |view| (schema, view))
    });
    let told = views.map(|(schema, view)| {
        let log = view.follows.and_then(|oid| generation.table_by_oid(oid));
        let log = log.map(|(schema, log)| format!("{}.{}", schema.name, log.name));
        let end = view.follows.and_then(|oid| generation.since(oid));
        let shown = published.views.get(&view.ids.relation);
        let (state, error) = match (view.follows, shown.map(|shown| &shown.state)) {
            (None, _) | (_, Some(State::Ready)) => ("ready", None),
            (_, Some(State::Failed(error))) => ("failed", Some(error.to_string())),
            (_, Some(State::Building) | None) => ("building", None),
        };
        let mode = match (view.follows, shown.is_some_and(|shown| shown.groups)) {
            (None, _) => "recomputed",
            (_, true) => "groups",
            (_, false) => "rows",
        };
        let since = shown.map(|shown| shown.since);
        #[expect(clippy::cast_precision_loss, reason = "a share needs few digits")]
        let progress = match (since, end) {
            (Some(since), Some(end)) if 0 < end => Some((since as f64 / end as f64).min(1.0)),
            (Some(_), Some(_)) => Some(1.0),
            _ => None,
        };
        let lag = since.zip(end).map(|(since, end)| end.saturating_sub(since).max(0));
        row![
            &schema.name,
            &view.name,
            &view.owner,
            log,
            mode,
            state,
            since,
            end,
            lag,
            progress,
            shown.map(|shown| whole(shown.kept_rows)),
            shown.map(|shown| whole(shown.kept_bytes)),
            shown.map(|shown| whole(shown.builds)),
            error
        ]
    });
    told.collect()
}

fn logs(context: &Context<'_>) -> Vec<Row> {
    let generation = &context.facts.generation;
    let mut told = Vec::new();
    for schema in generation.schemas.values() {
        for table in schema.tables.values() {
            let oid = table.ids.relation;
            let (Some(log), Some(rows)) = (generation.log(oid), generation.rows(oid)) else {
                continue;
            };
            told.push(row![
                &schema.name,
                &table.name,
                &table.owner,
                generation.since(oid),
                (0 < log.last_time_us).then(|| log.last_time_us),
                log.rows() + whole(rows.len()),
                whole(rows.len()),
                whole(rows.bytes()),
                whole(log.segments.len()),
                whole(log.bytes())
            ]);
        }
    }
    told
}

fn sequences(context: &Context<'_>) -> Vec<Row> {
    let facts = context.facts;
    let mut rows = Vec::new();
    for schema in facts.generation.schemas.values() {
        for sequence in schema.sequences.values() {
            let oid = sequence.ids.relation;
            let at = facts.sequences.as_ref().and_then(|own| own.position(oid));
            let durable = facts.sequences.as_ref().and_then(|own| own.reserved(oid));
            let taken = |at: Option<(i64, bool)>| at.filter(|at| at.1).map(|at| at.0);
            rows.push(row![
                &schema.name,
                &sequence.name,
                &sequence.owner,
                taken(at),
                taken(durable),
                sequence.increment,
                sequence.cache
            ]);
        }
    }
    rows
}

/// The view `name` as DataFusion scans it.
pub(super) fn provider(
    name: &str,
    engine: &Engine,
    facts: &Arc<Facts>,
) -> Option<Arc<dyn TableProvider>> {
    let view = VIEWS.iter().find(|view| view.name == name)?;
    Some(Arc::new(SystemView {
        view,
        schema: schema(view.columns),
        system: engine.system.clone(),
        following: Arc::clone(&engine.following),
        facts: Arc::clone(facts),
    }))
}

/// One view as one statement sees it. Rows are made by the scan, so that planning costs nothing.
struct SystemView {
    view: &'static View,
    schema: SchemaRef,
    system: System,
    following: Arc<Following>,
    facts: Arc<Facts>,
}

impl SystemView {
    fn plan(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let made = (self.view.rows)(&Context {
            facts: &self.facts,
            system: &self.system,
            following: &self.following,
        });
        let batch = rows::batch(&self.schema, &made, None)?;
        let schema = Arc::clone(&self.schema);
        Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], schema, projection.cloned())?)
    }
}

impl fmt::Debug for SystemView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "forebay.{}", self.view.name)
    }
}

impl TableProvider for SystemView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn scan<'life0, 'life1, 'life2, 'life3, 'async_trait>(
        &'life0 self,
        _state: &'life1 dyn Session,
        projection: Option<&'life2 Vec<usize>>,
        _filters: &'life3 [Expr],
        _limit: Option<usize>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(self.plan(projection)))
    }
}

// ---- versions

fn databases(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let rows = status.databases.iter().map(|database| {
        let stored = context.facts.generation.database(&database.database);
        row![
            &database.database,
            database.current.clone(),
            database.previous.clone(),
            stored.and_then(|stored| stored.high_water.clone()),
            database.in_source,
            database.auto_activate,
            database.paused,
            database.last_listed_at_us,
            database.next_refresh_at_us,
            database.last_error.clone(),
        ]
    });
    rows.collect()
}

fn versions(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let rows = status.versions.iter().map(|version| {
        let own = status
            .pins
            .iter()
            .filter(|pin| pin.database == version.database && pin.version == version.version);
        let pins: usize = own.map(|pin| pin.count).sum();
        row![
            &version.database,
            &version.version,
            version.state.word(),
            version.mode,
            version.files.map(whole),
            version.bytes.map(whole),
            version.rows.map(whole),
            version.loaded_at_us,
            version.source_modified_at_us,
            version.in_source,
            version.drifted,
            whole(pins),
            version.attempts,
            version.retry_at_us,
            version.error.clone(),
        ]
    });
    rows.collect()
}

fn tables(context: &Context<'_>) -> Vec<Row> {
    let rows = context.tables().map(|(database, version, table)| {
        let partitions = table.partition_fields.iter().map(|field| field.name().clone());
        let columns = table.file_schema.fields().len() + table.partition_fields.len();
        row![
            &database.name,
            &version.name,
            &table.name,
            format_name(table.format),
            whole(columns),
            partitions.collect::<Vec<_>>(),
            table.key.clone(),
            whole(table.files.len()),
            whole(table.bytes()),
            table.rows().map(whole),
            table.comment.clone(),
        ]
    });
    rows.collect()
}

fn files(context: &Context<'_>) -> Vec<Row> {
    let rows = context.tables().flat_map(|(database, version, table)| {
        table.files.iter().map(move |file| {
            row![
                &database.name,
                &version.name,
                &table.name,
                &file.path,
                whole(file.bytes),
                file.rows.map(whole),
                file.modified_us,
                partition_values(file),
                file.etag.clone(),
                file.sha256.map(|sum| hexadecimal(&sum)),
            ]
        })
    });
    rows.collect()
}

fn partition_values(file: &File) -> Vec<Cell> {
    file.partition_values.iter().map(|value| Cell::from(value.clone())).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Parquet => "parquet",
        Format::Csv(Compression::Plain) => "csv",
        Format::Csv(Compression::Gzip) => "csv.gz",
        Format::Csv(Compression::Zstd) => "csv.zst",
        Format::Json(Compression::Plain) => "json",
        Format::Json(Compression::Gzip) => "json.gz",
        Format::Json(Compression::Zstd) => "json.zst",
        Format::Arrow => "arrow",
        Format::Avro => "avro",
    }
}

fn aliases(context: &Context<'_>) -> Vec<Row> {
    let rows = context.databases().flat_map(|database| {
        database.aliases.iter().map(move |(name, alias)| {
            let origin = match alias.origin {
                AliasOrigin::Sql => "sql",
                AliasOrigin::Source => "source",
            };
            row![
                &database.name,
                name,
                &alias.version,
                origin,
                alias.set_at_us,
                someone(&alias.set_by)
            ]
        })
    });
    rows.collect()
}

/// Empty is the source root or a refresh: nobody.
fn someone(role: &str) -> Option<String> {
    (!role.is_empty()).then(|| role.to_owned())
}

fn alias_history(context: &Context<'_>) -> Vec<Row> {
    let rows = context.databases().flat_map(|database| {
        database.alias_history.iter().map(move |step| {
            row![
                &database.name,
                &step.alias,
                step.from.clone(),
                step.to.clone(),
                step.at_us,
                someone(&step.by),
            ]
        })
    });
    rows.collect()
}

fn activations(context: &Context<'_>) -> Vec<Row> {
    let rows = context.databases().flat_map(|database| {
        database.activations.iter().map(move |step| {
            row![
                &database.name,
                step.from.clone(),
                &step.to,
                &step.cause,
                step.at_us,
                someone(&step.by),
            ]
        })
    });
    rows.collect()
}

fn loads(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let rows = status.loads.iter().map(|load| {
        row![
            whole(load.id),
            &load.database,
            &load.version,
            load.phase,
            load.attempt,
            whole(load.files_done),
            whole(load.files_total),
            whole(load.bytes_done),
            whole(load.bytes_total),
            load.started_at_us,
            load.ended_at_us,
            load.error.clone(),
        ]
    });
    rows.collect()
}

fn source_issues(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let rows = status.source_issues.iter().map(|issue| {
        row![issue.database.clone(), issue.version.clone(), &issue.path, &issue.message]
    });
    rows.collect()
}

fn pins(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let rows = status.pins.iter().map(|pin| {
        row![
            &pin.database,
            &pin.version,
            pin.kind.word(),
            pin.name.clone(),
            whole(pin.count),
            pin.until_us,
        ]
    });
    rows.collect()
}

// ---- who may what

fn roles(context: &Context<'_>) -> Vec<Row> {
    let rows = context.facts.generation.roles.values().map(|role| {
        row![
            &role.name,
            role.superuser,
            role.login,
            role.inherit,
            role.create_role,
            role.connection_limit,
            role.verifier.is_some(),
            role.valid_until_us,
            role.member_of.iter().cloned().collect::<Vec<_>>(),
        ]
    });
    rows.collect()
}

fn grants(context: &Context<'_>) -> Vec<Row> {
    let generation = &context.facts.generation;
    let granted = generation.grants.iter().map(|grant| {
        let (kind, schema, table) = match &grant.target {
            Target::Schema(schema) => ("schema", schema, None),
            Target::Table { schema, table } => ("table", schema, Some(table.clone())),
        };
        let privilege = grant.privilege.name();
        row![kind, schema, table, &grant.grantee, privilege, grant.grantable, &grant.grantor]
    });
    let coming = generation.default_privileges.iter().map(|grant| {
        let schema = grant.schema.clone();
        row!["default", schema, Cell::Null, &grant.grantee, "SELECT", grant.grantable, Cell::Null]
    });
    granted.chain(coming).collect()
}

fn hba_rules(context: &Context<'_>) -> Vec<Row> {
    let config = &context.system.config;
    let rows = (1_i32..).zip(&config.rule).map(|(position, rule)| {
        row![
            position,
            &rule.connection,
            rule.database.clone(),
            rule.user.clone(),
            &rule.address,
            &rule.method,
        ]
    });
    rows.collect()
}

// ---- what happens

fn sessions(context: &Context<'_>) -> Vec<Row> {
    let rows = context.facts.activity.iter().map(|session| {
        row![
            session.pid,
            &session.database,
            &session.user,
            &session.application_name,
            session.client.map(|client| client.to_string()),
            &session.state,
            session.backend_start_us,
            session.xact_start_us,
            session.state_change_us,
        ]
    });
    rows.collect()
}

/// Texts of others are for superusers only, as in `pg_stat_activity`.
fn queries(context: &Context<'_>) -> Vec<Row> {
    let facts = context.facts;
    let everything = facts.superuser(&facts.user);
    let text = |session: &ActivityRow| {
        if everything || session.user == facts.user {
            session.query.to_string()
        } else {
            "<insufficient privilege>".to_owned()
        }
    };
    let active = facts.activity.iter().filter(|session| session.state == "active");
    let rows = active.map(|session| {
        row![
            session.pid,
            &session.user,
            &session.application_name,
            session.query_start_us,
            text(session),
        ]
    });
    rows.collect()
}

fn settings(context: &Context<'_>) -> Vec<Row> {
    let config = &context.system.config;
    let rows = config.values().iter().map(|(name, value)| row![name, value, config::explain(name)]);
    rows.collect()
}

/// One row for the source root and one per database.
fn health(context: &Context<'_>) -> Vec<Row> {
    let status = context.status();
    let root = row!["source", status.error.is_none(), status.error.clone()];
    let databases = status.databases.iter().map(|database| {
        let drifted = status
            .versions
            .iter()
            .find(|version| version.database == database.database && version.drifted);
        let complaint = match (&database.current, &database.last_error, drifted) {
            (None, _, _) => Some("no version is current".to_owned()),
            (_, Some(error), _) => Some(error.clone()),
            (_, _, Some(version)) => {
                Some(format!("version \"{}\" changed after it was loaded", version.version))
            }
            _ => None,
        };
        row![format!("database {}", database.database), complaint.is_none(), complaint]
    });
    std::iter::once(root).chain(databases).collect()
}
