package chdb

import (
	"encoding/binary"
	"unsafe"
)

// Rows is a block of rows of fixed width on its way into a table, in
// ClickHouse's Native format.
type Rows struct {
	data    []byte
	columns int
	rows    int
}

// Insert puts rows into a table.
func (e *Engine) Insert(table string, r *Rows) error {
	if r.rows == 0 {
		return nil
	}
	statement := append([]byte("INSERT INTO "+table+" FORMAT Native\n"), binary.AppendUvarint(binary.AppendUvarint(nil, uint64(r.columns)), uint64(r.rows))...)
	_, err := e.Query(append(statement, r.data...), "Null")
	return err
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
