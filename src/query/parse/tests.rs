//! What parses, what it parses to, and what is refused with which code.

use super::{Limits, Statement, parse};

fn statements(sql: &str) -> Result<Vec<Statement>, String> {
    let limits = Limits { text_bytes_max: 1 << 20 };
    match parse(sql, &limits) {
        Ok(list) => Ok(list.into_iter().map(|parsed| parsed.statement).collect()),
        Err(error) => {
            let place = error.notes().position.map_or_else(String::new, |p| format!(" at {p}"));
            Err(format!("{} {error}{place}", error.state()))
        }
    }
}

/// Parses and prints the one statement of `sql`, or its error.
#[track_caller]
fn check(sql: &str, want: &str) {
    let got = match statements(sql) {
        Ok(list) => match list.first() {
            Some(Statement::Query(query)) => query.to_string(),
            Some(other) => format!("{other:?}"),
            None => "nothing".to_owned(),
        },
        Err(error) => error,
    };
    assert_eq!(got.replace('\u{1}', "~"), want, "{sql}");
}

#[test]
fn outputs_have_postgresql_names() {
    check("SELECT 1", "SELECT 1 AS \"?column?\"");
    check("SELECT 1, 2", "SELECT 1 AS \"?column?\", 2 AS \"?column?~1\"");
    check("SELECT count(*), max(x)", "SELECT count(*) AS \"count\", max(x) AS \"max\"");
    check("SELECT a.x, b.y", "SELECT a.x, b.y");
    check("SELECT x::int", "SELECT x::INT AS \"x\"");
    check("SELECT '1'::int", "SELECT '1'::INT AS \"int4\"");
    check("SELECT CASE WHEN a THEN 1 END", "SELECT CASE WHEN a THEN 1 END AS \"case\"");
    check("SELECT x, x", "SELECT x, x AS \"x~1\"");
}

#[test]
fn errors_have_code_and_position() {
    check("SELECT 1 +", "42601 syntax error at end of input at 11");
    check("SELECT 1 + ;", "42601 syntax error at or near \";\" at 12");
    check("SELEC 1", "42601 syntax error at or near \"SELEC\" at 1");
    check("SELECT * FROM t WHERE )", "42601 syntax error at or near \")\" at 23");
    check("SELECT 'abc", "42601 unterminated quoted string at or near \"'abc\" at 8");
    check("SELECT 1;\nSELECT 2 2", "42601 syntax error at or near \"2\" at 20");
}

#[test]
fn version_clauses_become_quoted_schemas() {
    check("SELECT * FROM s.t FOR VERSION AS OF 'v1'", "SELECT * FROM \"s@v1\".t");
    check("SELECT * FROM s.t AT (VERSION => 'v1') x", "SELECT * FROM \"s@v1\".t x");
    check("SELECT * FROM t VERSION AS OF 7", "SELECT * FROM \"@7\".t");
    check(
        "SELECT * FROM s.t FOR TIMESTAMP AS OF '2026-01-01' JOIN u ON true",
        "SELECT * FROM \"s@@2026-01-01\".t JOIN u ON true",
    );
}

#[test]
fn only_the_allow_list_parses() {
    check(
        "COPY t TO '/etc/passwd'",
        "42501 permission denied to COPY to a file or an external program",
    );
    check(
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/x'",
        "0A000 CREATE EXTERNAL is not supported",
    );
    for (sql, what) in [
        ("CREATE TEMPORARY SEQUENCE s", "TEMPORARY SEQUENCE"),
        ("CREATE UNLOGGED SEQUENCE s", "UNLOGGED SEQUENCE"),
    ] {
        check(sql, &format!("0A000 CREATE {what} is not supported"));
    }
    check("ALTER ROLE ALL SET work_mem = 1", "0A000 settings of all roles are not supported");
    check(
        "ALTER ROLE r IN DATABASE d RESET ALL",
        "0A000 settings of a role in one database are not supported",
    );
    check("EXPLAIN INSERT INTO t VALUES (1)", "42809 cannot change the tables of a version");
    check("EXPLAIN ANALYZE COPY t TO '/x'", "0A000 EXPLAIN COPY is not supported");
    check("SELECT * INTO x FROM t", "0A000 SELECT INTO is not supported");
    check(
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "0A000 data-modifying statements in WITH are not supported",
    );
    check("PREPARE p AS COPY t TO '/x'", "0A000 PREPARE of COPY is not supported");
}

