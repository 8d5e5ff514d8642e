package console

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"iptvdc/aggregator/wording"
)

// What is said to people is written in English where it is made, and put into Chinese
// here, at the door: caches, books and logs hold one language.

// wantsChinese reports whether a request prefers Chinese to English (RFC 9110, 12.5.4).
// One that says nothing, or asks for neither, is a program's or a stranger's and gets
// English.
func wantsChinese(r *http.Request) bool {
	type wish struct {
		q  float64
		at int // its place; 0: it is not named
	}
	wishes := map[string]wish{}
	for n, part := range strings.Split(strings.Join(r.Header.Values("Accept-Language"), ","), ",") {
		tag, parameters, _ := strings.Cut(part, ";")
		q, ok := weight(parameters)
		if !ok {
			continue // what cannot be read says nothing
		}
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if w := wishes[base]; w.at == 0 || q > w.q {
			wishes[base] = wish{q, n + 1}
		}
	}
	zh, en := wishes["zh"], wishes["en"]
	if en.at == 0 {
		en = wish{wishes["*"].q, math.MaxInt} // what is named goes first
	}
	return zh.q > 0 && (zh.q > en.q || zh.q == en.q && zh.at < en.at)
}

// weight reads what stands behind a language, as q=0.8; nothing is 1.
func weight(parameters string) (float64, bool) {
	text := strings.TrimSpace(parameters)
	if text == "" {
		return 1, true
	}
	name, value, found := strings.Cut(text, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") || err != nil || !(q >= 0 && q <= 1) {
		return 0, false
	}
	return q, true
}

// speaker puts messages into the language of who asks.
type speaker struct {
	untold prometheus.Counter
}

func newSpeaker(r prometheus.Registerer) *speaker {
	s := &speaker{prometheus.NewCounter(prometheus.CounterOpts{
		Name: "iptv_messages_untranslated_total", Help: "Messages that were asked for in Chinese and told in English, as there is no Chinese of them.",
	})}
	r.MustRegister(s.untold)
	return s
}

// chinese returns a message of ours in Chinese, or as it is if there is none, which is
// counted; "" stays so.
func (s *speaker) chinese(message string) (string, bool) {
	if message == "" {
		return "", true
	}
	text, ok := wording.Chinese(message)
	if !ok {
		s.untold.Inc()
	}
	return text, ok
}

// says is for messages within an answer: it returns what puts one into the language of
// who asks, and says in the answer's head that it depends on that.
func (s *Console) says(w http.ResponseWriter, r *http.Request) func(*string) {
	w.Header().Add("Vary", "Accept-Language")
	if !wantsChinese(r) {
		return func(*string) {}
	}
	return func(message *string) { *message, _ = s.speaker.chinese(*message) }
}

// repeats is as says, for what may be our words or those of another side, which have no
// Chinese.
func (s *Console) repeats(w http.ResponseWriter, r *http.Request) func(*string) {
	w.Header().Add("Vary", "Accept-Language")
	if !wantsChinese(r) {
		return func(*string) {}
	}
	return func(text *string) { *text = wording.Phrase(*text) }
}
