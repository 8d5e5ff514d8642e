package provision

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestHolders: boxes are found by what their serial begins with, by state, and only
// within the reader's provinces.
func TestHolders(t *testing.T) {
	c := newCentre(t)
	k := c.credential(Batch{})
	claim := func(province uint8, n int) *device {
		t.Helper()
		d := newDevice(t, fmt.Sprintf("0123456789abcdef%02d%02d", province, n), fmt.Sprintf("SN%d-%d", province, n))
		topic := protocol.ClaimTopic(province, d.box)
		q := protocol.Claim{Serial: d.serial, CSR: csrOf(t, d.box, d.key)}
		protocol.ProveClaim(topic, &q, k)
		c.granted(c.send(topic, protocol.AppendClaim(nil, &q), k.ID), d.box, d.key)
		return d
	}
	old := claim(33, 1)
	c.pass(71 * 24 * time.Hour) // of 100
	claim(33, 2)
	hunan := claim(43, 1)
	c.refused(c.claim(newDevice(t, old.box, old.serial), k), ReasonTaken)
	if err := c.RevokeBox(t.Context(), hunan.box, "stolen"); err != nil {
		t.Fatal(err)
	}
	if err := c.RevokeBox(t.Context(), "0123456789abcdeffff0", "never came"); err != nil {
		t.Fatal(err)
	}
	all, zhejiang := aggregator.Scope{All: true}, aggregator.Scope{Provinces: []aggregator.Province{33, 11}}
	f := func(q HolderQuery, want ...string) []Holder {
		t.Helper()
		if q.Limit == 0 {
			q.Limit = 10
		}
		got, err := c.Holders(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, h := range got {
			names = append(names, h.Serial)
		}
		if fmt.Sprint(names) != fmt.Sprint(want) {
			t.Errorf("%+v: %v, want %v", q, names, want)
		}
		return got
	}
	f(HolderQuery{Scope: all}, "", "SN43-1", "SN33-2", "SN33-1")
	f(HolderQuery{Scope: zhejiang}, "SN33-2", "SN33-1")
	f(HolderQuery{})
	f(HolderQuery{Scope: zhejiang, Limit: 1}, "SN33-2")
	f(HolderQuery{Scope: all, Search: "SN33-"}, "SN33-2", "SN33-1")
	f(HolderQuery{Scope: all, Search: hunan.box[:18]}, "SN43-1")
	f(HolderQuery{Scope: zhejiang, Search: "SN43"})
	f(HolderQuery{Scope: all, Search: "%"})
	f(HolderQuery{Scope: all, State: HoldersRevoked}, "", "SN43-1")
	f(HolderQuery{Scope: zhejiang, State: HoldersRevoked})
	f(HolderQuery{Scope: all, State: HoldersGood}, "SN33-2", "SN33-1")
	soon := f(HolderQuery{Scope: all, State: HoldersEnding}, "SN33-1")[0]
	if left := soon.Until.Sub(c.now()); left < 28*24*time.Hour || left > 30*24*time.Hour || soon.Province != 33 {
		t.Errorf("%v left, %+v", left, soon)
	}
	ending := func(want int) {
		t.Helper()
		if n, err := c.Ending(t.Context()); n != want || err != nil {
			t.Errorf("%d boxes end soon, %v; want %d", n, err, want)
		}
	}
	ending(1)
	clone := f(HolderQuery{Scope: all, State: HoldersSuspect}, "SN33-1")[0]
	if len(clone.Signs) != 1 || clone.Signs[0].Kind != ReasonTaken || !strings.Contains(clone.Signs[0].Detail, "10.1.2.3") {
		t.Errorf("%+v", clone.Signs)
	}
	// The key that it renews with counts once it comes with it.
	next := newKey(t)
	renewed := c.granted(c.renew(old, next), old.box, next)
	c.admits(old.box, "", renewed)
	f(HolderQuery{Scope: all, State: HoldersEnding})
	ending(0)
	if got := f(HolderQuery{Scope: all, Search: "SN33-1"}, "SN33-1")[0]; !got.Until.Equal(renewed.NotAfter) {
		t.Errorf("until %v, want %v", got.Until, renewed.NotAfter)
	}
}

// TestOldRegistry: one of the schema before opens, and its boxes are listed with their
// ends.
func TestOldRegistry(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, registryFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(schema + `PRAGMA user_version = 1;
		INSERT INTO box (box, serial, claim, province, key, public, made_ms, claimed_ms, why, turn) VALUES ('0123456789abcdef0001', 'SN1', '', 33, x'01', x'02', 1, 1, '', 0);
		INSERT INTO certificate VALUES ('a', '0123456789abcdef0001', x'00', 'claimed', 1, 9000, x''), ('b', '0123456789abcdef0001', x'01', 'renewed', 1, 7000, x'');`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also once it is of this one
		c := openCentre(t, dir, time.UnixMilli(5000))
		all, err := c.Holders(t.Context(), HolderQuery{Scope: aggregator.Scope{All: true}, State: HoldersEnding, Limit: 10})
		if err != nil || len(all) != 1 || all[0].Until.UnixMilli() != 7000 {
			t.Errorf("%+v, %v", all, err)
		}
	}
}