#[test]
fn tables_are_read_or_refused_by_name() {
    let lacking = |what: &str| format!("0A000 {what} of tables is not supported");
    for (sql, what) in [
        ("CREATE TEMP TABLE t (LIKE u)", "LIKE"),
        ("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =))", "EXCLUDE"),
        ("CREATE TABLE t (a int UNIQUE DEFERRABLE)", "DEFERRABLE"),
        ("CREATE TABLE t (a text COLLATE \"de\")", "collation \"de\""),
        ("CREATE TABLE t (a int) INHERITS (u)", "INHERITS"),
        ("CREATE TABLE t (a int) PARTITION BY RANGE (a)", "PARTITION"),
        ("CREATE TABLE t (a int) USING columnar", "access method \"columnar\""),
    ] {
        check(sql, &lacking(what));
    }
    check("CREATE TEMP TABLE t (a)", "42601 syntax error at end of input at 24");
    check("CREATE TEMP TABLE t (a int", "42601 syntax error at end of input at 27");
    check("CREATE TEMP TABLE t", "42601 syntax error at end of input at 20");
    check(
        "CREATE TEMP TABLE t (a int) ON COMMIT NONE",
        "42601 syntax error at or near \"ON\" at 29",
    );
}

#[test]
fn sequences_are_read_with_their_options_in_any_order() {
    let options = |sql: &str, want: &str| {
        let got = match statements(sql).map(|list| list.into_iter().next()) {
            Ok(Some(Statement::CreateSequence(sequence))) => format!("{:?}", sequence.options),
            Ok(Some(Statement::AlterSequence(sequence))) => format!("{:?}", sequence.change),
            other => format!("{other:?}"),
        };
        assert_eq!(got, want, "{sql}");
    };
    let none = "SequenceOptions { data_type: None, increment: None, min: None, max: None, \
                start: None, restart: None, cache: None, cycle: None }";
    options("CREATE SEQUENCE s", none);
    options("CREATE SEQUENCE s OWNED BY NONE", none);
    options(
        "CREATE SEQUENCE s CYCLE CACHE 20 START WITH - 5 NO MAXVALUE MINVALUE -9223372036854775808 \
         INCREMENT BY +3 AS integer",
        "SequenceOptions { data_type: Some(Integer), increment: Some(3), \
         min: Some(Some(-9223372036854775808)), max: Some(None), start: Some(-5), restart: None, \
         cache: Some(20), cycle: Some(true) }",
    );
    for (written, data_type) in [
        ("smallint", "SmallInt"),
        ("INT2", "SmallInt"),
        ("int", "Integer"),
        ("\"int4\"", "Integer"),
        ("pg_catalog.int4", "Integer"),
        ("int8", "BigInt"),
        ("bigint", "BigInt"),
    ] {
        let want = none.replace("data_type: None", &format!("data_type: Some({data_type})"));
        options(&format!("CREATE SEQUENCE s AS {written}"), &want);
    }
    let altered = |said: &str, what: &str| {
        let want = none.replace(&format!("{what}: None"), said);
        format!("Options({want})")
    };
    options("ALTER SEQUENCE s RESTART", &altered("restart: Some(None)", "restart"));
    options("ALTER SEQUENCE s RESTART WITH 7", &altered("restart: Some(Some(7))", "restart"));
    options("ALTER SEQUENCE s RESTART -7", &altered("restart: Some(Some(-7))", "restart"));
    options("ALTER SEQUENCE s NO CYCLE", &altered("cycle: Some(false)", "cycle"));
    options("ALTER SEQUENCE s RENAME TO \"T\"", "Rename(\"T\")");
    options("ALTER SEQUENCE s SET SCHEMA t", "SetSchema(\"t\")");
    options("ALTER SEQUENCE s OWNER TO CURRENT_USER", "Owner(\"current_user\")");
    check("SELECT nextval('s')", "SELECT nextval('s') AS \"nextval\"");
}

