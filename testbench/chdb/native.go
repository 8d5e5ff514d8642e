package chdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// Rows is a block of rows of fixed width on its way into a table, in
// ClickHouse's Native format.
type Rows struct {
	data    []byte
	columns int
	rows    int
}

// Insert puts rows into a table, by way of a file: data behind the statement is
// cut where it happens to look like a statement's end.
func (e *Engine) Insert(table string, r *Rows) (err error) {
	if r.rows == 0 {
		return nil
	}
	f, err := os.CreateTemp(e.dir, "rows-*.native")
	if err != nil {
		return fmt.Errorf("chdb: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(r.columns)), uint64(r.rows))
	_, err = f.Write(head)
	if err == nil {
		_, err = f.Write(r.data)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("chdb: %w", err)
	}
	return e.Exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM file('%s', Native)", table, f.Name()))
}

// Column adds a column to the block, one value a row; kind is ClickHouse's name
// of a type as wide as T. All columns of a block have the same number of rows.
func Column[R, T any](r *Rows, name, kind string, rows []R, get func(*R) T) {
	r.columns, r.rows = r.columns+1, len(rows)
	for _, text := range []string{name, kind} {
		r.data = append(binary.AppendUvarint(r.data, uint64(len(text))), text...)
	}
	for i := range rows {
		v := get(&rows[i]) // little endian, as every machine that has the library
		r.data = append(r.data, unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))...)
	}
}
