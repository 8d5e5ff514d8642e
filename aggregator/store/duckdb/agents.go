package duckdb

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// nameAgents notes on what boxes told of their agents, to a store that did not keep it,
// which version that was.
func (w *bulk) nameAgents() error {
	type word struct {
		why  uint64
		code store.Code
	}
	var all []word
	if err := w.query("SELECT key, text FROM code SEMI JOIN (SELECT DISTINCT why AS key FROM running WHERE state = 5 AND agent = 0) USING (key)", func(pg page) error {
		whys, said := values[uint64](pg, 0), texts(pg, 1)
		for i := range whys {
			if agent := store.AgentWord(said[i]); agent != "" {
				all = append(all, word{whys[i], store.Code{Key: aggregator.TextKey(agent), Text: agent}})
			}
		}
		return nil
	}); err != nil || len(all) == 0 {
		return err
	}
	if err := w.exec("CREATE OR REPLACE TEMP TABLE agent_word (key UBIGINT, word UBIGINT)"); err != nil {
		return err
	}
	if err := w.append("agent_word", len(all), []column{
		fixed(all, func(a *word) uint64 { return a.why }), fixed(all, func(a *word) uint64 { return a.code.Key }),
	}); err != nil {
		return err
	}
	codes := firsts(all, func(a *word) uint64 { return a.code.Key })
	if err := w.addNew("code", "key", len(codes), []column{
		fixed(codes, func(a *word) uint64 { return a.code.Key }), text(codes, func(a *word) []byte { return []byte(a.code.Text) }),
	}); err != nil {
		return err
	}
	for _, table := range []string{"running", "running_was"} {
		if err := w.exec("UPDATE " + table + " SET agent = word FROM agent_word WHERE state = 5 AND agent = 0 AND why = key"); err != nil {
			return err
		}
	}
	return nil
}
