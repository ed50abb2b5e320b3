-- The schema `forebay` as an empty shell: the extension with the names, numbers, types, privileges and comments of our
-- own views, so that statements that list schemas, tables, columns, types or dependencies see the same ones on both
-- servers. What the views show is ours alone. They stand in the order of src/query/system/views.rs, which gives them
-- their numbers; one that is missing here is a difference in tests/differential.
--
-- For a server in binary upgrade mode: no other one lets numbers be chosen.
SET allow_system_table_mods = on;
INSERT INTO pg_namespace VALUES (9990, 'forebay', 10, '{forebay=UC/forebay,=U/forebay}');
INSERT INTO pg_extension VALUES (9991, 'forebay', 10, 9990, false, '0.1.0', NULL, NULL);
COMMENT ON EXTENSION forebay IS 'databases, versions and the state of this server';
DO $$
DECLARE
    oid integer := 9000;
    view record;
    list text;
BEGIN
    FOR view IN SELECT * FROM (VALUES
        ('databases', 'Directories of the source root that are served, or seen, one row each.',
         'name text, current_version text, previous_version text, high_water text, in_source boolean, '
         'auto_activate boolean, paused boolean, last_listed_at timestamptz, next_refresh_at timestamptz, '
         'last_error text'),
        ('versions', 'Versions that are loaded, seen in the source, or both.',
         'database text, version text, state text, mode text, files bigint, bytes bigint, rows bigint, '
         'loaded_at timestamptz, source_modified_at timestamptz, in_source boolean, drifted boolean, '
         'pins bigint, attempts integer, retry_at timestamptz, error text'),
        ('tables', 'Tables of loaded versions.',
         'database text, version text, table text, format text, columns integer, partition_columns text[], '
         'key text[], files bigint, bytes bigint, rows bigint, comment text'),
        ('files', 'Files of loaded versions.',
         'database text, version text, table text, path text, bytes bigint, rows bigint, '
         'modified_at timestamptz, partition_values text[], etag text, sha256 text'),
        ('aliases', 'Second names of versions.',
         'database text, alias text, version text, origin text, set_at timestamptz, set_by text'),
        ('alias_history', 'What aliases named before, oldest first.',
         'database text, alias text, from_version text, to_version text, at timestamptz, by text'),
        ('activations', 'What became current when, and why, oldest first.',
         'database text, from_version text, to_version text, cause text, at timestamptz, by text'),
        ('loads', 'Loads under way and the latest that ended.',
         'id bigint, database text, version text, phase text, attempt integer, files_done bigint, '
         'files_total bigint, bytes_done bigint, bytes_total bigint, started_at timestamptz, '
         'ended_at timestamptz, error text'),
        ('source_issues', 'What in the source root is not used as it stands, and why.',
         'database text, version text, path text, reason text'),
        ('pins', 'What keeps the files of versions.',
         'database text, version text, kind text, name text, count bigint, until timestamptz'),
        ('roles', 'Roles, without their passwords.',
         'role text, superuser boolean, login boolean, inherit boolean, create_role boolean, '
         'connection_limit integer, has_password boolean, valid_until timestamptz, member_of text[]'),
        ('grants', 'What roles were granted, and what they will be on tables to come.',
         'kind text, schema text, table text, grantee text, privilege text, grantable boolean, grantor text'),
        ('hba_rules', 'Who may connect from where; the first rule that fits decides.',
         'position integer, connection text, databases text[], roles text[], address text, method text'),
        ('sessions', 'Connections.',
         'pid integer, database text, role text, application_name text, client text, state text, '
         'connected_at timestamptz, transaction_started_at timestamptz, state_changed_at timestamptz'),
        ('queries', 'Statements that run now; those of others are shown to superusers only.',
         'pid integer, role text, application_name text, started_at timestamptz, query text'),
        ('settings', 'The configuration in effect.',
         'name text, value text, description text'),
        ('health', 'What is well and what is not: the source root and each database.',
         'subject text, healthy boolean, message text'),
        ('sequences', 'Sequences: the last number handed out, and the last one that is durable.',
         'schema text, sequence text, owner text, last_value bigint, reserved_until bigint, increment bigint, cache bigint'),
        ('logs', 'Logs: their last number, and where their rows are.',
         'schema text, log text, owner text, since bigint, last_time timestamptz, rows bigint, memory_rows bigint, '
         'memory_bytes bigint, segments bigint, segment_bytes bigint'),
        ('views', 'Materialized views: how they are kept, and how far they have come.',
         'schema text, view text, owner text, log text, mode text, state text, since bigint, log_since bigint, lag bigint, '
         'progress float8, kept_rows bigint, kept_bytes bigint, builds bigint, error text'),
        ('backups', 'Backups that this server has made since it started, and those that failed.',
         'started_at timestamptz, ended_at timestamptz, location text, automatic boolean, name text, lsn bigint, files bigint, '
         'bytes bigint, new_bytes bigint, error text')
    ) AS views (name, about, columns)
    LOOP
        SELECT string_agg(format('NULL::%s AS %I', split_part(one, ' ', 2), split_part(one, ' ', 1)), ', ') INTO list
            FROM unnest(string_to_array(view.columns, ', ')) AS one;
        PERFORM binary_upgrade_set_next_heap_pg_class_oid(oid::oid);
        PERFORM binary_upgrade_set_next_array_pg_type_oid((oid + 1)::oid);
        PERFORM binary_upgrade_set_next_pg_type_oid((oid + 2)::oid);
        EXECUTE format('CREATE VIEW forebay.%I AS SELECT %s', view.name, list);
        EXECUTE format('COMMENT ON VIEW forebay.%I IS %L', view.name, view.about);
        EXECUTE format('GRANT SELECT ON forebay.%I TO PUBLIC', view.name);
        oid := oid + 3;
    END LOOP;
END $$;
-- ALTER EXTENSION takes neither the schema an extension is in nor anything of numbers that low.
INSERT INTO pg_depend
    SELECT class, oid, 0, 'pg_extension'::regclass, 9991, 0, 'e' FROM (
        SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE oid = 9990 UNION ALL
        SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = 9990) AS own (class, oid);
INSERT INTO pg_init_privs
    SELECT oid, class, 0, 'e', acl FROM (
        SELECT 'pg_namespace'::regclass, oid, nspacl FROM pg_namespace WHERE oid = 9990 UNION ALL
        SELECT 'pg_class'::regclass, oid, relacl FROM pg_class WHERE relnamespace = 9990) AS own (class, oid, acl);
