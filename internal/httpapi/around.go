package httpapi

import (
	"bytes"
	"context"
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
	began := s.Now()
	before, err := s.Responses.Begin(r.Context(), key, request, began)
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
	// What was done is answered although the caller has gone: he will ask again.
	ctx := context.WithoutCancel(r.Context())
	if w.status >= 500 || w.status == http.StatusTooManyRequests {
		err = s.Responses.Release(ctx, key, began) // it may go well the next time
	} else {
		answer := idempotency.Response{Status: w.status, Type: w.Header().Get("Content-Type"), Body: w.body.Bytes()}
		err = s.Responses.Finish(ctx, key, began, answer, s.Now())
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
	booked  map[string]time.Time // by address and code of a refusal
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
	return &limits{every: rate.Limit(perSecond), now: now, buckets: map[string]*rate.Limiter{}, booked: map[string]time.Time{}, swept: now()}
}

// take takes n tokens of an address and reports whether there were enough.
func (l *limits) take(address string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	host := hostOf(address)
	b := l.buckets[host]
	if b == nil {
		b = rate.NewLimiter(l.every, int(burst*float64(l.every))+guess)
		l.buckets[host] = b
	}
	return b.AllowN(now, n)
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// first reports whether nothing was refused to an address with this code within
// the last minute.
func (l *limits) first(address, code string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, key := l.now(), hostOf(address)+" "+code
	l.sweep(now)
	if at, ok := l.booked[key]; ok && now.Sub(at) < time.Minute {
		return false
	}
	l.booked[key] = now
	return true
}

// sweep forgets, once a minute, addresses whose buckets are full again and
// refusals that were booked a while ago.
func (l *limits) sweep(now time.Time) {
	if now.Sub(l.swept) <= time.Minute {
		return
	}
	l.swept = now
	for key, at := range l.booked {
		if now.Sub(at) >= time.Minute {
			delete(l.booked, key)
		}
	}
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
