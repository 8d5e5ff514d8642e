package report

import (
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// mostKinds bounds the values of the label kind; later kinds count as "other".
const mostKinds = 64

// Metrics shows the latest Sample to Prometheus, on a registry of its own. It
// is the http.Handler of that. Before the first Sample there are no figures.
// Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler

	mu    sync.Mutex
	last  Sample
	shown bool
	kinds map[string]bool // all seen; true: in force
}

// NewMetrics makes the registry.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewPedanticRegistry(), kinds: make(map[string]bool)}
	m.registry.MustRegister(collector{m})
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// ServeHTTP answers a scrape.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Show replaces the figures.
func (m *Metrics) Show(s Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.shown = s, true
	for k := range m.kinds {
		m.kinds[k] = false
	}
	for _, k := range s.InForce {
		k = strings.ToValidUTF8(k, "\ufffd")
		if _, seen := m.kinds[k]; !seen && len(m.kinds) >= mostKinds {
			k = "other"
		}
		m.kinds[k] = true
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("stbfleet_"+name, help, labels, nil)
}

var (
	descBoxes     = desc("boxes", "Boxes of the fleet.")
	descConnected = desc("connected", "Boxes that have a connection.")
	descRecorded  = desc("events_recorded_total", "Events recorded by boxes.")
	descAcked     = desc("events_acked_total", "Events that the aggregator acknowledged.")
	descEvicted   = desc("events_evicted_total", "Events that boxes threw away for want of room.")
	descPending   = desc("pending_events", "Events recorded and not acknowledged.")
	descSent      = desc("batches_sent_total", "Batches sent, repeats included.")
	descBytes     = desc("sent_bytes_total", "Bytes of the batches sent, repeats included.")
	descLosses    = desc("connection_losses_total", "Connections lost.")
	descLatency   = desc("ack_latency_seconds", "Time from when an event was due to its ack, since the start; quantile 1 is the greatest. The sum is not known.")
	descMemory    = desc("memory_bytes", "Resident memory.", "process")
	descFault     = desc("fault_in_force", "1 while a fault of the kind is in force, 0 after it.", "kind")
)

// collector is apart from Metrics so that only the registry may collect.
type collector struct{ *Metrics }

func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descBoxes, descConnected, descRecorded, descAcked, descEvicted, descPending,
		descSent, descBytes, descLosses, descLatency, descMemory, descFault} {
		out <- d
	}
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.shown {
		return
	}
	s := &c.last
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	gauge(descBoxes, float64(s.Boxes))
	gauge(descConnected, float64(s.Connected))
	gauge(descPending, float64(s.Pending))
	counter(descRecorded, s.Recorded)
	counter(descAcked, s.Acked)
	counter(descEvicted, s.Evicted)
	counter(descSent, s.Sent)
	counter(descBytes, s.SentBytes)
	counter(descLosses, s.Losses)
	out <- prometheus.MustNewConstSummary(descLatency, s.Acked, math.NaN(), map[float64]float64{
		0.5: s.AckP50Ms / 1000, 0.99: s.AckP99Ms / 1000, 1: s.AckMaxMs / 1000,
	})
	gauge(descMemory, float64(s.FleetBytes), "fleet")
	if s.CentreBytes > 0 {
		gauge(descMemory, float64(s.CentreBytes), "aggregator")
	}
	for kind, inForce := range c.kinds {
		v := 0.0
		if inForce {
			v = 1
		}
		gauge(descFault, v, kind)
	}
}
