package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
)

// What database/sql gives of the rows of any driver.
func scanned(rows *sql.Rows, err error) string {
	if err != nil {
		return toldPq(err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return toldPq(err)
	}
	var out strings.Builder
	for _, kind := range kinds {
		length, hasLength := kind.Length()
		precision, scale, isDecimal := kind.DecimalSize()
		fmt.Fprintf(&out, "%s %s %v %d %v %d %d %v, ", kind.Name(), kind.DatabaseTypeName(), kind.ScanType(), length, hasLength, precision, scale, isDecimal)
	}
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			row := make([]any, len(kinds))
			places := make([]any, len(kinds))
			for at := range row {
				places[at] = &row[at]
			}
			if err := rows.Scan(places...); err != nil {
				return out.String() + toldPq(err)
			}
			for _, value := range row {
				fmt.Fprintf(&out, "%T %v|", value, value)
			}
			out.WriteString("\n")
		}
	}
	if rows.Err() != nil {
		out.WriteString(toldPq(rows.Err()))
	}
	return out.String()
}

func toldPq(err error) string {
	var e *pq.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s %s at %s, %q %q", e.Severity, e.Code, e.Message, e.Position, e.Detail, e.Hint)
	}
	return told(err)
}

func onDB(driver, name, options string, body func(ctx context.Context, db *sql.DB) string) {
	check(driver+" "+name, func(dsn string) string {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		db, err := sql.Open(driver, dsn+"?sslmode=disable"+options)
		if err != nil {
			return err.Error()
		}
		defer db.Close()
		db.SetMaxOpenConns(2)
		return body(ctx, db)
	})
}

// What both drivers of database/sql do.
func databaseCases(driver, options string) {
	for _, one := range []asked{
		{"SELECT n_nationkey, n_name, n_regionkey FROM nation ORDER BY n_nationkey", nil},
		{"SELECT * FROM kinds.kinds ORDER BY id", nil},
		{"SELECT n_name FROM nation WHERE n_nationkey = $1 OR n_name = $2 ORDER BY 1", []any{7, "CHINA"}},
		{"SELECT n_name FROM nation WHERE n_nationkey > $1 ORDER BY n_name LIMIT $2", []any{int64(3), 4}},
		{"SELECT left(n_name, $1) FROM nation ORDER BY 1 LIMIT 1", []any{2}},
		{"SELECT $1::int8 + 1, $2::text, $3::float8, $4::bool, $5::bytea, $6::timestamptz, $7::numeric", []any{41, "it's", 0.5, true, []byte{0, 255}, time.Unix(1700000000, 0).UTC(), "1.50"}},
		{"SELECT count(*) FROM orders WHERE o_orderdate < $1", []any{time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"SELECT coalesce($1, 'none'), $2::int4", []any{nil, sql.NullInt32{}}},
		{"SELECT 1::varchar(10), 1.5::numeric(10, 2), 'a'::char(3), ARRAY[1, 2], '{\"a\": 1}'::jsonb, interval '1 day'", nil},
		{"SELECT 1 / $1::int4", []any{0}},
		{"SELECT nope", nil},
		{"SELECT * FROM nowhere WHERE a = $1", []any{1}},
	} {
		one := one
		onDB(driver, options+one.sql, options, func(ctx context.Context, db *sql.DB) string {
			return scanned(db.QueryContext(ctx, one.sql, one.args...))
		})
	}
	onDB(driver, options+"prepared", options, func(ctx context.Context, db *sql.DB) string {
		prepared, err := db.PrepareContext(ctx, "SELECT n_name FROM nation WHERE n_nationkey = $1")
		if err != nil {
			return toldPq(err)
		}
		defer prepared.Close()
		out := ""
		for key := 0; key < 5; key++ {
			out += scanned(prepared.QueryContext(ctx, key))
		}
		return out
	})
	onDB(driver, options+"transaction", options, func(ctx context.Context, db *sql.DB) string {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
		if err != nil {
			return toldPq(err)
		}
		out := scanned(tx.QueryContext(ctx, "SHOW transaction_isolation")) + scanned(tx.QueryContext(ctx, "SHOW transaction_read_only"))
		out += scanned(tx.QueryContext(ctx, "SELECT 1 / 0")) + scanned(tx.QueryContext(ctx, "SELECT 1"))
		return out + fmt.Sprint(tx.Rollback()) + scanned(db.QueryContext(ctx, "SELECT 1 AS one"))
	})
	onDB(driver, options+"rows left early", options, func(ctx context.Context, db *sql.DB) string {
		rows, err := db.QueryContext(ctx, "SELECT l_orderkey FROM lineitem ORDER BY 1, l_linenumber")
		if err != nil {
			return toldPq(err)
		}
		var key int64
		for place := 0; place < 10 && rows.Next(); place++ {
			if err := rows.Scan(&key); err != nil {
				return toldPq(err)
			}
		}
		return fmt.Sprint(key, rows.Close()) + scanned(db.QueryContext(ctx, "SELECT count(*) FROM lineitem"))
	})
	onDB(driver, options+"cancelled by its context", options, func(ctx context.Context, db *sql.DB) string {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(short, slow)
		return fmt.Sprint(err != nil) + scanned(db.QueryContext(ctx, "SELECT 1"))
	})
}

func stdlibCases() {
	databaseCases("pgx", "")
}

func pqCases() {
	databaseCases("postgres", "")
	databaseCases("postgres", "&binary_parameters=yes")
	onDB("postgres", "arrays", "", func(ctx context.Context, db *sql.DB) string {
		var numbers []int64
		var texts []string
		err := db.QueryRowContext(ctx, "SELECT $1::int8[], array_agg(n_name ORDER BY n_name) FROM nation WHERE n_nationkey = ANY($1) AND n_name <> ALL($2)",
			pq.Array([]int64{1, 2, 3}), pq.Array([]string{"EGYPT"})).Scan(pq.Array(&numbers), pq.Array(&texts))
		if err != nil {
			return toldPq(err)
		}
		return fmt.Sprint(numbers, texts)
	})
	onDB("postgres", "several statements", "", func(ctx context.Context, db *sql.DB) string {
		return scanned(db.QueryContext(ctx, "SELECT 1 AS a; SELECT 2 AS b"))
	})
	check("postgres listener", func(dsn string) string {
		listener := pq.NewListener(dsn+"?sslmode=disable", time.Second, time.Second, nil)
		defer listener.Close()
		if err := listener.Listen("news"); err != nil {
			return toldPq(err)
		}
		db, err := sql.Open("postgres", dsn+"?sslmode=disable")
		if err != nil {
			return err.Error()
		}
		defer db.Close()
		out := scanned(db.Query("SELECT pg_notify('news', 'told')"))
		select {
		case heard := <-listener.Notify:
			return out + heard.Channel + heard.Extra
		case <-time.After(patience):
			return out + "nothing heard"
		}
	})
}
