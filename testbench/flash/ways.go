package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	_ "modernc.org/sqlite" // the peers' database, as ours

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// way is a way to keep events until they are acknowledged.
type way struct {
	name string
	ours bool
	// group is how many events share a commit.
	group int
	// lost says what a power cut takes of what was kept.
	lost string
	// keep records events 0 to n-1 in folder dir, group by group, each group
	// durable (as far as the way goes) before the next, and forgets what is
	// acknowledged at once; before each group it calls pause.
	keep func(dir string, n, group int, pause func()) error
}

// event is a click with a code of each sort, some 60 bytes of values.
func event(i int) protocol.Event {
	return protocol.Event{Kind: protocol.Click, Page: fmt.Sprintf("epg/home/%d", i%17), Area: "banner", Slot: uint32(i%40 + 1),
		Content: fmt.Sprintf("content-%07d", (i*7919)%100000), Template: "v3.2", MonoMs: uint64(i) * 1373, Boot: 5, Trace: uint32(i + 1)}
}

// body is the same in 60 bytes, for those who keep bytes.
func body(i int) []byte {
	e := event(i)
	return protocol.AppendJSON(nil, &e)[:60]
}

func ways() []way {
	var all []way
	for _, group := range []int{1, 5, 20, 50, 200} {
		all = append(all, way{name: "our outbox", ours: true, group: group, lost: "nothing", keep: ours})
	}
	for _, group := range []int{1, 20} {
		all = append(all,
			way{name: "SQLite, rollback journal, FULL", group: group, lost: "the last commit at times", keep: plainSQLite("DELETE", "FULL")},
			way{name: "SQLite, WAL, FULL", group: group, lost: "nothing", keep: plainSQLite("WAL", "FULL")},
			way{name: "SQLite, WAL, NORMAL", group: group, lost: "seconds", keep: plainSQLite("WAL", "NORMAL")},
			way{name: "paho FileStore", group: group, lost: "seconds, and files cut short", keep: fileStore},
			way{name: "append and fsync (floor: forgets nothing)", group: group, lost: "nothing", keep: appendOnly},
		)
	}
	return all
}

func ours(dir string, n, group int, pause func()) (err error) {
	o, err := outbox.New(outbox.NewSQLite(dir), outbox.Options{BatchEvents: max(20, group)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	events := make([]protocol.Event, group)
	for i := 0; i < n; i += group {
		for j := range events {
			events[j] = event(i + j)
		}
		pause()
		if err := o.Append(events...); err != nil {
			return err
		}
		for {
			s, ok, err := o.Next(0)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if _, err := o.Ack(protocol.Ack{Epoch: s.Epoch, Through: s.No, Chain: s.Chain()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainSQLite inserts a row an event and deletes it when the next group comes,
// with SQLite's own settings beside the two.
func plainSQLite(journal, synchronous string) func(string, int, int, func()) error {
	return func(dir string, n, group int, pause func()) (err error) {
		db, err := sql.Open("sqlite", filepath.Join(dir, "plain.db"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		db.SetMaxOpenConns(1)
		for _, q := range []string{"PRAGMA journal_mode=" + journal, "PRAGMA synchronous=" + synchronous,
			"CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB)"} {
			if _, err := db.Exec(q); err != nil {
				return err
			}
		}
		for i := 0; i < n; i += group {
			pause()
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			for j := range group {
				if _, err := tx.Exec("INSERT INTO event (id, body) VALUES (?, ?)", i+j, body(i+j)); err != nil {
					return errors.Join(err, tx.Rollback())
				}
			}
			if err := tx.Commit(); err != nil {
				return err
			}
			if _, err := db.Exec("DELETE FROM event WHERE id < ?", i+group); err != nil { // when it is acknowledged
				return err
			}
		}
		return nil
	}
}

// fileStore keeps a message an event in the MQTT client's own store, which
// never syncs; here a sync of the file system follows each group, so that its
// bytes are counted and it keeps what the others keep.
func fileStore(dir string, n, group int, pause func()) error {
	s := mqtt.NewFileStore(filepath.Join(dir, "store"))
	s.Open()
	defer s.Close()
	for i := 0; i < n; i += group {
		pause()
		var keys []string
		for j := range group {
			p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			p.Qos, p.MessageID, p.TopicName, p.Payload = 1, uint16((i+j)%65535+1), "u1/33/7f/0123456789abcdef", body(i+j)
			key := fmt.Sprintf("o.%d", p.MessageID)
			s.Put(key, p)
			keys = append(keys, key)
		}
		if out, err := exec.Command("sync", "-f", dir).CombinedOutput(); err != nil {
			return fmt.Errorf("sync: %w\n%s", err, out)
		}
		for _, key := range keys {
			s.Del(key)
		}
	}
	return nil
}

func appendOnly(dir string, n, group int, pause func()) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for i := 0; i < n; i += group {
		pause()
		var b []byte
		for j := range group {
			b = append(b, body(i+j)...)
		}
		if _, err := f.Write(b); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}
