package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Long enough for every case on a slow machine.
const patience = time.Minute

const slow = "SELECT count(*) FROM lineitem a, lineitem b, lineitem c WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment"

// A statement and what a program passes to it: of Go's types, which pgx encodes as the server says the parameters are.
type asked struct {
	sql  string
	args []any
}

var statements = []asked{
	{"SELECT n_nationkey, n_name, n_regionkey FROM nation ORDER BY n_nationkey", nil},
	{"SELECT * FROM kinds.kinds ORDER BY id", nil},
	{"SELECT n_name FROM nation WHERE n_nationkey = $1", []any{7}},
	{"SELECT n_name FROM nation WHERE n_nationkey = ANY($1) ORDER BY 1", []any{[]int64{1, 5, 9}}},
	{"SELECT n_name FROM nation WHERE n_name = ANY($1) ORDER BY 1", []any{[]string{"FRANCE", "CHINA"}}},
	{"SELECT n_name FROM nation WHERE n_name <> ALL($1) ORDER BY 1", []any{[]string{"FRANCE", "CHINA"}}},
	{"SELECT n_name FROM nation WHERE n_nationkey IN ($1, $2) ORDER BY 1", []any{3, 4}},
	{"SELECT n_name FROM nation WHERE n_name LIKE $1 || '%' ORDER BY n_name LIMIT $2 OFFSET $3", []any{"A", 2, 1}},
	{"SELECT n_nationkey + $1 AS a, $2::int4 * 2 AS b FROM nation ORDER BY 1 LIMIT 2", []any{10, 21}},
	{"SELECT left(n_name, $1) AS a, repeat(n_name, $2) AS b, split_part(n_name, $3, $4) AS c FROM nation ORDER BY n_nationkey LIMIT 3", []any{3, 2, "A", 1}},
	{"SELECT coalesce($1, n_nationkey) AS a FROM nation ORDER BY n_nationkey LIMIT 2", []any{nil}},
	{"SELECT CASE WHEN $1 THEN 'yes' ELSE 'no' END AS a", []any{true}},
	{"SELECT count(*) FROM orders WHERE o_orderdate >= $1 AND o_orderdate < $2", []any{time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC)}},
	{"SELECT count(*) FROM lineitem WHERE l_discount = $1", []any{"0.05"}},
	{"SELECT $1::timestamptz AS a, $2::timestamp AS b, $3::date AS c", []any{time.Unix(1700000000, 123000).UTC(), time.Unix(1700000000, 0).UTC(), time.Unix(1700000000, 0).UTC()}},
	{"SELECT $1::bytea AS a, $2::uuid AS b, $3::jsonb AS c", []any{[]byte{0, 255}, "2f0e4b3a-0000-4000-8000-0123456789ab", map[string]any{"a": []int{1, 2}}}},
	{"SELECT $1::int4[] AS a, $2::text[] AS b, $3::float8[] AS c", []any{[]int32{1, 2}, []string{"x", `y,"z"`}, []float64{0.5}}},
	{"SELECT $1::interval AS a, $2::time AS b", []any{90 * time.Minute, pgtype.Time{Microseconds: 1000001, Valid: true}}},
	{"SELECT a, b FROM unnest($1::int4[], $2::text[]) t(a, b)", []any{[]int32{1, 2}, []string{"x", "y"}}},
	{"SELECT * FROM generate_series(1, $1) g", []any{4}},
	{"SELECT '{\"a\": {\"b\": 1}}'::jsonb #>> $1 AS a, '{\"a\": 1}'::jsonb @> $2 AS b, '{\"a\": 1}'::jsonb -> $3 AS c", []any{[]string{"a", "b"}, map[string]int{"a": 1}, "a"}},
	{"SELECT ARRAY[1, 2, 3] && $1 AS a, array_append(ARRAY[1], $2) AS b", []any{[]int32{3, 4}, 5}},
	{"SELECT o_totalprice * $1 AS a, round(o_totalprice, $2) AS b FROM orders ORDER BY o_orderkey LIMIT 2", []any{"2", 1}},
	{"SELECT $1::numeric AS a, $2::float8 AS b, $3::float4 AS c, $4::int2 AS d", []any{"123.4500", 0.1, 0.25, 7}},
	{"SELECT now() - $1::interval < now() AS a, '2024-01-31'::timestamptz + $2 AS b", []any{time.Hour, 24 * time.Hour}},
	{"SELECT $1 AS a, $2::text AS b", []any{"x", nil}},
	{"SELECT a, b FROM (VALUES (1, 'x'), ($1, $2)) t(a, b)", []any{2, "y"}},
	{"SELECT 1 AS a UNION ALL SELECT $1 ORDER BY 1", []any{2}},
	{"SELECT int4range($1, $2) AS a, '[1,9)'::int4range @> $3 AS b", []any{1, 5, pgtype.Range[int32]{Lower: 2, Upper: 3, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true}}},
	{"SELECT '10.0.0.0/8'::inet >> $1 AS a", []any{"10.1.2.3"}},
	{"SELECT relname FROM pg_class WHERE relname = ANY($1) AND relkind = $2 ORDER BY 1", []any{[]string{"nation", "region"}, "r"}},
	{"SELECT nation FROM nation ORDER BY n_nationkey LIMIT 1", nil},
}

