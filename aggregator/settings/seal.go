package settings

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
)

// What is sealed, so that a seal of one thing is none of another.
const (
	sealLink   = "link"
	sealTicket = "ticket"
	sealEmbed  = "embed key"
)

var b64 = base64.RawURLEncoding

// doorKey returns what signs links, tickets and keys of embedding, and draws it the
// first time.
func (s *Settings) doorKey(ctx context.Context) ([]byte, error) {
	s.known.mu.Lock()
	defer s.known.mu.Unlock()
	if s.known.doorKey != nil {
		return s.known.doorKey, nil
	}
	drawn := make([]byte, 32)
	_, _ = rand.Read(drawn) // never fails: it ends the program instead
	var key []byte
	err := s.update(ctx, func(tx *sql.Tx) error {
		// Another process may have been first.
		if _, err := tx.ExecContext(ctx, "INSERT INTO door_key (id, key) VALUES (1, ?) ON CONFLICT DO NOTHING", drawn); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT key FROM door_key").Scan(&key)
	})
	if err != nil {
		return nil, err
	}
	s.known.doorKey = key
	return key, nil
}

// seal is the proof that a text was written here for a purpose.
func seal(key []byte, purpose, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sealed writes a text with its proof, as text.proof.
func (s *Settings) sealed(ctx context.Context, purpose, text string) (string, error) {
	key, err := s.doorKey(ctx)
	if err != nil {
		return "", err
	}
	return text + "." + b64.EncodeToString(seal(key, purpose, text)[:18]), nil
}

// unsealed returns the text of what sealed wrote; false: it was not written here.
func (s *Settings) unsealed(ctx context.Context, purpose, whole string) (string, bool, error) {
	at := strings.LastIndexByte(whole, '.')
	if at < 0 || len(whole) > maxSealed {
		return "", false, nil
	}
	key, err := s.doorKey(ctx)
	if err != nil {
		return "", false, err
	}
	proof, err := b64.DecodeString(whole[at+1:])
	return whole[:at], err == nil && hmac.Equal(proof, seal(key, purpose, whole[:at])[:18]), nil
}

// maxSealed bounds what is looked at; filters are the longest part of it.
const maxSealed = 32 << 10

// ticket stands for a door that was opened: the password was given, or the partner's
// token was right. What the door opens is looked up at each use.
type ticket struct {
	Door    string    `json:"d"`
	ID      string    `json:"i"`
	UntilMs int64     `json:"u"`
	Embed   *embedded `json:"e,omitempty"`
}

// The doors of a ticket.
const (
	DoorLink  = "link"
	DoorEmbed = "embed"
)

func (s *Settings) issue(ctx context.Context, t ticket) (string, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	return s.sealed(ctx, sealTicket, b64.EncodeToString(b))
}

// Shared is what somebody without an account may see: one board, with fixed filters,
// in the name of who opened it. The zero Shared shows nothing.
type Shared struct {
	Door, ID string
	Board    *board.Board
	// Filters lie within the board's and its tabs', where a reader's own would.
	Filters board.Filters
	// Grants are no more than Maker held when they opened the door, and no more than
	// they hold now.
	Grants aggregator.Grants
	Maker  string
	// Reader is what an embedding page calls who reads, "" mostly.
	Reader string
	Until  time.Time
}

var (
	errTicket = &aggregator.Error{Code: "bad_ticket", Message: "This view has ended; open the link again, or load the page anew."}
	errDead   = &aggregator.Error{Code: "link_dead", Message: "Whoever opened this may no longer show it: their account, what they hold or the board has changed. Ask them."}
)

// ByTicket returns what a ticket still opens.
func (s *Settings) ByTicket(ctx context.Context, text string, policy LinkPolicy) (Shared, error) {
	inner, ok, err := s.unsealed(ctx, sealTicket, text)
	if err != nil {
		return Shared{}, wrap("ticket", err)
	}
	var t ticket
	if ok {
		b, err := b64.DecodeString(inner)
		ok = err == nil && json.Unmarshal(b, &t) == nil
	}
	if !ok || s.now().UnixMilli() >= t.UntilMs {
		return Shared{}, errTicket
	}
	if t.Door == DoorEmbed && t.Embed != nil {
		k, err := s.readEmbedKey(ctx, t.ID)
		if err != nil {
			return Shared{}, err
		}
		return s.embed(ctx, &k, t.Embed, time.UnixMilli(t.UntilMs))
	}
	l, err := s.readLink(ctx, t.ID)
	if err != nil {
		return Shared{}, err
	}
	return s.behind(ctx, &l, policy)
}

// shown is a board as its opener has it now, if they may still open it to others.
func (s *Settings) shown(ctx context.Context, maker int64, may Powers, id string, made aggregator.Grants) (Shared, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Shared{}, wrap("shared", err)
	}
	one := d.people[maker]
	if one == nil || one.Disabled {
		return Shared{}, errDead
	}
	p := d.principal(one)
	if !p.Powers.Has(may) {
		return Shared{}, errDead
	}
	info, b, err := s.Board(ctx, p, id, 0)
	var fault *aggregator.Error
	if errors.As(err, &fault) || err == nil && (!info.Owns || info.Deleted) {
		return Shared{}, errDead
	}
	if err != nil {
		return Shared{}, err
	}
	b.Views = nil // what the makers keep for themselves
	return Shared{Board: b, Grants: made.And(p.Grants), Maker: one.Name}, nil
}
