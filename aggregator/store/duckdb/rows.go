package duckdb

import "iptvdc/aggregator/store"

// The columns of each table in the order of schema.sql.

func appendEvents(w *bulk, b *store.Block, mark int64) error {
	if err := w.append("power", len(b.Powers), append(
		stamps(b.Powers, func(r *store.Power) *store.Stamp { return &r.Stamp }),
		fixed(b.Powers, func(r *store.Power) bool { return r.On }),
		fixed(b.Powers, func(r *store.Power) uint8 { return r.Cause }),
		same(mark),
		fixed(b.Powers, func(r *store.Power) uint64 { return r.Agent }),
	)); err != nil {
		return err
	}
	if err := w.append("page_view", len(b.PageViews), append(
		stamps(b.PageViews, func(r *store.PageView) *store.Stamp { return &r.Stamp }),
		fixed(b.PageViews, func(r *store.PageView) uint64 { return r.Page }),
		fixed(b.PageViews, func(r *store.PageView) uint64 { return r.From }),
		fixed(b.PageViews, func(r *store.PageView) uint64 { return r.Template }),
		same(mark),
	)); err != nil {
		return err
	}
	if err := w.append("click", len(b.Clicks), append(
		stamps(b.Clicks, func(r *store.Click) *store.Stamp { return &r.Stamp }),
		fixed(b.Clicks, func(r *store.Click) uint64 { return r.Page }),
		fixed(b.Clicks, func(r *store.Click) uint64 { return r.Area }),
		fixed(b.Clicks, func(r *store.Click) uint64 { return r.Content }),
		fixed(b.Clicks, func(r *store.Click) uint64 { return r.Template }),
		fixed(b.Clicks, func(r *store.Click) uint32 { return r.Slot }),
		fixed(b.Clicks, func(r *store.Click) uint32 { return r.Trace }),
		same(mark),
	)); err != nil {
		return err
	}
	if err := w.append("viewing", len(b.Views), append(
		stamps(b.Views, func(r *store.View) *store.Stamp { return &r.Stamp }),
		fixed(b.Views, func(r *store.View) uint8 { return r.Mode }),
		fixed(b.Views, func(r *store.View) uint64 { return r.Channel }),
		fixed(b.Views, func(r *store.View) uint64 { return r.Content }),
		fixed(b.Views, func(r *store.View) int32 { return int32(r.DurationMs) }), // at most a day
		fixed(b.Views, func(r *store.View) int32 { return r.Speed }),
		fixed(b.Views, func(r *store.View) uint32 { return r.Part }),
		fixed(b.Views, func(r *store.View) uint8 { return r.End }),
		fixed(b.Views, func(r *store.View) uint32 { return r.Trace }),
		fixed(b.Views, func(r *store.View) uint32 { return r.Keys }),
		fixed(b.Views, func(r *store.View) int64 { return r.IdleMs }),
		fixed(b.Views, func(r *store.View) uint8 { return r.TV }),
		fixed(b.Views, func(r *store.View) int32 { return int32(r.LengthMs) }), // at most a week
		fixed(b.Views, func(r *store.View) int32 { return int32(r.PositionMs) }),
		same(mark),
	)); err != nil {
		return err
	}
	if err := w.append("orders", len(b.Orders), append(
		stamps(b.Orders, func(r *store.Order) *store.Stamp { return &r.Stamp }),
		fixed(b.Orders, func(r *store.Order) uint64 { return r.OrderID }),
		fixed(b.Orders, func(r *store.Order) uint64 { return r.Product }),
		fixed(b.Orders, func(r *store.Order) uint64 { return r.Provider }),
		fixed(b.Orders, func(r *store.Order) uint64 { return r.Content }),
		fixed(b.Orders, func(r *store.Order) int64 { return r.Fen }),
		fixed(b.Orders, func(r *store.Order) uint8 { return r.Result }),
		fixed(b.Orders, func(r *store.Order) uint8 { return r.Pay }),
		fixed(b.Orders, func(r *store.Order) uint32 { return r.Trace }),
		same(mark),
	)); err != nil {
		return err
	}
	if err := appendSeen(w, b, mark); err != nil {
		return err
	}
	if err := appendCondition(w, b, mark); err != nil {
		return err
	}
	if err := w.append("notice", len(b.Notices), append(
		stamps(b.Notices, func(r *store.Notice) *store.Stamp { return &r.Stamp }),
		fixed(b.Notices, func(r *store.Notice) uint8 { return r.Kind }),
		fixed(b.Notices, func(r *store.Notice) int64 { return r.Count }),
		fixed(b.Notices, func(r *store.Notice) uint8 { return r.Reason }),
		same(mark),
	)); err != nil {
		return err
	}
	return w.append("tally", len(b.Tallies), append(
		stamps(b.Tallies, func(r *store.Tally) *store.Stamp { return &r.Stamp }),
		fixed(b.Tallies, func(r *store.Tally) int64 { return r.Lost }),
		fixed(b.Tallies, func(r *store.Tally) int64 { return r.Repeated }),
		same(mark),
	))
}

