package main

import (
	"context"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// books answers the console's questions about what was received, out of the
// ledger and the store.
type books struct {
	ledger ledger.Ledger
	store  store.Store
}

// Accounts implements console.Books.
func (b books) Accounts(ctx context.Context) ([]console.Account, error) {
	gaps, err := b.ledger.Gaps(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]console.Account, len(gaps))
	for i, g := range gaps {
		all[i] = console.Account{Province: g.Province, Boxes: g.Boxes, Streams: g.Streams, Received: g.Received, Lost: g.Lost, Quarantined: g.Quarantine}
	}
	return all, nil
}

// Backlog implements console.Books. The ledger is asked first: an event is in
// its backlog until its cell is dirty, so at no moment both seem empty while an
// event is on its way.
func (b books) Backlog(ctx context.Context) (uint64, int, error) {
	events, err := b.ledger.Backlog(ctx)
	if err != nil {
		return 0, 0, err
	}
	_, dirty, err := b.store.AsOf(ctx)
	return events, dirty, err
}

// Quarantine implements console.Books.
func (b books) Quarantine(ctx context.Context, limit int) ([]console.Poison, error) {
	kept, err := b.ledger.Quarantine(ctx, limit)
	if err != nil {
		return nil, err
	}
	all := make([]console.Poison, len(kept))
	for i, k := range kept {
		all[i] = console.Poison{
			At: time.UnixMilli(k.AtMs), Province: aggregator.Province(k.Route.Province), Box: k.Route.Box,
			Epoch: k.Batch.Epoch, No: k.Batch.No, Events: k.Batch.N, Why: k.Why,
		}
	}
	return all, nil
}

// auditor looks at single boxes: it alone turns ids of boxes into their keys.
type auditor struct {
	store   store.Store
	secrets aggregator.Secrets
}

// Audit implements console.Auditor.
func (a auditor) Audit(ctx context.Context, boxes []string) ([]console.AuditRow, error) {
	ids := make(map[uint64]string, len(boxes))
	keys := make([]uint64, 0, len(boxes))
	for _, box := range boxes {
		key := a.secrets.BoxKey(box)
		if _, twice := ids[key]; !twice {
			keys = append(keys, key)
		}
		ids[key] = box
	}
	held, err := a.store.Audit(ctx, keys)
	if err != nil {
		return nil, err
	}
	rows := make([]console.AuditRow, len(held))
	for i, h := range held {
		rows[i] = console.AuditRow{Box: ids[h.Box], Kind: protocol.Kind(h.Kind).String(), Events: h.Events, MonoSum: h.MonoSum}
	}
	return rows, nil
}

// Events implements console.Auditor.
func (a auditor) Events(ctx context.Context, box string) ([]console.AuditEvent, error) {
	held, err := a.store.Events(ctx, a.secrets.BoxKey(box))
	if err != nil {
		return nil, err
	}
	events := make([]console.AuditEvent, len(held))
	for i, h := range held {
		events[i] = console.AuditEvent{Boot: h.Boot, MonoMs: h.MonoMs, Kind: protocol.Kind(h.Kind).String()}
	}
	return events, nil
}