var wrong = []asked{
	{"SELECT nope FROM nation", nil},
	{"SELECT * FROM nowhere", nil},
	{"SELEC 1", nil},
	{"SELECT 1 / $1::int4", []any{0}},
	{"SELECT 'x'::int4", nil},
	{"SELECT n_name + 1 FROM nation", nil},
	{"SELECT n_name FROM nation WHERE n_name = ANY($1)", []any{"no array"}},
	{"SELECT $1::date", []any{"2026-02-30"}},
	{"SELECT (1", nil},
}

var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement,
	pgx.QueryExecModeCacheDescribe,
	pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec,
	pgx.QueryExecModeSimpleProtocol,
}

func told(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s %s at %d, %q %q", e.Severity, e.Code, e.Message, e.Position, e.Detail, e.Hint)
	}
	return "error: " + err.Error()
}

// Columns with their types, then the rows; what the program is given when it asks for no type.
func values(rows pgx.Rows, err error) string {
	if err != nil {
		return told(err)
	}
	defer rows.Close()
	// PostgreSQL fails before it tells of the columns where all is constant.
	more := rows.Next()
	if rows.Err() != nil && !more {
		return told(rows.Err())
	}
	var out strings.Builder
	for _, field := range rows.FieldDescriptions() {
		// Types of rows have the OIDs of the server.
		oid := field.DataTypeOID
		if 9000 <= oid {
			oid = 0
		}
		fmt.Fprintf(&out, "%s:%d:%d ", field.Name, oid, field.TypeModifier)
	}
	for ; more; more = rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return out.String() + told(err)
		}
		fmt.Fprintf(&out, "\n%#v", plain(row))
	}
	if rows.Err() != nil {
		return out.String() + told(rows.Err())
	}
	return out.String() + rows.CommandTag().String()
}

// Values without addresses, which differ from run to run.
func plain(row []any) []string {
	texts := make([]string, len(row))
	for at, value := range row {
		if number, ok := value.(pgtype.Numeric); ok {
			text, _ := number.MarshalJSON()
			texts[at] = "numeric " + string(text)
			continue
		}
		texts[at] = fmt.Sprintf("%T %v", value, value)
	}
	return texts
}

func connected(dsn string, body func(ctx context.Context, conn *pgx.Conn) string) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return told(err)
	}
	defer conn.Close(ctx)
	return body(ctx, conn)
}

func onConn(name string, body func(ctx context.Context, conn *pgx.Conn) string) {
	check("pgx "+name, func(dsn string) string { return connected(dsn, body) })
}