// appendSeen adds what was seen and how it played.
func appendSeen(w *bulk, b *store.Block, mark int64) error {
	if err := w.append("impression", len(b.Impressions), append(
		stamps(b.Impressions, func(r *store.Impression) *store.Stamp { return &r.Stamp }),
		fixed(b.Impressions, func(r *store.Impression) uint64 { return r.Page }),
		fixed(b.Impressions, func(r *store.Impression) uint64 { return r.Area }),
		fixed(b.Impressions, func(r *store.Impression) uint64 { return r.Content }),
		fixed(b.Impressions, func(r *store.Impression) uint64 { return r.Template }),
		fixed(b.Impressions, func(r *store.Impression) uint32 { return r.Slot }),
		fixed(b.Impressions, func(r *store.Impression) uint8 { return r.Sight }),
		fixed(b.Impressions, func(r *store.Impression) int32 { return int32(r.DurationMs) }), // at most a day
		same(mark),
	)); err != nil {
		return err
	}
	if err := w.append("order_page", len(b.OrderPages), append(
		stamps(b.OrderPages, func(r *store.OrderPage) *store.Stamp { return &r.Stamp }),
		fixed(b.OrderPages, func(r *store.OrderPage) uint64 { return r.Page }),
		fixed(b.OrderPages, func(r *store.OrderPage) uint64 { return r.Product }),
		fixed(b.OrderPages, func(r *store.OrderPage) uint64 { return r.Content }),
		fixed(b.OrderPages, func(r *store.OrderPage) uint32 { return r.Trace }),
		same(mark),
	)); err != nil {
		return err
	}
	return w.append("playback", len(b.Playbacks), append(
		stamps(b.Playbacks, func(r *store.Playback) *store.Stamp { return &r.Stamp }),
		fixed(b.Playbacks, func(r *store.Playback) uint8 { return r.Mode }),
		fixed(b.Playbacks, func(r *store.Playback) uint64 { return r.Channel }),
		fixed(b.Playbacks, func(r *store.Playback) uint64 { return r.Content }),
		fixed(b.Playbacks, func(r *store.Playback) int32 { return int32(r.StartMs) }), // at most a day
		fixed(b.Playbacks, func(r *store.Playback) uint32 { return r.Stalls }),
		fixed(b.Playbacks, func(r *store.Playback) int32 { return int32(r.StallMs) }), // at most a day
		fixed(b.Playbacks, func(r *store.Playback) uint32 { return r.Errors }),
		fixed(b.Playbacks, func(r *store.Playback) uint64 { return r.Error }),
		fixed(b.Playbacks, func(r *store.Playback) uint32 { return r.Trace }),
		same(mark),
	))
}

// appendCondition adds how boxes are and what they run.
func appendCondition(w *bulk, b *store.Block, mark int64) error {
	if err := w.append("health", len(b.Healths), append(
		stamps(b.Healths, func(r *store.Health) *store.Stamp { return &r.Stamp }),
		fixed(b.Healths, func(r *store.Health) uint32 { return r.CPU }),
		fixed(b.Healths, func(r *store.Health) int64 { return r.MemoryKB }),
		fixed(b.Healths, func(r *store.Health) int32 { return r.Temperature }),
		fixed(b.Healths, func(r *store.Health) int64 { return r.AgentKB }),
		fixed(b.Healths, func(r *store.Health) int64 { return r.AgentMs }),
		fixed(b.Healths, func(r *store.Health) int64 { return r.FlashKB }),
		fixed(b.Healths, func(r *store.Health) int64 { return r.Waiting }),
		same(mark),
	)); err != nil {
		return err
	}
	return w.append("running", len(b.Runnings), append(
		stamps(b.Runnings, func(r *store.Running) *store.Stamp { return &r.Stamp }),
		fixed(b.Runnings, func(r *store.Running) uint64 { return r.Version }),
		fixed(b.Runnings, func(r *store.Running) uint8 { return r.State }),
		fixed(b.Runnings, func(r *store.Running) uint64 { return r.Why }),
		same(mark),
		fixed(b.Runnings, func(r *store.Running) uint64 { return r.Agent }),
	))
}