#[test]
fn sequences_are_refused_as_postgresql_refuses_them() {
    let refused = |options: &str, want: &str| check(&format!("CREATE SEQUENCE s {options}"), want);
    let twice = "42601 conflicting or redundant options at";
    refused("INCREMENT 1 INCREMENT BY 2", &format!("{twice} 31"));
    refused("NO MINVALUE MINVALUE 1", &format!("{twice} 31"));
    refused("CYCLE NO CYCLE", &format!("{twice} 25"));
    refused("AS nope AS text", &format!("{twice} 27"));
    let no_type = "22023 sequence type must be smallint, integer, or bigint";
    for other in ["text", "numeric(10,2)", "double precision", "timestamp with time zone"] {
        refused(&format!("AS {other} START 1"), no_type);
    }
    refused("AS nope", "42704 type \"nope\" does not exist at 22");
    refused("AS \"integer\"", "42704 type \"integer\" does not exist at 22");
    refused("AS nope foo", "42601 syntax error at or near \"foo\" at 27");
    refused("AS int[]", "42601 syntax error at or near \"[\" at 25");
    refused("AS", "42601 syntax error at end of input at 21");
    let large = "99999999999999999999";
    for sign in ["", "-"] {
        refused(
            &format!("START {sign}{large}"),
            &format!("22003 value \"{sign}{large}\" is out of range for type bigint"),
        );
    }
    refused("START 1.5", "22P02 invalid input syntax for type bigint: \"1.5\"");
    refused("START 1.5 foo", "42601 syntax error at or near \"foo\" at 29");
    refused("START 'a'", "42601 syntax error at or near \"'a'\" at 25");
    refused("START $1", "42601 syntax error at or near \"$1\" at 25");
    refused("NO", "42601 syntax error at end of input at 21");
    refused("NO START", "42601 syntax error at or near \"START\" at 22");
    refused("CACHE 1, CYCLE", "42601 syntax error at or near \",\" at 26");
    refused("WITH CACHE 1", "42601 syntax error at or near \"WITH\" at 19");
    refused("OWNED BY t", "42601 invalid OWNED BY option");
    refused("OWNED BY t.c", "0A000 OWNED BY a column is not supported");
    check("CREATE SEQUENCE", "42601 syntax error at end of input at 16");
    check("CREATE SEQUENCE select", "42601 syntax error at or near \"select\" at 17");
    check("CREATE OR REPLACE SEQUENCE s", "42601 syntax error at or near \"SEQUENCE\" at 19");
    check(
        "CREATE SEQUENCE a.b.c",
        "0A000 cross-database references are not implemented: \"a.b.c\"",
    );
    check(
        "CREATE SEQUENCE a.b.c.d",
        "42601 improper qualified name (too many dotted names): a.b.c.d at 17",
    );
    check("ALTER SEQUENCE s", "42601 syntax error at end of input at 17");
    check("ALTER SEQUENCE s RESTART WITH", "42601 syntax error at end of input at 30");
    check("ALTER SEQUENCE s RENAME TO a.b", "42601 syntax error at or near \".\" at 29");
    check("ALTER SEQUENCE s SET LOGGED", "0A000 ALTER SEQUENCE SET LOGGED is not supported");
}

#[test]
fn schemas_are_made_changed_and_dropped() {
    check(
        "CREATE SCHEMA IF NOT EXISTS a",
        "Schema(Create { name: Some(\"a\"), owner: None, if_not_exists: true })",
    );
    check(
        "CREATE SCHEMA AUTHORIZATION b",
        "Schema(Create { name: None, owner: Some(\"b\"), if_not_exists: false })",
    );
    check(
        "CREATE SCHEMA a AUTHORIZATION b",
        "Schema(Create { name: Some(\"a\"), owner: Some(\"b\"), if_not_exists: false })",
    );
    check("ALTER SCHEMA a RENAME TO b", "Schema(Alter { name: \"a\", change: Rename(\"b\") })");
    check("ALTER SCHEMA a OWNER TO b", "Schema(Alter { name: \"a\", change: Owner(\"b\") })");
    check(
        "DROP SCHEMA IF EXISTS a, b CASCADE",
        "Drop(Drop { tag: \"DROP SCHEMA\", names: [(None, \"a\"), (None, \"b\")], \
         if_exists: true, cascade: true })",
    );
    check(
        "DROP SEQUENCE a.b, c RESTRICT",
        "Drop(Drop { tag: \"DROP SEQUENCE\", names: [(Some(\"a\"), \"b\"), (None, \"c\")], \
         if_exists: false, cascade: false })",
    );
    check("CREATE SCHEMA", "42601 syntax error at end of input at 14");
    check("CREATE SCHEMA a.b", "42601 syntax error at or near \".\" at 16");
    check("CREATE SCHEMA AUTHORIZATION", "42601 syntax error at end of input at 28");
    check(
        "CREATE SCHEMA a CREATE TABLE t (a int)",
        "0A000 schema elements of CREATE SCHEMA are not supported at 17",
    );
    check(
        "CREATE SCHEMA IF NOT EXISTS a GRANT SELECT ON t TO b",
        "0A000 CREATE SCHEMA IF NOT EXISTS cannot include schema elements at 31",
    );
    check("ALTER SCHEMA a SET SCHEMA b", "42601 syntax error at or near \"SET\" at 16");
    check("DROP SCHEMA a.b", "42601 syntax error at or near \".\" at 14");
    check("DROP SEQUENCE a,", "42601 syntax error at end of input at 17");
    check("DROP SEQUENCE a CASCADE RESTRICT", "42601 syntax error at or near \"RESTRICT\" at 25");
}

