package main

import (
	"context"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
)

// metrics is what Prometheus is told. Labels are provinces and small
// enumerations only, so the number of series does not grow with boxes.
type metrics struct {
	registry *prometheus.Registry

	ack, commit, load, lateness, close prometheus.Histogram
}

func newMetrics(p *Platform) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		ack:      latency("iptv_ack_duration_seconds", "Time from a packet's arrival to the answer for the box.", .001, 12),
		commit:   latency("iptv_ledger_commit_duration_seconds", "Time of one durable commit of a group of packets.", .0005, 12),
		load:     latency("iptv_loader_block_duration_seconds", "Time to load one block into the store.", .01, 12),
		lateness: latency("iptv_loader_lateness_seconds", "Age of a block's oldest batch, since its arrival, when the block is loaded.", .05, 14),
		close:    latency("iptv_closing_duration_seconds", "Time to recompute the facts of one set of hours and provinces.", .01, 12),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "iptv_build_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.ack, m.commit, m.load, m.lateness, m.close, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newPartsCollector(p))
	return m
}

// latency is a histogram with a native form for servers that scrape it and
// classic buckets, doubling from first, for those that do not.
func latency(name, help string, first float64, buckets int) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(first, 2, buckets),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	})
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError})
}

func (m *metrics) committed(_ int, took time.Duration) { m.commit.Observe(took.Seconds()) }

func (m *metrics) loaded(pr loader.Progress) {
	m.load.Observe(pr.Took.Seconds())
	m.lateness.Observe(max(0, time.Since(time.UnixMilli(pr.OldestMs)).Seconds()))
}

// closed measures closings.
type closed struct {
	*duckdb.Store
	m *metrics
}

// Close implements closing.Store.
func (c closed) Close(ctx context.Context, snap store.Snapshot) error {
	began := time.Now()
	err := c.Store.Close(ctx, snap)
	c.m.close.Observe(time.Since(began).Seconds())
	return err
}

// timed measures how long boxes wait for their answers.
type timed struct {
	to *intake.Intake
	m  *metrics
	// sent, if set, is told of batches that came over a broker that stands elsewhere
	// and were taken; the embedded one tells it itself.
	sent func(box string, packet []byte)
}

// Receive implements broker.Receiver.
func (t timed) Receive(ctx context.Context, topic string, payload []byte, atMs int64) (string, []byte, error) {
	began := time.Now()
	ackTopic, ack, err := t.to.Receive(ctx, topic, payload, atMs)
	t.m.ack.Observe(time.Since(began).Seconds())
	return ackTopic, ack, err
}

// Submit implements broker.Receiver.
func (t timed) Submit(ctx context.Context, topic string, payload []byte, atMs int64) func() (string, []byte, error) {
	began := time.Now()
	wait := t.to.Submit(ctx, topic, payload, atMs)
	return func() (string, []byte, error) {
		ackTopic, ack, err := wait()
		t.m.ack.Observe(time.Since(began).Seconds())
		if t.sent != nil && err == nil && ackTopic != "" {
			t.sent(ackTopic[strings.LastIndexByte(ackTopic, '/')+1:], payload)
		}
		return ackTopic, ack, err
	}
}

// partsCollector reads the parts' own counters when it is asked.
type partsCollector struct {
	p     *Platform
	descs map[string]*prometheus.Desc
	kinds map[string]prometheus.ValueType

	latest latest
}

// part is one number read from a part.
type part struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

