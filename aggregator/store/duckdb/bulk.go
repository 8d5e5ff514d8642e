package duckdb

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/duckdb/duckdb-go/mapping"
	driver "github.com/duckdb/duckdb-go/v2"
)

// bulk is the writer's own connection, below database/sql: it fills DuckDB's
// column vectors in place. Row-wise appending through the driver boxes every
// value, which costs more than DuckDB's own work (DESIGN.md has the figures).
//
// Not safe for concurrent use.
type bulk struct {
	db     mapping.Database
	conn   mapping.Connection
	chunks map[string]*chunk // by table, kept from block to block
}

// chunk is what a table's rows are filled into, vector by vector.
type chunk struct {
	types []mapping.LogicalType
	data  mapping.DataChunk
}

// openBulk connects to the database that the driver has open under the same
// path; settings must be the same ones.
func openBulk(path string, settings map[string]string) (*bulk, error) {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return nil, errors.New("duckdb: no memory for a configuration")
	}
	defer mapping.DestroyConfig(&config)
	if mapping.SetConfig(config, "duckdb_api", "go") == mapping.StateError {
		return nil, errors.New("duckdb: setting duckdb_api refused")
	}
	for name, v := range settings {
		if mapping.SetConfig(config, name, v) == mapping.StateError {
			return nil, fmt.Errorf("duckdb: setting %s=%s refused", name, v)
		}
	}
	w := &bulk{chunks: map[string]*chunk{}}
	var why string
	if mapping.GetOrCreateFromCache(driver.GetInstanceCache(), path, &w.db, config, &why) == mapping.StateError {
		return nil, fmt.Errorf("duckdb: open %s: %s", path, why)
	}
	if mapping.Connect(w.db, &w.conn) == mapping.StateError {
		mapping.Close(&w.db)
		return nil, fmt.Errorf("duckdb: connect to %s", path)
	}
	return w, nil
}

func (w *bulk) close() {
	for _, c := range w.chunks {
		c.free()
	}
	mapping.Disconnect(&w.conn)
	mapping.Close(&w.db)
}

func (c *chunk) free() {
	mapping.DestroyDataChunk(&c.data)
	for i := range c.types {
		mapping.DestroyLogicalType(&c.types[i])
	}
}

// exec runs one statement whose rows nobody needs.
func (w *bulk) exec(sql string) error {
	return w.query(sql, nil)
}

// query runs one statement and calls each with its rows, page by page. Where
// DuckDB's own call would spin until its threads are done, which takes a core
// from the decoders during every commit, this one sleeps.
func (w *bulk) query(sql string, each func(page) error) error {
	var stmt mapping.PreparedStatement
	defer mapping.DestroyPrepare(&stmt)
	if mapping.Prepare(w.conn, sql, &stmt) == mapping.StateError {
		return errors.New(mapping.PrepareError(stmt))
	}
	var pending mapping.PendingResult
	defer mapping.DestroyPending(&pending)
	if mapping.PendingPrepared(stmt, &pending) == mapping.StateError {
		return errors.New(mapping.PendingError(pending))
	}
	for pause := time.Duration(0); ; {
		state := mapping.PendingExecuteTask(pending)
		if state == mapping.PendingStateError {
			return errors.New(mapping.PendingError(pending))
		}
		if mapping.PendingExecutionIsFinished(state) {
			break
		}
		if state == mapping.PendingStateNoTasksAvailable {
			pause = min(pause+10*time.Microsecond, 500*time.Microsecond)
			time.Sleep(pause)
		}
	}
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.ExecutePending(pending, &res) == mapping.StateError {
		return errors.New(mapping.ResultError(&res))
	}
	for each != nil {
		data := mapping.FetchChunk(res)
		if data.Ptr == nil {
			return nil
		}
		err := each(page{data, int(mapping.DataChunkGetSize(data))})
		mapping.DestroyDataChunk(&data)
		if err != nil {
			return err
		}
	}
	return nil
}

