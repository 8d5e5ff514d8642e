package console

import (
	"io"
	"net/http"
)

// Readiness says whether the program can serve, and if not why.
type Readiness struct {
	Ready    bool      `json:"ready"`
	Problems []Problem `json:"problems"`
}

func (s *Console) healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n")
	return nil
}

func (s *Console) readyz(w http.ResponseWriter, r *http.Request) error {
	problems := orEmpty(s.Problems(r.Context()))
	status := http.StatusOK
	if len(problems) > 0 {
		status = http.StatusServiceUnavailable
	}
	return writeJSON(w, status, Readiness{Ready: len(problems) == 0, Problems: problems})
}

func (s *Console) metrics(w http.ResponseWriter, r *http.Request) error {
	s.Metrics.ServeHTTP(w, r)
	return nil
}
