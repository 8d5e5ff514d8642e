package source

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver
)

// CheckQuery refuses what is not one SELECT. It is a help for people: what holds is that
// queries run in a transaction that may read alone.
func CheckQuery(query string) error {
	text := strings.TrimSpace(withoutComments(query))
	text = strings.TrimSpace(strings.TrimSuffix(text, ";"))
	word := strings.ToLower(strings.TrimLeft(text, "( \t\r\n"))
	if !strings.HasPrefix(word, "select") && !strings.HasPrefix(word, "with") {
		return faultf("bad_query", "query: it must be one SELECT.")
	}
	if strings.Contains(text, ";") {
		return faultf("bad_query", "query: it must be one SELECT, without a semicolon in it.")
	}
	if into.MatchString(text) {
		return faultf("bad_query", "query: INTO writes; it must be one SELECT that reads alone.")
	}
	return nil
}

var into = regexp.MustCompile(`(?i)\binto\b`)

// withoutComments leaves comments and what stands in quotes out.
func withoutComments(query string) string {
	var out strings.Builder
	for i := 0; i < len(query); i++ {
		rest := query[i:]
		skip := func(end string, from int) {
			n := strings.Index(rest[from:], end)
			if n < 0 {
				i = len(query)
				return
			}
			i += from + n + len(end) - 1
		}
		switch {
		case strings.HasPrefix(rest, "--"):
			skip("\n", 2)
			out.WriteByte(' ')
		case strings.HasPrefix(rest, "/*"):
			skip("*/", 2)
			out.WriteByte(' ')
		case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
			skip(rest[:1], 1)
			out.WriteString("''")
		default:
			out.WriteByte(rest[0])
		}
	}
	return out.String()
}

// ask asks a database.
func (r Reach) ask(ctx context.Context, d *Definition, secret string) (records, error) {
	if err := CheckQuery(d.Query); err != nil {
		return nil, err
	}
	if d.Kind == KindClickHouse {
		return r.clickHouse(ctx, d, secret)
	}
	return func(each func(int64, []string, error) error) error {
		ctx, cancel := context.WithTimeout(ctx, fetchLimit)
		defer cancel()
		db, err := r.open(d, secret)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		db.SetMaxOpenConns(1)
		if err := query(ctx, db, d, r.statement(), each); err != nil {
			return failed(err)
		}
		return nil
	}, nil
}

// open makes the handle of a database; it connects nowhere yet.
func (r Reach) open(d *Definition, secret string) (*sql.DB, error) {
	switch d.Kind {
	case KindPostgres:
		c, err := pgx.ParseConfig("")
		if err != nil {
			return nil, failed(err)
		}
		host, port, err := hostPort(d.Address, 5432)
		if err != nil {
			return nil, err
		}
		c.Host, c.Port, c.Database, c.User, c.Password, c.DialFunc = host, port, d.Database, d.User, secret, r.dial
		// The name is resolved by the dialler, which looks where it leads.
		c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
		c.TLSConfig, c.Fallbacks, c.ConnectTimeout = d.tls(host), nil, dialLimit
		c.RuntimeParams = map[string]string{"default_transaction_read_only": "on", "statement_timeout": strconv.FormatInt(r.statement().Milliseconds(), 10), "application_name": "iptvdc"}
		return stdlib.OpenDB(*c), nil
	case KindMySQL:
		host, port, err := hostPort(d.Address, 3306)
		if err != nil {
			return nil, err
		}
		c := mysql.NewConfig()
		c.Net, c.Addr, c.DBName, c.User, c.Passwd = "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))), d.Database, d.User, secret
		c.DialFunc, c.Timeout, c.ReadTimeout, c.WriteTimeout, c.AllowNativePasswords = r.dial, dialLimit, fetchLimit, dialLimit, true
		c.AllowAllFiles, c.MultiStatements, c.TLS = false, false, d.tls(host)
		connector, err := mysql.NewConnector(c)
		if err != nil {
			return nil, failed(err)
		}
		return sql.OpenDB(connector), nil
	case KindSQLite:
		path := filepath.Join(r.Folder, cleanName(d.Address))
		if info, err := os.Lstat(path); cleanName(d.Address) == "" || err != nil || !info.Mode().IsRegular() {
			return nil, faultf("fetch_failed", "There is no file %q in the folder of SQLite files.", clip(d.Address))
		}
		dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)", "busy_timeout(5000)", "trusted_schema(0)"}}.Encode()}
		db, err := sql.Open("sqlite", dsn.String())
		if err != nil {
			return nil, failed(err)
		}
		return db, nil
	}
	return nil, fmt.Errorf("source: no database %q", d.Kind)
}

