package profiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"iptvdc/aggregator/durable"
	"iptvdc/protocol"
)

// Entry is what is published on a topic.
type Entry struct {
	Topic string `json:"topic"`
	// Packet is signed; empty: it was withdrawn.
	Packet []byte `json:"packet,omitempty"`
	// Version is the highest that was ever published on the topic.
	Version uint64 `json:"version"`
	AtMs    int64  `json:"at_ms"` // when it was published or withdrawn
}

// Head is what every payload begins with, and how it was signed.
type Head struct {
	Key       uint64
	Version   uint64 `json:"version"`
	ExpiresMs uint64 `json:"expires_ms"`
	Payload   []byte
}

// Head takes the packet apart. It does not check the signature: the centre
// holds no public keys.
func (e *Entry) Head() (Head, error) {
	s, err := protocol.ParseSigned(e.Packet)
	if err != nil {
		return Head{}, err
	}
	to, err := protocol.ParseSignedTopic(e.Topic)
	if err != nil {
		return Head{}, err
	}
	h := Head{Key: s.Key, Payload: s.Payload}
	if to.Box != "" {
		c, err := protocol.ParseCommand(s.Payload)
		h.Version, h.ExpiresMs = c.Version, c.ExpiresMs
		return h, err
	}
	p, err := protocol.ParseProfile(s.Payload)
	h.Version, h.ExpiresMs = p.Version, p.ExpiresMs
	return h, err
}

// Folder keeps one file a topic. Safe for use by several processes.
type Folder struct{ dir string }

// In is the folder of that path; it is made when it is first written to.
func In(dir string) *Folder { return &Folder{dir} }

const suffix = ".json"

func (f *Folder) file(topic string) string {
	return filepath.Join(f.dir, strings.ReplaceAll(topic, "/", "_")+suffix)
}

// Get returns what is published on a topic; of one that never was, an Entry
// with version 0.
func (f *Folder) Get(topic string) (Entry, error) {
	e, err := read(f.file(topic))
	if errors.Is(err, os.ErrNotExist) {
		return Entry{Topic: topic}, nil
	}
	if err == nil && e.Topic != topic {
		err = fmt.Errorf("%s: it is about %s", f.file(topic), e.Topic)
	}
	return e, err
}

func read(path string) (Entry, error) {
	var e Entry
	text, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := protocol.ParseSignedTopic(e.Topic); err != nil {
		return e, fmt.Errorf("%s: %w", path, err)
	}
	if len(e.Packet) > 0 {
		if _, err := e.Head(); err != nil {
			return e, fmt.Errorf("%s: %w", path, err)
		}
	}
	return e, nil
}

// List returns everything, by topic. What cannot be read is left out and named
// in the error.
func (f *Folder) List() ([]Entry, error) {
	names, err := filepath.Glob(filepath.Join(f.dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	var all []Entry
	var bad []error
	for _, name := range names {
		e, err := read(name)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Topic, b.Topic) })
	return all, errors.Join(bad...)
}

// Put publishes a signed packet. Its version must be above every one before.
func (f *Folder) Put(topic string, packet []byte, now time.Time) error {
	return f.change(topic, func(e *Entry) error {
		next := Entry{Topic: topic, Packet: packet, AtMs: now.UnixMilli()}
		h, err := next.Head()
		if err != nil {
			return err
		}
		if h.Version <= e.Version {
			return fmt.Errorf("version %d: %s has seen version %d; boxes refuse what is not above it, sign it as version %d", h.Version, topic, e.Version, e.Version+1)
		}
		if h.ExpiresMs <= uint64(now.UnixMilli()) {
			return fmt.Errorf("it expired on %s", time.UnixMilli(int64(h.ExpiresMs)).UTC().Format(time.RFC3339))
		}
		next.Version = h.Version
		*e = next
		return nil
	})
}

// Withdraw ends publishing on a topic: new boxes get nothing, those that have
// the profile keep it until it expires.
func (f *Folder) Withdraw(topic string, now time.Time) error {
	return f.change(topic, func(e *Entry) error {
		if len(e.Packet) == 0 {
			return fmt.Errorf("nothing is published on %s", topic)
		}
		e.Packet, e.AtMs = nil, now.UnixMilli()
		return nil
	})
}

// change replaces a topic's file, one change at a time in all processes.
func (f *Folder) change(topic string, by func(*Entry) error) error {
	if _, err := protocol.ParseSignedTopic(topic); err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(f.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: %w", lock.Name(), err)
	}
	e, err := f.Get(topic)
	if err != nil {
		return err
	}
	if err := by(&e); err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return durable.WriteFile(f.file(topic), append(text, '\n'))
}
