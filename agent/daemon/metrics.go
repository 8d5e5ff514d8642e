package daemon

import (
	"net/http"
	"runtime"

	"iptvdc/agent"
	"iptvdc/agent/health"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
)

// public is what the loopback address serves: the API, and with Config.Metrics
// GET /metrics for programs.
func (d *Daemon) public() http.Handler {
	if !d.cfg.Metrics {
		return d.api
	}
	s := health.NewSampler("/", d.cfg.Clock, nil)
	metrics := d.api.Native(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "allowed: GET, HEAD", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(d.metrics(s)) // the caller is gone; nothing to do
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			metrics.ServeHTTP(w, r)
			return
		}
		d.api.ServeHTTP(w, r)
	})
}

// metrics writes how everything stands, as a scrape.
func (d *Daemon) metrics(s *health.Sampler) []byte {
	var x exposition
	st := d.Status()
	recorderMetrics(&x, st.Recorder)
	outboxMetrics(&x, &st.Outbox, st.Bytes)
	if st.Uplink != nil {
		uplinkMetrics(&x, st.Uplink, st.UpMs)
	}
	if c := st.Certificate; c != nil {
		x.gauge("stbagent_certificate_until_seconds", "End of the box's certificate, UTC since 1970; 0: it has none yet.", float64(c.UntilMs)/1000)
		x.gauge("stbagent_certificate_refused", "1 while the centre gives the box no certificate or does not take it.", flag(c.State == "refused"))
		x.counter("stbagent_certificate_claims_total", "Questions for a certificate.", c.Claims)
	}
	apiMetrics(&x, st.API, st.Lines)
	own := s.Sample()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	x.gauge("stbagent_anonymous_memory_bytes", "Memory of the agent that no file backs.", float64(own.AgentKB)*1024)
	x.gauge("stbagent_heap_bytes", "Memory in the agent's heap that is in use.", float64(mem.HeapInuse))
	x.gauge("stbagent_goroutines", "Goroutines in the agent.", float64(runtime.NumGoroutine()))
	x.seconds("stbagent_cpu_seconds_total", "Processor time the agent has used.", own.AgentMs)
	x.counter("stbagent_written_bytes_total", "What the agent has had written to disks, in whole kB.", own.FlashKB*1024)
	x.gauge("stbagent_box_available_memory_bytes", "Memory that programs of the box could still have.", float64(own.MemoryKB)*1024)
	x.gauge("stbagent_box_uptime_seconds", "Time since the box started.", float64(st.UpMs)/1000)
	return x.b
}