// tls is nil where the connection is not to be encrypted.
func (d *Definition) tls(host string) *tls.Config {
	if !d.TLS {
		return nil
	}
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
}

func hostPort(address string, usual uint16) (string, uint16, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), strconv.Itoa(int(usual))
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ ") {
		return "", 0, faultf("bad_source", "address: %q is no address of a database; write host:port.", clip(address))
	}
	return host, uint16(n), nil
}

// query runs the SELECT in a transaction that may read alone, and hands out its rows.
func query(ctx context.Context, db *sql.DB, d *Definition, limit time.Duration, each func(int64, []string, error) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if d.Kind == KindMySQL { // one of the two is known, by MySQL or MariaDB
		_, mErr := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", limit.Milliseconds()))
		_, sErr := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %d", int(math.Ceil(limit.Seconds()))))
		if mErr != nil && sErr != nil {
			return mErr
		}
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: d.Kind != KindSQLite}) // SQLite's file is open for reading alone
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	rows, err := tx.QueryContext(ctx, d.Query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := each(1, names, nil); err != nil {
		return err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for n := range into {
		into[n] = &values[n]
	}
	fields, size := make([]string, len(names)), 0
	for row := int64(1); rows.Next(); row++ {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for n, v := range values {
			fields[n] = sqlText(v)
			size += len(fields[n])
		}
		if size > MaxBytes {
			return faultf("too_large", "The query gives more than %d bytes; ask for less.", MaxBytes)
		}
		if err := each(row, fields, nil); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sqlText writes a value as people do; NULL as nothing.
func sqlText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case string:
		return v
	case time.Time:
		if v.Hour() == 0 && v.Minute() == 0 && v.Second() == 0 && v.Nanosecond() == 0 {
			return v.Format("2006-01-02") // a day has no offset
		}
		return v.Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32)
	}
	return fmt.Sprint(v)
}

// clickHouse asks ClickHouse's HTTP interface, which answers as CSV.
func (r Reach) clickHouse(ctx context.Context, d *Definition, secret string) (records, error) {
	u, err := url.Parse(d.Address)
	if err != nil {
		return nil, failed(err)
	}
	q := u.Query()
	// readonly=1: nothing but reading, and no setting may be changed by the query.
	q.Set("readonly", "1")
	q.Set("max_execution_time", strconv.Itoa(int(math.Ceil(r.statement().Seconds()))))
	q.Set("max_result_rows", strconv.Itoa(MaxRows+1))
	q.Set("result_overflow_mode", "throw")
	q.Set("default_format", "CSVWithNames")
	q.Set("wait_end_of_query", "1")
	if d.Database != "" {
		q.Set("database", d.Database)
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(strings.TrimSuffix(strings.TrimSpace(d.Query), ";")))
	if err != nil {
		return nil, failed(err)
	}
	if d.User != "" {
		req.Header.Set("X-ClickHouse-User", d.User)
		req.Header.Set("X-ClickHouse-Key", secret)
	}
	b, err := r.get(req)
	if err != nil {
		return nil, err
	}
	return csvRecords(bytes.NewReader(b)), nil
}
