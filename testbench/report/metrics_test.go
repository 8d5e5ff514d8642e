package report

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	if got := scrape(t, m); got != "" {
		t.Errorf("before the first sample: %s", got)
	}
	m.Show(Sample{InForce: []string{"slow", "cut"}})
	m.Show(Sample{Boxes: 200, Connected: 195, Recorded: 1234, Acked: 1200, Pending: 34, Evicted: 5, Sent: 60, SentBytes: 4096, Losses: 7,
		AckP50Ms: 20, AckP99Ms: 120, AckMaxMs: 1500, FleetBytes: 1 << 20, CentreBytes: 1 << 21, InForce: []string{"cut", "cut", "bad\xff"}})
	got := scrape(t, m)
	for _, want := range []string{
		"stbfleet_boxes 200", "stbfleet_connected 195", "stbfleet_events_recorded_total 1234", "stbfleet_events_acked_total 1200",
		"stbfleet_events_evicted_total 5", "stbfleet_pending_events 34", "stbfleet_batches_sent_total 60", "stbfleet_sent_bytes_total 4096",
		"stbfleet_connection_losses_total 7", `stbfleet_ack_latency_seconds{quantile="0.99"} 0.12`, `stbfleet_ack_latency_seconds{quantile="1"} 1.5`,
		`stbfleet_memory_bytes{process="fleet"} 1.048576e+06`, `stbfleet_memory_bytes{process="aggregator"} 2.097152e+06`,
		`stbfleet_fault_in_force{kind="cut"} 1`, `stbfleet_fault_in_force{kind="slow"} 0`, "stbfleet_fault_in_force{kind=\"bad\ufffd\"} 1",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestMetricsBoundsKinds: a hostile scenario may not make a series without end.
func TestMetricsBoundsKinds(t *testing.T) {
	m := NewMetrics()
	for i := range 500 {
		m.Show(Sample{InForce: []string{fmt.Sprint("kind", i)}})
	}
	if n := strings.Count(scrape(t, m), "stbfleet_fault_in_force{"); n != mostKinds+1 {
		t.Errorf("%d kinds, want %d", n, mostKinds+1)
	}
}