var parts = []part{
	{"iptv_intake_packets_total", "Packets that the ledger judged, by outcome.", prometheus.CounterValue, []string{"outcome"}},
	{"iptv_intake_refused_total", "Packets that were not stored as they came, by reason.", prometheus.CounterValue, []string{"reason"}},
	{"iptv_intake_batches_total", "Batches stored for the first time.", prometheus.CounterValue, []string{"province"}},
	{"iptv_intake_events_total", "Events in batches stored for the first time.", prometheus.CounterValue, []string{"province"}},
	{"iptv_intake_repeated_batches_total", "Batches that had come before and changed nothing.", prometheus.CounterValue, []string{"province"}},
	{"iptv_intake_received_bytes_total", "Payload bytes received.", prometheus.CounterValue, nil},
	{"iptv_intake_commit_errors_total", "Commits that failed; nothing of them was acknowledged.", prometheus.CounterValue, nil},
	{"iptv_intake_new_streams_total", "Outboxes heard of for the first time.", prometheus.CounterValue, nil},
	{"iptv_broker_connections", "Boxes connected to the embedded broker.", prometheus.GaugeValue, nil},
	{"iptv_broker_connects_total", "Connections accepted, of boxes here or of this program at external brokers.", prometheus.CounterValue, nil},
	{"iptv_broker_refused_total", "Connections of boxes refused.", prometheus.CounterValue, nil},
	{"iptv_broker_denied_total", "Publishes and subscriptions of boxes outside the rules.", prometheus.CounterValue, nil},
	{"iptv_broker_acks_total", "Acks published.", prometheus.CounterValue, nil},
	{"iptv_broker_unaccepted_total", "Pauses in taking connections because the kernel had none to give, as when files run short.", prometheus.CounterValue, nil},
	{"iptv_broker_acks_lost_total", "Acks that could not be published; each costs a repeat.", prometheus.CounterValue, nil},
	{"iptv_broker_cut_total", "Connections of boxes ended because they were revoked or their key was replaced.", prometheus.CounterValue, nil},
	{"iptv_claims_total", "Claims and renewals of boxes' certificates, by what came of them: claimed, again, renewed, rekey, busy, or why they were refused.", prometheus.CounterValue, []string{"outcome"}},
	{"iptv_boxes_turned_away_total", "Connections refused for their certificate or claim credential, by why.", prometheus.CounterValue, []string{"reason"}},
	{"iptv_clone_signs_total", "Signs that there may be two boxes of one id, by kind; aggregator box suspects names them.", prometheus.CounterValue, []string{"kind"}},
	{"iptv_boxes_revoked", "Boxes that are revoked.", prometheus.GaugeValue, nil},
	{"iptv_boxes_ending", "Boxes whose certificate ends within 30 days: they have not renewed it when it was time.", prometheus.GaugeValue, nil},
	{"iptv_authority_end_timestamp_seconds", "When the authority of boxes' certificates ends, in Unix time.", prometheus.GaugeValue, nil},
	{"iptv_provision_failures_total", "Calls to the registry of boxes that failed; the boxes ask again.", prometheus.CounterValue, nil},
	{"iptv_sources", "Own data sources.", prometheus.GaugeValue, nil},
	{"iptv_sources_failing", "Own data sources that could not be read the last time; the rows of before stand.", prometheus.GaugeValue, nil},
	{"iptv_sources_oldest_seconds", "Age of the rows of the stalest own data source that has a schedule.", prometheus.GaugeValue, nil},
	{"iptv_sources_refreshes_total", "Readings of own data sources, by what came of them.", prometheus.CounterValue, []string{"outcome"}},
	{"iptv_sources_rejected_rows_total", "Rows of own data sources that were refused.", prometheus.CounterValue, nil},
	{"iptv_ledger_backlog_events", "Events committed and not yet in the store.", prometheus.GaugeValue, nil},
	{"iptv_ledger_size_bytes", "Size of the ledger on disk.", prometheus.GaugeValue, nil},
	{"iptv_ledger_boxes", "Boxes known.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_ledger_lost_events", "Events known to be lost before they arrived.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_ledger_quarantined_events", "Events in batches kept raw and not loaded.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_loader_blocks_total", "Blocks loaded into the store.", prometheus.CounterValue, nil},
	{"iptv_loader_events_total", "Events loaded into the store.", prometheus.CounterValue, nil},
	{"iptv_loader_repeated_events_total", "Events of blocks that the store had already.", prometheus.CounterValue, nil},
	{"iptv_loader_unreadable_batches_total", "Batches that could not be decoded.", prometheus.CounterValue, nil},
	{"iptv_loader_unknown_kinds_total", "Events of kinds that this version does not know.", prometheus.CounterValue, nil},
	{"iptv_loader_unidentified_events_total", "Events without a known identity of their box.", prometheus.CounterValue, nil},
	{"iptv_loader_ignored_agents_total", "Versions of agents that boxes told and that can be none, and so count as not told.", prometheus.CounterValue, nil},
	{"iptv_loader_absurd_times_total", "Events placed at their arrival because their time cannot be true.", prometheus.CounterValue, nil},
	{"iptv_loader_retries_total", "Failed calls to ledger or store that were repeated.", prometheus.CounterValue, nil},
	{"iptv_closing_cells_total", "Hours of provinces whose facts were recomputed.", prometheus.CounterValue, nil},
	{"iptv_closing_failures_total", "Failed calls of closing to the store, repeated.", prometheus.CounterValue, nil},
	{"iptv_c3_files_total", "Provinces' files, by what became of them; feed \"\": nobody knows what it is.", prometheus.CounterValue, []string{"province", "feed", "outcome"}},
	{"iptv_c3_records_total", "Records of the files that are in: accepted, rejected, or repeated without saying anything new.", prometheus.CounterValue, []string{"province", "feed", "outcome"}},
	{"iptv_c3_last_arrival_timestamp_seconds", "When a file of a feed came last; 0: never.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_c3_late_seconds", "For how long a file has been due, once its grace is over; 0: none is.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_c3_failures_total", "Tries to take a file that failed for a reason of ours; each is repeated.", prometheus.CounterValue, []string{"province"}},
	{"iptv_c3_incoming_files", "Files that lie in the folder of incoming ones.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_c3_waiting_files", "Files that wait for an operator.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_c3_bad_dialects", "1 if a province's files are held back because its dialect cannot be read.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_c3_commands_total", "Catalogues announced by SOAP. Step told: repeats included; queued: of these, kept; fetched; retried: a try to fetch or take one in failed and is repeated; done: it is in; failed: given up or refused.", prometheus.CounterValue, []string{"province", "step"}},
	{"iptv_c3_commands_waiting", "Catalogues that wait to be fetched and taken in (fetch), or for their sender to be told (tell).", prometheus.GaugeValue, []string{"province", "step"}},
	{"iptv_c3_results_total", "Results told to catalogue systems: delivered; failed: a try that is repeated; given_up: the last of these.", prometheus.CounterValue, []string{"province", "outcome"}},
	{"iptv_c3_relations_total", "Order relations that came by SOAP and were answered with success: accepted, or repeated.", prometheus.CounterValue, []string{"province", "outcome"}},
	{"iptv_c3_relations_refused_total", "Order relations that were refused, by why: sender, signature, value, update_type, or storage, which is ours; province \"\": no sender has that spId.", prometheus.CounterValue, []string{"province", "reason"}},
	{"iptv_c3_relations_waiting", "Order relations that are kept and not yet in the store.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_c3_relation_commits_total", "Commits by which order relations became durable; accepted ones over these is how many share one.", prometheus.CounterValue, nil},
	{"iptv_c3_relations_damaged_total", "Order relations that were unreadable on disk and set aside in the folder soap/relations.", prometheus.CounterValue, nil},
	{"iptv_c3_messages_refused_total", "SOAP messages of any kind that were not taken: refused (sender, address or signature), malformed, failed, which is ours.", prometheus.CounterValue, []string{"reason"}},
	{"iptv_c3_forgotten_total", "Commands and relations that are no longer remembered (c3.keep_days).", prometheus.CounterValue, []string{"kind"}},
	{"iptv_feed_last_day_age_seconds", "Time since the end of the latest day of which a file that is in speaks.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_feed_overdue", "1 if a file is lacking of the latest day of which any is due, its grace over.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_feed_last_records", "Records of the file of that latest day.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_feed_last_rejected_records", "Records of it that were rejected.", prometheus.GaugeValue, []string{"province", "feed"}},
	{"iptv_feed_balance_error_accounts", "By how many accounts the balance of the last day told is out; must be 0.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_feed_box_coverage_ratio", "Reporting boxes of active accounts, on the last day told.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_feed_genre_unknown_ratio", "Viewing time of contents whose genre is unknown, on the last day with any.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_insight_judged_total", "Days and hours of provinces held against rules of alerts.", prometheus.CounterValue, nil},
	{"iptv_insight_notices_total", "Notices of alerts that began or ended.", prometheus.CounterValue, nil},
	{"iptv_insight_failures_total", "Rules that could not be judged and notices that could not be delivered; they are tried again.", prometheus.CounterValue, nil},
	{"iptv_report_runs_total", "Reports that became due, by how: with the day before complete, incomplete, or missed while the server was down.", prometheus.CounterValue, []string{"outcome"}},
	{"iptv_report_messages_total", "Messages of reports and alerts that ended, by way and outcome.", prometheus.CounterValue, []string{"kind", "outcome"}},
	{"iptv_report_retries_total", "Messages that could not be sent and will be tried again.", prometheus.CounterValue, nil},
	{"iptv_report_waiting", "Messages that wait to be sent.", prometheus.GaugeValue, nil},
	{"iptv_insight_firing", "Alerts that fire now, by rule and province.", prometheus.GaugeValue, nil},
	{"iptv_feed_place_unknown_ratio", "Viewing time of contents whose place of production is unknown, on the last day with any.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_day_lost_events", "Events known to be lost beside those of the last day with any.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_day_loss_ratio", "Those of all events that the day had.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_day_clock_synced_ratio", "Events of the last day with any whose boot was synced when they were loaded.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_day_clock_unsynced_ratio", "Events of that day whose time is a guess: their boots never knew it.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_day_repeated_batches", "Batches that came again on that day.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_store_size_bytes", "Size of the columnar store on disk.", prometheus.GaugeValue, nil},
	{"iptv_store_log_cut_bytes", "What the last start had to cut off the store's log because it could not be read.", prometheus.GaugeValue, nil},
	{"iptv_store_lacking_blocks", "Blocks that the last start found missing in the store and has loaded again.", prometheus.GaugeValue, nil},
	{"iptv_store_gone_events", "Events among them that the archive no longer has.", prometheus.GaugeValue, nil},
	{"iptv_store_dirty_cells", "Hours of provinces that wait for closing.", prometheus.GaugeValue, nil},
	{"iptv_figures_as_of_timestamp_seconds", "Time of the latest event in the figures; 0 without any.", prometheus.GaugeValue, nil},
	{"iptv_active_boxes_today", "Boxes with a power-on today.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_power_ons_today", "Power-ons today.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_orders_today", "Orders paid today.", prometheus.GaugeValue, []string{"province"}},
	{"iptv_update_offers_total", "Questions of boxes for an update, by the answer: offered, none, bad, which was no question.", prometheus.CounterValue, []string{"answer"}},
	{"iptv_update_pieces_total", "Pieces of programs that boxes asked for: given; busy: too many at once; missing: the program is not on disk; unknown: of no release.", prometheus.CounterValue, []string{"outcome"}},
	{"iptv_update_sent_bytes_total", "Bytes of programs sent to boxes.", prometheus.CounterValue, nil},
	{"iptv_update_newest_version", "The newest update that is published; 0: none.", prometheus.GaugeValue, nil},
	{"iptv_update_halted_releases", "Updates that are halted.", prometheus.GaugeValue, nil},
	{"iptv_update_boxes", "Boxes by how they stand with the newest update: offered (fetching), downloaded (waiting for its start), trying, good, rolled_back, refused, others.", prometheus.GaugeValue, []string{"province", "state"}},
}

