package duckdb

import (
	"context"
	"errors"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// stage takes a file into temporary tables of a connection of its own: nobody
// else sees them, no log is written for them, what memory cannot hold goes to the
// temporary folder, and they end with the connection, whatever ends it.
type stage struct {
	s    *Store
	w    *bulk // nil: the stage is over
	file store.File
	rows int64
	// packed is where properties are written before DuckDB copies them.
	packed []byte
}

var errOver = errors.New("store: the stage is over")

// Stage implements store.Feeds.
func (s *Store) Stage(ctx context.Context, f store.File) (store.Stage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := s.connect()
	if err != nil {
		return nil, err
	}
	for _, table := range staged[f.Feed] {
		if err := w.exec("CREATE TEMP TABLE " + table); err != nil {
			w.close()
			return nil, wrap("stage", err)
		}
	}
	if err := w.exec(stagedCode); err != nil {
		w.close()
		return nil, wrap("stage", err)
	}
	return &stage{s: s, w: w, file: f}, nil
}

// stagedCode makes the table in which codes wait for tellStaged.
const stagedCode = "CREATE OR REPLACE TEMP TABLE staged_code (key UBIGINT NOT NULL, text VARCHAR NOT NULL)"

func (w *bulk) stageCodes(all []store.Code) error {
	return w.append("staged_code", len(all), []column{
		fixed(all, func(c *store.Code) uint64 { return c.Key }),
		text(all, func(c *store.Code) []byte { return view(c.Text) }),
	})
}

// connect opens a connection of its own to the store, for who closes it.
func (s *Store) connect() (*bulk, error) { return openBulk(s.path, s.settings) }

// staged is the tables a feed goes into: line, and the columns of the table it
// is for without province and version.
var staged = map[c3.Feed][]string{
	c3.FeedSubscribers: {`staged (line BIGINT, account UBIGINT, state UTINYINT, reason UTINYINT, city USMALLINT,
	open_ms BIGINT, suspend_ms BIGINT, cancel_ms BIGINT, product UBIGINT, stb UBIGINT, net UBIGINT)`},
	c3.FeedChanges: {`staged (line BIGINT, account UBIGINT, op UTINYINT, at_ms BIGINT, old UBIGINT, new UBIGINT, reason UTINYINT, city USMALLINT)`},
	c3.FeedOrders: {`staged (line BIGINT, id UBIGINT, op UTINYINT, account UBIGINT, product UBIGINT, content UBIGINT, provider UBIGINT,
	at_ms BIGINT, from_ms BIGINT, to_ms BIGINT, fen BIGINT, pay UTINYINT, trace UBIGINT)`},
	c3.FeedProducts: {`staged (line BIGINT, code UBIGINT, name UBIGINT, type UTINYINT, fen BIGINT, provider UBIGINT, share_bp INTEGER, from_ms BIGINT, to_ms BIGINT)`},
	c3.FeedCatalogue: {`staged (element UTINYINT, code UBIGINT, name UBIGINT, parent UBIGINT, deleted BOOLEAN, properties VARCHAR,
	genre UBIGINT, sub_genre UBIGINT, place UBIGINT, provider UBIGINT, definition UTINYINT, duration_s INTEGER, dictionary UBIGINT, line BIGINT)`,
		`staged_mapping (parent UTINYINT, parent_code UBIGINT, child UTINYINT, child_code UBIGINT, deleted BOOLEAN, properties VARCHAR, line BIGINT)`},
}

// Add implements store.Stage.
func (st *stage) Add(ctx context.Context, r *store.FeedRows) error {
	if st.w == nil {
		return errOver
	}
	err := ctx.Err()
	if err == nil {
		err = r.Check(st.file.Feed)
	}
	if err == nil {
		err = wrap("stage", st.add(r))
	}
	if err != nil {
		return errors.Join(err, st.Discard())
	}
	st.rows += int64(r.Rows())
	return nil
}

func (st *stage) add(r *store.FeedRows) error {
	w := st.w
	return errors.Join(
		w.append("staged", len(r.Subscribers), []column{
			fixed(r.Subscribers, func(r *store.SubscriberRow) int64 { return r.Line }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint64 { return r.Account }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint8 { return uint8(r.State) }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint8 { return uint8(r.Reason) }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint16 { return uint16(r.City) }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) int64 { return r.OpenMs }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) int64 { return r.SuspendMs }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) int64 { return r.CancelMs }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint64 { return r.Product }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint64 { return r.STB }),
			fixed(r.Subscribers, func(r *store.SubscriberRow) uint64 { return r.Net }),
		}),
		w.append("staged", len(r.Changes), []column{
			fixed(r.Changes, func(r *store.ChangeRow) int64 { return r.Line }),
			fixed(r.Changes, func(r *store.ChangeRow) uint64 { return r.Account }),
			fixed(r.Changes, func(r *store.ChangeRow) uint8 { return uint8(r.Op) }),
			fixed(r.Changes, func(r *store.ChangeRow) int64 { return r.AtMs }),
			fixed(r.Changes, func(r *store.ChangeRow) uint64 { return r.Old }),
			fixed(r.Changes, func(r *store.ChangeRow) uint64 { return r.New }),
			fixed(r.Changes, func(r *store.ChangeRow) uint8 { return uint8(r.Reason) }),
			fixed(r.Changes, func(r *store.ChangeRow) uint16 { return uint16(r.City) }),
		}),
		w.append("staged", len(r.Orders), []column{
			fixed(r.Orders, func(r *store.OrderRow) int64 { return r.Line }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.ID }),
			fixed(r.Orders, func(r *store.OrderRow) uint8 { return uint8(r.Op) }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.Account }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.Product }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.Content }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.Provider }),
			fixed(r.Orders, func(r *store.OrderRow) int64 { return r.AtMs }),
			fixed(r.Orders, func(r *store.OrderRow) int64 { return r.FromMs }),
			fixed(r.Orders, func(r *store.OrderRow) int64 { return r.ToMs }),
			fixed(r.Orders, func(r *store.OrderRow) int64 { return r.Fen }),
			fixed(r.Orders, func(r *store.OrderRow) uint8 { return uint8(r.Pay) }),
			fixed(r.Orders, func(r *store.OrderRow) uint64 { return r.Trace }),
		}),
		w.append("staged", len(r.Products), []column{
			fixed(r.Products, func(r *store.ProductRow) int64 { return r.Line }),
			fixed(r.Products, func(r *store.ProductRow) uint64 { return r.Code }),
			fixed(r.Products, func(r *store.ProductRow) uint64 { return r.Name }),
			fixed(r.Products, func(r *store.ProductRow) uint8 { return uint8(r.Type) }),
			fixed(r.Products, func(r *store.ProductRow) int64 { return r.Fen }),
			fixed(r.Products, func(r *store.ProductRow) uint64 { return r.Provider }),
			fixed(r.Products, func(r *store.ProductRow) int32 { return r.ShareBP }),
			fixed(r.Products, func(r *store.ProductRow) int64 { return r.FromMs }),
			fixed(r.Products, func(r *store.ProductRow) int64 { return r.ToMs }),
		}),
		w.append("staged", len(r.Objects), []column{
			fixed(r.Objects, func(r *store.ObjectRow) uint8 { return uint8(r.Element) }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Code }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Name }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Parent }),
			fixed(r.Objects, func(r *store.ObjectRow) bool { return r.Deleted }),
			text(r.Objects, func(r *store.ObjectRow) []byte { return st.pack(r.Properties) }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Genre }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.SubGenre }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Place }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Provider }),
			fixed(r.Objects, func(r *store.ObjectRow) uint8 { return r.Definition }),
			fixed(r.Objects, func(r *store.ObjectRow) int32 { return r.DurationS }),
			fixed(r.Objects, func(r *store.ObjectRow) uint64 { return r.Version }),
			fixed(r.Objects, func(r *store.ObjectRow) int64 { return r.Line }),
		}),
		w.append("staged_mapping", len(r.Mappings), []column{
			fixed(r.Mappings, func(r *store.MappingRow) uint8 { return uint8(r.Parent) }),
			fixed(r.Mappings, func(r *store.MappingRow) uint64 { return r.ParentCode }),
			fixed(r.Mappings, func(r *store.MappingRow) uint8 { return uint8(r.Child) }),
			fixed(r.Mappings, func(r *store.MappingRow) uint64 { return r.ChildCode }),
			fixed(r.Mappings, func(r *store.MappingRow) bool { return r.Deleted }),
			text(r.Mappings, func(r *store.MappingRow) []byte { return st.pack(r.Properties) }),
			fixed(r.Mappings, func(r *store.MappingRow) int64 { return r.Line }),
		}),
		w.stageCodes(r.Codes),
	)
}

// pack writes properties where the next pack overwrites them.
func (st *stage) pack(all []c3.Property) []byte {
	st.packed = appendProperties(st.packed[:0], all)
	return st.packed
}

// Discard implements store.Stage.
func (st *stage) Discard() error {
	if st.w != nil {
		st.w.close()
		st.w = nil
	}
	return nil
}