// endWith has the statement that runs when ctx ends fail. The caller calls stop
// before it closes the connection.
func (w *bulk) endWith(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	conn := w.conn
	off := context.AfterFunc(ctx, func() {
		mapping.Interrupt(conn)
		close(done)
	})
	return func() {
		if !off() {
			<-done
		}
	}
}

// page is up to 2,048 rows of an answer, column by column. It is valid until the
// call that got it returns.
type page struct {
	data mapping.DataChunk
	rows int
}

// values is one column of numbers (or bool) without NULL; T must be as wide as
// the column's type.
func values[T any](p page, column int) []T {
	return unsafe.Slice((*T)(mapping.VectorGetData(mapping.DataChunkGetVector(p.data, mapping.IdxT(column)))), p.rows)
}

// texts is one column of VARCHAR or BLOB without NULL.
func texts(p page, column int) []string {
	raw := values[mapping.StringT](p, column)
	out := make([]string, len(raw))
	for i := range raw {
		out[i] = mapping.StringTData(&raw[i])
	}
	return out
}

// column writes rows from..from+n-1 of one column into a vector.
type column func(v mapping.Vector, from, n int)

// fixed is a column of numbers (or bool); T must be as wide as the column's
// type in the schema.
func fixed[R, T any](rows []R, get func(*R) T) column {
	return func(v mapping.Vector, from, n int) {
		dst := unsafe.Slice((*T)(mapping.VectorGetData(v)), n)
		src := rows[from : from+n]
		for i := range src {
			dst[i] = get(&src[i])
		}
	}
}

// same is a column with one value in all rows.
func same[T any](value T) column {
	return func(v mapping.Vector, _, n int) {
		dst := unsafe.Slice((*T)(mapping.VectorGetData(v)), n)
		for i := range dst {
			dst[i] = value
		}
	}
}

// view is a text's bytes without a copy. They must not be changed.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// text is a column of VARCHAR or BLOB; what get returns is copied before the next
// is asked for.
func text[R any](rows []R, get func(*R) []byte) column {
	return func(v mapping.Vector, from, n int) {
		for i := range n {
			mapping.VectorAssignStringElementLen(v, mapping.IdxT(i), get(&rows[from+i]))
		}
	}
}

// append adds n rows to a table inside the open transaction; columns stand in
// the order of the schema.
func (w *bulk) append(table string, n int, columns []column) error {
	if n == 0 {
		return nil
	}
	var a mapping.Appender
	if mapping.AppenderCreate(w.conn, "", table, &a) == mapping.StateError {
		err := appenderError(table, a)
		mapping.AppenderDestroy(&a)
		return err
	}
	err := w.fill(a, table, n, columns)
	if err == nil && mapping.AppenderFlush(a) == mapping.StateError {
		err = appenderError(table, a)
	}
	if mapping.AppenderDestroy(&a) == mapping.StateError && err == nil {
		err = fmt.Errorf("duckdb: append to %s: not closed", table)
	}
	return err
}

func (w *bulk) fill(a mapping.Appender, table string, n int, columns []column) error {
	c := w.chunks[table]
	if c == nil {
		c = new(chunk)
		for i := range uint64(mapping.AppenderColumnCount(a)) {
			c.types = append(c.types, mapping.AppenderColumnType(a, mapping.IdxT(i)))
		}
		c.data = mapping.CreateDataChunk(c.types)
		w.chunks[table] = c
	}
	if len(c.types) != len(columns) {
		return fmt.Errorf("duckdb: %s has %d columns, %d given", table, len(c.types), len(columns))
	}
	capacity := int(mapping.VectorSize())
	for from := 0; from < n; from += capacity {
		size := min(capacity, n-from)
		mapping.DataChunkReset(c.data)
		for i, fill := range columns {
			fill(mapping.DataChunkGetVector(c.data, mapping.IdxT(i)), from, size)
		}
		mapping.DataChunkSetSize(c.data, mapping.IdxT(size))
		if mapping.AppendDataChunk(a, c.data) == mapping.StateError {
			return appenderError(table, a)
		}
	}
	return nil
}

func appenderError(table string, a mapping.Appender) error {
	return fmt.Errorf("duckdb: append to %s: %s", table, mapping.AppenderError(a))
}