func newPartsCollector(p *Platform) *partsCollector {
	c := &partsCollector{p: p, descs: map[string]*prometheus.Desc{}, kinds: map[string]prometheus.ValueType{}}
	for _, part := range parts {
		c.kinds[part.name] = part.kind
		c.descs[part.name] = prometheus.NewDesc(part.name, part.help, part.labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *partsCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// scrapeLimit is how long one scrape may ask the engines.
const scrapeLimit = 8 * time.Second

// Collect implements prometheus.Collector. A part that does not answer is left
// out and logged; the others are told.
func (c *partsCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	tell := func(name string, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], c.kinds[name], value, labels...)
	}
	c.intake(tell)
	c.broker(tell)
	c.pipeline(tell)
	c.inbox(tell)
	c.soap(tell)
	c.insight(tell)
	c.sources(tell)
	c.provision(tell)
	c.updates(tell)
	for what, ask := range map[string]func(context.Context, teller) error{"ledger": c.ledger, "store": c.store, "figures": c.figures, "quality": c.quality, "reports": c.reports} {
		if err := ask(ctx, tell); err != nil {
			c.p.log.Warn("a part is missing in the metrics", "part", what, "error", err)
		}
	}
}

type teller func(name string, value float64, labels ...string)

func (c *partsCollector) intake(tell teller) {
	if c.p.intake == nil {
		return // not open yet
	}
	s := c.p.intake.Stats()
	for o := range intake.Outcomes {
		tell("iptv_intake_packets_total", float64(s.Outcome[o].Load()), ledger.Outcome(o).String())
	}
	for r := range intake.Reasons {
		tell("iptv_intake_refused_total", float64(s.Refused[r].Load()), r.String())
	}
	for p := range s.ByProvince {
		code := aggregator.Province(p).String()
		if n := s.ByProvince[p].Repeated.Load(); n > 0 {
			tell("iptv_intake_repeated_batches_total", float64(n), code)
		}
		if n := s.ByProvince[p].Batches.Load(); n > 0 {
			tell("iptv_intake_batches_total", float64(n), code)
			tell("iptv_intake_events_total", float64(s.ByProvince[p].Events.Load()), code)
		}
	}
	tell("iptv_intake_received_bytes_total", float64(s.Bytes.Load()))
	tell("iptv_intake_commit_errors_total", float64(s.CommitErrors.Load()))
	tell("iptv_intake_new_streams_total", float64(s.NewStreams.Load()))
}

func (c *partsCollector) broker(tell teller) {
	if c.p.embedded != nil {
		s := c.p.embedded.Stats()
		tell("iptv_broker_connections", float64(s.Connected()))
		tell("iptv_broker_connects_total", float64(s.Connects.Load()))
		tell("iptv_broker_refused_total", float64(s.Refused.Load()))
		tell("iptv_broker_denied_total", float64(s.Denied.Load()))
		tell("iptv_broker_unaccepted_total", float64(s.Unaccepted.Load()))
		tell("iptv_broker_acks_total", float64(s.Acks.Load()))
		tell("iptv_broker_acks_lost_total", float64(s.AcksLost.Load()))
	}
	if len(c.p.consumers) > 0 {
		var connects, acks, lost uint64
		for _, k := range c.p.consumers {
			s := k.Stats()
			connects, acks, lost = connects+s.Connects.Load(), acks+s.Acks.Load(), lost+s.AcksLost.Load()
		}
		tell("iptv_broker_connects_total", float64(connects))
		tell("iptv_broker_acks_total", float64(acks))
		tell("iptv_broker_acks_lost_total", float64(lost))
	}
}

func (c *partsCollector) sources(tell teller) {
	s := c.p.sources.Stats()
	tell("iptv_sources", float64(s.Sources))
	tell("iptv_sources_failing", float64(s.Failing))
	if s.OldestMs > 0 {
		tell("iptv_sources_oldest_seconds", max(0, time.Since(time.UnixMilli(s.OldestMs)).Seconds()))
	}
	tell("iptv_sources_refreshes_total", float64(s.Refreshes), "ok")
	tell("iptv_sources_refreshes_total", float64(s.Failures), "failed")
	tell("iptv_sources_rejected_rows_total", float64(s.Rejected))
}

func (c *partsCollector) pipeline(tell teller) {
	s := c.p.loader.Stats()
	tell("iptv_loader_blocks_total", float64(s.Blocks))
	tell("iptv_loader_events_total", float64(s.Events))
	tell("iptv_loader_repeated_events_total", float64(s.Repeated))
	tell("iptv_loader_unreadable_batches_total", float64(s.Unreadable))
	tell("iptv_loader_unknown_kinds_total", float64(s.UnknownKinds))
	tell("iptv_loader_unidentified_events_total", float64(s.Unidentified))
	tell("iptv_loader_ignored_agents_total", float64(s.IgnoredAgents))
	tell("iptv_loader_absurd_times_total", float64(s.AbsurdTimes))
	tell("iptv_loader_retries_total", float64(s.Retries))
	closed := c.p.closing.Stats()
	tell("iptv_closing_cells_total", float64(closed.Cells))
	tell("iptv_closing_failures_total", float64(closed.Failures))
}

func (c *partsCollector) inbox(tell teller) {
	if c.p.inbox == nil {
		return // not open yet
	}
	s := c.p.inbox.Stats()
	type feed struct{ province, feed string }
	records := map[feed][3]uint64{}
	for _, f := range s.Files {
		of := feed{f.Province.String(), f.Feed.Word()}
		tell("iptv_c3_files_total", float64(f.Files), of.province, of.feed, f.Outcome.Word())
		n := records[of]
		records[of] = [3]uint64{n[0] + f.Accepted, n[1] + f.Rejected, n[2] + f.Repeated}
	}
	for of, n := range records {
		for i, what := range []string{"accepted", "rejected", "repeated"} {
			tell("iptv_c3_records_total", float64(n[i]), of.province, of.feed, what)
		}
	}
	for _, f := range s.Feeds {
		tell("iptv_c3_last_arrival_timestamp_seconds", float64(f.LastMs)/1000, f.Province.String(), f.Feed.Word())
		tell("iptv_c3_late_seconds", f.Late.Seconds(), f.Province.String(), f.Feed.Word())
	}
	for p, n := range s.Failed {
		tell("iptv_c3_failures_total", float64(n), p.String())
	}
	for p, n := range s.Waiting {
		tell("iptv_c3_incoming_files", float64(n), p.String())
	}
	for p, n := range s.Deciding {
		tell("iptv_c3_waiting_files", float64(n), p.String())
	}
	for p := range s.BadDialects {
		tell("iptv_c3_bad_dialects", 1, p.String())
	}
}

// soap tells what catalogue and order systems sent by SOAP.
func (c *partsCollector) soap(tell teller) {
	if c.p.soap == nil {
		return // nobody may send
	}
	s := c.p.soap.courier.Stats()
	type counted struct {
		word string
		n    uint64
	}
	for p, n := range s.Commands {
		for _, step := range []counted{{"told", n.Told}, {"queued", n.Queued}, {"fetched", n.Fetched}, {"retried", n.Retried}, {"done", n.Done}, {"failed", n.Failed}} {
			tell("iptv_c3_commands_total", float64(step.n), p.String(), step.word)
		}
		for _, outcome := range []counted{{"delivered", n.Delivered}, {"failed", n.Undelivered}, {"given_up", n.GivenUp}} {
			tell("iptv_c3_results_total", float64(outcome.n), p.String(), outcome.word)
		}
		tell("iptv_c3_commands_waiting", float64(n.Fetching), p.String(), "fetch")
		tell("iptv_c3_commands_waiting", float64(n.Telling), p.String(), "tell")
	}
	for p, n := range s.Relations {
		tell("iptv_c3_relations_total", float64(n.Accepted), p.String(), "accepted")
		tell("iptv_c3_relations_total", float64(n.Repeated), p.String(), "repeated")
		tell("iptv_c3_relations_waiting", float64(n.Waiting), p.String())
	}
	for of, n := range c.p.soap.handler.RefusedRelations() {
		code := ""
		if of.Province != 0 {
			code = of.Province.String()
		}
		tell("iptv_c3_relations_refused_total", float64(n), code, of.Why.Word())
	}
	tell("iptv_c3_relation_commits_total", float64(s.Groups))
	tell("iptv_c3_relations_damaged_total", float64(s.Damaged))
	tell("iptv_c3_forgotten_total", float64(s.PrunedCommands), "commands")
	tell("iptv_c3_forgotten_total", float64(s.PrunedRelations), "relations")
	m := c.p.soap.handler.Stats()
	for _, reason := range []counted{{"refused", m.Refused}, {"malformed", m.Malformed}, {"failed", m.Failed}} {
		tell("iptv_c3_messages_refused_total", float64(reason.n), reason.word)
	}
}

func (c *partsCollector) ledger(ctx context.Context, tell teller) error {
	backlog, err := c.p.ledger.Backlog(ctx)
	if err != nil {
		return err
	}
	tell("iptv_ledger_backlog_events", float64(backlog))
	tell("iptv_ledger_size_bytes", sizeOf(c.p.dir.file(ledgerDir)))
	accounts, err := c.p.console.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		tell("iptv_ledger_boxes", float64(a.Boxes), a.Province.String())
		tell("iptv_ledger_lost_events", float64(a.Lost), a.Province.String())
		tell("iptv_ledger_quarantined_events", float64(a.Quarantined), a.Province.String())
	}
	return nil
}

