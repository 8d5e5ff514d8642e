package console

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"iptvdc/aggregator"
)

// requestMetrics counts requests. Labels are declared routes and status codes.
type requestMetrics struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newRequestMetrics(r prometheus.Registerer, streams func() int) *requestMetrics {
	m := &requestMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "iptv_http_requests_total", Help: "Requests answered, by declared route and status code.",
		}, []string{"route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "iptv_http_request_duration_seconds", Help: "Time from a request to the end of its answer.",
			Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"route"}),
	}
	r.MustRegister(m.total, m.duration, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "iptv_http_change_streams", Help: "Open streams of changes.",
	}, func() float64 { return float64(streams()) }))
	return m
}

// streamRoute lives for an hour by design and would spoil the durations.
const streamRoute = "/api/v1/changes"

func (m *requestMetrics) observe(route string, code int, took time.Duration) {
	m.total.WithLabelValues(route, strconv.Itoa(code)).Inc()
	if route != streamRoute {
		m.duration.WithLabelValues(route).Observe(took.Seconds())
	}
}

// answerMetric counts the answers of figures, and how many of them were computed.
func answerMetric(r prometheus.Registerer) func(computed bool) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "iptv_answers_total", Help: "Answers of figures and widgets to readers: computed for them, or shared with one that was computed since figures moved last.",
	}, []string{"how"})
	r.MustRegister(total)
	computed, shared := total.WithLabelValues("computed"), total.WithLabelValues("shared")
	return func(c bool) {
		if c {
			computed.Inc()
		} else {
			shared.Inc()
		}
	}
}

// doorMetrics counts how often the doors beside the page's own were opened, or why not.
type doorMetrics struct{ total *prometheus.CounterVec }

func newDoorMetrics(r prometheus.Registerer) *doorMetrics {
	m := &doorMetrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "iptv_doors_total", Help: "Share links, embedded boards and sign-ins by a provider, by door and by what came of it: opened, or the code of the refusal.",
	}, []string{"door", "outcome"})}
	r.MustRegister(m.total)
	return m
}

// count notes what came of opening a door.
func (m *doorMetrics) count(door string, err error) {
	outcome := "opened"
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		outcome = fault.Code
	} else if err != nil {
		outcome = "error"
	}
	m.total.WithLabelValues(door, outcome).Inc()
}
