package main

import (
	"errors"
	"fmt"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

const minuteMs = 60_000

func (c *Config) editDefaults() {
	r, e := store.DefaultEditRules(), &c.Edit
	e.Version = r.Version
	e.LiveMinutes, e.NightLiveMinutes, e.DemandMinutes = int(r.LiveMs/minuteMs), int(r.NightLiveMs/minuteMs), int(r.DemandMs/minuteMs)
	e.NightFrom, e.NightTo, e.Episodes = r.NightFrom, r.NightTo, r.Episodes
	e.MinuteRecords, e.DayRecords = int(r.MinuteRecords), int(r.DayRecords)
}

// editRules are the rules that the config says. box and account turn what is listed
// into keys.
func (c *Config) editRules(box func(string) uint64, account func(aggregator.Province, string) uint64) (store.EditRules, error) {
	e := &c.Edit
	r := store.EditRules{
		Version: e.Version, LiveMs: int64(e.LiveMinutes) * minuteMs, NightLiveMs: int64(e.NightLiveMinutes) * minuteMs, DemandMs: int64(e.DemandMinutes) * minuteMs,
		NightFrom: e.NightFrom, NightTo: e.NightTo, Episodes: e.Episodes, MinuteRecords: int64(e.MinuteRecords), DayRecords: int64(e.DayRecords),
	}
	for _, id := range e.Boxes {
		if strings.TrimSpace(id) != id || id == "" {
			return r, fmt.Errorf("boxes: %q is no id of a box", id)
		}
		r.Boxes = append(r.Boxes, box(id))
	}
	for _, text := range e.Accounts {
		code, name, ok := strings.Cut(text, ":")
		p, err := aggregator.ParseProvince(code)
		if !ok || err != nil || name == "" {
			return r, fmt.Errorf("accounts: %q is no account; write PROVINCE:ACCOUNT, as 33:test01", text)
		}
		r.Accounts = append(r.Accounts, account(p, name))
	}
	return r, r.Check()
}

// checkEdit explains what is wrong with the rules; keys do not matter to it.
func (c *Config) checkEdit() error {
	_, err := c.editRules(aggregator.TextKey, func(_ aggregator.Province, name string) uint64 { return aggregator.TextKey(name) })
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		return errors.New(strings.TrimPrefix(fault.Message, "Edit rules: "))
	}
	return err
}
