package source

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator/indicator"
)

// The engines are started by these tests and asked as sources are; make sources-engines
// installs them.
func engines(t *testing.T) {
	t.Helper()
	if os.Getenv("SOURCES_ENGINES") == "" {
		t.Skip("needs database servers: make sources-engines")
	}
}

// folder is a folder that an account owns.
func folder(t *testing.T, account string) (dir string, as *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sources-engine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		return dir, as
	}
	u, err := user.Lookup(account)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return dir, as
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func run(t *testing.T, dir string, as *syscall.SysProcAttr, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.SysProcAttr = dir, as
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// serve starts a server and waits until it answers.
func serve(t *testing.T, dir string, as *syscall.SysProcAttr, ready func(context.Context) error, name string, args ...string) {
	t.Helper()
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = dir, as, said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = said.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(said.Name())
			t.Fatalf("%s does not answer: %v\n%s", name, err, text)
		case <-again.C:
		}
	}
}

// asSource reads a table of two good rows and a bad one as a source, and has queries
// refused that would write, or take too long.
func asSource(t *testing.T, d *Definition, secret string, left func() (int, error), slow string, writes ...string) {
	t.Helper()
	s := newShelf(t, "127.0.0.1")
	s.c.Reach.Statement = time.Second
	d.Name, d.Title = "db", indicator.Text{EN: "DB"}
	p, err := s.Try(t.Context(), root, d, secret)
	s.ok(err)
	types := ""
	for _, c := range p.Columns {
		types += fmt.Sprintf("%s %s;", c.Field, c.Type)
	}
	if types != "day date;province province;amount yuan;" {
		t.Errorf("guessed %s of %v", types, p.Rows)
	}
	d.Columns = p.Columns
	d.Columns[2].Type, d.Columns[2].Unit = TypeNumber, indicator.Count
	s.ok(s.Add(t.Context(), root, d, secret, ""))
	if got := s.details("db"); got.View.Rows != 3 || got.View.Rejected != 1 {
		t.Errorf("%+v", got)
	}
	if got := s.sum(s.Shelf, "db"); !strings.HasPrefix(got, "13.25 ") {
		t.Error(got)
	}
	for _, q := range append(writes, slow) {
		bad := *d
		bad.Query = q
		began := time.Now()
		err := s.Change(t.Context(), root, &bad, nil, "")
		if err == nil {
			t.Errorf("%q was run", q)
		}
		if time.Since(began) > 20*time.Second {
			t.Errorf("%q took %s", q, time.Since(began))
		}
		t.Logf("%q: %v", q, err)
	}
	if n, err := left(); err != nil || n != 4 {
		t.Errorf("%d rows are left, %v", n, err)
	}
	if got := s.sum(s.Shelf, "db"); !strings.HasPrefix(got, "13.25 failing:true") {
		t.Error(got)
	}
	wrong := "wrong"
	bad := *d
	err = s.Change(t.Context(), root, &bad, &wrong, "")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("with a wrong password: %v", err)
	}
	t.Logf("with a wrong password: %v", err)
}

const ask = "SELECT day, province, amount FROM sale"

var fill = []string{"INSERT INTO sale VALUES ('2026-05-03', '浙江', 10.25)", "INSERT INTO sale VALUES ('2026-05-04', '33', NULL)", "INSERT INTO sale VALUES ('2026-05-04', '43', 3)", "INSERT INTO sale VALUES ('2026-05-05', 'Narnia', 5)"}

func filled(t *testing.T, driver, dsn string, first ...string) func() (int, error) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range append(first, fill...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return func() (n int, err error) { return n, db.QueryRow("SELECT count(*) FROM sale").Scan(&n) }
}

func pinged(driver, dsn string) func(context.Context) error {
	return func(ctx context.Context) error {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return db.PingContext(ctx)
	}
}

