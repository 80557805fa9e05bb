package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// around puts what concerns every request around the API.
func (s *server) around(next http.Handler) http.Handler {
	next = sameOrigin(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			s.metrics.requests.WithLabelValues(methodLabel(r.Method), strconv.Itoa(rec.status)).Observe(time.Since(begin).Seconds())
		}()
		r, err := s.recognised(r)
		if err != nil {
			if p := problemOf(err); p.Status == http.StatusInternalServerError {
				s.Log.Error("session", "err", err)
			}
			send(rec, problemOf(err))
			return
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			s.once(rec, r, key, next)
		} else {
			s.guarded(rec, r, next)
		}
	})
}

// methodLabel returns a method's name in the figures. A caller may send any word,
// and each would be a figure that stays.
func methodLabel(method string) string {
	if slices.Contains(methods, method) || method == http.MethodHead || method == http.MethodOptions {
		return method
	}
	return "other"
}

// A recorder notes the status, and the body if it is to be kept.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
	keep   bool
	secret bool // the answer is nobody's to keep
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	if r.keep {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the writer's abilities.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func send(w http.ResponseWriter, p *problem) {
	raw, err := json.Marshal(p.Problem)
	if err != nil {
		raw = nil
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(raw)
}

// metrics are the organisation's figures.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(c Config) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "theriac_http_request_seconds", Help: "Duration of requests.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
	}, []string{"method", "status"})}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(m.requests,
		gauge("theriac_ledger_height", "Height of the last block.", func() float64 { return float64(c.Node.Status().Height) }),
		gauge("theriac_ledger_leaves", "Leaves of the log.", func() float64 { return float64(c.Node.Status().Root.LogSize) }),
		gauge("theriac_ledger_peers", "Connected peers.", func() float64 { return float64(c.Node.Status().Peers) }),
		gauge("theriac_ledger_waiting", "Transactions in the mempool.", func() float64 { return float64(c.Node.Status().Waiting) }))
	return m
}
