// Command peer is an agent as it is often written: it reads one JSON event a
// line from standard input, keeps each as one of three ways does, publishes
// each over MQTT with QoS 1, and forgets it at the PUBACK. It exists to be
// measured beside ours.
package main

import (
	"bufio"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	_ "modernc.org/sqlite"
)

func main() {
	way := flag.String("way", "filestore", "filestore, rollback or wal")
	dir := flag.String("data", "", "folder")
	broker := flag.String("broker", "", "tcp://host:port")
	topic := flag.String("topic", "box/0123456789abcdef/event", "where to publish")
	flag.Parse()
	if err := run(*way, *dir, *broker, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(way, dir, broker, topic string) error {
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID("0123456789abcdef").SetCleanSession(false).SetConnectTimeout(10 * time.Second)
	keep, forget := func([]byte) (int64, error) { return 0, nil }, func(int64) error { return nil }
	if way == "filestore" {
		o.SetStore(mqtt.NewFileStore(filepath.Join(dir, "store")))
	} else {
		journal := map[string]string{"rollback": "DELETE", "wal": "WAL"}[way]
		if journal == "" {
			return fmt.Errorf("way %q; allowed: filestore, rollback, wal", way)
		}
		db, err := sql.Open("sqlite", filepath.Join(dir, "events.db"))
		if err != nil {
			return err
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, q := range []string{"PRAGMA journal_mode=" + journal, "PRAGMA synchronous=FULL",
			"CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"} {
			if _, err := db.Exec(q); err != nil {
				return err
			}
		}
		keep = func(body []byte) (int64, error) {
			r, err := db.Exec("INSERT INTO event (body) VALUES (?)", body)
			if err != nil {
				return 0, err
			}
			return r.LastInsertId()
		}
		forget = func(id int64) error {
			_, err := db.Exec("DELETE FROM event WHERE id = ?", id)
			return err
		}
	}
	c := mqtt.NewClient(o)
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		return t.Error()
	}
	defer c.Disconnect(200)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		body := append([]byte(nil), lines.Bytes()...)
		id, err := keep(body)
		if err != nil {
			return err
		}
		if t := c.Publish(topic, 1, false, body); t.Wait() && t.Error() != nil {
			return t.Error()
		}
		if err := forget(id); err != nil {
			return err
		}
	}
	return nil
}
