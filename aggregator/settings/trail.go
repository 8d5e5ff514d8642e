package settings

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Entry is one line of the audit log: what was done, by whom, to whom.
type Entry struct {
	// No counts from 1 without gaps.
	No  int64
	At  time.Time
	Who string
	// By is who looked through Who's eyes, "" mostly.
	By   string
	What string
	Whom string // a person's name, "": nobody
	// Place is the address from which it came; "": this machine.
	Place  string
	Detail string
	// Hash covers all of the above and the hash of the line before.
	Hash [32]byte
}

// Machine is who did what was done on the machine itself, by whoever may read the
// data folder. No person can have this name.
const Machine = "(machine)"

// seal computes a line's hash. Every field stands behind its length, so that nothing
// can be moved from one to the next.
func (e *Entry) seal(before [32]byte) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	var n [8]byte
	for _, v := range []int64{e.No, e.At.UnixMilli()} {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	for _, text := range []string{e.Who, e.By, e.What, e.Whom, e.Place, e.Detail} {
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	return [32]byte(h.Sum(nil))
}

// record appends to the audit log inside the transaction of what it tells. The zero
// Principal is the machine.
func (s *Settings) record(ctx context.Context, tx *sql.Tx, p Principal, what, whom, detail string) error {
	e := Entry{At: s.now(), Who: p.Name, By: p.By, What: what, Whom: whom, Place: p.Place, Detail: detail}
	if e.Who == "" {
		e.Who = Machine
	}
	if p.Token != "" { // who asked is a program of theirs
		e.Detail = strings.TrimSpace(detail + " by_token=" + p.Token)
	}
	return appendEntry(ctx, tx, e)
}

func appendEntry(ctx context.Context, tx *sql.Tx, e Entry) error {
	var before [32]byte
	var last []byte
	err := tx.QueryRowContext(ctx, "SELECT no, hash FROM trail ORDER BY no DESC LIMIT 1").Scan(&e.No, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(before[:], last)
	e.No++
	sum := e.seal(before)
	_, err = tx.ExecContext(ctx, "INSERT INTO trail (no, at_ms, who, by, what, whom, place, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		e.No, e.At.UnixMilli(), e.Who, e.By, e.What, e.Whom, e.Place, e.Detail, sum[:])
	return err
}

// moveRecords takes the record of releases before the log was chained into it.
func moveRecords(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT at_ms, what, detail FROM audit ORDER BY id")
	if err != nil {
		return err
	}
	var old []Entry
	for rows.Next() {
		e := Entry{Who: Machine}
		var ms int64
		if err := rows.Scan(&ms, &e.What, &e.Detail); err != nil {
			_ = rows.Close()
			return err
		}
		e.At = time.UnixMilli(ms)
		old = append(old, e)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, e := range old {
		if err := appendEntry(ctx, tx, e); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "DROP TABLE audit")
	return err
}

// Note records what was done outside this package: an export, a list that names
// accounts.
func (s *Settings) Note(ctx context.Context, p Principal, what, whom, detail string) error {
	return wrap("note", s.update(ctx, func(tx *sql.Tx) error { return s.record(ctx, tx, p, what, whom, detail) }))
}

const entryColumns = "SELECT no, at_ms, who, by, what, whom, place, detail, hash FROM trail"

func scanEntry(rows *sql.Rows) (Entry, error) {
	var e Entry
	var ms int64
	var sum []byte
	err := rows.Scan(&e.No, &ms, &e.Who, &e.By, &e.What, &e.Whom, &e.Place, &e.Detail, &sum)
	e.At = time.UnixMilli(ms)
	copy(e.Hash[:], sum)
	return e, err
}

// TrailQuery says which lines of the audit log are wanted.
type TrailQuery struct {
	Before int64  // only lines with smaller numbers; 0: from the newest
	Person string // only what this person did or had done to them
	What   string // only this
	Limit  int
}

// Trail returns lines of the audit log, the newest first: all of it for
// administrators, for who manages people what these and they themselves did and had
// done to them; for everybody else nothing.
func (s *Settings) Trail(ctx context.Context, p Principal, q TrailQuery) ([]Entry, error) {
	where, args := " WHERE (?1 = 0 OR no < ?1) AND (?2 = '' OR who = ?2 OR whom = ?2 OR by = ?2) AND (?3 = '' OR what = ?3)", []any{q.Before, q.Person, q.What, q.Limit}
	if !p.Powers.Has(Administer) {
		names, err := s.managedNames(ctx, p)
		if err != nil {
			return nil, wrap("trail", err)
		}
		marks := ""
		for _, name := range names {
			args = append(args, name)
			marks += fmt.Sprintf(", ?%d", len(args))
		}
		if len(names) == 0 {
			return []Entry{}, nil
		}
		// What somebody else did to them counts only by its object; what they did only
		// if its object is theirs too.
		where += fmt.Sprintf(" AND (whom IN (%[1]s) OR whom = '' AND who IN (%[1]s))", marks[2:])
	}
	rows, err := s.db.QueryContext(ctx, entryColumns+where+" ORDER BY no DESC LIMIT ?4", args...)
	if err != nil {
		return nil, wrap("trail", err)
	}
	defer func() { _ = rows.Close() }()
	all := []Entry{}
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, wrap("trail", err)
		}
		all = append(all, e)
	}
	return all, wrap("trail", rows.Err())
}

// managedNames are the names of the people that somebody manages, and their own.
func (s *Settings) managedNames(ctx context.Context, p Principal) ([]string, error) {
	if !p.Powers.Has(ManagePeople) {
		return nil, nil
	}
	d, err := s.directory(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{p.Name}
	for _, one := range d.people {
		if d.manages(p, one) {
			names = append(names, one.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Head is where the audit log stands. Whoever notes it elsewhere can later show that
// nothing was cut off its end.
type Head struct {
	No   int64
	Hash [32]byte
}

// String is written as 17:9f86d0...
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.No, hex.EncodeToString(h.Hash[:])) }

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	var h Head
	var sum string
	if n, err := fmt.Sscanf(text, "%d:%s", &h.No, &sum); err != nil || n != 2 || h.No < 1 {
		return h, faultf("bad_head", "%q is not where a log stood; give the line that an earlier verify printed, as 17:9f86d0….", clip(text))
	}
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != len(h.Hash) {
		return h, faultf("bad_head", "%q is not where a log stood; the hash has 64 hexadecimal digits.", clip(text))
	}
	copy(h.Hash[:], b)
	return h, nil
}

// Verify goes through the whole audit log and returns where it stands. If a line was
// changed, is missing or stands in another's place, the fault, of code log_broken,
// names it. A noted head that is not the zero Head must lie in the log: else lines
// were cut off its end, or all of it was made anew.
func (s *Settings) Verify(ctx context.Context, noted Head) (Head, error) {
	var head Head
	rows, err := s.db.QueryContext(ctx, entryColumns+" ORDER BY no")
	if err != nil {
		return head, wrap("verify", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return head, wrap("verify", err)
		}
		switch sum := e.seal(head.Hash); {
		case e.No == head.No+2:
			return head, faultf("log_broken", "line %d is missing", head.No+1)
		case e.No != head.No+1:
			return head, faultf("log_broken", "lines %d to %d are missing", head.No+1, e.No-1)
		case sum != e.Hash:
			return head, faultf("log_broken", "line %d is not the one that was written (%s, %s, %s): it was changed, or put in the place of another", e.No, e.At.UTC().Format(time.RFC3339), e.Who, e.What)
		case e.No == noted.No && e.Hash != noted.Hash:
			return head, faultf("log_broken", "line %d is another than the one noted: the log up to it was made anew", e.No)
		}
		head = Head{e.No, e.Hash}
	}
	if err := rows.Err(); err != nil {
		return head, wrap("verify", err)
	}
	if noted.No > head.No {
		return head, faultf("log_broken", "it ends at line %d, but line %d was noted: the lines after %d are missing", head.No, noted.No, head.No)
	}
	return head, nil
}
