package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"theriac/canon"
	"theriac/internal/idempotency"
	"theriac/internal/supply"
)

// around puts what concerns every request around the API.
func (s *server) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			s.once(rec, r, key, next)
		} else {
			next.ServeHTTP(rec, r)
		}
		s.metrics.requests.WithLabelValues(r.Method, strconv.Itoa(rec.status)).Observe(time.Since(begin).Seconds())
	})
}

// A recorder notes the status, and the body if it is to be kept.
type recorder struct {
	http.ResponseWriter
	status int
	keep   bool
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.keep {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the writer's abilities.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

const maxKey = 255

// once does a request with an idempotency key, or gives the answer that it got
// before. Only an operator's key is remembered: others could fill the memory.
func (s *server) once(w *recorder, r *http.Request, key string, next http.Handler) {
	if !s.authorised(r.Header.Get("Authorization")) {
		next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, supply.MaxMessage))
	if err != nil || len(key) > maxKey {
		send(w, problemOf(errTooLarge))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	request := canon.Hash("theriac/request/1", []byte(r.Method), []byte(r.URL.RequestURI()), body)
	before, err := s.Responses.Begin(r.Context(), key, request, s.Now())
	if err != nil {
		send(w, problemOf(err))
		return
	}
	if before != nil {
		w.Header().Set("Content-Type", before.Type)
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(before.Status)
		// Who does not read has his answer in the store.
		_, _ = w.Write(before.Body)
		return
	}
	w.keep = true
	next.ServeHTTP(w, r)
	if w.status >= 500 || w.status == http.StatusTooManyRequests {
		err = s.Responses.Release(r.Context(), key) // it may go well the next time
	} else {
		answer := idempotency.Response{Status: w.status, Type: w.Header().Get("Content-Type"), Body: w.body.Bytes()}
		err = s.Responses.Finish(r.Context(), key, answer, s.Now())
	}
	if err != nil {
		s.Log.Error("idempotency", "err", err)
	}
}

func send(w http.ResponseWriter, p *problem) {
	raw, err := json.Marshal(p.Problem)
	if err != nil {
		raw = nil
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(raw)
}

// limits are token buckets by address, for public look-ups: a serial number
// cannot be found by trying.
type limits struct {
	every rate.Limit
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

const (
	usualLimit = 20
	burst      = 5 // seconds' worth
	// guess is what a look-up of an unknown serial number costs beside itself.
	guess = 10
)

func newLimits(perSecond float64, now func() time.Time) *limits {
	if perSecond <= 0 {
		perSecond = usualLimit
	}
	return &limits{every: rate.Limit(perSecond), now: now, buckets: map[string]*rate.Limiter{}, swept: now()}
}

// take takes n tokens of an address and reports whether there were enough.
func (l *limits) take(address string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.swept) > time.Minute {
		l.sweep(now)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	b := l.buckets[host]
	if b == nil {
		b = rate.NewLimiter(l.every, int(burst*float64(l.every))+guess)
		l.buckets[host] = b
	}
	return b.AllowN(now, n)
}

// sweep forgets addresses whose buckets are full again.
func (l *limits) sweep(now time.Time) {
	l.swept = now
	for host, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, host)
		}
	}
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