func (c *partsCollector) store(ctx context.Context, tell teller) error {
	ms, dirty, err := c.p.store.AsOf(ctx)
	if err != nil {
		return err
	}
	tell("iptv_figures_as_of_timestamp_seconds", float64(ms)/1000)
	tell("iptv_store_dirty_cells", float64(dirty))
	tell("iptv_store_log_cut_bytes", float64(c.p.store.Damage().Bytes))
	tell("iptv_store_lacking_blocks", float64(c.p.reconciled.Blocks))
	tell("iptv_store_gone_events", float64(c.p.reconciled.Gone))
	tell("iptv_store_size_bytes", sizeOf(c.p.dir.file(storeFile))+sizeOf(c.p.dir.file(storeFile+".wal")))
	return nil
}

// figures tells a handful of business gauges, by province, for operators. They
// come from where all figures come from.
func (c *partsCollector) figures(ctx context.Context, tell teller) error {
	today := aggregator.DayOf(time.Now().UnixMilli()).String()
	gauges := map[string]string{"active_boxes": "iptv_active_boxes_today", "power_ons": "iptv_power_ons_today", "orders": "iptv_orders_today"}
	for _, asked := range [][]string{{"active_boxes", "power_ons"}, {"orders"}} {
		a, err := indicator.Evaluate(ctx, c.p.store, aggregator.Scope{All: true}, &indicator.Request{
			Indicators: asked, Dimensions: []store.Column{store.ColProvince}, From: today, To: today,
		})
		if err != nil {
			return err
		}
		for _, row := range a.Rows {
			for i, id := range asked {
				tell(gauges[id], float64(row.Values[i]), row.Cells[0])
			}
		}
	}
	return nil
}

// sizeOf is the size of a file, or of all files in a folder; 0 if there is none.
func sizeOf(path string) float64 {
	var bytes int64
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // it may just have been removed
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return float64(bytes)
}
