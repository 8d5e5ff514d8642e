package daemon

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkAnswer prints how long a caller waits, at the 50th and 99th of 100:
// for accepted (in memory) and for stored (on disk).
func BenchmarkAnswer(b *testing.B) {
	d, err := New(config(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	for _, target := range []string{"/v1/events", "/v1/events?wait=stored"} {
		b.Run(target[strings.LastIndexAny(target, "/=")+1:], func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				resp, err := http.Post("http://"+d.Addr().String()+target, "application/json", strings.NewReader(`{"kind":"click","page":"home","slot":4}`))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode >= 300 && resp.StatusCode != http.StatusTooManyRequests {
					b.Fatal(resp.Status)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
			b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
		})
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