// stamps are the columns that every event has.
func stamps[R any](rows []R, of func(*R) *store.Stamp) []column {
	return append(make([]column, 0, 16),
		fixed(rows, func(r *R) uint8 { return uint8(of(r).Province) }),
		fixed(rows, func(r *R) uint16 { return uint16(of(r).City) }),
		fixed(rows, func(r *R) uint64 { return of(r).Box }),
		fixed(rows, func(r *R) uint64 { return of(r).Account }),
		fixed(rows, func(r *R) uint32 { return of(r).Boot }),
		fixed(rows, func(r *R) int64 { return of(r).MonoMs }),
		fixed(rows, func(r *R) int64 { return of(r).AtMs }),
		fixed(rows, func(r *R) uint8 { return of(r).Clock }),
	)
}

// appendTold adds the block's codes, identities and clocks. Codes and
// identities already told are left out: they never change. A clock is added
// again, the greatest mark holds.
func appendTold(w *bulk, b *store.Block, mark int64) error {
	if len(b.Codes) > 0 {
		codes := firsts(b.Codes, func(c *store.Code) uint64 { return c.Key })
		if err := w.addNew("code", "key", len(codes), []column{
			fixed(codes, func(c *store.Code) uint64 { return c.Key }),
			text(codes, func(c *store.Code) []byte { return []byte(c.Text) }),
		}); err != nil {
			return err
		}
	}
	if len(b.Identities) > 0 {
		told := firsts(b.Identities, func(r *store.IdentityRow) store.IdentityKey { return r.IdentityKey })
		if err := w.addNew("identity", "box, serial", len(told), []column{
			fixed(told, func(r *store.IdentityRow) uint64 { return r.Box }),
			fixed(told, func(r *store.IdentityRow) uint32 { return r.Serial }),
			fixed(told, func(r *store.IdentityRow) uint8 { return uint8(r.Province) }),
			fixed(told, func(r *store.IdentityRow) uint16 { return uint16(r.City) }),
			fixed(told, func(r *store.IdentityRow) uint64 { return r.Account }),
			fixed(told, func(r *store.IdentityRow) uint64 { return r.Model }),
			fixed(told, func(r *store.IdentityRow) uint64 { return r.Firmware }),
		}); err != nil {
			return err
		}
	}
	clocks := lasts(b.Clocks)
	return w.append("clock", len(clocks), []column{
		fixed(clocks, func(r *store.ClockRow) uint64 { return r.Box }),
		fixed(clocks, func(r *store.ClockRow) uint32 { return r.Boot }),
		fixed(clocks, func(r *store.ClockRow) int64 { return r.OffsetMs }),
		fixed(clocks, func(r *store.ClockRow) uint8 { return r.Quality }),
		same(mark),
	})
}

// addNew adds the rows whose key the table does not have yet.
func (w *bulk) addNew(table, key string, n int, columns []column) error {
	stage := "new_" + table
	if err := w.exec("CREATE OR REPLACE TEMP TABLE " + stage + " AS FROM " + table + " LIMIT 0"); err != nil {
		return err
	}
	if err := w.append(stage, n, columns); err != nil {
		return err
	}
	return w.exec("INSERT INTO " + table + " FROM " + stage + " ANTI JOIN " + table + " USING (" + key + ")")
}

// firsts keeps the first row of each key.
func firsts[R any, K comparable](rows []R, key func(*R) K) []R {
	seen := make(map[K]struct{}, len(rows))
	out := make([]R, 0, len(rows))
	for i := range rows {
		k := key(&rows[i])
		if _, ok := seen[k]; !ok {
			seen[k] = struct{}{}
			out = append(out, rows[i])
		}
	}
	return out
}

// lasts keeps the last row of each boot.
func lasts(rows []store.ClockRow) []store.ClockRow {
	at := make(map[store.ClockKey]int, len(rows))
	out := make([]store.ClockRow, 0, len(rows))
	for _, r := range rows {
		if i, ok := at[r.ClockKey]; ok {
			out[i] = r
			continue
		}
		at[r.ClockKey] = len(out)
		out = append(out, r)
	}
	return out
}