func recorderMetrics(x *exposition, r *agent.RecorderStats) {
	x.counters("stbagent_recorder_events_total", "Events by what became of them.", "state",
		labelled{"accepted", r.Accepted}, labelled{"stored", r.Stored}, labelled{"dropped", r.Dropped})
	x.gauge("stbagent_recorder_pending_events", "Events in memory that are not on flash yet.", float64(r.Pending))
	x.counter("stbagent_recorder_failures_total", "Commits or openings of the outbox that failed.", r.Failures)
	x.gauge("stbagent_recorder_failing", "1 while the last commit failed.", flag(r.Failing))
	x.gauge("stbagent_recorder_window_seconds", "How long an event may wait for its commit.", r.Window.Seconds())
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func outboxMetrics(x *exposition, o *outbox.Stats, size int64) {
	x.gauge("stbagent_outbox_batches", "Sealed batches that the centre does not have yet.", float64(o.Batches))
	x.gauges("stbagent_outbox_events", "Events that the centre does not have yet.", "state",
		labelled{"sealed", uint64(o.Events)}, labelled{"open", uint64(o.Open)})
	x.gauge("stbagent_outbox_rows_bytes", "Estimate of what rows take of the quota.", float64(o.Bytes))
	x.gauge("stbagent_outbox_file_bytes", "Size of the outbox and its log.", float64(size))
	x.gauge("stbagent_outbox_unreported_lost_events", "Lost events that the centre is still to be told of.", float64(o.Lost))
	x.counters("stbagent_outbox_events_total", "Events by how they left the outbox.", "way",
		labelled{"acked", o.Acked}, labelled{"evicted", o.Evicted})
	x.counters("stbagent_outbox_epochs_total", "New epochs by their cause.", "cause",
		labelled{"diverged", o.Diverged}, labelled{"damage", o.Salvaged}, labelled{"moved", o.Moved})
	x.counter("stbagent_outbox_quarantined_acks_total", "Acks that say a batch was set aside.", o.Quarantined)
}

func uplinkMetrics(x *exposition, u *uplink.Stats, upMs uint64) {
	var states []labelled
	for _, s := range []uplink.State{uplink.Waiting, uplink.Connecting, uplink.Connected, uplink.Held} {
		states = append(states, labelled{s.String(), uint64(flag(s == u.State))})
	}
	x.gauges("stbagent_uplink_state", "1 for what the connection is doing.", "state", states...)
	x.counters("stbagent_uplink_connections_total", "Attempts to connect, and connections lost.", "result",
		labelled{"connected", u.Connects}, labelled{"failed", u.Failures}, labelled{"lost", u.Losses})
	x.counter("stbagent_uplink_sent_batches_total", "Batches handed to a connection.", u.Sent)
	x.counter("stbagent_uplink_resent_batches_total", "Of these, ones sent before.", u.Resent)
	x.counter("stbagent_uplink_sent_bytes_total", "Bytes of these batches, without MQTT framing.", u.SentBytes)
	x.counters("stbagent_uplink_acks_total", "Packets from the centre by what they say.", "code",
		labelled{"understood", u.Acks}, labelled{"bad", u.AcksBad}, labelled{"dropped", u.AcksDropped}, labelled{"busy", u.Busy},
		labelled{"unknown", u.Unknown}, labelled{"version", u.Version}, labelled{"gap", u.Gaps})
	if u.LastAckMs > 0 {
		x.gauge("stbagent_uplink_last_ack_age_seconds", "Time since the last ack.", float64(upMs-min(upMs, u.LastAckMs))/1000)
	}
}

func apiMetrics(x *exposition, a *localapi.Stats, l *localapi.LineStats) {
	x.counter("stbagent_api_requests_total", "HTTP requests.", a.Requests)
	x.counter("stbagent_api_events_total", "Events taken in, by HTTP and by lines.", a.Events)
	x.counter("stbagent_api_signals_total", "Signals taken in, by HTTP and by lines.", a.Signals)
	x.counters("stbagent_api_refused_total", "Requests and lines that were refused, or not durable in time, by why.", "why",
		labelled{"event", a.BadEvents}, labelled{"host", a.BadHost}, labelled{"origin", a.BadOrigin}, labelled{"large", a.TooLarge},
		labelled{"rate", a.TooMany}, labelled{"not_stored", a.NotStored}, labelled{"full", a.Full}, labelled{"other", a.Other})
	x.counter("stbagent_lines_connections_total", "Programs that have connected to the socket.", l.Conns)
	x.gauge("stbagent_lines_open_connections", "Programs that are connected to the socket.", float64(l.Open))
	x.counters("stbagent_lines_refused_connections_total", "Connections to the socket that were refused, by why.", "why",
		labelled{"not_allowed", l.NotAllowed}, labelled{"too_many", l.TooManyConns})
	x.counter("stbagent_lines_lines_total", "Lines that came by the socket.", l.Lines)
	x.counter("stbagent_lines_refused_lines_total", "Of these, lines that were refused.", l.Refused)
	x.counter("stbagent_lines_events_total", "Events taken by the socket.", l.Events)
	x.counter("stbagent_lines_signals_total", "Signals taken by the socket.", l.Signals)
}
