// Package chdb is ClickHouse's engine inside this process, by its library
// libchdb.so, as a peer in benches. Nothing that is shipped imports it.
//
// testbench/setup/install.sh chdb puts the library into bin/chdb.
package chdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library holds the functions of libchdb.so.
type library struct {
	connect func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	close   func(conn unsafe.Pointer)
	query   func(conn, text unsafe.Pointer, textLen uintptr, format unsafe.Pointer, formatLen uintptr) unsafe.Pointer
	buffer  func(result unsafe.Pointer) unsafe.Pointer
	length  func(result unsafe.Pointer) uintptr
	failure func(result unsafe.Pointer) unsafe.Pointer
	destroy func(result unsafe.Pointer)
}

var load = sync.OnceValues(func() (*library, error) {
	path, err := Path()
	if err != nil {
		return nil, err
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("chdb: %w", err)
	}
	l := &library{}
	for name, f := range map[string]any{
		"chdb_connect": &l.connect, "chdb_close_conn": &l.close, "chdb_query_n": &l.query,
		"chdb_result_buffer": &l.buffer, "chdb_result_length": &l.length, "chdb_result_error": &l.failure,
		"chdb_destroy_query_result": &l.destroy,
	} {
		at, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("chdb: %s: %w", path, err)
		}
		purego.RegisterFunc(f, at)
	}
	return l, nil
})

// Path is where the library lies: where CHDB_LIBRARY says, or in bin/chdb of the
// module that the working folder is in.
func Path() (string, error) {
	if path := os.Getenv("CHDB_LIBRARY"); path != "" {
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, "bin", "chdb", "libchdb.so")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("chdb: bin/chdb/libchdb.so is not there; run: testbench/setup/install.sh chdb")
		}
		dir = filepath.Dir(dir)
	}
}

// Engine is one database. One query at a time; the engine uses its own threads.
type Engine struct {
	l    *library
	mu   sync.Mutex
	conn unsafe.Pointer // *chdb_connection
	dir  string         // for rows on their way
}

// Open opens or makes the database in folder dir. The library can have one open
// in a process.
func Open(dir string) (*Engine, error) {
	l, err := load()
	if err != nil {
		return nil, err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	args := []string{"clickhouse", "--path=" + dir}
	argv := make([]unsafe.Pointer, len(args)+1)
	for i, a := range args {
		text := append([]byte(a), 0)
		pin.Pin(&text[0])
		argv[i] = unsafe.Pointer(&text[0])
	}
	conn := l.connect(int32(len(args)), unsafe.Pointer(&argv[0]))
	runtime.KeepAlive(argv)
	if conn == nil || *(*unsafe.Pointer)(conn) == nil {
		return nil, fmt.Errorf("chdb: %s cannot be opened", dir)
	}
	return &Engine{l: l, conn: conn, dir: dir}, nil
}

// Close closes the database.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil {
		e.l.close(e.conn)
		e.conn = nil
	}
}

// Query runs one statement, and returns its answer in a format of ClickHouse's, as TabSeparated.
func (e *Engine) Query(statement []byte, format string) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn == nil || len(statement) == 0 || format == "" {
		return nil, errors.New("chdb: closed, or nothing to run")
	}
	f := []byte(format)
	result := e.l.query(*(*unsafe.Pointer)(e.conn), unsafe.Pointer(&statement[0]), uintptr(len(statement)), unsafe.Pointer(&f[0]), uintptr(len(f)))
	runtime.KeepAlive(statement)
	if result == nil {
		return nil, errors.New("chdb: no answer")
	}
	defer e.l.destroy(result)
	if text := e.l.failure(result); text != nil {
		return nil, fmt.Errorf("chdb: %s", strings.TrimSpace(cstring(text)))
	}
	n := e.l.length(result)
	if n == 0 {
		return nil, nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(e.l.buffer(result)), n)...), nil
}

// Exec runs statements whose answers nobody needs.
func (e *Engine) Exec(statements ...string) error {
	for _, s := range statements {
		if _, err := e.Query([]byte(s), "Null"); err != nil {
			return fmt.Errorf("%w, in %.100s", err, s)
		}
	}
	return nil
}

func cstring(p unsafe.Pointer) string {
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}
