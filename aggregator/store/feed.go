package store

import (
	"cmp"
	"context"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Feeds is the part of a store that the provinces' files fill. Like blocks of
// events, a file counts once; unlike them, what it says may be corrected by a
// later file, and whatever the order in which files come, the same files leave
// the same state: a row is outdone only by one whose file has the greater
// version, and subscribers are folded anew from all that is known of them.
//
// Stages of different files may be open side by side; commits come one after
// the other. Readers see all of a file or nothing of it.
type Feeds interface {
	// Stage begins to take in a file. Nothing of it is seen before Commit. What
	// a crash or a Discard leaves of it is cleared away at the next Stage or
	// start.
	Stage(ctx context.Context, f File) (Stage, error)

	// Note keeps that a file was refused, or that it waits, without any rows; its
	// Why is the first fault of the file as a whole. A file that is in stays in.
	Note(ctx context.Context, f File, r c3.Receipt) error

	// Taken returns what became of files with these ids, those that are known.
	Taken(ctx context.Context, ids [][16]byte) ([]FileRow, error)

	// Files lists what became of files, the latest received first, of several the
	// smallest id first.
	Files(ctx context.Context, q FileQuery) ([]FileRow, error)

	// Faults returns the kept faults of a file, by line, after the first skip;
	// limit 0: all.
	Faults(ctx context.Context, id [16]byte, skip, limit int) ([]c3.Fault, error)

	// Titles calls f with every live programme, series and channel of the
	// provinces in scope, in no order, until f returns an error.
	Titles(ctx context.Context, s aggregator.Scope, f func(TitleRow) error) error

	// Broadcasts returns what is broadcast under these codes in the provinces in
	// scope, by Province, then Code; unknown codes are left out.
	Broadcasts(ctx context.Context, s aggregator.Scope, codes []uint64) ([]BroadcastRow, error)

	// Products tells what the provinces in scope sell under these codes, by Province,
	// then Code. What has neither name nor contents is left out.
	Products(ctx context.Context, s aggregator.Scope, codes []uint64) ([]ProductInfo, error)

	// Renormalise gives every object that is not deleted new normal values, in one
	// transaction: f maps what was sent to what it means, and appends the codes
	// behind the keys it gives, which are told as a file's are. f may keep neither
	// codes nor the object.
	Renormalise(ctx context.Context, f func(codes []Code, p aggregator.Province, o *c3.Object) (Normal, []Code)) error

	// SetLabels replaces all labels, in one transaction. Of two with one Column
	// and Key the last holds.
	SetLabels(ctx context.Context, all []Label) error

	// Untold returns the accounts whose state a full file put right on a day, at
	// most limit (0: all), by Account, then by time: what changed without a change
	// having been told. The opening stock of a province is not among them.
	Untold(ctx context.Context, p aggregator.Province, d aggregator.Day, limit int) ([]Correction, error)
}

// File is a province's file before it is taken in.
type File struct {
	// ID names its content: the first 16 bytes of SHA-256 over province, feed,
	// the day and time that its name tells, and every byte of it.
	ID       [16]byte
	Province aggregator.Province
	Feed     c3.Feed
	Name     string
	// Day is the day of which it speaks. A full file shows accounts as they
	// were at the end of it.
	Day aggregator.Day
	// VersionMs orders files that say something of the same thing: when the
	// sender made it, UTC milliseconds. Of two with one VersionMs that with the
	// greater ID is the later.
	VersionMs  int64
	ReceivedMs int64
	Bytes      int64
}

// FileRow is what became of a file.
type FileRow struct {
	File
	Outcome                               c3.Outcome
	Records, Accepted, Rejected, Repeated int64
	Why                                   string // code of the fault that refused it; "": none did
	Counts                                map[string]int64
	DoneMs                                int64 // when it was judged
}

// Label is what a value of a dimension is called for people. It names no more
// than the vocabulary does, so it is every reader's.
type Label struct {
	Column Column
	Key    uint64 // of the value's code
	ZH, EN string
}

// FileQuery narrows a list of files; zero fields do not.
type FileQuery struct {
	Scope    aggregator.Scope // the zero Scope sees nothing
	Feed     c3.Feed
	From, To aggregator.Day // of File.Day, both inclusive; both 0: all
	Outcomes []c3.Outcome
	Limit    int // 0: 1,000
}

// Stage takes in one file. Not safe for concurrent use.
type Stage interface {
	// Add takes rows, which the caller may use again afterwards. An error ends
	// the stage.
	Add(ctx context.Context, rows *FeedRows) error
	// Commit judges the file and, if it is good, makes all of it visible, in
	// one transaction with everything that follows from it: the subscribers'
	// book, its flows, and the facts of the days they touch. The row says what
	// became of it; a refused or waiting file is kept as such a row. It ends the
	// stage.
	//
	// A file that is in already changes nothing: its row comes again as
	// OutcomeRepeated. Of a day's full file a version older than the one taken is
	// refused (FaultOlder): its rows would say nothing. A row is Accepted if it is
	// news: every row of a full file, and of other feeds one whose key is new, or
	// whose file has the greater version and which says something else; the others
	// are Repeated. A row whose key came in an earlier line of its file is a fault
	// (FaultDuplicate), but in a catalogue, where of several lines on one thing the
	// last holds and the ones before are Repeated.
	Commit(ctx context.Context, v Verdict) (FileRow, error)
	// Discard ends the stage as if it had never begun. After Commit it does
	// nothing.
	Discard() error
}

// Verdict is what the reader of a file found, for Commit to judge.
type Verdict struct {
	Records int64 // in the file, faulty ones too
	// Faults are at most c3.MaxFaults, Counts has all of them by code.
	Faults []c3.Fault
	Counts map[string]int64
	// MaxShrink is by how many hundredths a full file may have fewer accepted
	// rows than the one of the day before it; else it waits. 100: never does.
	MaxShrink int
	// DoneMs is the present time, UTC milliseconds.
	DoneMs int64
}

// FeedRows are rows of a file. A stage takes those of its File's feed only:
// another kind is an error.
type FeedRows struct {
	Subscribers []SubscriberRow
	Changes     []ChangeRow
	Orders      []OrderRow
	Products    []ProductRow
	Objects     []ObjectRow
	Mappings    []MappingRow
	Codes       []Code
}

// SubscriberRow is c3.Subscriber with keys for names. Two of one Account in a
// file are a fault of the later one.
type SubscriberRow struct {
	Line                        int64
	Account                     uint64 // key
	State                       c3.State
	Reason                      c3.Reason
	City                        aggregator.City
	OpenMs, SuspendMs, CancelMs int64
	Product, STB, Net           uint64 // keys
}

// ChangeRow is c3.Change with keys for names. It is known by (Account, Op, AtMs,
// Old, New).
type ChangeRow struct {
	Line     int64
	Account  uint64
	Op       c3.Op
	AtMs     int64
	Reason   c3.Reason
	City     aggregator.City
	Old, New uint64 // keys: account before; box or product
}

// OrderRow is c3.Order with keys for names. It is known by (ID, Op).
type OrderRow struct {
	Line                       int64
	ID                         uint64 // key of the number, or of what stands for it
	Account                    uint64
	Op                         c3.OrderOp
	Product, Content, Provider uint64
	AtMs, FromMs, ToMs         int64
	Fen                        int64 // or c3.AtPrice
	Pay                        c3.Pay
	Trace                      uint64
}

// ProductRow is c3.Product with keys for names. It is known by Code.
type ProductRow struct {
	Line         int64
	Code, Name   uint64
	Type         c3.ProductType
	Fen          int64
	Provider     uint64
	ShareBP      int32
	FromMs, ToMs int64
}

// ObjectRow is a thing of a catalogue. It is known by (Element, Code).
type ObjectRow struct {
	Line       int64
	Element    c3.Element
	Code, Name uint64
	Parent     uint64
	Deleted    bool
	Properties []c3.Property // as they were sent
	Normal
}

// Normal is what an object means by the dictionaries. Keys of "" are 0: unknown.
type Normal struct {
	Genre, SubGenre, Place, Provider uint64 // keys of codes
	Definition                       uint8  // 0 unknown, 1 SD, 2 HD, 3 4K
	DurationS                        int32  // 0: not told
	Version                          uint64 // of the dictionaries
}

// MappingRow joins two things of a catalogue; Parent and Child are already put
// in order. It is known by them and both codes.
type MappingRow struct {
	Line                  int64
	Parent, Child         c3.Element
	ParentCode, ChildCode uint64
	Deleted               bool
	Properties            []c3.Property
}

// TitleRow is a live thing of a catalogue with what it means. An episode, which is
// a programme that a live mapping puts into a live series (of several the one with
// the latest mapping), has its series' Genre, SubGenre, Place, Provider and
// Definition where it has none of its own; a SubGenre only of its own Genre.
//
// A thing lives unless its latest row is Deleted. A mapping lives unless its latest
// row is Deleted or an end of it was deleted by a later row, also if that end is
// back again.
type TitleRow struct {
	Province   aggregator.Province
	Element    c3.Element
	Code, Name string
	Series     string // code; "": none
	Normal
	Properties []c3.Property
}

// ProductInfo is a product of a province.
type ProductInfo struct {
	Province aggregator.Province
	Code     uint64 // key
	// Name is that of the province's file of products, else of the live package with
	// that code; "": nobody told one.
	Name string
	Type c3.ProductType // of the file of products
	// Contents is how many programmes, those of its series too, and channels its
	// package holds: see ColPackage.
	Contents int
}

// Correction is a subscriber whose state a full file had to put right.
type Correction struct {
	Account  uint64 // its present number
	City     aggregator.City
	From, To c3.State // StateUnknown: not there
}

// LastLabels leaves the last label of each column and key, in the order in which
// those came first.
func LastLabels(all []Label) []Label {
	type id struct {
		column Column
		key    uint64
	}
	at := make(map[id]int, len(all))
	out := make([]Label, 0, len(all))
	for _, l := range all {
		i, known := at[id{l.Column, l.Key}]
		if !known {
			i = len(out)
			at[id{l.Column, l.Key}] = i
			out = append(out, l)
		}
		out[i] = l
	}
	return out
}

// Inherit returns what an episode is whose own values are n and whose series'
// are s.
func (n Normal) Inherit(s Normal) Normal {
	if n.SubGenre == 0 && (n.Genre == 0 || n.Genre == s.Genre) {
		n.SubGenre = s.SubGenre
	}
	n.Genre, n.Place, n.Provider = cmp.Or(n.Genre, s.Genre), cmp.Or(n.Place, s.Place), cmp.Or(n.Provider, s.Provider)
	n.Definition = cmp.Or(n.Definition, s.Definition)
	return n
}

// Check reports a kind of row that a feed does not bring.
func (r *FeedRows) Check(f c3.Feed) error {
	for _, k := range []struct {
		n  int
		of c3.Feed
	}{
		{len(r.Subscribers), c3.FeedSubscribers}, {len(r.Changes), c3.FeedChanges}, {len(r.Orders), c3.FeedOrders},
		{len(r.Products), c3.FeedProducts}, {len(r.Objects), c3.FeedCatalogue}, {len(r.Mappings), c3.FeedCatalogue},
	} {
		if k.n > 0 && k.of != f {
			return fmt.Errorf("store: rows of feed %d in a file of feed %d", k.of, f)
		}
	}
	return nil
}

// Rows is the number of records in r.
func (r *FeedRows) Rows() int {
	return len(r.Subscribers) + len(r.Changes) + len(r.Orders) + len(r.Products) + len(r.Objects) + len(r.Mappings)
}
