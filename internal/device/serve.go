package device

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"theriac/api"
	"theriac/genuine"
	"theriac/refusal"
)

var (
	// errBroken is what strangers are told of an error that is no refusal.
	errBroken = refusal.New("instrument_broken", "something broke in the device; its log says what")
	// errLimit is returned to an address that asks too often.
	errLimit = refusal.New("instrument_limit", "too many challenges from this address; wait a little")

	errRequest   = refusal.New("bad_request", "the request cannot be meant")
	errOversized = refusal.New("oversized", "the request is larger than it may be")
	errNowhere   = refusal.New("not_found", "there is no such thing here")
	errMethod    = refusal.New("method_not_allowed", "the path does not take this method")
	errOrigin    = refusal.New("cross_origin", "a page of another origin may not change anything here")
)

// statuses are the HTTP statuses of refusals that are not 422, and not 503 as those of
// instruments.
var statuses = map[string]int{
	errRequest.Code():   http.StatusBadRequest,
	errOversized.Code(): http.StatusRequestEntityTooLarge,
	errNowhere.Code():   http.StatusNotFound,
	errMethod.Code():    http.StatusMethodNotAllowed,
	errOrigin.Code():    http.StatusForbidden,
	errReplayed.Code():  http.StatusConflict,
	errLimit.Code():     http.StatusTooManyRequests,
	errLineKey.Code():   http.StatusUnprocessableEntity,
	errBroken.Code():    http.StatusInternalServerError,
}

const (
	// maxChallenge is the size of a request: sixteen free fields fit twice.
	maxChallenge = 16 << 10
	headerTime   = 5 * time.Second
	readTime     = 10 * time.Second
	idleTime     = time.Minute
	maxHeader    = 16 << 10
	grace        = 5 * time.Second // beyond the patience of the bench
)

// Handler returns the device's API.
func (m *Meter) Handler(log *slog.Logger) http.Handler {
	callers := &callers{every: rate.Limit(m.Rate), now: m.Now, buckets: map[string]*rate.Limiter{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, api.Device{ID: m.Device.Card.Device})
	})
	mux.HandleFunc("POST /v1/measure", func(w http.ResponseWriter, r *http.Request) {
		if !callers.take(r.RemoteAddr) {
			refuse(w, errLimit)
			return
		}
		a, err := m.asked(w, r)
		if err != nil {
			if refusal.Code(err) == "" {
				log.Error("measure", "err", err)
			}
			log.Info("refused", "from", r.RemoteAddr, "err", err)
			refuse(w, err)
			return
		}
		reply(w, http.StatusOK, a)
	})
	for path, methods := range map[string]string{"/livez": "GET, HEAD", "/v1/device": "GET, HEAD", "/v1/measure": "POST"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", methods)
			refuse(w, errMethod)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, errNowhere) })
	// A page in a browser on this machine could reach a device on loopback.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, errOrigin) }))
	return guard.Handler(mux)
}

func (m *Meter) asked(w http.ResponseWriter, r *http.Request) (*genuine.Answer, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(media) != "application/json" {
		return nil, errRequest
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxChallenge))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, errOversized
	}
	var in api.Challenge
	if err != nil || json.Unmarshal(raw, &in) != nil || len(in.Challenge) == 0 {
		return nil, errRequest
	}
	return m.Answer(r.Context(), r.RemoteAddr, in.Challenge)
}

// refuse sends a problem document. It has the declared text of a refusal and nothing
// that was added to it: what a feature was, or where an instrument is.
func refuse(w http.ResponseWriter, err error) {
	var declared *refusal.Refusal
	if !errors.As(err, &declared) {
		declared = errBroken
	}
	code := declared.Code()
	status, ok := statuses[code]
	switch {
	case ok:
	case strings.HasPrefix(code, "instrument_"):
		status = http.StatusServiceUnavailable
	default:
		status = http.StatusUnprocessableEntity
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	reply(w, status, api.Problem{
		Type: "urn:theriac:problem:" + code, Title: strings.ReplaceAll(code, "_", " "), Status: status, Detail: declared.Error(), Code: code,
	})
}

func reply(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		status, raw = http.StatusInternalServerError, nil
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// Who does not read has been answered in the book.
	_, _ = w.Write(raw)
}

// Serve answers on l until ctx ends, and then to those who were asked before.
func (m *Meter) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	longest := m.Bench.patience*time.Duration(cap(m.places)) + lookup + readTime
	server := &http.Server{
		Handler: m.Handler(log), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: longest, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.Bench.patience+grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// callers are token buckets by address.
type callers struct {
	every rate.Limit
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

const (
	burst = 10
	// maxCallers bounds what strangers can have kept of them.
	maxCallers = 4096
)

func (c *callers) take(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, host := c.now(), hostOf(address)
	b := c.buckets[host]
	if b == nil {
		if len(c.buckets) >= maxCallers {
			clear(c.buckets)
		}
		b = rate.NewLimiter(c.every, burst)
		c.buckets[host] = b
	}
	return b.AllowN(now, 1)
}

// hostOf returns who counts as one caller: an address, of IPv6 a network of 64 bits.
func hostOf(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