#[test]
fn deep_texts_are_refused_before_the_planner() {
    let refused = |sql: String| {
        let error = statements(&sql).expect_err("too deep");
        assert!(error.starts_with("54001"), "{error}");
    };
    refused(format!("SELECT {}", vec!["1"; 100_000].join("+")));
    refused(format!("SELECT 1 WHERE {}", vec!["a=1"; 10_000].join(" OR ")));
    refused(vec!["SELECT 1"; 5_000].join(" UNION ALL "));
    refused(format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)));
    refused(format!("SELECT {}1{}", "(SELECT ".repeat(300), ")".repeat(300)));
    refused(format!("SELECT {} true", "NOT ".repeat(10_000)));
    refused(format!("SELECT CASE WHEN {} THEN 1 END", vec!["when"; 1_000].join("+")));
    refused(format!("SELECT {}", vec!["CASE WHEN a = 1 THEN 2 END"; 1_000].join("+")));
    refused(format!("SELECT {}", vec!["t.case"; 1_000].join("+")));
    refused(format!("SELECT {}", vec!["(SELECT 1 AS case)"; 1_000].join("+")));
    let branches = format!("SELECT CASE {} ELSE b END", "WHEN a = 1 THEN 2 ".repeat(1_000));
    assert!(statements(&branches).is_ok());
    let list = format!("SELECT 1 WHERE 1 IN ({})", vec!["1"; 100_000].join(","));
    assert!(statements(&list).is_ok());
}

#[test]
fn utility_statements() {
    check("SET x = DEFAULT", "Set { name: \"x\", value: None, local: false }");
    check(
        "SET LOCAL search_path TO a, \"B\"",
        "Set { name: \"search_path\", value: Some(\"a, \\\"B\\\"\"), local: true }",
    );
    check(
        "SET SESSION TIME ZONE 'UTC'",
        "Set { name: \"timezone\", value: Some(\"UTC\"), local: false }",
    );
    check("SHOW TIME ZONE", "Show(Some(\"timezone\"))");
    check(
        "FETCH FORWARD 10 FROM c",
        "Fetch { name: \"c\", direction: Forward(Some(10)), is_move: false, timeout_ms: None }",
    );
    check(
        "FETCH ALL IN c",
        "Fetch { name: \"c\", direction: Forward(None), is_move: false, timeout_ms: None }",
    );
    check(
        "FETCH c",
        "Fetch { name: \"c\", direction: Forward(Some(1)), is_move: false, timeout_ms: None }",
    );
    check(
        "MOVE BACKWARD ALL c",
        "Fetch { name: \"c\", direction: Backward(None), is_move: true, timeout_ms: None }",
    );
    check("ROLLBACK TO SAVEPOINT a", "RollbackTo(\"a\")");
    check("DEALLOCATE ALL", "Deallocate(None)");
    check("DROP TABLE 1", "0A000 DROP TABLE is not supported");
    check(";;", "nothing");
}

#[test]
fn options_of_copy_are_refused_as_postgresql_refuses_them() {
    let check = |options: &str, want: &str| check(&format!("COPY t TO STDOUT {options}"), want);
    check("(FORMAT x)", "22023 COPY format \"x\" not recognized at 19");
    check("(FORMAT csv, nope)", "42601 option \"nope\" not recognized at 31");
    check("CSV CSV", "42601 conflicting or redundant options at 22");
    check("(HEADER match)", "0A000 cannot use \"match\" with HEADER in COPY TO");
    check("(NULL E'\\r')", "22023 COPY null representation cannot use newline or carriage return");
    check("(DELIMITER 'a')", "22023 COPY delimiter cannot be \"a\"");
    check("(FORMAT csv, FORCE_NULL (a))", "0A000 COPY force null only available using COPY FROM");
    check("(ENCODING latin1)", "0A000 COPY in encoding \"latin1\" is not supported");
}
