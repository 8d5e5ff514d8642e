// Package adi reads and writes catalogue XML: what a province's content platform
// says of its programs, series, channels and the ties between them.
//
// Reader gives a file's records one at a time, in constant memory whatever the
// file's size. It forgives what senders are known to do (bare ampersands, names
// in any letter case, attributes missing or in any order) at the cost of the
// record at most, and refuses a file that is no XML, or not all of it. DESIGN.md
// says what is forgiven, what not, and why.
package adi

import (
	"fmt"

	"iptvdc/aggregator/c3"
)

// Kind is what an Item is.
type Kind uint8

const (
	KindNone    Kind = iota
	KindHeader       // always the first item
	KindObject       // Item.Object
	KindMapping      // Item.Mapping
	KindFault        // a record that is not taken: Item.Fault
)

// Item is what Next gives.
type Item struct {
	Kind Kind
	// Of is KindObject or KindMapping, of a fault too; KindNone for an element
	// that stands among them and is neither.
	Of   Kind
	Line int64 // where the record begins, from 1

	Header Header
	// Object and Mapping hold of a faulty record what could be told, so that it
	// can be answered; no properties.
	Object  c3.Object
	Mapping c3.Mapping
	Fault   c3.Fault // its Line is where the fault lies, at or after Item.Line
}

// Header is what a file says of itself. All of it is optional.
type Header struct {
	Version, BizDomain, Priority   string // attributes of the root
	MsgID, CSPID, LSPID, Timestamp string
}

// Limits bound what a file may ask of us. Zeros are the defaults.
type Limits struct {
	Depth  int   // of elements, 64
	Field  int   // bytes of a property's value or an attribute as written, 64 KB
	Record int   // bytes of a record's tags and texts as written, 1 MB
	File   int64 // bytes of a file as UTF-8; 0 is no limit
}

func (l Limits) orDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 64
	}
	if l.Field <= 0 {
		l.Field = 64 << 10
	}
	if l.Record <= 0 {
		l.Record = 1 << 20
	}
	return l
}

// FileError refuses a file as a whole: nothing read from it may be kept.
type FileError struct{ Fault c3.Fault }

func (e *FileError) Error() string {
	return fmt.Sprintf("%s in line %d: %s", e.Fault.Code, e.Fault.Line, e.Fault.Text)
}