func TestPostgres(t *testing.T) {
	engines(t)
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		t.Fatal("no PostgreSQL; make sources-engines installs it")
	}
	bin := found[len(found)-1]
	dir, as := folder(t, "postgres")
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("s3cret-word\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	data, port := filepath.Join(dir, "data"), freePort(t)
	run(t, dir, as, bin+"/initdb", "-D", data, "-U", "root", "-A", "scram-sha-256", "--pwfile", filepath.Join(dir, "password"), "-E", "UTF8", "--no-sync")
	dsn := "postgres://root:s3cret-word@127.0.0.1:" + port + "/postgres?sslmode=disable"
	serve(t, dir, as, pinged("pgx", dsn), bin+"/postgres", "-D", data, "-p", port, "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
	left := filled(t, "pgx", dsn, "CREATE TABLE sale (day date, province text, amount numeric(12,4))")
	asSource(t, &Definition{Kind: KindPostgres, Address: "127.0.0.1:" + port, Database: "postgres", User: "root", Query: ask}, "s3cret-word", left, "SELECT pg_sleep(30)",
		"WITH x AS (DELETE FROM sale RETURNING 1) SELECT * FROM x", "SELECT set_config('transaction_read_only', 'off', false)", "SELECT 1; DELETE FROM sale",
		"SELECT nextval('none')", "SELECT * FROM sale FOR UPDATE", "SELECT * INTO other FROM sale", "SELECT lo_create(5)")
}

func TestMariaDB(t *testing.T) {
	engines(t)
	dir, as := folder(t, "mysql")
	data, port := filepath.Join(dir, "data"), freePort(t)
	run(t, dir, as, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	dsn := "root@tcp(127.0.0.1:" + port + ")/mysql"
	serve(t, dir, as, pinged("mysql", dsn), "mariadbd", "--no-defaults", "--datadir="+data, "--port="+port, "--bind-address=127.0.0.1", "--socket="+filepath.Join(dir, "s"), "--secure-file-priv="+dir)
	left := filled(t, "mysql", dsn, "CREATE DATABASE shop CHARACTER SET utf8mb4", "CREATE USER ana@'%' IDENTIFIED BY 's3cret-word'", "GRANT ALL ON *.* TO ana@'%'",
		"CREATE TABLE sale (day date, province varchar(20) CHARACTER SET utf8mb4, amount decimal(12,4))")
	asSource(t, &Definition{Kind: KindMySQL, Address: "127.0.0.1:" + port, Database: "mysql", User: "ana", Query: ask}, "s3cret-word", left, "SELECT SLEEP(30)",
		"WITH x AS (SELECT 1) DELETE FROM sale", "SELECT * FROM sale INTO OUTFILE '"+dir+"/x'", "SELECT 1; DELETE FROM sale", "SELECT /*! 1; */ 1 FROM none")
}

func TestClickHouse(t *testing.T) {
	engines(t)
	dir, _ := folder(t, "nobody")
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	port, tcp := freePort(t), freePort(t)
	for name, text := range map[string]string{
		"config.xml": `<yandex><logger><level>warning</level><log>` + dir + `/log</log><errorlog>` + dir + `/err</errorlog></logger><http_port>` + port + `</http_port><tcp_port>` + tcp + `</tcp_port><listen_host>127.0.0.1</listen_host>
<path>` + dir + `/data/</path><tmp_path>` + dir + `/tmp/</tmp_path><users_config>` + dir + `/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>100000000</mark_cache_size></yandex>`,
		"users.xml": `<yandex><profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles><quotas><default></default></quotas>
<users><ana><password>s3cret-word</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></ana></users></yandex>`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	base := "http://127.0.0.1:" + port + "/"
	do := func(ctx context.Context, q string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base, strings.NewReader(q))
		if err != nil {
			return "", err
		}
		req.Header.Set("X-ClickHouse-User", "ana")
		req.Header.Set("X-ClickHouse-Key", "s3cret-word")
		b, err := Reach{Allow: []string{"127.0.0.1"}}.get(req)
		return strings.TrimSpace(string(b)), err
	}
	serve(t, dir, as, func(ctx context.Context) error { _, err := do(ctx, "SELECT 1"); return err }, "clickhouse-server", "--config-file="+filepath.Join(dir, "config.xml"))
	for _, q := range append([]string{"CREATE TABLE sale (day String, province String, amount Nullable(Float64)) ENGINE = Log"}, fill...) {
		if _, err := do(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	left := func() (int, error) {
		text, err := do(t.Context(), "SELECT count() FROM sale")
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(text)
	}
	asSource(t, &Definition{Kind: KindClickHouse, Address: base, Database: "default", User: "ana", Query: ask}, "s3cret-word", left, "SELECT sum(number) FROM system.numbers",
		"SELECT 1; DROP TABLE sale", "SELECT * FROM sale INTO OUTFILE 'x'", "WITH 1 AS x INSERT INTO sale VALUES ('a', 'b', 1)", "SELECT * FROM none")
}