func pgxCases() {
	for _, mode := range modes {
		for _, list := range [][]asked{statements, wrong} {
			for _, one := range list {
				one, mode := one, mode
				onConn(fmt.Sprintf("%s: %s", mode, one.sql), func(ctx context.Context, conn *pgx.Conn) string {
					args := append([]any{mode}, one.args...)
					first := values(conn.Query(ctx, one.sql, args...))
					// The second time from what was kept of the first.
					return first + "\n" + values(conn.Query(ctx, one.sql, args...))
				})
			}
		}
	}
	onConn("scan into types", func(ctx context.Context, conn *pgx.Conn) string {
		var (
			key   int64
			name  string
			date  time.Time
			price float64
			exact pgtype.Numeric
		)
		row := conn.QueryRow(ctx, "SELECT o_orderkey, o_orderstatus, o_orderdate, o_totalprice, o_totalprice FROM orders WHERE o_orderkey = $1", 7)
		if err := row.Scan(&key, &name, &date, &price, &exact); err != nil {
			return told(err)
		}
		text, _ := exact.MarshalJSON()
		return fmt.Sprint(key, name, date, price, string(text))
	})
	onConn("ping", func(ctx context.Context, conn *pgx.Conn) string {
		tag, err := conn.Exec(ctx, ";")
		return fmt.Sprint(conn.Ping(ctx), tag, err)
	})
	onConn("no rows", func(ctx context.Context, conn *pgx.Conn) string {
		var name string
		return fmt.Sprint(conn.QueryRow(ctx, "SELECT n_name FROM nation WHERE n_nationkey = $1", 99).Scan(&name))
	})
	onConn("collect into structs", func(ctx context.Context, conn *pgx.Conn) string {
		type nation struct {
			Key    int32  `db:"n_nationkey"`
			Name   string `db:"n_name"`
			Region *int16 `db:"n_regionkey"`
		}
		rows, err := conn.Query(ctx, "SELECT n_nationkey, n_name, n_regionkey FROM nation ORDER BY 1")
		if err != nil {
			return told(err)
		}
		nations, err := pgx.CollectRows(rows, pgx.RowToStructByName[nation])
		if err != nil {
			return told(err)
		}
		out := ""
		for _, one := range nations {
			out += fmt.Sprintln(one.Key, one.Name, *one.Region)
		}
		return out
	})
	onConn("named arguments", func(ctx context.Context, conn *pgx.Conn) string {
		return values(conn.Query(ctx, "SELECT @a::int4 + @b AS sum, @a AS again", pgx.NamedArgs{"a": 1, "b": 2}))
	})
	onConn("prepare", func(ctx context.Context, conn *pgx.Conn) string {
		prepared, err := conn.Prepare(ctx, "mine", "SELECT n_name, $2::text[] AS list FROM nation WHERE n_nationkey = $1")
		if err != nil {
			return told(err)
		}
		out := fmt.Sprint(prepared.ParamOIDs)
		for key := 0; key < 3; key++ {
			out += values(conn.Query(ctx, "mine", key, []string{"x"}))
		}
		return out + fmt.Sprint(conn.Deallocate(ctx, "mine")) + values(conn.Query(ctx, "SELECT name FROM pg_prepared_statements WHERE name = 'mine'"))
	})
	onConn("batch", func(ctx context.Context, conn *pgx.Conn) string {
		batch := &pgx.Batch{}
		for key := 0; key < 30; key++ {
			batch.Queue("SELECT n_name FROM nation WHERE n_nationkey = $1", key)
		}
		batch.Queue("SELECT 1 / $1::int4", 0)
		batch.Queue("SELECT 2")
		results := conn.SendBatch(ctx, batch)
		out := ""
		for key := 0; key < 32; key++ {
			out += values(results.Query())
		}
		if err := results.Close(); err != nil {
			out += told(err)
		}
		return out + values(conn.Query(ctx, "SELECT 3 AS three"))
	})
	onConn("pipeline", func(ctx context.Context, conn *pgx.Conn) string {
		pipeline := conn.PgConn().StartPipeline(ctx)
		pipeline.SendPrepare("one", "SELECT $1::int4 + 1", nil)
		pipeline.SendQueryPrepared("one", [][]byte{[]byte("41")}, nil, nil)
		pipeline.SendQueryParams("SELECT nope", nil, nil, nil, nil)
		pipeline.SendQueryParams("SELECT 'skipped'", nil, nil, nil, nil)
		pipeline.Sync()
		pipeline.SendQueryParams("SELECT n_name FROM nation ORDER BY 1 LIMIT 2", nil, nil, nil, nil)
		pipeline.Sync()
		out := ""
		for place := 0; place < 12; place++ {
			results, err := pipeline.GetResults()
			switch found := results.(type) {
			case *pgconn.ResultReader:
				read := found.Read()
				out += fmt.Sprintf("%s %s %v\n", read.Rows, read.CommandTag, read.Err)
			default:
				out += fmt.Sprintf("%T ", results)
			}
			if err != nil {
				out += told(err)
			}
		}
		pipeline.Close()
		return out
	})
	onConn("transactions", func(ctx context.Context, conn *pgx.Conn) string {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return told(err)
		}
		out := values(tx.Query(ctx, "SHOW transaction_isolation")) + values(tx.Query(ctx, "SHOW transaction_read_only"))
		inner, err := tx.Begin(ctx)
		if err != nil {
			return told(err)
		}
		out += values(inner.Query(ctx, "SELECT * FROM nowhere")) + values(inner.Query(ctx, "SELECT 1"))
		out += fmt.Sprint(inner.Rollback(ctx)) + values(tx.Query(ctx, "SELECT count(*) FROM nation"))
		out += values(tx.Query(ctx, "SELECT 1 / 0"))
		if err := tx.Commit(ctx); err != nil {
			out += err.Error()
		}
		return out + values(conn.Query(ctx, "SELECT 1 AS one"))
	})
	onConn("several statements", func(ctx context.Context, conn *pgx.Conn) string {
		out := ""
		results := conn.PgConn().Exec(ctx, "SELECT 1 AS a; SELECT n_name FROM nation ORDER BY 1 LIMIT 2; SET search_path = tpch; SELECT nope; SELECT 2")
		for results.NextResult() {
			read := results.ResultReader().Read()
			out += fmt.Sprintf("%s %s\n", read.Rows, read.CommandTag)
		}
		if err := results.Close(); err != nil {
			out += told(err)
		}
		return out
	})
	onConn("copy to", func(ctx context.Context, conn *pgx.Conn) string {
		var text strings.Builder
		tag, err := conn.PgConn().CopyTo(ctx, &text, "COPY (SELECT * FROM orders ORDER BY o_orderkey) TO STDOUT (FORMAT csv, HEADER)")
		if err != nil {
			return told(err)
		}
		return tag.String() + text.String()
	})
	onConn("copy to in binary", func(ctx context.Context, conn *pgx.Conn) string {
		var bytes strings.Builder
		tag, err := conn.PgConn().CopyTo(ctx, &bytes, "COPY (SELECT n_nationkey, n_name FROM nation ORDER BY 1) TO STDOUT (FORMAT binary)")
		if err != nil {
			return told(err)
		}
		return fmt.Sprintf("%s %q", tag, bytes.String())
	})
	onConn("copy from is refused", func(ctx context.Context, conn *pgx.Conn) string {
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"nowhere"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}}))
		return told(err)
	})
	onConn("cancelled by its context", func(ctx context.Context, conn *pgx.Conn) string {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := conn.Exec(short, slow)
		return fmt.Sprint(errors.Is(err, context.DeadlineExceeded), conn.IsClosed())
	})
	onConn("cancel request", func(ctx context.Context, conn *pgx.Conn) string {
		go func() {
			time.Sleep(300 * time.Millisecond)
			_ = conn.PgConn().CancelRequest(ctx)
		}()
		return values(conn.Query(ctx, slow)) + values(conn.Query(ctx, "SELECT 1"))
	})
	onConn("notifications", func(ctx context.Context, conn *pgx.Conn) string {
		out := values(conn.Query(ctx, "LISTEN news")) + values(conn.Query(ctx, "SELECT pg_notify('news', $1)", "first"))
		heard, err := conn.WaitForNotification(ctx)
		if err != nil {
			return told(err)
		}
		return out + heard.Channel + heard.Payload
	})
	onConn("load a type", func(ctx context.Context, conn *pgx.Conn) string {
		out := ""
		for _, name := range []string{"tpch.region", "tpch._region", "information_schema.yes_or_no"} {
			loaded, err := conn.LoadType(ctx, name)
			if err != nil {
				out += told(err)
				continue
			}
			conn.TypeMap().RegisterType(loaded)
			out += fmt.Sprintf("%s %T\n", loaded.Name, loaded.Codec)
		}
		return out + values(conn.Query(ctx, "SELECT region FROM region ORDER BY r_regionkey"))
	})
	onConn("settings of the session", func(ctx context.Context, conn *pgx.Conn) string {
		out := ""
		for _, name := range []string{"server_version", "client_encoding", "standard_conforming_strings", "TimeZone", "integer_datetimes", "DateStyle"} {
			// The version with what its packager added.
			value, _, _ := strings.Cut(conn.PgConn().ParameterStatus(name), " (")
			out += name + "=" + value + " "
		}
		return out
	})
	check("pgx options of the connection", func(dsn string) string {
		return connected(dsn+"?application_name=suite&search_path=kinds&statement_timeout=5000", func(ctx context.Context, conn *pgx.Conn) string {
			return values(conn.Query(ctx, "SELECT current_setting('application_name') AS a, current_setting('statement_timeout') AS b, count(*) AS c FROM kinds"))
		})
	})
}

func poolCases() {
	check("pgxpool many at once", func(dsn string) string {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		pool, err := pgxpool.New(ctx, dsn+"?pool_max_conns=4")
		if err != nil {
			return told(err)
		}
		defer pool.Close()
		answers := make([]string, 100)
		var waiting sync.WaitGroup
		for place := range answers {
			waiting.Add(1)
			go func(place int) {
				defer waiting.Done()
				answers[place] = values(pool.Query(ctx, "SELECT $1::int4 * 2 AS twice, r_name FROM region WHERE r_regionkey = $2", place, place%5))
			}(place)
		}
		waiting.Wait()
		return strings.Join(answers, "\n") + fmt.Sprint(pool.Ping(ctx))
	})
}
